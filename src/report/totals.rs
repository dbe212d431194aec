//! The last lines of a run.

use std::collections::BTreeMap;

use console::style;
use url::Url;

use super::lines;
use super::repeats::reason;
use super::summary::{Missed, Named};
use super::text::{address, causes, clean, hint, push, size, time};
use super::{Summary, Verbosity};
use crate::model::{Failure, Kind, Skip};
use crate::net::Shown;

/// The last lines of a run: the totals in one, then each failure with what is needed to look into it.
pub fn totals(summary: &Summary, verbosity: Verbosity, colours: bool) -> String {
    let mut text = String::new();
    if verbosity == Verbosity::Quiet && !summary.has_failures() {
        return text;
    }
    // A run that ended before anything came of it has its error to tell, and no totals.
    if !summary.complete && !summary.interrupted && summary.is_empty() {
        return text;
    }
    text.push_str(&counts(summary));
    text.push('\n');
    if is_all_gone(summary) && verbosity != Verbosity::Quiet {
        text.push_str("hint: `--recheck` asks once more for what was gone from its site\n");
    }
    if !summary.lacking.is_empty() && verbosity != Verbosity::Quiet {
        let fields = summary.lacking.join("` and `");
        text.push_str(&format!(
            "hint: the filter asks for `{fields}`, which nothing that was found has\n"
        ));
    }
    let mut alike: BTreeMap<String, Vec<&Named>> = BTreeMap::new();
    for item in &summary.failures {
        if let Some(reason) = reason(&item.failure) {
            alike.entry(reason).or_default().push(&item.named);
        }
    }
    for item in &summary.failures {
        let alike = match reason(&item.failure).map(|reason| alike.remove(&reason)) {
            Some(None) => continue,
            alike => alike.flatten().unwrap_or_default(),
        };
        failed(&mut text, &name(&item.named), &item.failure, colours);
        let named = &item.named;
        let is_named_by_url = named.url.as_deref() == Some(name(named).as_str());
        for (label, value) in [
            ("page", &named.page),
            ("url", &named.url.clone().filter(|_| !is_named_by_url)),
        ] {
            if let Some(value) = value {
                push(&mut text, label, value);
            }
        }
        push(&mut text, "attempts", &item.failure.attempts.to_string());
        hint(&mut text, &item.failure);
        if let [_, others @ ..] = alike.as_slice()
            && !others.is_empty()
        {
            in_the_same_way(&mut text, others, verbosity);
        }
    }
    for link in &summary.link_failures {
        failed(&mut text, address(&link.link), &link.failure, colours);
        hint(&mut text, &link.failure);
    }
    for missed in &summary.missed {
        text.push_str(&lines::missed(&missed.what, &missed.path, &missed.failure));
        text.push('\n');
        causes(&mut text, &missed.failure);
        hint(&mut text, &missed.failure);
    }
    let kept = summary.failures.len() + summary.link_failures.len();
    let all = sum(&summary.failed) + sum(&summary.links_failed);
    if all > kept as u64 {
        text.push_str(&format!("… and {} more failures\n", all - kept as u64));
    }
    if summary.interrupted {
        text.push_str(&match summary.not_done() {
            // It may have been a live stream, which nobody can go on with.
            0 => "interrupted: what had begun has ended; the same command again fetches what is left\n".to_owned(),
            count => format!("interrupted: {count} not done; run the same command again to go on\n"),
        });
        let was_left =
            |missed: &Missed| missed.what == "exec" && missed.failure.kind == Kind::Closed;
        if summary.missed.iter().any(was_left) {
            text.push_str("  hint: what is saved counts as had, so that no later run runs the command for it; `--skip never` fetches it again\n");
        }
    }
    text
}

/// Whether all that was found was gone before the run, so that nothing was asked for.
fn is_all_gone(summary: &Summary) -> bool {
    let gone = summary.skipped(Skip::Gone);
    gone > 0 && gone + summary.skipped(Skip::Again) == summary.found
}

/// What a failed item is called: `source:key`, or the URL where that is the key.
pub(super) fn name(named: &Named) -> String {
    match Url::parse(&named.key) {
        Ok(url) if url.has_host() => Shown(&url).to_string(),
        _ => format!("{}:{}", named.source, named.key),
    }
}

fn failed(text: &mut String, name: &str, failure: &Failure, colours: bool) {
    let label = style("failed").red().force_styling(colours);
    let message = clean(&failure.message);
    // Many messages name the link or the URL already.
    match clean(name) {
        name if name.is_empty() || message.contains(&*name) => {
            text.push_str(&format!("{label}: {message}\n"));
        }
        name => text.push_str(&format!("{label}: `{name}` {message}\n")),
    }
    causes(text, failure);
}

