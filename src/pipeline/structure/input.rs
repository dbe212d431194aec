//! Random access to a file through a window.

use std::io::{self, Read, Seek, SeekFrom};

use super::{Stop, Structure};

/// How much is read ahead when reading sequentially.
const WINDOW: usize = 256 << 10;

/// How much is read after a jump.
const JUMP: usize = 4 << 10;

/// A file, and the part of it that is in memory.
#[derive(Debug)]
pub(in crate::pipeline) struct Input<F> {
    file: F,
    len: u64,
    window: Vec<u8>,
    /// The position of the window in the file.
    start: u64,
}

impl<F: Read + Seek> Input<F> {
    /// Creates the input for a file of this length.
    pub(in crate::pipeline) fn new(file: F, len: u64) -> Input<F> {
        Input {
            file,
            len,
            window: Vec::new(),
            start: 0,
        }
    }

    /// Returns the length of the file.
    pub(in crate::pipeline) fn len(&self) -> u64 {
        self.len
    }

    /// Returns some bytes from this position on, at least one; none at the end of the file.
    ///
    /// # Errors
    /// If the file cannot be read, or has become shorter.
    pub(in crate::pipeline) fn some(&mut self, at: u64) -> io::Result<&[u8]> {
        self.fill(at, 1)?;
        let from = (at.saturating_sub(self.start)).min(self.window.len() as u64) as usize;
        Ok(&self.window[from..])
    }

    /// Returns up to `most` bytes from this position on, fewer only at the end of the file.
    pub(super) fn peek(&mut self, at: u64, most: usize) -> Result<&[u8], Stop> {
        self.fill(at, most).map_err(Stop::Unreadable)?;
        let from = (at.saturating_sub(self.start)).min(self.window.len() as u64) as usize;
        let to = (from + most).min(self.window.len());
        Ok(&self.window[from..to])
    }

    /// Reads the bytes of an array at this position; if they are not all there, the file is cut.
    pub(super) fn take<const N: usize>(
        &mut self,
        at: u64,
        missing: &'static str,
    ) -> Result<[u8; N], Stop> {
        let len = self.len;
        let taken = self.peek(at, N)?.try_into();
        taken.map_err(|_| Stop::Decided(Structure::Cut { at: len, missing }))
    }

    /// Returns where something of this length at this position ends; if that is beyond the file, the file is cut.
    pub(super) fn pass(&self, at: u64, length: u64, missing: &'static str) -> Result<u64, Stop> {
        let end = at.checked_add(length).filter(|end| *end <= self.len);
        end.ok_or(self.cut(missing))
    }

    /// Finds the next occurrence of this byte, from this position on.
    pub(super) fn find(&mut self, mut at: u64, byte: u8) -> Result<Option<u64>, Stop> {
        loop {
            let some = self.some(at).map_err(Stop::Unreadable)?;
            if some.is_empty() {
                return Ok(None);
            }
            match some.iter().position(|&found| found == byte) {
                Some(index) => return Ok(Some(at + index as u64)),
                None => at += some.len() as u64,
            }
        }
    }

    /// Returns the result for a file that is cut.
    pub(super) fn cut(&self, missing: &'static str) -> Stop {
        Stop::Decided(Structure::Cut {
            at: self.len,
            missing,
        })
    }

    /// Loads at least `count` bytes from this position on into the window, or all up to the end of the file.
    fn fill(&mut self, at: u64, count: usize) -> io::Result<()> {
        let end = self.start + self.window.len() as u64;
        let wanted = at.saturating_add(count as u64).min(self.len);
        if at >= self.start && wanted <= end || at >= self.len {
            return Ok(());
        }
        let goes_on = at >= self.start && at <= end;
        let least = if goes_on { WINDOW } else { JUMP };
        let ahead = least.max(count) as u64;
        let length = ahead.min(self.len - at) as usize;
        self.window.resize(length, 0);
        self.start = at;
        let read = self
            .file
            .seek(SeekFrom::Start(at))
            .and_then(|_| self.file.read_exact(&mut self.window));
        if read.is_err() {
            self.window.clear();
        }
        read
    }
}
