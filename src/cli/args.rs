//! Command-line arguments.

mod command;
mod foreign;
mod links;
mod plugin;
mod read;
mod saved;
mod values;

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::{ArgAction, Args as Group, Parser, ValueHint};

pub(super) use self::command::{
    Command, ConfigCommand, FromCurl, FromHar, HistoryArgs, Jobs, Retry, Run, SourcesCommand,
};
pub(super) use self::links::as_path;
pub(super) use self::plugin::{IndexCommand, PluginCommand};
pub(super) use self::saved::{Adopt, ArchiveCommand, Format, Rename, Repair, ResultArgs, Verify};
pub(super) use self::values::{DuplicatesArg, KindArg, PackingArg, SkipArg};
use self::values::{Offered, path, positive, whole_number};
use crate::config::{Resolve, Size};

/// The text below the long help.
const AFTER: &str = "\
A link is a URL, with or without `https://`; `source:id`, as in `imgur:q6i58`;
or a bare id that one of the sources recognizes, as in `q6i58`.

Examples:
  fetch https://imgur.com/a/q6i58            an album, into its own directory
  fetch -d pictures -i links.txt             a list of links, into `pictures`
  fetch -I 1-5,8- https://imgur.com/a/q6i58  items 1 to 5, and all from 8 on
  fetch -j https://imgur.com/a/q6i58 | jq .  events as JSON
  fetch sources which imgur.com/a/q6i58      which source handles a link

Exit codes:
  0    success
  1    internal error: a bug in fetch
  2    usage or configuration error
  3    some items failed
  4    nothing succeeded
  5    no source handles the link, or there is nothing in it to save
  6    login required
  7    blocked or rate-limited
  8    disk error
  9    already running: the job, a `rename` of the directory or, for
       `archive move`, a fetch into the directory
  130  interrupted: the first Ctrl-C finishes what is in progress, the second
       stops at once";

/// Saves the media behind any URL.
#[derive(Debug, Parser)]
#[command(
    name = "fetch",
    version,
    about,
    after_help = "See `fetch --help` for all options, examples and exit codes.",
    after_long_help = AFTER,
    override_usage = "fetch [OPTIONS] LINK...\n       fetch COMMAND",
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true,
    args_override_self = true,
    max_term_width = 100
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) links: Links,
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) network: NetworkArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,
    #[command(flatten)]
    pub(super) settings: Settings,
}

#[derive(Debug, Default, Group)]
#[command(next_help_heading = "What to fetch")]
pub(super) struct Links {
    /// URLs, `source:id`, or ids
    #[arg(value_name = "LINK", display_order = 0)]
    pub(super) links: Vec<String>,
    /// Read links from a file, or `-` for stdin
    ///
    /// In a `.csv` or `.tsv` file, links are in the column titled `url` or `link`; without such a title, in the first
    /// column and in every field that starts with `https://`. In other files, each line is a link, optionally followed by
    /// a TAB and a title, or a JSON object with `url`; lines starting with `#` are comments. Can be given several times.
    #[arg(short, long, value_name = "FILE", value_parser = path())]
    pub(super) input_file: Vec<PathBuf>,
    /// Take everything on a page, including icons, logos, posters and sidebars
    #[arg(long, hide_short_help = true)]
    pub(super) all: bool,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "What to fetch")]