/// The files that failed as one that was told. Of many, all are named where that is wanted.
fn in_the_same_way(text: &mut String, files: &[&Named], verbosity: Verbosity) {
    /// So many fit in a line.
    const FEW: usize = 3;
    text.push_str(&format!("  and {} more in the same way", files.len()));
    if verbosity == Verbosity::Verbose {
        text.push_str(":\n");
        for named in files {
            let (name, path) = (name(named), clean(&named.path));
            text.push_str(&format!("    `{}` {path}\n", clean(&name)));
        }
    } else if files.len() <= FEW {
        let paths = files
            .iter()
            .map(|named| format!("`{}`", clean(&named.path)));
        let paths: Vec<_> = paths.collect();
        text.push_str(&format!(": {}\n", paths.join(", ")));
    } else {
        text.push_str(": `-v` names them, and `fetch history RUN`\n");
    }
}

fn counts(summary: &Summary) -> String {
    let skipped = |reason| summary.skipped(reason);
    // What is told apart below is had as well.
    let had = summary.had() - skipped(Skip::Duplicate) - skipped(Skip::Adopted);
    let mut parts = Vec::new();
    // Where nothing is to be fetched, that nothing is new is no news.
    if [Skip::Simulated, Skip::Adopted, Skip::Absent]
        .into_iter()
        .all(|reason| skipped(reason) == 0)
    {
        parts.push(format!("{} new", summary.saved));
    }
    let mut part = |count: u64, what: &str| {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    };
    part(had, "had");
    part(skipped(Skip::Duplicate), "the same as others");
    part(skipped(Skip::Adopted), "adopted");
    part(skipped(Skip::Absent), "not there");
    part(skipped(Skip::Gone), "gone");
    part(skipped(Skip::Again), "repeated");
    part(skipped(Skip::Simulated), "would be fetched");
    part(
        sum(&summary.failed),
        &format!("failed{}", kinds(&summary.failed)),
    );
    if !summary.interrupted {
        part(summary.not_done(), "not done");
    }
    let mut line = match (summary.found, summary.left_out) {
        (0, 0) => "nothing found".to_owned(),
        (0, left) => format!("nothing chosen of {left} found"),
        (found, 0) => format!("{found} found: {}", parts.join(", ")),
        (found, left) => format!("{found} found: {}; {left} left out", parts.join(", ")),
    };
    match sum(&summary.links_failed) {
        0 => {}
        1 => line.push_str(&format!("; 1 link failed{}", kinds(&summary.links_failed))),
        count => line.push_str(&format!(
            "; {count} links failed{}",
            kinds(&summary.links_failed)
        )),
    }
    match summary.warnings {
        0 => {}
        1 => line.push_str("; 1 with a warning"),
        count => line.push_str(&format!("; {count} with warnings")),
    }
    match summary.missed.len() {
        0 => {}
        count => line.push_str(&format!("; {count} not followed up")),
    }
    line.push_str("   ");
    if summary.saved > 0 {
        let came = summary.bytes.saturating_sub(summary.before);
        line.push_str(&format!("{} in ", size(came)));
    }
    line.push_str(&time(summary.elapsed));
    line
}

fn kinds(failed: &BTreeMap<Kind, u64>) -> String {
    let kinds: Vec<_> = failed
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    match kinds.is_empty() {
        true => String::new(),
        false => format!(" ({})", kinds.join(", ")),
    }
}

