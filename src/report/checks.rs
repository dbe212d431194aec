//! The results of `fetch verify`, for people and for programs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::text::{clean, size, time};
use crate::pipeline::archive::root_text;
use crate::pipeline::verify::{Checked, State};

/// The version of the JSON format.
const VERSION: u32 = 1;

/// The number of files in each state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checks {
    /// Files that have the bytes that were saved.
    pub whole: u64,
    /// Those of them of which only the length could be compared.
    pub unproven: u64,
    /// Files that do not exist, but are intact in the packed archive of their album.
    pub packed: u64,
    /// Files that do not exist.
    pub missing: u64,
    /// Files that were modified.
    pub changed: u64,
    /// Files that are broken.
    pub broken: u64,
    /// Files that were incomplete or damaged when they were saved, and have not changed since.
    pub flawed: u64,
    /// Files that cannot be read.
    pub unreadable: u64,
    /// Files that the archive does not know.
    pub unknown: u64,
    /// The total length of the existing files when they were saved.
    pub bytes: u64,
    /// Whether the check was interrupted.
    pub interrupted: bool,
}

impl Checks {
    /// Counts a file.
    pub fn take(&mut self, checked: &Checked) {
        match checked.state {
            State::Whole { proven } => {
                self.whole += 1;
                self.unproven += u64::from(!proven);
            }
            State::Packed => self.packed += 1,
            State::Missing => self.missing += 1,
            State::Changed => self.changed += 1,
            State::Broken => self.broken += 1,
            State::Flawed => self.flawed += 1,
            State::Unreadable => self.unreadable += 1,
            State::Unknown => self.unknown += 1,
        }
        let is_there = !matches!(checked.state, State::Missing | State::Unreadable);
        let known = checked.known.as_ref().filter(|_| is_there);
        let record = known.and_then(|known| known.record.as_ref());
        self.bytes += record.map_or(0, |record| record.size);
    }

    /// Whether no file is missing, changed, broken or unreadable.
    pub fn is_intact(&self) -> bool {
        self.missing + self.changed + self.broken + self.unreadable == 0
    }

    /// The final line for people.
    pub fn totals(&self, took: Duration) -> String {
        let others = [
            (self.packed, "packed"),
            (self.missing, "missing"),
            (self.broken, "broken"),
            (self.changed, "changed"),
            (self.flawed, "flawed"),
            (self.unreadable, "unreadable"),
        ];
        let all = self.whole + others.iter().map(|(count, _)| count).sum::<u64>();
        let mut text = format!("{}: {} whole", files(all), self.whole);
        if self.unproven > 0 {
            text.push_str(&format!(" ({} of them by length only)", self.unproven));
        }
        for (count, what) in others.iter().filter(|(count, _)| *count > 0) {
            text.push_str(&format!(", {count} {what}"));
        }
        if self.unknown > 0 {
            text.push_str(&format!(
                "; {} that the archive does not know",
                files(self.unknown)
            ));
        }
        text.push_str(&format!("; {} in {}\n", size(self.bytes), time(took)));
        if self.interrupted {
            text.push_str("interrupted: not all files were checked\n");
        }
        text
    }

    /// The final line for programs.
    pub fn json(&self) -> String {
        let mut line = json!({ "v": VERSION, "event": "checks" });
        if let (Some(line), Ok(serde_json::Value::Object(sums))) =
            (line.as_object_mut(), serde_json::to_value(self))
        {
            line.extend(sums);
        }
        format!("{line}\n")
    }
}

fn files(count: u64) -> String {
    match count {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    }
}

/// The result for one file, for people; its path is relative to `here` if possible.
pub fn line(checked: &Checked, here: &Path) -> String {
    let path: PathBuf = checked.root.join(&checked.path);
    let path = path.strip_prefix(here).unwrap_or(&path);
    let path = root_text(path);
    let reason = checked.reason.as_deref();
    let reason = reason.map_or_else(String::new, |reason| format!(": {}", clean(reason)));
    format!("{:<10} {}{reason}\n", word(checked.state), clean(&path))
}

/// The result for one file, for programs.
pub fn object(checked: &Checked) -> String {
    let known = checked.known.as_deref();
    let record = known.and_then(|known| known.record.as_ref());
    let mut line = json!({
        "v": VERSION,
        "event": "checked",
        "state": word(checked.state),
        "root": root_text(&checked.root),
        "path": checked.path,
    });
    let mut add = |key: &str, value: Option<serde_json::Value>| {
        if let Some(value) = value {
            line[key] = value;
        }
    };
    add("reason", checked.reason.as_deref().map(Into::into));
    add(
        "source",
        known.map(|known| known.identity.source.as_str().into()),
    );
    add("key", known.map(|known| known.identity.key.as_str().into()));
    add(
        "link",
        known
            .and_then(|known| known.link.as_deref())
            .map(Into::into),
    );
    add("size", record.map(|record| record.size.into()));
    let digest = record.and_then(|record| record.digest);
    add("digest", digest.map(|digest| digest.to_string().into()));
    format!("{line}\n")
}

fn word(state: State) -> &'static str {
    match state {
        State::Whole { .. } => "whole",
        State::Packed => "packed",
        State::Missing => "missing",
        State::Changed => "changed",
        State::Broken => "broken",
        State::Flawed => "flawed",
        State::Unreadable => "unreadable",
        State::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(state: State, reason: Option<&str>) -> Checked {
        Checked {
            root: "/pictures".into(),
            path: "imgur/cat\u{1b}.jpg".into(),
            known: None,
            state,
            reason: reason.map(str::to_owned),
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let broken = checked(State::Broken, Some("it is empty"));
        assert_eq!(
            line(&broken, Path::new("/pictures")),
            "broken     imgur/cat.jpg: it is empty\n"
        );
        let missing = checked(State::Missing, None);
        assert_eq!(
            line(&missing, Path::new("/elsewhere")),
            "missing    /pictures/imgur/cat.jpg\n"
        );
        let expected = "{\"event\":\"checked\",\"path\":\"imgur/cat\\u001b.jpg\",\"reason\":\"it is empty\",\
            \"root\":\"/pictures\",\"state\":\"broken\",\"v\":1}\n";
        assert_eq!(object(&broken), expected);
    }

    #[test]
    fn sums_up_truthfully() {
        let mut checks = Checks::default();
        let took = Duration::from_secs(2);
        assert_eq!(checks.totals(took), "0 files: 0 whole; 0 B in 2.0 s\n");
        for state in [
            State::Whole { proven: true },
            State::Whole { proven: false },
            State::Packed,
            State::Missing,
            State::Broken,
            State::Unknown,
        ] {
            checks.take(&checked(state, None));
        }
        (checks.interrupted, checks.bytes) = (true, 1500);
        assert!(!checks.is_intact());
        assert_eq!(
            checks.totals(took),
            "5 files: 2 whole (1 of them by length only), 1 packed, 1 missing, 1 broken; 1 file that the archive does not \
             know; 1.5 kB in 2.0 s\ninterrupted: not all files were checked\n"
        );
        let expected = "{\"broken\":1,\"bytes\":1500,\"changed\":0,\"event\":\"checks\",\"flawed\":0,\"interrupted\":true,\"missing\":1,\
            \"packed\":1,\"unknown\":1,\"unproven\":1,\"unreadable\":0,\"v\":1,\"whole\":2}\n";
        assert_eq!(checks.json(), expected);
    }
}
