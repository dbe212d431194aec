//! The links of a job as they are now.

use std::path::Path;

use super::batch::List;
use super::talk::{tell, warn};
use crate::config::Config;
use crate::pipeline::Wanted;
use crate::source::Registry;

/// Hands on each link of the job, if it is one, with what its lists say of it. What cannot be read is told of, and left out.
pub(super) fn each(
    config: &Config,
    registry: &Registry,
    is_quiet: bool,
    next: &mut dyn FnMut(Wanted),
) {
    let (links, lists) = config.links();
    for link in links.iter().filter_map(|link| registry.read(link).ok()) {
        next(link.into());
    }
    // What somebody types cannot be had again.
    for path in lists.iter().filter(|path| *path != Path::new("-")) {
        match List::open(path) {
            Ok(list) => list.read(registry, &mut |wanted| {
                // What is wrong with a list is told by a run of the job.
                wanted.into_iter().for_each(&mut *next);
                true
            }),
            Err(error) if is_quiet => drop(error),
            Err(error) => tell(&warn(&error)),
        }
    }
}
