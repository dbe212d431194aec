//! Links, from the command line and from lists. Lists are read as they are needed and never held whole.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::thread;

use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::mpsc;

use super::listed::{self, Listed, OPTIONS};
use crate::model::{Error, Kind, Result};
use crate::pipeline::Wanted;
use crate::source::Registry;

/// How many links of a file are handed on at a time: waking somebody for each costs more than reading it.
const CHUNK: usize = 256;
/// How many such chunks are read ahead.
const AHEAD: usize = 2;

/// The longest line that can hold a link, in bytes.
const LONGEST: u64 = 64 << 10;

/// A list that has been opened.
pub(super) struct List {
    name: String,
    is_csv: bool,
    /// How many links are handed on at a time. What somebody types is not kept waiting.
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
        List {
            name: name.to_owned(),
            is_csv: name.to_ascii_lowercase().ends_with(".csv"),
            chunk: if name == "stdin" { 1 } else { CHUNK },
            reader,
        }
    }

    /// Hands each link on, until somebody has had enough: then `next` says false.
    pub(super) fn read(self, registry: &Registry, next: &mut dyn FnMut(Result<Wanted>) -> bool) {
        let name = self.name;
        let mut line = |number: u64, listed: Result<Listed>| {
            let wanted = listed.and_then(|listed| listed.read(registry));
            match wanted.map_err(|error| at(&name, number, error)).transpose() {
                Some(wanted) => next(wanted),
                None => true,
            }
        };
        match self.is_csv {
            true => rows(self.reader, &mut line),
            false => lines(self.reader, &mut line),
        }
    }
}

/// Takes the number of a line and what it says, and answers whether to go on.
type Line<'a> = dyn FnMut(u64, Result<Listed>) -> bool + 'a;

fn lines(mut reader: impl BufRead, line: &mut Line<'_>) {
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let text = match reader.by_ref().take(LONGEST).read_until(b'\n', &mut bytes) {
            Ok(0) => return,
            Ok(length) if length as u64 == LONGEST && !bytes.ends_with(b"\n") => {
                let rest = reader.skip_until(b'\n');
                Err(wrong("it is too long for a link"))
                    .and_then(|text| rest.map(|_| text).map_err(broken))
            }
            Ok(_) => text(&bytes, number),
            Err(error) => {
                line(number, Err(broken(error)));
                return;
            }
        };
        if !line(number, text) {
            return;
        }
    }
}

/// What a line of text says.
fn text(bytes: &[u8], number: u64) -> Result<Listed> {
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8"))?;
    listed::line(match number {
        1 => text.trim_start_matches('\u{feff}'),
        _ => text,
    })
}

fn rows(reader: impl Read, line: &mut Line<'_>) {
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(reader);
    let mut row = csv::ByteRecord::new();
    let mut columns: Option<Columns> = None;
    loop {
        let number = rows.position().line();
        match rows.read_byte_record(&mut row) {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => {
                line(number, Err(wrong("it is no CSV").because(error)));
                return;
            }
        }
        let number = row.position().map_or(number, csv::Position::line);
        let columns = match &columns {
            Some(columns) => columns,
            None => {
                let first = columns.insert(Columns::new(&row));
                if first.are_titled {
                    continue;
                }
                first
            }
        };
        if !line(number, columns.read(&row)) {
            return;
        }
    }
}

/// Where in a row the link and its options are.
#[derive(Default)]
struct Columns {
    are_titled: bool,
    link: usize,
    options: Vec<(&'static str, usize)>,
}

impl Columns {
    /// Those that the first row names. If none is called `url`, it is a row like the others.
    fn new(row: &csv::ByteRecord) -> Columns {
        let find = |title: &str| {
            row.iter()
                .position(|field| field.eq_ignore_ascii_case(title.as_bytes()))
        };
        let Some(link) = find("url") else {
            return Columns::default();
        };
        let options = OPTIONS.iter().filter_map(|key| Some((*key, find(key)?)));
        Columns {
            are_titled: true,
            link,
            options: options.collect(),
        }
    }

    fn read(&self, row: &csv::ByteRecord) -> Result<Listed> {
        let field = |column: usize| {
            let text = std::str::from_utf8(row.get(column).unwrap_or_default());
            text.map(str::to_owned)
                .map_err(|_| wrong("it is not UTF-8"))
        };
        let mut listed = Listed {
            link: field(self.link)?,
            options: Vec::new(),
        };
        for (key, column) in &self.options {
            let value = field(*column)?;
            if !value.is_empty() {
                listed.options.push(((*key).to_owned(), value));
            }
        }
        Ok(listed)
    }
}

fn wrong(why: &str) -> Error {
    Error::new(Kind::Config, why)
}

fn broken(error: io::Error) -> Error {
    Error::new(Kind::Disk, "it cannot be read").because(error)
}

/// The error of a line, with the place of the line.
fn at(name: &str, number: u64, mut error: Error) -> Error {
    error.message = format!("line {number} of `{name}`: {}", error.message);
    error
}

/// All links in their order: those typed, then those of each list. What is no link comes as an error in its place.
pub(super) fn links(
    typed: Vec<String>,
    lists: Vec<List>,
    registry: Registry,
) -> impl Stream<Item = Result<Wanted>> + Send + 'static {
    let read = |text: &String| registry.read(text).map(Wanted::from);
    let typed: Vec<_> = typed.iter().map(read).collect();
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    if !lists.is_empty() {
        // On a thread of its own, since reading blocks: for as long as somebody types, where it is stdin. Nobody waits
        // for it at the end.
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
            "line 7 of `x.txt`: it is no JSON object with `url`",
            "line 8 of `x.txt`: it is not UTF-8",
            "https://d.org/4",
        ];
        assert_eq!(read("x.txt", content), expected);
    }

    #[test]
    fn a_line_without_end_is_no_link_and_does_not_fill_the_memory() {
        let mut content = vec![b'a'; 3 * LONGEST as usize];
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
        let content = b"https://a.org/1,x\nhttps://b.org/2\n";
        assert_eq!(
            read("x.CSV", content),
            ["https://a.org/1", "https://b.org/2"]
        );
    }

    #[tokio::test]
    async fn reads_no_further_than_it_is_asked_to() {
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
