//! Records a case: a site's current responses, and the entries made from them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::Manifest;
use super::case::{Case, LONGEST, Recorded};
use super::find::FoundPlugin;
use super::item_json::item_json;
use super::replay::{list, route_link};
use super::source::Script;
use crate::model::{Error, Kind, Result};
use crate::net::{Client, Redacted, Secret};
use crate::source::{Answer, Ctx, Registry, Tape};

/// The maximum number of responses in a case: people have to read it.
const ANSWERS: usize = 16;
/// A longer body goes into a file of its own.
const INLINE: usize = 2000;
/// The headers that a script may depend on. Others may reveal who made the request.
const HEADERS: [&str; 1] = ["link"];

/// Records a site's responses.
#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<(Recorded, bool)>>);

impl Recorder {
    fn responses(&self) -> MutexGuard<'_, Vec<(Recorded, bool)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tape for Recorder {
    fn answer(&self, url: &Url, _: Option<&[u8]>) -> Option<Result<Answer>> {
        let is_full = self.responses().len() >= ANSWERS;
        is_full.then(|| {
            let message = format!("`{}` would be response {}", Redacted(url), ANSWERS + 1);
            let error = Error::new(Kind::Unsupported, message);
            Err(error.hint(format!(
                "a case can have at most {ANSWERS} responses: choose a smaller link"
            )))
        })
    }

    fn record(&self, url: &Url, posted: Option<&[u8]>, answer: &Answer) {
        let body = answer.text();
        let is_text = std::str::from_utf8(&answer.body).is_ok()
            || !body.contains(char::REPLACEMENT_CHARACTER);
        let headers = HEADERS.iter().filter_map(|name| {
            let value = answer.headers.get(*name)?.to_str().ok()?;
            Some(((*name).to_owned(), value.to_owned()))
        });
        let recorded = Recorded {
            url: url.clone(),
            led_to: (answer.url != *url).then(|| answer.url.clone()),
            posted: posted.map(|posted| String::from_utf8_lossy(posted).into_owned()),
            status: answer.status.as_u16(),
            file: None,
            // A body in another encoding is decoded for the script, and recorded that way.
            body,
            headers: headers.collect::<BTreeMap<_, _>>(),
        };
        self.responses().push((recorded, is_text));
    }

    fn is_replay(&self) -> bool {
        false
    }
}

/// Records a case of this name in a plugin's folder, from what a link leads to now. The user's settings for the plugin
/// apply, and no secret is written. Returns the files that were made, the case first.
///
/// # Errors
/// [`Kind::Config`] for a link that is not the plugin's, and a case that already exists; [`Kind::Unsupported`] for
/// content that a case cannot hold; [`Kind::Disk`].
pub async fn record(
    found: FoundPlugin,
    folder: &Path,
    name: &str,
    link: &str,
    set: Value,
    client: Client,
) -> Result<Vec<PathBuf>> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if name.is_empty() || !name.bytes().all(is_plain) {
        let message = format!("invalid case name `{}`", name.escape_debug());
        return Err(Error::new(Kind::Config, message)
            .hint("a case name consists of letters, digits, `-` and `_`"));
    }
    let file = folder.join("cases").join(format!("{name}.toml"));
    if is_there(&file) {
        return Err(is_there_already(&file));
    }
    let mut secrets = Secrets::of(&found.package.manifest, &set);
    let options = differing(&set, &Script::known(&found), &secrets);
    let mut registry = Registry::new();
    let script = Script::new(found, set)?;
    let tokens = script.tokens();
    registry.add(script);
    let link = registry.parse_link(link)?;
    let (source, target) = route_link(&registry, &link)?;
    client.trust(&link.url);
    let recorder = Arc::new(Recorder::default());
    let ctx = Ctx::new(client).with_tape(recorder.clone());
    let (listed, emitted) = list(source.as_ref(), &ctx, &target).await;
    secrets.add(tokens.all().await);
    let responses = std::mem::take(&mut *recorder.responses());
    let error = match listed {
        Ok(()) => None,
        // An error about the link belongs in the case; a temporary one does not.
        Err(error) if is_lasting(error.kind) && responses.len() < ANSWERS => Some(error.kind),
        Err(error) => return Err(error),
    };
    let mut files = vec![(file, String::new())];
    let answers = responses
        .into_iter()
        .map(|(answer, is_text)| shorten(answer, is_text, name, &secrets, &mut files))
        .collect::<Result<_>>()?;
    let case = Case {
        link: link.url.into(),
        resume: None,
        error,
        broken: emitted.broken.into_iter().map(|(key, _)| key).collect(),
        warned: emitted.warned,
        delegated: emitted.delegated,
        checkpoints: (!emitted.checkpoints.is_empty()).then_some(emitted.checkpoints),
        options,
        answers,
        items: emitted.items.iter().map(item_json).collect(),
        resolved: Vec::new(),
    };
    let text = toml::to_string_pretty(&case).map_err(|error| {
        Error::new(Kind::Unsupported, "the result cannot be written as a case").because(error)
    })?;
    files[0].1 = secrets.without(text);
    // No file is replaced, and the case is written last, so that the files it refers to exist by then.
    if let Some((file, _)) = files.iter().find(|(file, _)| is_there(file)) {
        return Err(is_there_already(file));
    }
    for (file, text) in files.iter().rev() {
        write(file, text)?;
    }
    Ok(files.into_iter().map(|(file, _)| file).collect())
}

