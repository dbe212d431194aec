//! Which links around a picture lead to the picture in full, although they do not end as the address of one. Pure: nothing is
//! asked here, so all of it is a guess.

use fetch::model::Medium;
use fetch::source::{url_medium, url_name};
use url::Url;

use super::frontier::is_same_host;
use super::original::within;

/// What asks a script for a smaller one of its pictures, or for the picture itself.
const SIZES: [&str; 7] = ["h", "height", "size", "stc", "t", "thumb", "w"];
/// Words in what a script is asked for, by which forums say that something was attached to a post.
const ATTACHED: [&str; 3] = ["attach", "attachment", "dlattach"];
/// Scripts that give nothing but files, by their names.
const GIVING: [&str; 3] = ["attachment", "download", "file"];
/// A host that has the size behind the address of a picture: `/a/AVvX=s2048`.
const SIZED_BEHIND: &str = ".googleusercontent.com";
/// The extensions of pages, and of scripts that make some.
const PAGES: [&str; 14] = [
    "asp", "aspx", "cfm", "cgi", "do", "htm", "html", "jsp", "mhtml", "php", "php3", "pl", "shtml",
    "xhtml",
];

/// What is said of a link around a picture.
pub(super) struct Around<'a> {
    /// Where it leads.
    pub(super) target: &'a Url,
    /// The picture.
    pub(super) shown: &'a Url,
    /// Whether it says that it opens a picture over the page.
    pub(super) opens: bool,
    /// Whether the picture is called by the name of a file.
    pub(super) is_file: bool,
}

impl Around<'_> {
    /// Whether it leads to the picture, as far as its address tells.
    pub(super) fn leads_to_picture(&self) -> bool {
        let is_told = (self.opens || self.is_file) && self.is_near();
        !is_page(self.target)
            && (within(self.target).is_some()
                || self.is_of_one_script()
                || self.is_of_one_file()
                || self.is_of_one_upload()
                || is_attached(self.target) && is_told
                || self.is_of_one_giver())
    }

    /// Whether it says so, and may mean a page that a script fetches.
    pub(super) fn may_lead_to_picture(&self) -> bool {
        self.opens && self.is_near() && !is_page(self.target)
    }

    fn is_near(&self) -> bool {
        is_same_host(self.target, self.shown)
    }

    /// Whether one script gives both, and is asked for the same but for the size.
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

    /// Whether both lie below one that is called as the file of a picture: some wikis keep its sizes so.
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

    /// Whether both come from a script that gives files.
    fn is_of_one_giver(&self) -> bool {
        let (name, ext) = url_name(self.target);
        let is_giver = ext.is_some() && name.is_some_and(|name| GIVING.contains(&&*name));
        self.is_near()
            && self.target.path() == self.shown.path()
            && (is_giver || is_attached(self.target) && is_attached(self.shown))
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

/// Whether an address is that of a page. What a script is asked for may be anything.
fn is_page(url: &Url) -> bool {
    let ext = url_name(url).1.unwrap_or_default().to_ascii_lowercase();
    match url.query() {
        None => url.path() == "/" || PAGES.contains(&&*ext),
        Some(_) => ext.contains("htm"),
    }
}

/// Whether an address says that something was attached.
fn is_attached(url: &Url) -> bool {
    let mut folders = url.path().split('/');
    let mut asked = url.query().unwrap_or("").split(['&', ';', '=']);
    let (name, ext) = url_name(url);
    folders.any(|folder| folder == "attachments")
        || ext.is_some() && name.as_deref() == Some("attachment")
        || asked.any(|word| ATTACHED.contains(&word))
}
