//! A file that a command of the user's has changed.

use std::io::{self, Read};

use crate::pipeline::archive::{Algorithm, Altered, Summing};
use crate::pipeline::sink::{Disk, Stamp};

/// How much is read at once.
const PIECE: usize = 128 << 10;

/// Returns what to record of the file at this path, unless it is unchanged. Blocks.
///
/// # Errors
/// It no longer exists, or cannot be read.
pub(super) fn altered(
    disk: &Disk,
    path: &str,
    before: Stamp,
    algorithm: Algorithm,
) -> io::Result<Option<Altered>> {
    let mut file = disk.read(path)?;
    if Stamp::of(&file)? == before {
        return Ok(None);
    }
    let mut summing = Summing::new(algorithm);
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => summing.update(&piece[..read]),
        }
    }
    Ok(Some(Altered {
        path: path.to_owned(),
        size: summing.count(),
        digest: summing.finish(),
    }))
}
