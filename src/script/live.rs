//! Runs the cases of a plugin against the live site, and reports what has changed there since they were written.
//!
//! The site may have more by now, so only what a case mentions is looked for, and only until it is found. Only the user
//! decides where the site is: the author of a case has no say in that.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value};
use url::Url;

use super::case::Case;
use super::find::FoundPlugin;
use super::item_json::item_json;
use super::manifest::Kind as OptionKind;
use super::replay::{Emitted, cases, list_until, resolve, route_link, run_case};
use super::source::Script;
use super::verdict::{Verdict, compare_broken, compare_end, compare_fields, explain};
use crate::model::{Error, Kind, Result};
use crate::net::{Client, NamedBy, Redacted};
use crate::source::{Answer, Ctx, Registry, Tape};

/// How many more requests a run may make than its case has responses.
const MORE: usize = 16;

/// Runs cases as [`super::replay()`] does, and then runs those that pass against the site. The user's settings for the
/// plugin apply.
///
/// # Errors
/// [`Kind::Config`] if the folder is not a plugin, or has no such case.
pub async fn live(
    folder: &Path,
    only: &[String],
    set: &Value,
    client: &Client,
) -> Result<Vec<Verdict>> {
    let found = FoundPlugin::read(folder)?;
    let mut verdicts = Vec::new();
    for (name, path) in cases(folder, only)? {
        let mut verdict = run_case(&found, name, &path).await;
        // A case that fails on its own says nothing about the site.
        if verdict.wrong.is_empty() {
            verdict.notes.clear();
            let judged = match Case::read(&path) {
                Ok(case) => judge(&found, case, (set, client), &mut verdict).await,
                Err(error) => Err(error),
            };
            match judged {
                Ok(()) => verdict.is_changed = !verdict.wrong.is_empty(),
                Err(error) => verdict.wrong.push(explain(&error)),
            }
        }
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

/// Lets the network answer a given number of times.
#[derive(Debug)]
struct RequestBudget(AtomicUsize);

impl Tape for RequestBudget {
    fn answer(&self, url: &Url, _: Option<&[u8]>) -> Option<Result<Answer>> {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        (left == 0).then(|| {
            let message = format!(
                "`{}` was requested after {MORE} more requests than the case has responses",
                Redacted(url)
            );
            Err(Error::new(Kind::Unsupported, message))
        })
    }

    fn record(&self, _: &Url, _: Option<&[u8]>, _: &Answer) {}

    fn is_replay(&self) -> bool {
        false
    }
}

/// Runs a case, and reports what no longer matches.
async fn judge(
    found: &FoundPlugin,
    case: Case,
    (set, client): (&Value, &Client),
    verdict: &mut Verdict,
) -> Result<()> {
    let script = Script::new(found.clone(), options(found, set, &case.options))?;
    let mut registry = Registry::new();
    registry.add(script);
    let link = registry.parse_link(&case.link)?;
    let (source, mut target) = route_link(&registry, &link)?;
    target.resume = case.resume.clone();
    // The host in a link by name was chosen by the author of the case.
    let named_by = match link.url.scheme() {
        "http" | "https" => NamedBy::User,
        _ => NamedBy::PublicServer,
    };
    let budget = RequestBudget((case.answers.len() + MORE).into());
    let ctx = Ctx::for_link_named_by(client.clone(), named_by).with_tape(Arc::new(budget));
    let is_enough = |emitted: &Emitted| case.error.is_none() && has_all(&case, emitted);
    let (listed, emitted) = list_until(source.as_ref(), &ctx, &target, is_enough).await;
    let wrong = &mut verdict.wrong;
    match listed {
        // The listing was stopped because everything had been found.
        Err(failure) if failure.kind == Kind::Closed => {}
        Err(failure) if says_nothing(failure.kind) && case.error != Some(failure.kind) => {
            return Err(failure);
        }
        listed => compare_end(case.error, listed, wrong),
    }
    let items = || emitted.items.iter().map(item_json);
    for (at, expected) in case.items.iter().enumerate() {
        let key = expected.get("key");
        let item = match key {
            Some(key) => items().find(|item| item.get("key") == Some(key)),
            None => items().nth(at),
        };
        let what = key.map_or_else(|| format!("item {}", at + 1), |key| format!("item {key}"));
        compare(&what, expected, item, wrong);
    }
    match resolve(source.as_ref(), &ctx, &case.resolved, &emitted.items).await {
        Ok(fresh) => {
            for (expected, item) in case.resolved.iter().zip(&fresh) {
                let what = format!("resolved `{}`", item.key);
                compare(&what, expected, Some(item_json(item)), wrong);
            }
        }
        Err(why) => wrong.push(why),
    }
    compare_broken(&case.broken, &emitted.broken, wrong);
    for text in &case.warned {
        if !emitted.warned.contains(text) {
            wrong.push(format!("`{text}` is no longer reported as a warning"));
        }
    }
    for link in &case.delegated {
        if !emitted.delegated.contains(link) {
            wrong.push(format!("`{link}` is no longer delegated"));
        }
    }
    verdict.notes = emitted.notes;
    Ok(())
}

/// Checks whether an error is temporary, or for the user to fix, so that it says nothing about the site's content.
fn says_nothing(kind: Kind) -> bool {
    matches!(kind, Kind::Network | Kind::Busy | Kind::Login)
}

/// Combines the user's settings with those of the case, except for where sites are.
fn options(found: &FoundPlugin, set: &Value, of_case: &Map<String, Value>) -> Value {
    let mut options = set.as_object().cloned().unwrap_or_default();
    for option in &found.package.manifest.options {
        let is_place = matches!(option.kind, OptionKind::Site | OptionKind::Hosts);
        if let Some(value) = of_case.get(&option.key).filter(|_| !is_place) {
            options.insert(option.key.clone(), value.clone());
        }
    }
    Value::Object(options)
}

/// Checks whether everything that a case mentions has been found.
fn has_all(case: &Case, emitted: &Emitted) -> bool {
    let keys: HashSet<_> = emitted.items.iter().map(|item| item.key.as_str()).collect();
    let has_key = |expected: &Map<String, Value>| {
        let key = expected.get("key").and_then(Value::as_str);
        key.is_none_or(|key| keys.contains(key))
    };
    let is_broken = |key: &String| emitted.broken.iter().any(|(known, _)| known == key);
    emitted.items.len() >= case.items.len()
        && case.items.iter().all(has_key)
        && case.broken.iter().all(is_broken)
        && case.warned.iter().all(|text| emitted.warned.contains(text))
        && case
            .delegated
            .iter()
            .all(|link| emitted.delegated.contains(link))
}

/// Compares an item with what is expected, except for its number, which shifts as items are added.
fn compare(
    what: &str,
    expected: &Map<String, Value>,
    item: Option<Map<String, Value>>,
    wrong: &mut Vec<String>,
) {
    let Some(item) = item else {
        wrong.push(format!("{what} is no longer listed"));
        return;
    };
    let mut expected = expected.clone();
    expected.remove("number");
    compare_fields(what, &expected, &item, wrong);
}
