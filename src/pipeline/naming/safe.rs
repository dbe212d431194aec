//! Path components that are valid and mean the same on every system.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Maximum length of a component in bytes. File systems allow 255; the rest is for suffixes that others add.
pub(crate) const ROOM: usize = 240;

/// Turns any text into one path component of at most `room` bytes. Empty if nothing usable is left.
///
/// The result is NFC, has no separator, control or invisible formatting character, does not start with a dot, dash,
/// tilde or space, does not end with a dot or space, and is no reserved name of any system. A text that is already safe
/// stays as it is.
pub(crate) fn component(text: &str, room: usize) -> String {
    let clean = clean(text);
    let mut name = defused(trimmed(&clean));
    if name.len() > room {
        // Cutting may expose a reserved name: `console.txt` at three bytes.
        let short = defused(cut(&name, room)).into_owned();
        name = Cow::Owned(cut(&short, room).to_owned());
    }
    name.into_owned()
}

/// Returns the same key for names that differ only in case or normalisation, which many file systems treat as equal.
pub(crate) fn fold(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    // Upper case first, so that `ß` equals `SS` and the two small sigmas are equal.
    name.nfd()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfc()
        .collect()
}

/// Returns the longest prefix that fits without splitting a character or separating a letter from its marks; trimmed.
pub(crate) fn cut(text: &str, room: usize) -> &str {
    if text.len() <= room {
        return text;
    }
    let mut end = room;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let boundary = end;
    while text[end..].starts_with(continues) {
        let Some(before) = text[..end].chars().next_back() else {
            break;
        };
        end -= before.len_utf8();
    }
    // A single letter may have more marks than there is room for: then some must go.
    trimmed(&text[..if end == 0 { boundary } else { end }])
}

/// Replaces or drops every character that does not belong in a name. The result is NFC.
fn clean(text: &str) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~') && !forbidden(byte.into()))
    {
        return Cow::Borrowed(text);
    }
    let kept = || {
        text.chars()
            .filter(|&c| !invisible(c))
            .map(|c| if forbidden(c) { '_' } else { c })
    };
    // Normalised after filtering, which may have joined a letter and a mark.
    match is_nfc_quick(kept()) {
        IsNormalized::Yes => Cow::Owned(kept().collect()),
        _ => Cow::Owned(kept().nfc().collect()),
    }
}

