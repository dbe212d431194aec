//! All settings of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::environment::Environment;
use super::folder;
use super::hand::Hand;
use super::job::check_names;
use super::keeper::Keeper;
use super::known;
use super::layer::{Entry, Flag, Layer, Raw, variable};
use super::places::{Place, places, store};
use super::read::{is_secret, read, read_known, wrong};
use super::schema::{Options, try_out};
use super::sections::{Sections, Use};
use crate::model::{Error, Kind, Result};
use crate::script::{PROJECT, SearchPaths};
use crate::source::nearest;
use crate::{net, pipeline};

/// All settings of a run. The default has the program's defaults, and reads nothing from the system.
#[derive(Clone, Default)]
pub struct Config {
    pub(super) layers: Vec<Layer>,
    pub(super) sections: Sections,
    pub(super) keeper: Keeper,
    /// The options that the sources have requested, for the schema.
    pub(super) options: Arc<Mutex<BTreeMap<String, Options>>>,
    /// The job that these settings are for.
    pub(super) job: Option<String>,
    /// Where to look for script plugins.
    plugins: SearchPaths,
}

impl fmt::Debug for Config {
    // Without the values, which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.layers.iter().flat_map(|layer| &layer.entries);
        let keys = entries.map(|entry| entry.path.join("."));
        f.debug_set().entries(keys).finish()
    }
}

impl Config {
    /// Reads the files of the system, of the user, and of the current folder, then `named`, the environment, and the
    /// flags.
    ///
    /// # Errors
    /// [`Kind::Config`] if a file cannot be read (optional files only if they exist), for unknown keys, and for invalid
    /// values.
    pub fn load(named: &[PathBuf], flags: Vec<Flag>) -> Result<Config> {
        let mut files = Vec::new();
        for place in places(named) {
            match read_file(&place) {
                Ok((hand, text)) => files.push((hand, place.path, text)),
                Err(error)
                    if place.scope != "-c"
                        && matches!(
                            error.kind(),
                            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                        ) => {}
                Err(error) => {
                    let name = place.path.display().to_string();
                    if let Some(url) = Url::parse(&name).ok().filter(Url::has_host) {
                        let hint = "`-c` takes a configuration file; an interrupted download resumes by itself";
                        let message = format!("cannot read `{}`", net::Shown(&url));
                        return Err(Error::new(Kind::Config, message).hint(hint));
                    }
                    let message = format!("cannot read `{name}`");
                    return Err(Error::new(Kind::Config, message).because(error));
                }
            }
        }
        let user = places(&[]).into_iter().find(|place| place.scope == "user");
        let user = user.and_then(|place| Some(place.path.parent()?.join("plugins")));
        let mut config = Config::assemble(files, Environment::of_this_program(), flags)?;
        config.plugins = SearchPaths {
            project: Some(PROJECT.into()),
            user,
            store: store(),
            ..SearchPaths::default()
        };
        Ok(config)
    }

    /// Adds plugin folders that the user has named.
    #[must_use]
    pub fn with_plugins(mut self, folders: &[PathBuf]) -> Config {
        self.plugins.named.extend_from_slice(folders);
        self
    }

    /// Returns where to look for script plugins.
    pub fn plugins(&self) -> &SearchPaths {
        &self.plugins
    }

    /// Reads settings from this text, as if it were the only configuration file.
    ///
    /// # Errors
    /// [`Kind::Config`] for text that is not TOML, for unknown keys, and for invalid values.
    pub fn from_toml(text: &str) -> Result<Config> {
        let file = (Hand::Own, PathBuf::from("fetch.toml"), text.to_owned());
        Config::assemble(vec![file], Environment::default(), Vec::new())
    }

    /// Builds the settings from files, environment and flags that were read elsewhere.
    pub(super) fn assemble(
        files: Vec<(Hand, PathBuf, String)>,
        environment: Environment,
        flags: Vec<Flag>,
    ) -> Result<Config> {
        let mut layers = Vec::new();
        for (hand, path, text) in &files {
            layers.push(Layer::toml(path, text, *hand)?);
        }
        layers.push(Layer::environment(&environment)?);
        layers.push(Layer::flags(flags));
        let mut config = Config {
            layers,
            keeper: Keeper::new(environment),
            ..Config::default()
        };
        config.sections = config.read_sections()?;
        check_names(&config.layers)?;
        folder::check(&config.layers)?;
        Ok(config)
    }

