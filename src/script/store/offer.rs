//! Downloads packages from an index, and checks that they match it before anything is written or the user is asked.

use super::bundle::{self, Files};
use super::index::Entry;
use super::indexes::{at, get, is_name};
use super::packing::hex;
use super::{Grants, Installed, Publisher, Release, Repository, Store, is_newer};
use crate::model::{Error, Kind, Result};
use crate::net::Client;
use crate::script::{Manifest, Package};

/// What the user wants to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginSpec {
    /// `ID`, or `INDEX/ID`.
    Id(Option<String>, String),
    /// A plugin in a repository.
    Git(Repository),
}

/// A version that has been downloaded to memory and checked, and that the user may install.
#[derive(Debug)]
pub struct Offer {
    /// The release to be installed.
    pub release: Release,
    /// Its manifest.
    pub manifest: Manifest,
    files: Files,
    /// The tree of the version that it replaces, if any.
    pub base: Option<String>,
}

/// The result of looking for a newer version.
#[derive(Debug)]
pub enum Newer {
    /// There is one.
    Yes(Box<Offer>),
    /// There is none. If the current one was withdrawn, this is the reason.
    No(Option<String>),
}

impl PluginSpec {
    /// Reads what the user wants to install.
    ///
    /// # Errors
    /// [`Kind::Config`] if it is neither.
    pub fn read(text: &str) -> Result<PluginSpec> {
        if let Some(repository) = Repository::read(text)? {
            return Ok(PluginSpec::Git(repository));
        }
        let (index, id) = match text.split_once('/') {
            Some((index, id)) => (Some(index), id),
            None => (None, text),
        };
        let is_name = index.is_none_or(is_name);
        match is_name && crate::script::manifest::is_id(id) {
            true => Ok(PluginSpec::Id(index.map(str::to_owned), id.to_owned())),
            false => {
                let message = format!("`{}` is not a plugin to install", text.escape_debug());
                Err(Error::new(Kind::Config, message)
                    .hint("write `ID`, `INDEX/ID`, or `git+https://HOST/REPOSITORY#TAG`"))
            }
        }
    }
}

impl Store {
    /// Downloads the latest version of a plugin, from the given index, or from the one that has it.
    ///
    /// # Errors
    /// [`Kind::Config`] if it is installed already, or if no index has it or more than one does; errors of the
    /// download, and of the package itself.
    pub async fn offer(&self, client: &Client, spec: &PluginSpec) -> Result<Offer> {
        let lockfile = self.lockfile()?;
        let (from, id) = match spec {
            PluginSpec::Id(from, id) => (from, id),
            PluginSpec::Git(repository) => {
                let offer = git_offer(client, repository, None).await?;
                return match lockfile.plugins.get(&offer.manifest.id) {
                    None => Ok(offer),
                    // Another tag of the same repository.
                    Some(installed) if is_other_pin(&installed.current.publisher, repository) => {
                        installed.may_become(&offer.release, &offer.manifest)?;
                        Ok(Offer {
                            base: Some(installed.current.tree.clone()),
                            ..offer
                        })
                    }
                    Some(installed) => Err(already_installed(installed)),
                };
            }
        };
        if let Some(installed) = lockfile.plugins.get(id) {
            return Err(already_installed(installed));
        }
        let names = match from {
            Some(name) => vec![name.clone()],
            None => lockfile.indexes.keys().cloned().collect(),
        };
        if names.is_empty() {
            let message = format!("there is no index to install `{id}` from");
            return Err(Error::new(Kind::Config, message)
                .hint("`fetch plugin index add NAME URL --key KEY` adds one"));
        }
        let (mut found, mut why) = (Vec::new(), Vec::new());
        for name in &names {
            let index = self.index(client, name).await?;
            match index.newest(id) {
                Ok(entry) => found.push((name, entry.clone())),
                Err(reason) => why.push(format!("the index `{name}` {reason}")),
            }
        }
        match &found[..] {
            [] => Err(Error::new(Kind::Config, why.join("; "))),
            [(name, entry)] => self.download(client, name, entry, None).await,
            several => {
                let names = several.iter().map(|(name, _)| format!("`{name}/{id}`"));
                let message = format!("more than one index has `{id}`");
                let names: Vec<_> = names.collect();
                Err(Error::new(Kind::Config, message)
                    .hint(format!("say which one: {}", names.join(", "))))
            }
        }
    }

