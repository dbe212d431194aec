//! What a terminal is sent, where one is.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::command::Fetch;
use crate::support::media::noise;
use crate::support::{Reply, Site};

/// A terminal and what was written to it.
pub(crate) struct Terminal {
    /// Its name in the file system.
    pub(crate) path: String,
    keys: File,
    pieces: Receiver<Vec<u8>>,
    text: Vec<u8>,
}

impl Terminal {
    pub(crate) fn open() -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap();
        let (sender, pieces) = channel();
        let mut master = File::from(master);
        let keys = master.try_clone().unwrap();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            // It fails when nobody has the other side open any more.
            while let Ok(count) = master.read(&mut piece) {
                if sender.send(piece[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal {
            path: path.into_string().unwrap(),
            keys,
            pieces,
            text: Vec::new(),
        }
    }

    /// Types something.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }

    /// Reads on until this was written.
    pub(crate) fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.text().contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.pieces.recv_timeout(left) {
                Ok(piece) => self.text.extend(piece),
                Err(_) => panic!("it never wrote `{text}`: {:?}", self.text()),
            }
        }
    }
}

// A terminal prints `^C` where its cursor is. Behind a full line that is the next line, and all that is drawn from then on
// is one line too low: the first line of the bars stays for good.
#[test]
fn the_cursor_rests_where_typed_keys_do_no_harm() {
    let site = Site::start();
    let file = Reply::file(noise(300_000, 1)).stall_after(150_000);
    site.on("/a.bin", file).optional();
    let mut terminal = Terminal::open();
    let onto = format!("exec \"$0\" \"$@\" 2>{}", terminal.path);
    let running = Fetch::new()
        .through(["sh", "-c", &onto])
        .env("TERM", "xterm")
        .arg(site.url("/a.bin"))
        .spawn();
    terminal.wait_for("of 300.0 kB");
    running.interrupt();
    terminal.wait_for("press Ctrl-C again");
    running.interrupt();
    terminal.wait_for("run the same command again");
    running.wait().fails(130);
    let text = terminal.text();
    let (_, after) = text.rsplit_once("0 of 1").unwrap();
    let control = after.find(char::is_control).unwrap();
    assert!(after[control..].starts_with('\r'), "{text:?}");
}

/// What a call says on a terminal, without what is drawn over.
fn said(fetch: &Fetch) -> String {
    let mut terminal = Terminal::open();
    let onto = format!("exec \"$0\" \"$@\" 2>{}", terminal.path);
    let call = fetch.clone().through(["sh", "-c", &onto]);
    call.env("TERM", "xterm").run().success();
    terminal.wait_for(" found: ");
    terminal.wait_for("\n");
    let lines = shown(&terminal.text()).into_iter();
    let lines = lines.filter(|line| !line.is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}

/// How many columns a terminal has that does not say so.
const COLUMNS: usize = 80;

/// The lines that a terminal shows in the end, as far as it is told to move and to clear (ECMA-48 §8.3). What is behind a
/// full line goes to the next one.
fn shown(text: &str) -> Vec<String> {
    let mut rows: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                let code: String = chars
                    .by_ref()
                    .skip(1)
                    .take_while(|c| !c.is_alphabetic())
                    .collect();
                // What ended it is taken along, so it is looked at in the text.
                let end = text.len() - chars.as_str().len();
                let count = code.parse().unwrap_or(1);
                match text[..end].chars().next_back() {
                    Some('A') => row = row.saturating_sub(count),
                    Some('B') => row += count,
                    Some('K') => {
                        let from = if code == "2" { 0 } else { column };
                        rows[row].truncate(from);
                    }
                    Some('J') => {
                        rows.truncate(row + 1);
                        rows[row].truncate(column);
                    }
                    _ => {}
                }
            }
            c => {
                if column == COLUMNS {
                    (row, column) = (row + 1, 0);
                    rows.resize(rows.len().max(row + 1), Vec::new());
                }
                let line = &mut rows[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = c;
                column += 1;
            }
        }
        if rows.len() <= row {
            rows.resize(row + 1, Vec::new());
        }
    }
    let lines = rows.into_iter().map(String::from_iter);
    lines.map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn the_last_line_says_where_the_files_are() {
    let site = Site::start();
    for (number, path) in ["/cat.bin", "/a/cat.bin", "/b/dog.bin"].iter().enumerate() {
        site.on(path, Reply::file(noise(1000, number as u64)));
    }
    let fetch = Fetch::new();
    let first = said(&fetch.clone().arg(site.url("/cat.bin")));
    assert!(first.starts_with("1 found: 1 new   1.0 kB in "), "{first}");
    assert!(first.ends_with("   as `cat.bin`\n"), "{first}");
    let both = ["/a/cat.bin", "/b/dog.bin"].map(|path| site.url(path));
    let second = said(&fetch.args(both));
    let renamed = "saved `cat (2).bin`: `cat.bin` is another file\n2 found: 2 new ";
    assert!(second.starts_with(renamed), "{second}");
    assert!(second.ends_with("   in the current folder\n"), "{second}");
}

#[test]
fn output_of_commands_is_shown() {
    let site = Site::start();
    site.on("/cat.bin", Reply::file(noise(1000, 1)));
    let fetch = Fetch::new().arg(site.url("/cat.bin"));
    let said = said(&fetch.args(["--exec", "echo hello"]));
    assert!(said.starts_with("hello\n1 found: 1 new "), "{said}");
}

#[test]
fn a_terminal_without_a_name_gets_plain_lines() {
    let site = Site::start();
    site.on("/cat.bin", Reply::file(noise(1000, 1)));
    for term in [None, Some("")] {
        let mut terminal = Terminal::open();
        let onto = format!("exec \"$0\" \"$@\" 2>{}", terminal.path);
        let mut call = Fetch::new().through(["sh", "-c", &onto]);
        if let Some(term) = term {
            call = call.env("TERM", term);
        }
        call.arg(site.url("/cat.bin")).run().success();
        terminal.wait_for(" found: ");
        let text = terminal.text();
        assert!(text.starts_with("saved `cat.bin`"), "{text:?}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}

#[test]
fn typed_links_are_prompted_for_and_not_overwritten() {
    let site = Site::start();
    site.on("/cat.bin", Reply::file(noise(1000, 1)));
    let mut terminal = Terminal::open();
    let onto = format!("exec \"$0\" \"$@\" <{0} 2>{0}", terminal.path);
    let call = Fetch::new().through(["sh", "-c", &onto]);
    let running = call.env("TERM", "xterm").args(["-i", "-"]).spawn();
    terminal.wait_for("enter links, one per line; Ctrl-D ends the input");
    terminal.press(&format!("{}\n", site.url("/cat.bin")));
    terminal.wait_for("saved `cat.bin`");
    terminal.press("\u{4}");
    running.wait().success();
    terminal.wait_for(" found: ");
    let text = terminal.text();
    assert!(!text.contains("waiting"), "{text:?}");
}
