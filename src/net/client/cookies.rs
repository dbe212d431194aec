//! What the user hears of the cookies of a client, and has kept of them.

use std::path::Path;

use super::Client;
use crate::model::Result;

impl Client {
    /// The file of cookies that are all over, if there is one: they let nobody in.
    pub fn cookies_over(&self) -> Option<&Path> {
        self.inner.pools.jar()?.over()
    }

    /// Writes the cookies that servers set to the file, if the settings say so.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`]; then the file is as it was.
    pub fn save_cookies(&self) -> Result<()> {
        self.inner.pools.save_cookies()
    }
}