    /// Reads all sections except those of sources.
    pub(super) fn read_sections(&self) -> Result<Sections> {
        let mut ours = self.layers.clone();
        for layer in &mut ours {
            layer
                .entries
                .retain(|entry| entry.path.first().is_none_or(|section| section != "source"));
        }
        read(&ours, &[], &self.keeper)
    }

    /// Reads the options of a source, `[source.NAME]`, over their defaults.
    ///
    /// Every field of `T` is a known key, so serialising it must not skip any, and `T` needs `#[serde(default)]`.
    /// Besides `FETCH_SOURCE__NAME__KEY`, the environment may have a secret under the name that other programs use:
    /// `NAME_KEY`. A field is a secret if its type is [`net::Secret`], or by its name.
    ///
    /// # Errors
    /// [`Kind::Config`] with the place and the nearest known key.
    pub fn source<T: DeserializeOwned + Serialize + Default>(&self, name: &str) -> Result<T> {
        let known = known::of::<T>()?;
        let customary = self.customary(name, &known)?;
        self.options_of(name, known, customary)
    }

    /// Reads the options of a source whose known keys, with their defaults, are given at run time. A default of `***`
    /// marks a secret.
    ///
    /// From the environment it reads only `FETCH_SOURCE__NAME__KEY`. Otherwise, whoever chooses name and keys at run time
    /// would choose which variable is read: `github` and `token` would give a stranger `GITHUB_TOKEN`.
    ///
    /// # Errors
    /// [`Kind::Config`] with the place and the nearest known key.
    pub fn options_known(&self, name: &str, known: serde_json::Value) -> Result<serde_json::Value> {
        let set: serde_json::Value = self.options_of(name, known, Layer::default())?;
        Ok(set)
    }

    /// Returns the secrets of a source that the environment has under the names that other programs use.
    fn customary(&self, name: &str, known: &serde_json::Value) -> Result<Layer> {
        let mut customary = Layer::default();
        if let serde_json::Value::Object(keys) = known {
            for (key, default) in keys {
                let variable_name = format!("{name}_{key}")
                    .to_ascii_uppercase()
                    .replace('-', "_");
                let is_secret = is_secret(key) || default == "***";
                if !is_secret {
                    continue;
                }
                if let Some(value) = self.keeper.environment.text(&variable_name)? {
                    customary.entries.push(Entry {
                        path: vec!["source".to_owned(), name.to_owned(), key.clone()],
                        raw: Raw::Text(value.to_owned()),
                        at: variable(&variable_name),
                        hand: Hand::Typed,
                    });
                }
            }
        }
        Ok(customary)
    }

    fn options_of<T>(&self, name: &str, known: serde_json::Value, customary: Layer) -> Result<T>
    where
        T: DeserializeOwned + Serialize + Default,
    {
        let section = ["source".to_owned(), name.to_owned()];
        let options = Options {
            known: known.clone(),
            try_out: try_out::<T>,
        };
        let mut asked = self.options.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(name.to_owned(), options);
        drop(asked);
        let mut layers = self.layers.clone();
        // Every source has this key, but the source itself does not read it.
        for layer in &mut layers {
            layer
                .entries
                .retain(|entry| entry.path != [&section[..], &["template".to_owned()]].concat());
        }
        let files = layers.iter().take_while(|layer| layer.is_file).count();
        layers.insert(files, customary);
        read_known(&known, &layers, &section, &self.keeper)
    }

    /// Checks whether this key of `[source.NAME]` is set in any layer.
    pub fn is_set(&self, name: &str, key: &str) -> bool {
        let mut entries = self.layers.iter().flat_map(|layer| &layer.entries);
        entries.any(|entry| match entry.path.as_slice() {
            [section, source, set, ..] => section == "source" && source == name && set == key,
            _ => false,
        })
    }