pub(super) struct SelectionArgs {
    /// Follow links from a page to other pages, up to N levels deep
    ///
    /// Stays on the host of the page, obeys its robots.txt, and stops after 1,000 pages: `-S source.page.max_pages=N`.
    #[arg(long, value_name = "N", value_parser = whole_number::<u32>, allow_negative_numbers = true)]
    #[arg(hide_short_help = true)]
    pub(super) depth: Option<u32>,
    /// With `--depth`, stay on the host of the page (the default); `--same-host=false` leaves it
    #[arg(long, value_name = "BOOL", hide_short_help = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) same_host: Option<bool>,
    /// With `--depth`, follow only links that match this pattern: `*/cats/*`
    ///
    /// `*` matches anything; a pattern without it may match anywhere in the link. Can be given several times.
    #[arg(long, value_name = "PATTERN", hide_short_help = true)]
    pub(super) accept: Vec<String>,
    /// With `--depth`, follow no links that match this pattern
    #[arg(long, value_name = "PATTERN", hide_short_help = true)]
    pub(super) reject: Vec<String>,
    /// Only items at these positions: `1-5,8`
    ///
    /// `-3` is up to the third, `8-` from the eighth on. Positions are counted separately for each link.
    #[arg(short = 'I', long, value_name = "RANGE", allow_hyphen_values = true)]
    pub(super) items: Option<String>,
    /// Only items published since this date: `2025-01-31` or `2w ago`
    ///
    /// A date begins at midnight UTC. Units are `m` (minutes), `h`, `d` and `w`. Items without a date are kept.
    #[arg(long, value_name = "DATE")]
    pub(super) since: Option<String>,
    /// Only items published until this date, inclusive: `2025-12-31`
    ///
    /// Same format as `--since`. Items without a date are kept.
    #[arg(long, value_name = "DATE", hide_short_help = true)]
    pub(super) until: Option<String>,
    /// Only items of these kinds: image, video, audio, other
    ///
    /// Separate several with commas. Items whose kind is not known in advance are kept.
    #[arg(
        long,
        value_name = "KIND",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    pub(super) kind: Vec<KindArg>,
    /// Only items for which this is true: `width >= 1000`
    ///
    /// Uses the same fields as templates (see `fetch fields LINK`); `size >= bytes("2M")` compares sizes.
    #[arg(long, value_name = "EXPRESSION")]
    pub(super) filter: Option<String>,
    /// Leave a listing after this many known items in a row
    ///
    /// Posts pinned to the top do not count, that is, those older than what follows them; so a few more known items are
    /// looked at there. In a listing of listings, each listing counts as one item, known if nothing in it is new.
    #[arg(long, value_name = "N", value_parser = positive::<NonZeroUsize>, hide_short_help = true)]
    #[arg(allow_negative_numbers = true)]
    pub(super) stop_after_known: Option<NonZeroUsize>,
    /// Stop after this many new items
    #[arg(long, value_name = "N", value_parser = positive::<NonZeroU64>)]
    #[arg(allow_negative_numbers = true)]
    pub(super) max_new: Option<NonZeroU64>,
    #[command(flatten)]
    pub(super) streams: StreamArgs,
    /// Which known items to skip: present, changed, seen, never
    ///
    /// `present`: those whose files exist. `changed`: the same, but the server is asked for changes, and a new version is
    /// saved beside the old one; a file for which it sends neither ETag nor date is downloaded again and compared.
    /// `seen`: those that were ever saved. `never`: none.
    #[arg(long, value_name = "WHICH", hide_possible_values = true)]
    pub(super) skip: Option<SkipArg>,
    /// What to do with a file identical to another item's: keep, link, skip
    ///
    /// `link` makes a hard link to the existing file, `skip` does not save the new one. Files are compared byte by byte,
    /// and nothing is ever deleted.
    #[arg(
        long,
        value_name = "WHAT",
        hide_possible_values = true,
        hide_short_help = true
    )]
    pub(super) duplicates: Option<DuplicatesArg>,
    /// Also request items that were gone from their site
    ///
    /// By default, items that a site has reported as missing or removed are remembered and skipped.
    #[arg(long, hide_short_help = true)]
    pub(super) recheck: bool,
    /// Restart listings that a previous run did not finish
    ///
    /// By default, a listing of many pages resumes where it stopped, if that was in the last seven days.
    #[arg(long, hide_short_help = true)]
    pub(super) from_start: bool,
}

