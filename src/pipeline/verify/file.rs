//! A single file, and what is recorded about it.

use std::io::{self, Read, Seek};

use super::{Progress, State};
use crate::pipeline::archive::{Record, Sum, Summing};
use crate::pipeline::naming::{Content, broken_promise, sniff};
use crate::pipeline::sink::{Disk, stays_below};
use crate::pipeline::structure::{Input, Structure, structure};

/// Checks a file against its record, and counts the bytes read.
pub(super) fn check(disk: &Disk, record: &Record, progress: &Progress) -> (State, Option<String>) {
    let unreadable = |error: io::Error| (State::Unreadable, Some(error.to_string()));
    // An archive from elsewhere must not name files outside the folder.
    if !stays_below(&record.path) {
        progress.read(record.size);
        let why = "its path leads out of the output folder";
        return (State::Missing, Some(why.to_owned()));
    }
    let opened = disk.read(&record.path).and_then(|file| {
        let len = file.metadata()?.len();
        Ok(Input::new(file, len))
    });
    let mut input = match opened {
        Ok(input) => input,
        Err(error) => {
            progress.read(record.size);
            return match error.kind() {
                io::ErrorKind::NotFound => (State::Missing, None),
                _ => unreadable(error),
            };
        }
    };
    hold(&mut input, record, progress).unwrap_or_else(unreadable)
}

fn hold<F: Read + Seek>(
    input: &mut Input<F>,
    record: &Record,
    progress: &Progress,
) -> io::Result<(State, Option<String>)> {
    let same_length = input.len() == record.size;
    let sum = record.digest.filter(|_| same_length);
    let same_bytes = match sum {
        Some(sum) => Some(sum_of(input, sum, progress)? == sum),
        None => {
            progress.read(record.size);
            None
        }
    };
    let found = match is_volume(&record.path) {
        true => Structure::Unknown,
        false => structure(input)?,
    };
    let (len, size) = (input.len(), record.size);
    let broken = |why: String| (State::Broken, Some(why));
    Ok(match (same_bytes, found) {
        (Some(true), found) if found.is_bad() => (
            State::Flawed,
            Some(format!("{found}; it was downloaded that way")),
        ),
        (Some(true), _) => match promised(&record.path, input)? {
            Some(ext) => {
                let why = format!("it cannot be of the kind `{ext}`; it was downloaded that way");
                (State::Flawed, Some(why))
            }
            None => (State::Whole { proven: true }, None),
        },
        (_, found) if found.is_bad() => broken(found.to_string()),
        (Some(false), _) => {
            let state = match is_sound(input)? {
                true => State::Changed,
                false => State::Broken,
            };
            let why = "its bytes are not those that were saved, although its size is the same";
            (state, Some(why.into()))
        }
        (None, _) if len == 0 && size > 0 => broken("it is empty".into()),
        (None, Structure::Unknown) if is_zeros(input)? => broken("it contains only zeros".into()),
        (None, found) if same_length => (
            State::Whole {
                proven: found == Structure::Whole,
            },
            None,
        ),
        (None, Structure::Unknown) if len < size => broken(format!("it has {len} of {size} bytes")),
        (None, _) => (
            State::Changed,
            Some(format!("it has {len} bytes instead of {size}")),
        ),
    })
}

/// Returns the kind that its name promises, if the content cannot be of that kind.
fn promised<F: Read + Seek>(path: &str, input: &mut Input<F>) -> io::Result<Option<String>> {
    let len = input.len();
    let seen = sniff(input.some(0)?);
    Ok(broken_promise(path, (seen.kind, Some(len)), None))
}

/// Checks for formats whose tags are edited in place: they have padding for that, so the length stays the same.
fn is_sound<F: Read + Seek>(input: &mut Input<F>) -> io::Result<bool> {
    Ok(matches!(
        sniff(input.some(0)?).ext.as_deref(),
        Some("mp3" | "flac" | "m4a" | "m4b" | "ogg" | "oga" | "opus" | "spx")
    ))
}

/// Checks whether the file consists only of zeros.
fn is_zeros<F: Read + Seek>(input: &mut Input<F>) -> io::Result<bool> {
    if sniff(input.some(0)?).kind != Content::Zeros {
        return Ok(false);
    }
    let mut at = 0;
    while at < input.len() {
        let some = input.some(at)?;
        if some.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        at += some.len() as u64;
    }
    Ok(true)
}

/// Computes the digest of a file with the same algorithm as another digest.
fn sum_of<F: Read + Seek>(input: &mut Input<F>, like: Sum, progress: &Progress) -> io::Result<Sum> {
    let mut summing = Summing::new(like.algorithm());
    let mut at = 0;
    while at < input.len() {
        let some = input.some(at)?;
        summing.update(some);
        at += some.len() as u64;
        progress.read(some.len() as u64);
    }
    Ok(summing.finish())
}

/// Checks whether it is a volume of a split file, such as `a.7z.001`: the end is in another file.
pub(in crate::pipeline) fn is_volume(path: &str) -> bool {
    let ext = path.rsplit_once('.').map_or("", |(_, ext)| ext);
    ext.len() >= 2 && ext.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::pipeline::archive::Algorithm;

    fn held(bytes: &[u8], size: u64) -> State {
        let record = Record {
            path: "disk.img".into(),
            size,
            ..Record::default()
        };
        let mut input = Input::new(Cursor::new(bytes), bytes.len() as u64);
        hold(&mut input, &record, &Progress::default()).unwrap().0
    }

    #[test]
    fn only_zeros_to_the_end_are_nothing_but_zeros() {
        let mut bytes = vec![0; 600_000];
        assert_eq!(held(&bytes, 600_000), State::Broken);
        bytes[599_999] = 1;
        assert_eq!(held(&bytes, 600_000), State::Whole { proven: false });
    }

    #[test]
    fn a_text_under_the_name_of_a_book_came_flawed() {
        let bytes = b"{\"error\": \"link expired\"}";
        let mut summing = Summing::new(Algorithm::Xxh3);
        summing.update(bytes);
        let sum = summing.finish();
        let table = [
            ("book (2).pdf", State::Flawed),
            ("book.json", State::Whole { proven: true }),
        ];
        for (path, expected) in table {
            let record = Record {
                path: path.into(),
                size: bytes.len() as u64,
                digest: Some(sum),
                ..Record::default()
            };
            let mut input = Input::new(Cursor::new(&bytes[..]), bytes.len() as u64);
            let (state, _) = hold(&mut input, &record, &Progress::default()).unwrap();
            assert_eq!(state, expected, "{path}");
        }
    }
}
