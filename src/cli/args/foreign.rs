//! Flags that other programs have and this one has not, and what is said of them.

use clap::error::{ContextKind, ContextValue};

use super::read::has_flag;
use crate::source::nearest;

/// Names of flags with blanks between them, the flag that is meant by them, if it is one, and what is told.
type Row = (&'static str, Option<&'static str>, &'static str);

/// As curl, wget, aria2, gallery-dl and yt-dlp have them. Where a letter is another flag in each, all are told.
const KNOWN: [Row; 49] = [
    (
        "--batch-file --input --url-file -a",
        Some("input-file"),
        "`-i FILE` reads links from a file",
    ),
    ("--continue", None, "what was interrupted goes on by itself"),
    (
        "--output-dir --dest --destination --dir --directory-prefix --paths -D -P",
        Some("directory"),
        "`-d DIR` says where to write",
    ),
    (
        "--filename --out --output-document --output-template --remote-name --remote-name-all -O",
        Some("output"),
        "files are named by themselves, or by `-o TEMPLATE`",
    ),
    (
        "--recursive --level --mirror --page-requisites -l -m",
        Some("depth"),
        "`--depth N` follows the links of a page",
    ),
    (
        "--no-parent --domains --include-directories",
        Some("accept"),
        "`--accept PATTERN` says which links are followed",
    ),
    (
        "--span-hosts",
        Some("same-host"),
        "`--same-host=false` is that here",
    ),
    (
        "--write-sub --write-subs --write-auto-sub --write-auto-subs --sub-lang --sub-langs --all-subs --embed-subs",
        Some("subtitles"),
        "`--subtitles all` is that here, or `--subtitles en,de`",
    ),
    (
        "--format --format-sort -f",
        Some("quality"),
        "`--quality 720p` is that here",
    ),
    (
        "--extract-audio --audio-only",
        Some("quality"),
        "`--quality audio` is that here",
    ),
    (
        "--list-formats -F",
        None,
        "`fetch -v` tells which renditions there are; `--quality` chooses",
    ),
    (
        "--dateafter --date-after",
        Some("since"),
        "`--since DATE` is that here",
    ),
    (
        "--datebefore --date-before",
        Some("until"),
        "`--until DATE` is that here",
    ),
    (
        "--match-filter --match-filters --image-filter",
        Some("filter"),
        "`--filter EXPRESSION` is that here",
    ),
    (
        "--range --playlist-items --playlist-start --playlist-end --image-range",
        Some("items"),
        "`-I RANGE` chooses by position",
    ),
    (
        "--max-downloads --limit",
        Some("max-new"),
        "`--max-new N` is that here",
    ),
    (
        "--break-on-existing --abort",
        Some("stop-after-known"),
        "`--stop-after-known N` is that here",
    ),
    (
        "--download-archive",
        Some("archive"),
        "`--archive FILE` is that here; without it, an archive is kept as well",
    ),
    (
        "--no-clobber --no-overwrites --skip-existing --no-skip",
        Some("skip"),
        "nothing is overwritten; `--skip` says what of the known is left alone",
    ),
    (
        "--timestamping --remote-time",
        Some("skip"),
        "files get the times of the server; `--skip changed` looks for new versions",
    ),
    (
        "--write-info-json --dump-json",
        Some("write-metadata"),
        "`--write-metadata` writes it beside the file, `-sj` prints it",
    ),
    (
        "--restrict-filenames --windows-filenames",
        None,
        "names are safe on every system by themselves",
    ),
    (
        "--insecure -k",
        Some("ca-cert"),
        "certificates are always checked; `--ca-cert FILE` trusts further authorities",
    ),
    (
        "--no-check-certificate --no-check-certificates --check-certificate",
        Some("ca-cert"),
        "certificates are always checked; `--ca-cert FILE` trusts further authorities",
    ),
    (
        "--username --user --password --http-user --http-password -u",
        Some("netrc"),
        "`--netrc` takes names and passwords from `~/.netrc`",
    ),
    (
        "--limit-rate --max-download-limit --max-overall-download-limit",
        Some("rate"),
        "`-r RATE` is that here",
    ),
    (
        "--dry-run --spider --skip-download --no-download",
        Some("simulate"),
        "`-s` tells what would be fetched",
    ),
    (
        "--get-url --print-urls",
        Some("get-urls"),
        "`-g` prints the URLs of the media",
    ),
    (
        "--referer --referrer",
        Some("header"),
        "`--header 'Referer: URL'` is that here",
    ),
    (
        "--add-header --add-headers -H",
        Some("header"),
        "`--header 'NAME: VALUE'` is that here",
    ),
    (
        "-e",
        Some("header"),
        "`--header 'Referer: URL'`, or `-R N` for tries, is that here",
    ),
    (
        "-A",
        Some("user-agent"),
        "`--user-agent TEXT`, or `--accept PATTERN`, is that here",
    ),
    (
        "-U --useragent",
        Some("user-agent"),
        "`--user-agent TEXT` is that here",
    ),
    (
        "--http-proxy --https-proxy --all-proxy --socks5",
        Some("proxy"),
        "`--proxy URL` is that here",
    ),
    (
        "-x",
        Some("proxy"),
        "`--proxy URL`, `-N N` for connections, or `--quality audio` is that here",
    ),
    (
        "--cookie --load-cookies -b",
        Some("cookies"),
        "`-C FILE` reads cookies from a file",
    ),
    (
        "--cookie-jar",
        Some("save-cookies"),
        "`--save-cookies` writes them back to the file of `-C`",
    ),
    (
        "--cookies-from-browser",
        Some("cookies-from"),
        "`--cookies-from firefox` is that here",
    ),
    (
        "--retry --tries --max-tries -t",
        Some("retries"),
        "`-R N` is that here",
    ),
    (
        "--sleep --wait --sleep-interval --sleep-requests --sleep-request -w",
        None,
        "each host gets what it takes by itself; `requests_per_second` of `[host.\"name\"]` holds it lower",
    ),
    (
        "--split --max-concurrent-downloads --max-connection-per-server --concurrent-fragments --parallel-max --threads -n",
        Some("connections"),
        "many files come at once by themselves; `-N N` is the most",
    ),
    (
        "--parallel -Z",
        None,
        "many files come at once by themselves",
    ),
    (
        "--max-time --timeout --socket-timeout -T",
        Some("set"),
        "`-S net.stall_timeout=1m` says how long nothing may come",
    ),
    (
        "--connect-timeout",
        Some("set"),
        "`-S net.connect_timeout=10s` is that here",
    ),
    (
        "--location -L",
        None,
        "redirects are followed by themselves",
    ),
    (
        "--request --data --data-raw --post-data -X",
        None,
        "`fetch from-curl` takes such a request as a browser copies it, if it is a GET",
    ),
    (
        "--list-extractors --extractor-descriptions --list-modules",
        None,
        "`fetch sources` lists the sites that are known",
    ),
    (
        "--update --update-to",
        None,
        "it is updated in the way in which it was installed; plugins by `fetch plugin update`",
    ),
    (
        "--ignore-config --config-ignore --no-config",
        None,
        "`FETCH_…` variables, `-c FILE` and flags hold over what is set in files",
    ),
];

/// The same error of this command. What looks most like a flag of another program may be the opposite of what it is there, and
/// what is no slip is no similar flag.
pub(super) fn meant(mut error: clap::Error, command: &clap::Command) -> clap::Error {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let flag = flag.clone();
    if !flag.starts_with('-') {
        return error;
    }
    // What stands behind `--` is a link, which no flag is meant to be.
    if let Some(ContextValue::StyledStrs(mut tips)) = error.remove(ContextKind::Suggested) {
        tips.retain(|tip| !tip.to_string().starts_with("to pass "));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    let known = KNOWN.iter().find(|(names, meant, _)| {
        names.split(' ').any(|name| name == flag)
            && meant.is_none_or(|meant| has_flag(command, meant))
    });
    if let Some((_, _, told)) = known {
        error.remove(ContextKind::SuggestedArg);
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![(*told).into()]),
        );
    } else if let Some(ContextValue::String(tip)) = error.get(ContextKind::SuggestedArg)
        && !is_slip(&flag, tip)
    {
        error.remove(ContextKind::SuggestedArg);
    }
    error
}

