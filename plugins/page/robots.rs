//! What a site's robots.txt permits this program to request (RFC 9309). Nothing is requested here.

use std::fmt::Write;

use url::Url;

use super::pattern::fits;

/// The program's name there.
const NAME: &str = "fetch";
/// How many bytes of a file are read.
pub(super) const LONGEST: usize = 500 << 10;

/// The rules of one site for this program.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Rules(Vec<Rule>);

#[derive(Debug, PartialEq)]
struct Rule {
    /// A pattern for [`fits`].
    path: String,
    /// The length that decides if several rules match.
    length: usize,
    allows: bool,
}

impl Rules {
    /// Returns rules that permit nothing.
    pub(super) fn none() -> Rules {
        Rules::read("user-agent: *\ndisallow: /")
    }

    /// Reads the rules of all groups for this program, or those for everybody if there are none.
    pub(super) fn read(text: &str) -> Rules {
        let (mut ours, mut everybody) = (Vec::new(), Vec::new());
        let (mut is_named, mut for_us, mut for_all) = (false, false, false);
        // Whether the previous line was a `User-agent` line.
        let mut is_head = false;
        for line in text.trim_start_matches('\u{feff}').split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or("");
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            let allows = match key.as_str() {
                "user-agent" => {
                    if !is_head {
                        (for_us, for_all) = (false, false);
                    }
                    is_head = true;
                    for_us |= is_us(value);
                    for_all |= value == "*";
                    is_named |= for_us;
                    continue;
                }
                "allow" => true,
                "disallow" => false,
                _ => continue,
            };
            is_head = false;
            if !value.is_empty() {
                if for_us {
                    ours.push(Rule::new(value, allows));
                } else if for_all {
                    everybody.push(Rule::new(value, allows));
                }
            }
        }
        Rules(if is_named { ours } else { everybody })
    }

    /// Checks whether a URL may be requested: the longest matching rule decides, and of two equally long ones the one
    /// that allows.
    pub(super) fn allow(&self, url: &Url) -> bool {
        let mut path = url.path().to_owned();
        if let Some(query) = url.query() {
            path = path + "?" + query;
        }
        let path = plain(&path);
        if path == "/robots.txt" {
            return true;
        }
        let fitting = self.0.iter().filter(|rule| fits(&rule.path, &path));
        let longest = fitting.max_by_key(|rule| (rule.length, rule.allows));
        longest.is_none_or(|rule| rule.allows)
    }
}

impl Rule {
    fn new(path: &str, allows: bool) -> Rule {
        let length = plain(path).len();
        let path = match path.strip_suffix('$') {
            Some(whole) => plain(whole),
            None => plain(path) + "*",
        };
        Rule {
            path,
            length,
            allows,
        }
    }
}

/// Checks whether this is the program's name. A version after the name is ignored.
fn is_us(agent: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphabetic() || matches!(c, '-' | '_');
    let end = agent.find(|c| !is_name(c)).unwrap_or(agent.len());
    agent[..end].eq_ignore_ascii_case(NAME)
}

