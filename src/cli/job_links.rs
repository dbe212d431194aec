//! The current links of a job.

use std::path::Path;

use super::batch::List;
use super::messages::{eprint, warn};
use crate::config::Config;
use crate::pipeline::Wanted;
use crate::source::Registry;

/// Passes each valid link of the job to `next`, with the options that its list sets. Lists that cannot be read are skipped
/// with a warning.
pub(super) fn for_each(
    config: &Config,
    registry: &Registry,
    is_quiet: bool,
    next: &mut dyn FnMut(Wanted),
) {
    let (links, lists) = config.links();
    for link in links
        .iter()
        .filter_map(|link| registry.parse_link(link).ok())
    {
        next(link.into());
    }
    // Links typed on stdin are gone.
    for path in lists.iter().filter(|path| *path != Path::new("-")) {
        match List::open(path) {
            Ok(list) => list.read(registry, &mut |wanted| {
                // Mistakes in a list are reported when the job runs.
                wanted.into_iter().for_each(&mut *next);
                true
            }),
            Err(error) if is_quiet => drop(error),
            Err(error) => eprint(&warn(&error)),
        }
    }
}
