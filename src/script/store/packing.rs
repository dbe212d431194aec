//! Makes a package of a plugin, for publishing.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::bundle::Files;
use super::index::Entry;
use super::version::Version;
use super::{Grants, bundle};
use crate::model::{Error, Kind, Result};
use crate::script::case::Case;
use crate::script::manifest::Kind as OptionKind;
use crate::script::{Manifest, Package};

/// A package that was made.
#[derive(Debug)]
pub struct Packed {
    /// Its path.
    pub file: PathBuf,
    /// Its entry for the index, as JSON.
    pub entry: String,
    /// Files in the folder that are not in the package.
    pub left: Vec<String>,
    /// The cases that set the address of a site, each with that address.
    pub at_home: Vec<(String, String)>,
}

/// Makes a package of the plugin in this folder, and writes it to `into`. The same files make the same package.
///
/// # Errors
/// [`Kind::Config`] if it is not a plugin that others could install; [`Kind::Disk`].
pub fn pack(folder: &Path, into: &Path) -> Result<Packed> {
    let (files, left) = bundle::gather(folder)?;
    let package = Package::of(&files, &folder.display().to_string())?;
    let manifest = &package.manifest;
    manifest.version.parse::<Version>().map_err(|why| {
        Error::new(Kind::Config, why).hint("users must be able to tell which version is newer")
    })?;
    let packed = bundle::pack(&files)?;
    // Check that it will be accepted.
    bundle::unpack(&packed)?;
    if packed.len() > bundle::PACKED {
        let message = format!(
            "the package has {} bytes, of at most {}",
            packed.len(),
            bundle::PACKED
        );
        return Err(Error::new(Kind::Config, message).hint("shorten the responses in its cases"));
    }
    let entry = Entry {
        id: manifest.id.clone(),
        version: manifest.version.clone(),
        api: manifest.api,
        min_engine: None,
        sha256: hex(&packed),
        size: packed.len() as u64,
        tree: package.tree(),
        permissions: Grants::of(manifest),
        yanked: None,
    };
    let file = into.join(entry.file());
    let written = File::create_new(&file).and_then(|mut file| file.write_all(&packed));
    written.map_err(|error| {
        let message = format!("cannot write `{}`", file.display());
        let failure = Error::new(Kind::Disk, message);
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                failure.hint("a published package needs a new version when it changes")
            }
            _ => failure,
        }
        .because(error)
    })?;
    let text = serde_json::to_string_pretty(&entry);
    Ok(Packed {
        file,
        entry: text.unwrap_or_default(),
        left,
        at_home: at_home(manifest, &files),
    })
}

/// Returns the addresses of sites that cases set.
fn at_home(manifest: &Manifest, files: &Files) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (file, bytes) in files {
        let name = file
            .strip_prefix("cases/")
            .and_then(|file| file.strip_suffix(".toml"));
        let case = str::from_utf8(bytes).ok().map(toml::from_str::<Case>);
        let (Some(name), Some(Ok(case))) = (name, case) else {
            continue;
        };
        for option in manifest
            .options
            .iter()
            .filter(|option| option.kind == OptionKind::Site)
        {
            let set = case.options.get(&option.key).and_then(|set| set.as_str());
            if let Some(set) = set.filter(|set| option.default.as_str() != Some(set)) {
                found.push((name.to_owned(), set.to_owned()));
            }
        }
    }
    found
}

/// Returns the SHA-256 of these bytes, in hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
