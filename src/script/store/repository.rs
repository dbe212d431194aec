//! A plugin in a git repository, at a tag or a commit.

use serde::{Deserialize, Serialize};
use url::Url;

use super::bundle::Files;
use super::git::Git;
use super::index::is_safe;
use crate::model::{Error, Kind, Result};
use crate::net::Redacted;

/// The name of the ref that is fetched to.
const HERE: &str = "refs/fetch/it";

/// A plugin's place in a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// The address of the repository.
    pub url: Url,
    /// A tag, or a commit in hex.
    pub pin: String,
    /// The folder of the plugin; the root if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
}

impl Repository {
    /// Reads `git+https://HOST/REPOSITORY#TAG-OR-COMMIT[:FOLDER]`; `None` for anything not of this form.
    ///
    /// # Errors
    /// [`Kind::Config`] for an unusable one.
    pub(super) fn read(text: &str) -> Result<Option<Repository>> {
        let Some(text) = text.strip_prefix("git+") else {
            return Ok(None);
        };
        let wrong = |why: &str| {
            let hint =
                "write `git+https://HOST/REPOSITORY#TAG`, or `#COMMIT`, and `:FOLDER` after that";
            Error::new(Kind::Config, format!("the repository {why}")).hint(hint)
        };
        let mut url = Url::parse(text).map_err(|_| wrong("has no valid URL"))?;
        if !is_safe(&url) {
            return Err(wrong("must be https, or on this machine"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(wrong("must not have a login or `?`"));
        }
        let fragment = url.fragment().unwrap_or("").to_owned();
        let (pin, below) = match fragment.split_once(':') {
            Some((pin, below)) => (pin, Some(below)),
            None => (&*fragment, None),
        };
        if !is_path(pin) {
            return Err(wrong("needs a tag or a commit"));
        }
        if below.is_some_and(|below| !is_path(below)) {
            return Err(wrong("has an invalid folder"));
        }
        url.set_fragment(None);
        Ok(Some(Repository {
            url,
            pin: pin.to_owned(),
            below: below.map(str::to_owned),
        }))
    }

    /// Checks whether the other one is the same place in the same repository.
    pub(super) fn is_same_place(&self, other: &Repository) -> bool {
        self.url == other.url && self.below == other.below
    }

    fn is_commit(&self) -> bool {
        let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        self.pin.len() == 40 && self.pin.bytes().all(is_hex)
    }

    /// Returns its address in a form that may be shown.
    pub(super) fn shown(&self) -> String {
        let below = self.below.as_ref().map(|below| format!(":{below}"));
        let below = below.unwrap_or_default();
        format!("{}#{}{below}", Redacted(&self.url), self.pin)
    }

    /// Downloads its current state: the commit, and the files of the plugin.
    ///
    /// # Errors
    /// [`Kind::Config`] without git; [`Kind::Network`] if the download fails; [`Kind::Corrupt`] if it is not a plugin.
    pub(super) async fn download(&self, proxy: Option<&str>) -> Result<(String, Files)> {
        let git = Git::new(self.url.scheme(), proxy)?;
        git.run(&["init", "--quiet", "--bare", "--template=", "."], b"", 0)
            .await?;
        let from = match self.is_commit() {
            true => self.pin.clone(),
            false => format!("refs/tags/{}", self.pin),
        };
        let refspec = format!("+{from}:{HERE}");
        let fetch = |depth: &'static [&'static str]| {
            let words = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules"];
            [
                &words[..],
                depth,
                &["--end-of-options", self.url.as_str(), &refspec],
            ]
            .concat()
        };
        // A plain file server cannot send a shallow clone.
        let shallow = git.run(&fetch(&["--depth=1"]), b"", 0).await;
        if let Err(error) = shallow {
            let whole = match error.causes().iter().any(|cause| cause.contains("shallow")) {
                true => git.run(&fetch(&[]), b"", 0).await,
                false => Err(error),
            };
            whole.map_err(|error| {
                let message = format!("cannot fetch `{}`", self.shown());
                Error::new(Kind::Network, message)
                    .hint("does the tag or commit exist? redirects are not followed, so give the final address")
                    .because(error)
            })?;
        }
        let commit = format!("{HERE}^{{commit}}");
        let commit = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ];
        let commit = git.run(&commit, b"", 100).await?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        if self.is_commit() && commit != self.pin {
            let message = format!("`{}` is not a commit", self.shown());
            return Err(Error::new(Kind::Corrupt, message));
        }
        let files = git.files(&commit, self.below.as_deref()).await?;
        Ok((commit, files))
    }
}

/// Checks whether this is a plain path or name, without anything that has a special meaning to git or a file system.
fn is_path(text: &str) -> bool {
    let is_plain = |part: &str| {
        let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+');
        part.bytes().all(is_word)
            && !part.is_empty()
            && !part.starts_with(['.', '-'])
            && !part.ends_with('.')
            && !part.ends_with(".lock")
            && !part.contains("..")
    };
    text.len() <= 200 && text.split('/').all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugin_addresses_are_parsed() {
        let read = |text: &str| Repository::read(text).map(|read| read.map(|read| read.shown()));
        assert!(read("comics").unwrap().is_none());
        for (text, expected) in [
            ("git+https://a.org/r#v1", "https://a.org/r#v1"),
            (
                "git+https://a.org/r.git#v1.0.0:plugins/x",
                "https://a.org/r.git#v1.0.0:plugins/x",
            ),
            ("git+http://127.0.0.1:8/r#a/b", "http://127.0.0.1:8/r#a/b"),
        ] {
            assert_eq!(read(text).unwrap().as_deref(), Some(expected));
        }
        for text in [
            "git+https://a.org/r",
            "git+https://a.org/r#",
            "git+https://a.org/r#--upload-pack=x",
            "git+https://a.org/r#v1:../x",
            "git+https://a.org/r#v1:/etc",
            "git+https://a.org/r#v1:",
            "git+https://a.org/r#a..b",
            "git+https://a.org/r#a:b:c",
            "git+https://a.org/r#a^{tree}",
            "git+https://a.org/r#x.lock",
            "git+https://u:p@a.org/r#v1",
            "git+https://a.org/r?x#v1",
            "git+http://a.org/r#v1",
            "git+ssh://a.org/r#v1",
            "git+file:///tmp/r#v1",
            "git+ext::sh -c x#v1",
            "git+-x#v1",
        ] {
            assert_eq!(read(text).unwrap_err().kind, Kind::Config, "{text}");
        }
    }
}
