//! Parses the command line, and reports mistakes that clap cannot explain.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};

use super::foreign::suggest;
use super::{Args, Settings};

impl Args {
    /// Parses a command line.
    pub(in crate::cli) fn read(
        typed: impl IntoIterator<Item = OsString>,
    ) -> Result<Args, clap::Error> {
        let mut typed: Vec<_> = typed.into_iter().collect();
        // A real subcommand would add a line to the short help, which already fills a screen.
        let asks_for_help = typed.get(1).is_some_and(|word| word == "help");
        if asks_for_help {
            typed.remove(1);
            typed.push("--help".into());
        }
        let mut command = Args::command();
        if asks_for_help
            && let Some(word) = typed[1].to_str().filter(|word| !word.starts_with('-'))
            && word != "help"
            && command.find_subcommand(word).is_none()
        {
            let message = format!("there is no command `{word}`; `fetch help` lists them");
            return Err(command.error(ErrorKind::InvalidSubcommand, message));
        }
        let is_curl = |words: &[OsString]| words[0] == "from-curl" && words[1] == "curl";
        let is_bare = typed.windows(2).any(is_curl) && typed.len() > 3;
        let before = typed.clone();
        let is_no_text = |word: &&OsString| word.to_str().is_none();
        let no_text = typed
            .iter()
            .skip(1)
            .find(is_no_text)
            .map(|word| format!("{word:?}"));
        let mut matches = match command.try_get_matches_from_mut(typed) {
            Err(error) if is_bare && error.use_stderr() => {
                let message = "quote the `curl` command, so that it is one argument; \
                    `fetch from-curl -` reads it unquoted from stdin";
                return Err(command.error(ErrorKind::UnknownArgument, message));
            }
            Err(error) if error.kind() == ErrorKind::InvalidUtf8 => {
                let word = no_text.unwrap_or_default();
                let message = format!("`{}` is not UTF-8", word.trim_matches('"'));
                return Err(command.error(ErrorKind::InvalidUtf8, message));
            }
            matches => matches.map_err(|error| suggest(error, typed_command(&command, &before)))?,
        };
        if let Some(name) = matches.subcommand_name() {
            let is_stray = |argument: &&clap::Arg| {
                let source = matches.value_source(argument.get_id().as_str());
                !argument.is_global_set() && source == Some(ValueSource::CommandLine)
            };
            let strays: Vec<_> = command.get_arguments().filter(is_stray).collect();
            let flags: Vec<_> = strays.iter().filter_map(|stray| stray.get_long()).collect();
            let named = command.find_subcommand(name);
            let is_foreign = |flag: &&&str| named.is_some_and(|named| !has_flag(named, flag));
            if let Some(flag) = flags.iter().find(is_foreign) {
                let message = format!("`--{flag}` is before `{name}`, which has no such flag");
                return Err(command.error(ErrorKind::UnknownArgument, message));
            }
            if let Some(flag) = flags.first() {
                let message =
                    format!("`--{flag}` is before `{name}`; flags of a command go after it");
                return Err(command.error(ErrorKind::ArgumentConflict, message));
            }
            if !strays.is_empty() {
                return Err(behind_a_link(&mut command, name));
            }
        }
        let name = matches.subcommand_name().map(str::to_owned);
        let args = Args::from_arg_matches_mut(&mut matches);
        let mut args = args.map_err(|error| error.format(&mut command))?;
        // Clap parses a command that follows a link as another link.
        let unescaped = before.iter().skip(1).take_while(|word| *word != "--");
        let unescaped: Vec<_> = unescaped.filter_map(|word| word.to_str()).collect();
        let is_command = |link: &&String| {
            unescaped.contains(&link.as_str()) && command.find_subcommand(link.as_str()).is_some()
        };
        if let Some(name) = args.links.links.iter().find(is_command) {
            return Err(behind_a_link(&mut command, name));
        }
        if let Some(before) = name.and_then(|name| settings_before(&before, &name)) {
            args.settings.follow(before);
        }
        Ok(args)
    }
}

fn behind_a_link(command: &mut clap::Command, name: &str) -> clap::Error {
    let message =
        format!("a link is before the command `{name}`; if `{name}` is a link, put it after `--`");
    command.error(ErrorKind::ArgumentConflict, message)
}

/// The subcommand that was typed, or else the whole command.
fn typed_command<'a>(command: &'a clap::Command, typed: &[OsString]) -> &'a clap::Command {
    let mut words = typed.iter().skip(1).filter_map(|word| word.to_str());
    let named = words.find_map(|word| command.find_subcommand(word));
    named.unwrap_or(command)
}

/// Whether a command or one of its subcommands has this flag.
pub(super) fn has_flag(command: &clap::Command, flag: &str) -> bool {
    let mut arguments = command.get_arguments();
    arguments.any(|argument| argument.get_long() == Some(flag))
        || command
            .get_subcommands()
            .any(|command| has_flag(command, flag))
}

/// The settings given before a subcommand. Clap drops them if any are given after it.
fn settings_before(typed: &[OsString], name: &str) -> Option<Settings> {
    let places = typed.iter().enumerate().skip(2);
    // A word like this may also be the value of a flag. Then the words before it do not parse as a command line.
    let mut places = places.filter(|(_, word)| *word == name);
    places.find_map(|(place, _)| {
        let matches = Args::command().try_get_matches_from(&typed[..place]);
        Some(Args::from_arg_matches(&matches.ok()?).ok()?.settings)
    })
}

impl Settings {
    /// Prepends the settings given before the subcommand, unless they are these already.
    fn follow(&mut self, before: Settings) {
        follow(&mut self.config, before.config);
        follow(&mut self.set, before.set);
        follow(&mut self.plugin, before.plugin);
    }
}

fn follow<T: PartialEq>(list: &mut Vec<T>, before: Vec<T>) {
    if *list != before {
        list.splice(..0, before);
    }
}