/// Which parts of streams to download.
#[derive(Debug, Group)]
#[command(next_help_heading = "What to fetch")]
pub(super) struct StreamArgs {
    /// Which rendition of a stream: best, worst, audio, or a height such as 720p
    ///
    /// `720p` is the best with at most 720 lines. A stream is a video that comes as a playlist of segments.
    #[arg(
        long,
        value_name = "WHICH",
        hide_short_help = true,
        hide_possible_values = true
    )]
    #[arg(value_parser = Offered(&["best", "worst", "audio", "1080p", "720p", "480p"]))]
    pub(super) quality: Option<String>,
    /// Which subtitles of a stream: none, all, or languages such as `en,pt-BR`
    ///
    /// They are saved beside the video as `NAME.en.vtt`. `-v` prints which ones exist.
    #[arg(
        long,
        value_name = "WHICH",
        hide_short_help = true,
        hide_possible_values = true
    )]
    #[arg(value_parser = Offered(&["all", "none"]))]
    pub(super) subtitles: Option<String>,
    /// Leave a live stream after this long: `90s`, `10m`, `1h`
    ///
    /// By default, it is followed until it ends or until Ctrl-C; what was received by then is saved.
    #[arg(
        long,
        value_name = "TIME",
        hide_short_help = true,
        allow_hyphen_values = true
    )]
    pub(super) live_for: Option<String>,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Save files in this directory instead of the current one
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) directory: Option<String>,
    /// Name files by this template
    #[arg(id = "output", short = 'o', long = "output", value_name = "TEMPLATE")]
    pub(super) template: Option<String>,
    /// Do not set the modification times of files
    ///
    /// By default, a file gets the time when its item was published, or else the one the server reports.
    #[arg(long, hide_short_help = true)]
    pub(super) no_mtime: bool,
    /// Write the metadata of each file beside it: `NAME.json`
    #[arg(long, hide_short_help = true)]
    pub(super) write_metadata: bool,
    /// Write the metadata of each album into its directory: `info.json`
    #[arg(long, hide_short_help = true)]
    pub(super) write_info: bool,
    /// Pack the files of each album: `ALBUM.zip` beside its directory
    ///
    /// A packed file stays in the ZIP even if it is deleted on disk later. The files are kept; with `--zip=only` they are
    /// deleted once all of them are packed and verified.
    #[arg(long, value_name = "ONLY", hide_short_help = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "beside")]
    pub(super) zip: Option<PackingArg>,
    /// Like `--zip`, but only the pictures, for comic readers: `ALBUM.cbz`
    #[arg(long, value_name = "ONLY", hide_short_help = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "beside")]
    pub(super) cbz: Option<PackingArg>,
    /// Run a program for each saved file: `exiftool {path}`
    ///
    /// `{path}`, `{dir}`, `{name}`, `{source}`, `{key}` and `{url}` are replaced with the values of the file, each within
    /// a single argument. No shell is involved.
    #[arg(long, value_name = "COMMAND", hide_short_help = true)]
    pub(super) exec: Option<String>,
    /// Run a program at the end, with `{dir}` and `{saved}`
    #[arg(long, value_name = "COMMAND", hide_short_help = true)]
    pub(super) exec_after: Option<String>,
    /// Remember what was downloaded in this file
    ///
    /// By default, the archive is in the user's state directory: `$XDG_STATE_HOME/fetch/archive.db`.
    #[arg(long, value_name = "FILE", conflicts_with = "no_archive")]
    pub(super) archive: Option<String>,
    /// Remember nothing
    #[arg(long)]
    pub(super) no_archive: bool,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "Network")]
