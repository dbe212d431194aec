//! Programs that print secrets, such as `pass show imgur`. They run without a shell, with limits on time and output.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::author::depends_on_folder;
use super::value::path;
use crate::model::{Error, Kind, Result};

/// How long a program may take. The user may have to type a passphrase.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// How long to wait for its remaining output once it has ended.
const OUTPUT_TIME: Duration = Duration::from_secs(1);
/// The maximum length in bytes of a secret, and of the stderr output that is shown.
const MAX_SECRET: u64 = 64 << 10;
const MAX_STDERR: u64 = 4 << 10;

/// Returns the first line that a program prints.
///
/// # Errors
/// [`Kind::Config`] if it cannot be started, fails, takes too long, or prints nothing. The error shows neither its
/// arguments nor its output, but its stderr.
pub(super) fn first_line(command: &str) -> Result<String> {
    first_line_within(command, TIME_LIMIT)
}

fn first_line_within(command: &str, time_limit: Duration) -> Result<String> {
    let words = words(command)?;
    let [name, args @ ..] = words.as_slice() else {
        return Err(wrong("no program is named"));
    };
    let program = path(name);
    if depends_on_folder(name) {
        let why = format!("the program `{name}` is named by a path relative to the current folder");
        return Err(wrong(&why).hint("write its absolute path, or only its name"));
    }
    let mut child = start(&program, args)
        .map_err(|error| wrong(&format!("cannot start `{name}`")).because(error))?;
    let line = read_first_line(child.stdout.take());
    let stderr = read_start(child.stderr.take());
    let ended = wait(&mut child, time_limit)
        .map_err(|error| wrong(&format!("cannot wait for `{name}`")).because(error))?;
    let line = line.recv_timeout(OUTPUT_TIME).unwrap_or_default();
    let Some(status) = ended else {
        let why = format!("`{name}` took longer than {} s", time_limit.as_secs());
        return Err(wrong(&why));
    };
    if !status.success() {
        let why = match status.code() {
            Some(code) => format!("`{name}` failed with exit code {code}"),
            None => format!("`{name}` was killed"),
        };
        let stderr = stderr.recv_timeout(OUTPUT_TIME).unwrap_or_default();
        return Err(match stderr.is_empty() {
            true => wrong(&why),
            false => wrong(&why).because(redact(&stderr, &line)),
        });
    }
    match line {
        line if line.len() as u64 > MAX_SECRET => Err(wrong(&format!("`{name}` wrote too much"))),
        line if line.is_empty() => Err(wrong(&format!("`{name}` wrote nothing"))),
        line => Ok(line),
    }
}

fn start(program: &Path, args: &[String]) -> std::io::Result<Child> {
    Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// Waits for the program to end, or kills it after `time_limit`. The standard library has no wait with a timeout.
fn wait(child: &mut Child, time_limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + time_limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Sends the first line of a pipe as soon as it is there, then drains the rest. This happens on a thread that is never
/// joined: a process that the program has left running may hold the pipe open.
fn read_first_line(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let Some(pipe) = pipe else { return };
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        let read = reader
            .by_ref()
            .take(MAX_SECRET + 1)
            .read_until(b'\n', &mut line);
        if read.is_ok() {
            let line = String::from_utf8_lossy(&line);
            let _ = sender.send(line.trim().to_owned());
        }
        let _ = std::io::copy(&mut reader, &mut std::io::sink());
    });
    receiver
}

/// Sends the beginning of a pipe's output once the pipe is closed.
fn read_start(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let Some(mut pipe) = pipe else { return };
        let mut text = Vec::new();
        let _ = pipe.by_ref().take(MAX_STDERR).read_to_end(&mut text);
        let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        let _ = sender.send(String::from_utf8_lossy(&text).trim().to_owned());
    });
    receiver
}

/// Replaces a secret in a text.
fn redact(text: &str, secret: &str) -> String {
    match secret.is_empty() {
        true => text.to_owned(),
        false => text.replace(secret, "***"),
    }
}

/// Splits a command into words. Quotes group words; no other character is special.
fn words(command: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in command.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            None if matches!(c, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(wrong("a quote is not closed"));
    }
    words.extend(word);
    Ok(words)
}

fn wrong(why: &str) -> Error {
    Error::new(Kind::Config, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_split_without_a_shell() {
        let table: [(&str, Option<&[&str]>); 8] = [
            ("pass show  imgur", Some(&["pass", "show", "imgur"])),
            ("'a b' c\"d e\"f", Some(&["a b", "cd ef"])),
            ("x '' \"'\"", Some(&["x", "", "'"])),
            ("x $HOME; y | z", Some(&["x", "$HOME;", "y", "|", "z"])),
            ("x \\", Some(&["x", "\\"])),
            ("", Some(&[])),
            ("x 'y", None),
            ("x \"y'", None),
        ];
        for (text, expected) in table {
            let words = words(text).ok();
            let words = words
                .as_ref()
                .map(|w| w.iter().map(String::as_str).collect());
            assert_eq!(words, expected.map(<[&str]>::to_vec), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn tells_the_first_line_or_what_went_wrong() {
        let result_of = |command: &str| match first_line(command) {
            Ok(line) => line,
            Err(error) => [vec![error.message.clone()], error.causes()]
                .concat()
                .join(": "),
        };
        let table = [
            ("echo hunter2", "hunter2"),
            ("printf 'one\\ntwo\\n'", "one"),
            ("printf 'no end'", "no end"),
            ("sh -c 'echo $0'", "sh"),
            ("true", "`true` wrote nothing"),
            ("false", "`false` failed with exit code 1"),
            (
                "sh -c 'echo hunter2; echo not hunter2 >&2; exit 3'",
                "`sh` failed with exit code 3: not ***",
            ),
            ("sh -c 'kill -9 $$'", "`sh` was killed"),
            ("", "no program is named"),
            (
                "bin/secret",
                "the program `bin/secret` is named by a path relative to the current folder",
            ),
            ("head -c 70000 /dev/zero", "`head` wrote too much"),
            // A process that goes on in the background holds the pipes; nothing waits for it.
            ("sh -c 'echo now; sleep 20 &'", "now"),
        ];
        for (command, expected) in table {
            assert_eq!(result_of(command), expected, "{command}");
        }
        let missing = first_line("no-such-program-here").unwrap_err();
        assert_eq!(missing.message, "cannot start `no-such-program-here`");
        let late = first_line_within("sleep 20", Duration::from_millis(10)).unwrap_err();
        assert_eq!(late.message, "`sleep` took longer than 0 s");
    }
}
