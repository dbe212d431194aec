use super::*;

fn read(text: &str) -> (Feed, Option<Error>) {
    super::read(text, &Url::parse("https://x.org/feed").unwrap())
}

#[test]
fn a_podcast_is_read() {
    let (feed, error) = read(
        "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a 'boom'>]><rss version='2.0' xmlns:media='m'><channel><title>Tides &amp; Co</title>\
        <image><title>not this</title></image><atom:link rel='next' href='/2?a=1&amp;b=2'/>\
        <item><title><![CDATA[41: <Tides>]]></title><guid isPermaLink='false'>g41</guid><pubDate>Fri, 03 May 2024 06:00:00 GMT</pubDate>\
        <enclosure url='/41.mp3?x=1&y=2' type='audio/mpeg' length='1'/><itunes:author>Ann</itunes:author><description>&a;text&#33;</description></item>\
        <item><title>40</title><media:group><media:content url='/s.mp4' type='video/mp4' height='480'/><media:content url='/l.mp4' type='video/mp4' height='1080'/></media:group></item>\
        </channel></rss>",
    );
    assert!(error.is_none());
    assert_eq!(feed.title, "Tides & Co");
    assert_eq!(feed.next.as_deref(), Some("/2?a=1&b=2"));
    let post = &feed.posts[0];
    assert_eq!(
        (post.title.as_str(), post.id.as_str()),
        ("41: <Tides>", "g41")
    );
    assert_eq!((post.author.as_str(), post.text.as_str()), ("Ann", "text!"));
    assert_eq!(post.files()[0].url, "/41.mp3?x=1&y=2");
    assert_eq!(feed.posts[1].files()[0].url, "/l.mp4");
}

#[test]
fn atom_is_read() {
    let (feed, error) = read(
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>A</title><entry><id>urn:1</id><title>One</title><updated>2024-05-03T00:00:00Z</updated>\
        <author><name>Ann</name></author><link href='/one'/><link rel='enclosure' type='image/png' href='/one.png'/></entry></feed>",
    );
    assert!(error.is_none());
    let post = &feed.posts[0];
    assert_eq!((post.link.as_str(), post.author.as_str()), ("/one", "Ann"));
    assert_eq!(post.files()[0].url, "/one.png");
}

#[test]
fn atom_source_fields_are_not_those_of_the_entry() {
    let (feed, error) = read(
        "<feed><entry><title>One</title><id>urn:1</id><updated>2024-05-03T00:00:00Z</updated><link href='/one'/>\
        <author><name>Ann</name></author><source><id>urn:other</id><title>Other</title><updated>2001-01-01T00:00:00Z</updated>\
        <published>2001-01-01T00:00:00Z</published><link href='/other'/><link rel='enclosure' href='/other.png'/>\
        <author><name>Bob</name></author></source></entry></feed>",
    );
    assert!(error.is_none());
    let post = &feed.posts[0];
    let said = [&post.title, &post.id, &post.date, &post.link, &post.author];
    assert_eq!(
        said,
        ["One", "urn:1", "2024-05-03T00:00:00Z", "/one", "Ann"]
    );
    assert!(post.files().is_empty());
}

#[test]
fn markup_in_an_entry_keeps_its_elements() {
    let text = |content: &str| {
        let (feed, error) = read(&format!(
            "<feed><entry><content type='xhtml'>{content}</content><id>1</id></entry></feed>"
        ));
        assert!(error.is_none(), "{content}");
        assert_eq!(feed.posts[0].id, "1");
        feed.posts[0].text.clone()
    };
    let plain =
        "<div xmlns='http://www.w3.org/1999/xhtml'><p>A &amp; <img src='/a.jpg'/></p></div>";
    assert_eq!(text(plain), plain);
    let named = "<h:div xmlns:h='x'><h:p>A<h:img src='/a.jpg'/></h:p></h:div>";
    assert_eq!(
        text(named),
        "<div xmlns:h='x'><p>A<img src='/a.jpg'/></p></div>"
    );
    let deep = "<p>".repeat(5000) + &"</p>".repeat(5000);
    assert_eq!(text(&deep), deep);
}

