//! The columns of a CSV that hold links and their options.

use super::listed::{Listed, OPTIONS, key, wrong};
use super::text::LONGEST;
use crate::model::Result;

/// Possible titles of the link column, the likeliest first.
const TITLES: [&str; 4] = ["url", "link", "links", "address"];

/// The columns of the link and its options.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) are_titled: bool,
    link: usize,
    options: Vec<(&'static str, usize)>,
}

impl Columns {
    /// The columns that the first row names. If none has a title for links, the first row is data.
    pub(super) fn new(row: &[Vec<u8>]) -> Columns {
        let find = |title: &str| {
            row.iter()
                .position(|field| field.eq_ignore_ascii_case(title.as_bytes()))
        };
        let Some(link) = TITLES.iter().find_map(|title| find(title)) else {
            return Columns::default();
        };
        let options = OPTIONS.iter().filter_map(|key| Some((*key, find(key)?)));
        Columns {
            are_titled: true,
            link,
            options: options.collect(),
        }
    }

    /// Reads a row. Without titles, the first column is the link, and any other field that is a URL is a link as well.
    pub(super) fn read(&self, row: &[Vec<u8>]) -> Result<Vec<Listed>> {
        let field = |column: usize| {
            let bytes = row.get(column).map_or(&[][..], Vec::as_slice);
            if bytes.len() > LONGEST {
                return Err(wrong("it is too long for a link"));
            }
            let text = std::str::from_utf8(bytes);
            text.map(str::to_owned)
                .map_err(|_| wrong("it is not UTF-8"))
        };
        let mut options = Vec::new();
        for (key, column) in &self.options {
            let value = field(*column)?;
            if !value.is_empty() {
                options.push(((*key).to_owned(), value));
            }
        }
        let link = field(self.link)?;
        let mut listed = vec![Listed { link, options }];
        if !self.are_titled {
            for (column, _) in row
                .iter()
                .enumerate()
                .skip(1)
                .filter(|(_, text)| is_address(text))
            {
                listed.push(Listed {
                    link: field(column)?,
                    options: Vec::new(),
                });
            }
        }
        Ok(listed)
    }
}

/// Whether a field is an http or https URL and nothing else.
fn is_address(field: &[u8]) -> bool {
    let starts = |scheme: &str| {
        let start = field.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    (starts("http://") || starts("https://")) && !field.iter().any(u8::is_ascii_whitespace)
}

/// Guesses the separator of a CSV from its start. Excel uses `;` in locales where numbers have a decimal comma.
pub(super) fn separator(start: &[u8]) -> u8 {
    let mut lines = start.split(|byte| matches!(byte, b'\n' | b'\r'));
    let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
    // Excel's own declaration of the separator.
    if let [b's', b'e', b'p', b'=', separator] = first {
        return *separator;
    }
    let is_title = |field: &[u8]| {
        let field = field.trim_ascii();
        let field = field.strip_prefix(b"\"").unwrap_or(field);
        let field = field.strip_suffix(b"\"").unwrap_or(field).trim_ascii();
        let mut titles = TITLES.iter();
        titles.any(|title| field.eq_ignore_ascii_case(title.as_bytes()))
    };
    let is_titled = |separator: &u8| first.split(|byte| byte == separator).any(is_title);
    if let Some(separator) = [b',', b';', b'\t'].into_iter().find(is_titled) {
        return separator;
    }
    // The first column is the link, which may contain the other separators.
    if first.contains(&b'\t') {
        return b'\t';
    }
    let mut found = first.iter().enumerate();
    match found.find(|(_, byte)| matches!(byte, b',' | b';')) {
        // `;jsessionid=1` is part of the link.
        Some((at, b';')) if !is_parameter(&first[at + 1..]) => b';',
        _ => b',',
    }
}

fn is_parameter(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| key(text).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_separators_are_detected() {
        let table = [
            ("", b','),
            ("url\nhttps://a.org/1;2\n", b','),
            ("Title,URL;x\n", b','),
            ("Title;URL\n", b';'),
            ("\r\nTitle, and more;\"Link\" \r\n", b';'),
            ("links\ttitle, or none\n", b'\t'),
            ("sep=;\r\nwhat,x\n", b';'),
            ("https://a.org/1;\"Smith, J.\"\n", b';'),
            ("https://a.org/1,one; two\n", b','),
            ("https://a.org/1;jsessionid=4\n", b','),
            ("https://a.org/1,2\tone\n", b'\t'),
        ];
        for (start, expected) in table {
            assert_eq!(separator(start.as_bytes()), expected, "{start}");
        }
    }
}
