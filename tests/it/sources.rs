//! The sources that come with the program, against the contract.

use std::fs;
use std::path::Path;

use fetch::async_trait;
use fetch::model::{Kind, Link, Result};
use fetch::source::{Ctx, Manifest, Outlet, Route, Source, Target, check};
use url::Url;

#[test]
fn every_source_meets_the_contract() {
    let sources = fetch::plugins::all(&Default::default()).unwrap();
    assert_eq!(check(&sources), Vec::<String>::new());
}

#[test]
fn every_plugin_has_tests() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins");
    let mut without = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let files = match path.is_dir() {
            true => fs::read_dir(&path)
                .unwrap()
                .map(|file| file.unwrap().path())
                .collect(),
            false => vec![path.clone()],
        };
        let is_plugin = path.is_dir() || path.extension().is_some_and(|ext| ext == "rs");
        let is_list = path.ends_with("plugins/mod.rs");
        // Of a script, the cases are its tests, which `plugins::kit` runs.
        if path.join("plugin.toml").exists() {
            let cases = fs::read_dir(path.join("cases")).into_iter().flatten();
            if cases.count() == 0 {
                without.push(path.display().to_string());
            }
            continue;
        }
        let is_tested = |file: &std::path::PathBuf| {
            fs::read_to_string(file).is_ok_and(|text| text.contains("#[cfg(test)]"))
        };
        if is_plugin && !is_list && !files.iter().any(is_tested) {
            without.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    assert!(
        without.is_empty(),
        "these plugins have no tests: {without:?}"
    );
}

#[test]
fn links_are_read_as_people_type_them() {
    let sources = fetch::plugins::all(&Default::default()).unwrap();
    let table = [
        ("https://imgur.com/a/q6i58", "imgur"),
        ("imgur.com/a/q6i58", "imgur"),
        ("//imgur.com/a/q6i58", "imgur"),
        (" www.imgur.com/a/q6i58/ ", "imgur"),
        ("imgur:q6i58", "imgur"),
        ("https://example.org/cat.jpg", "direct"),
        ("example.org/cat.jpg", "direct"),
        ("localhost:8080/cat.jpg", "direct"),
        ("LOCALHOST:8080/cat.jpg", "direct"),
        ("me:pw@example.org/cat.jpg", "direct"),
        ("[::1]:8080/cat.jpg", "direct"),
        ("[2001:db8::1]/cat.jpg", "direct"),
        ("page:https://example.org/cats", "page"),
        ("direct:https://example.org/cats", "direct"),
        ("https://imgur.com.example.org/a/q6i58", "direct"),
    ];
    for (text, name) in table {
        let link = sources.parse_link(text).unwrap();
        let (source, _) = sources.find(&link).unwrap();
        assert_eq!(source.manifest().name, name, "{text}");
    }
}

