//! What can be typed.

mod command;
mod foreign;
mod kept;
mod links;
mod plugin;
mod read;
mod values;

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::{ArgAction, Args as Group, Parser, ValueHint};

pub(super) use self::command::{
    Command, ConfigCommand, FromCurl, FromHar, Jobs, Past, Retry, Run, SourcesCommand,
};
pub(super) use self::kept::{Adopt, ArchiveCommand, Format, Rename, Repair, Telling, Verify};
pub(super) use self::links::as_path;
pub(super) use self::plugin::{IndexCommand, PluginCommand};
pub(super) use self::values::{Known, Medium, Packed, Twins};
use self::values::{Offered, path, positive, whole};
use crate::config::{Resolve, Size};

/// What is told below the long help.
const AFTER: &str = "\
A link is a URL, with or without `https://`; `source:id`, as in `imgur:q6i58`;
or a word that one source knows as an id, as in `q6i58`.

Examples:
  fetch https://imgur.com/a/q6i58            an album, into a folder of its own
  fetch -d pictures -i links.txt             a list of links, into `pictures`
  fetch -I 1-5,8- https://imgur.com/a/q6i58  items 1 to 5, and all from 8 on
  fetch -j https://imgur.com/a/q6i58 | jq .  what happens, as JSON
  fetch sources which imgur.com/a/q6i58      who would fetch this

Exit codes:
  0  all is well             3  some failed             6  a login is needed
  1  a defect of fetch       4  nothing succeeded       7  blocked, or slow down
  2  asked wrongly           5  nobody knows the link   8  the disk refused
  9  the job, or a `rename` of the folder, is running already; `archive move`:
     a fetch uses the folder
  130  interrupted: the first Ctrl-C finishes what has begun, the second stops
       at once";

/// Saves the media behind any URL.
#[derive(Debug, Parser)]
#[command(
    name = "fetch",
    version,
    about,
    after_help = "`fetch --help` tells more, with examples and exit codes.",
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
    pub(super) what: What,
    #[command(flatten)]
    pub(super) place: Where,
    #[command(flatten)]
    pub(super) how: How,
    #[command(flatten)]
    pub(super) talk: Talk,
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
    /// A file ending in `.csv` or `.tsv` has them in the column `url` or `link`, or else in the first one, and wherever
    /// there is `https://`. Elsewhere each line is a link, with a title behind a TAB if need be, or a JSON object with
    /// `url`; lines that begin with `#` are comments. Can be given several times.
    #[arg(short, long, value_name = "FILE", value_parser = path())]
    pub(super) input_file: Vec<PathBuf>,
    /// Take everything on a page: icons, logos, posters, what stands beside the matter
    #[arg(long, hide_short_help = true)]
    pub(super) all: bool,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "What to fetch")]
pub(super) struct What {
    /// Follow the links of a page to other pages, so many deep
    ///
    /// Within the host of the page, as its robots.txt lets programs, up to 1,000 pages: `-S source.page.max_pages=N`.
    #[arg(long, value_name = "N", value_parser = whole::<u32>, allow_negative_numbers = true)]
    #[arg(hide_short_help = true)]
    pub(super) depth: Option<u32>,
    /// With `--depth`, stay on the host of the page, as it is; `--same-host=false` leaves it
    #[arg(long, value_name = "BOOL", hide_short_help = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) same_host: Option<bool>,
    /// With `--depth`, follow only links with such an address: `*/cats/*`
    ///
    /// `*` stands for anything; a pattern without it may stand anywhere. Can be given several times.
    #[arg(long, value_name = "PATTERN", hide_short_help = true)]
    pub(super) accept: Vec<String>,
    /// With `--depth`, follow no links with such an address
    #[arg(long, value_name = "PATTERN", hide_short_help = true)]
    pub(super) reject: Vec<String>,
    /// Only items at these positions: `1-5,8`
    ///
    /// `-3` is up to the third, `8-` from the eighth on. Positions are counted in each link.
    #[arg(short = 'I', long, value_name = "RANGE", allow_hyphen_values = true)]
    pub(super) items: Option<String>,
    /// Only items published since: `2025-01-31` or `2w ago`
    ///
    /// A date begins at midnight UTC. Units are `m` (minutes), `h`, `d` and `w`. Items without a date pass.
    #[arg(long, value_name = "DATE")]
    pub(super) since: Option<String>,
    /// Only items published until: `2025-12-31`, that day included
    ///
    /// Written as for `--since`. Items without a date pass.
    #[arg(long, value_name = "DATE", hide_short_help = true)]
    pub(super) until: Option<String>,
    /// Only items of these kinds: image, video, audio, other
    ///
    /// Several are separated by commas. Items whose kind nobody knows beforehand pass.
    #[arg(
        long,
        value_name = "KIND",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    pub(super) kind: Vec<Medium>,
    /// Only items for which this holds: `width >= 1000`
    ///
    /// The fields are those of templates, `fetch fields LINK` lists them; `size >= bytes("2M")` compares sizes.
    #[arg(long, value_name = "EXPRESSION")]
    pub(super) filter: Option<String>,
    /// Leave a listing after so many known items in a row
    ///
    /// Posts that are pinned at its head do not count: those that are older than what follows them. So a few more known
    /// items are looked at there. In a listing of listings, each counts as one item, known if nothing in it is new.
    #[arg(long, value_name = "N", value_parser = positive::<NonZeroUsize>, hide_short_help = true)]
    #[arg(allow_negative_numbers = true)]
    pub(super) stop_after_known: Option<NonZeroUsize>,
    /// Stop after so many new items
    #[arg(long, value_name = "N", value_parser = positive::<NonZeroU64>)]
    #[arg(allow_negative_numbers = true)]
    pub(super) max_new: Option<NonZeroU64>,
    #[command(flatten)]
    pub(super) of_streams: OfStreams,
    /// Which known items to leave alone: present, changed, seen, never
    ///
    /// `present`: those whose files are there. `changed`: the same, but the server is asked, and a new version is saved
    /// beside the old one; what it tells nothing of is fetched once more and compared. `seen`: those that were ever saved. `never`: none.
    #[arg(long, value_name = "WHICH", hide_possible_values = true)]
    pub(super) skip: Option<Known>,
    /// What to do with a file whose bytes are there already as another item's: keep, link, skip
    ///
    /// `link` gives the file that is there a second name (a hard link), `skip` does not save it again. The bytes are
    /// compared, and nothing is ever deleted.
    #[arg(
        long,
        value_name = "WHAT",
        hide_possible_values = true,
        hide_short_help = true
    )]
    pub(super) duplicates: Option<Twins>,
    /// Ask also for what was gone from its site
    ///
    /// What a site says is not there, or no longer, is remembered and left alone.
    #[arg(long, hide_short_help = true)]
    pub(super) recheck: bool,
    /// List from the start what an earlier run did not list to its end
    ///
    /// Otherwise a listing of many pages goes on where it stopped, if that was in the last seven days.
    #[arg(long, hide_short_help = true)]
    pub(super) from_start: bool,
}

