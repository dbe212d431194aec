//! A command of the user's: words, split once and never passed to a shell.

use std::collections::VecDeque;
use std::env;
use std::io;
use std::path::PathBuf;
use std::process::{self, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::code::{code, is_code};
use super::group::Group;
use super::output_lines::{line_tail, lines};
use crate::model::{Error, Kind, Result};

/// How many of the last lines are reported with a failure.
const LAST: usize = 3;
/// How long to wait for the rest of the output of an ended command: something that it started may hold it open.
const LINGER: Duration = Duration::from_millis(200);

/// A program and its arguments, with placeholders such as `{path}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    words: Vec<String>,
}

impl Command {
    /// The placeholders of a command for a file.
    pub const OF_FILE: &[&str] = &["path", "dir", "name", "source", "key", "url"];
    /// The placeholders of a command for a run.
    pub const OF_RUN: &[&str] = &["dir", "saved"];

    /// Parses a command line, with quotes as in a shell.
    ///
    /// # Errors
    /// [`Kind::Config`] if it cannot be split, is empty, or has an unknown placeholder.
    pub fn parse(text: &str, known: &[&str]) -> Result<Command> {
        let wrong = |why: &str| {
            Error::new(
                Kind::Config,
                format!("cannot use the command `{text}`: {why}"),
            )
            .hint(format!(
                "its placeholders are `{{{}}}`",
                known.join("}`, `{")
            ))
        };
        let words = shell_words::split(text).map_err(|_| wrong("a quote is never closed"))?;
        let Some(program) = words.first().filter(|program| !program.is_empty()) else {
            return Err(wrong("it is empty"));
        };
        if filled(program, &[]).ok().as_ref() != Some(program) {
            return Err(wrong("its program cannot depend on the file"));
        }
        let values: Vec<_> = known.iter().map(|name| (*name, "")).collect();
        for word in &words {
            filled(word, &values).map_err(|why| wrong(&why))?;
        }
        // Text from a site is represented here by a control character, which nobody writes into a command.
        let of_site = known.iter().filter(|name| **name != "saved");
        let of_site: Vec<_> = of_site.map(|name| (*name, "\0")).collect();
        let filled_in =
            |word: &str| filled(word, &[of_site.as_slice(), &[("saved", "1")]].concat());
        let depends = |word: &&str| filled_in(word).is_ok_and(|filled_in| filled_in.contains('\0'));
        let looks_so =
            |word: &&str| filled_in(word).is_ok_and(|filled_in| is_code(&filled_in, '\0'));
        let mut all = words.iter().map(String::as_str);
        let run = code(&words).into_iter().find(depends);
        if let Some(word) = run.or_else(|| all.find(|word| depends(word) && looks_so(word))) {
            let message = format!(
                "cannot use the command `{text}`: the value in `{word}` would be run as code"
            );
            return Err(Error::new(Kind::Config, message)
                .hint("pass it as an argument, as in `sh -c 'echo \"$1\"' _ {path}`"));
        }
        Ok(Command { words })
    }

    /// Rejects a program that is in no folder of `PATH`: it would fail once for each file, and later runs would count
    /// those as had.
    ///
    /// # Errors
    /// [`Kind::Config`] for such a program.
    pub fn check(&self) -> Result<()> {
        let (Some(program), Some(folders)) = (self.words.first(), env::var_os("PATH")) else {
            return Ok(());
        };
        // As the system searches: relative folders count, too.
        let is_there = |folder: PathBuf| folder.join(program).is_file();
        // Elsewhere a program's name has an extension that nobody types.
        let is_bare = cfg!(unix) && !program.contains('/');
        if !is_bare || env::split_paths(&folders).any(is_there) {
            return Ok(());
        }
        let message = format!("the program `{program}` is not in any folder of `PATH`");
        Err(Error::new(Kind::Config, message))
    }

    /// Returns its words with these values filled in. Each word stays one argument, and none becomes an option.
    pub(super) fn words(&self, values: &[(&str, &str)]) -> Result<Vec<String>> {
        let fill = |word: &String| {
            let filled = filled(word, values).map_err(|why| Error::new(Kind::Config, why))?;
            if filled.starts_with('-') && !word.starts_with('-') {
                let message = format!("`{filled}` in place of `{word}` would be an option");
                return Err(Error::new(Kind::Config, message)
                    .hint(format!("put something before it, as in `--option={word}`")));
            }
            Ok(filled)
        };
        self.words.iter().map(fill).collect()
    }
}

