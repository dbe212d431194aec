//! `fetch plugin install`, `update`, `rollback`, `remove` and `adopt`.

use tokio::runtime::Runtime;

use super::consent::{agree, permissions};
use crate::cli::args::Args;
use crate::cli::interrupt::until_interrupted;
use crate::cli::main::runtime;
use crate::cli::messages::{eprint, explain, print};
use crate::cli::{exit, overrides};
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::net::Client;
use crate::plugins::SCRIPTS;
use crate::report::clean;
use crate::script::{
    self, FoundPlugin, Grants, Installed, Manifest, Newer, Offer, Origin, PluginSpec, Publisher,
    Store,
};
use crate::source::Registry;

/// The consequence if the user does not agree.
const NOTHING: &str = "nothing was installed";

/// What the user has agreed to in advance, by flags.
#[derive(Clone, Copy)]
pub(super) struct Word {
    /// The permissions of the plugin.
    pub(super) yes: bool,
    /// Replacing a built-in plugin.
    pub(super) over_builtin: bool,
    /// More permissions than the installed version has.
    pub(super) allow_wider: bool,
}

/// The store of installed plugins.
pub(super) fn store(config: &Config) -> Result<&Store> {
    config.plugins().store.as_ref().ok_or_else(|| {
        Error::new(Kind::Config, "there is no home folder for plugins")
            .hint("set `HOME` or `XDG_DATA_HOME`")
    })
}

/// Creates the client for downloading plugins.
pub(super) fn client(args: &Args, config: &Config) -> Result<Client> {
    Client::new(overrides::net(args, config.net()?)?)
}

/// Installs a plugin, once the user agrees.
pub(super) fn install(
    args: &Args,
    config: &Config,
    known: &Registry,
    wanted: &str,
    word: Word,
) -> Result<()> {
    let (store, wanted) = (store(config)?, PluginSpec::read(wanted)?);
    let client = client(args, config)?;
    let offer = until_interrupted(&runtime()?, store.offer(&client, &wanted))?;
    let (release, manifest) = (offer.release.clone(), offer.manifest.clone());
    let id = &manifest.id;
    may_be_called(config, known, &offer, word.over_builtin)?;
    let mut lines = vec![format!(
        "{id} {} of {}: {}",
        manifest.version, release.publisher, manifest.about
    )];
    lines.extend(permissions(config, &manifest));
    if let Publisher::Git(_, commit) = &release.publisher {
        lines.push(format!(
            "  it is not signed; it is the content of commit {commit}"
        ));
    }
    agree(&lines, "install it?", word.yes, "--yes", NOTHING)?;
    let lockfile = store.lockfile()?;
    if let (Some(_), Some(had)) = (&offer.base, lockfile.plugins.get(id)) {
        agree_to_more(&had.manifest, &manifest, word.allow_wider)?;
    }
    store.install(offer, word.over_builtin)?;
    print(&format!("installed `{id}` {}\n", manifest.version))
}

/// Checks whether an offered plugin may have its id, which a built-in source may have already.
fn may_be_called(config: &Config, known: &Registry, offer: &Offer, over: bool) -> Result<()> {
    let Manifest { id, version, .. } = &offer.manifest;
    let (found, _) = script::find(config.plugins(), SCRIPTS)?;
    let is_same = |plugin: &&FoundPlugin| plugin.package.manifest.id == *id;
    let builtin = found.iter().find(is_same);
    let message = format!("`{id}` is part of the program");
    match builtin {
        Some(plugin) if plugin.origin == Origin::Builtin => {
            let own = &plugin.package.manifest.version;
            match (over, script::is_newer(version, own)) {
                (true, true) => Ok(()),
                (true, false) => {
                    let message =
                        format!("{message}, whose version {own} is not older than {version}");
                    Err(Error::new(Kind::Config, message))
                }
                (false, _) => Err(Error::new(Kind::Config, message)
                    .hint("`--over-builtin` replaces it, as long as the other one is newer")),
            }
        }
        Some(_) => Ok(()),
        None if known.source(id).is_ok() => Err(Error::new(Kind::Config, message)
            .hint("only a plugin of your own can replace it, if anything can")),
        None => Ok(()),
    }
}

