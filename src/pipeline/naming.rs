//! Names of files.

/// A path template.
#[derive(Clone, Debug)]
pub struct Template;
