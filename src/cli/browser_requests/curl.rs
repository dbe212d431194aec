//! Parses `curl` commands as browsers copy them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::headers::RequestHeaders;
use super::source::{item, stream};
use super::words::words;
use crate::model::{Error, Item, Kind, Medium, Result};
use crate::source::{url_medium, url_name};

/// Options that are ignored: they are the default here, or irrelevant.
const IDLE: &[&str] = &[
    "compressed",
    "fail",
    "globoff",
    "http1.1",
    "http2",
    "http2-prior-knowledge",
    "http3",
    "location",
    "no-buffer",
    "no-progress-meter",
    "progress-bar",
    "show-error",
    "silent",
    "tlsv1.2",
    "tlsv1.3",
    "verbose",
];

/// Supported options, all of which have a value.
const KNOWN: &[&str] = &[
    "cookie",
    "header",
    "referer",
    "request",
    "url",
    "user",
    "user-agent",
];

/// Options that send data.
const SENDS: &[&str] = &[
    "data",
    "data-ascii",
    "data-binary",
    "data-raw",
    "data-urlencode",
    "form",
    "form-string",
    "head",
    "json",
    "upload-file",
];

/// Short options with their long names.
const SHORT: &[(char, &str)] = &[
    ('#', "progress-bar"),
    ('A', "user-agent"),
    ('F', "form"),
    ('H', "header"),
    ('I', "head"),
    ('L', "location"),
    ('N', "no-buffer"),
    ('O', "remote-name"),
    ('S', "show-error"),
    ('T', "upload-file"),
    ('X', "request"),
    ('b', "cookie"),
    ('d', "data"),
    ('e', "referer"),
    ('f', "fail"),
    ('g', "globoff"),
    ('k', "insecure"),
    ('o', "output"),
    ('s', "silent"),
    ('u', "user"),
    ('v', "verbose"),
    ('x', "proxy"),
];

/// Parses a command, and returns its items. Nothing is executed.
///
/// # Errors
/// [`Kind::Config`] for syntax errors, requests other than GET, and unknown options. The message contains no values.
pub(super) fn read(command: &str) -> Result<Vec<Item>> {
    let mut words = words(command)?.into_iter();
    if words.next().as_deref().map(base_name) != Some("curl") {
        return Err(wrong("it does not begin with `curl`"));
    }
    let (mut headers, mut urls) = (RequestHeaders::default(), Vec::new());
    let mut only_urls = false;
    while let Some(word) = words.next() {
        let is_option = word.starts_with('-') && word.len() > 1 && !only_urls;
        match word.strip_prefix("--").filter(|_| is_option) {
            Some("") => only_urls = true,
            Some(long) => option(long, None, &mut words, &mut headers, &mut urls)?,
            None if is_option => shorts(&word[1..], &mut words, &mut headers, &mut urls)?,
            None => urls.push(address(&word)?),
        }
    }
    if urls.is_empty() {
        return Err(wrong("there is no URL in it"));
    }
    let items = urls.into_iter().map(|url| {
        let medium = url_medium(&url).map(|_| Medium::Any);
        // The segments of a playlist may need the same headers.
        match url_name(&url).1 {
            Some(ext) if ext.eq_ignore_ascii_case("m3u8") => stream(url, headers.clone()),
            _ => item(url, headers.clone(), medium, medium.is_none()),
        }
    });
    Ok(items.collect())
}

type Words = std::vec::IntoIter<String>;

/// Parses short options after one dash: the last may have a value, possibly in the same word.
fn shorts(
    letters: &str,
    words: &mut Words,
    headers: &mut RequestHeaders,
    urls: &mut Vec<Url>,
) -> Result<()> {
    let mut rest = letters.chars();
    while let Some(letter) = rest.next() {
        let known = SHORT.iter().find(|(short, _)| *short == letter);
        let Some((_, long)) = known else {
            return Err(unknown(&format!("-{letter}")));
        };
        if KNOWN.contains(long) {
            let value = Some(rest.as_str()).filter(|value| !value.is_empty());
            return option(long, value.map(str::to_owned), words, headers, urls);
        }
        option(long, None, words, headers, urls)?;
    }
    Ok(())
}

