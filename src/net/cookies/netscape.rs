//! Netscape's `cookies.txt`, as written by browser extensions and curl.
//!
//! A line has seven fields, separated by tabs: domain, whether subdomains are included, path, whether https only,
//! expiry in seconds since 1970 (0 for a session cookie), name, value. `#HttpOnly_` before a domain is not a comment.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use cookie_store::CookieStore;
use url::Url;

use super::cookie::{Cookie, Key};
use crate::model::{Error, Kind, Result};

/// The head of the files we write; curl and browser tools look for its first line.
const FILE_HEADER: &str = "# Netscape HTTP Cookie File\n";

const HTTP_ONLY: &str = "#HttpOnly_";

/// Reads the unexpired cookies of a file, and tells whether all of its cookies have expired (and there are some).
///
/// # Errors
/// [`Kind::Config`] with the line that cannot be read, and why; the cookie's value is not shown.
pub(super) fn read(path: &Path, store: &mut CookieStore) -> Result<bool> {
    let shown = path.display();
    let bytes = fs::read(path).map_err(|error| {
        let message = format!("cannot read the cookies in `{shown}`");
        Error::new(Kind::Config, message).because(error)
    })?;
    let mut count = 0;
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let cookie = std::str::from_utf8(line)
            .map_err(|_| "it is not UTF-8".to_owned())
            .and_then(parse);
        let mut put = |cookie: Cookie| {
            count += 1;
            let put = cookie.put(store);
            put.ok_or_else(|| "the first field is not a host".to_owned())
        };
        cookie
            .and_then(|cookie| cookie.map_or(Ok(()), &mut put))
            .map_err(|why| {
                let message = format!("line {} of `{shown}` is not a cookie: {why}", index + 1);
                Error::new(Kind::Config, message)
                    .hint("a Netscape `cookies.txt` has seven fields, separated by tabs")
            })?;
    }
    Ok(count > 0 && store.iter_unexpired().next().is_none())
}

/// Parses a line: a cookie, or nothing.
fn parse(line: &str) -> std::result::Result<Option<Cookie>, String> {
    let line = line.trim_end_matches('\r').trim_start_matches('\u{feff}');
    let rest = line.strip_prefix(HTTP_ONLY);
    let http_only = rest.is_some();
    let line = rest.unwrap_or(line);
    if line.trim().is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let fields: Vec<&str> = line.split('\t').collect();
    let [
        domain,
        subdomains,
        path,
        secure,
        expires,
        name,
        ref value @ ..,
    ] = fields[..]
    else {
        return Err(format!("it has {} of 7 fields", fields.len()));
    };
    if value.len() > 1 {
        return Err(format!("it has {} fields instead of 7", fields.len()));
    }
    let host = domain.trim_start_matches('.');
    let is = |text: &str| text.eq_ignore_ascii_case("true");
    let expires = expires.split('.').next().unwrap_or("").parse::<i64>();
    let expires = expires.map_err(|_| "the fifth field is not a time".to_owned())?;
    // In the store's form; otherwise the line would not be found again when its cookie changes.
    let known = Url::parse(&format!("https://{host}/")).ok();
    let known = known.as_ref().and_then(|url| url.host_str());
    let cookie = Cookie {
        host: known.unwrap_or(host).to_owned(),
        domain_wide: is(subdomains) || domain.starts_with('.'),
        path: if path.starts_with('/') { path } else { "/" }.to_owned(),
        secure: is(secure),
        http_only,
        expires: u64::try_from(expires).ok().filter(|time| *time > 0),
        name: name.to_owned(),
        value: value.first().copied().unwrap_or("").to_owned(),
    };
    match cookie.is_writable() {
        true => Ok(Some(cookie)),
        false => Err("it has a control character".to_owned()),
    }
}

