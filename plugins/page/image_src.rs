//! The `src` of an image, compared with its candidates.

use url::Url;

use super::attributes::is_named;
use super::parsed_page::Piece;
use super::size::Size;
use super::srcset::{Candidate, FULL, UNSAID};

/// Adds the `src` of an image with this declared width.
pub(super) fn add(piece: &mut Piece, url: &str, width: Option<u32>, is_replaced: bool) {
    let mut candidate = Candidate {
        url: url.to_owned(),
        weight: 0,
        width: None,
        is_fallback: false,
        is_replaced,
    };
    let choices = &piece.candidates;
    if is_replaced {
        piece.candidates.push(candidate);
    } else if let Some(width) = width.filter(|width| is_original(url, *width, choices)) {
        candidate.weight = width.min(FULL - 1);
        candidate.width = Some(candidate.weight);
        piece.candidates.push(candidate);
    } else if is_remade(url, choices) {
        // Of equals, the first is taken.
        candidate.weight = UNSAID;
        piece.candidates.insert(0, candidate);
    } else {
        piece.candidates.push(candidate);
    }
}

/// Checks whether a `src` of this width is wider than all candidates, and not one of them.
fn is_original(url: &str, width: u32, choices: &[Candidate]) -> bool {
    let widest = choices.iter().filter_map(|choice| choice.width).max();
    let here = Url::parse("https://x.org/").and_then(|base| base.join(url));
    widest.is_some_and(|widest| width > widest)
        && choices.iter().all(|choice| choice.url != url)
        && here.is_ok_and(|here| !Size::of(&here).is_small())
}

/// Checks whether the candidates have no declared sizes, and one is named like the `src`: an optimizer has made it from
/// that (`b.jpg.webp`).
fn is_remade(url: &str, choices: &[Candidate]) -> bool {
    let says_nothing = |choice: &Candidate| choice.weight == UNSAID && !choice.is_fallback;
    choices.iter().all(says_nothing) && choices.iter().any(|choice| is_named(&choice.url, url))
}
