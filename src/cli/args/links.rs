//! Arguments in the place of links that were meant as something else.

use std::path::Path;

use clap::CommandFactory;

use super::{Args, Links};
use crate::cli::messages::shell_word;
use crate::model::{Error, Kind, Result};
use crate::source::{abbreviated, nearest};

impl Links {
    /// Refuses a word that looks like a mistyped command, a path or a list: some site may take it for an id.
    pub(in crate::cli) fn check(&self) -> Result<()> {
        let mut words = self.links.iter();
        let read = |word: &String| {
            as_path(word)
                .or_else(|| as_list(word))
                .or_else(|| as_name(word))
        };
        if let Some(error) = words.find_map(read) {
            return Err(error);
        }
        // A word with a host is a link. So is the exact name of a command: it came after `--`.
        let word = self
            .links
            .first()
            .filter(|word| !word.contains(['.', '/', ':']));
        let Some(word) = word else {
            return Ok(());
        };
        if word == "version" {
            let message = format!("`{word}` is not a command; did you mean `--version`?");
            return Err(Error::new(Kind::Config, message).hint(as_id(word)));
        }
        let command = Args::command();
        let names: Vec<_> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        let Some(name) = nearest(word, &names).filter(|name| name != word) else {
            return Ok(());
        };
        let message = format!("`{word}` is not a command; did you mean `{name}`?");
        Err(Error::new(Kind::Config, message).hint(as_id(word)))
    }
}

fn as_id(word: &str) -> String {
    format!("if it is an id, write it with its source: `SOURCE:{word}`")
}

/// The error for a word that is a path, not a link. For `cp` and `git clone` the last argument is the destination; here it
/// would be ignored, and the files of the other links written elsewhere.
pub(in crate::cli) fn as_path(word: &str) -> Option<Error> {
    const STARTS: [&str; 4] = ["/", "./", "../", "~/"];
    let is_path = matches!(word, "." | ".." | "~")
        || !word.starts_with("//") && STARTS.iter().any(|start| word.starts_with(start));
    // For a file, `as_list` gives a better hint.
    if !is_path || Path::new(word).is_file() {
        return None;
    }
    let error = Error::new(
        Kind::Config,
        format!("`{}` is not a link: it is a path", abbreviated(word)),
    );
    Some(
        error.hint(
            "`-d DIR` sets the output directory, and `fetch -i FILE` reads links from a file",
        ),
    )
}

/// The error for a word that is no link but means stdin, or names an output file.
fn as_name(word: &str) -> Option<Error> {
    // No host name ends like this.
    const FILES: [&str; 14] = [
        "avif", "flac", "gif", "jpeg", "jpg", "m4a", "mkv", "mp3", "mp4", "ogg", "pdf", "png",
        "webm", "webp",
    ];
    if word == "-" {
        return Some(
            Error::new(Kind::Config, "`-` is not a link")
                .hint("`fetch -i -` reads links from stdin"),
        );
    }
    let (_, ext) = word.rsplit_once('.')?;
    let ext = ext.to_ascii_lowercase();
    if word.contains(['/', ':']) || !FILES.contains(&&*ext) {
        return None;
    }
    let message = format!(
        "`{}` is not a link: no host has such a name",
        abbreviated(word)
    );
    let hint = format!("`-o {}` names the file", shell_word(word));
    Some(Error::new(Kind::Config, message).hint(hint))
}

/// The error for a word that is no link but the name of a list.
fn as_list(word: &str) -> Option<Error> {
    // No host name ends like this.
    const LISTS: [&str; 4] = ["txt", "csv", "jsonl", "list"];
    let path = Path::new(word);
    if word.contains("://") {
        return None;
    }
    if path.is_file() {
        let message = format!("`{word}` is a file, not a link");
        let file = shell_word(word);
        let is_har = path
            .extension()
            .is_some_and(|ext| ext.eq_ignore_ascii_case("har"));
        let hint = match is_har {
            true => format!("`fetch from-har {file}` downloads what a browser has recorded in it"),
            false => format!("`fetch -i {file}` downloads the links in it"),
        };
        return Some(Error::new(Kind::Config, message).hint(hint));
    }
    let ext = path.extension().and_then(|ext| ext.to_str());
    let is_host = word.contains(['/', ':']);
    if is_host || !ext.is_some_and(|ext| LISTS.contains(&ext)) {
        return None;
    }
    let message = format!(
        "`{}` is not a link, and there is no such file",
        abbreviated(word)
    );
    Some(Error::new(Kind::Config, message).hint("`fetch -i FILE` downloads the links in a file"))
}
