//! `fetch archive adopt`: records existing files, so that they are not downloaded.

use crate::cli::args::{Adopt, Args};
use crate::cli::{batch, main, overrides};
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::Run;
use crate::pipeline::{self, Policy};
use crate::source::Registry;

/// Lists the links, and records the files that are where their items would be saved.
pub(super) fn adopt(
    mut args: Args,
    adopt: Adopt,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    if !adopt.folder.is_dir() {
        let message = format!("there is no folder `{}`", adopt.folder.display());
        return Err(Error::new(Kind::Config, message));
    }
    args.output.template = adopt.output;
    args.output.archive = adopt.archive.or(args.output.archive.take());
    args.network = adopt.network;
    args.report.json = adopt.report.json;
    args.report.quiet = adopt.report.quiet;
    args.report.verbose = adopt.report.verbose.into();
    let config = main::config(&args)?;
    let registry = main::registry(&config, sources)?;
    let settings = pipeline::Settings {
        adopt: true,
        root: adopt.folder,
        recheck: true,
        skip: Policy::Present,
        ..overrides::pipeline(&args, config.pipeline()?)?
    };
    super::enabled(settings.archive.clone())?;
    let links = batch::links(adopt.links, Vec::new(), registry.clone());
    let run = Run::new("fetch archive adopt", None);
    main::perform(&args, &config, registry, settings, links, run)
}
