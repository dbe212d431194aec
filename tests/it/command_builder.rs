//! The builder for the command, and what it takes out of outputs.

use std::path::Path;

use crate::support::command::Fetch;
use crate::support::filter::filter;

#[test]
fn outputs_are_normalised_for_comparison() {
    let root = Path::new("/tmp/x1y2");
    let table = [
        (
            "cannot open `/tmp/x1y2/out/a.jpg`",
            "cannot open `ROOT/out/a.jpg`",
        ),
        (
            "`http://127.0.0.1:4711/a` fell silent",
            "`http://127.0.0.1:PORT/a` fell silent",
        ),
        (
            "http://cat.test:80/ 127.0.0.1",
            "http://cat.test:PORT/ 127.0.0.1",
        ),
        (
            "24 saved, 1.2 MiB in 0.35s (3.4 MiB/s)",
            "24 saved, 1.2 MiB in TIME (RATE)",
        ),
        (
            "12 B/s, 3 min, 250ms, 4 seconds.",
            "RATE, TIME, TIME, TIME.",
        ),
        ("took 1m 30s in all", "took TIME in all"),
        (
            "3 more, 2 h.jpg, a1s, 01-5s, 7 sheep",
            "3 more, TIME.jpg, a1s, 01-5s, 7 sheep",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(filter(text, root), expected);
    }
}

#[test]
fn a_test_command_starts_with_an_empty_folder() {
    let fetch = Fetch::new();
    assert_eq!(fetch.tree(), "");
    std::fs::write(fetch.out().join("a.txt"), "abc").unwrap();
    std::fs::write(fetch.out().join(".0123.part"), "abc").unwrap();
    assert_eq!(fetch.clone().tree(), "a.txt 3\n");
    assert_eq!(fetch.partials(), [".0123.part"]);
}