fn is_there(file: &Path) -> bool {
    fs::symlink_metadata(file).is_ok()
}

fn is_there_already(file: &Path) -> Error {
    let message = format!("`{}` already exists", file.display());
    Error::new(Kind::Config, message).hint("remove it to record it again")
}

/// Checks whether an error is about the link itself, and would occur again.
fn is_lasting(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Missing | Kind::Login | Kind::Blocked | Kind::Unsupported
    )
}

/// Converts a response to its form in the case `name`: a long body moves to a separate file.
fn shorten(
    mut answer: Recorded,
    is_text: bool,
    name: &str,
    secrets: &Secrets,
    files: &mut Vec<(PathBuf, String)>,
) -> Result<Recorded> {
    let why = match (is_text, answer.body.len() as u64 > LONGEST) {
        (false, _) => "is not text".to_owned(),
        (_, true) => format!("is longer than {LONGEST} bytes"),
        (true, false) => String::new(),
    };
    if !why.is_empty() {
        let message = format!("the response of `{}` {why}", Redacted(&answer.url));
        return Err(Error::new(Kind::Unsupported, message));
    }
    if answer.body.len() > INLINE {
        let is_json = answer.body.trim_start().starts_with(['{', '[']);
        let ext = if is_json { "json" } else { "txt" };
        let beside = format!("{name}-{}.{ext}", files.len());
        let path = files[0].0.with_file_name(&beside);
        files.push((path, secrets.without(std::mem::take(&mut answer.body))));
        answer.file = Some(beside);
    }
    Ok(answer)
}

/// Texts that must not be written.
struct Secrets {
    keys: Vec<String>,
    /// The user's secrets, and tokens, in each form in which a site may repeat them.
    forms: Vec<String>,
}

impl Secrets {
    fn of(manifest: &Manifest, set: &Value) -> Secrets {
        let keys = manifest.secrets.iter().map(|secret| secret.key.clone());
        let mut secrets = Secrets {
            keys: keys.collect(),
            forms: Vec::new(),
        };
        let values = secrets.keys.iter().filter_map(|key| set.get(key)?.as_str());
        let values: Vec<_> = values.map(Secret::new).collect();
        secrets.add(values);
        secrets
    }

    fn add(&mut self, values: Vec<Secret>) {
        for value in &values {
            // A site may repeat either half of `ID:SECRET`.
            let whole = value.reveal();
            let parts = whole.split(':').chain([whole]);
            for part in parts.filter(|part| part.len() >= 4 && *part != "***") {
                let json = Value::from(part).to_string();
                let encoded = form_urlencoded::byte_serialize(part.as_bytes()).collect();
                let forms = [part.to_owned(), json.trim_matches('"').to_owned(), encoded];
                self.forms.extend(forms);
            }
        }
        // Longer ones first: replacing a part of one would break it up.
        self.forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// Returns the text with the secrets replaced.
    fn without(&self, text: String) -> String {
        let forms = self.forms.iter();
        forms.fold(text, |text, form| text.replace(form, "***"))
    }
}

/// Returns the user's settings that differ from the plugin's defaults, without secrets.
fn differing(set: &Value, known: &Value, secrets: &Secrets) -> Map<String, Value> {
    let set = set.as_object().into_iter().flatten();
    let differing =
        set.filter(|(key, value)| known.get(key.as_str()).is_some_and(|known| known != *value));
    let open = differing.filter(|(key, _)| !secrets.keys.contains(key));
    open.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn write(file: &Path, text: &str) -> Result<()> {
    let made = || {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::File::create_new(file)?.write_all(text.as_bytes())
    };
    made().map_err(|error: std::io::Error| {
        Error::new(Kind::Disk, format!("cannot write `{}`", file.display())).because(error)
    })
}
