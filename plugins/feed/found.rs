//! What is found in a page of a feed: its posts, and the files of each.

use std::mem;
use std::time::{Duration, Instant};

use fetch::model::{Error, Kind, Medium, Result};
use fetch::source::{Answer, url_medium};
use url::Url;

use super::super::page::{decode, images, web};
use super::post::Post;
use super::{json, xml};

/// The most files that are taken of one post.
const MOST: usize = 1_000;

/// How long reading may take.
struct Patience {
    /// That of the text of one post.
    each: Duration,
    /// That of all of them.
    all: Duration,
}

const PATIENCE: Patience = Patience {
    each: Duration::from_secs(5),
    all: Duration::from_secs(20),
};

/// A page of a feed.
pub(super) struct Found {
    pub(super) title: String,
    pub(super) next: Option<String>,
    pub(super) posts: Vec<Findings>,
    /// How many of them are not taken in full.
    pub(super) cut: u64,
    /// How many more cannot be read, or not in full.
    pub(super) broken: u64,
    /// Why it could not be read to its end.
    pub(super) error: Option<Error>,
}

/// A post and what is in it.
pub(super) struct Findings {
    pub(super) post: Post,
    pub(super) link: Option<Url>,
    pub(super) files: Vec<(Url, Option<Medium>)>,
}

/// Reads an answer, where that holds up nobody.
///
/// # Errors
/// [`Kind::Corrupt`] if it is no feed.
pub(super) async fn read(answer: &Answer) -> Result<Found> {
    let text = decode(&answer.body, answer.header("content-type"));
    let url = answer.url.clone();
    let found = tokio::task::spawn_blocking(move || find(&text, &url, &PATIENCE)).await;
    found.unwrap_or_else(|error| {
        Err(Error::new(Kind::Unsupported, "cannot read the feed").because(error))
    })
}

fn find(text: &str, url: &Url, patience: &Patience) -> Result<Found> {
    let (feed, error) = match text.trim_start_matches('\u{feff}').trim_start() {
        text if text.starts_with('{') => (json::read(text)?, None),
        text => xml::read(text),
    };
    let began = Instant::now();
    let mut cut = 0;
    let posts = feed.posts.into_iter().map(|mut post| {
        let link = web(url, &post.link).filter(|_| !post.link.is_empty());
        let mut files: Vec<(Url, Option<Medium>)> = Vec::new();
        let mut is_cut = post.cut;
        for file in post.files() {
            if let Some(url) = web(url, &file.url) {
                let medium = file.medium().or_else(|| url_medium(&url));
                files.push((url, medium));
            }
        }
        let html = mem::take(&mut post.text);
        if files.is_empty() && !html.is_empty() {
            let rest = patience.all.saturating_sub(began.elapsed());
            let base = link.as_ref().unwrap_or(url);
            match images(&html, base, patience.each.min(rest)) {
                Ok(shown) => files.extend(shown.into_iter().map(|url| (url, Some(Medium::Image)))),
                Err(_) => is_cut = true,
            }
        }
        is_cut |= files.len() > MOST;
        files.truncate(MOST);
        post.media = Vec::new();
        cut += u64::from(is_cut);
        Findings { post, link, files }
    });
    let posts = posts.collect();
    Ok(Found {
        title: feed.title,
        next: feed.next,
        posts,
        cut,
        broken: feed.broken,
        error,
    })
}

/// Reads what may be a feed, for the fuzzer. What stands in one leads to the web alone.
#[cfg(fuzzing)]
pub fn fuzz(data: &[u8]) {
    let Ok(url) = Url::parse("https://feed.example/a/feed.xml?b=c") else {
        return;
    };
    let found = find(&decode(data, None), &url, &PATIENCE);
    let posts = found.map(|found| found.posts).unwrap_or_default();
    for (file, _) in posts.iter().flat_map(|post| &post.files) {
        assert!(matches!(file.scheme(), "http" | "https"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, patience: &Patience) -> Found {
        find(text, &Url::parse("https://x.org/feed").unwrap(), patience).unwrap()
    }

    #[test]
    fn a_post_that_takes_too_long_is_left_out_and_the_others_are_not() {
        let feed = "<rss><item><guid>a</guid><description>&lt;img src=/a.jpg></description></item>\
            <item><guid>b</guid><enclosure url='/b.mp3'/></item></rss>";
        let counts = |found: &Found| -> Vec<usize> {
            found.posts.iter().map(|post| post.files.len()).collect()
        };
        let read = found(feed, &PATIENCE);
        assert_eq!((counts(&read), read.cut), (vec![1, 1], 0));
        for (each, all) in [(0, 20), (5, 0)] {
            let read = found(
                feed,
                &Patience {
                    each: Duration::from_secs(each),
                    all: Duration::from_secs(all),
                },
            );
            assert_eq!((counts(&read), read.cut), (vec![0, 1], 1));
        }
    }

    #[test]
    fn of_a_post_with_endless_files_so_many_are_taken() {
        let file = |number| format!("<enclosure url='/{number}.mp3'/>");
        let files: String = (0..20_000).map(file).collect();
        let read = found(&format!("<rss><item>{files}</item></rss>"), &PATIENCE);
        assert_eq!((read.posts[0].files.len(), read.cut), (MOST, 1));
        let file = |number| format!("{{\"url\":\"/{number}.mp3\",\"title\":\"{number}\"}}");
        let files: Vec<String> = (0..20_000).map(file).collect();
        let json = format!("{{\"items\":[{{\"attachments\":[{}]}}]}}", files.join(","));
        let read = found(&json, &PATIENCE);
        assert_eq!((read.posts[0].files.len(), read.cut), (MOST, 1));
        let pictures: String = (0..1_200).map(|n| format!("<img src=/{n}.jpg>")).collect();
        let json = format!("{{\"items\":[{{\"content_html\":\"{pictures}\"}}]}}");
        let read = found(&json, &PATIENCE);
        assert_eq!((read.posts[0].files.len(), read.cut), (MOST, 1));
    }
}