fn sum(counts: &BTreeMap<Kind, u64>) -> u64 {
    counts.values().sum()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::summary::tests::{ended, failure, found, listed, saved, skipped};
    use super::*;
    use crate::model::{Event, Outcome};

    fn summary(events: &[Event]) -> Summary {
        let mut summary = Summary::default();
        for event in events {
            summary.take(event);
        }
        summary.elapsed = Duration::from_millis(2_100);
        summary
    }

    fn text(summary: &Summary) -> String {
        totals(summary, Verbosity::Normal, false)
    }

    #[test]
    fn tells_what_came_and_each_failure() {
        let mut events: Vec<Event> = (1..=24).map(found).collect();
        events.extend((1..=21).map(|id| ended(id, saved(871_428))));
        events.extend((22..=23).map(|id| ended(id, skipped(Skip::Present))));
        let mut gone = failure(Kind::Missing, "removed from Imgur");
        gone.causes = vec!["it went\u{1b}[2J to `/removed.png`".into()];
        gone.hint = Some("look at the page".into());
        events.push(ended(24, Outcome::Failed(gone)));
        let expected = "\
24 found: 21 new, 2 had, 1 failed (1 missing)   18.3 MB in 2.1 s
failed: `imgur:key24` removed from Imgur
  because: it went[2J to `/removed.png`
  page: https://imgur.com/key24
  url: https://i.imgur.com/key24.jpg
  attempts: 1
  hint: look at the page
";
        let summary = summary(&events);
        assert_eq!(text(&summary), expected);
        assert_eq!(totals(&summary, Verbosity::Quiet, false), expected);
    }

    #[test]
    fn a_disk_that_refuses_all_is_told_once() {
        let refused = |id| {
            let mut failure = failure(Kind::Disk, &format!("cannot write `{id}`"));
            failure.causes = vec!["permission denied".into()];
            ended(id, Outcome::Failed(failure))
        };
        let mut events: Vec<Event> = (1..=3).map(found).collect();
        events.extend((1..=3).map(refused));
        let text = text(&summary(&events));
        assert_eq!(text.matches("because: permission denied").count(), 1);
        let rest = "  and 2 more in the same way: `imgur/album/02 Title 2.jpg`, `imgur/album/03 Title 3.jpg`\n";
        assert!(text.ends_with(rest), "{text}");
    }

    #[test]
    fn of_many_that_a_disk_refuses_each_can_be_had() {
        let mut events: Vec<Event> = (1..=30).map(found).collect();
        let failed = |id| ended(id, Outcome::Failed(failure(Kind::Disk, "it is full")));
        events.extend((1..=30).map(failed));
        let summary = summary(&events);
        let rest = "  and 29 more in the same way: `-v` names them, and `fetch history RUN`\n";
        assert!(text(&summary).ends_with(rest), "{}", text(&summary));
        let all = totals(&summary, Verbosity::Verbose, false);
        for id in 2..=30 {
            let line = format!("    `imgur:key{id}` imgur/album/{id:02} Title {id}.jpg\n");
            assert!(all.contains(&line), "{all}");
        }
    }

    #[test]
    fn tells_what_was_left_out() {
        let left = |lacking: &[&str]| Event::LeftOut {
            items: 3,
            lacking: lacking.iter().map(|field| (*field).to_owned()).collect(),
        };
        let none = summary(&[left(&[]), Event::Complete]);
        assert_eq!(text(&none), "nothing chosen of 3 found   2.1 s\n");
        let none = summary(&[left(&["size", "width"]), Event::Complete]);
        let expected = "nothing chosen of 3 found   2.1 s\n\
            hint: the filter asks for `size` and `width`, which nothing that was found has\n";
        assert_eq!(text(&none), expected);
        let some = summary(&[found(1), left(&[]), ended(1, saved(10))]);
        let expected = "1 found: 1 new; 3 left out   10 B in 2.1 s\n";
        assert_eq!(text(&some), expected);
    }

    #[test]
    fn is_short_when_all_is_well_and_silent_when_quiet() {
        let summary = summary(&[found(1), ended(1, saved(10))]);
        assert_eq!(text(&summary), "1 found: 1 new   10 B in 2.1 s\n");
        assert_eq!(totals(&summary, Verbosity::Quiet, false), "");
    }

    #[test]
    fn tells_of_links_that_failed() {
        let mut unknown = failure(Kind::Unsupported, "no source knows `gopher://x/`");
        unknown.hint = Some("`fetch sources` lists what is known".into());
        let summary = summary(&[
            listed("gopher://x/", Some(unknown)),
            listed(
                "https://imgur.com/a/x",
                Some(failure(Kind::Login, "the site wants a key")),
            ),
            listed(
                "",
                Some(failure(Kind::Config, "line 3 of `list.txt` is not a link")),
            ),
        ]);
        let expected = "\
nothing found; 3 links failed (1 config, 1 unsupported, 1 login)   2.1 s
failed: no source knows `gopher://x/`
  hint: `fetch sources` lists what is known
failed: `https://imgur.com/a/x` the site wants a key
failed: line 3 of `list.txt` is not a link
";
        assert_eq!(text(&summary), expected);
    }

    #[test]
    fn tells_what_an_interrupted_run_left() {
        let mut summary = summary(&[found(1), ended(1, saved(10)), found(2), found(3)]);
        summary.interrupted = true;
        let expected = "\
3 found: 1 new   10 B in 2.1 s
interrupted: 2 not done; run the same command again to go on
";
        assert_eq!(text(&summary), expected);
    }

    #[test]
    fn promises_nothing_to_go_on_with_where_all_has_ended() {
        let mut summary = summary(&[found(1), ended(1, saved(10))]);
        summary.interrupted = true;
        let expected = "\
1 found: 1 new   10 B in 2.1 s
interrupted: what had begun has ended; the same command again fetches what is left
";
        assert_eq!(text(&summary), expected);
    }

    #[test]
    fn tells_what_a_simulation_would_do() {
        let mut events = vec![found(1), found(2), found(3)];
        events.push(ended(1, skipped(Skip::Simulated)));
        events.push(ended(2, skipped(Skip::Again)));
        events.push(ended(3, skipped(Skip::Seen)));
        assert_eq!(
            text(&summary(&events)),
            "3 found: 1 had, 1 repeated, 1 would be fetched   2.1 s\n"
        );
    }

    #[test]
    fn a_key_that_is_a_url_is_shown_without_its_secrets() {
        let named = Named {
            source: "direct".into(),
            key: "https://x.org/f.jpg?token=abc".into(),
            ..Named::default()
        };
        assert_eq!(name(&named), "https://x.org/f.jpg?token=***");
    }
}
