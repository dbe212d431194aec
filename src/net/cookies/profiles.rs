//! Finds the Firefox profiles, and the one that is meant.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::model::{Error, Kind, Result};

/// The cookie database of a profile.
pub(super) const STORE: &str = "cookies.sqlite";

/// A profile that has cookies.
#[derive(Debug)]
struct Profile {
    name: String,
    folder: PathBuf,
    /// Whether Firefox uses it by default.
    is_default: bool,
    used: Option<SystemTime>,
}

/// Returns the folder of a profile: by its name, by its path or, without either, the default profile. Of several, the
/// most recently used one is taken.
///
/// # Errors
/// [`Kind::Config`] with the names of the existing profiles.
pub(super) fn find(name: &str) -> Result<PathBuf> {
    if name.contains(['/', '\\']) {
        let folder = Path::new(name);
        return match folder.join(STORE).is_file() {
            true => Ok(folder.to_owned()),
            false => Err(Error::new(
                Kind::Config,
                format!("`{name}` is not a Firefox profile: it has no `{STORE}`"),
            )),
        };
    }
    choose(
        roots().iter().flat_map(|root| profiles(root)).collect(),
        name,
    )
}

fn choose(profiles: Vec<Profile>, name: &str) -> Result<PathBuf> {
    let is_meant = |profile: &&Profile| match name {
        "" => profile.is_default,
        name => profile.name == name || profile.folder.file_name().is_some_and(|file| file == name),
    };
    let mut meant: Vec<_> = profiles.iter().filter(is_meant).collect();
    if meant.is_empty() && name.is_empty() {
        meant = profiles.iter().collect();
    }
    if let Some(profile) = meant.into_iter().max_by_key(|profile| profile.used) {
        return Ok(profile.folder.clone());
    }
    if profiles.is_empty() {
        let message = "found no Firefox profile with cookies";
        return Err(Error::new(Kind::Config, message)
            .hint("name its folder, as `about:profiles` shows it: `firefox:/PATH/TO/PROFILE`"));
    }
    let mut names: Vec<_> = profiles.iter().map(|p| format!("`{}`", p.name)).collect();
    names.sort_unstable();
    names.dedup();
    Err(Error::new(
        Kind::Config,
        format!("Firefox has no profile called `{name}`"),
    )
    .hint(format!("the known ones are {}", names.join(", "))))
}

/// Returns the folders that may have a `profiles.ini`, of all systems: those of other systems do not exist.
fn roots() -> Vec<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let home = std::env::home_dir();
    let below = [
        (home.clone(), ".mozilla/firefox"),
        (variable("XDG_CONFIG_HOME"), "mozilla/firefox"),
        (home.clone(), ".config/mozilla/firefox"),
        (home.clone(), "snap/firefox/common/.mozilla/firefox"),
        (
            home.clone(),
            ".var/app/org.mozilla.firefox/.mozilla/firefox",
        ),
        (
            home.clone(),
            ".var/app/org.mozilla.firefox/config/mozilla/firefox",
        ),
        (home, "Library/Application Support/Firefox"),
        (variable("APPDATA"), "Mozilla/Firefox"),
        (
            variable("LOCALAPPDATA"),
            "Packages/Mozilla.Firefox_n80bbvh6b1yt2/LocalCache/Roaming/Mozilla/Firefox",
        ),
    ];
    let mut roots: Vec<_> = below
        .into_iter()
        .filter_map(|(base, path)| Some(base?.join(path)))
        .collect();
    roots.dedup();
    roots
}

/// Returns the profiles named in this folder's `profiles.ini` that have cookies.
fn profiles(root: &Path) -> Vec<Profile> {
    let text = std::fs::read_to_string(root.join("profiles.ini")).unwrap_or_default();
    let sections = sections(&text);
    let get = |section: &[(&str, &str)], key: &str| {
        let found = section.iter().find(|(known, _)| *known == key);
        found.map(|(_, value)| (*value).to_owned())
    };
    // Since version 67 each installation has its own default profile; before that, one profile was marked.
    let installs = sections
        .iter()
        .filter(|(name, _)| name.starts_with("Install"));
    let installed: Vec<_> = installs
        .filter_map(|(_, keys)| get(keys, "Default"))
        .collect();
    let named = sections
        .iter()
        .filter(|(name, _)| name.starts_with("Profile"));
    let profile = |(_, keys): &(&str, Vec<(&str, &str)>)| {
        let path = get(keys, "Path")?;
        let folder = root.join(&path);
        let store = std::fs::metadata(folder.join(STORE)).ok()?;
        let is_default = match installed.is_empty() {
            true => get(keys, "Default").as_deref() == Some("1"),
            false => installed.contains(&path),
        };
        // While Firefox runs, new cookies are in the log beside the database.
        let log = std::fs::metadata(folder.join(format!("{STORE}-wal")));
        let used = log.and_then(|log| log.modified()).ok();
        Some(Profile {
            name: get(keys, "Name").unwrap_or(path),
            folder,
            is_default,
            used: used.max(store.modified().ok()),
        })
    };
    named.filter_map(profile).collect()
}

/// Parses the sections of an INI file, each with its keys and values.
fn sections(text: &str) -> Vec<(&str, Vec<(&str, &str)>)> {
    let mut sections: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            sections.push((name, Vec::new()));
        } else if let (Some((_, keys)), Some(pair)) = (sections.last_mut(), line.split_once('=')) {
            keys.push(pair);
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn finds_the_profile_that_is_meant() {
        let root = tempfile::tempdir().unwrap();
        let ini = "[Install4F]\nDefault=Profiles/b.work\nLocked=1\n\n[Profile1]\nName=work\nIsRelative=1\nPath=Profiles/b.work\n\
                   [Profile0]\r\nName=old\r\nPath=a.old\r\nDefault=1\r\n[Profile2]\nName=empty\nPath=c\n[General]\nVersion=2\n";
        fs::write(root.path().join("profiles.ini"), ini).unwrap();
        for folder in ["Profiles/b.work", "a.old"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
            fs::write(root.path().join(folder).join(STORE), "").unwrap();
        }
        let choose = |name: &str| choose(profiles(root.path()), name);
        let table = [
            ("", "Profiles/b.work"),
            ("old", "a.old"),
            ("a.old", "a.old"),
            ("work", "Profiles/b.work"),
        ];
        for (name, folder) in table {
            assert_eq!(choose(name).unwrap(), root.path().join(folder), "{name}");
        }
        let error = choose("empty").unwrap_err();
        assert_eq!(error.to_string(), "Firefox has no profile called `empty`");
        assert_eq!(error.hint.unwrap(), "the known ones are `old`, `work`");
    }

    #[test]
    fn a_folder_without_cookies_is_not_a_profile() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().to_str().unwrap();
        assert!(
            find(folder)
                .unwrap_err()
                .to_string()
                .contains("no `cookies.sqlite`")
        );
        fs::write(root.path().join(STORE), "").unwrap();
        assert_eq!(find(folder).unwrap(), root.path());
    }
}
