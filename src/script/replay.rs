//! Runs the cases of a plugin with answers that were written down.
//!
//! Links, options, the gate and the limits are as in a run. An answer is the last word on its URL: nothing is tried again or
//! waited for, an answer says itself where it led, and what is sent with a request, a secret too, is not looked at.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use url::{Origin, Url};

use super::case::Case;
use super::find::Found;
use super::options;
use super::source::Script;
use super::tape::Recording;
use super::told::told;
use crate::model::{Entry, Error, Item, Kind, Result};
use crate::net::{Client, Settings};
use crate::source::{Ctx, Registry, Source, Target, outlet};

/// How many entries wait to be looked at.
const ROOM: usize = 64;

/// What came of a case.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The name of the case.
    pub name: String,
    /// What is not as it should be; empty when all is well.
    pub wrong: Vec<String>,
    /// What the script said.
    pub notes: Vec<String>,
    /// What it did.
    pub(super) did: Did,
}

/// What a script did in a case, for whoever holds it against its manifest.
#[derive(Clone, Debug, Default)]
pub(super) struct Did {
    /// The route that took the link.
    pub(super) route: String,
    /// What it asked for, and whether it posted there.
    pub(super) asked: Vec<(Url, bool)>,
    /// Where its files are.
    pub(super) media: Vec<Url>,
    /// Whether it handed links on.
    pub(super) delegated: bool,
}

/// What a listing has emitted.
#[derive(Default)]
pub(super) struct Came {
    pub(super) items: Vec<Item>,
    pub(super) delegated: Vec<String>,
    pub(super) checkpoints: Vec<String>,
    notes: Vec<String>,
}

/// Runs all cases in the folder `cases` of a plugin. Nothing is asked for in the net.
///
/// # Errors
/// [`Kind::Config`] for what is no plugin, and where there is no case or `cases` is no folder.
pub async fn replay(folder: &Path) -> Result<Vec<Verdict>> {
    let found = Found::named(folder)?;
    let mut verdicts = Vec::new();
    for path in cases(folder)? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut verdict = Verdict {
            name: name.into_owned(),
            wrong: Vec::new(),
            notes: Vec::new(),
            did: Did::default(),
        };
        let judged = match Case::read(&path) {
            Ok(case) => judge(&found, case, &mut verdict).await,
            Err(error) => Err(error),
        };
        // What is wrong with one case says nothing of the others.
        if let Err(error) = judged {
            verdict.wrong.push(explain(&error));
        }
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

fn cases(folder: &Path) -> Result<Vec<PathBuf>> {
    let below = folder.join("cases");
    if fs::symlink_metadata(&below).is_ok_and(|is| !is.is_dir()) {
        let message = format!("`{}` is no plain folder", below.display());
        return Err(Error::new(Kind::Config, message).hint("it may be no link"));
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
                .hint("`fetch plugin new NAME` makes a plugin that has one"))
        }
    }
}

/// Runs a case, and tells what is not as it says.
async fn judge(found: &Found, case: Case, verdict: &mut Verdict) -> Result<()> {
    let Case {
        link,
        resume,
        mut options,
        answers,
        items,
        resolved,
        delegated,
        checkpoints,
        error,
    } = case;
    let known = Script::known(found);
    if let Some(key) = options.keys().find(|key| known.get(key).is_none()) {
        return Err(unknown(key, &known));
    }
    let stand_ins = options::stand_ins(&found.package.manifest, &options);
    // It is enough that there is one: nobody gets it.
    for secret in &found.package.manifest.secrets {
        options.insert(secret.key.clone(), json!("***"));
    }
    let script = Script::new(found.clone(), Value::Object(options))?;
    let mut registry = Registry::new();
    registry.add(script);
    let (source, mut target) = registry.find(&registry.read(&link)?)?;
    verdict.did.route.clone_from(&target.route);
    target.resume = resume;
    let tape = Arc::new(Recording::new(answers));
    let ctx = Ctx::new(Client::new(Settings::default())?).with_tape(tape.clone());
    let (listed, came) = list(source.as_ref(), &ctx, &target).await;
    let anew = resolve(source.as_ref(), &ctx, &resolved, &came.items).await;
    verdict.wrong = tape.wrong();
    let asked = tape.asked().into_iter();
    verdict.did.asked = asked
        .map(|(url, is_post)| (meant(url, &stand_ins), is_post))
        .collect();
    verdict.did.delegated = !came.delegated.is_empty();
    let media = came
        .items
        .iter()
        .chain(anew.iter().flatten())
        .flat_map(places);
    verdict.did.media = media.map(|url| meant(url, &stand_ins)).collect();
    verdict.notes = came.notes;
    let wrong = &mut verdict.wrong;
    match (listed, error) {
        (Ok(()), None) => {}
        (Ok(()), Some(kind)) => wrong.push(format!("it should fail with `{kind}`, and does not")),
        (Err(failure), Some(kind)) if failure.kind == kind => {}
        (Err(failure), _) => wrong.push(format!(
            "it fails with `{}`: {}",
            failure.kind,
            explain(&failure)
        )),
    }
    compare_items("item", &items, &came.items, wrong);
    match anew {
        Ok(anew) => compare_items("resolved", &resolved, &anew, wrong),
        Err(why) => wrong.push(why),
    }
    compare_lists("delegated", &delegated, &came.delegated, wrong);
    if let Some(checkpoints) = checkpoints {
        compare_lists("checkpoints", &checkpoints, &came.checkpoints, wrong);
    }
    Ok(())
}

