//! The cookies of Firefox: an SQLite database in its profile.
//!
//! A running Firefox holds its database locked and writes to it, so a copy is read, along with its write-ahead log.
//! Session cookies are not in it: Firefox keeps those elsewhere.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Row, params};
use serde_json::Value;

use super::cookie::Cookie;
use super::profiles::{STORE, find};
use crate::model::{Error, Kind, Result};

/// The schema version from which on times are in milliseconds.
const MILLISECONDS_SINCE_SCHEMA: i64 = 16;

/// How many copies are attempted when Firefox writes during copying.
const MAX_COPIES: u32 = 5;

/// Reads the unexpired cookies of a profile: those of no container, or those of one.
///
/// # Errors
/// [`Kind::Config`] for a profile or container that is unknown or cannot be read.
pub(super) fn read(profile: &str, container: Option<&str>) -> Result<Vec<Cookie>> {
    let folder = find(profile)?;
    let origin = match container {
        None => String::new(),
        Some(name) => format!("^userContextId={}", container_id(&folder, name)?),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |time| time.as_secs());
    let cookies = DatabaseCopy::of(&folder).map_err(Into::into);
    let cookies = cookies.and_then(|copy| query(&copy.0.join(STORE), &origin, now));
    cookies.map_err(|error: Box<dyn std::error::Error + Send + Sync>| {
        let store = folder.join(STORE);
        let message = format!(
            "cannot read the cookies of Firefox in `{}`",
            store.display()
        );
        Error::new(Kind::Config, message)
            .because(error)
            .hint("export them with an extension, and give the file with `-C FILE`")
    })
}

/// A copy of a database and its log, in a folder that only the user may enter. Dropping it removes it.
struct DatabaseCopy(PathBuf);

impl DatabaseCopy {
    fn of(profile: &Path) -> io::Result<DatabaseCopy> {
        let random = RandomState::new().build_hasher().finish();
        let folder = std::env::temp_dir().join(format!("fetch-{random:016x}"));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        let copy = DatabaseCopy(folder);
        for _ in 0..MAX_COPIES {
            if copy.take(profile)? {
                return Ok(copy);
            }
        }
        Err(io::Error::other("it keeps being written to"))
    }

