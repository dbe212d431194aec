//! `docs/hard-cases.md` and `docs/plugin-safety.md` say no more than there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const CASES: usize = 107;
const THREATS: usize = 23;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all functions in the sources.
fn functions() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders: Vec<_> = ["src", "plugins", "tests"].map(|f| root().join(f)).into();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let text = fs::read_to_string(path).unwrap();
                let found = text.split("fn ").skip(1);
                names.extend(found.filter_map(|rest| Some(rest.split_once('(')?.0.to_owned())));
            }
        }
    }
    names
}

/// The rows of the document: number, situation, what is done, outcome.
fn rows(text: &str) -> Vec<[&str; 4]> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("| "));
    let rows = lines.map(|line| {
        let cells: Vec<&str> = line.trim_end_matches('|').split(" | ").collect();
        let [number, situation, done, outcome] = cells[..] else {
            panic!("a row has four cells: {line}");
        };
        [number, situation, done, outcome].map(str::trim)
    });
    rows.filter(|row| row[0].parse::<usize>().is_ok()).collect()
}

/// Holds a table to the sources: it has so many rows, and each names tests that are there, or a reason why it has none.
fn hold(document: &str, count: usize) {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let rows = rows(&text);
    let numbers: Vec<usize> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
    let functions = functions();
    for [number, situation, done, outcome] in rows {
        assert!(!situation.is_empty() && !done.is_empty(), "{number}");
        let tests: Vec<&str> = outcome.split('`').skip(1).step_by(2).collect();
        for test in &tests {
            assert!(functions.contains(*test), "{number}: there is no `{test}`");
        }
        let reason = ["not yet: ", "left out: "].iter().any(|reason| {
            let rest = outcome.split(reason).nth(1);
            rest.is_some_and(|rest| rest.len() > 10)
        });
        assert!(!tests.is_empty() || reason, "{number} has no outcome");
    }
}

#[test]
fn every_hard_case_has_an_outcome_and_existing_tests() {
    hold("docs/hard-cases.md", CASES);
}

#[test]
fn every_threat_of_a_plugin_has_an_outcome_and_every_test_it_names_is_there() {
    hold("docs/plugin-safety.md", THREATS);
}
