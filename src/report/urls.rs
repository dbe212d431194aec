//! The URLs of media, one per line, for other programs.

use std::io::{self, BufWriter, Stdout, Write};

use super::{OpenItem, Reporter, Summary};
use crate::model::Event;

/// Prints the URL of each item found. Items whose URL is resolved only just before the download are left out.
#[derive(Debug)]
pub struct Urls<W: Write = BufWriter<Stdout>> {
    out: W,
}

impl Urls {
    /// Prints to stdout.
    pub fn stdout() -> Self {
        Urls::new(BufWriter::new(io::stdout()))
    }
}

impl<W: Write> Urls<W> {
    /// Prints to this writer.
    pub fn new(out: W) -> Self {
        Urls { out }
    }
}

impl<W: Write + Send> Reporter for Urls<W> {
    fn event(&mut self, event: &Event, _: Option<&OpenItem>, _: &Summary) -> io::Result<()> {
        match event {
            Event::Found {
                raw_url: Some(url), ..
            } => writeln!(self.out, "{url}"),
            _ => Ok(()),
        }
    }

    fn flush(&mut self, _: &Summary) -> io::Result<()> {
        self.out.flush()
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.out.flush()
    }
}