/// Whether somebody may have meant this flag: there is a letter too many in it, one is missing, or the end is.
fn is_slip(typed: &str, flag: &str) -> bool {
    let (typed, flag) = (typed.trim_start_matches('-'), flag.trim_start_matches('-'));
    flag.starts_with(typed) || nearest(typed, &[flag]).is_some()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::Args;

    fn told(typed: &[&str]) -> String {
        let typed = ["fetch"].iter().chain(typed).map(Into::into);
        Args::read(typed).unwrap_err().to_string()
    }

    #[test]
    fn what_is_told_of_a_flag_is_of_one_that_there_is() {
        let command = Args::command();
        let mut all = std::collections::HashSet::new();
        for (names, meant, _) in KNOWN {
            assert!(
                meant.is_none_or(|meant| has_flag(&command, meant)),
                "{meant:?}"
            );
            for name in names.split(' ') {
                assert!(all.insert(name), "{name} is there twice");
                let error = told(&[name]);
                assert!(error.contains("unexpected argument"), "{error}");
                assert!(
                    error.contains("  tip: ") && !error.contains("similar"),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn a_flag_of_another_program_is_told_what_it_is_here() {
        let table = [
            ("--batch-file=x", "tip: `-i FILE` reads"),
            ("--output-dir", "tip: `-d DIR` says"),
            ("--write-sub", "tip: `--subtitles all` is"),
            (
                "-O",
                "tip: files are named by themselves, or by `-o TEMPLATE`",
            ),
            ("--download-archive", "tip: `--archive FILE` is"),
        ];
        for (flag, expected) in table {
            let told = told(&["a.org", flag]);
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn only_a_slip_is_told_what_is_similar() {
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
            let told = told(&[flag]);
            match meant {
                Some(meant) => assert!(told.contains(&format!("exists: '{meant}'")), "{told}"),
                None => assert!(!told.contains("tip: "), "{told}"),
            }
        }
    }

    #[test]
    fn a_command_without_the_flag_is_not_told_of_it() {
        assert!(!told(&["jobs", "--dest"]).contains("-d DIR"));
        assert!(told(&["retry", "--dest"]).contains("-d DIR"));
    }
}
