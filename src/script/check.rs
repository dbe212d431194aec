//! Checks a plugin before it is published: its manifest, its scripts and its cases.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;
use url::Url;

use super::failure::{text as said, visible};
use super::find::FoundPlugin;
use super::globals;
use super::hosts::Hosts;
use super::replay::replay;
use super::run::LEFT_OUT;
use super::sandbox::byte_code;
use super::source::Script;
use super::store::Version;
use super::verdict::{Actions, Verdict};
use super::{Delegate, Manifest, Package};
use crate::model::{Kind, Result};
use crate::source::{self, Registry};

/// Returns the problems found in a plugin; empty if there are none. Its cases are run, without network access.
///
/// # Errors
/// [`Kind::Config`] if the folder is not a plugin.
pub async fn check(folder: &Path) -> Result<Vec<String>> {
    let found = FoundPlugin::read(folder)?;
    let manifest = found.package.manifest.clone();
    let mut wrong = scripts(&found.package);
    wrong.extend(manifest.version.parse::<Version>().err());
    let mut registry = Registry::new();
    registry.add(Script::new(found, json!({}))?);
    wrong.extend(source::check(&registry));
    match replay(folder, &[]).await {
        Ok(verdicts) => wrong.extend(cases(folder, &manifest, &verdicts)),
        Err(error) if error.kind == Kind::Config => wrong.push(error.to_string()),
        Err(error) => return Err(error),
    }
    Ok(wrong)
}

/// Finds scripts that do not compile, and undeclared names.
fn scripts(package: &Package) -> Vec<String> {
    let id = &package.manifest.id;
    let mut wrong = Vec::new();
    for (name, text) in &package.files {
        if let Err(error) = byte_code(id, name, text) {
            wrong.push(visible(&said(&error)));
            continue;
        }
        let unknown = globals::unknown(text).into_iter();
        wrong.extend(
            unknown
                .map(|(line, unknown)| format!("{id}/{name}:{line}: `{unknown}` is not declared")),
        );
    }
    wrong
}

/// Finds routes without a case, and permissions that no case needs.
fn cases(folder: &Path, manifest: &Manifest, verdicts: &[Verdict]) -> Vec<String> {
    let mut wrong: Vec<String> = Vec::new();
    let failed = verdicts.iter().filter(|verdict| !verdict.wrong.is_empty());
    for verdict in failed {
        let name = verdict.name.escape_debug();
        let folder = folder.display();
        wrong.push(format!(
            "the case `{name}` fails; `fetch plugin test {folder}` shows why"
        ));
    }
    let is_whole = wrong.is_empty();
    for verdict in verdicts {
        let said = verdict.notes.iter();
        let left_out = said.filter_map(|note| note.strip_prefix(LEFT_OUT));
        let name = verdict.name.escape_debug();
        wrong.extend(left_out.map(|what| format!("the case `{name}` leaves out {what}")));
    }
    let actions: Vec<&Actions> = verdicts.iter().map(|verdict| &verdict.actions).collect();
    let routes: BTreeSet<_> = manifest.routes.iter().map(|route| &route.name).collect();
    for route in routes {
        if !actions.iter().any(|actions| actions.route == *route) {
            wrong.push(format!(
                "no case has a link for the route `{}`",
                route.escape_debug()
            ));
        }
    }
    // A case that stops early does not show what it needs.
    if is_whole {
        wrong.extend(permissions(manifest, &actions));
    }
    wrong
}

/// Finds permissions that no case needs, and those that are needed only because a case sets the site itself.
fn permissions(manifest: &Manifest, actions: &[&Actions]) -> Vec<String> {
    let mut wrong = Vec::new();
    let may = &manifest.permissions;
    let examples = manifest
        .routes
        .iter()
        .filter_map(|route| Url::parse(&route.example).ok());
    let tokens = manifest
        .secrets
        .iter()
        .filter_map(|secret| secret.token.clone());
    let asked = actions
        .iter()
        .flat_map(|actions| actions.requested.iter().map(|(url, _)| url.clone()));
    let posted = actions.iter().flat_map(|actions| &actions.requested);
    let posted = posted
        .filter(|(_, is_post)| *is_post)
        .map(|(url, _)| url.clone());
    let media = actions
        .iter()
        .flat_map(|actions| actions.media.iter().cloned());
    if !may.media_anywhere() {
        wrong.extend(undeclared(&may.media, media.clone()));
    }
    // A host may be declared just for its links.
    wrong.extend(unused(
        "request",
        &may.request,
        asked.chain(examples).chain(tokens),
    ));
    wrong.extend(unused("post", &may.post, posted));
    match may.media_anywhere() {
        true => {}
        false => wrong.extend(unused("media", &may.media, media)),
    }
    if may.delegate != Delegate::default() && !actions.iter().any(|actions| actions.delegated) {
        wrong.push("no case delegates a link, so `delegate` is not needed".into());
    }
    wrong
}

/// Finds the undeclared hosts of these files: a site set by the user needs no declaration.
fn undeclared(media: &Hosts, urls: impl Iterator<Item = Url>) -> Vec<String> {
    let others = urls.filter(|url| !media.has(url));
    let others: BTreeSet<_> = others
        .filter_map(|url| Some(url.host_str()?.to_owned()))
        .collect();
    let told = others.iter().map(|host| {
        format!("`media` lacks `{host}`, so this works only if the user sets the site")
    });
    told.collect()
}

/// Finds the hosts of a list that match none of these URLs.
fn unused(list: &str, hosts: &Hosts, urls: impl Iterator<Item = Url>) -> Vec<String> {
    let urls: Vec<Url> = urls.collect();
    let is_unused = |host: &&String| {
        let alone = Hosts(vec![(*host).clone()]);
        !urls.iter().any(|url| alone.has(url))
    };
    let unused = hosts.0.iter().filter(is_unused);
    unused
        .map(|host| format!("no case needs `{}` in `{list}`", host.escape_debug()))
        .collect()
}
