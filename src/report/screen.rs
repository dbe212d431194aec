//! The lines at the bottom of a terminal: one for each active file, and one for the whole run.

use std::time::Duration;

use console::{measure_text_width, truncate_str};
use url::Url;

use super::lines::done;
use super::text::{clean, size, whole_time};
use super::{OpenItem, Summary};

/// The most lines for files, however tall the terminal is.
const MOST: usize = 12;

/// Rows left for messages that scroll by.
const SPARE: usize = 3;

/// A wait in progress.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wait {
    /// The item, if only one waits.
    pub(super) id: Option<u64>,
    /// The host that is waited for.
    pub(super) host: String,
    /// Why it waits.
    pub(super) reason: String,
    /// The remaining time.
    pub(super) remaining: Duration,
}

/// The lines for a terminal of this size. None is wider than the terminal.
pub(super) fn screen(
    summary: &Summary,
    waits: &[Wait],
    silent: bool,
    rate: Option<u64>,
    (rows, columns): (usize, usize),
) -> Vec<String> {
    let room = rows.saturating_sub(SPARE).min(MOST);
    let active = || summary.open().filter(|(_, item)| item.began);
    let count = active().count();
    // The line that counts the rest takes up one row.
    let shown = if count > room {
        room.saturating_sub(1)
    } else {
        count
    };
    let mut lines: Vec<String> = active()
        .take(shown)
        .map(|(id, item)| {
            let wait = waits.iter().find(|wait| wait.id == Some(id));
            file(item, wait, columns)
        })
        .collect();
    if count > shown && room > 0 {
        lines.push(format!("  … and {} more", count - shown));
    }
    let mut last = summary_line(summary, waits, rate);
    // Waits show their own reason.
    if silent && count == 0 && waits.is_empty() {
        last.push_str(&awaited(summary));
    }
    lines.push(last);
    for line in &mut lines {
        // The last column stays free: some terminals wrap when it is filled.
        *line = truncate_str(line, columns.saturating_sub(1), "…").into_owned();
    }
    lines
}

fn summary_line(summary: &Summary, waits: &[Wait], rate: Option<u64>) -> String {
    let mut parts = vec![format!("{} files", done(summary)), size(summary.moved)];
    if let Some(rate) = rate {
        parts.push(format!("{}/s", size(rate)));
        if let Some(left) = time_left(summary, rate) {
            parts.push(format!("{} left", whole_time(left)));
        }
    }
    let failed: u64 = summary
        .failed
        .values()
        .chain(summary.links_failed.values())
        .sum();
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    // Waits without a line of their own; if several are for one host, the first.
    let is_shown = |id| summary.open_item(id).is_some_and(|item| item.began);
    let others = waits.iter().filter(|wait| !wait.id.is_some_and(is_shown));
    let mut hosts: Vec<&str> = Vec::new();
    for wait in others {
        if hosts.contains(&wait.host.as_str()) {
            continue;
        }
        hosts.push(&wait.host);
        parts.push(format!(
            "{} waits {}: {}",
            clean(&wait.host),
            whole_time(wait.remaining),
            clean(&wait.reason)
        ));
    }
    parts.join("  ")
}

/// What the run is waiting for while nothing happens: the first response for a file, or else that one is found, which may
/// depend on a site, or on the user who types links. If all items have ended, it is a step after the download. The host is
/// named if it is the same for all files.
fn awaited(summary: &Summary) -> String {
    let mut open = summary.open().peekable();
    if open.peek().is_none() {
        return match summary.complete {
            true => String::new(),
            false => "  waiting".to_owned(),
        };
    }
    let host = |item: &OpenItem| {
        let url = Url::parse(item.named.url.as_deref()?).ok()?;
        url.host_str().map(str::to_owned)
    };
    let first = open.next().and_then(|(_, item)| host(item));
    match first.filter(|first| open.all(|(_, item)| host(item).as_ref() == Some(first))) {
        Some(host) => format!("  no response from {} yet", clean(&host)),
        None => "  no response yet".to_owned(),
    }
}

