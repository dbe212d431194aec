//! The last lines of a run.

use std::collections::{BTreeMap, HashSet};

use console::style;
use url::Url;

use super::lines;
use super::repeats::reason;
use super::summary::{Missed, Named};
use super::text::{self, address, causes, clean, push, size, time};
use super::{Summary, Verbosity};
use crate::model::{Failure, Kind, Skip};
use crate::net::Redacted;

/// So many failures push everything else off the screen.
const MANY: usize = 20;

/// The last lines of a run: the totals in one line, then each failure with the details to investigate it.
pub fn totals(summary: &Summary, verbosity: Verbosity, colours: bool) -> String {
    let mut text = String::new();
    if verbosity == Verbosity::Quiet && !summary.has_failures() {
        return text;
    }
    // A run that ended with an error before anything was found has no totals.
    if !summary.complete && !summary.interrupted && summary.is_empty() {
        return text;
    }
    let counts = counts(summary) + "\n";
    text.push_str(&counts);
    if is_all_gone(summary) && verbosity != Verbosity::Quiet {
        text.push_str("hint: `--recheck` also requests what was gone from its site\n");
    }
    if !summary.lacking.is_empty() && verbosity != Verbosity::Quiet {
        let fields = summary.lacking.join("` and `");
        text.push_str(&format!(
            "hint: the filter uses `{fields}`, which none of the items has\n"
        ));
    }
    // Each hint is printed once, however many failures have it.
    let mut shown_hints = HashSet::new();
    let mut hint = |text: &mut String, failure: &Failure| {
        if shown_hints.insert(failure.hint.clone()) {
            text::hint(text, failure);
        }
    };
    let mut listed = summary.link_failures.len();
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
        listed += 1;
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
    // The first line has scrolled off the screen.
    if listed > MANY {
        text.push_str(&counts);
    }
    if summary.interrupted {
        interrupted(&mut text, summary);
    }
    text
}

/// Adds what an interrupted run has not done, and how to continue it.
fn interrupted(text: &mut String, summary: &Summary) {
    let unseen = match summary.complete {
        true => "",
        false => ", and not everything was listed",
    };
    text.push_str(&match summary.not_done() {
        // It may have been a live stream, which cannot be continued.
        0 if summary.complete => "interrupted: work in progress was finished, and nothing else is left\n".to_owned(),
        0 if summary.found == 0 => "interrupted: not everything was listed; run the same command again to continue\n".to_owned(),
        0 => format!("interrupted: work in progress was finished{unseen}; run the same command again for the rest\n"),
        count => format!("interrupted: {count} not done{unseen}; run the same command again to continue\n"),
    });
    let was_left = |missed: &Missed| missed.what == "exec" && missed.failure.kind == Kind::Closed;
    if summary.missed.iter().any(was_left) {
        text.push_str("  hint: saved files count as had, so that later runs do not run the command for them; `--skip never` fetches them again\n");
    }
}

/// Whether all items were known to be gone before the run, so that nothing was requested.
fn is_all_gone(summary: &Summary) -> bool {
    let gone = summary.skipped(Skip::Gone);
    gone > 0 && gone + summary.skipped(Skip::Again) == summary.found
}

/// The name of a failed item: `source:key`, or its URL if that is the key.
pub(super) fn name(named: &Named) -> String {
    // What follows the URL distinguishes it from others that differ in their secrets only.
    let (url, _) = named.key.split_once(' ').unwrap_or((&named.key, ""));
    match Url::parse(url) {
        Ok(url) if url.has_host() => Redacted(&url).to_string(),
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

/// Adds the files that failed for the same reason as the one above. If there are many, they are listed only with `-v`.
fn in_the_same_way(text: &mut String, files: &[&Named], verbosity: Verbosity) {
    /// How many fit into a line.
    const FEW: usize = 3;
    text.push_str(&format!("  and {} more for the same reason", files.len()));
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
        text.push_str(": `-v` or `fetch history RUN` lists them\n");
    }
}

fn counts(summary: &Summary) -> String {
    let skipped = |reason| summary.skipped(reason);
    // Those with a count of their own below are subtracted.
    let had = summary.had() - skipped(Skip::Duplicate) - skipped(Skip::Adopted);
    let mut parts = Vec::new();
    // Where nothing is downloaded, `0 new` says nothing.
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
mod tests;
