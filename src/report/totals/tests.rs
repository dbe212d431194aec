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
    let rest = "  and 2 more for the same reason: `imgur/album/02 Title 2.jpg`, `imgur/album/03 Title 3.jpg`\n";
    assert!(text.ends_with(rest), "{text}");
}

#[test]
fn of_many_that_a_disk_refuses_each_can_be_had() {
    let mut events: Vec<Event> = (1..=30).map(found).collect();
    let failed = |id| ended(id, Outcome::Failed(failure(Kind::Disk, "it is full")));
    events.extend((1..=30).map(failed));
    let summary = summary(&events);
    let rest = "  and 29 more for the same reason: `-v` or `fetch history RUN` lists them\n";
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
        hint: the filter uses `size` and `width`, which none of the items has\n";
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
    let mut unknown = failure(Kind::Unsupported, "no source recognises `gopher://x/`");
    unknown.hint = Some("`fetch sources` lists the supported sites".into());
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
failed: no source recognises `gopher://x/`
  hint: `fetch sources` lists the supported sites
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
interrupted: 2 not done, and not everything was listed; run the same command again to continue
";
    assert_eq!(text(&summary), expected);
    summary.take(&Event::Complete);
    let expected = "\
3 found: 1 new   10 B in 2.1 s
interrupted: 2 not done; run the same command again to continue
";
    assert_eq!(text(&summary), expected);
}

#[test]
fn promises_nothing_to_go_on_with_where_all_has_ended() {
    let mut summary = summary(&[found(1), ended(1, saved(10))]);
    summary.interrupted = true;
    let expected = "\
1 found: 1 new   10 B in 2.1 s
interrupted: work in progress was finished, and not everything was listed; run the same command again for the rest
";
    assert_eq!(text(&summary), expected);
    summary.take(&Event::Complete);
    let expected = "\
1 found: 1 new   10 B in 2.1 s
interrupted: work in progress was finished, and nothing else is left
";
    assert_eq!(text(&summary), expected);
}

#[test]
fn an_interrupted_run_that_found_nothing_says_that_it_did_not_look_at_all() {
    let mut summary = summary(&[]);
    summary.interrupted = true;
    let expected = "\
nothing found   2.1 s
interrupted: not everything was listed; run the same command again to continue
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
    for key in [
        "https://x.org/f.jpg?token=abc",
        "https://x.org/f.jpg?token=*** 307cba7e2799efbe",
    ] {
        let named = Named {
            source: "direct".into(),
            key: key.into(),
            ..Named::default()
        };
        assert_eq!(name(&named), "https://x.org/f.jpg?token=***");
    }
}

#[test]
fn a_way_out_is_told_once_and_after_many_failures_the_totals_again() {
    let failed = |id| {
        let mut failure = failure(Kind::Blocked, &format!("403 for {id}"));
        failure.hint = Some("a cookie may help".into());
        ended(id, Outcome::Failed(failure))
    };
    let text_of = |count: u64| {
        let mut events: Vec<Event> = (1..=count).map(found).collect();
        events.extend((1..=count).map(failed));
        text(&summary(&events))
    };
    let many = text_of(21);
    assert_eq!(many.matches("hint: a cookie may help").count(), 1);
    let counts = "21 found: 0 new, 21 failed (21 blocked)   2.1 s\n";
    assert!(many.starts_with(counts) && many.ends_with(counts), "{many}");
    assert_eq!(text_of(20).matches("20 found").count(), 1);
}
