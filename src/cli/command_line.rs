//! The command of a run as the history shows it: short and without secrets.

use super::args::Links;
use crate::net::Redacted;
use crate::source::Registry;

/// How many links are shown.
const NAMED: usize = 3;

/// The command line of a run, abbreviated.
pub(super) fn abbreviated(links: &Links, registry: &Registry) -> String {
    let mut words = vec!["fetch".to_owned()];
    for link in links.links.iter().take(NAMED) {
        // An invalid link may be anything, even a secret, so it is not shown.
        words.push(match registry.parse_link(link) {
            Ok(link) => Redacted(&link.url).to_string(),
            Err(_) => "…".to_owned(),
        });
    }
    match links.links.len() {
        count if count > NAMED => words.push(format!("and {} more", count - NAMED)),
        _ => {}
    }
    for file in &links.input_file {
        words.push(format!("-i {}", file.display()));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn names_links_without_their_secrets() {
        let registry = crate::plugins::all(&Config::default()).unwrap();
        let links = |links: &[&str], input: &[&str]| Links {
            links: links.iter().map(|link| (*link).to_owned()).collect(),
            input_file: input.iter().map(Into::into).collect(),
            all: false,
        };
        let table = [
            (
                links(&["https://me:pw@a.org/x?sig=1"], &[]),
                "fetch https://***@a.org/x?sig=***",
            ),
            (links(&["hunter 2"], &["a.txt"]), "fetch … -i a.txt"),
            (
                links(
                    &["a.org/1", "a.org/2", "a.org/3", "a.org/4", "a.org/5"],
                    &[],
                ),
                "fetch https://a.org/1 https://a.org/2 https://a.org/3 and 2 more",
            ),
        ];
        for (links, expected) in table {
            assert_eq!(abbreviated(&links, &registry), expected);
        }
    }
}
