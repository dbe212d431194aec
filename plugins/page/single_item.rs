//! Addresses of one item among others: a photo of an album, a strip of a comic.

use url::Url;

use super::next::value;

/// Words for an item before its number, in a path or query.
const ITEM_WORDS: [&str; 14] = [
    "artwork", "comic", "comics", "episode", "image", "img", "issue", "photo", "pic", "picture",
    "post", "status", "strip", "video",
];
/// Extensions in the name of a page that shows one picture: `boat.jpg.php`.
const PICTURES: [&str; 6] = ["gif", "jpeg", "jpg", "png", "tif", "webp"];
/// Further query parameters for an item.
const KEYS: [&str; 5] = ["aid", "attach", "item", "pid", "pos"];
/// The minimum step between pages of a listing that counts its entries.
const STEP: u64 = 5;

/// Checks whether an address is that of one item by its number (`/photo/12`), or of the page of one picture by its
/// name. The address of the first item means the whole gallery.
pub(super) fn is_item_of_series(here: &Url) -> bool {
    let mut path = here.path().trim_end_matches('/');
    let mut is_picture = false;
    while let Some((stem, ext)) = path.rsplit_once('.')
        && !ext.contains('/')
    {
        is_picture |= PICTURES.iter().any(|known| ext.eq_ignore_ascii_case(known));
        path = stem;
    }
    let rest = path.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &path[rest.len()..];
    let rest = rest.trim_end_matches(['/', '-', '_']);
    (is_picture || is_item_word(rest)) && !number.is_empty() && !is_first_number(number)
}

/// Checks whether two addresses select different items of a series. The address of the first item means the whole
/// gallery.
pub(super) fn is_another_item(here: &Url, next: &Url) -> bool {
    let keys = KEYS.iter().chain(&ITEM_WORDS);
    let mut asked = keys.filter_map(|key| Some((value(here, key)?, value(next, key)?)));
    let is_asked = |(one, other): (String, String)| {
        one != other && !is_first_number(&one) && !is_step(&one, &other)
    };
    asked.any(is_asked) || is_another_item_by_path(here, next)
}

/// Checks whether an address ends with the word for an item.
fn is_item_word(text: &str) -> bool {
    let word = text.rsplit(['/', '-', '_']).next().unwrap_or("");
    ITEM_WORDS
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

fn is_first_number(number: &str) -> bool {
    matches!(number.trim_start_matches('0'), "" | "1")
}

/// Checks whether two numbers are offsets in a listing that counts its entries: `?pos=20` and `?pos=40`.
fn is_step(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (one.parse::<u64>(), other.parse::<u64>()) else {
        return false;
    };
    let step = other.saturating_sub(one);
    // Some count from one.
    step >= STEP && one % step < 2
}

/// The same for addresses with the item as a path segment: `picture.php?/5/category/3`.
fn is_another_item_by_path(here: &Url, next: &Url) -> bool {
    let (here, next) = (places(here), places(next));
    let Some(at) = here.iter().zip(&next).position(|(one, other)| one != other) else {
        return false;
    };
    let digits = here[at].trim_start_matches(|c: char| c.is_ascii_digit());
    let number = &here[at][..here[at].len() - digits.len()];
    let is_number = digits.is_empty() || digits.starts_with('-');
    let script = at.checked_sub(1).map_or("", |before| here[before]);
    let before = script.split('.').next().unwrap_or("");
    is_item_word(before) && is_number && !number.is_empty() && !is_first_number(number)
}

/// Returns the segments of a path, and those of a query without keys.
fn places(url: &Url) -> Vec<&str> {
    let query = url.query().filter(|query| !query.contains('='));
    let parts = url.path().split('/');
    let parts = parts.chain(query.unwrap_or("").split('/'));
    parts.filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::next::next;
    use super::super::{PATIENCE, markup};
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse("https://x.org/").unwrap().join(text).unwrap()
    }

    #[test]
    fn the_next_link_of_a_single_item_is_another_item() {
        let leads = |here: &str, href: &str, title: &str| {
            let head = format!("<link rel=next {title} href='{href}'>");
            next(&markup::read(&head, PATIENCE).unwrap(), &url(here), true).is_some()
        };
        for (here, href) in [
            ("/picture.php?/5/category/3", "picture.php?/6/category/3"),
            ("/picture.php?/5-boat/tags/9", "picture.php?/8-car/tags/9"),
            ("/picture.php/5/category/3", "/picture.php/6/category/3"),
            ("/show.php?album=1&pid=5", "/show.php?album=1&pid=6"),
            ("/show.php?album=1&pos=5", "/show.php?album=1&pos=6"),
            ("/view?photo=cat", "/view?photo=dog"),
            ("/view?img=5&size=2", "/view?img=9&size=2"),
            ("/comics/5/", "/comics/6/"),
            ("/strip-12.html", "/strip-13.html"),
            ("/trip/boat-5.jpg.php", "/trip/boat-6.jpg.php"),
            ("/trip/boat-5.jpg", "/trip/boat-6.jpg"),
        ] {
            assert!(!leads(here, href, ""), "{here} {href}");
        }
        let named = "title='Next : The car'";
        assert!(!leads("/boats/5", "/boats/6", named));
        for (here, href, title) in [
            // From the first item on, it is a gallery.
            (
                "/picture.php?/1/category/3",
                "picture.php?/2/category/3",
                "",
            ),
            ("/view?photo=1", "/view?photo=2", ""),
            ("/comics/1/", "/comics/2/", ""),
            ("/comics", "/comics/2", ""),
            ("/view", "/view?photo=2", ""),
            // Numbers in steps are offsets in a listing.
            ("/list?pid=42", "/list?pid=84", ""),
            ("/list?pos=20", "/list?pos=40", ""),
            ("/list?pos=21", "/list?pos=41", ""),
            (
                "/index.php?/category/3/start-15",
                "index.php?/category/3/start-30",
                "",
            ),
            ("/list?2", "/list?3", ""),
            ("/photo/12?page=2", "/photo/12?page=3", ""),
            ("/comics/page/2", "/comics/page/3", ""),
            ("/boats/5", "/boats/6", "title='Next: page 6'"),
            ("/boats/5", "/boats/6", "title='Next page'"),
        ] {
            assert!(leads(here, href, title), "{here} {href} {title}");
        }
        // In the middle of a gallery, it continues.
        let head = "<link rel=next href='?photo=3'>";
        let parsed = markup::read(head, PATIENCE).unwrap();
        assert!(next(&parsed, &url("/view?photo=2"), false).is_some());
    }
}
