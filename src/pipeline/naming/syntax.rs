//! The pieces of a path template, and checks of its literal text.

use crate::model::{Error, Kind, Result};

use super::extension::usable;

/// A piece of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Literal text.
    Text(&'a str),
    /// `{title or key}`: the text between the braces.
    Field(&'a str),
    /// `{% if author %}`, including its braces.
    Block(&'a str),
}

/// How a template ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending<'a> {
    /// With `.{ext}`, or an expression that starts with it: the bytes decide.
    Open(&'a str),
    /// With a literal extension.
    Fixed(&'a str),
    /// Neither: the extension is appended.
    None,
}

/// Splits a template into its pieces, leaving out comments.
pub(super) fn pieces(template: &str) -> Result<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let text = &rest[..rest.find(['{', '}']).unwrap_or(rest.len())];
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
            rest = &rest[text.len()..];
        } else if let Some(comment) = rest.strip_prefix("{#") {
            let end = comment
                .find("#}")
                .ok_or_else(|| wrong(template, "`{#` is never closed"))?;
            rest = &comment[end + 2..];
        } else if let Some(block) = rest.strip_prefix("{%") {
            let end = outside_quotes(block, "%}")
                .ok_or_else(|| wrong(template, "`{%` is never closed"))?;
            pieces.push(Piece::Block(&rest[..end + 4]));
            rest = &block[end + 2..];
        } else if let Some(field) = rest.strip_prefix('{') {
            let end =
                outside_quotes(field, "}").ok_or_else(|| wrong(template, "`{` is never closed"))?;
            let inside = &field[..end];
            if inside.trim().is_empty() {
                return Err(wrong(template, "`{}` names no field"));
            }
            if outside_quotes(inside, "{").is_some() {
                return Err(wrong(template, "there is a brace inside braces"));
            }
            pieces.push(Piece::Field(inside));
            rest = &field[end + 1..];
        } else {
            return Err(wrong(template, "`}` has no matching `{`"));
        }
    }
    Ok(pieces)
}

/// Rejects what is not a path below the output directory.
pub(super) fn check(template: &str, pieces: &[Piece<'_>]) -> Result<()> {
    // A field counts as some text: its value never separates folders.
    let skeleton: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Field(_) | Piece::Block(_) => "x",
        })
        .collect();
    let skeleton = skeleton.trim();
    if skeleton.is_empty() {
        Err(Error::new(Kind::Config, "the path template is empty"))
    } else if skeleton == "-" {
        // Elsewhere, `-` means stdout.
        Err(wrong(template, "it does not name a file").hint(
            "everything is saved to files; `-g` prints the URLs for another program to download",
        ))
    } else if skeleton.contains('\\') {
        Err(wrong(template, "`\\` does not separate folders")
            .hint("write `/` between folders, on every system"))
    } else if skeleton.starts_with('/') {
        Err(wrong(template, "it starts with `/`")
            .hint("set the output directory with `-d`; a template is relative to it"))
    } else if skeleton.starts_with("~/") {
        Err(wrong(template, "it starts with `~/`")
            .hint("set the output directory with `-d`; a template is relative to it"))
    } else if let Some(field) = of_elsewhere(skeleton) {
        Err(wrong(template, "its fields are not in braces")
            .hint(format!("write `{{{field}}}` instead of `%({field})s`")))
    } else if skeleton
        .split('/')
        .any(|component| component.trim() == "..")
    {
        Err(wrong(template, "`..` leads out of the output directory"))
    } else if skeleton.ends_with('/') {
        Err(wrong(template, "it names a folder, not a file")
            .hint("add a name, as in `{title or key}.{ext}`"))
    } else {
        Ok(())
    }
}

/// Returns the first field written in the syntax of other programs: `%(title)s`.
fn of_elsewhere(skeleton: &str) -> Option<&str> {
    let (_, rest) = skeleton.split_once("%(")?;
    let (field, _) = rest.split_once(")s")?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!field.is_empty() && field.chars().all(is_word)).then_some(field)
}