/// What is wanted of streams.
#[derive(Debug, Group)]
#[command(next_help_heading = "What to fetch")]
pub(super) struct OfStreams {
    /// Which rendition of a stream: best, worst, audio, or lines such as 720p
    ///
    /// `720p` is the best with no more lines than that. Streams are films that come as a playlist of segments.
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
    /// They are saved beside the film, as `NAME.en.vtt`. `-v` tells which there are.
    #[arg(
        long,
        value_name = "WHICH",
        hide_short_help = true,
        hide_possible_values = true
    )]
    #[arg(value_parser = Offered(&["all", "none"]))]
    pub(super) subtitles: Option<String>,
    /// Leave a live stream after so long: `90s`, `10m`, `1h`
    ///
    /// Otherwise it is followed until it ends, or until Ctrl-C; what is there by then is saved.
    #[arg(
        long,
        value_name = "TIME",
        hide_short_help = true,
        allow_hyphen_values = true
    )]
    pub(super) live_for: Option<String>,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "Where it goes")]
pub(super) struct Where {
    /// Write into this folder instead of the current one
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) directory: Option<String>,
    /// Name files by this template
    #[arg(short, long, value_name = "TEMPLATE")]
    pub(super) output: Option<String>,
    /// Leave the files' times at that of their saving
    ///
    /// Otherwise a file gets the time at which its item was published, or else the one that the server names.
    #[arg(long, hide_short_help = true)]
    pub(super) no_mtime: bool,
    /// Write what is known of each file beside it: `NAME.json`
    #[arg(long, hide_short_help = true)]
    pub(super) write_metadata: bool,
    /// Write what is known of each album into its folder: `info.json`
    #[arg(long, hide_short_help = true)]
    pub(super) write_info: bool,
    /// Pack the files of each album: `ALBUM.zip` beside its folder
    ///
    /// What was packed stays packed, also if its file is deleted later. The files stay; with `--zip=only` they go once all
    /// of them are packed, and are known to be there.
    #[arg(long, value_name = "ONLY", hide_short_help = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "beside")]
    pub(super) zip: Option<Packed>,
    /// The same with its pictures alone, for readers of comics: `ALBUM.cbz`
    #[arg(long, value_name = "ONLY", hide_short_help = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "beside")]
    pub(super) cbz: Option<Packed>,
    /// Run a program for each saved file: `exiftool {path}`
    ///
    /// `{path}`, `{dir}`, `{name}`, `{source}`, `{key}` and `{url}` stand for what belongs to the file, each within its
    /// word. There is no shell.
    #[arg(long, value_name = "COMMAND", hide_short_help = true)]
    pub(super) exec: Option<String>,
    /// Run a program at the end, with `{dir}` and `{saved}`
    #[arg(long, value_name = "COMMAND", hide_short_help = true)]
    pub(super) exec_after: Option<String>,
    /// Remember what was fetched in this file
    ///
    /// Without it, the archive is in the user's state folder: `$XDG_STATE_HOME/fetch/archive.db`.
    #[arg(long, value_name = "FILE", conflicts_with = "no_archive")]
    pub(super) archive: Option<String>,
    /// Remember nothing
    #[arg(long)]
    pub(super) no_archive: bool,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "How")]