/// The URL at the plugin's own site that one stands in for, or the same.
fn meant(mut url: Url, stand_ins: &[(Origin, Url)]) -> Url {
    let origin = url.origin();
    if let Some((_, site)) = stand_ins.iter().find(|(set, _)| *set == origin) {
        // Both are http or https URLs with a host, so none of these fails.
        let _ = url.set_scheme(site.scheme());
        let _ = url.set_host(site.host_str());
        let _ = url.set_port(site.port());
    }
    url
}

/// Lists a link, and gathers what comes.
pub(super) async fn list(source: &dyn Source, ctx: &Ctx, target: &Target) -> (Result<()>, Came) {
    let (out, mut entries) = outlet(ROOM);
    let listing = async move { source.list(ctx, target, &out).await };
    let taking = async {
        let mut came = Came::default();
        while let Some(entry) = entries.recv().await {
            match entry {
                Entry::Item(item) => came.items.push(*item),
                Entry::Link(link) | Entry::Embed(link) => came.delegated.push(link.url.into()),
                Entry::Note(text) => came.notes.push(text.into()),
                Entry::Checkpoint(cursor) => came.checkpoints.push(cursor.at),
                Entry::Validator(_) | Entry::Unchanged | Entry::Warning(_) => {}
            }
        }
        came
    };
    tokio::join!(listing, taking)
}

/// Resolves the items that have these keys, in their order.
async fn resolve(
    source: &dyn Source,
    ctx: &Ctx,
    expected: &[Map<String, Value>],
    items: &[Item],
) -> std::result::Result<Vec<Item>, String> {
    let mut anew = Vec::new();
    for expected in expected {
        let key = expected.get("key").and_then(Value::as_str).unwrap_or("");
        let Some(item) = items.iter().find(|item| item.key == key) else {
            return Err(format!("there is no item `{key}` to be resolved"));
        };
        let body = source.resolve(ctx, item).await.map_err(|failure| {
            let (kind, why) = (failure.kind, explain(&failure));
            format!("`{key}` is not resolved, `{kind}`: {why}")
        })?;
        let item = item.clone();
        anew.push(Item { body, ..item });
    }
    Ok(anew)
}

/// Where the bytes of an item are.
fn places(item: &Item) -> Vec<Url> {
    let Some(request) = item.body.request() else {
        return Vec::new();
    };
    let mirrors = request.mirrors.iter().cloned();
    mirrors.chain([request.url.clone()]).collect()
}

fn unknown(key: &str, known: &Value) -> Error {
    let message = format!("unknown key `{}` in `options`", key.escape_debug());
    let names = known.as_object().into_iter().flat_map(Map::keys);
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    Error::new(Kind::Config, message).hint(match names.is_empty() {
        true => "the plugin has none".to_owned(),
        false => format!("the known ones are {}", names.join(", ")),
    })
}

fn explain(failure: &Error) -> String {
    let mut text = failure.message.clone();
    for cause in failure.causes() {
        text.push_str(&format!("\n  {cause}"));
    }
    if let Some(hint) = &failure.hint {
        text.push_str(&format!("\n  hint: {hint}"));
    }
    text
}

fn compare_lists(what: &str, expected: &[String], came: &[String], wrong: &mut Vec<String>) {
    if expected != came {
        wrong.push(format!(
            "`{what}` is not as expected\n  - {}\n  + {}",
            json!(expected),
            json!(came)
        ));
    }
}

fn compare_items(
    what: &str,
    expected: &[Map<String, Value>],
    came: &[Item],
    wrong: &mut Vec<String>,
) {
    if expected.len() != came.len() {
        let (expected, came) = (expected.len(), came.len());
        wrong.push(format!("the number of items\n  - {expected}\n  + {came}"));
    }
    let came: Vec<_> = came.iter().map(told).collect();
    for (at, item) in came.iter().enumerate().skip(expected.len()) {
        wrong.push(format!(
            "{what} {} is one more\n  + {}",
            at + 1,
            json!(item)
        ));
    }
    for (at, expected) in expected.iter().enumerate() {
        let Some(item) = came.get(at) else {
            let expected = json!(expected);
            wrong.push(format!("{what} {} does not come\n  - {expected}", at + 1));
            continue;
        };
        for (field, value) in expected {
            let is = item.get(field).unwrap_or(&Value::Null);
            if !has(value, is) {
                wrong.push(format!(
                    "{what} {}: `{field}`\n  - {value}\n  + {is}",
                    at + 1
                ));
            }
        }
    }
}

/// Whether a value is as expected: of an object, the fields that are given.
fn has(expected: &Value, is: &Value) -> bool {
    match (expected, is) {
        (Value::Object(expected), Value::Object(is)) => expected
            .iter()
            .all(|(name, value)| is.get(name).is_some_and(|is| has(value, is))),
        _ => expected == is,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_object_the_fields_that_are_given_count() {
        let is = json!({ "id": "a", "count": 2 });
        for (expected, fits) in [
            (json!({ "id": "a" }), true),
            (json!({ "id": "b" }), false),
            (json!({ "other": null }), false),
            (json!("a"), false),
        ] {
            assert_eq!(has(&expected, &is), fits, "{expected}");
        }
    }
}