/// The time left, if it can be estimated: all items have been found, and their lengths are known.
fn time_left(summary: &Summary, rate: u64) -> Option<Duration> {
    if !summary.complete || rate == 0 {
        return None;
    }
    let mut rest = 0;
    for (_, item) in summary.open() {
        rest += item.total?.saturating_sub(item.bytes);
    }
    (rest > 0).then(|| Duration::from_secs(rest.div_ceil(rate)))
}

fn file(item: &OpenItem, wait: Option<&Wait>, columns: usize) -> String {
    let state = match (wait, item.total) {
        (Some(wait), _) => format!(
            "waits {}: {}",
            whole_time(wait.remaining),
            clean(&wait.reason)
        ),
        (None, Some(total)) if total > 0 => {
            let percent = item.bytes.min(total) as u128 * 100 / u128::from(total);
            let amount = format!("{} of {}", size(item.bytes), size(total));
            let percent = format!("{percent:>3}%");
            match columns {
                0..50 => percent,
                50..80 => format!("{percent}  {amount:<20}"),
                _ => format!("{}  {percent}  {amount:<20}", bar(item.bytes, total)),
            }
        }
        (None, _) => size(item.bytes),
    };
    // A long reason must leave room for the name.
    let state = truncate_str(&state, columns.saturating_sub(16), "…");
    let room = columns.saturating_sub(measure_text_width(&state) + 5);
    let path = clean(&item.named.path);
    let name = truncate_str(path.rsplit('/').next().unwrap_or(&path), room, "…");
    let pad = room.saturating_sub(measure_text_width(&name));
    format!("  {name}{:pad$}  {state}", "")
        .trim_end()
        .to_owned()
}