/// Fills the placeholders `{name}` of a word; `{{` and `}}` are literal braces.
fn filled(word: &str, values: &[(&str, &str)]) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = word;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        text.push_str(before);
        if brace.starts_with("{{") || brace.starts_with("}}") {
            text.push_str(&brace[..1]);
            rest = &brace[2..];
            continue;
        }
        let inside = brace
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'));
        let Some((name, after)) = inside else {
            return Err(format!(
                "a brace in `{word}` is unmatched; write a literal brace twice"
            ));
        };
        let value = values.iter().find(|(known, _)| *known == name);
        let (_, value) = value.ok_or_else(|| format!("there is no `{{{name}}}`"))?;
        text.push_str(value);
        rest = after;
    }
    Ok(text + rest)
}

/// Runs a command to its end, unless its group is ended, and passes on its output line by line. Blocks.
pub(super) fn run(
    words: &[String],
    group: &Group,
    say: impl Fn(String) + Send + 'static,
) -> Result<()> {
    let Some((program, arguments)) = words.split_first() else {
        return Ok(());
    };
    let cannot = |error: io::Error| {
        Error::new(Kind::Config, format!("cannot run `{program}`")).because(error)
    };
    let (reader, writer) = io::pipe().map_err(cannot)?;
    let mut child = {
        // Our end of the pipe is dropped with the command, so that the end of the program is the end of its output.
        let mut command = process::Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        command
            .stdout(writer.try_clone().map_err(cannot)?)
            .stderr(writer);
        match group.spawn(command).map_err(cannot)? {
            Some(child) => child,
            None => return Ok(()),
        }
    };
    let last: Arc<Mutex<VecDeque<String>>> = Arc::default();
    let (over, is_over) = channel();
    let heard = last.clone();
    std::thread::spawn(move || {
        lines(reader, |text| {
            let mut last = heard.lock().unwrap_or_else(PoisonError::into_inner);
            last.push_back(line_tail(&text));
            if last.len() > LAST {
                last.pop_front();
            }
            drop(last);
            say(text);
        });
        // Nobody may be waiting any more.
        let _ = over.send(());
    });
    let ended = group.wait(&mut child).map_err(cannot)?;
    // Late lines are passed on nevertheless.
    let _ = is_over.recv_timeout(LINGER);
    let why = match ended.status {
        _ if ended.used_terminal => "tried to use the terminal, which commands do not have".into(),
        status if status.success() => return Ok(()),
        status => format!("ended with {status}"),
    };
    let error = Error::new(Kind::Config, format!("`{program}` {why}"));
    let last = last.lock().unwrap_or_else(PoisonError::into_inner);
    Err(match last.is_empty() {
        true => error,
        false => error.because(Vec::from(last.clone()).join("; ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, path: &str) -> Result<Vec<String>> {
        Command::parse(text, &["path", "key"])?.words(&[("path", path), ("key", "-rf /")])
    }

    #[test]
    fn a_value_stays_within_its_word() {
        let table = [
            ("echo {path}", vec!["echo", "/a b; $(x) 'y"]),
            (
                "echo '{path} x' --in={path}",
                vec!["echo", "/a b; $(x) 'y x", "--in=/a b; $(x) 'y"],
            ),
            (
                "awk '{{print}}' --id={key}",
                vec!["awk", "{print}", "--id=-rf /"],
            ),
        ];
        for (text, expected) in table {
            assert_eq!(words(text, "/a b; $(x) 'y").unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_wrong_command_is_refused_with_the_reason() {
        let table = [
            ("", "it is empty"),
            ("echo 'x", "a quote is never closed"),
            ("echo {titel}", "there is no `{titel}`"),
            ("echo {path", "a brace in `{path` is unmatched"),
            ("{path} x", "its program cannot depend on the file"),
            ("rm {key}", "`-rf /` in place of `{key}` would be an option"),
        ];
        for (text, expected) in table {
            let error = words(text, "/x").unwrap_err();
            assert!(error.message.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn fields_are_refused_inside_code() {
        let table = [
            ("sh -c 'x {path}'", false),
            ("env -i /bin/bash -o pipefail -ec 'x \"{key}\"' _", false),
            ("fish --command='x {path}'", false),
            ("sh -c -e 'x {path}'", false),
            ("sh -c 'x \"$1\"' _ {path}", true),
            ("sh script.sh -c {path}", true),
            ("sh -c 'awk \"{{print}}\" && y'", true),
            ("convert -c {path}", true),
            ("gzip -c {path}", true),
            ("flock /tmp/lock -c 'x {key}'", false),
            ("flock /tmp/lock x {key}", true),
            ("rbash -c 'x {path}'", false),
            ("script -qc 'x {path}' /dev/null", false),
            ("su me --command='x {path}'", false),
            ("ssh host x {path}", false),
            ("ssh host x", true),
            ("pwsh -Command x {path}", false),
            ("python3.12 -c 'x(\"{key}\")'", false),
            ("python3 x.py {path}", true),
            ("python3 x.py -c {path}", true),
            ("perl -pe 's/x/{key}/' y", false),
            ("node -e'x(\"{key}\")'", false),
            ("exiftool -e {path}", true),
            ("awk 'BEGIN{{x=(\"{key}\")}}'", false),
            ("gawk -F : -v x={key} '{{print x}}' {path}", true),
            ("mawk '{{print {key}}}' {path}", false),
            ("gawk -f x.awk {path}", true),
            ("gawk -e 'x' --source={key} {path}", false),
            ("sed s/x/{key}/ {path}", false),
            ("sed -i -e s/x/{key}/ {path}", false),
            ("sed -i s/x/y/ {path}", true),
            ("sed -i -f x.sed {path}", true),
            ("watch -g -n 1 'true {key}; date'", false),
            ("watch cat {path}", false),
            ("nice -n 5 watch cat {path}", false),
            ("cp -t /srv/watch {path}", true),
            ("nodejs -e x{key}", false),
            ("pypy3 -c x={key}", false),
            ("ipython -c x={key}", false),
            ("ksh93 -c x={key}", false),
            ("bash-5.2 -c x={key}", false),
            ("julia -e x={key}", false),
            ("Rscript -e x={key}", false),
            ("Rscript x.R {path}", true),
            ("deno eval x={key}", false),
            ("deno run x.ts {path}", true),
            ("mysql -u me -e x={key}", false),
            ("psql --command=x={key}", false),
            ("sqlite3 my.db {key}", false),
            ("sqlite3 {path} .dump", true),
            ("vim -c {key} x", false),
            ("vim +{key} x", false),
            ("vim {path}", true),
            ("xterm -e 'less {path}'", false),
            ("xterm -e less {path}", true),
            ("tmux new-window 'less {path}'", false),
            ("tmux display-message {key}", false),
            ("adb -s x shell ls {key}", false),
            ("adb push {path} /sdcard/", true),
            ("env -S 'sh x {key}'", false),
            ("env -i X={key} x", true),
            ("env -u sh x {path}", true),
            // For unlisted programs, what is written like code counts as code.
            ("x 'y(\"{key}\")'", false),
            ("x 'say \"{key}'", true),
            ("x 'it is {key}, is it not?'", true),
            ("x \"it's {key}\"", true),
            ("x 'a; b {key}'", false),
            ("x 'a | b {key}'", false),
            ("x 'a {key} && b'", false),
            ("x 'a > {path}'", false),
            ("x 'a\nb {key}'", false),
            ("x 'a $(b) {key}'", false),
            ("x 'a `b` {key}'", false),
            ("x 'a; b' {key}", true),
            (
                "ffmpeg -i {path} -metadata 'title={key} (new)' -metadata 'comment=by {key}' /o/{key}.mkv",
                true,
            ),
            ("ffmpeg -i 'concat:x.ts|{path}' x", true),
            ("exiftool '-title<x {key}' {path}", true),
            ("curl 'https://x.org/?a=1&b={key}' -d 'a=1&b={key}'", true),
            ("x C:/y/{key}.jpg --in={path}", true),
        ];
        for (text, expected) in table {
            let read = Command::parse(text, &["path", "key"]);
            assert_eq!(read.is_ok(), expected, "{text}");
            if let Err(error) = read {
                assert!(error.message.contains("as code"), "{error}");
            }
        }
        for of_run in [
            "sh -c 'echo {saved}'",
            "notify-send 'fetch' '{saved} new in {dir}'",
        ] {
            assert!(Command::parse(of_run, Command::OF_RUN).is_ok());
        }
    }
}
