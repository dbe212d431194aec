//! The lines for programs: docs/json.md names all that is in them, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use fetch::model::{Document, Event, Failure, Kind, Outcome, Skip};
use fetch::report::{Json, Reporter, Summary};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).unwrap()
}

/// The words of a cell that stand in backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// What the page says that a line has, and what was in those that were seen.
#[derive(Default)]
struct Lines {
    named: BTreeMap<String, BTreeSet<String>>,
    seen: BTreeMap<String, BTreeSet<String>>,
}

impl Lines {
    fn of_page() -> Lines {
        let mut lines = Lines::default();
        for row in page().lines() {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            if let [_, line, has, _, _] = cells.as_slice()
                && line.starts_with('`')
            {
                let names: Vec<_> = line.split(',').map(|one| quoted(one).join(" ")).collect();
                for name in names {
                    let has = quoted(has).into_iter().collect();
                    assert!(lines.named.insert(name, has).is_none(), "{row}");
                }
            }
        }
        lines
    }

    fn see(&mut self, name: &str, object: &Value) {
        let fields = object.as_object().unwrap().keys();
        let fields = fields.filter(|field| !matches!(field.as_str(), "v" | "event"));
        let seen = self.seen.entry(name.to_owned()).or_default();
        seen.extend(fields.cloned());
        if let Some(failure) = object.get("failure") {
            self.see("failure", failure);
        }
    }

    /// The line of a run, of `fetch verify`, or of something else that has events.
    fn event(&mut self, line: &Value) {
        assert_eq!(line["v"], 1, "{line}");
        let event = line["event"].as_str().unwrap();
        let name = match line.get("outcome") {
            Some(outcome) => format!("{event} {}", outcome.as_str().unwrap()),
            None => event.to_owned(),
        };
        self.see(&name, line);
        for list in ["failures", "link_failures", "missed"] {
            for object in line
                .get(list)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                self.see(&format!("{name} {list}"), object);
            }
        }
    }

    /// The lines of a command that has no events.
    fn command(&mut self, name: &str, text: &str) {
        assert!(!text.is_empty(), "{name}");
        for line in objects(text) {
            assert_eq!(line["v"], 1, "{line}");
            self.see(name, &line);
            for share in line
                .get("shares")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                self.see(&format!("{name} shares"), share);
            }
        }
    }
}

