//! Which words of a command its program would run as code.

/// Shells: what follows their `-c` is code.
const SHELLS: &[&str] = &[
    "ash", "bash", "csh", "dash", "elvish", "fish", "ksh", "mksh", "nu", "rbash", "sh", "tcsh",
    "xonsh", "yash", "zsh",
];

/// Programs that run, or may run, all their arguments in a shell.
const ALL: &[&str] = &["cmd", "powershell", "pwsh", "ssh"];

/// Like `ALL`, but with names that other things have as well: only where they lead a command.
const ALL_OF_LEADER: &[&str] = &["gmake", "make", "parallel", "tmux", "watch"];

/// Programs that run another one, which then leads.
const RUNNERS: &[&str] = &[
    "chrt", "doas", "env", "ionice", "nice", "nohup", "setsid", "stdbuf", "sudo", "time", "timeout",
];

/// Programs that run everything after such a word.
const BEHIND: &[(&str, &[&str])] = &[
    ("adb", &["exec-in", "exec-out", "shell"]),
    ("deno", &["eval"]),
];

/// Programs that take code after one of these letters, or right behind it in the same word, and after these long
/// options.
const BY_OPTION: &[(&str, &str, &[&str])] = &[
    ("awk", "e", &["source"]),
    ("duckdb", "cs", &["cmd"]),
    ("emacs", "", &["eval", "execute"]),
    ("env", "S", &["split-string"]),
    ("ex", "c", &["cmd"]),
    ("flock", "c", &["command"]),
    ("gawk", "e", &["source"]),
    ("mariadb", "e", &["execute", "init-command"]),
    ("mysql", "e", &["execute", "init-command"]),
    ("nvim", "c", &["cmd"]),
    ("psql", "c", &["command"]),
    ("runuser", "c", &["command", "session-command"]),
    ("script", "c", &["command"]),
    ("sed", "e", &["expression"]),
    ("sqlite", "", &["cmd"]),
    ("su", "c", &["command", "session-command"]),
    ("vi", "c", &["cmd"]),
    ("vim", "c", &["cmd"]),
];

/// The same for interpreters: where the first word is a script, the rest is for that script.
const INTERPRETERS: &[(&str, &str, &[&str])] = &[
    ("Rscript", "e", &[]),
    ("bun", "ep", &["eval", "print"]),
    ("expect", "c", &[]),
    ("ipython", "c", &[]),
    ("julia", "eE", &["eval", "print"]),
    ("lua", "e", &[]),
    ("luajit", "e", &[]),
    ("node", "ep", &["eval", "print"]),
    ("nodejs", "ep", &["eval", "print"]),
    ("octave", "", &["eval"]),
    ("osascript", "e", &[]),
    ("perl", "eE", &[]),
    ("php", "rBRE", &["run"]),
    ("pypy", "c", &[]),
    ("python", "c", &[]),
    ("R", "e", &[]),
    ("ruby", "e", &[]),
];

/// Programs whose first non-option words are code; the number of non-option words before the code; and two sets of
/// options: those that take a word, and those with which no non-option word is code.
const BY_PLACE: &[(&str, usize, &str, &str)] = &[
    ("awk", 0, "Fv", "ef"),
    ("gawk", 0, "Fv", "ef"),
    ("mawk", 0, "Fv", "ef"),
    ("nawk", 0, "Fv", "f"),
    ("sed", 0, "l", "ef"),
    ("sqlite", 1, "", ""),
];

/// Editors that take a word after a `+` as a command.
const BY_PLUS: &[&str] = &["ex", "nvim", "vi", "view", "vim"];

/// Terminals: a single word after `-e` is run in a shell.
const TERMINALS: &[&str] = &[
    "gnome-terminal",
    "lxterminal",
    "uxterm",
    "x-terminal-emulator",
    "xfce4-terminal",
    "xterm",
];

/// Signs that a text is code, for a program that is not listed here. What also occurs in sentences, paths or the query
/// of a URL is not included.
const MARKS: &[&str] = &[";", "$", "`", "\n", "||", "&&", " |", "| ", " <", " >"];

