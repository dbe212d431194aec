//! The README: what it names exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::command::Fetch;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// Every flag in a text, with its dashes.
fn flags(text: &str) -> BTreeSet<String> {
    let edge = |c: char| c.is_whitespace() || "`,;=[](){}|'\"".contains(c);
    let words = text.split(edge);
    let is_flag = |word: &&str| match word.strip_prefix("--") {
        Some(name) => {
            name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_lowercase() || c == '-')
        }
        None => {
            let mut letters = word.chars();
            letters.next() == Some('-')
                && letters.next().is_some_and(|c| c.is_ascii_alphabetic())
                && letters.next().is_none()
        }
    };
    words.filter(is_flag).map(str::to_owned).collect()
}

/// The command lines of the README that call the program, without their comments.
fn calls(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("$ fetch "));
    lines
        .map(|line| line.split(" #").next().unwrap_or("").trim().to_owned())
        .collect()
}

fn help() -> String {
    let root = Fetch::new().arg("--help").run().success().stdout;
    // Those of subcommands are told by the subcommands.
    let commands = [
        &["config", "show"][..],
        &["run"],
        &["retry"],
        &["history"],
        &["verify"],
        &["plugin", "index", "add"],
        &["plugin", "test"],
    ];
    let of_command = |words: &&[&str]| Fetch::new().args(*words).arg("--help").run().stdout;
    root + &commands.iter().map(of_command).collect::<String>()
}

#[test]
fn config_init_writes_once_and_prints_anytime() {
    let home = Fetch::new();
    let fetch = home.clone().args(["config", "init"]);
    let done = fetch.run().success();
    let written = std::fs::read_to_string(done.stdout.trim_end()).unwrap();
    assert_eq!(written, fetch::config::EXAMPLE);
    let hint = "hint: `fetch config init --stdout` prints the new file for comparison";
    fetch.run().fails(2).says(hint);
    let printed = fetch.arg("--stdout").run().success().stdout;
    assert_eq!(printed, written);
    home.args(["config", "check"]).run().success();
}

#[test]
fn every_flag_in_the_readme_exists() {
    let text = readme();
    // What stands before `--` in a line is Cargo's.
    let ours: String = text
        .lines()
        .map(|line| match line.strip_prefix("$ cargo ") {
            Some(line) => line.split_once(" -- ").map_or("", |(_, ours)| ours),
            None => line,
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let known = flags(&help());
    let missing: Vec<_> = flags(&ours).difference(&known).cloned().collect();
    assert!(missing.is_empty(), "not in `fetch --help`: {missing:?}");
}

#[test]
fn every_flag_of_the_program_is_in_the_readme() {
    let text = readme();
    let mut named = flags(&text);
    // Everybody knows these.
    named.extend(["-h", "--help", "-V", "--version"].map(str::to_owned));
    let help = Fetch::new().arg("--help").run().success().stdout;
    let mut missing = Vec::new();
    for line in help.lines().map(str::trim_start) {
        // Two spaces part the spellings of a flag from what it does.
        let spellings = flags(line.split("  ").next().unwrap_or(""));
        if line.starts_with('-') && spellings.is_disjoint(&named) {
            missing.push(spellings);
        }
    }
    assert!(missing.is_empty(), "not in the README: {missing:?}");
}

#[test]
fn every_command_in_the_readme_parses() {
    for call in calls(&readme()) {
        let args = words(&call);
        // Asking for help as well reads the line and fetches nothing.
        let done = Fetch::new().args(&args).arg("--help").run();
        assert_eq!(done.code, 0, "fetch {call}\n{}", done.stderr);
    }
}

#[test]
fn the_configuration_in_the_readme_is_valid() {
    let text = readme();
    let examples = text.split("```toml\n").skip(1);
    let examples: String = examples
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let fetch = Fetch::new().config(&examples);
    std::fs::write(fetch.root().join("home/cats.txt"), "").unwrap();
    let check = fetch.args(["config", "check"]);
    check.env("IMGUR_CLIENT_ID", "test-id").run().success();
}

#[test]
fn files_linked_from_the_readme_exist() {
    let text = readme();
    for (_, rest) in text
        .match_indices("](")
        .map(|(at, _)| text.split_at(at + 2))
    {
        let target = rest.split(')').next().unwrap_or("");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
        assert!(target.contains("://") || path.exists(), "{target}");
    }
}

#[test]
fn flags_and_commands_are_found_in_a_text() {
    let text =
        "`-i FILE`, --max-new N; - -1 a-b --x=3 `-q`,`-v` |---| --\n$ fetch -d 'a b' c   # x\n";
    let found: Vec<_> = flags(text).into_iter().collect();
    assert_eq!(found, ["--max-new", "--x", "-d", "-i", "-q", "-v"]);
    assert_eq!(calls(text), ["-d 'a b' c"]);
    assert_eq!(words("-d 'a b' c"), ["-d", "a b", "c"]);
}

/// A command line as a shell takes it apart, as far as the README needs.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match c {
            c if quote == Some(c) => quote = None,
            '\'' | '"' if quote.is_none() => quote = Some(c),
            ' ' if quote.is_none() => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
