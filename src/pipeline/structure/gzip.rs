//! gzip (RFC 1952): only decompression shows where it ends.

use std::io::{self, BufRead, Read, Seek};

use flate2::bufread::GzDecoder;

use super::{CheckResult, Input, Stop, Structure};

/// How much may be decompressed per compressed byte, and how much in any case. If there is more, the file is a
/// decompression bomb, and the result is unknown.
const MOST_EACH: u64 = 64;
const MOST: u64 = 64 << 20;

/// Decompresses each member and checks it against its checksum and length.
pub(super) fn check<F: Read + Seek>(input: &mut Input<F>) -> CheckResult {
    let budget = MOST + input.len().saturating_mul(MOST_EACH);
    unpack(input, budget)
}

/// Decompresses at most `budget` bytes.
fn unpack<F: Read + Seek>(input: &mut Input<F>, mut budget: u64) -> CheckResult {
    let mut reader = Reader { input, at: 0 };
    let mut buffer = [0; 16 << 10];
    loop {
        let member = reader.at;
        let mut decoder = GzDecoder::new(&mut reader);
        loop {
            match decoder.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) if count as u64 <= budget => budget -= count as u64,
                Ok(_) => return Ok(Structure::Unknown),
                Err(error) => return Err(reader.stop(member, error)),
            }
        }
        // What follows is the next member, or irrelevant.
        let at = reader.at;
        if reader.input.peek(at, 3)? != b"\x1f\x8b\x08" {
            return Ok(Structure::Whole);
        }
    }
}

/// Reads the input sequentially.
struct Reader<'a, F> {
    input: &'a mut Input<F>,
    at: u64,
}

impl<F: Read + Seek> Reader<'_, F> {
    /// Returns what a decompression error means.
    fn stop(&self, member: u64, error: io::Error) -> Stop {
        match error.kind() {
            io::ErrorKind::UnexpectedEof if self.at >= self.input.len() => {
                self.input.cut("the rest of the compressed data")
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                Stop::broken(member, "the data cannot be decompressed")
            }
            _ => Stop::Unreadable(error),
        }
    }
}

impl<F: Read + Seek> Read for Reader<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<F: Read + Seek> BufRead for Reader<'_, F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.some(self.at)
    }

    fn consume(&mut self, count: usize) {
        self.at += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    #[test]
    fn gzip_bombs_are_not_judged() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&[0; 1 << 20]).unwrap();
        let packed = packed.finish().unwrap();
        let unpacked = |budget| {
            let len = packed.len() as u64;
            unpack(&mut Input::new(Cursor::new(&packed), len), budget).ok()
        };
        assert_eq!(unpacked(1 << 20), Some(Structure::Whole));
        assert_eq!(unpacked((1 << 20) - 1), Some(Structure::Unknown));
    }
}
