//! Arguments of `fetch plugin`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PluginCommand {
    /// List the plugins and where each comes from
    List,
    /// Show which plugin handles a link
    Which {
        /// The link
        link: String,
    },
    /// Show the permissions and settings of a plugin
    Info {
        /// Its id
        name: String,
    },
    /// Create a directory with a starter plugin
    #[command(after_help = "\
Change its files, test it with `fetch plugin test NAME`, and try it: `fetch --plugin NAME -s LINK`. In the directory \
`plugins` beside your configuration it is found without the flag.")]
    New {
        /// Its id, a word of lower-case letters and digits
        name: String,
    },
    /// Run the test cases of a plugin, without network access
    #[command(after_help = "\
A case is a file `cases/NAME.toml`: a link, the responses of its site, and the expected items. A request without a response \
in the case fails, and so does a response that is never requested. With `--live` the site is asked as well, and its changes \
are reported; it may have more than the case expects, and a site that cannot be reached has not changed. Exit code 3 if a \
case fails or has changed.")]
    Test {
        /// The directory of the plugin
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Also ask the site, for each case that passes
        #[arg(long)]
        live: bool,
        /// Run only this case; can be given several times
        #[arg(long, value_name = "NAME")]
        case: Vec<String>,
    },
    /// Check a plugin for problems before publishing it
    #[command(after_help = "\
Checks its routes, and looks for undeclared names, failing cases, routes without a case, and permissions that no case needs. \
Exit code 3 if there is a problem.")]
    Check {
        /// The directory of the plugin
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Record a test case from the current responses of a site
    #[command(after_help = "\
The responses and the resulting items are written to `cases/NAME.toml`, without secrets. Shorten them by hand to what matters.")]
    Record {
        /// The directory of the plugin
        folder: PathBuf,
        /// The name of the case
        name: String,
        /// The link
        link: String,
    },
    /// Print type definitions of the script API for editors (luau-lsp)
    Types,
    /// Package a plugin for others
    #[command(after_help = "\
The package is written to the current directory as `ID-VERSION.tar.gz`, and its index entry to stdout. plugins/README.md \
explains how to make and sign an index.")]
    Pack {
        /// The directory of the plugin
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Add, list and remove the indexes from which plugins are installed
    #[command(subcommand)]
    Index(IndexCommand),
    /// Install a plugin from an index or a repository
    #[command(after_help = "\
Its permissions are shown first, and you are asked to agree. Only you can add an index; none comes with the program. A plugin \
from a repository is not signed: you rely on the commit and on the host that serves it. Giving another tag changes the \
version of a plugin already installed from there.")]
    Install {
        /// Its id, `INDEX/ID` if several indexes have it, or `git+https://HOST/REPOSITORY#TAG-OR-COMMIT[:FOLDER]`
        #[arg(value_name = "ID")]
        wanted: String,
        /// Agree to its permissions
        #[arg(short, long)]
        yes: bool,
        /// Replace the built-in plugin with this id
        #[arg(long)]
        over_builtin: bool,
        /// Agree to permissions of another tag beyond those you have agreed to
        #[arg(long)]
        allow_wider: bool,
    },
    /// Update installed plugins
    #[command(after_help = "\
A version with more permissions than you have agreed to is installed only if you agree when asked, or with `--allow-wider`. \
Exit code when updating all: 3 if one could not be updated; when updating one: 2 if you did not agree, else the code of the \
failure.")]
    Update {
        /// Its id; without one, all are updated
        id: Option<String>,
        /// Agree to permissions of newer versions beyond those you have agreed to
        #[arg(long)]
        allow_wider: bool,
    },
    /// Restore the version before the last update
    Rollback {
        /// Its id
        id: String,
    },
    /// Remove an installed plugin
    Remove {
        /// Its id
        id: String,
    },
    /// Move an installed plugin, as it is now, to your own plugins
    Adopt {
        /// Its id
        id: String,
    },
    /// Trust the plugins in `.fetch/plugins` of a directory as they are now
    #[command(after_help = "\
Their permissions are shown first, and you are asked to agree. They are used in this directory until they change.")]
    Trust {
        /// The directory
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Agree to their permissions
        #[arg(short, long)]
        yes: bool,
        /// Stop trusting them
        #[arg(long)]
        undo: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum IndexCommand {
    /// Add an index
    Add {
        /// A name of your choice for it
        name: String,
        /// The URL of the directory that contains it
        url: String,
        /// The `minisign` public key that verifies it
        #[arg(long)]
        key: String,
    },
    /// List the indexes
    List,
    /// Remove an index; plugins installed from it stay
    Remove {
        /// Its name
        name: String,
    },
}
