//! Programs that are called as the real ones, and say what a test has them say.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::command::Fetch;

/// A folder of such programs, and the call that finds them there.
pub(super) struct Fake {
    fetch: Fetch,
}

impl Fake {
    pub(super) fn new() -> Fake {
        let fetch = Fetch::new();
        fs::create_dir(fetch.root().join("bin")).unwrap();
        Fake { fetch }
    }

    /// The next call of the same user, with the programs switched on.
    pub(super) fn fetch(&self) -> Fetch {
        let folder = self.fetch.root().join("bin");
        let path = std::env::var("PATH").unwrap_or_default();
        self.fetch
            .clone()
            .env("FETCH_EXTRACTOR__ORDER", "last")
            .env("PATH", format!("{}:{path}", folder.display()))
    }

    /// The same where no other programs are installed.
    pub(super) fn only(&self) -> Fetch {
        let folder = self.fetch.root().join("bin");
        self.fetch().env("PATH", folder.display().to_string())
    }

    /// A file of the test's.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.fetch.root().join(name)
    }

    /// Puts a program there: the words of a shell. It notes its arguments and its environment in `NAME.args` and `NAME.env`.
    pub(super) fn program(&self, name: &str, words: &str) {
        let root = self.fetch.root().display();
        let notes = format!(
            "ROOT='{root}'\nprintf '%s\\n' \"$@\" > \"$ROOT/{name}.args\"\nenv > \"$ROOT/{name}.env\""
        );
        self.bare(name, &format!("{notes}\n{words}"));
    }

    /// Puts a program there that notes nothing.
    pub(super) fn bare(&self, name: &str, words: &str) {
        let file = self.file("bin").join(name);
        fs::write(&file, format!("#!/bin/sh\n{words}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Has a program say these lines.
    pub(super) fn says(&self, name: &str, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(self.file(&format!("{name}.says")), text).unwrap();
        self.program(name, &format!("cat \"$ROOT/{name}.says\""));
    }

    /// Has gallery-dl know every link, and say these lines.
    pub(super) fn gallerydl(&self, lines: &[Value]) {
        self.says("gallery-dl", lines);
    }

    /// Has a program know no link.
    pub(super) fn knows_not(&self, name: &str) {
        self.program(name, "echo 'No suitable extractor' >&2; exit 64");
    }

    /// Puts a file `NAME.json` where programs find it as `$ROOT/NAME.json`.
    pub(super) fn files(&self, name: &str, value: &Value) {
        fs::write(self.file(&format!("{name}.json")), value.to_string()).unwrap();
    }

    /// What a program has noted.
    pub(super) fn noted(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }
}
