//! Links from a page to an IIIF manifest, which has all of its pictures.

use url::Url;

/// Part of the content type of a manifest.
const PROFILE: &str = "iiif.io/api/presentation";
/// File names of pictures made by a server of the Image API (§4).
const QUALITIES: [&str; 6] = ["bitonal", "color", "default", "gray", "grey", "native"];

/// Checks whether a link leads to a manifest, by its address or type.
pub(super) fn is_manifest(href: &str, kind: &str) -> bool {
    let address = href.to_ascii_lowercase();
    let path = address.split(['?', '#']).next().unwrap_or("");
    kind.to_ascii_lowercase().contains(PROFILE)
        || address.contains("iiif")
            && (path.ends_with("/manifest") || path.ends_with("/manifest.json"))
}

/// Checks whether a picture on a page is only a part or a small version of one in the manifest, or the icon for
/// dragging that into a viewer.
pub(super) fn is_preview(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    let mut parts = path.rsplit('/');
    let (Some(name), Some(turn), Some(size)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let region = parts.next().unwrap_or("");
    let is_turn = turn.trim_start_matches('!').parse::<f32>().is_ok();
    let is_size = size == "full"
        || size == "max"
        || size.contains(',')
        || size.starts_with("pct:")
        || size.starts_with('^');
    let is_region = ["full", "square"].contains(&region) || region.contains(',');
    let is_quality = name
        .split('.')
        .next()
        .is_some_and(|name| QUALITIES.contains(&name));
    let is_mark = name.contains("iiif") && (name.contains("drag") || name.contains("logo"));
    is_mark || is_quality && is_turn && is_size && is_region
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_recognised_by_type_or_url() {
        let kind = "application/ld+json;profile=\"http://iiif.io/api/presentation/3/context.json\"";
        for (href, kind, expected) in [
            ("/items/7.json", kind, true),
            ("https://x.org/iiif/7/manifest.json", "", true),
            (
                "https://iiif.x.org/7/manifest?v=3",
                "application/json",
                true,
            ),
            ("/manifest.json", "", false),
            ("/iiif/7/info.json", "", false),
            (
                "https://viewer.example/?iiif-content=https://x.org/iiif/7/manifest.json",
                "",
                false,
            ),
        ] {
            assert_eq!(is_manifest(href, kind), expected, "{href}");
        }
    }

    #[test]
    fn iiif_image_urls_are_previews() {
        let url = |text: &str| Url::parse("https://x.org/").unwrap().join(text).unwrap();
        for (text, expected) in [
            ("/iiif/2/img7/full/400,/0/default.jpg", true),
            ("/iiif/img7/0,0,512,512/!256,256/90/color.png", true),
            ("/iiif/img7/square/pct:10/!0/gray.jpg", true),
            ("/img/iiif-dragndrop-100px.png", true),
            ("/photos/full/12/default.jpg", false),
            ("/iiif/2/img7/cover.jpg", false),
            ("/default.jpg", false),
        ] {
            assert_eq!(is_preview(&url(text)), expected, "{text}");
        }
    }
}
