//! Imports point down only, and only the top prints: read from the files, so that nobody has to remember it.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers, lowest first. Each may name itself and those before it.
const LAYERS: [&str; 9] = [
    "model", "net", "source", "script", "plugins", "pipeline", "report", "config", "cli",
];

/// What a plugin may name of the library.
const FOR_PLUGINS: [&str; 4] = ["model", "net", "source", "async_trait"];

/// Where a file must be split.
const LONGEST: usize = 400;

/// The layers that may print, and what printing is.
const PRINTERS: [&str; 2] = ["report", "cli"];
const PRINTING: [&str; 7] = [
    "print!(",
    "println!(",
    "eprint!(",
    "eprintln!(",
    "dbg!(",
    "io::stdout",
    "io::stderr",
];

/// A line of a source file.
struct Line {
    file: String,
    number: usize,
    /// Without its comment.
    text: String,
    /// How many modules it is deep: so often `super::` leads to the root.
    depth: usize,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The lines of a file before its tests, which may look at everything. A list in braces counts as one line.
fn lines(path: &Path) -> Vec<Line> {
    let file = path.strip_prefix(root()).unwrap().display().to_string();
    let file = file.replace('\\', "/");
    if file.ends_with("/tests.rs") || file.contains("/tests/") {
        return Vec::new();
    }
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or("");
    let depth = depth(&file);
    let mut lines: Vec<Line> = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let line = without_comment(line);
        match lines.last_mut() {
            Some(last) if is_open(&last.text) => last.text.push_str(line.trim_start()),
            _ => lines.push(Line {
                file: file.clone(),
                number: index + 1,
                text: line.to_owned(),
                depth,
            }),
        }
    }
    lines
}

/// How many modules a file is deep.
fn depth(file: &str) -> usize {
    let path = file.strip_prefix("src/").unwrap_or(file);
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').count()
}

/// A line up to its comment, which does not begin within a text such as `"https://…"`.
fn without_comment(line: &str) -> &str {
    let (mut is_text, mut is_escaped, mut last) = (false, false, ' ');
    for (at, c) in line.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '"' if is_text || last != '\'' => is_text = !is_text,
            '/' if !is_text && last == '/' => return &line[..at - 1],
            _ => {}
        }
        last = c;
    }
    line
}

/// Whether a list of imports goes on in the next line.
fn is_open(text: &str) -> bool {
    let mut starts = ["crate::{", "fetch::{", "super::{"].into_iter();
    let list = starts.find_map(|start| text.split_once(start));
    list.is_some_and(|(_, list)| list.matches('{').count() >= list.matches('}').count())
}

/// The layer of a file below `src/`; none for `lib.rs` and `main.rs`, which hold all together.
fn layer(file: &str) -> Option<usize> {
    let name = file.strip_prefix("src/")?;
    let name = name.split('/').next()?.trim_end_matches(".rs");
    LAYERS.iter().position(|layer| *layer == name)
}