/// Checks whether a word looks like code. `text` stands for each text from a site in it.
pub(super) fn is_code(word: &str, text: char) -> bool {
    let is_quoted = |at: usize| {
        let (before, after) = word.split_at(at);
        ['\'', '"']
            .iter()
            .any(|quote| before.contains(*quote) && after.contains(*quote))
    };
    MARKS.iter().any(|mark| word.contains(mark))
        || word.match_indices(text).any(|(at, _)| is_quoted(at))
}

/// Returns those words that are code to a program among the words: text from a site in them would be run.
pub(super) fn code(words: &[String]) -> Vec<&str> {
    let runs = words
        .first()
        .is_some_and(|first| RUNNERS.contains(&named(first).1));
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let (name, plain) = named(word);
        let rest = &words[at + 1..];
        let all = || rest.iter().map(String::as_str);
        let leads = at == 0 || runs;
        let by_name = |(by, ..): &&(&str, _, _)| *by == plain;
        let of_script = rest.first().is_some_and(|word| !word.starts_with('-'));
        let interpreter = INTERPRETERS.iter().filter(|_| !of_script);
        if SHELLS.contains(&plain) {
            found.extend(of_shell(rest));
        } else if ALL.contains(&name) || leads && ALL_OF_LEADER.contains(&name) {
            found.extend(all());
        } else if let Some((_, letters, long)) = BY_OPTION.iter().chain(interpreter).find(by_name) {
            found.extend(by_option(rest, letters, long));
        }
        if let Some((_, verbs)) = BEHIND.iter().find(|(by, _)| *by == name) {
            found.extend(all().skip_while(|word| !verbs.contains(word)));
        }
        if let Some((_, before, takes, none)) = BY_PLACE.iter().find(|(by, ..)| *by == plain) {
            found.extend(by_place(rest, *before, takes, none));
        }
        if BY_PLUS.contains(&name) {
            found.extend(all().filter(|word| word.starts_with('+')));
        }
        if TERMINALS.contains(&name)
            && let [.., option, code] = rest
            && option == "-e"
        {
            found.push(code);
        }
    }
    found
}

/// Returns the program name in a word, and the same without a version, as in `python3.12` and `bash-5.2`.
fn named(word: &str) -> (&str, &str) {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let name = name.trim_end_matches(".exe");
    let version = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
    (name, name.trim_end_matches(version))
}

/// Returns the words that are code by their position: for a script its first non-option word, for a database all
/// non-option words after the first. None if an option has the code.
fn by_place<'a>(words: &'a [String], before: usize, takes: &str, none: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
            found.push(word.as_str());
            continue;
        };
        if let Some(long) = letters.strip_prefix('-') {
            let long = long.split('=').next().unwrap_or(long);
            if ["expression", "file", "source"].contains(&long) {
                return Vec::new();
            }
            continue;
        }
        let of_use = letters.find(|letter| takes.contains(letter) || none.contains(letter));
        match of_use.map(|at| letters.split_at(at)) {
            Some((_, letter)) if letter.starts_with(|letter| none.contains(letter)) => {
                return Vec::new();
            }
            // Its argument is the next word.
            Some((_, letter)) if letter.len() == 1 => drop(rest.next()),
            _ => {}
        }
    }
    let most = if before == 0 { 1 } else { usize::MAX };
    found.into_iter().skip(before).take(most).collect()
}

/// Returns the word that a shell would run: the first after `-c` and the options that follow it.
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

/// Returns the words that follow such options, or that contain option and code in one word.
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
                // Such as `-cmd` and `-eval`.
                None if long.contains(&name) => rest.next(),
                None if name.ends_with(|letter| letters.contains(letter)) => rest.next(),
                None if name.contains(|letter| letters.contains(letter)) => Some(word),
                None => None,
            },
        };
        found.extend(next.map(String::as_str));
    }
    found
}