pub(super) struct NetworkArgs {
    /// Maximum number of connections for files
    #[arg(short = 'N', long, value_name = "N", value_parser = positive::<NonZeroUsize>)]
    #[arg(allow_negative_numbers = true)]
    pub(super) connections: Option<NonZeroUsize>,
    /// Maximum bytes per second in total: `500K`, `2M`
    #[arg(short, long, value_name = "RATE", allow_negative_numbers = true)]
    pub(super) rate: Option<Size>,
    /// Maximum retries without progress (four times as many after a 429)
    #[arg(short = 'R', long, value_name = "N", value_parser = whole_number::<u32>)]
    #[arg(allow_negative_numbers = true)]
    pub(super) retries: Option<u32>,
    /// Read cookies from a Netscape `cookies.txt`
    #[arg(short = 'C', long, value_name = "FILE")]
    pub(super) cookies: Option<String>,
    /// Write cookies set by servers back to the file of `-C`
    ///
    /// The file is created if necessary. Other cookies and comments in it stay as they are.
    #[arg(long, hide_short_help = true)]
    pub(super) save_cookies: bool,
    /// Use the cookies of Firefox: `firefox` or `firefox:PROFILE`
    ///
    /// `PROFILE` is a name or a directory. `firefox:PROFILE::CONTAINER` uses the cookies of a container. Other browsers do
    /// not let programs read their cookies; export those to a file for `-C`.
    #[arg(
        long,
        value_name = "BROWSER",
        hide_short_help = true,
        hide_possible_values = true
    )]
    #[arg(value_parser = Offered(&["firefox"]))]
    pub(super) cookies_from: Option<String>,
    /// Use the names and passwords in `~/.netrc` or `$NETRC`
    ///
    /// They are sent only over https (or to this machine), and never to where a redirect leads. To use another file:
    /// `-S net.netrc=PATH`.
    #[arg(long, hide_short_help = true)]
    pub(super) netrc: bool,
    /// Add a header to requests to the sites of the links
    ///
    /// It is sent to the origins of the given links and to no others. Can be given several times.
    #[arg(long, value_name = "NAME: VALUE")]
    pub(super) header: Vec<String>,
    /// Send this user agent
    #[arg(long, value_name = "TEXT")]
    pub(super) user_agent: Option<String>,
    /// Proxy: http, https, socks4, socks4a, socks5 or socks5h
    #[arg(long, value_name = "URL")]
    pub(super) proxy: Option<String>,
    /// Use this address for a host
    ///
    /// It applies to all ports of the host, whichever PORT says; connections go to the port of the link. Separate several
    /// addresses with commas. Can be given several times.
    #[arg(long, value_name = "HOST:PORT:ADDR", hide_short_help = true)]
    pub(super) resolve: Vec<Resolve>,
    /// Also trust the certificate authorities in this PEM file
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(super) ca_cert: Vec<String>,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "Messages")]
pub(super) struct ReportArgs {
    /// Download nothing; print what would be downloaded
    #[arg(short, long)]
    pub(super) simulate: bool,
    /// Download nothing; print the URLs of the media
    #[arg(short, long, conflicts_with = "json")]
    pub(super) get_urls: bool,
    /// Print events as JSON, one per line
    #[arg(short, long)]
    pub(super) json: bool,
    /// Print only failures
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Print everything
    #[arg(short, long, action = ArgAction::Count)]
    pub(super) verbose: u8,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "Settings")]
pub(super) struct Settings {
    /// Also read settings from this file
    ///
    /// Can be given several times; later files override earlier ones.
    #[arg(short, long, value_name = "FILE", global = true, value_parser = path())]
    pub(super) config: Vec<PathBuf>,
    /// Set any option: `-S net.stall_timeout=1m`
    ///
    /// Quote a part of a key that contains dots: `-S 'host."example.org".connections=4'`.
    #[arg(short = 'S', long = "set", value_name = "KEY=VALUE", global = true)]
    pub(super) set: Vec<String>,
    /// Also use the plugin in this directory
    ///
    /// It takes precedence over others with the same id. Plugins in `$XDG_CONFIG_HOME/fetch/plugins` are used without this
    /// flag. Can be given several times.
    #[arg(long, value_name = "DIR", global = true, hide_short_help = true, value_parser = path())]
    pub(super) plugin: Vec<PathBuf>,
    /// Print help (see more with `--help`)
    #[arg(short, long, action = ArgAction::Help, global = true)]
    help: Option<bool>,
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

#[cfg(test)]
mod tests;
