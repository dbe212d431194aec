//! Links from the command line and from lists. Lists are read on demand and never held in memory as a whole.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::thread;

use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::mpsc;

use super::columns::{Columns, separator};
use super::listed::{self, Listed, wrong};
use super::messages::eprint;
use super::rows::{Rows, Wrong};
use super::text::{self, Found, Lines};
use crate::model::{Error, Kind, Result};
use crate::pipeline::Wanted;
use crate::source::Registry;

/// The prompt for links typed into a terminal: nothing else would show that input is expected.
const PROMPT: &str = match cfg!(windows) {
    true => "enter links, one per line; Ctrl-Z and Enter end the input\n",
    false => "enter links, one per line; Ctrl-D ends the input\n",
};

/// How many links of a file are sent at a time: waking the receiver for each costs more than reading it.
const CHUNK: usize = 256;
/// How many such chunks are read ahead.
const AHEAD: usize = 2;

/// A list that has been opened.
pub(super) struct List {
    name: String,
    is_csv: bool,
    /// How many links are sent at a time. Typed links are sent one by one, without waiting for more.
    chunk: usize,
    reader: Box<dyn BufRead + Send>,
}

impl List {
    /// Opens a file, or stdin for `-`.
    pub(super) fn open(path: &Path) -> Result<List> {
        if path == Path::new("-") {
            return Ok(List::new("stdin", Box::new(BufReader::new(io::stdin()))));
        }
        let name = path.display().to_string();
        let cannot = |error: io::Error| {
            Error::new(Kind::Config, format!("cannot read the list `{name}`")).because(error)
        };
        let file = File::open(path).map_err(cannot)?;
        if file.metadata().map_err(cannot)?.is_dir() {
            return Err(cannot(io::ErrorKind::IsADirectory.into()));
        }
        Ok(List::new(&name, Box::new(BufReader::new(file))))
    }

    fn new(name: &str, reader: Box<dyn BufRead + Send>) -> List {
        let low = name.to_ascii_lowercase();
        List {
            name: name.to_owned(),
            is_csv: [".csv", ".tsv"].iter().any(|end| low.ends_with(end)),
            chunk: if name == "stdin" { 1 } else { CHUNK },
            reader,
        }
    }

    /// Passes each link to `next` until that returns false.
    pub(super) fn read(self, registry: &Registry, next: &mut dyn FnMut(Result<Wanted>) -> bool) {
        let name = self.name;
        let mut line = |number: u64, listed: Result<Vec<Listed>>| {
            let placed = |error| at(&name, number, error);
            let listed = match listed {
                Ok(listed) => listed,
                Err(error) => return next(Err(placed(error))),
            };
            listed.into_iter().all(|listed| {
                match listed.read(registry).map_err(placed).transpose() {
                    Some(wanted) => next(wanted),
                    None => true,
                }
            })
        };
        let start = |reader| {
            let mut reader = text::plain(reader)?;
            let separator = match self.is_csv {
                true => Some(separator(reader.fill_buf()?)),
                false => None,
            };
            Ok((reader, separator))
        };
        match start(self.reader) {
            Ok((reader, Some(separator))) => rows(reader, separator, &mut line),
            Ok((reader, None)) => lines(reader, &mut line),
            Err(error) => drop(line(1, Err(broken(error)))),
        }
    }
}

/// Checks whether one of these lists is typed into a terminal, and prompts for it if so.
pub(super) fn prompt(lists: &[PathBuf], quiet: bool) -> bool {
    let is_typed = lists.iter().any(|list| list == Path::new("-")) && io::stdin().is_terminal();
    if is_typed && !quiet {
        eprint(PROMPT);
    }
    is_typed
}

/// Takes the number of a line and its links, and returns whether to continue.
type Line<'a> = dyn FnMut(u64, Result<Vec<Listed>>) -> bool + 'a;

fn lines(reader: impl BufRead, line: &mut Line<'_>) {
    let mut lines = Lines::new(reader);
    let mut bytes = Vec::new();
    for number in 1.. {
        let listed = match lines.next(&mut bytes) {
            Ok(Found::End) => return,
            Ok(Found::TooLong) => Err(wrong("it is too long for a link")),
            Ok(Found::Whole) => match std::str::from_utf8(&bytes) {
                Ok(text) => listed::line(text),
                Err(_) => Err(wrong("it is not UTF-8")),
            },
            Err(error) => {
                line(number, Err(broken(error)));
                return;
            }
        };
        if !line(number, listed) {
            return;
        }
    }
}