fn objects(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// All the words that one of these can be, as it says when it is none of them.
fn words<T: DeserializeOwned>(unknown: Value) -> BTreeSet<String> {
    let error = serde_json::from_value::<T>(unknown).err().unwrap();
    let error = error.to_string();
    let (_, expected) = error.split_once("expected ").expect("the known ones");
    quoted(expected).into_iter().collect()
}

fn failure() -> Failure {
    Failure {
        kind: Kind::Missing,
        message: "removed".into(),
        causes: vec!["status 404".into()],
        hint: Some("ask for another".into()),
        attempts: 1,
    }
}

/// Events of each kind, with all that they can have.
fn events() -> Vec<Event> {
    let text = || "x".to_owned();
    let found = |id| Event::Found {
        id,
        source: text(),
        key: text(),
        title: text(),
        url: Some(text()),
        raw_url: None,
        page: Some(text()),
        path: text(),
        size: Some(1),
    };
    let ended = |id, outcome| Event::Ended { id, outcome };
    vec![
        found(1),
        Event::Began {
            id: 1,
            total: Some(1),
            have: 1,
        },
        Event::Moved { id: 1, bytes: 1 },
        ended(
            1,
            Outcome::Saved {
                path: text(),
                size: 1,
                warning: Some(text()),
            },
        ),
        ended(
            2,
            Outcome::Skipped {
                reason: Skip::Present,
                path: text(),
                warning: Some(text()),
            },
        ),
        ended(
            3,
            Outcome::Document {
                document: Document::Page,
            },
        ),
        found(4),
        ended(4, Outcome::Failed(failure())),
        Event::Listed {
            link: text(),
            source: Some(text()),
            items: 1,
            failure: Some(failure()),
        },
        Event::Unchanged {
            link: text(),
            items: 1,
        },
        Event::Resumed {
            link: text(),
            items: 1,
            ago: 1,
        },
        Event::Missed {
            id: Some(1),
            what: text(),
            path: text(),
            failure: failure(),
        },
        Event::Packed {
            path: text(),
            files: 1,
            size: 1,
        },
        Event::Said {
            id: Some(1),
            text: text(),
        },
        Event::Noted {
            source: text(),
            text: text(),
        },
        Event::Warned {
            source: text(),
            text: text(),
        },
        Event::LeftOut {
            items: 1,
            lacking: vec![text()],
        },
        Event::Complete,
        Event::Waiting {
            id: Some(1),
            host: text(),
            millis: 1,
            reason: text(),
        },
    ]
}

/// What a run with these events prints.
fn printed(events: &[Event]) -> String {
    let mut out = Vec::new();
    let mut json = Json::new(&mut out);
    let mut summary = Summary::default();
    for event in events {
        let item = summary.take(event);
        json.event(event, item.as_ref(), &summary).unwrap();
    }
    json.finish(&summary).unwrap();
    String::from_utf8(out).unwrap()
}

/// What commands print of a file of a feed that was saved, and of one that is gone.
fn of_commands(lines: &mut Lines) {
    const FEED: &str = "<?xml version='1.0'?><rss version='2.0'><channel><title>Cats</title><item><title>A cat</title>\
        <pubDate>Fri, 03 May 2024 06:00:00 GMT</pubDate><enclosure url='/cat.jpg' type='image/jpeg'/></item></channel></rss>";
    let site = Site::start();
    let cat = small(Format::Jpeg, 1);
    site.on(
        "/feed.xml",
        Reply::text(FEED).content_type("application/rss+xml"),
    );
    site.on("/cat.jpg", Reply::file(cat.clone()));
    site.on("/gone.jpg", Reply::empty(404));
    let links = ["/feed.xml", "/gone.jpg"].map(|path| site.url(path));
    let jobs = format!("[job.cats]\nlinks = {links:?}\n");
    let call = Fetch::new();
    let run = call.clone().config(&jobs);
    let run = run.args(["run", "cats", "-j"]).run().fails(3);
    for line in objects(&run.stdout) {
        lines.event(&line);
    }
    let said = |words: &[&str]| {
        let call = call.clone().config(&jobs).args(words);
        call.run().stdout
    };
    lines.command("fetch history", &said(&["history", "-j", "1"]));
    lines.command("fetch jobs", &said(&["jobs", "-j"]));
    lines.command("fetch archive stats", &said(&["archive", "stats", "-j"]));
    lines.command("fetch archive export", &said(&["archive", "export"]));
    let mut rename = |words: &[&str]| {
        for line in objects(&said(&[&["rename", "-j"], words].concat())) {
            assert_eq!(line["v"], 1, "{line}");
            let event = line["event"].as_str().unwrap();
            lines.see(&format!("fetch rename {event}"), &line);
        }
    };
    rename(&["-s", "-o", "a/{source}.{ext}"]);
    rename(&["-o", "a/{source}.{ext}"]);
    rename(&["-o", "a/{source}.{ext}"]);
    rename(&["-o", "{title}.{ext}"]);
    let saved = call.files().into_keys().next().unwrap();
    fs::rename(call.out().join(&saved), call.root().join("away")).unwrap();
    rename(&["-o", "{source}.{ext}"]);
    fs::rename(call.root().join("away"), call.out().join(&saved)).unwrap();
    fs::write(call.out().join(saved), &cat[..cat.len() / 2]).unwrap();
    for line in objects(&said(&["verify", "-j"])) {
        lines.event(&line);
    }
}

#[test]
fn the_json_page_documents_every_line_and_field() {
    let mut lines = Lines::of_page();
    for line in objects(&printed(&events())) {
        lines.event(&line);
    }
    let mut known = words::<Event>(json!({"event": "?"}));
    assert!(known.remove("ended"));
    known.extend(
        words::<Outcome>(json!({"outcome": "?"}))
            .iter()
            .map(|outcome| format!("ended {outcome}")),
    );
    let seen: BTreeSet<_> = lines.seen.keys().cloned().collect();
    let missing: Vec<_> = known.difference(&seen).collect();
    assert!(missing.is_empty(), "no sample of {missing:?}");
    of_commands(&mut lines);
    for (name, seen) in &lines.seen {
        assert_eq!(lines.named.get(name), Some(seen), "the row of {name}");
    }
    // Told by `verify --repair` alone, of what only a disk does, and of a name that another file has.
    let others = ["repacked", "aside", "broken", "fetch rename numbered"];
    let unseen = lines
        .named
        .keys()
        .filter(|name| !lines.seen.contains_key(*name));
    let unseen: Vec<_> = unseen
        .filter(|name| !others.contains(&name.as_str()))
        .collect();
    assert!(unseen.is_empty(), "nothing has {unseen:?}");
}

#[test]
fn the_json_page_documents_every_word() {
    let page = page();
    let titled = |title: &str| {
        let rows = page.lines().skip_while(|row| !row.starts_with(title));
        let rows = rows.skip(2).take_while(|row| row.starts_with('|'));
        let words = rows.flat_map(|row| quoted(row.split('|').nth(1).unwrap()));
        words.collect::<BTreeSet<_>>()
    };
    assert_eq!(titled("| a reason to skip"), words::<Skip>(json!("?")));
    assert_eq!(titled("| a kind of failure"), words::<Kind>(json!("?")));
    let row = page
        .lines()
        .find(|row| row.starts_with("| `ended` `document`"));
    let told = quoted(row.unwrap().rsplit(':').next().unwrap());
    assert_eq!(BTreeSet::from_iter(told), words::<Document>(json!("?")));
}

#[cfg(unix)]
#[test]
fn a_run_ended_by_a_closed_stdout_says_so() {
    let site = Site::start();
    site.on(
        "/*",
        Reply::file(small(Format::Jpeg, 1)).delay(Duration::from_millis(50)),
    );
    let told = "{ \"$0\" \"$@\"; echo \"code $?\" >&2; } | head -n 3 >/dev/null";
    let all = Fetch::new().through(["sh", "-c", told]);
    let links = (0..60).map(|number| site.url(&format!("/{number}.jpg")));
    let all = all.args(links).args(["-N", "1"]);
    let done = all.clone().arg("-j").run();
    assert!(done.stderr.contains("stdout was closed"), "{}", done.stderr);
    assert!(done.stderr.contains("code 3\n"), "{}", done.stderr);
    // Where nothing is to be saved, it is as well.
    let listed = all.arg("-g").run();
    assert!(listed.stderr.contains("code 0\n"), "{}", listed.stderr);
}

#[test]
fn an_invalid_link_is_reported_as_given() {
    let fetch = Fetch::new();
    let list = fetch.root().join("list.txt");
    fs::write(&list, "a b\nhttps://u:hunter2@[/\n\u{fffd}\n").unwrap();
    let done = fetch.args(["-j", "x y", "-i"]).arg(list).run();
    assert!(!done.stdout.contains("hunter2"), "{}", done.stdout);
    let lines = done.stdout.lines();
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let listed: Vec<_> = lines.filter(|line| line["event"] == "listed").collect();
    let links: Vec<_> = listed
        .iter()
        .map(|line| line["link"].as_str().unwrap())
        .collect();
    assert_eq!(links[..2], ["x y", "a b"], "{listed:?}");
    assert!(!links[2].contains(' '), "{listed:?}");
    let message = &listed[0]["failure"]["message"];
    assert_eq!(
        *message,
        "`x y` is not a link: no source claims it as an id"
    );
}
