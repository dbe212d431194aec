//! `fetch plugin index`: the indexes that plugins are installed from.

use super::installed::{client, store};
use crate::cli::args::{Args, IndexCommand};
use crate::cli::interrupt::until_interrupted;
use crate::cli::main::runtime;
use crate::cli::messages::print;
use crate::config::Config;
use crate::model::Result;

/// Adds, lists or removes an index.
pub(super) fn index(args: &Args, config: &Config, command: &IndexCommand) -> Result<()> {
    let store = store(config)?;
    match command {
        IndexCommand::Add { name, url, key } => {
            let client = client(args, config)?;
            until_interrupted(&runtime()?, store.add_index(&client, name, url, key))?;
            print(&format!(
                "added the index `{name}`; `fetch plugin install {name}/ID` installs from it\n"
            ))
        }
        IndexCommand::List => {
            let lockfile = store.lockfile()?;
            let lines = lockfile.indexes.iter().map(|(name, index)| {
                let (url, key, serial) = (index.shown(), &index.key, index.serial);
                let next = index.next.iter().map(|next| format!("  next key {next}"));
                let next: String = next.collect();
                format!("{name}  {url}  key {key}  serial {serial}{next}\n")
            });
            let text: String = lines.collect();
            print(match text.is_empty() {
                true => "no indexes; `fetch plugin index add` adds one\n",
                false => &text,
            })
        }
        IndexCommand::Remove { name } => {
            store.remove_index(name)?;
            print(&format!("removed the index `{name}`\n"))
        }
    }
}
