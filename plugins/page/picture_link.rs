//! Guesses which links around a picture lead to the full-size picture although their address has no picture extension.
//! Nothing is requested here.

use fetch::model::Medium;
use fetch::source::{url_medium, url_name};
use url::Url;

use super::frontier::is_same_host;
use super::original::within;

/// Query parameters for the size of a script's pictures.
const SIZES: [&str; 7] = ["h", "height", "size", "stc", "t", "thumb", "w"];
/// Words in a query by which forums mark attachments.
const ATTACHED: [&str; 3] = ["attach", "attachment", "dlattach"];
/// Names of scripts that only serve files.
const FILE_SCRIPTS: [&str; 3] = ["attachment", "download", "file"];
/// A host with the size after the address of a picture: `/a/AVvX=s2048`.
const SIZED_BEHIND: &str = ".googleusercontent.com";
/// The extensions of pages, and of scripts that generate them.
const PAGES: [&str; 14] = [
    "asp", "aspx", "cfm", "cgi", "do", "htm", "html", "jsp", "mhtml", "php", "php3", "pl", "shtml",
    "xhtml",
];

/// A link around a picture.
pub(super) struct PictureLink<'a> {
    /// The link's target.
    pub(super) target: &'a Url,
    /// The address of the picture.
    pub(super) shown: &'a Url,
    /// Whether it is marked as opening a lightbox.
    pub(super) opens_lightbox: bool,
    /// Whether the picture is labelled with a file name.
    pub(super) is_file: bool,
}

impl PictureLink<'_> {
    /// Checks whether its address suggests that it leads to the picture.
    pub(super) fn leads_to_picture(&self) -> bool {
        let is_marked = (self.opens_lightbox || self.is_file) && self.is_near();
        !is_page(self.target)
            && (within(self.target).is_some()
                || self.is_of_one_script()
                || self.is_of_one_file()
                || self.is_of_one_upload()
                || is_attached(self.target) && is_marked
                || self.is_of_one_file_script())
    }

    /// Checks whether it is marked as leading to the picture, though it may be a page that a script fetches.
    pub(super) fn may_lead_to_picture(&self) -> bool {
        self.opens_lightbox && self.is_near() && !is_page(self.target)
    }

    fn is_near(&self) -> bool {
        is_same_host(self.target, self.shown)
    }

    /// Checks whether both addresses are of one script, with the same parameters except for the size.
    fn is_of_one_script(&self) -> bool {
        let asked = |url: &Url| {
            let pairs = url.query_pairs().into_owned();
            let is_size = |name: &str| SIZES.contains(&&*name.to_ascii_lowercase());
            let mut pairs: Vec<_> = pairs.filter(|(name, _)| !is_size(name)).collect();
            pairs.sort();
            pairs
        };
        self.is_near()
            && self.target.path() == self.shown.path()
            && asked(self.target) == asked(self.shown)
    }

    /// Checks whether both are below a path that is named like a picture file: some wikis store sizes that way.
    fn is_of_one_file(&self) -> bool {
        let (target, shown) = (self.target.path(), self.shown.path());
        let is_file = |end: &usize| {
            let folder = self.target.join(&target[..*end]);
            folder.is_ok_and(|folder| url_medium(&folder) == Some(Medium::Image))
        };
        let mut ends = target.match_indices('/').skip(1).map(|(end, _)| end);
        let end = ends.find(is_file).filter(|_| self.is_near());
        end.is_some_and(|end| shown.get(..=end) == target.get(..=end))
    }

    /// Checks whether both come from a script that serves files.
    fn is_of_one_file_script(&self) -> bool {
        let (name, ext) = url_name(self.target);
        let is_file_script =
            ext.is_some() && name.is_some_and(|name| FILE_SCRIPTS.contains(&&*name));
        self.is_near()
            && self.target.path() == self.shown.path()
            && (is_file_script || is_attached(self.target) && is_attached(self.shown))
    }

    fn is_of_one_upload(&self) -> bool {
        let upload = |url: &Url| Some(url.path().split_once('=')?.0.to_owned());
        let host = self.target.host_str().unwrap_or("");
        self.is_near() && host.ends_with(SIZED_BEHIND) && {
            let target = upload(self.target);
            target.is_some() && target == upload(self.shown)
        }
    }
}

/// Checks whether an address is that of a page. With a query, it may be anything.
fn is_page(url: &Url) -> bool {
    let ext = url_name(url).1.unwrap_or_default().to_ascii_lowercase();
    match url.query() {
        None => url.path() == "/" || PAGES.contains(&&*ext),
        Some(_) => ext.contains("htm"),
    }
}

/// Checks whether an address looks like that of an attachment.
fn is_attached(url: &Url) -> bool {
    let mut folders = url.path().split('/');
    let mut asked = url.query().unwrap_or("").split(['&', ';', '=']);
    let (name, ext) = url_name(url);
    folders.any(|folder| folder == "attachments")
        || ext.is_some() && name.as_deref() == Some("attachment")
        || asked.any(|word| ATTACHED.contains(&word))
}