/// Normalizes a path for comparison: percent-encoded where necessary, and nowhere else.
fn plain(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut text = String::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).filter(|_| byte == b'%');
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        at += if code.is_some() { 3 } else { 1 };
        match (code, byte) {
            (Some(code), _) if code.is_ascii_alphanumeric() || b"-._~".contains(&code) => {
                text.push(char::from(code));
            }
            // Writing to a string cannot fail.
            (Some(code), _) => drop(write!(text, "%{code:02X}")),
            (None, 0x21..0x7f) => text.push(char::from(byte)),
            (None, _) => drop(write!(text, "%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(text: &str, path: &str) -> bool {
        let url = Url::parse("https://x.org").unwrap().join(path).unwrap();
        Rules::read(text).allow(&url)
    }

    #[test]
    fn rules_hold_as_the_standard_has_it() {
        let table = [
            // There are no rules.
            ("", "/a", true),
            ("<!doctype html><p>disallow: /", "/a", true),
            ("disallow: /", "/a", true),
            // Rules for everybody, whatever the case and line endings.
            (
                "User-Agent: *\r\nDISALLOW : /a # all of it\r\n",
                "/a/b",
                false,
            ),
            ("\u{feff}user-agent: *\rdisallow: /a", "/b", true),
            ("user-agent: *\ndisallow:", "/a", true),
            (
                "user-agent: *\nsitemap: /s\ncrawl-delay: 1\ndisallow: /",
                "/",
                false,
            ),
            ("user-agent: *\ndisallow: /", "/robots.txt", true),
            // Rules for this program only.
            (
                "user-agent: *\ndisallow: /\nuser-agent: fetch\nallow: /",
                "/a",
                true,
            ),
            (
                "user-agent: *\ndisallow: /\n\nuser-agent: Fetch/1.0\ndisallow: /b",
                "/a",
                true,
            ),
            (
                "user-agent: fetch\ndisallow: /b\nuser-agent: *\nallow: /",
                "/b",
                false,
            ),
            (
                "user-agent: fetch\nuser-agent: other\ndisallow: /b",
                "/b",
                false,
            ),
            (
                "user-agent: fetch\n\nuser-agent: other\ndisallow: /b",
                "/b",
                false,
            ),
            (
                "user-agent: other\ndisallow: /b\nuser-agent: fetch\ndisallow: /c",
                "/b",
                true,
            ),
            (
                "user-agent: fetch\ndisallow: /b\nuser-agent: x\ndisallow: /\nuser-agent: fetch\ndisallow: /c",
                "/c",
                false,
            ),
            (
                "user-agent: fetch\ndisallow:\nuser-agent: *\ndisallow: /",
                "/a",
                true,
            ),
            ("user-agent: fetchbot\ndisallow: /", "/a", true),
            ("user-agent: prefetch\ndisallow: /", "/a", true),
            // The longest rule wins.
            ("user-agent: *\nallow: /p\ndisallow: /", "/page", true),
            (
                "user-agent: *\nallow: /folder\ndisallow: /folder",
                "/folder/page",
                true,
            ),
            (
                "user-agent: *\nallow: /page\ndisallow: /*.htm",
                "/page.htm",
                false,
            ),
            ("user-agent: *\nallow: /$\ndisallow: /", "/", true),
            ("user-agent: *\nallow: /$\ndisallow: /", "/page.htm", false),
            // Special characters.
            ("user-agent: *\ndisallow: /*.gif$", "/a/b.gif", false),
            ("user-agent: *\ndisallow: /*.gif$", "/a/b.gif?x", true),
            ("user-agent: *\ndisallow: /*.gif", "/a/b.gif?x", false),
            ("user-agent: *\ndisallow: /a?b=", "/a?b=1", false),
            ("user-agent: *\ndisallow: /*/c*d", "/a/b/c/e/d/f", false),
            ("user-agent: *\ndisallow: a", "/a", true),
            ("user-agent: *\ndisallow: *a", "/b/a", false),
            ("user-agent: *\ndisallow: /A", "/a", true),
            // Different encodings.
            ("user-agent: *\ndisallow: /%7ejoe", "/~joe", false),
            ("user-agent: *\ndisallow: /~joe", "/%7Ejoe", false),
            ("user-agent: *\ndisallow: /ツ", "/%E3%83%84", false),
            ("user-agent: *\ndisallow: /%e3%83%84", "/ツ", false),
            ("user-agent: *\ndisallow: /a%2fb", "/a/b", true),
            ("user-agent: *\ndisallow: /a%2fb", "/a%2Fb", false),
            ("user-agent: *\ndisallow: /100%", "/100%", false),
        ];
        for (text, path, expected) in table {
            assert_eq!(allows(text, path), expected, "{text:?} {path}");
        }
        let url = Url::parse("https://x.org/").unwrap();
        assert!(!Rules::none().allow(&url));
        assert!(Rules::default().allow(&url));
    }

    #[test]
    fn hostile_rules_cost_little() {
        let stars = format!("user-agent: *\ndisallow: /{}b", "*a".repeat(LONGEST / 2));
        assert!(allows(&stars, &"a".repeat(2000)));
        let many = "user-agent: *\n".to_owned() + &"disallow: /*x\n".repeat(LONGEST / 14);
        let began = std::time::Instant::now();
        assert!(allows(&many, &("/".to_owned() + &"y".repeat(2000))));
        assert!(began.elapsed() < std::time::Duration::from_secs(20));
    }
}
