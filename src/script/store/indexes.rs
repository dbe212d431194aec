//! The indexes that the user has added: adding and downloading them, and comparing them with what was seen before.

use http::HeaderMap;
use jiff::Timestamp;
use url::Url;

use super::index::{self, Index};
use super::{KnownIndex, Store};
use crate::model::{Error, Kind, Result};
use crate::net::{Client, Redacted};

/// The maximum size of a signature.
const SIGNATURE: usize = 4 << 10;
/// The maximum length of an index name.
const NAME: usize = 40;

impl Store {
    /// Adds an index under this name, after downloading and checking it.
    ///
    /// # Errors
    /// [`Kind::Config`] for an invalid name, address or key; errors of the download, and of the index itself.
    pub async fn add_index(&self, client: &Client, name: &str, url: &str, key: &str) -> Result<()> {
        if !is_name(name) {
            let message = format!("invalid index name `{}`", name.escape_debug());
            return Err(Error::new(Kind::Config, message)
                .hint("a name consists of lower-case letters, digits and `-`"));
        }
        if self.lockfile()?.indexes.contains_key(name) {
            return Err(name_taken(name));
        }
        index::public(key)?;
        let mut known = KnownIndex {
            url: index::base(url)?,
            key: key.to_owned(),
            next: None,
            serial: 0,
        };
        let index = download(client, name, &known).await?;
        (known.serial, known.next) = (index.serial, index.next_key);
        self.change(|lockfile| match lockfile.indexes.contains_key(name) {
            true => Err(name_taken(name)),
            false => {
                lockfile.indexes.insert(name.to_owned(), known);
                Ok(())
            }
        })
    }

    /// Forgets an index. Plugins installed from it stay.
    ///
    /// # Errors
    /// [`Kind::Config`] for an unknown one; [`Kind::Disk`].
    pub fn remove_index(&self, name: &str) -> Result<()> {
        self.change(|lockfile| {
            lockfile.index(name)?;
            lockfile.indexes.remove(name);
            Ok(())
        })
    }

    /// Downloads an index. Its serial is remembered, and a lower one is never accepted again. So is the key that it
    /// announces as its next; once an index is signed with that, it replaces the previous key.
    pub(super) async fn index(&self, client: &Client, name: &str) -> Result<Index> {
        let known = self.lockfile()?.index(name)?.clone();
        let index = download(client, name, &known).await?;
        self.change(|lockfile| {
            lockfile.see(name, &index);
            Ok(())
        })?;
        if index.expires < Timestamp::now() {
            let message = format!("the index `{name}` has expired on {}", index.expires);
            return Err(Error::new(Kind::Expired, message).hint(
                "its publisher has to sign a new one; plugins installed from it keep working",
            ));
        }
        Ok(index)
    }
}

/// Checks whether a text is a valid index name.
pub(super) fn is_name(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=NAME).contains(&text.len()) && text.bytes().all(is_word)
}

fn name_taken(name: &str) -> Error {
    let message = format!("there is already an index `{name}`");
    Error::new(Kind::Config, message).hint(format!("`fetch plugin index remove {name}` forgets it"))
}

async fn download(client: &Client, name: &str, known: &KnownIndex) -> Result<Index> {
    let json = get(client, &at(&known.url, "index.json")?, index::LONGEST).await?;
    let signature = get(client, &at(&known.url, "index.json.minisig")?, SIGNATURE).await?;
    let index = Index::read(name, &json, &signature, known)?;
    if index.serial < known.serial {
        let (is, was) = (index.serial, known.serial);
        let message = format!("the index `{name}` has the serial {is}, but {was} was seen before");
        return Err(Error::new(Kind::Corrupt, message)
            .hint("it is outdated, which may be an attack; nothing was changed"));
    }
    Ok(index)
}

/// Resolves a path below an index.
pub(super) fn at(base: &Url, path: &str) -> Result<Url> {
    base.join(path).map_err(|error| {
        let message = format!("`{}` cannot have a path below it", Redacted(base));
        Error::new(Kind::Config, message).because(error)
    })
}

/// Downloads a file of at most `limit` bytes.
pub(super) async fn get(client: &Client, url: &Url, limit: usize) -> Result<Vec<u8>> {
    let answer = client.call(url, &HeaderMap::new(), limit).await?;
    match answer.status.as_u16() {
        200 => Ok(answer.body.into()),
        404 | 410 => {
            let message = format!("there is no `{}`", Redacted(url));
            Err(Error::new(Kind::Missing, message))
        }
        status => {
            let message = format!("`{}` answers {status}", Redacted(url));
            Err(Error::new(Kind::Network, message))
        }
    }
}
