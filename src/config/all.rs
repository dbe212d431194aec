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

use super::author::Author;
use super::environment::Environment;
use super::folder;
use super::job::check_names;
use super::known;
use super::layer::{Entry, Flag, Layer, Raw, variable};
use super::locations::{Location, locations, store};
use super::read::{is_secret, read, read_known, wrong};
use super::schema::{Options, try_out};
use super::secret_reader::SecretReader;
use super::sections::{Purpose, Sections};
use crate::model::{Error, Kind, Result};
use crate::script::{PROJECT, SearchPaths};
use crate::source::nearest;
use crate::{net, pipeline};

/// All settings of a run. The default has the program's defaults, and reads nothing from the system.
#[derive(Clone, Default)]
pub struct Config {
    pub(super) layers: Vec<Layer>,
    pub(super) sections: Sections,
    pub(super) secrets: SecretReader,
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
        for location in locations(named) {
            match read_file(&location) {
                Ok((author, text)) => files.push((author, location.path, text)),
                Err(error)
                    if location.scope != "-c"
                        && matches!(
                            error.kind(),
                            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                        ) => {}
                Err(error) => {
                    let name = location.path.display().to_string();
                    if let Some(url) = Url::parse(&name).ok().filter(Url::has_host) {
                        let hint = "`-c` takes a configuration file; an interrupted download resumes by itself";
                        let message = format!("cannot read `{}`", net::Redacted(&url));
                        return Err(Error::new(Kind::Config, message).hint(hint));
                    }
                    let message = format!("cannot read `{name}`");
                    return Err(Error::new(Kind::Config, message).because(error));
                }
            }
        }
        let user = locations(&[])
            .into_iter()
            .find(|location| location.scope == "user");
        let user = user.and_then(|location| Some(location.path.parent()?.join("plugins")));
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
        let file = (Author::Own, PathBuf::from("fetch.toml"), text.to_owned());
        Config::assemble(vec![file], Environment::default(), Vec::new())
    }

    /// Builds the settings from files, environment and flags that were read elsewhere.
    pub(super) fn assemble(
        files: Vec<(Author, PathBuf, String)>,
        environment: Environment,
        flags: Vec<Flag>,
    ) -> Result<Config> {
        let mut layers = Vec::new();
        for (author, path, text) in &files {
            layers.push(Layer::toml(path, text, *author)?);
        }
        layers.push(Layer::environment(&environment)?);
        layers.push(Layer::flags(flags));
        let mut config = Config {
            layers,
            secrets: SecretReader::new(environment),
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
        read(&ours, &[], &self.secrets)
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
        let known = known::keys_of::<T>()?;
        let conventional = self.conventional(name, &known)?;
        self.options_of(name, known, conventional)
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
        folder::check_hosts(&self.layers, name, &known)?;
        let set: serde_json::Value = self.options_of(name, known, Layer::default())?;
        Ok(set)
    }

    /// Returns the secrets of a source that the environment has under the names that other programs use.
    fn conventional(&self, name: &str, known: &serde_json::Value) -> Result<Layer> {
        let mut conventional = Layer::default();
        if let serde_json::Value::Object(keys) = known {
            for (key, default) in keys {
                let variable_name = format!("{name}_{key}")
                    .to_ascii_uppercase()
                    .replace('-', "_");
                let is_secret = is_secret(key) || default == "***";
                if !is_secret {
                    continue;
                }
                if let Some(value) = self.secrets.environment.text(&variable_name)? {
                    conventional.entries.push(Entry {
                        path: vec!["source".to_owned(), name.to_owned(), key.clone()],
                        raw: Raw::Text(value.to_owned()),
                        place: variable(&variable_name),
                        author: Author::Typed,
                    });
                }
            }
        }
        Ok(conventional)
    }

    fn options_of<T>(&self, name: &str, known: serde_json::Value, conventional: Layer) -> Result<T>
    where
        T: DeserializeOwned + Serialize + Default,
    {
        let section = ["source".to_owned(), name.to_owned()];
        let options = Options {
            known: known.clone(),
            try_out: try_out::<T>,
        };
        let mut requested = self.options.lock().unwrap_or_else(PoisonError::into_inner);
        requested.insert(name.to_owned(), options);
        drop(requested);
        let mut layers = self.layers.clone();
        // Every source has this key, but the source itself does not read it.
        for layer in &mut layers {
            layer
                .entries
                .retain(|entry| entry.path != [&section[..], &["template".to_owned()]].concat());
        }
        let files = layers.iter().take_while(|layer| layer.is_file).count();
        layers.insert(files, conventional);
        read_known(&known, &layers, &section, &self.secrets)
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
                    let message = format!("no source is called `{name}`, in {}", entry.place);
                    let hint = match nearest(name, names) {
                        Some(name) => format!("did you mean `{name}`?"),
                        None => format!("the known ones are {}", known::join_quoted(names)),
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
            && let Some(entry) = self.last_entry(&["net", "proxy"])
        {
            return Err(wrong(entry, "there is no such kind of proxy").hint(format!(
                "the kinds are {}",
                known::join_quoted(&net::PROXIES)
            )));
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
        self.pipeline_for(Purpose::Download)
    }

    /// Does the same for a simulated run: nothing will be recorded, so there is no archive if there is no place for one.
    ///
    /// # Errors
    /// [`Kind::Config`] for an invalid template.
    pub fn pipeline_for_preview(&self) -> Result<pipeline::Settings> {
        self.pipeline_for(Purpose::Preview)
    }

    fn pipeline_for(&self, purpose: Purpose) -> Result<pipeline::Settings> {
        let placed = |key: &str, error: Error| match self.last_entry(&["after", key]) {
            // The user sees what was typed, so it needs no place.
            Some(entry) if entry.author != Author::Typed => Error {
                hint: error.hint,
                ..wrong(entry, &error.message)
            },
            _ => error,
        };
        for key in [["output", "directory"], ["archive", "file"]] {
            if let Some(entry) = self.last_entry(&key)
                && let Raw::Typed(serde_json::Value::String(text)) | Raw::Text(text) = &entry.raw
                && begins_with_variable(text)
            {
                return Err(wrong(entry, "variables in paths are not expanded")
                    .hint("write `~/…` or an absolute path"));
            }
        }
        let settings = self
            .sections
            .pipeline(self.templates()?, &placed, purpose)?;
        Ok(self.apply_job(settings))
    }

    /// Returns the entry that takes effect for a key: the last one.
    pub(super) fn last_entry(&self, path: &[&str]) -> Option<&Entry> {
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
fn read_file(location: &Location) -> io::Result<(Author, String)> {
    if location.scope == "folder" {
        return Ok((Author::Folder, folder::read(&location.path)?));
    }
    let mut file = File::open(&location.path)?;
    let author = Author::of(&file)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok((author, text))
}
