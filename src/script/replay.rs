//! Runs the cases of a plugin with recorded responses.
//!
//! Links, options, the gate and the limits work as in a normal run. A response is final for its URL: there are no
//! retries or waits, the response itself names the final URL, and the headers and secrets sent with a request are not
//! compared.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use url::Url;

use super::case::Case;
use super::find::FoundPlugin;
use super::options::{self, to_site_url};
use super::source::Script;
use super::tape::Recording;
use super::verdict::{Verdict, compare_broken, compare_end, compare_items, compare_lists, explain};
use crate::model::{Entry, Error, Item, Kind, Link, Result};
use crate::net::{Client, Settings};
use crate::source::{Ctx, Registry, Source, Target, outlet};

/// How many entries wait to be looked at.
const ROOM: usize = 64;
/// How many routes to list in the error for a link that matches none.
const ROUTES: usize = 20;

/// Everything a listing has emitted.
#[derive(Default)]
pub(super) struct Emitted {
    pub(super) items: Vec<Item>,
    /// The keys of unusable items, each with the reason.
    pub(super) broken: Vec<(String, String)>,
    pub(super) delegated: Vec<String>,
    pub(super) checkpoints: Vec<String>,
    pub(super) notes: Vec<String>,
    pub(super) warned: Vec<String>,
}

impl Emitted {
    /// Checks whether only messages were emitted.
    fn has_only_messages(&self) -> bool {
        self.items.is_empty()
            && self.broken.is_empty()
            && self.delegated.is_empty()
            && self.checkpoints.is_empty()
    }
}

/// Runs the cases in the folder `cases` of a plugin: those with these names, or all if there are none. The network is
/// not used.
///
/// # Errors
/// [`Kind::Config`] if the folder is not a plugin, if there is no such case, or if `cases` is not a folder.
pub async fn replay(folder: &Path, only: &[String]) -> Result<Vec<Verdict>> {
    let found = FoundPlugin::read(folder)?;
    let mut verdicts = Vec::new();
    for (name, path) in cases(folder, only)? {
        verdicts.push(run_case(&found, name, &path).await);
    }
    Ok(verdicts)
}

/// Runs one case. A broken case does not affect the others.
pub(super) async fn run_case(found: &FoundPlugin, name: String, path: &Path) -> Verdict {
    let mut verdict = Verdict::of(name);
    let judged = match Case::read(path) {
        Ok(case) => judge(found, case, &mut verdict).await,
        Err(error) => Err(error),
    };
    if let Err(error) = judged {
        verdict.wrong.push(explain(&error));
    }
    verdict
}

/// Returns the cases with these names, or all if there are none, each with its file.
pub(super) fn cases(folder: &Path, only: &[String]) -> Result<Vec<(String, PathBuf)>> {
    let named = |path: PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        (name.into_owned(), path)
    };
    let all: Vec<_> = files(folder)?.into_iter().map(named).collect();
    let is_there = |name: &String| all.iter().any(|(known, _)| known == name);
    if let Some(name) = only.iter().find(|name| !is_there(name)) {
        let message = format!("there is no case `{}`", name.escape_debug());
        let known: Vec<_> = all.iter().map(|(name, _)| format!("`{name}`")).collect();
        let hint = format!("the known ones are {}", known.join(", "));
        return Err(Error::new(Kind::Config, message).hint(hint));
    }
    let wanted = all.into_iter();
    Ok(wanted
        .filter(|(name, _)| only.is_empty() || only.contains(name))
        .collect())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let below = folder.join("cases");
    if fs::symlink_metadata(&below).is_ok_and(|is| !is.is_dir()) {
        let message = format!("`{}` is not a regular folder", below.display());
        return Err(Error::new(Kind::Config, message).hint("it must not be a symlink"));
    }
    let entries = fs::read_dir(&below).into_iter().flatten();
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .collect();
    paths.sort();
    match paths.is_empty() {
        false => Ok(paths),
        true => {
            let message = format!("there is no case in `{}`", below.display());
            Err(Error::new(Kind::Config, message)
                .hint("`fetch plugin new NAME` creates a plugin with one"))
        }
    }
}

