//! Small files, read as a whole.

use std::io::{self, Read};

use super::Folder;

impl Folder {
    /// Reads a small file; a file longer than `limit` bytes is an error.
    pub(in crate::pipeline) fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.open_to_read(name)?
            .take(limit + 1)
            .read_to_end(&mut content)?;
        if content.len() as u64 > limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it is too long",
            ));
        }
        Ok(content)
    }
}
