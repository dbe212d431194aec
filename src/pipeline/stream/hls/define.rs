//! Variables, defined by a playlist and used in its lines (draft-pantos-hls-rfc8216bis §4.3, §4.4.2.3).

use std::borrow::Cow;
use std::collections::HashMap;

use url::Url;

use super::super::{corrupt, unsupported};
use super::LONGEST;
use super::lines::Attributes;
use crate::model::Result;

const TAG: &str = "#EXT-X-DEFINE:";
/// The maximum number of variables.
const MOST: usize = 100;

/// Substitutes the variables in a playlist that came from this URL. Without definitions, `{$name}` is ordinary text.
pub(super) fn expand<'a>(text: &'a str, url: &Url) -> Result<Cow<'a, str>> {
    if !text.contains(TAG) {
        return Ok(Cow::Borrowed(text));
    }
    let mut known = HashMap::new();
    let mut expanded = String::with_capacity(text.len());
    for line in text.lines() {
        if let Some(value) = line.trim().strip_prefix(TAG) {
            let (name, value) = define(&Attributes::read(value)?, url)?;
            if known.len() == MOST || known.insert(name, value).is_some() {
                return Err(corrupt("it defines a variable twice, or too many"));
            }
        } else if line.starts_with('#') && !line.starts_with("#EXT") {
            // A comment.
            continue;
        } else {
            fill(line, &known, &mut expanded)?;
        }
        expanded.push('\n');
    }
    Ok(Cow::Owned(expanded))
}

/// Returns the name and the value of a variable.
fn define(attributes: &Attributes<'_>, url: &Url) -> Result<(String, String)> {
    let (name, value) = match (
        attributes.get("NAME"),
        attributes.get("QUERYPARAM"),
        attributes.get("IMPORT"),
    ) {
        (Some(name), None, None) => (name, attributes.get("VALUE").map(str::to_owned)),
        (None, Some(name), None) => {
            let mut found = url.query_pairs();
            let found = found.find(|(known, _)| known == name);
            (name, found.map(|(_, value)| value.into_owned()))
        }
        (None, None, Some(_)) => {
            return Err(unsupported(
                "takes a variable from another playlist (EXT-X-DEFINE:IMPORT), which is not supported",
            ));
        }
        _ => return Err(corrupt("a variable has no name")),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let value = value.filter(|value| !value.contains(|c: char| c == '"' || c.is_control()));
    match value {
        Some(value) if !name.is_empty() && name.chars().all(is_name) => {
            Ok((name.to_owned(), value))
        }
        _ => Err(corrupt("a variable has no name or no value")),
    }
}

/// Appends a line, replacing each `{$name}` by its value.
fn fill(line: &str, known: &HashMap<String, String>, into: &mut String) -> Result<()> {
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{$") {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| corrupt("the name of a variable has no end"))?;
        let value = known
            .get(name)
            .ok_or_else(|| corrupt("it uses a variable that is not defined"))?;
        into.push_str(before);
        into.push_str(value);
        if into.len() > LONGEST {
            return Err(corrupt("its variables make it too long"));
        }
        rest = after;
    }
    into.push_str(rest);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    fn expanded(lines: &str) -> Result<String> {
        let url = Url::parse("https://x.org/a.m3u8?token=a%2Fb&empty=&quote=%22").unwrap();
        expand(lines, &url).map(Cow::into_owned)
    }

    #[test]
    fn values_stand_in_the_place_of_variables() {
        let lines = "#EXTM3U\n#EXT-X-DEFINE:NAME=\"host\",VALUE=\"cdn.x.org\"\n#EXT-X-DEFINE:QUERYPARAM=\"token\"\n\
            # {$comment}\n#EXT-X-KEY:METHOD=AES-128,URI=\"https://{$host}/k?{$token}\"\n#EXTINF:1,\nhttps://{$host}/{$token}{$host}.ts\n";
        let expected = "#EXTM3U\n\n\n#EXT-X-KEY:METHOD=AES-128,URI=\"https://cdn.x.org/k?a/b\"\n#EXTINF:1,\n\
            https://cdn.x.org/a/bcdn.x.org.ts\n";
        assert_eq!(expanded(lines).unwrap(), expected);
        // Where nothing is defined, this is ordinary text.
        assert_eq!(expanded("{$host}.ts\n").unwrap(), "{$host}.ts\n");
    }

    #[test]
    fn invalid_hls_variables_are_named() {
        let define = |text: &str| expanded(&format!("#EXTM3U\n#EXT-X-DEFINE:{text}\n"));
        let table = [
            "NAME=\"a\"",
            "VALUE=\"a\"",
            "NAME=\"a b\",VALUE=\"c\"",
            "NAME=\"\",VALUE=\"c\"",
            "NAME=\"a\",QUERYPARAM=\"token\"",
            "QUERYPARAM=\"none\"",
            "QUERYPARAM=\"quote\"",
            "NAME=\"a\",VALUE=\"b\"\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"",
            "NAME=\"a\",VALUE=\"b\"\n{$b}",
            "NAME=\"a\",VALUE=\"b\"\n{$a",
        ];
        for text in table {
            assert_eq!(define(text).unwrap_err().kind, Kind::Corrupt, "{text}");
        }
        assert_eq!(define("QUERYPARAM=\"empty\"").unwrap(), "#EXTM3U\n\n");
        let import = define("IMPORT=\"a\"").unwrap_err();
        assert_eq!(import.kind, Kind::Unsupported);
        assert!(import.message.contains("EXT-X-DEFINE:IMPORT"), "{import}");
        let long = format!(
            "NAME=\"a\",VALUE=\"{}\"\n{}",
            "x".repeat(100_000),
            "{$a}".repeat(1000)
        );
        assert_eq!(define(&long).unwrap_err().kind, Kind::Corrupt);
    }
}