    /// Copies both. Returns whether they belong together: only if neither was written to in the meantime.
    fn take(&self, profile: &Path) -> io::Result<bool> {
        let log = format!("{STORE}-wal");
        let look = |name: &str| {
            let metadata = fs::metadata(profile.join(name)).ok()?;
            Some((metadata.len(), metadata.modified().ok()))
        };
        let before = (look(STORE), look(&log));
        // The log of an earlier attempt may not belong to the current database.
        match fs::remove_file(self.0.join(&log)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::copy(profile.join(STORE), self.0.join(STORE))?;
        if before.1.is_some() {
            fs::copy(profile.join(&log), self.0.join(&log))?;
        }
        Ok(before == (look(STORE), look(&log)))
    }
}

impl Drop for DatabaseCopy {
    fn drop(&mut self) {
        // What cannot be removed is left to the system, in a folder that only its owner may enter.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn query(
    store: &Path,
    origin: &str,
    now: u64,
) -> std::result::Result<Vec<Cookie>, Box<dyn std::error::Error + Send + Sync>> {
    let connection = Connection::open(store)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let unit = if version >= MILLISECONDS_SINCE_SCHEMA {
        1000
    } else {
        1
    };
    let query = "SELECT host, path, isSecure, isHttpOnly, expiry, name, value FROM moz_cookies WHERE originAttributes = ?";
    let cookie = |row: &Row<'_>| {
        let host: String = row.get(0)?;
        let plain = host.trim_start_matches('.');
        Ok(Cookie {
            domain_wide: plain.len() < host.len(),
            host: plain.to_owned(),
            path: row.get(1)?,
            secure: row.get(2)?,
            http_only: row.get(3)?,
            expires: Some((row.get::<_, i64>(4)? / unit).max(0).unsigned_abs()),
            name: row.get(5)?,
            value: row.get(6)?,
        })
    };
    let mut statement = connection.prepare(query)?;
    let mut cookies = statement
        .query_map(params![origin], cookie)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    cookies.retain(|cookie| cookie.expires > Some(now) && cookie.is_writable());
    Ok(cookies)
}

/// Returns the number of a container by its name, given by the user or by Firefox.
fn container_id(profile: &Path, name: &str) -> Result<u64> {
    let bytes = fs::read(profile.join("containers.json")).unwrap_or_default();
    let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let all = json["identities"].as_array().map_or(&[][..], Vec::as_slice);
    // Containers that come with Firefox have no name, but a localization key: `userContextWork.label`,
    // `user-context-work`.
    let built_in = |container: &Value| {
        let key = container["l10nID"]
            .as_str()
            .or(container["l10nId"].as_str())?;
        let key = key.strip_suffix(".label").unwrap_or(key);
        let word = key
            .strip_prefix("userContext")
            .or(key.strip_prefix("user-context-"))?;
        Some(word.to_owned())
    };
    let named = all.iter().filter(|container| container["public"] != false);
    let named = named.filter_map(|container| {
        let given = container["name"].as_str().filter(|name| !name.is_empty());
        let name = given.map(str::to_owned).or_else(|| built_in(container))?;
        Some((name, container["userContextId"].as_u64()?))
    });
    let named: Vec<_> = named.collect();
    let found = named
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, id)| *id).ok_or_else(|| {
        let names: Vec<_> = named.iter().map(|(name, _)| format!("`{name}`")).collect();
        let hint = match names.is_empty() {
            true => "this profile has none".to_owned(),
            false => format!("the known ones are {}", names.join(", ")),
        };
        Error::new(
            Kind::Config,
            format!("Firefox has no container called `{name}`"),
        )
        .hint(hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A profile as a running Firefox leaves it: new cookies are in the log. The connection keeps it locked.
    fn profile(version: i64, unit: i64) -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let open = Connection::open(folder.path().join(STORE)).unwrap();
        let setup = format!(
            "PRAGMA journal_mode = WAL; PRAGMA locking_mode = EXCLUSIVE; PRAGMA user_version = {version};
             CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, originAttributes TEXT NOT NULL DEFAULT '', name TEXT, value TEXT,
             host TEXT, path TEXT, expiry INTEGER, lastAccessed INTEGER, creationTime INTEGER, isSecure INTEGER,
             isHttpOnly INTEGER)"
        );
        open.execute_batch(&setup).unwrap();
        let rows = [
            ("", ".example.org", "wide", 4_102_444_800 * unit),
            ("", "example.org", "narrow", 4_102_444_800 * unit),
            ("", "example.org", "over", 1_000_000_000 * unit),
            ("", "example.org", "bad\n", 4_102_444_800 * unit),
            (
                "^userContextId=2",
                ".example.org",
                "work",
                4_102_444_800 * unit,
            ),
            (
                "^partitionKey=%28https%2Ca.org%29",
                ".example.org",
                "theirs",
                4_102_444_800 * unit,
            ),
        ];
        for (origin, host, name, expiry) in rows {
            let insert = "INSERT INTO moz_cookies (originAttributes, host, name, expiry, value, path, isSecure, isHttpOnly)
                          VALUES (?, ?, ?, ?, 'v', '/', 1, 0)";
            open.execute(insert, params![origin, host, name, expiry])
                .unwrap();
        }
        (folder, open)
    }

    #[test]
    fn reads_what_a_running_firefox_has_and_leaves_no_trace() {
        for (version, unit) in [(15, 1), (16, 1000)] {
            let (folder, open) = profile(version, unit);
            let name = folder.path().to_str().unwrap();
            let names = |container| {
                let cookies = read(name, container).unwrap();
                let names = cookies
                    .iter()
                    .map(|cookie| (cookie.name.clone(), cookie.domain_wide));
                names.collect::<Vec<_>>()
            };
            assert_eq!(
                names(None),
                [("wide".into(), true), ("narrow".into(), false)]
            );
            let containers = r#"{"identities": [
                {"userContextId": 1, "public": true, "l10nID": "userContextPersonal.label"},
                {"userContextId": 2, "public": true, "l10nId": "user-context-work"},
                {"userContextId": 5, "public": false, "name": "userContextIdInternal.thumbnail"}]}"#;
            fs::write(folder.path().join("containers.json"), containers).unwrap();
            assert_eq!(names(Some("Work")), [("work".into(), true)]);
            let error = read(name, Some("Play")).map(|_| ()).unwrap_err();
            assert_eq!(error.hint.unwrap(), "the known ones are `Personal`, `work`");
            open.execute("DELETE FROM moz_cookies", []).unwrap();
            assert_eq!(names(None), []);
        }
    }

    #[test]
    fn a_stale_wal_is_not_used() {
        let (folder, open) = profile(16, 1000);
        let copy = DatabaseCopy::of(folder.path()).unwrap();
        let names = || {
            let cookies = query(&copy.0.join(STORE), "", 0).unwrap();
            let names = cookies.into_iter().map(|cookie| cookie.name);
            names.collect::<Vec<_>>()
        };
        // Firefox exits, and removes its log.
        open.execute("UPDATE moz_cookies SET name = 'new'", [])
            .unwrap();
        drop(open);
        assert!(!folder.path().join(format!("{STORE}-wal")).exists());
        assert!(copy.take(folder.path()).unwrap());
        assert_eq!(names(), ["new"; 4]);
    }

    #[test]
    fn an_invalid_cookie_database_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(STORE), [b'x'; 5000]).unwrap();
        let error = read(folder.path().to_str().unwrap(), None)
            .map(|_| ())
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot read the cookies of Firefox in")
        );
        assert!(
            error.causes()[0].contains("not a database"),
            "{:?}",
            error.causes()
        );
    }
}
