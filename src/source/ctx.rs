//! What a source can do: ask the web, politely.

use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::model::{Error, Kind, Result};
use crate::net::{Answer, Client};

/// The largest answer that a listing call reads, in bytes.
const BODY_LIMIT: usize = 32 << 20;

/// What a source gets with every call. It carries the run's client, with its retries, its pace for each host, and the
/// user's proxy and certificates.
#[derive(Clone, Debug)]
pub struct Ctx {
    client: Client,
}

impl Ctx {
    /// A context over this client.
    pub fn new(client: Client) -> Self {
        Ctx { client }
    }

    /// Prepares a GET.
    pub fn get(&self, url: Url) -> Call<'_> {
        Call {
            client: &self.client,
            url,
            headers: HeaderMap::new(),
        }
    }
}

/// A GET that is being prepared.
#[derive(Debug)]
pub struct Call<'a> {
    client: &'a Client,
    url: Url,
    headers: HeaderMap,
}

impl Call<'_> {
    /// Sets a header, for the origin of the URL and for no other.
    ///
    /// # Errors
    /// [`Kind::Config`] if the value cannot stand in a header. The value is not shown.
    pub fn header(mut self, name: HeaderName, value: &str) -> Result<Self> {
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            Error::new(
                Kind::Config,
                format!("the value for the header `{name}` cannot be sent"),
            )
        })?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Asks, and reads the whole answer, whatever its status. What passes by itself is tried again: failures of the
    /// network, 408, 425, 5xx, and refusals that say how long to wait, if that is not too long.
    ///
    /// # Errors
    /// [`Kind::Network`] when it cannot be had; [`Kind::Corrupt`] for an answer over 32 MiB.
    pub async fn send(self) -> Result<Answer> {
        self.client.call(&self.url, &self.headers, BODY_LIMIT).await
    }
}