/// The names that follow `crate::`, `fetch::` or as many `super::` as lead there in a line, those of a list in braces too.
fn named(text: &str, depth: usize) -> Vec<String> {
    let mut names = Vec::new();
    for start in ["crate::", "fetch::", &"super::".repeat(depth)] {
        for (at, _) in text.match_indices(start) {
            let before = text[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let rest = &text[at + start.len()..];
            let word = |text: &str| -> String {
                let text = text.trim_start();
                let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
                text[..end.unwrap_or(text.len())].to_owned()
            };
            match rest.strip_prefix('{') {
                None => names.push(word(rest)),
                Some(list) => {
                    // Only the outer list: `{model::{Item, Link}, net}` names two.
                    let mut depth = 0;
                    let mut item = String::new();
                    for c in list.chars() {
                        match c {
                            '{' => depth += 1,
                            '}' if depth == 0 => break,
                            '}' => depth -= 1,
                            ',' if depth == 0 => names.push(word(&std::mem::take(&mut item))),
                            c if depth == 0 => item.push(c),
                            _ => {}
                        }
                    }
                    names.push(word(&item));
                }
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for line in files("src").iter().flat_map(|file| lines(file)) {
        let Some(own) = layer(&line.file) else {
            continue;
        };
        for name in named(&line.text, line.depth) {
            let above = LAYERS.iter().position(|layer| *layer == name);
            if above.is_some_and(|above| above > own) {
                wrong.push(format!(
                    "{}:{}: `{}` may not use `{name}`, which is above it",
                    line.file, line.number, LAYERS[own]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn plugins_name_only_what_is_theirs() {
    let mut wrong = Vec::new();
    for line in files("plugins").iter().flat_map(|file| lines(file)) {
        // The list of plugins makes them, scripts too, so it sees the configuration.
        let is_list = line.file == "plugins/mod.rs";
        for name in named(&line.text, line.depth) {
            let allowed = FOR_PLUGINS.contains(&name.as_str())
                || (is_list && matches!(name.as_str(), "config" | "script"));
            if !allowed {
                wrong.push(format!(
                    "{}:{}: a plugin may name {FOR_PLUGINS:?}, not `{name}`",
                    line.file, line.number
                ));
            }
        }
        if line.text.contains("crate::") {
            wrong.push(format!(
                "{}:{}: a plugin says `fetch::…`, as a stranger's crate does",
                line.file, line.number
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn only_the_top_prints() {
    let mut wrong = Vec::new();
    let all = [files("src"), files("plugins")].concat();
    for line in all.iter().flat_map(|file| lines(file)) {
        let may_print = layer(&line.file).is_some_and(|own| PRINTERS.contains(&LAYERS[own]));
        for what in PRINTING {
            if !may_print && line.text.contains(what) {
                wrong.push(format!(
                    "{}:{}: only {PRINTERS:?} print, so no `{what}` here",
                    line.file, line.number
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let mut wrong = Vec::new();
    for folder in ["src", "plugins", "tests", "examples", "benches"] {
        for file in files(folder) {
            let count = fs::read_to_string(&file).unwrap().lines().count();
            if count > LONGEST {
                let file = file.strip_prefix(root()).unwrap().display();
                wrong.push(format!("{file}: {count} lines, at most {LONGEST}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn names_in_imports_are_found() {
    let table = [
        ("use crate::model::{Item, Link};", "model"),
        ("use fetch::{model::{Item, Link}, net};", "model net"),
        (
            "    let x = crate::cli::main(fetch::plugins::all);",
            "cli plugins",
        ),
        ("pub(crate) fn x() {}", ""),
        ("prefetch::x(); self::crate::x", ""),
        ("pub(in crate::pipeline) fn x() {}", "pipeline"),
        ("use super::super::{cli, model::Item};", "cli model"),
        ("super::super::cli::main(); super::net::x()", "cli"),
    ];
    for (text, expected) in table {
        assert_eq!(named(text, 2).join(" "), expected, "{text}");
    }
    assert_eq!(named("use super::cli::x;", 1), ["cli"]);
}

#[test]
fn a_file_is_as_deep_as_its_module() {
    let table = [
        ("src/lib.rs", 1),
        ("src/net/mod.rs", 1),
        ("src/net/pace/mod.rs", 2),
        ("src/pipeline/walk/follow.rs", 3),
        ("plugins/imgur/mod.rs", 2),
    ];
    for (file, expected) in table {
        assert_eq!(depth(file), expected, "{file}");
    }
}

#[test]
fn a_comment_begins_outside_of_texts() {
    let table = [
        ("x(); // why", "x(); "),
        (
            "let a = \"https://x.org\"; cli(); // b",
            "let a = \"https://x.org\"; cli(); ",
        ),
        ("let a = \"\\\"//\"; // b", "let a = \"\\\"//\"; "),
        ("let a = '\"'; // b", "let a = '\"'; "),
        ("/// doc", ""),
    ];
    for (text, expected) in table {
        assert_eq!(without_comment(text), expected, "{text}");
    }
}
