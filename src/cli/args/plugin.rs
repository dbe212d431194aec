//! What can be asked about plugins that are scripts.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PluginCommand {
    /// List them, with where each is from
    List,
    /// Tell which one a link goes to
    Which {
        /// The link
        link: String,
    },
    /// Tell what one may do and what can be set
    Info {
        /// Its id
        name: String,
    },
    /// Make a folder with a plugin to begin with
    #[command(after_help = "\
Change its files, look with `fetch plugin test NAME`, and try it: `fetch --plugin NAME -s LINK`. In the folder `plugins` \
beside your configuration it is found without the flag.")]
    New {
        /// Its id, a word of lower-case letters and digits
        name: String,
    },
    /// Run the cases of a plugin, which ask for nothing in the net
    #[command(after_help = "\
A case is a file `cases/NAME.toml`: a link, what its site answers, and the items that are to come. What a case has no answer \
for fails, and so does an answer that nobody asks for. With `--live` the site is asked as well, and what has changed there is \
told; it may have more than the case says, and one that cannot be asked has not changed. Exit code 3 if a case fails or has changed.")]
    Test {
        /// The folder of the plugin
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Ask the site too, for each case that holds
        #[arg(long)]
        live: bool,
        /// Run this case alone; can be given several times
        #[arg(long, value_name = "NAME")]
        case: Vec<String>,
    },
    /// Look for what is wrong with a plugin before others get it
    #[command(after_help = "\
Its routes, names that nobody declares, cases that fail, routes without a case, and permissions that no case needs. Exit \
code 3 if there is something.")]
    Check {
        /// The folder of the plugin
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Write a case from what a site answers now
    #[command(after_help = "\
The answers and what comes of them go to `cases/NAME.toml`, without secrets. Shorten them by hand to what matters.")]
    Record {
        /// The folder of the plugin
        folder: PathBuf,
        /// What the case is called
        name: String,
        /// The link
        link: String,
    },
    /// Print what scripts can call, with types, for an editor (luau-lsp)
    Types,
    /// Make a package of a plugin, to give it to others
    #[command(after_help = "\
The package goes into this folder as `ID-VERSION.tar.gz`, and what stands in an index for it to stdout. How an index is made \
and signed stands in plugins/README.md.")]
    Pack {
        /// The folder of the plugin
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Know, list and forget indexes, from which plugins are installed
    #[command(subcommand)]
    Index(IndexCommand),
    /// Install a plugin of somebody else's
    #[command(after_help = "\
What it may do is told before, and you are asked. Nobody but you adds an index; none comes with the program. From a \
repository, nothing is signed: you know the commit, and whoever is asked for it. With another tag it is the plugin that is \
installed from there already, in another version.")]
    Install {
        /// Its id, `INDEX/ID` where more than one index has it, or `git+https://HOST/REPOSITORY#TAG-OR-COMMIT[:FOLDER]`
        #[arg(value_name = "ID")]
        wanted: String,
        /// Agree to what it may do
        #[arg(short, long)]
        yes: bool,
        /// In the place of a plugin of this id that is part of the program
        #[arg(long)]
        over_builtin: bool,
        /// Agree to what another tag may do beyond what you have agreed to
        #[arg(long)]
        allow_wider: bool,
    },
    /// Look for newer versions of what is installed, and install them
    #[command(after_help = "\
A version that may do more than you have agreed to is installed only after you were asked, or with `--allow-wider`. Exit \
code 3 if one of all could not be updated. Of one that is named: 2 if you did not agree, else the code of the failure.")]
    Update {
        /// Its id; all without one
        id: Option<String>,
        /// Agree to what newer versions may do beyond what you have agreed to
        #[arg(long)]
        allow_wider: bool,
    },
    /// Go back to the version before the last update
    Rollback {
        /// Its id
        id: String,
    },
    /// Remove a plugin that was installed
    Remove {
        /// Its id
        id: String,
    },
    /// Move a plugin that was installed, as it is now, into your own folder of plugins
    Adopt {
        /// Its id
        id: String,
    },
    /// Trust the plugins in `.fetch/plugins` of a folder as they are now
    #[command(after_help = "\
What they may do is told before, and you are asked. They are used in this folder, and no more once they have changed.")]
    Trust {
        /// The folder
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Agree to what they may do
        #[arg(short, long)]
        yes: bool,
        /// Trust them no more
        #[arg(long)]
        undo: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum IndexCommand {
    /// Know an index from now on
    Add {
        /// What you call it
        name: String,
        /// The folder in the net that it is in
        url: String,
        /// The public key of `minisign` with which it is signed
        #[arg(long)]
        key: String,
    },
    /// List the indexes
    List,
    /// Forget an index; what was installed from it stays
    Remove {
        /// Its name
        name: String,
    },
}