#[test]
fn invalid_links_are_refused_with_a_reason() {
    let sources = fetch::plugins::all(&Default::default()).unwrap();
    for text in ["", "   ", "http://", "https://[", "a b.org/c"] {
        let error = sources.parse_link(text).unwrap_err();
        assert_eq!(error.kind, Kind::Config, "{text}");
    }
    let table = [
        ("./links.txt", "it is a path", "`fetch -i FILE` reads"),
        ("../links.txt", "it is a path", "`fetch -i FILE` reads"),
        ("~/links.txt", "it is a path", "`fetch -i FILE` reads"),
        ("/tmp/links.txt", "it is a path", "`fetch -i FILE` reads"),
        (
            "https://bob:hunter2@a.org:99999/x?sig=hunter2",
            "invalid port number",
            "",
        ),
        ("\u{a1}https://a.org/x", "it begins with `\u{a1}`", ""),
        ("\"https://a.org/x", "it begins with `\"`", ""),
        (
            "ht tp://a.org/x",
            "the part before `://` is not a scheme",
            "",
        ),
        (
            "imgru:q6i58",
            "no source is called `imgru`",
            "did you mean `imgur`?",
        ),
        ("nobody:q6i58", "no source is called `nobody`", "`imgur`, "),
        ("::1", "an IPv6 address needs brackets", "`[::1]`"),
        ("fe80::1", "an IPv6 address needs brackets", "`[fe80::1]`"),
        ("https:///cat.jpg", "it has no host", ""),
        ("HTTP:////cat.jpg", "it has no host", ""),
        (
            "http:/a.org/x",
            "`http:` must be followed by two slashes",
            "`http://`",
        ),
        (
            "HTTPS:a.org/x",
            "`https:` must be followed by two slashes",
            "`https://`",
        ),
        ("out=renamed.jpg", "a host name cannot contain `=`", ""),
        ("1.", "a number is not a host", ""),
    ];
    for (text, why, hint) in table {
        let error = sources.parse_link(text).unwrap_err();
        let told = match text.contains('@') {
            true => "https://***@a.org:99999/x?…",
            false => text,
        };
        assert_eq!(error.message, format!("`{told}` is not a link: {why}"));
        assert!(error.hint.unwrap_or_default().contains(hint), "{text}");
    }
    for (unseen, code) in [("\u{200b}", "200b"), ("\u{feff}", "feff")] {
        let error = sources
            .parse_link(&format!("{unseen}https://a.org/x"))
            .unwrap_err();
        let expected = format!(
            "`\\u{{{code}}}https://a.org/x` is not a link: \
             it begins with an invisible character, U+{}",
            code.to_uppercase()
        );
        assert_eq!(error.message, expected);
    }
    let link = sources.parse_link("<https://a.org/x>").unwrap();
    assert_eq!(link.url.as_str(), "https://a.org/x");
    for text in ["ftp://example.org/cat.jpg", "file:///etc/passwd"] {
        let link = sources.parse_link(text).unwrap();
        let error = sources.find(&link).map(|_| ()).unwrap_err();
        assert_eq!(error.kind, Kind::Unsupported, "{text}");
    }
}

/// A source of this name that knows links of one host.
struct Called(Manifest);

#[async_trait]
impl Source for Called {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    async fn list(&self, _: &Ctx, _: &Target, _: &Outlet) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_source_named_http_does_not_claim_http_links() {
    let mut sources = fetch::plugins::all(&Default::default()).unwrap();
    for name in ["http", "https"] {
        sources.prefer(Called(Manifest {
            name: name.into(),
            about: "links of others".into(),
            routes: vec![Route::new("all", "x.test", "https://x.test").unwrap()],
        }));
    }
    for (url, expected) in [
        ("https://example.org/cat.jpg", "direct"),
        ("http://example.org/cat.jpg", "direct"),
        ("https://imgur.com/a/q6i58", "imgur"),
        ("https://x.test/", "https"),
    ] {
        let link = Link::from(Url::parse(url).unwrap());
        let (source, _) = sources.find(&link).unwrap();
        assert_eq!(source.manifest().name, expected, "{url}");
    }
}

#[test]
fn non_http_urls_are_unsupported() {
    let sources = fetch::plugins::all(&Default::default()).unwrap();
    let table = [
        ("magnet:?xt=urn:btih:abc", "magnet:?…", "magnet"),
        (
            "data:image/png;base64,iVBORw0",
            "data:image/png;base64,iVBORw0",
            "data",
        ),
        ("javascript:void(0)", "javascript:void(0)", "javascript"),
        ("MAILTO:me@example.org", "MAILTO:***@example.org", "mailto"),
        ("ftp://example.org/x", "ftp://example.org/x", "ftp"),
        ("file:///etc/hosts", "file:///etc/hosts", "file"),
    ];
    for (text, told, scheme) in table {
        let found = sources
            .parse_link(text)
            .and_then(|link| sources.find(&link));
        let error = found.err().unwrap();
        assert_eq!(error.kind, Kind::Unsupported, "{text}");
        assert_eq!(error.message, format!("no source recognises `{told}`"));
        let hint = format!("`{scheme}:` is not supported; the supported ones are http, https and ");
        assert!(error.hint.unwrap().starts_with(&hint), "{text}");
    }
    for (text, meant) in [("htp://a.org", "http"), ("htps://a.org/x", "https")] {
        let link = sources.parse_link(text).unwrap();
        let error = sources.find(&link).err().unwrap();
        assert_eq!(error.hint.unwrap(), format!("did you mean `{meant}://`?"));
    }
    // What is called so is a host all the same.
    let link = sources.parse_link("data.example.org:8080/x").unwrap();
    assert_eq!(link.url.host_str(), Some("data.example.org"));
}
