//! The picture that a link opens although its own address is not that of a picture.

use std::borrow::Cow;

use fetch::model::Medium;
use fetch::source::url_medium;
use html5ever::tokenizer::Tag;
use percent_encoding::percent_decode_str;
use url::Url;

use super::attributes::attribute;
use super::choice::web;
use super::media_url::{is_unwanted, size_free_key};
use super::size::Size;

/// How many parameters of a query are examined.
const VALUES: usize = 20;

/// Returns the picture that a link's script opens, if the script names one and the link leads nowhere without it.
pub(super) fn by_script(tag: &Tag) -> Option<String> {
    let href = attribute(tag, "href").unwrap_or("#");
    let own = scheme(href);
    let clicked = attribute(tag, "onclick");
    let clicked = clicked
        .filter(|script| own.is_some() || href.starts_with('#') || script.contains("return false"));
    let mut scripts = [own.as_deref(), clicked].into_iter().flatten();
    let opened = scripts.find_map(quoted)?;
    (!is_picture(href)).then_some(opened)
}

/// Returns the script in a `javascript:` address.
fn scheme(href: &str) -> Option<Cow<'_, str>> {
    let (scheme, script) = href.split_once(':')?;
    let is_script = scheme.eq_ignore_ascii_case("javascript");
    is_script.then(|| percent_decode_str(script).decode_utf8_lossy())
}

/// Returns the picture among the quoted strings of a script, if there is exactly one.
fn quoted(script: &str) -> Option<String> {
    let mut found: Option<&str> = None;
    let mut rest = script;
    while let Some(start) = rest.find(['\'', '"']) {
        let (mark, inner) = rest[start..].split_at(1);
        let (text, behind) = inner.split_once(mark)?;
        rest = behind;
        if !is_picture(text) {
            continue;
        }
        if found.is_some_and(|found| found != text) {
            return None;
        }
        found = Some(text);
    }
    found.map(str::to_owned)
}

fn is_picture(text: &str) -> bool {
    let base = Url::parse("https://page.invalid/").ok();
    let url = base.and_then(|base| web(&base, text));
    url.is_some_and(|url| url_medium(&url) == Some(Medium::Image) && !is_unwanted(&url, ""))
}

/// Returns the picture that a page is asked to show by its query: `view.php?img=full/5.jpg` around `thumb/5.jpg`. It
/// must be the one in the link, and its address must include a path.
pub(super) fn by_query(target: &Url, shown: &Url) -> Option<Url> {
    let values = target
        .query_pairs()
        .take(VALUES)
        .filter(|(_, value)| value.contains('/'));
    let mut pictures = values.filter_map(|(_, value)| {
        let url = web(target, &value)?;
        (url_medium(&url) == Some(Medium::Image)).then_some(url)
    });
    let picture = pictures.next().filter(|_| pictures.next().is_none())?;
    let name = picture.path().rsplit('/').next()?;
    let beside = shown.join(name).ok()?;
    let mut alone = shown.clone();
    alone.set_query(None);
    let is_same = size_free_key(&alone) == size_free_key(&beside);
    (is_same && !Size::of(shown).exceeds(Size::of(&picture))).then_some(picture)
}
