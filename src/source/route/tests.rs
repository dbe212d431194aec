//! Which links a pattern matches, and which patterns are invalid.

use super::*;

fn params(pattern: &str, url: &str) -> Option<String> {
    let pattern: Pattern = pattern.parse().unwrap();
    let found = pattern.matches(&Url::parse(url).unwrap())?;
    Some(
        found
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(" "),
    )
}

#[test]
fn matches_what_it_says() {
    let table = [
        (
            "imgur.com/a/{id}",
            "https://imgur.com/a/q6i58",
            Some("id=q6i58"),
        ),
        (
            "imgur.com/a/{id}",
            "http://www.imgur.com/a/q6i58/",
            Some("id=q6i58"),
        ),
        (
            "imgur.com/a/{id}",
            "https://M.IMGUR.com/a/q6i58?x=1#2",
            Some("id=q6i58"),
        ),
        ("imgur.com/a/{id}", "https://imgur.com/a/q6i58/all", None),
        ("imgur.com/a/{id}", "https://imgur.com/A/q6i58", None),
        ("imgur.com/a/{id}", "https://imgur.com/a/", None),
        ("imgur.com/a/{id}", "https://notimgur.com/a/q6i58", None),
        (
            "imgur.com/a/{id}",
            "https://imgur.com.evil.org/a/q6i58",
            None,
        ),
        ("imgur.com/a/{id}", "ftp://imgur.com/a/q6i58", None),
        (
            "imgur.com/a/{id}/{rest...}",
            "https://imgur.com/a/q6i58",
            Some("id=q6i58 rest="),
        ),
        (
            "imgur.com/a/{id}/{rest...}",
            "https://imgur.com/a/q6i58/b/c",
            Some("id=q6i58 rest=b/c"),
        ),
        (
            "{user}.imgur.com",
            "https://someone.imgur.com/",
            Some("user=someone"),
        ),
        ("{user}.imgur.com", "https://imgur.com/", None),
        (
            "{host...}/{path...}",
            "https://a.b.c/x/y%20z",
            Some("host=a.b.c path=x/y z"),
        ),
        ("x.org/{n:digits}", "https://x.org/614/", Some("n=614")),
        ("x.org/{n:digits}", "https://x.org/rss.xml", None),
        ("x.org/{n:digits}", "https://x.org/614a", None),
        ("x.org/{n:digits}", "https://x.org/", None),
        (
            "x.org/@{user}",
            "https://x.org/@tom@y.org",
            Some("user=tom@y.org"),
        ),
        ("x.org/@{user}", "https://x.org/%40tom", Some("user=tom")),
        ("x.org/@{user}", "https://x.org/@", None),
        ("x.org/@{user}", "https://x.org/tom", None),
        ("imgur:{id}", "imgur:q6i58", Some("id=q6i58")),
        ("imgur:{id}", "flickr:q6i58", None),
    ];
    for (pattern, url, expected) in table {
        assert_eq!(
            params(pattern, url).as_deref(),
            expected,
            "{pattern} on {url}"
        );
    }
}

#[test]
fn refuses_patterns_that_cannot_work() {
    for text in [
        "",
        "/a",
        "x.org/{a...}/b",
        "x.org/{}",
        "x.org/{a}/{a}",
        "x.org/{b}c",
        "x.org/a{b}c",
        "x.org/a{b}{c}",
        "x.org/a}",
        "x.org/a{b...}",
        "x.org/a{b:digits}",
        "x.org/{:digits}",
        "x.org/{a:words}",
    ] {
        let error = text.parse::<Pattern>().unwrap_err();
        assert_eq!(error.kind, Kind::Config, "{text}");
    }
}