fn rows(reader: impl BufRead, separator: u8, line: &mut Line<'_>) {
    let mut rows = Rows::new(reader, separator);
    let mut row = Vec::new();
    let mut columns: Option<Columns> = None;
    loop {
        let (number, read) = match rows.next(&mut row) {
            Ok(Some(read)) => read,
            Ok(None) => return,
            Err(error) => {
                line(rows.number(), Err(broken(error)));
                return;
            }
        };
        let listed = match (read, &columns) {
            (Err(Wrong::TooLong), _) => Err(wrong("it is too long for a row")),
            (Err(Wrong::Open), _) => Err(wrong("a quote begins there and never ends").hint(
                "a field that begins with a quote must end with one; write a quote within it twice",
            )),
            (Ok(()), None) if row[0] == b"sep=" => continue,
            (Ok(()), None) => {
                let first = columns.insert(Columns::new(&row));
                if first.are_titled {
                    continue;
                }
                first.read(&row)
            }
            (Ok(()), Some(columns)) => columns.read(&row),
        };
        if !line(number, listed) {
            return;
        }
    }
}

fn broken(error: io::Error) -> Error {
    Error::new(Kind::Disk, "it cannot be read").because(error)
}

/// Adds the place of the line to its error.
fn at(name: &str, number: u64, mut error: Error) -> Error {
    error.message = format!("line {number} of `{name}`: {}", error.message);
    error
}

