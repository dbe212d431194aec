//! Recognizes pictures of a post that are one picture in several widths, where nothing groups them.

use std::collections::HashMap;

use url::form_urlencoded::parse;

/// Parameters for signatures, which differ between widths.
const SIGNATURES: [&str; 4] = ["s", "sig", "sign", "signature"];

/// The pictures of a post, each with the group of its widths.
#[derive(Default)]
pub(super) struct Widths(HashMap<String, usize>);

impl Widths {
    /// Returns the group of a picture with this width, if its address requests just that width: the group of pictures
    /// whose address is otherwise the same, or a new one.
    pub(super) fn group(&mut self, url: &str, width: &str, groups: &mut usize) -> Option<usize> {
        let (place, query) = url.split_once('?')?;
        let (width, rest): (Vec<_>, Vec<_>) =
            parse(query.as_bytes()).partition(|(_, value)| value == width);
        let (name, _) = width.first()?;
        let rest = rest.iter();
        let rest = rest.filter(|(name, _)| !SIGNATURES.contains(&&**name));
        let rest: Vec<_> = rest
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let key = format!("{place}?{name}&{}", rest.join("&"));
        Some(*self.0.entry(key).or_insert_with(|| {
            *groups += 1;
            *groups
        }))
    }
}