#[test]
fn non_feeds_are_refused_and_leading_junk_is_skipped() {
    for (text, why) in [
        (
            "<!doctype html><html><item><title>a</title></item></html>",
            "`html`",
        ),
        ("<html><p>unclosed</html>", "`html`"),
        ("soon", "no elements"),
    ] {
        let (feed, error) = read(text);
        assert!(feed.posts.is_empty(), "{text}");
        let causes = error.unwrap().causes().join(" ");
        assert!(causes.contains(why), "{text}: {causes}");
    }
    let (feed, error) =
        read("<br/><b>Warning</b>: x<?xml version='1.0'?><rss><item/><item></item></rss>");
    assert_eq!((feed.posts.len(), error.is_none()), (1, true));
}

#[test]
fn hostile_feeds_are_read_as_far_as_they_go() {
    let item = "<item><title>a</title><enclosure url='/a.mp3'/></item>";
    let (feed, error) = read(&format!("<rss><channel>{item}<item><title>b"));
    assert_eq!(feed.posts.len(), 1);
    assert!(error.is_some());
    let (feed, error) = read(&format!("<rss>{item}{}", "<a>".repeat(100_000)));
    assert_eq!((feed.posts.len(), error.is_some()), (1, true));
    let bomb = "<!DOCTYPE r [<!ENTITY a 'xxxxxxxxxx'><!ENTITY b '&a;&a;&a;&a;'>]>";
    let (feed, _) = read(&format!(
        "{bomb}<rss><item><title>&b;&b;</title></item></rss>"
    ));
    assert_eq!(feed.posts[0].title, "");
    let large = u64::MAX;
    let (feed, error) = read(&format!(
        "<rss><item><media:content url='/a.mp4' height='{large}' width='4294967295'/></item></rss>"
    ));
    assert_eq!((feed.posts[0].media.len(), error.is_none()), (1, true));
    let (feed, error) = read(&format!("<rss>{}</rss>", "<item></item>".repeat(MOST + 1)));
    assert_eq!((feed.posts.len(), error.is_some()), (MOST, true));
}

#[test]
fn a_tag_with_endless_attributes_costs_little() {
    let attributes: String = (0..200_000)
        .map(|number| format!(" a{number}=''"))
        .collect();
    let began = std::time::Instant::now();
    let (feed, _) = read(&format!(
        "<rss><item><enclosure{attributes} url='/a.mp3'/></item></rss>"
    ));
    assert_eq!(feed.posts[0].media.len(), 1);
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

#[test]
fn titles_are_decoded_from_every_form() {
    let atom = |title: &str| {
        let (feed, error) = read(&format!("<feed>{title}<entry>{title}</entry></feed>"));
        assert!(error.is_none(), "{title}");
        assert_eq!(feed.title, feed.posts[0].title, "{title}");
        feed.title
    };
    let inner = "<div xmlns='http://www.w3.org/1999/xhtml'>Less &lt; <em>more</em> x</div>";
    assert_eq!(
        atom(&format!("<title type='xhtml'>{inner}</title>")),
        "Less < more x"
    );
    let named = "<h:div xmlns:h='x'>A <h:b>b</h:b></h:div>";
    assert_eq!(atom(&format!("<title type='xhtml'>{named}</title>")), "A b");
    let html = "A &lt;b&gt;bold&lt;/b&gt; &amp;amp; b";
    assert_eq!(
        atom(&format!("<title type='html'>{html}</title>")),
        "A bold & b"
    );
    assert_eq!(atom("<title>&lt;b&gt; &amp;amp;</title>"), "<b> &amp;");
    let (feed, _) = read(
        "<rss><channel><title>A &amp;amp; B</title><item><title><![CDATA[It&#8217;s Tom &amp; Jerry]]></title></item>\
        <item><title>Tom &amp; Jerry</title></item></channel></rss>",
    );
    let titles = feed.posts.iter().map(|post| post.title.as_str());
    let titles: Vec<_> = [feed.title.as_str()].into_iter().chain(titles).collect();
    assert_eq!(titles, ["A & B", "It’s Tom & Jerry", "Tom & Jerry"]);
}