/// All links in order: the typed ones, then those of each list. An invalid link is an error in its place.
pub(super) fn links(
    typed: Vec<String>,
    lists: Vec<List>,
    registry: Registry,
) -> impl Stream<Item = Result<Wanted>> + Send + 'static {
    let read = |text: &String| registry.parse_link(text).map(Wanted::from);
    let typed: Vec<_> = typed.iter().map(read).collect();
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    if !lists.is_empty() {
        // On a thread of its own, since reading blocks, on stdin even for as long as somebody types. It is not joined at
        // the end.
        thread::spawn(move || {
            for list in lists {
                let most = list.chunk;
                let mut chunk = Vec::new();
                list.read(&registry, &mut |link| {
                    chunk.push(link);
                    chunk.len() < most || sender.blocking_send(std::mem::take(&mut chunk)).is_ok()
                });
                if sender.blocking_send(chunk).is_err() {
                    return;
                }
            }
        });
    }
    let listed = stream::poll_fn(move |cx| receiver.poll_recv(cx)).flat_map(stream::iter);
    stream::iter(typed).chain(listed)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::config::Config;

    fn read(name: &str, content: &[u8]) -> Vec<String> {
        let registry = crate::plugins::all(&Config::default()).unwrap();
        let list = List::new(name, Box::new(io::Cursor::new(content.to_vec())));
        let mut links = Vec::new();
        list.read(&registry, &mut |link| {
            links.push(match link {
                Ok(wanted) => wanted.link.url.to_string(),
                Err(error) => error.message,
            });
            true
        });
        links
    }

    #[test]
    fn reads_a_list_of_lines() {
        let content = b"\xef\xbb\xbfhttps://a.org/1\r\n# a comment\n\n  b.org/2#part  # why\n\
            not a link\n{\"url\": \"https://c.org/3\", \"n\": 1}\n{\"link\": 1}\n\xff\nhttps://d.org/4";
        let expected = [
            "https://a.org/1",
            "https://b.org/2#part",
            "line 5 of `x.txt`: `not a link` is not a link: no source claims it as an id",
            "https://c.org/3",
            "line 7 of `x.txt`: it is not a JSON object with `url`",
            "line 8 of `x.txt`: it is not UTF-8",
            "https://d.org/4",
        ];
        assert_eq!(read("x.txt", content), expected);
    }

    #[test]
    fn an_endless_line_is_refused_in_bounded_memory() {
        let mut content = vec![b'a'; 3 * text::LONGEST];
        content.extend(b"\nhttps://a.org/1\n");
        let expected = [
            "line 1 of `x`: it is too long for a link",
            "https://a.org/1",
        ];
        assert_eq!(read("x", &content), expected);
    }

    #[test]
    fn reads_a_list_of_rows() {
        let content =
            b"title,URL\n\"a, b\",https://a.org/1\n\"two\nlines\",https://b.org/2\nnone\nx,what\n";
        let expected = [
            "https://a.org/1",
            "https://b.org/2",
            "line 6 of `x.csv`: `what` is not a link: no source claims it as an id",
        ];
        assert_eq!(read("x.csv", content), expected);
        let content = b"https://a.org/1,x\nhttps://b.org/2,a,HTTP://c.org/3,b\n";
        assert_eq!(
            read("x.CSV", content),
            ["https://a.org/1", "https://b.org/2", "http://c.org/3"]
        );
    }

    #[test]
    fn an_unterminated_quote_is_reported_where_it_starts() {
        let content =
            b"title,url\na,https://a.org/1\n\"b,https://b.org/2\nc \"3\",https://c.org/3\n";
        let error = "line 3 of `x.csv`: a quote begins there and never ends";
        let expected = ["https://a.org/1", error, "https://c.org/3"];
        assert_eq!(read("x.csv", content), expected);
        let content = b"title\turl\n\"a\thttps://a.org/1\nb\thttps://b.org/2\n";
        let expected = ["https://a.org/1", "https://b.org/2"];
        assert_eq!(read("x.tsv", content), expected);
    }

    #[test]
    fn overlong_links_are_not_echoed() {
        let long = format!("what{}", "t".repeat(text::LONGEST));
        let content = format!(
            "title,url\na,{long}\n{long},https://a.org/1\nb,w{}\n",
            "t".repeat(999)
        );
        let lines = read("x.csv", content.as_bytes());
        assert_eq!(
            lines[..2],
            [
                "line 2 of `x.csv`: it is too long for a link",
                "https://a.org/1"
            ]
        );
        assert!(lines[2].len() < 300, "{}", lines[2]);
    }

    #[test]
    fn reads_lists_as_other_programs_write_them() {
        let text = "https://a.org/1\tOne\r\nb.org/2\r\n";
        let expected = ["https://a.org/1", "https://b.org/2"];
        let marked = format!("\u{feff}{text}");
        let wide: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let zeroed = text.replace("\r\n", "\0");
        let old = text.replace("\r\n", "\r");
        for bytes in [text.as_bytes(), &wide, zeroed.as_bytes(), old.as_bytes()] {
            assert_eq!(read("x.txt", bytes), expected, "{bytes:?}");
        }
        let rows = "Titel;Link\r\nOne, two;https://a.org/1\r\n;https://b.org/2\r\n";
        let with_separator = format!("sep=;\r\n{rows}");
        let tabs = rows.replace(';', "\t");
        let wide: Vec<u8> = format!("\u{feff}{tabs}")
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        for (name, bytes) in [
            ("x.csv", rows.as_bytes()),
            ("x.csv", with_separator.as_bytes()),
            ("x.tsv", tabs.as_bytes()),
            ("x.csv", &wide),
        ] {
            assert_eq!(read(name, bytes), expected, "{bytes:?}");
        }
        let wrong = read("x.txt", b"a.org/1\ra.org/1 or https://b.org/2\0c.org/3");
        let line = "line 2 of `x.txt`: the text between its links is not `key=value`";
        assert_eq!(wrong, ["https://a.org/1", line, "https://c.org/3"]);
    }

    #[tokio::test]
    async fn lists_are_read_lazily() {
        struct Endless(std::sync::Arc<std::sync::atomic::AtomicU64>);
        impl Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let line = b"https://a.org/\n";
                self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                buffer[..line.len()].copy_from_slice(line);
                Ok(line.len())
            }
        }
        let count = std::sync::Arc::default();
        let reader = BufReader::with_capacity(16, Endless(std::sync::Arc::clone(&count)));
        let registry = crate::plugins::all(&Config::default()).unwrap();
        let lists = vec![List::new("x", Box::new(reader))];
        let links = links(vec!["b.org/1".into(), "?".into()], lists, registry);
        let first: Vec<_> = links.take(4).collect().await;
        assert_eq!(
            first[0].as_ref().unwrap().link.url.as_str(),
            "https://b.org/1"
        );
        assert!(first[1].is_err());
        assert_eq!(
            first[3].as_ref().unwrap().link.url.as_str(),
            "https://a.org/"
        );
        let read = count.load(std::sync::atomic::Ordering::Relaxed);
        assert!(read <= (CHUNK * (AHEAD + 2)) as u64, "{read}");
    }
}