fn option(
    name: &str,
    value: Option<String>,
    words: &mut Words,
    headers: &mut RequestHeaders,
    urls: &mut Vec<Url>,
) -> Result<()> {
    if IDLE.contains(&name) {
        return Ok(());
    }
    if SENDS.contains(&name) {
        return Err(not_get());
    }
    if !KNOWN.contains(&name) {
        return Err(match name {
            "insecure" => wrong("`--insecure` is not supported: certificates are always checked")
                .hint("`--ca-cert FILE` trusts your own authority"),
            "output" | "remote-name" => {
                wrong(&format!("`--{name}` is not supported")).hint("use `-d` and `-o` of `fetch`")
            }
            "proxy" => wrong("`--proxy` is not supported").hint("use `--proxy` of `fetch`"),
            // It may include a value.
            name => unknown(&format!("--{}", name.split('=').next().unwrap_or(name))),
        });
    }
    let value = value.or_else(|| words.next());
    let value = value.ok_or_else(|| wrong(&format!("`--{name}` has no value")))?;
    let cannot = |what: &str| wrong(&format!("{what} in it cannot be sent"));
    let is_sent = match name {
        "url" => {
            urls.push(address(&value)?);
            true
        }
        "request" if value.eq_ignore_ascii_case("get") => true,
        "request" => return Err(not_get()),
        "cookie" if !value.contains('=') => {
            return Err(wrong("the cookies are in a file").hint("`fetch -C FILE` reads it"));
        }
        "cookie" => headers.add("cookie", &value),
        "referer" => headers.set("referer", value.trim_end_matches(";auto")),
        "user-agent" => headers.set("user-agent", &value),
        "user" => headers.set(
            "authorization",
            &format!("Basic {}", STANDARD.encode(&value)),
        ),
        _ => match value.split_once(':') {
            // As in curl, `Name:` removes a header and `Name;` sends an empty one.
            Some((name, value)) if value.trim().is_empty() => {
                headers.remove(name);
                true
            }
            Some((name, value)) => headers.add(name, value),
            None => match value.strip_suffix(';') {
                Some(name) => headers.add(name, ""),
                None => return Err(cannot("a header")),
            },
        },
    };
    match is_sent {
        true => Ok(()),
        false => Err(cannot("a header")),
    }
}

fn address(word: &str) -> Result<Url> {
    let text = match word.contains("://") {
        true => word.to_owned(),
        // The same default as curl.
        false => format!("http://{word}"),
    };
    let url = Url::parse(&text).ok().filter(Url::has_host);
    let url = url.ok_or_else(|| wrong("its URL is not valid"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme => Err(wrong(&format!("`{scheme}:` is not supported"))),
    }
}

fn base_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}

fn not_get() -> Error {
    wrong("it sends data or is not a GET, and only GET requests are repeated")
}

fn unknown(option: &str) -> Error {
    wrong(&format!("its option `{option}` is not supported"))
}

fn wrong(why: &str) -> Error {
    Error::new(Kind::Config, format!("cannot use the command: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Body;

    fn urls_and_headers(command: &str) -> Result<Vec<String>> {
        let items = read(command)?;
        let items = items.into_iter().map(|item| match item.body {
            Body::File(request) => format!("{} {:?}", request.url, request.headers.0),
            _ => String::new(),
        });
        Ok(items.collect())
    }

    #[test]
    fn takes_what_browsers_copy() {
        let chrome = "curl 'https://x.org/cat?id=1' \\\n  -H 'accept: image/*' \\\n  -b 'a=1; b=2' \\\n  \
            -H 'user-agent: Mozilla/5.0' \\\n  -H 'accept-encoding: gzip' --compressed";
        let expected = "https://x.org/cat?id=1 {\"accept\": \"image/*\", \"cookie\": \"a=1; b=2\", \
            \"user-agent\": \"Mozilla/5.0\"}";
        let table = [
            (chrome, vec![expected]),
            (
                "curl x.org/a -sL x.org/b -Ame",
                vec![
                    "http://x.org/a {\"user-agent\": \"me\"}",
                    "http://x.org/b {\"user-agent\": \"me\"}",
                ],
            ),
            (
                "/usr/bin/curl --url https://x.org -X GET -u me:pw -e https://y.org/",
                vec![
                    "https://x.org/ {\"authorization\": \"Basic bWU6cHc=\", \"referer\": \"https://y.org/\"}",
                ],
            ),
            (
                "curl -H 'a: 1' -H 'A:' -H 'b;' -- https://x.org",
                vec!["https://x.org/ {\"b\": \"\"}"],
            ),
        ];
        for (command, expected) in table {
            assert_eq!(urls_and_headers(command).unwrap(), expected, "{command}");
        }
    }

    #[test]
    fn unsupported_curl_options_are_reported_without_secrets() {
        let table = [
            ("wget https://x.org", "it does not begin with `curl`"),
            ("curl", "there is no URL in it"),
            ("curl https://x.org -d hunter2", "only GET requests are"),
            (
                "curl https://x.org --data-raw hunter2",
                "only GET requests are",
            ),
            ("curl https://x.org -X POST", "only GET requests are"),
            ("curl https://x.org -k", "`--insecure` is not supported"),
            ("curl https://x.org -o x", "`--output` is not supported"),
            (
                "curl https://x.org --proxy-user hunter2",
                "its option `--proxy-user` is not supported",
            ),
            (
                "curl https://x.org --cookie=hunter2",
                "its option `--cookie` is not supported",
            ),
            ("curl https://x.org -Z", "its option `-Z` is not supported"),
            ("curl https://x.org -b hunter2", "the cookies are in a file"),
            (
                "curl https://x.org -H hunter2",
                "a header in it cannot be sent",
            ),
            ("curl https://x.org -H", "`--header` has no value"),
            ("curl file:///etc/passwd", "its URL is not valid"),
            ("curl ftp://x.org/hunter2", "`ftp:` is not supported"),
            (
                "curl $'https://x.org' -H $'a: hunter2\\nb: c'",
                "a header in it cannot be sent",
            ),
        ];
        for (command, expected) in table {
            let error = read(command).unwrap_err();
            assert!(error.message.contains(expected), "{command}: {error}");
            assert!(!error.message.contains("hunter2"), "{error}");
        }
    }
}