fn line(cookie: &Cookie) -> String {
    let is = |yes: bool| if yes { "TRUE" } else { "FALSE" };
    format!(
        "{}{}{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
        if cookie.http_only { HTTP_ONLY } else { "" },
        if cookie.domain_wide { "." } else { "" },
        cookie.host,
        is(cookie.domain_wide),
        cookie.path,
        is(cookie.secure),
        cookie.expires.unwrap_or(0),
        cookie.name,
        cookie.value
    )
}

/// Returns the text of a file with these cookies, without those that a file cannot hold.
pub(super) fn text(cookies: impl Iterator<Item = Cookie>) -> String {
    let lines = cookies
        .filter(Cookie::is_writable)
        .map(|cookie| line(&cookie));
    FILE_HEADER.to_owned() + &lines.collect::<String>()
}

/// Writes changed cookies to a file: each replaces its line or is appended; a removed cookie loses its line. All other
/// lines stay as they are. The file is replaced atomically, and only its owner may read it.
///
/// # Errors
/// [`Kind::Disk`]; the file is then unchanged.
pub(super) fn write(path: &Path, changes: Vec<(Key, Option<Cookie>)>) -> Result<()> {
    let save = || {
        // A symbolic link stays one.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let before = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => FILE_HEADER.into(),
            Err(error) => return Err(error),
        };
        replace(&path, &changed(&before, changes))
    };
    save().map_err(|error| {
        let message = format!("cannot save the cookies in `{}`", path.display());
        Error::new(Kind::Disk, message).because(error)
    })
}

/// Returns the contents of a file with these changes.
fn changed(before: &[u8], changes: Vec<(Key, Option<Cookie>)>) -> Vec<u8> {
    let mut changes: BTreeMap<Key, Option<Cookie>> = changes.into_iter().collect();
    let mut after = Vec::with_capacity(before.len());
    for old in before.split_inclusive(|byte| *byte == b'\n') {
        let cookie = std::str::from_utf8(old).ok();
        let cookie = cookie.and_then(|old| parse(old.trim_end_matches('\n')).ok()?);
        match cookie.and_then(|cookie| changes.get_mut(&cookie.key())) {
            // A second line of the same cookie is replaced along with the first.
            Some(new) => after.extend(new.take().map(|new| line(&new)).unwrap_or_default().bytes()),
            None => after.extend(old),
        }
    }
    if !after.is_empty() && !after.ends_with(b"\n") {
        after.push(b'\n');
    }
    for new in changes.into_values().flatten() {
        after.extend(line(&new).bytes());
    }
    after
}