/// Removes the extension from the end of the pieces, and returns it.
pub(super) fn take_ending<'a>(pieces: &mut Vec<Piece<'a>>) -> Ending<'a> {
    match pieces[..] {
        [.., Piece::Text(text), Piece::Field(field)]
            if text.ends_with('.') && begins_with_ext(field) =>
        {
            pieces.truncate(pieces.len() - 2);
            pieces.push(Piece::Text(&text[..text.len() - 1]));
            Ending::Open(field)
        }
        [.., Piece::Text(text)] => {
            let text = text.trim_end();
            let name = text.rsplit('/').next().unwrap_or(text);
            let Some((_, ext)) = name.rsplit_once('.') else {
                return Ending::None;
            };
            if usable(ext).is_none() || !ext.bytes().any(|byte| byte.is_ascii_alphabetic()) {
                return Ending::None;
            }
            let packed = name.len() - ext.len() - 1;
            let tar = name
                .get(packed.wrapping_sub(4)..packed)
                .is_some_and(|tar| tar.eq_ignore_ascii_case(".tar"));
            let length = ext.len() + if tar { 4 } else { 0 };
            pieces.pop();
            pieces.push(Piece::Text(&text[..text.len() - length - 1]));
            Ending::Fixed(&text[text.len() - length..])
        }
        _ => Ending::None,
    }
}

/// Joins the pieces in the engine's syntax, with double braces, passing expressions through `read`.
pub(super) fn joined(pieces: &[Piece<'_>], read: impl Fn(&str) -> String) -> String {
    let mut joined = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => joined.push_str(text),
            Piece::Block(block) => joined.push_str(&read(block)),
            Piece::Field(inside) => joined.extend(["{{", &read(inside), "}}"]),
        }
    }
    joined
}

/// Builds the error for a template that cannot be used.
pub(super) fn wrong(template: &str, reason: &str) -> Error {
    Error::new(
        Kind::Config,
        format!("cannot use the path template `{template}`: {reason}"),
    )
    .hint("fields are written as in `{album}/{number | pad(3)} {title or key}.{ext}`")
}

fn begins_with_ext(field: &str) -> bool {
    let rest = field
        .trim_start_matches('-')
        .trim_start()
        .strip_prefix("ext");
    rest.is_some_and(|rest| {
        !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '['))
    })
}

/// Returns the position of `wanted` outside quoted text.
fn outside_quotes(text: &str, wanted: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        match (quote, character) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, _) if text[index..].starts_with(wanted) => return Some(index),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_templates_into_pieces() {
        use Piece::{Block, Field, Text};
        let template = "a/{# no } #}{title or \"}\"}{% if x == '%}' %}b{% endif %}.{ext}";
        let expected = [
            Text("a/"),
            Field("title or \"}\""),
            Block("{% if x == '%}' %}"),
            Text("b"),
            Block("{% endif %}"),
            Text("."),
            Field("ext"),
        ];
        let pieces = pieces(template).unwrap();
        assert_eq!(pieces, expected);
        assert!(joined(&pieces, str::to_owned).ends_with("{% endif %}.{{ext}}"));
    }

    #[test]
    fn takes_the_extension_off_the_end() {
        let table = [
            ("{title}.{ext}", Ending::Open("ext"), "{{title}}"),
            (
                "{title}.{ ext or 'bin' }",
                Ending::Open(" ext or 'bin' "),
                "{{title}}",
            ),
            ("{title}.{extra.x}", Ending::None, "{{title}}.{{extra.x}}"),
            ("{title}.jpg", Ending::Fixed("jpg"), "{{title}}"),
            ("{title}.JPG", Ending::Fixed("JPG"), "{{title}}"),
            ("a.b/{key}.tar.gz", Ending::Fixed("tar.gz"), "a.b/{{key}}"),
            ("{title}", Ending::None, "{{title}}"),
            ("{title} v1.5", Ending::None, "{{title}} v1.5"),
            ("a.b/{title} c", Ending::None, "a.b/{{title}} c"),
            ("all/list.txt", Ending::Fixed("txt"), "all/list"),
            ("{title}-{ext}", Ending::None, "{{title}}-{{ext}}"),
        ];
        for (template, ending, rest) in table {
            let mut pieces = pieces(template).unwrap();
            assert_eq!(take_ending(&mut pieces), ending, "{template}");
            assert_eq!(joined(&pieces, str::to_owned), rest, "{template}");
        }
    }
}
