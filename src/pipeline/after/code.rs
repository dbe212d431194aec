//! Which words of a command its program would run as code.

/// Shells: what follows their `-c` is code.
const SHELLS: &[&str] = &[
    "ash", "bash", "csh", "dash", "elvish", "fish", "ksh", "mksh", "nu", "rbash", "sh", "tcsh",
    "xonsh", "zsh",
];

/// Programs that have all that they are given run by a shell, or may.
const ALL: &[&str] = &["cmd", "powershell", "pwsh", "ssh"];

/// Programs that take code after one of these letters, or behind it in the same word, and after these long options.
const BY_OPTION: &[(&str, &str, &[&str])] = &[
    ("flock", "c", &["command"]),
    ("runuser", "c", &["command", "session-command"]),
    ("script", "c", &["command"]),
    ("su", "c", &["command", "session-command"]),
];

/// The same of interpreters: where the first word is a script, the rest is for that.
const INTERPRETERS: &[(&str, &str, &[&str])] = &[
    ("lua", "e", &[]),
    ("node", "ep", &["eval", "print"]),
    ("osascript", "e", &[]),
    ("perl", "eE", &[]),
    ("php", "rBRE", &["run"]),
    ("python", "c", &[]),
    ("ruby", "e", &[]),
];

/// The words among these that are code to a program among them: a text of a site's in there would be run.
pub(super) fn code(words: &[String]) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
        let name = name.trim_end_matches(".exe");
        // As in `python3.12`.
        let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let rest = &words[at + 1..];
        let by_name = |(by, ..): &&(&str, _, _)| *by == plain;
        let of_script = rest.first().is_some_and(|word| !word.starts_with('-'));
        let interpreter = INTERPRETERS.iter().filter(|_| !of_script);
        if SHELLS.contains(&name) {
            found.extend(of_shell(rest));
        } else if ALL.contains(&name) {
            found.extend(rest.iter().map(String::as_str));
        } else if let Some((_, letters, long)) = BY_OPTION.iter().chain(interpreter).find(by_name) {
            found.extend(by_option(rest, letters, long));
        }
    }
    found
}

/// The word that a shell would take for a program: what follows its `-c` and the options behind it.
fn of_shell(words: &[String]) -> Option<&str> {
    let mut rest = words.iter();
    let mut has_code = false;
    while let Some(word) = rest.next() {
        match word.strip_prefix(['-', '+']) {
            None => return has_code.then_some(word),
            // `-o pipefail`, and bash's `-O`.
            Some("o" | "O" | "-rcfile" | "-init-file") => {
                rest.next();
            }
            Some(long) if long.starts_with('-') => match long.strip_prefix("-command") {
                Some("") => has_code = true,
                Some(code) if code.starts_with('=') => return Some(code),
                _ => {}
            },
            Some(letters) => has_code |= letters.contains('c'),
        }
    }
    None
}

/// What follows such options, or stands behind them in one word.
fn by_option<'a>(words: &'a [String], letters: &str, long: &[&str]) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let next = match word.strip_prefix('-') {
            None => continue,
            Some(name) => match name.strip_prefix('-') {
                Some(name) => match name.split_once('=') {
                    Some((name, _)) if long.contains(&name) => Some(word),
                    None if long.contains(&name) => rest.next(),
                    _ => None,
                },
                None if name.ends_with(|letter| letters.contains(letter)) => rest.next(),
                None if name.contains(|letter| letters.contains(letter)) => Some(word),
                None => None,
            },
        };
        found.extend(next.map(String::as_str));
    }
    found
}