/// Replaces a file by a new one. Nobody ever sees part of it.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let done = options
        .open(&new)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&new, path));
    if done.is_err() {
        // The partial file is useless; failing to remove it does not change the error.
        let _ = fs::remove_file(&new);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(text: &str) -> std::result::Result<CookieStore, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cookies.txt");
        fs::write(&file, text).unwrap();
        let mut store = CookieStore::new();
        let done = read(&file, &mut store).map(|_| store);
        done.map_err(|error| {
            error
                .to_string()
                .replace(&file.display().to_string(), "FILE")
        })
    }

    #[test]
    fn cookies_are_sent_where_their_line_allows() {
        let lines = [
            "\u{feff}# Netscape HTTP Cookie File",
            ".example.org\tTRUE\t/\tFALSE\t0\twide\t1",
            "#HttpOnly_example.org\tFALSE\t/a\tTRUE\t4102444800.5\tnarrow\t2",
            "example.org\tFALSE\t/\tFALSE\t1000000000\told\t3",
            "example.org\tFALSE\t/\tFALSE\t-1\tempty",
        ];
        let store = stored(&lines.join("\r\n")).unwrap();
        let sent = |url: &str| {
            let url = url::Url::parse(url).unwrap();
            let cookies = store.get_request_values(&url);
            let mut cookies: Vec<_> = cookies
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            cookies.sort();
            cookies.join(" ")
        };
        assert_eq!(sent("https://example.org/a"), "empty= narrow=2 wide=1");
        assert_eq!(sent("http://example.org/a"), "empty= wide=1");
        assert_eq!(sent("https://sub.example.org/a"), "wide=1");
        assert_eq!(sent("https://example.com/a"), "");
    }

    #[test]
    fn invalid_cookie_lines_are_named_without_their_value() {
        let table = [
            (
                "# ok\na=b\n",
                "line 2 of `FILE` is not a cookie: it has 1 of 7 fields",
            ),
            (
                "x.org\tTRUE\t/\tTRUE\tsoon\tname\tsecret",
                "line 1 of `FILE` is not a cookie: the fifth field is not a time",
            ),
            (
                "x.org\tTRUE\t/\tTRUE\t0\tname\tsecret\tmore",
                "line 1 of `FILE` is not a cookie: it has 8 fields instead of 7",
            ),
            (
                "a b\tTRUE\t/\tTRUE\t0\tname\tsecret",
                "line 1 of `FILE` is not a cookie: the first field is not a host",
            ),
            (
                "x.org\tTRUE\t/\tTRUE\t0\tname\tse\u{1}cret",
                "line 1 of `FILE` is not a cookie: it has a control character",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(stored(text).map(|_| ()), Err(expected.to_owned()));
        }
    }

    #[test]
    fn the_line_of_a_cookie_is_found_however_it_is_written() {
        let before = ".A.org\tTRUE\t/\tTRUE\t0\told\t1\nBÜCHER.org\tFALSE\t\tTRUE\t0\tgone\t1\n\
                      B.org\tFALSE\tx\tFALSE\t0\tkept\t1\n";
        let store = stored(before).unwrap();
        let mut all: Vec<_> = store.iter_any().filter_map(Cookie::of).collect();
        all.sort_by_key(Cookie::key);
        let keys: Vec<_> = all.iter().map(Cookie::key).collect();
        let key = |host: &str, name: &str| (host.to_owned(), "/".to_owned(), name.to_owned());
        let gone = key("xn--bcher-kva.org", "gone");
        assert_eq!(
            keys,
            [key("a.org", "old"), key("b.org", "kept"), gone.clone()]
        );
        let mut new = all.swap_remove(0);
        new.value = "2".into();
        let after = changed(
            before.as_bytes(),
            vec![(gone, None), (new.key(), Some(new))],
        );
        let expected = ".a.org\tTRUE\t/\tTRUE\t0\told\t2\nB.org\tFALSE\tx\tFALSE\t0\tkept\t1\n";
        assert_eq!(String::from_utf8(after).unwrap(), expected);
    }

    #[test]
    fn unchanged_cookie_lines_are_kept() {
        let before = "# mine\n\n.a.org\tTRUE\t/\tTRUE\t0\told\t1\n#HttpOnly_a.org\tFALSE\t/\tTRUE\t0\tgone\t1\n\
                      b.org\tFALSE\t/\tFALSE\t1.5\tkept\t1\nnonsense";
        let cookie = |name: &str, expires| Cookie {
            host: "a.org".into(),
            domain_wide: true,
            path: "/".into(),
            secure: true,
            http_only: name == "new",
            expires,
            name: name.into(),
            value: "2".into(),
        };
        let (old, new) = (cookie("old", Some(7)), cookie("new", None));
        let gone = cookie("gone", None).key();
        let changes = vec![(old.key(), Some(old)), (new.key(), Some(new)), (gone, None)];
        let after = String::from_utf8(changed(before.as_bytes(), changes)).unwrap();
        let expected = "# mine\n\n.a.org\tTRUE\t/\tTRUE\t7\told\t2\nb.org\tFALSE\t/\tFALSE\t1.5\tkept\t1\nnonsense\n\
                        #HttpOnly_.a.org\tTRUE\t/\tTRUE\t0\tnew\t2\n";
        assert_eq!(after, expected);
    }
}
