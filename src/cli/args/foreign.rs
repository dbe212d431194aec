//! Flags of other programs that this one does not have, and the tips for them.

use clap::error::{ContextKind, ContextValue};

use super::read::has_flag;
use crate::source::nearest;

/// Names of foreign flags, separated by spaces; our flag with that meaning, if there is one; and the tip.
type Row = (&'static str, Option<&'static str>, &'static str);

/// Flags of curl, wget, aria2, gallery-dl and yt-dlp. If a letter differs between them, the tip covers all its meanings.
const FOREIGN_FLAGS: [Row; 49] = [
    (
        "--batch-file --input --url-file -a",
        Some("input-file"),
        "`-i FILE` reads links from a file",
    ),
    ("--continue", None, "interrupted downloads always resume"),
    (
        "--output-dir --dest --destination --dir --directory-prefix --paths -D -P",
        Some("directory"),
        "`-d DIR` sets the output directory",
    ),
    (
        "--filename --out --output-document --output-template --remote-name --remote-name-all -O",
        Some("output"),
        "files are named automatically, or by `-o TEMPLATE`",
    ),
    (
        "--recursive --level --mirror --page-requisites -l -m",
        Some("depth"),
        "`--depth N` follows the links of a page",
    ),
    (
        "--no-parent --domains --include-directories",
        Some("accept"),
        "`--accept PATTERN` limits which links are followed",
    ),
    ("--span-hosts", Some("same-host"), "use `--same-host=false`"),
    (
        "--write-sub --write-subs --write-auto-sub --write-auto-subs --sub-lang --sub-langs --all-subs --embed-subs",
        Some("subtitles"),
        "use `--subtitles all` or `--subtitles en,de`",
    ),
    (
        "--format --format-sort -f",
        Some("quality"),
        "use `--quality`, as in `--quality 720p`",
    ),
    (
        "--extract-audio --audio-only",
        Some("quality"),
        "use `--quality audio`",
    ),
    (
        "--list-formats -F",
        None,
        "`fetch -v` prints the available renditions; `--quality` selects one",
    ),
    (
        "--dateafter --date-after",
        Some("since"),
        "use `--since DATE`",
    ),
    (
        "--datebefore --date-before",
        Some("until"),
        "use `--until DATE`",
    ),
    (
        "--match-filter --match-filters --image-filter",
        Some("filter"),
        "use `--filter EXPRESSION`",
    ),
    (
        "--range --playlist-items --playlist-start --playlist-end --image-range",
        Some("items"),
        "`-I RANGE` selects items by position",
    ),
    (
        "--max-downloads --limit",
        Some("max-new"),
        "use `--max-new N`",
    ),
    (
        "--break-on-existing --abort",
        Some("stop-after-known"),
        "use `--stop-after-known N`",
    ),
    (
        "--download-archive",
        Some("archive"),
        "use `--archive FILE`; an archive is kept even without it",
    ),
    (
        "--no-clobber --no-overwrites --skip-existing --no-skip",
        Some("skip"),
        "nothing is overwritten; `--skip` sets which known items are skipped",
    ),
    (
        "--timestamping --remote-time",
        Some("skip"),
        "files get the times of the server; `--skip changed` checks for new versions",
    ),
    (
        "--write-info-json --dump-json",
        Some("write-metadata"),
        "`--write-metadata` writes it beside the file, `-sj` prints it",
    ),
    (
        "--restrict-filenames --windows-filenames",
        None,
        "file names are always safe on every system",
    ),
    (
        "--insecure -k",
        Some("ca-cert"),
        "certificates are always checked; `--ca-cert FILE` trusts additional authorities",
    ),
    (
        "--no-check-certificate --no-check-certificates --check-certificate",
        Some("ca-cert"),
        "certificates are always checked; `--ca-cert FILE` trusts additional authorities",
    ),
    (
        "--username --user --password --http-user --http-password -u",
        Some("netrc"),
        "`--netrc` takes names and passwords from `~/.netrc`",
    ),
    (
        "--limit-rate --max-download-limit --max-overall-download-limit",
        Some("rate"),
        "use `-r RATE`",
    ),
    (
        "--dry-run --spider --skip-download --no-download",
        Some("simulate"),
        "`-s` prints what would be downloaded",
    ),
    (
        "--get-url --print-urls",
        Some("get-urls"),
        "`-g` prints the URLs of the media",
    ),
    (
        "--referer --referrer",
        Some("header"),
        "use `--header 'Referer: URL'`",
    ),
    (
        "--add-header --add-headers -H",
        Some("header"),
        "use `--header 'NAME: VALUE'`",
    ),
    (
        "-e",
        Some("header"),
        "use `--header 'Referer: URL'`, or `-R N` for retries",
    ),
    (
        "-A",
        Some("user-agent"),
        "use `--user-agent TEXT`, or `--accept PATTERN` for links",
    ),
    (
        "-U --useragent",
        Some("user-agent"),
        "use `--user-agent TEXT`",
    ),
    (
        "--http-proxy --https-proxy --all-proxy --socks5",
        Some("proxy"),
        "use `--proxy URL`",
    ),
    (
        "-x",
        Some("proxy"),
        "use `--proxy URL`, `-N N` for connections, or `--quality audio`",
    ),
    (
        "--cookie --load-cookies -b",
        Some("cookies"),
        "`-C FILE` reads cookies from a file",
    ),
    (
        "--cookie-jar",
        Some("save-cookies"),
        "`--save-cookies` writes cookies back to the file of `-C`",
    ),
    (
        "--cookies-from-browser",
        Some("cookies-from"),
        "use `--cookies-from firefox`",
    ),
    (
        "--retry --tries --max-tries -t",
        Some("retries"),
        "use `-R N`",
    ),
    (
        "--sleep --wait --sleep-interval --sleep-requests --sleep-request -w",
        None,
        "request rates adapt to each host; `requests_per_second` in `[host.\"name\"]` sets a lower limit",
    ),
    (
        "--split --max-concurrent-downloads --max-connection-per-server --concurrent-fragments --parallel-max --threads -n",
        Some("connections"),
        "downloads are always parallel; `-N N` sets the maximum number of connections",
    ),
    ("--parallel -Z", None, "downloads are always parallel"),
    (
        "--max-time --timeout --socket-timeout -T",
        Some("set"),
        "`-S net.stall_timeout=1m` sets how long a server may send nothing",
    ),
    (
        "--connect-timeout",
        Some("set"),
        "use `-S net.connect_timeout=10s`",
    ),
    ("--location -L", None, "redirects are always followed"),
    (
        "--request --data --data-raw --post-data -X",
        None,
        "`fetch from-curl` repeats a request copied from a browser, if it is a GET",
    ),
    (
        "--list-extractors --extractor-descriptions --list-modules",
        None,
        "`fetch sources` lists the supported sites",
    ),
    (
        "--update --update-to",
        None,
        "update it the way it was installed; `fetch plugin update` updates plugins",
    ),
    (
        "--ignore-config --config-ignore --no-config",
        None,
        "`FETCH_…` variables, `-c FILE` and flags override configuration files",
    ),
];

/// Improves the tip of an error of this command. Our flag that looks most like a foreign flag may mean the opposite, so its
/// own tip replaces clap's suggestion; and a suggestion that is no likely typo is removed.
pub(super) fn suggest(mut error: clap::Error, command: &clap::Command) -> clap::Error {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let flag = flag.clone();
    if !flag.starts_with('-') {
        return error;
    }
    // Clap suggests to pass the flag after `--`, where it would be a link; no flag is meant as one.
    if let Some(ContextValue::StyledStrs(mut tips)) = error.remove(ContextKind::Suggested) {
        tips.retain(|tip| !tip.to_string().starts_with("to pass "));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    let known = FOREIGN_FLAGS.iter().find(|(names, meant, _)| {
        names.split(' ').any(|name| name == flag)
            && meant.is_none_or(|meant| has_flag(command, meant))
    });
    if let Some((_, _, tip)) = known {
        error.remove(ContextKind::SuggestedArg);
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![(*tip).into()]),
        );
    } else if let Some(ContextValue::String(tip)) = error.get(ContextKind::SuggestedArg)
        && !is_typo(&flag, tip)
    {
        error.remove(ContextKind::SuggestedArg);
    }
    error
}