pub(super) struct How {
    /// Most connections for files at once
    #[arg(short = 'N', long, value_name = "N", value_parser = positive::<NonZeroUsize>)]
    #[arg(allow_negative_numbers = true)]
    pub(super) connections: Option<NonZeroUsize>,
    /// Most bytes a second, all together: `500K`, `2M`
    #[arg(short, long, value_name = "RATE", allow_negative_numbers = true)]
    pub(super) rate: Option<Size>,
    /// Most tries again without progress in between (429: four times that)
    #[arg(short = 'R', long, value_name = "N", value_parser = whole::<u32>)]
    #[arg(allow_negative_numbers = true)]
    pub(super) retries: Option<u32>,
    /// Cookies, as a Netscape `cookies.txt`
    #[arg(short = 'C', long, value_name = "FILE")]
    pub(super) cookies: Option<String>,
    /// Write the cookies that servers set back to the file of `-C`
    ///
    /// The file is made if need be. Lines of other cookies and comments stay as they are.
    #[arg(long, hide_short_help = true)]
    pub(super) save_cookies: bool,
    /// Use the cookies of Firefox: `firefox` or `firefox:PROFILE`
    ///
    /// `PROFILE` is a name or a folder. `firefox:PROFILE::CONTAINER` takes those of a container. Other browsers keep their
    /// cookies from other programs; export those to a file for `-C`.
    #[arg(
        long,
        value_name = "BROWSER",
        hide_short_help = true,
        hide_possible_values = true
    )]
    #[arg(value_parser = Offered(&["firefox"]))]
    pub(super) cookies_from: Option<String>,
    /// Use the names and passwords in `~/.netrc`, or in `$NETRC`
    ///
    /// Over https alone, but for this machine itself, and never where a redirect leads. Another file: `-S net.netrc=PATH`.
    #[arg(long, hide_short_help = true)]
    pub(super) netrc: bool,
    /// Add a header to requests to the sites of the links
    ///
    /// It goes to the origins of the links given, and to no other. Can be given several times.
    #[arg(long, value_name = "NAME: VALUE")]
    pub(super) header: Vec<String>,
    /// Call this program by another name
    #[arg(long, value_name = "TEXT")]
    pub(super) user_agent: Option<String>,
    /// Proxy: http, https, socks4, socks4a, socks5 or socks5h
    #[arg(long, value_name = "URL")]
    pub(super) proxy: Option<String>,
    /// Use this address for a host
    ///
    /// It holds for all ports of the host, whichever is written; connections go to the port of the link. Several addresses are separated by commas. Can be given several times.
    #[arg(long, value_name = "HOST:PORT:ADDR", hide_short_help = true)]
    pub(super) resolve: Vec<Resolve>,
    /// Trust the authorities in this PEM file, too
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(super) ca_cert: Vec<String>,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "What it says")]
pub(super) struct Talk {
    /// Fetch nothing; tell what would be fetched
    #[arg(short, long)]
    pub(super) simulate: bool,
    /// Fetch nothing; print the URLs of the media
    #[arg(short, long, conflicts_with = "json")]
    pub(super) get_urls: bool,
    /// Print what happens as JSON, one event a line
    #[arg(short, long)]
    pub(super) json: bool,
    /// Tell failures only
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Tell everything
    #[arg(short, long, action = ArgAction::Count)]
    pub(super) verbose: u8,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "Settings")]
pub(super) struct Settings {
    /// Read settings from this file, too
    ///
    /// Can be given several times; the later ones hold over the earlier.
    #[arg(short, long, value_name = "FILE", global = true, value_parser = path())]
    pub(super) config: Vec<PathBuf>,
    /// Set any option: `-S net.stall_timeout=1m`
    ///
    /// A part of a key that has dots itself is put in quotes: `-S 'host."example.org".connections=4'`.
    #[arg(short = 'S', long = "set", value_name = "KEY=VALUE", global = true)]
    pub(super) set: Vec<String>,
    /// Use the plugin in this folder, too
    ///
    /// It goes before any other of its id. Those in `$XDG_CONFIG_HOME/fetch/plugins` are used without a flag. Can be given
    /// several times.
    #[arg(long, value_name = "DIR", global = true, hide_short_help = true, value_parser = path())]
    pub(super) plugin: Vec<PathBuf>,
    /// Print this; `--help` tells more
    #[arg(short, long, action = ArgAction::Help, global = true)]
    help: Option<bool>,
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

#[cfg(test)]
mod tests;