    /// Downloads a newer version of an installed plugin, if there is one.
    ///
    /// # Errors
    /// Errors of the download, and of the package itself.
    pub async fn newer(&self, client: &Client, id: &str, installed: &Installed) -> Result<Newer> {
        let Release {
            publisher, tree, ..
        } = &installed.current;
        let version = &installed.manifest.version;
        let name = match publisher {
            Publisher::Index(name) => name,
            Publisher::Git(repository, _) => {
                let offer = git_offer(client, repository, Some(tree.clone())).await?;
                let (other, now) = (&offer.manifest.id, &offer.manifest.version);
                if other != id || is_newer(version, now) {
                    let message = format!("`{}` is `{other}` {now} now", repository.shown());
                    return Err(
                        Error::new(Kind::Corrupt, message).hint(format!("`{id}` {version} stays"))
                    );
                }
                // Another commit with the same content is not newer.
                if offer.release.tree == *tree {
                    return Ok(Newer::No(None));
                }
                installed.may_become(&offer.release, &offer.manifest)?;
                return Ok(Newer::Yes(Box::new(offer)));
            }
        };
        let lockfile = self.lockfile()?;
        let known = lockfile.index(name)?;
        lockfile.installed(id)?.is_signed_by(Some(&known.key))?;
        let index = self.index(client, name).await?;
        // The index may just have switched to its next key, and with it the plugins that came from it.
        let installed = self.lockfile()?.installed(id)?.clone();
        let yanked = index.yanked(id, version).map(str::to_owned);
        let entry = match index.newest(id) {
            Ok(entry) => entry,
            // There is nothing newer than the withdrawn version.
            Err(_) if yanked.is_some() => return Ok(Newer::No(yanked)),
            Err(why) => {
                let end = if index.has(id) { "" } else { " any more" };
                let message = format!("the index `{name}` {why}{end}");
                return Err(Error::new(Kind::Missing, message).hint(format!(
                    "{version} stays; `fetch plugin remove {id}` removes it"
                )));
            }
        };
        if entry.version == *version && entry.tree != *tree {
            let message = format!(
                "the index `{name}` has a different `{id}` {version} than the installed one"
            );
            return Err(Error::new(Kind::Corrupt, message)
                .hint("a changed plugin needs a new version; ask its publisher"));
        }
        match is_newer(&entry.version, version) {
            true => {
                let offer = self
                    .download(client, name, entry, Some(tree.clone()))
                    .await?;
                installed.may_become(&offer.release, &offer.manifest)?;
                Ok(Newer::Yes(Box::new(offer)))
            }
            false => Ok(Newer::No(yanked)),
        }
    }

    /// Installs an offer.
    ///
    /// # Errors
    /// [`Kind::Changed`] if the plugin has been changed meanwhile; [`Kind::Disk`].
    pub fn install(&self, offer: Offer, over_builtin: bool) -> Result<()> {
        let Offer {
            release,
            manifest,
            files,
            base,
        } = offer;
        let id = manifest.id.clone();
        self.put(
            &id,
            base.as_deref(),
            &files,
            (release, manifest),
            over_builtin,
        )
    }

    async fn download(
        &self,
        client: &Client,
        name: &str,
        entry: &Entry,
        base: Option<String>,
    ) -> Result<Offer> {
        let known = self.lockfile()?.index(name)?.clone();
        let url = at(&known.url, &format!("packages/{}", entry.file()))?;
        let packed = get(client, &url, bundle::PACKED).await?;
        let files = opened(name, entry, &packed)?;
        let mut offer = Offer::new(files, Publisher::Index(name.to_owned()), base)?;
        offer.release.key = Some(known.key);
        Ok(offer)
    }
}

fn already_installed(installed: &Installed) -> Error {
    let (Manifest { id, version, .. }, publisher) =
        (&installed.manifest, &installed.current.publisher);
    let message = format!("the plugin `{id}` is installed already: {version} of {publisher}");
    Error::new(Kind::Config, message)
        .hint(format!("`fetch plugin update {id}` looks for a newer one"))
}

fn is_other_pin(publisher: &Publisher, repository: &Repository) -> bool {
    matches!(publisher, Publisher::Git(pinned, _) if pinned.is_same_place(repository) && pinned != repository)
}

async fn git_offer(
    client: &Client,
    repository: &Repository,
    base: Option<String>,
) -> Result<Offer> {
    let (commit, files) = repository
        .download(client.settings().proxy.as_deref())
        .await?;
    Offer::new(files, Publisher::Git(repository.clone(), commit), base)
}

impl Offer {
    /// Creates an offer of these files from this source, to replace `base`.
    pub(super) fn new(files: Files, publisher: Publisher, base: Option<String>) -> Result<Offer> {
        let package = Package::of(&files, "the package")?;
        Ok(Offer {
            release: Release {
                publisher,
                tree: package.tree(),
                key: None,
            },
            manifest: package.manifest,
            files,
            base,
        })
    }
}

/// Unpacks the files of a package, if they match the index.
fn opened(name: &str, entry: &Entry, packed: &[u8]) -> Result<Files> {
    let wrong = |why: String| {
        let message = format!("`{}` of the index `{name}` {why}", entry.file());
        Error::new(Kind::Corrupt, message)
            .hint("nothing was installed; ask the publisher of the index")
    };
    if packed.len() as u64 != entry.size {
        let (is, said) = (packed.len(), entry.size);
        return Err(wrong(format!("has {is} bytes, but the index says {said}")));
    }
    if hex(packed) != entry.sha256 {
        return Err(wrong("has a different SHA-256 than the index says".into()));
    }
    let files =
        bundle::unpack(packed).map_err(|error| wrong("is refused".into()).because(error))?;
    let package = Package::of(&files, "the package");
    let package = package.map_err(|error| wrong("is not a plugin".into()).because(error))?;
    let manifest = &package.manifest;
    let (api, said_api) = (manifest.api.to_string(), entry.api.to_string());
    for (what, is, said) in [
        ("script API", &api, &said_api),
        ("id", &manifest.id, &entry.id),
        ("version", &manifest.version, &entry.version),
        ("tree", &package.tree(), &entry.tree),
    ] {
        if is != said {
            let (is, said) = (is.escape_debug(), said.escape_debug());
            return Err(wrong(format!(
                "has the {what} `{is}`, but the index says `{said}`"
            )));
        }
    }
    let grants = Grants::of(manifest);
    if grants != entry.permissions {
        let mut differs = grants.beyond(&entry.permissions);
        differs.extend(entry.permissions.beyond(&grants));
        let differs = match differs.is_empty() {
            true => String::new(),
            false => format!(": {}", differs.join("; ")),
        };
        return Err(wrong(format!(
            "has different permissions than the index says{differs}"
        )));
    }
    Ok(files)
}
