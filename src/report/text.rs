//! Text of reports: numbers for people, and texts from sites made safe for a terminal.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use crate::model::{Error, Failure};

/// How much is reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Failures, at the end.
    Quiet,
    /// What was saved and what failed.
    #[default]
    Normal,
    /// Everything.
    Verbose,
}

/// Makes a text from a site safe for a single line on a terminal: without control characters, which could move the cursor
/// or worse, and without marks that change the text direction, which could disguise a name.
pub fn clean(text: &str) -> Cow<'_, str> {
    let is_break = |c: char| matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}');
    let is_harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}')
    };
    if !text.contains(|c| is_break(c) || is_harmful(c)) {
        return Cow::Borrowed(text);
    }
    let kept = text.chars().filter_map(|c| match c {
        c if is_break(c) => Some(' '),
        c if is_harmful(c) => None,
        c => Some(c),
    });
    Cow::Owned(kept.collect())
}

/// The URL in a link that names the source to read it, such as `page:https://…`: the user gave only the URL.
pub(super) fn address(link: &str) -> &str {
    match link.split_once(':') {
        // Here the inner URL is a different one.
        Some(("blob" | "view-source", _)) => link,
        Some((_, rest)) if rest.starts_with("http://") || rest.starts_with("https://") => rest,
        _ => link,
    }
}

/// Formats an error: what failed, its causes one per line, and the hint.
pub fn explain(error: &Error) -> String {
    let failure = Failure::new(error, 1);
    let mut text = format!("error: {}\n", clean(&failure.message));
    causes(&mut text, &failure);
    hint(&mut text, &failure);
    text
}

/// Adds the causes of a failure, one per line, each once.
pub(super) fn causes(text: &mut String, failure: &Failure) {
    let mut last = failure.message.as_str();
    for cause in &failure.causes {
        if cause != last {
            push(text, "because", cause);
        }
        last = cause;
    }
}

/// Adds the hint of a failure.
pub(super) fn hint(text: &mut String, failure: &Failure) {
    if let Some(hint) = &failure.hint {
        push(text, "hint", hint);
    }
}

/// Adds an indented line `label: value`.
pub(super) fn push(text: &mut String, label: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  {label}: {}", clean(value));
}

/// Formats a number of bytes: `999 B`, `18.3 MB`. The units are powers of 1000.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // A value that would round to `1000.0 kB` becomes `1.0 MB`.
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// Formats a time: `0.3 s`, `2 min 05 s`, `3 h 20 min`.
pub fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    whole_time(time)
}

/// Formats a time in whole seconds: `12 s`, `2 min 05 s`, `3 h 20 min`.
pub(super) fn whole_time(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {:02} h", seconds / 86400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn a_link_is_told_as_it_was_given() {
        let table = [
            ("page:https://x.org/a:b", "https://x.org/a:b"),
            (
                "https://x.org/?u=http://y.org",
                "https://x.org/?u=http://y.org",
            ),
            ("imgur:q6i58", "imgur:q6i58"),
            ("q6i58", "q6i58"),
        ];
        for (link, expected) in table {
            assert_eq!(address(link), expected);
        }
    }

    #[test]
    fn cleans_what_could_harm_a_terminal() {
        let table = [
            ("plain", "plain"),
            ("two\nlines\tmore", "two lines more"),
            ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
            ("\u{9b}31m bell\u{7}", "31m bell"),
            ("gpj.\u{202e}exe", "gpj.exe"),
            ("\u{2066}a\u{2069}\u{200f}", "a"),
            ("日本語 é 👨‍👩‍👧", "日本語 é 👨‍👩‍👧"),
        ];
        for (text, expected) in table {
            assert_eq!(clean(text), expected);
        }
    }

    #[test]
    fn writes_numbers_for_people() {
        let sizes = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (18_300_000, "18.3 MB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (bytes, expected) in sizes {
            assert_eq!(size(bytes), expected);
        }
        let times = [
            (0, "0.0 s"),
            (2_100, "2.1 s"),
            (59_960, "1 min 00 s"),
            (125_000, "2 min 05 s"),
            (12_000_000, "3 h 20 min"),
            (90_000_000, "1 d 01 h"),
        ];
        for (millis, expected) in times {
            assert_eq!(time(Duration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn explains_an_error_with_causes_and_a_way_out() {
        let error = Error::new(Kind::Config, "cannot read `x`")
            .because(Error::new(Kind::Disk, "the disk is\nangry").because("it is full"))
            .hint("calm it");
        assert_eq!(
            explain(&error),
            "error: cannot read `x`\n  because: the disk is angry\n  because: it is full\n  hint: calm it\n"
        );
    }
}
