//! Parsers and types for the values of arguments.

use std::ffi::OsStr;
use std::num::{IntErrorKind, ParseIntError};
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use clap::builder::{PathBufValueParser, PossibleValue, StringValueParser, TypedValueParser};

use crate::config;
use crate::pipeline::{Duplicates, MediaKind, Packing, Policy};

/// Parses a path and expands `~`, which the shell leaves alone inside a word: `--plugin=~/mine`.
pub(super) fn path() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(|path| match path.to_str() {
        Some(text) => config::path(text),
        None => path,
    })
}

/// Parses any text; shell completion offers these values, and the text is validated later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offered(pub(super) &'static [&'static str]);

impl TypedValueParser for Offered {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(PossibleValue::new)))
    }
}

/// Parses a number of at least one.
pub(super) fn positive<N: FromStr<Err = ParseIntError>>(text: &str) -> Result<N, &'static str> {
    number(text, "expected a whole number, 1 or more")
}

/// Parses a number, which may be zero.
pub(super) fn whole_number<N: FromStr<Err = ParseIntError>>(text: &str) -> Result<N, &'static str> {
    number(text, "expected a whole number, 0 or more")
}

fn number<N: FromStr<Err = ParseIntError>>(
    text: &str,
    wanted: &'static str,
) -> Result<N, &'static str> {
    text.parse()
        .map_err(|error: ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow => "it is too large",
            _ => wanted,
        })
}

/// Values of `--duplicates`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum DuplicatesArg {
    Keep,
    Link,
    Skip,
}

/// Values of `--skip`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum SkipArg {
    Present,
    Changed,
    Seen,
    Never,
}

impl From<SkipArg> for Policy {
    fn from(arg: SkipArg) -> Policy {
        match arg {
            SkipArg::Present => Policy::Present,
            SkipArg::Changed => Policy::Changed,
            SkipArg::Seen => Policy::Seen,
            SkipArg::Never => Policy::Never,
        }
    }
}

/// Values of `--zip` and `--cbz`: what happens to the packed files.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum PackingArg {
    #[value(hide = true)]
    Beside,
    Only,
}

impl From<PackingArg> for Packing {
    fn from(arg: PackingArg) -> Packing {
        match arg {
            PackingArg::Beside => Packing::Beside,
            PackingArg::Only => Packing::Only,
        }
    }
}

/// Values of `--kind`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum KindArg {
    Image,
    Video,
    Audio,
    Other,
}

impl From<DuplicatesArg> for Duplicates {
    fn from(arg: DuplicatesArg) -> Duplicates {
        match arg {
            DuplicatesArg::Keep => Duplicates::Keep,
            DuplicatesArg::Link => Duplicates::Link,
            DuplicatesArg::Skip => Duplicates::Skip,
        }
    }
}

impl From<KindArg> for MediaKind {
    fn from(arg: KindArg) -> MediaKind {
        match arg {
            KindArg::Image => MediaKind::Image,
            KindArg::Video => MediaKind::Video,
            KindArg::Audio => MediaKind::Audio,
            KindArg::Other => MediaKind::Other,
        }
    }
}