    /// Refuses sections of sources that do not exist.
    ///
    /// # Errors
    /// [`Kind::Config`] with the place and the known names.
    pub fn check_sources(&self, names: &[&str]) -> Result<()> {
        for entry in self.layers.iter().flat_map(|layer| &layer.entries) {
            match entry.path.as_slice() {
                [section] if section == "source" && entry.raw != Raw::Table => {
                    return Err(wrong(entry, "expected a table"));
                }
                [section, name, ..] if section == "source" && !names.contains(&name.as_str()) => {
                    let message = format!("no source is called `{name}`, in {}", entry.at);
                    let hint = match nearest(name, names) {
                        Some(name) => format!("did you mean `{name}`?"),
                        None => format!("the known ones are {}", known::list(names)),
                    };
                    return Err(Error::new(Kind::Config, message).hint(hint));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns the settings of the client, with the headers of the job.
    ///
    /// # Errors
    /// [`Kind::Config`] for invalid values, and for headers that cannot be read from where they are kept.
    pub fn net(&self) -> Result<net::Settings> {
        self.check_hosts()?;
        let settings = self.sections.net();
        let scheme = settings
            .proxy
            .as_deref()
            .and_then(|url| url.split_once("://"));
        if let Some((scheme, _)) = scheme
            && !net::PROXIES.contains(&scheme.to_ascii_lowercase().as_str())
            && let Some(entry) = self.last(&["net", "proxy"])
        {
            return Err(wrong(entry, "there is no such kind of proxy")
                .hint(format!("the kinds are {}", known::list(&net::PROXIES))));
        }
        Ok(net::Settings {
            headers: self.headers()?,
            ..settings
        })
    }

    /// Returns the settings of the pipeline. The archive is the user's, unless the configuration says otherwise.
    ///
    /// # Errors
    /// [`Kind::Config`] for an invalid template, and if there is no place for the archive.
    pub fn pipeline(&self) -> Result<pipeline::Settings> {
        self.pipeline_for(Use::Run)
    }

    /// Does the same for a simulated run: nothing will be recorded, so there is no archive if there is no place for one.
    ///
    /// # Errors
    /// [`Kind::Config`] for an invalid template.
    pub fn pipeline_to_look(&self) -> Result<pipeline::Settings> {
        self.pipeline_for(Use::Look)
    }

    fn pipeline_for(&self, use_of: Use) -> Result<pipeline::Settings> {
        let placed = |key: &str, error: Error| match self.last(&["after", key]) {
            // The user sees what was typed, so it needs no place.
            Some(entry) if entry.hand != Hand::Typed => Error {
                hint: error.hint,
                ..wrong(entry, &error.message)
            },
            _ => error,
        };
        for key in [["output", "directory"], ["archive", "file"]] {
            if let Some(entry) = self.last(&key)
                && let Raw::Typed(serde_json::Value::String(text)) | Raw::Text(text) = &entry.raw
                && begins_with_variable(text)
            {
                return Err(wrong(entry, "variables in paths are not expanded")
                    .hint("write `~/…` or an absolute path"));
            }
        }
        let settings = self.sections.pipeline(self.templates()?, &placed, use_of)?;
        Ok(self.choose(settings))
    }

    /// Returns the entry that takes effect for a key: the last one.
    pub(super) fn last(&self, path: &[&str]) -> Option<&Entry> {
        let mut entries = self
            .layers
            .iter()
            .rev()
            .flat_map(|layer| layer.entries.iter().rev());
        entries.find(|entry| entry.path == path)
    }
}

/// Checks whether a path begins with a variable for a folder of the user, which a shell would have expanded.
fn begins_with_variable(path: &str) -> bool {
    let name = path
        .strip_prefix('$')
        .map(|rest| rest.strip_prefix('{').unwrap_or(rest));
    let is_end = |rest: &str| rest.is_empty() || rest.starts_with(['/', '}', '\\']);
    name.is_some_and(|name| {
        name.strip_prefix("HOME").is_some_and(is_end) || name.starts_with("XDG_")
    })
}

/// Reads a file, and finds out who can have written it.
fn read_file(place: &Place) -> io::Result<(Hand, String)> {
    if place.scope == "folder" {
        return Ok((Hand::Folder, folder::read(&place.path)?));
    }
    let mut file = File::open(&place.path)?;
    let hand = Hand::of(&file)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok((hand, text))
}
