//! Parses fuzzer input as data from third parties.

use super::index::{self, Index, public};
use super::{Lockfile, bundle};
use crate::script::Package;

/// Parses the input as one of the formats that come from others, or that others may have changed; the first byte
/// selects which.
pub fn fuzz(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    match first % 5 {
        0 => {
            let Ok(index) = Index::parse("fuzz", rest, "") else {
                return;
            };
            for entry in &index.entries {
                let _ = index.newest(&entry.id);
                let _ = index.yanked(&entry.id, &entry.version);
            }
        }
        1 => unpacked(bundle::unpack(rest)),
        2 => {
            // Fix the checksum of the first header, which few inputs would pass.
            let mut tar = rest.to_vec();
            if let Some(head) = tar.get_mut(..512) {
                head[148..156].fill(b' ');
                let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
                head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            }
            unpacked(bundle::untar(&tar));
        }
        3 => {
            let mut texts = rest.splitn(3, |byte| *byte == 0xff);
            let mut next = || texts.next().unwrap_or_default();
            let (key, signature, json) = (next(), next(), next());
            let key = String::from_utf8_lossy(key).into_owned();
            let _ = index::base(&key);
            let _ = public(&key);
            let known = super::KnownIndex {
                url: "https://mine.test/"
                    .parse()
                    .expect("a constant that is a URL"),
                key,
                next: None,
                serial: 0,
            };
            let _ = Index::read("fuzz", json, signature, &known);
        }
        _ => {
            let _ = Lockfile::read("fuzz", rest);
        }
    }
}

/// Checks that unpacked files are a plugin or are refused, and that they survive packing and unpacking.
fn unpacked(files: crate::model::Result<bundle::Files>) {
    let Ok(files) = files else {
        return;
    };
    let _ = Package::of(&files, "fuzz");
    let packed = bundle::pack(&files).expect("memory takes it");
    let again = bundle::unpack(&packed).expect("what was taken once is taken again");
    assert_eq!(again, files);
}