fn forbidden(c: char) -> bool {
    matches!(c, '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*' | '\u{2028}' | '\u{2029}')
        || c.is_control()
        // Noncharacters, which some systems refuse.
        || matches!(c, '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Format characters (general category Cf) and fillers: they are invisible in a name, or reverse its direction.
fn invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Checks whether a character belongs to the one before it: a mark, a variation selector, a skin tone.
fn continues(c: char) -> bool {
    is_combining_mark(c) || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// Removes what hides a file, looks like an option or a home folder, or is dropped by Windows.
fn trimmed(text: &str) -> &str {
    text.trim_start_matches(|c: char| {
        matches!(c, '.' | '-' | '~') || c.is_whitespace() || is_combining_mark(c)
    })
    .trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Alters a name that some program would treat as more than a file.
pub(super) fn defused(name: &str) -> Cow<'_, str> {
    let mut name = Cow::Borrowed(name);
    if let Some(dash) = log_of_a_database(&name) {
        name.to_mut().replace_range(dash..=dash, "_");
    }
    if reserved(&name) {
        Cow::Owned(format!("_{name}"))
    } else {
        name
    }
}

/// Returns where the dash is in a name that SQLite would take for the journal of the database beside it and play back:
/// a server must not write to the archive, or to any other database in the folder.
fn log_of_a_database(name: &str) -> Option<usize> {
    let dash = name.rfind('-')?;
    let end = fold(&name[dash + 1..]);
    ["journal", "wal", "shm"]
        .contains(&end.as_str())
        .then_some(dash)
}

/// Checks whether Windows takes this name for a device, whatever its extension, or a file manager or this program takes
/// it for instructions: a server must not write the settings of the next run.
pub(super) fn reserved(name: &str) -> bool {
    const DEVICES: [&str; 7] = ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];
    const INSTRUCTIONS: [&str; 4] = ["desktop.ini", "thumbs.db", "autorun.inf", "fetch.toml"];
    let is = |reserved: &&str| name.eq_ignore_ascii_case(reserved);
    if INSTRUCTIONS.iter().any(is) {
        return true;
    }
    let base = name.split('.').next().unwrap_or(name).trim_end();
    if DEVICES
        .iter()
        .any(|device| base.eq_ignore_ascii_case(device))
    {
        return true;
    }
    let Some((port, number)) = base.split_at_checked(3) else {
        return false;
    };
    let mut number = number.chars();
    (port.eq_ignore_ascii_case("com") || port.eq_ignore_ascii_case("lpt"))
        && matches!(number.next(), Some('0'..='9' | '¹' | '²' | '³'))
        && number.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_components_are_safe_on_every_system() {
        let table = [
            ("cat.jpg", "cat.jpg"),
            ("", ""),
            (".", ""),
            ("..", ""),
            (" . - ~ ", ""),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("..\\..\\x", "_.._x"),
            (".bashrc", "bashrc"),
            ("-rf", "rf"),
            ("~/.ssh", "_.ssh"),
            ("--.~ a", "a"),
            ("a. . ", "a"),
            ("a\u{a0}", "a"),
            ("meh.exe\u{3000}.", "meh.exe"),
            ("岡\u{3000}岡.txt", "岡\u{3000}岡.txt"),
            ("a:b*c?d\"e<f>g|h", "a_b_c_d_e_f_g_h"),
            (
                "tab\tesc\u{1b}nul\0del\u{7f}csi\u{9b}",
                "tab_esc_nul_del_csi_",
            ),
            ("line\nfeed\u{2028}", "line_feed_"),
            ("ph\u{202e}gpj.exe", "phgpj.exe"),
            ("a\u{200b}b\u{feff}c\u{2066}d", "abcd"),
            ("soft\u{ad}hyphen", "softhyphen"),
            ("\u{200b}", ""),
            ("\u{200b}.a", "a"),
            ("cafe\u{301}", "café"),
            ("e\u{200d}\u{301}", "é"),
            ("-\u{301}a", "a"),
            ("\u{ffff}", "_"),
            ("CON", "_CON"),
            ("nul.tar.gz", "_nul.tar.gz"),
            ("con .txt", "_con .txt"),
            ("Com7.jpg", "_Com7.jpg"),
            ("COM¹", "_COM¹"),
            ("lpt³.x", "_lpt³.x"),
            ("conin$", "_conin$"),
            (".nul", "_nul"),
            ("nul.", "_nul"),
            ("mycom1.foo", "mycom1.foo"),
            ("com10", "com10"),
            ("com", "com"),
            ("日本", "日本"),
            ("console", "console"),
            ("Desktop.ini", "_Desktop.ini"),
            ("thumbs.db", "_thumbs.db"),
            ("AUTORUN.INF", "_AUTORUN.INF"),
            ("desktop.ini.txt", "desktop.ini.txt"),
            ("Fetch.toml", "_Fetch.toml"),
            (".fetch.toml", "_fetch.toml"),
            ("fetch.toml.txt", "fetch.toml.txt"),
            ("archive.db-journal", "archive.db_journal"),
            ("cat.lrcat-WAL", "cat.lrcat_WAL"),
            ("con.db-\u{17f}hm", "_con.db_\u{17f}hm"),
            ("my-journal.pdf", "my-journal.pdf"),
        ];
        for (text, expected) in table {
            assert_eq!(component(text, ROOM), expected, "{text:?}");
        }
    }

    #[test]
    fn names_are_cut_between_characters() {
        let table = [
            ("abcdef", 4, "abcd"),
            ("abc def", 4, "abc"),
            ("abc.def", 4, "abc"),
            ("aéé", 4, "aé"),
            // A letter without a composed form stays together with its mark.
            ("abx\u{332}y", 4, "ab"),
            ("x\u{332}\u{332}\u{332}", 4, "x\u{332}"),
            ("👍🏽👍🏽", 12, "👍🏽"),
            ("❤\u{fe0f}", 4, "❤"),
            ("console", 3, "_co"),
            ("nul", 3, "_nu"),
            ("archive.db-wallet", 14, "archive.db_wal"),
            ("日本語", 2, ""),
            ("abc", 0, ""),
        ];
        for (text, room, expected) in table {
            assert_eq!(component(text, room), expected, "{text:?} in {room}");
        }
        assert_eq!(component(&"語".repeat(120), ROOM).len(), 240);
    }

    #[test]
    fn names_compare_without_case_and_normalisation() {
        let table = [
            ("Cat.JPG", "cat.jpg"),
            ("CAFÉ", "cafe\u{301}"),
            ("STRASSE", "straße"),
            ("ΣΑΣ", "σας"),
            ("\u{212a}", "k"),
        ];
        for (one, other) in table {
            assert_eq!(fold(one), fold(other), "{one}");
        }
        assert_ne!(fold("cat"), fold("cot"));
    }
}