/// Updates one plugin, or all of them.
pub(super) fn update(
    args: &Args,
    config: &Config,
    id: Option<&str>,
    allow_wider: bool,
) -> Result<u8> {
    let (store, client, runtime) = (store(config)?, client(args, config)?, runtime()?);
    let lockfile = store.lockfile()?;
    if let Some(id) = id {
        let had = lockfile.installed(id)?;
        update_one(store, &client, &runtime, (id, had), allow_wider)?;
        return Ok(exit::SUCCESS);
    }
    if lockfile.plugins.is_empty() {
        print("nothing is installed\n")?;
    }
    let mut code = exit::SUCCESS;
    for (id, had) in &lockfile.plugins {
        if let Err(error) = update_one(store, &client, &runtime, (id, had), allow_wider) {
            eprint(&explain(&error));
            code = exit::PARTIAL;
        }
    }
    Ok(code)
}

fn update_one(
    store: &Store,
    client: &Client,
    runtime: &Runtime,
    (id, had): (&str, &Installed),
    allow_wider: bool,
) -> Result<()> {
    let before = &had.manifest;
    let offer = match until_interrupted(runtime, store.newer(client, id, had))? {
        Newer::Yes(offer) => offer,
        Newer::No(None) => {
            return print(&format!(
                "`{id}` {} is the newest version\n",
                before.version
            ));
        }
        Newer::No(Some(why)) => {
            let why = clean(&why).into_owned();
            return print(&format!(
                "`{id}` {} was withdrawn by its publisher: {why}\n",
                before.version
            ));
        }
    };
    let now = offer.manifest.clone();
    if let (Publisher::Git(_, from), Publisher::Git(_, to)) =
        (&had.current.publisher, &offer.release.publisher)
    {
        eprint(&format!("{id}: {from}..{to}\n"));
    }
    agree_to_more(before, &now, allow_wider)?;
    store.install(*offer, false)?;
    print(&format!(
        "updated `{id}` from {} to {}\n",
        before.version, now.version
    ))
}

/// Asks the user to agree if a version has more permissions than the one before, whatever else was agreed to.
fn agree_to_more(before: &Manifest, now: &Manifest, has_agreed: bool) -> Result<()> {
    let more = Grants::of(now).beyond(&Grants::of(before));
    let id = &before.id;
    if more.is_empty() {
        return Ok(());
    }
    let versions = format!("{id} {} may do more than {}:", now.version, before.version);
    let lines = more.iter().map(|line| format!("  it {line}"));
    let lines: Vec<_> = [versions].into_iter().chain(lines).collect();
    agree(&lines, "install it?", has_agreed, "--allow-wider", NOTHING).map_err(|error| {
        let message = format!("`{id}` stays at {}: {}", before.version, error.message);
        Error { message, ..error }
    })
}

/// Restores the previous version.
pub(super) fn roll_back(config: &Config, id: &str) -> Result<()> {
    let (from, to) = store(config)?.roll_back(id)?;
    if script::is_newer(&from, &to) {
        eprint(&format!(
            "note: the next `fetch plugin update` installs {from} again, unless it is withdrawn\n"
        ));
    }
    print(&format!("`{id}` is back at {to}, and was {from}\n"))
}

/// Removes an installed plugin.
pub(super) fn remove(config: &Config, id: &str) -> Result<()> {
    store(config)?.remove(id)?;
    print(&format!("removed `{id}`\n"))
}

/// Moves an installed plugin to the user's own plugins.
pub(super) fn adopt(config: &Config, id: &str) -> Result<()> {
    let Some(user) = &config.plugins().user else {
        return Err(Error::new(
            Kind::Config,
            "there is no folder of your own for plugins",
        ));
    };
    let own = store(config)?.adopt(id, user)?;
    print(&format!("moved `{id}` to `{}`\n", own.display()))
}
