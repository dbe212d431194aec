//! Reads what was typed, and says what clap cannot.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};

use super::{Args, Settings};

impl Args {
    /// Reads what was typed.
    pub(in crate::cli) fn read(
        typed: impl IntoIterator<Item = OsString>,
    ) -> Result<Args, clap::Error> {
        let mut typed: Vec<_> = typed.into_iter().collect();
        // A command would take a line of the short help, which fills its screen.
        let asks_for_help = typed.get(1).is_some_and(|word| word == "help");
        if asks_for_help {
            typed.remove(1);
            typed.push("--help".into());
        }
        let mut command = Args::command();
        if asks_for_help
            && let Some(word) = typed[1].to_str().filter(|word| !word.starts_with('-'))
            && command.find_subcommand(word).is_none()
        {
            let message = format!("there is no command `{word}`; `fetch help` lists them");
            return Err(command.error(ErrorKind::InvalidSubcommand, message));
        }
        let is_curl = |words: &[OsString]| words[0] == "from-curl" && words[1] == "curl";
        let is_bare = typed.windows(2).any(is_curl) && typed.len() > 3;
        let before = typed.clone();
        let mut matches = match command.try_get_matches_from_mut(typed) {
            Err(error) if is_bare && error.use_stderr() => {
                let message = "the command for `curl` stands in quotes, as one word; \
                    `fetch from-curl -` reads it from stdin, as it is";
                return Err(command.error(ErrorKind::UnknownArgument, message));
            }
            matches => matches?,
        };
        if let Some(name) = matches.subcommand_name() {
            let is_stray = |argument: &&clap::Arg| {
                let source = matches.value_source(argument.get_id().as_str());
                !argument.is_global_set() && source == Some(ValueSource::CommandLine)
            };
            let strays: Vec<_> = command.get_arguments().filter(is_stray).collect();
            let flag = strays.iter().find_map(|stray| stray.get_long());
            if let Some(flag) = flag.map(str::to_owned) {
                let message = format!(
                    "`--{flag}` stands before `{name}`; the flags of a command stand behind it"
                );
                return Err(command.error(ErrorKind::ArgumentConflict, message));
            }
            if !strays.is_empty() {
                let message = format!(
                    "a link stands before the command `{name}`; if that is a link, write it behind `--`"
                );
                return Err(command.error(ErrorKind::ArgumentConflict, message));
            }
        }
        let name = matches.subcommand_name().map(str::to_owned);
        let args = Args::from_arg_matches_mut(&mut matches);
        let mut args = args.map_err(|error| error.format(&mut command))?;
        if let Some(before) = name.and_then(|name| settings_before(&before, &name)) {
            args.settings.follow(before);
        }
        Ok(args)
    }
}

/// The settings that stand before a command. Clap keeps those behind it alone, where there are some.
fn settings_before(typed: &[OsString], name: &str) -> Option<Settings> {
    let places = typed.iter().enumerate().skip(2);
    // A word of this name may be the value of a flag, too. Then what is before it is no whole command line.
    let mut places = places.filter(|(_, word)| *word == name);
    places.find_map(|(place, _)| {
        let matches = Args::command().try_get_matches_from(&typed[..place]);
        Some(Args::from_arg_matches(&matches.ok()?).ok()?.settings)
    })
}

impl Settings {
    /// Has those before it, too, unless it is these.
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
