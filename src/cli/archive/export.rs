//! `fetch archive export`: writes the archive for other programs.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::peers::{Peer, write};
use crate::cli::args::Format;
use crate::cli::messages::{counted, eprint};
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{ItemStatus, Known, Records, is_there, write_table};

/// Writes the known items of an output root to a file or to stdout.
pub(super) fn export(
    archive: &Path,
    root: &Path,
    format: Format,
    file: Option<&Path>,
) -> Result<()> {
    let records = Records::known(archive, root)?;
    let had = records.items().filter(|known| match known {
        Ok(known) => known.record.is_some() || known.status == ItemStatus::Imported,
        Err(_) => true,
    });
    let mut left_out = 0u64;
    let entries = |peer| {
        had.flat_map(move |known| match known.map(|known| write(peer, &known)) {
            Ok(entries) if entries.is_empty() => vec![None],
            Ok(entries) => entries.into_iter().map(|entry| Some(Ok(entry))).collect(),
            Err(error) => vec![Some(Err(error))],
        })
    };
    match (format, file) {
        (Format::GalleryDl, None) => {
            return Err(Error::new(
                Kind::Config,
                "gallery-dl's archive is a database, which needs a file",
            )
            .hint("`fetch archive export --format gallery-dl FILE`"));
        }
        (Format::GalleryDl, Some(file)) => {
            let entries = entries(Peer::GalleryDl);
            write_table(
                file,
                entries
                    .inspect(|entry| left_out += u64::from(entry.is_none()))
                    .flatten(),
            )?;
        }
        (Format::YtDlp, file) => {
            let mut out = Out::open(file)?;
            let mut last = String::new();
            for entry in entries(Peer::YtDlp) {
                let Some(entry) = entry.transpose()? else {
                    left_out += 1;
                    continue;
                };
                // One imported entry may be two items here.
                if entry != last {
                    out.line(&entry)?;
                    last = entry;
                }
            }
            out.finish()?;
        }
        (Format::Jsonl, file) => {
            let mut out = Out::open(file)?;
            for known in records.items() {
                out.line(&object(&known?))?;
            }
            out.finish()?;
        }
    }
    if left_out > 0 {
        eprint(&format!(
            "{} no name in that program: left out\n",
            counted(left_out, "item has", "items have")
        ));
    }
    Ok(())
}

/// One item as a line of JSON.
fn object(known: &Known) -> String {
    let time = |time: Option<jiff::Timestamp>| time.map(|time| time.to_string());
    let mut line = json!({
        "v": 1,
        "source": known.identity.source,
        "key": known.identity.key,
        "outcome": match known.status {
            ItemStatus::Saved => "saved",
            ItemStatus::Failed => "failed",
            ItemStatus::Gone => "gone",
            ItemStatus::Imported => "imported",
        },
    });
    let mut add = |key: &str, value: Option<serde_json::Value>| {
        if let Some(value) = value {
            line[key] = value;
        }
    };
    if let Some(record) = &known.record {
        add("path", Some(record.path.as_str().into()));
        add("size", Some(record.size.into()));
        add(
            "digest",
            record.digest.map(|digest| digest.to_string().into()),
        );
        add("media", record.media.as_deref().map(Into::into));
        add("published", time(record.published).map(Into::into));
    }
    add("saved", time(known.saved).map(Into::into));
    add("link", known.link.as_deref().map(Into::into));
    if let Some(failure) = &known.failure {
        add("reason", Some(failure.reason.as_ref().into()));
        add("failed", time(known.failed).map(Into::into));
    }
    line.to_string()
}

/// The destination of the lines. If stdout is closed, that is no failure.
struct Out {
    writer: BufWriter<Box<dyn Write>>,
    name: String,
    over: bool,
    /// A new file that is still incomplete.
    unfinished: Option<PathBuf>,
}

impl Out {
    /// A new file, or stdout.
    fn open(file: Option<&Path>) -> Result<Out> {
        let (writer, name): (Box<dyn Write>, _) = match file {
            None => (Box::new(std::io::stdout()), "stdout".to_owned()),
            Some(file) => {
                let opened = File::create_new(file);
                let name = file.display().to_string();
                (
                    Box::new(opened.map_err(|error| cannot(&name, error))?),
                    name,
                )
            }
        };
        Ok(Out {
            writer: BufWriter::new(writer),
            name,
            over: false,
            unfinished: file.map(Path::to_owned),
        })
    }

    fn line(&mut self, text: &str) -> Result<()> {
        if self.over {
            return Ok(());
        }
        let done = writeln!(self.writer, "{text}");
        self.ended(done)
    }

    fn finish(mut self) -> Result<()> {
        let done = self.writer.flush();
        self.ended(done)?;
        self.unfinished = None;
        Ok(())
    }

    fn ended(&mut self, done: std::io::Result<()>) -> Result<()> {
        match done {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.over = true;
                Ok(())
            }
            done => done.map_err(|error| cannot(&self.name, error)),
        }
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        if let Some(file) = &self.unfinished {
            // The error to report is that of the export.
            let _ = std::fs::remove_file(file);
        }
    }
}

fn cannot(name: &str, error: std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        return is_there(name);
    }
    Error::new(Kind::Disk, format!("cannot write `{name}`")).because(error)
}
