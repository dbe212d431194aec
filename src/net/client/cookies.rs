//! Cookies of a client that concern the user: expired files, and saving.

use std::path::Path;

use super::Client;
use crate::model::Result;

impl Client {
    /// Returns the cookie file if all its cookies have expired, so that they log nobody in.
    pub fn expired_cookie_file(&self) -> Option<&Path> {
        self.inner.pools.jar()?.expired_file()
    }

    /// Saves the cookies that servers set to the file, if the settings say so.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`]; the file is then unchanged.
    pub fn save_cookies(&self) -> Result<()> {
        self.inner.pools.save_cookies()
    }
}
