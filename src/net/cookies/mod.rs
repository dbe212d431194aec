//! Cookies: those of a `cookies.txt`, those of a browser, and those that servers set.
//!
//! This module does not know which links are downloaded: a cookie goes where its domain and path say.

mod browser;
mod cookie;
mod firefox;
mod jar;
mod netscape;
mod profiles;

pub(crate) use jar::Jar;