fn bar(bytes: u64, total: u64) -> String {
    const WIDTH: usize = 20;
    let full = (u128::from(bytes.min(total)) * WIDTH as u128 / u128::from(total)) as usize;
    format!("{}{}", "━".repeat(full), "┄".repeat(WIDTH - full))
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::{ended, found, saved};
    use super::*;
    use crate::model::Event;

    fn began(count: u64) -> Summary {
        let mut summary = Summary::default();
        for id in 1..=count {
            summary.take(&found(id));
            summary.take(&Event::Began {
                id,
                total: Some(1000),
                have: 0,
            });
            let bytes = (id * 100).min(1000);
            summary.take(&Event::Moved { id, bytes });
        }
        summary
    }

    #[test]
    fn adapts_to_the_width() {
        let mut summary = began(1);
        summary.take(&Event::Complete);
        let table: [(usize, [&str; 2]); 4] = [
            (
                100,
                [
                    "  01 Title 1.jpg                                   ━━┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄   10%  100 B of 1.0 kB",
                    "0 of 1 files  100 B  50 B/s  18 s left",
                ],
            ),
            (
                60,
                [
                    "  01 Title 1.jpg                  10%  100 B of 1.0 kB",
                    "0 of 1 files  100 B  50 B/s  18 s left",
                ],
            ),
            (
                30,
                [
                    "  01 Title 1.jpg          10%",
                    "0 of 1 files  100 B  50 B/s …",
                ],
            ),
            (10, ["         …", "0 of 1 f…"]),
        ];
        for (columns, expected) in table {
            let lines = screen(&summary, &[], false, Some(50), (24, columns));
            assert!(lines.iter().all(|line| measure_text_width(line) < columns));
            if columns > 10 {
                assert_eq!(lines, expected, "{columns}");
            }
        }
    }

    #[test]
    fn shows_as_many_files_as_fit() {
        let summary = began(20);
        let table = [
            (50, 13, "  … and 9 more"),
            (10, 8, "  … and 14 more"),
            (4, 2, "  … and 20 more"),
        ];
        for (rows, count, rest) in table {
            let lines = screen(&summary, &[], false, None, (rows, 80));
            assert_eq!(
                (lines.len(), lines[count - 2].as_str()),
                (count, rest),
                "{rows}"
            );
        }
        assert_eq!(
            screen(&summary, &[], false, None, (2, 80)),
            ["0 of 20+ files  15.5 kB"]
        );
        assert_eq!(screen(&began(12), &[], false, None, (24, 80)).len(), 13);
    }

    #[test]
    fn measures_wide_characters_and_drops_harmful_ones() {
        let mut summary = began(1);
        let Event::Found { mut path, .. } = found(1) else {
            return;
        };
        path = format!("x/\u{1b}[2J{}{path}", "猫".repeat(40)).replace("imgur/album/", "");
        let mut event = found(2);
        if let Event::Found { path: p, .. } = &mut event {
            *p = path;
        }
        summary.take(&event);
        summary.take(&Event::Began {
            id: 2,
            total: None,
            have: 0,
        });
        let lines = screen(&summary, &[], false, None, (24, 40));
        assert_eq!(lines[1], "  [2J猫猫猫猫猫猫猫猫猫猫猫猫猫…     0%");
        assert!(measure_text_width(&lines[1]) < 40);
    }

    #[test]
    fn says_who_does_not_answer() {
        let mut summary = Summary::default();
        let last = |summary: &Summary, silent| screen(summary, &[], silent, None, (24, 80)).pop();
        let silent = last(&summary, true).unwrap();
        assert_eq!(silent, "0 of 0+ files  0 B  waiting");
        summary.take(&found(1));
        let silent = last(&summary, true).unwrap();
        assert_eq!(
            silent,
            "0 of 1+ files  0 B  no response from i.imgur.com yet"
        );
        assert_eq!(last(&summary, false).unwrap(), "0 of 1+ files  0 B");
        // Among several hosts, it is not known which one is waited for, nor the host of an item without a URL.
        let mut several = summary.clone();
        let mut other = found(2);
        for host in [Some("https://x.org/"), None] {
            if let Event::Found { url, .. } = &mut other {
                *url = host.map(str::to_owned);
            }
            several.take(&other);
            let silent = last(&several, true).unwrap();
            assert_eq!(silent, "0 of 2+ files  0 B  no response yet");
            several = summary.clone();
        }
        summary.take(&ended(1, saved(1000)));
        summary.take(&Event::Complete);
        assert_eq!(last(&summary, true).unwrap(), "1 of 1 files  1.0 kB");
        // A download in progress has had a response.
        assert_eq!(last(&began(1), true).unwrap(), "0 of 1+ files  100 B");
    }

    #[test]
    fn shows_why_what_has_not_begun_waits() {
        let mut summary = Summary::default();
        let wait = |id, host: &str| Wait {
            id: Some(id),
            host: host.into(),
            reason: "no answer".into(),
            remaining: Duration::from_secs(3),
        };
        for id in 1..=3 {
            summary.take(&found(id));
        }
        let waits = [wait(1, "x.org"), wait(2, "x.org"), wait(3, "y.org")];
        let lines = screen(&summary, &waits, true, None, (24, 80));
        let expected = "0 of 3+ files  0 B  x.org waits 3 s: no answer  y.org waits 3 s: no answer";
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn shows_who_waits_and_why() {
        let wait = |id| Wait {
            id,
            host: "imgur.com".into(),
            reason: "it asked us to".into(),
            remaining: Duration::from_millis(11_200),
        };
        let lines = screen(
            &began(1),
            &[wait(Some(1)), wait(None)],
            true,
            None,
            (24, 60),
        );
        assert_eq!(
            lines,
            [
                "  01 Title 1.jpg                 waits 12 s: it asked us to",
                "0 of 1+ files  100 B  imgur.com waits 12 s: it asked us to"
            ]
        );
    }
}