/// Whether this flag may have been meant: what was typed is a prefix of it, or close to it.
fn is_typo(typed: &str, flag: &str) -> bool {
    let (typed, flag) = (typed.trim_start_matches('-'), flag.trim_start_matches('-'));
    flag.starts_with(typed) || nearest(typed, &[flag]).is_some()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::Args;

    fn error_text(typed: &[&str]) -> String {
        let typed = ["fetch"].iter().chain(typed).map(Into::into);
        Args::read(typed).unwrap_err().to_string()
    }

    #[test]
    fn hints_for_foreign_flags_name_existing_ones() {
        let command = Args::command();
        let mut all = std::collections::HashSet::new();
        for (names, meant, _) in FOREIGN_FLAGS {
            assert!(
                meant.is_none_or(|meant| has_flag(&command, meant)),
                "{meant:?}"
            );
            for name in names.split(' ') {
                assert!(all.insert(name), "{name} is there twice");
                let error = error_text(&[name]);
                assert!(error.contains("unexpected argument"), "{error}");
                assert!(
                    error.contains("  tip: ") && !error.contains("similar"),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn foreign_flags_get_a_hint() {
        let table = [
            ("--batch-file=x", "tip: `-i FILE` reads"),
            ("--output-dir", "tip: `-d DIR` sets"),
            ("--write-sub", "tip: use `--subtitles all`"),
            (
                "-O",
                "tip: files are named automatically, or by `-o TEMPLATE`",
            ),
            ("--download-archive", "tip: use `--archive FILE`"),
        ];
        for (flag, expected) in table {
            let text = error_text(&["a.org", flag]);
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn only_typos_get_a_similar_flag() {
        for (flag, meant) in [
            ("--retry-all", None),
            ("--insecurely", None),
            ("--anything", None),
            ("-y", None),
            ("--retrys", Some("--retries")),
            ("--conections", Some("--connections")),
            ("--user-agnet", Some("--user-agent")),
            ("--outp", Some("--output")),
        ] {
            let text = error_text(&[flag]);
            match meant {
                Some(meant) => assert!(text.contains(&format!("exists: '{meant}'")), "{text}"),
                None => assert!(!text.contains("tip: "), "{text}"),
            }
        }
    }

    #[test]
    fn commands_without_a_flag_get_no_hint_for_it() {
        assert!(!error_text(&["jobs", "--dest"]).contains("-d DIR"));
        assert!(error_text(&["retry", "--dest"]).contains("-d DIR"));
    }
}