/// Runs a case, and reports what differs from it.
async fn judge(found: &FoundPlugin, case: Case, verdict: &mut Verdict) -> Result<()> {
    let Case {
        link,
        resume,
        mut options,
        answers,
        items,
        resolved,
        broken,
        warned,
        delegated,
        checkpoints,
        error,
    } = case;
    check_options(found, &options)?;
    let stand_ins = options::stand_ins(&found.package.manifest, &options);
    // The placeholder is enough: nobody receives it.
    for secret in &found.package.manifest.secrets {
        options.insert(secret.key.clone(), json!("***"));
    }
    let script = Script::new(found.clone(), Value::Object(options))?;
    let mut registry = Registry::new();
    registry.add(script);
    let (source, mut target) = route_link(&registry, &registry.parse_link(&link)?)?;
    verdict.actions.route.clone_from(&target.route);
    target.resume = resume;
    let tape = Arc::new(Recording::new(answers));
    let ctx = Ctx::new(Client::new(Settings::default())?).with_tape(tape.clone());
    let (listed, emitted) = list(source.as_ref(), &ctx, &target).await;
    verdict.notes.clone_from(&emitted.notes);
    // If the listing failed right away, everything else would only be a consequence of that.
    if error.is_none()
        && listed.is_err()
        && emitted.has_only_messages()
        && tape.requested().is_empty()
    {
        compare_end(None, listed, &mut verdict.wrong);
        return Ok(());
    }
    let fresh = resolve(source.as_ref(), &ctx, &resolved, &emitted.items).await;
    verdict.wrong = tape.wrong();
    let requested = tape.requested().into_iter();
    verdict.actions.requested = requested
        .map(|(url, is_post)| (to_site_url(url, &stand_ins), is_post))
        .collect();
    verdict.actions.delegated = !emitted.delegated.is_empty();
    let media = emitted
        .items
        .iter()
        .chain(fresh.iter().flatten())
        .flat_map(addresses);
    verdict.actions.media = media.map(|url| to_site_url(url, &stand_ins)).collect();
    let wrong = &mut verdict.wrong;
    compare_end(error, listed, wrong);
    compare_items("item", &items, &emitted.items, wrong);
    match fresh {
        Ok(fresh) => compare_items("resolved", &resolved, &fresh, wrong),
        Err(why) => wrong.push(why),
    }
    compare_broken(&broken, &emitted.broken, wrong);
    compare_lists("warned", &warned, &emitted.warned, wrong);
    compare_lists("delegated", &delegated, &emitted.delegated, wrong);
    if let Some(checkpoints) = checkpoints {
        compare_lists("checkpoints", &checkpoints, &emitted.checkpoints, wrong);
    }
    Ok(())
}

/// Routes a link to the plugin's source.
pub(super) fn route_link(registry: &Registry, link: &Link) -> Result<(Arc<dyn Source>, Target)> {
    registry.find(link).map_err(|error| {
        let sources = registry.sources();
        let routes = sources.flat_map(|source| &source.manifest().routes);
        let mut routes: Vec<_> = routes.map(|route| format!("`{}`", route.pattern)).collect();
        // A family may be large.
        routes.truncate(ROUTES);
        error.hint(format!("the plugin accepts {}", routes.join(", ")))
    })
}

/// Lists a link, and collects what it emits.
pub(super) async fn list(source: &dyn Source, ctx: &Ctx, target: &Target) -> (Result<()>, Emitted) {
    list_until(source, ctx, target, |_| false).await
}

/// Lists a link until enough has been emitted.
pub(super) async fn list_until(
    source: &dyn Source,
    ctx: &Ctx,
    target: &Target,
    is_enough: impl Fn(&Emitted) -> bool,
) -> (Result<()>, Emitted) {
    let (out, mut entries) = outlet(ROOM);
    let listing = async move { source.list(ctx, target, &out).await };
    let taking = async {
        let mut emitted = Emitted::default();
        while let Some(entry) = entries.recv().await {
            match entry {
                Entry::Item(item) => emitted.items.push(*item),
                Entry::Broken(broken) => {
                    emitted
                        .broken
                        .push((broken.item.key, explain(&broken.failure.into_error())));
                }
                Entry::Link(link) | Entry::Embed(link) => emitted.delegated.push(link.url.into()),
                Entry::Note(text) => emitted.notes.push(text.into()),
                Entry::Checkpoint(cursor) => emitted.checkpoints.push(cursor.at),
                Entry::Warning(text) => {
                    let said = text.split_once(": ").map_or(&*text, |(_, said)| said);
                    emitted.warned.push(said.to_owned());
                }
                Entry::Validator(_) | Entry::Unchanged => {}
            }
            if is_enough(&emitted) {
                break;
            }
        }
        // Emitting any more then fails, which ends the listing.
        drop(entries);
        emitted
    };
    tokio::join!(listing, taking)
}

/// Resolves the items with these keys, in order.
pub(super) async fn resolve(
    source: &dyn Source,
    ctx: &Ctx,
    expected: &[Map<String, Value>],
    items: &[Item],
) -> std::result::Result<Vec<Item>, String> {
    let mut fresh = Vec::new();
    for expected in expected {
        let key = expected.get("key").and_then(Value::as_str).unwrap_or("");
        let Some(item) = items.iter().find(|item| item.key == key) else {
            return Err(format!("there is no item `{key}` to resolve"));
        };
        let body = source.resolve(ctx, item).await.map_err(|failure| {
            let (kind, why) = (failure.kind, explain(&failure));
            format!("`{key}` could not be resolved, `{kind}`: {why}")
        })?;
        let item = item.clone();
        fresh.push(Item { body, ..item });
    }
    Ok(fresh)
}

/// Returns the addresses of an item's file.
fn addresses(item: &Item) -> Vec<Url> {
    let Some(request) = item.body.request() else {
        return Vec::new();
    };
    let mirrors = request.mirrors.iter().cloned();
    mirrors.chain([request.url.clone()]).collect()
}

/// Checks that the plugin has all of these options.
fn check_options(found: &FoundPlugin, options: &Map<String, Value>) -> Result<()> {
    let known = Script::known(found);
    let Some(key) = options.keys().find(|key| known.get(key).is_none()) else {
        return Ok(());
    };
    let message = format!("unknown key `{}` in `options`", key.escape_debug());
    let names = known.as_object().into_iter().flat_map(Map::keys);
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    Err(
        Error::new(Kind::Config, message).hint(match names.is_empty() {
            true => "the plugin has none".to_owned(),
            false => format!("the known ones are {}", names.join(", ")),
        }),
    )
}
