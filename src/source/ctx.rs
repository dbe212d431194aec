//! What a source can do: make polite web requests.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

use crate::model::{Error, Kind, Result};
use crate::net::{Answer, Client, Gate, NamedBy, ReadRetryAfter, Secret, Settings, too_long};

/// The maximum length of a response that a listing call reads, in bytes.
const BODY_LIMIT: usize = 32 << 20;

/// The context that a source gets with every call. It carries the run's client, with its retries, its pacing per host, and
/// the user's proxy and certificates.
#[derive(Clone, Debug)]
pub struct Ctx {
    client: Client,
    /// Who named the link.
    link_named_by: NamedBy,
    /// Who counts as having named the URLs in the responses so far. Shared with clones.
    named_by: Arc<Mutex<NamedBy>>,
    /// A response that is already there, with its URL.
    prefetched: Arc<Mutex<Option<(Url, Answer)>>>,
    /// Replaces or observes the network.
    tape: Option<Arc<dyn Tape>>,
}

/// Answers requests instead of the network, or records its responses.
pub(crate) trait Tape: std::fmt::Debug + Send + Sync {
    /// Returns the response for a URL, to which `posted` was posted, if anything. With none, the network is asked.
    ///
    /// # Errors
    /// If there is no response, and the network must not be asked either.
    fn answer(&self, url: &Url, posted: Option<&[u8]>) -> Option<Result<Answer>>;

    /// Receives the response of the network, when this tape had none.
    fn record(&self, url: &Url, posted: Option<&[u8]>, answer: &Answer);

    /// Checks whether nothing is sent at all.
    fn is_replay(&self) -> bool;
}

impl Ctx {
    /// Creates a context with this client.
    pub fn new(client: Client) -> Self {
        Ctx::for_link_named_by(client, NamedBy::User)
    }

    /// Creates a context for a link that may have been named by a server.
    pub(crate) fn for_link_named_by(client: Client, named_by: NamedBy) -> Self {
        Ctx {
            client,
            link_named_by: named_by,
            named_by: Arc::new(Mutex::new(named_by)),
            prefetched: Arc::default(),
            tape: None,
        }
    }

    /// Adds a tape, which answers or records the requests that pass a gate.
    pub(crate) fn with_tape(self, tape: Arc<dyn Tape>) -> Self {
        Ctx {
            tape: Some(tape),
            ..self
        }
    }

    /// Checks whether nothing is sent.
    pub(crate) fn is_replay(&self) -> bool {
        self.tape.as_ref().is_some_and(|tape| tape.is_replay())
    }

    /// Clones the context without its tape, for requests that are not to be recorded.
    pub(crate) fn without_tape(&self) -> Self {
        Ctx {
            tape: None,
            ..self.clone()
        }
    }

    /// Keeps this response for the first request for this URL.
    pub(crate) fn keep_response(&self, url: Url, answer: Answer) {
        *self
            .prefetched
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some((url, answer));
    }

    fn take_prefetched(&self, url: &Url) -> Option<Answer> {
        let mut prefetched = self
            .prefetched
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        prefetched
            .take_if(|(known, _)| known == url)
            .map(|(_, answer)| answer)
    }

    /// Marks what is emitted from now on as named by a public server, so that it may not lead to private addresses.
    ///
    /// A response from a public server does this automatically; this is for a source that gets URLs in another way.
    pub fn mark_public(&self) {
        self.note(NamedBy::PublicServer);
    }

    /// Returns who named what is emitted now.
    pub(crate) fn named_by(&self) -> NamedBy {
        *self.named_by.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, named_by: NamedBy) {
        if named_by == NamedBy::PublicServer {
            *self.named_by.lock().unwrap_or_else(PoisonError::into_inner) = named_by;
        }
    }

    /// Requests a URL that `named_by` has named, where every hop has to pass a gate; with a body, by POST. The caller, who
    /// knows the gate, decides who counts as having named the URLs in the response: a site that the user has set still
    /// counts as the user.
    ///
    /// # Errors
    /// As [`Call::send`], and the errors of the gate.
    pub(crate) async fn gated(
        &self,
        gate: &dyn Gate,
        named_by: NamedBy,
        url: &Url,
        headers: &HeaderMap,
        body: Option<&Bytes>,
        limit: usize,
    ) -> Result<Answer> {
        let posted = body.map(|body| &body[..]);
        if let Some(tape) = &self.tape {
            gate.pass(url)?;
            if let Some(answer) = tape.answer(url, posted) {
                return bounded(url, answer?, limit);
            }
        }
        if body.is_none()
            && headers.is_empty()
            && let Some(answer) = self.take_prefetched(url)
        {
            gate.pass(url)?;
            return bounded(url, answer, limit);
        }
        // If a public server named the link, that server chose the request, even one to the user's own site.
        let mut named_by = match self.link_named_by {
            NamedBy::PublicServer => NamedBy::PublicServer,
            NamedBy::User => named_by,
        };
        let call = self
            .client
            .call_gated(Some(gate), &mut named_by, url, headers, body, limit);
        let answer = call.await?;
        if let Some(tape) = &self.tape {
            tape.record(url, posted, &answer);
        }
        Ok(answer)
    }

    /// Returns the client's settings, for a source that runs another program.
    pub fn settings(&self) -> &Settings {
        self.client.settings()
    }

    /// Returns the cookies for another program that requests these URLs, as the text of a `cookies.txt`: those of their
    /// hosts and of the parent domains. None if the user has none.
    pub fn cookies_text(&self, urls: &[&Url]) -> Option<Secret> {
        self.client.cookies_text(urls)
    }

    /// Allows another program to request this URL, unless it is a forbidden private address, and notes who counts as having
    /// named the URLs in its output.
    ///
    /// # Errors
    /// [`Kind::Blocked`] for a private address that a public server led to; [`Kind::Network`] for a host that is not found.
    pub async fn allow_external(&self, url: &Url) -> Result<()> {
        let named_by = self.client.check_external(url, self.named_by()).await?;
        self.note(named_by);
        Ok(())
    }

    /// Prepares a GET.
    pub fn get(&self, url: Url) -> Call<'_> {
        Call {
            ctx: self,
            url,
            headers: HeaderMap::new(),
            uncompressed: false,
            read_retry_after: Answer::retry_after,
        }
    }
}

/// Returns a response that is already there, if it is not longer than `limit`.
fn bounded(url: &Url, answer: Answer, limit: usize) -> Result<Answer> {
    match answer.body.len() > limit {
        true => Err(too_long(url, limit)),
        false => Ok(answer),
    }
}

/// A GET request under construction.
#[derive(Debug)]
pub struct Call<'a> {
    ctx: &'a Ctx,
    url: Url,
    headers: HeaderMap,
    uncompressed: bool,
    read_retry_after: ReadRetryAfter,
}

impl<'a> Call<'a> {
    /// Sets a header, for the origin of the URL only.
    ///
    /// # Errors
    /// [`Kind::Config`] if the value is not valid in a header. The value is not shown.
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

    /// Requests an uncompressed response, for one that is to be recognised by its ETag: responses are compressed otherwise,
    /// and servers change the ETag of what they compress.
    pub fn uncompressed(mut self) -> Self {
        self.uncompressed = true;
        self
    }

    /// Sets how to read the wait time from a refusal, for a site that states it in its own way.
    pub fn read_retry_after(mut self, read_retry_after: fn(&Answer) -> Option<Duration>) -> Self {
        self.read_retry_after = read_retry_after;
        self
    }

    /// Sends the request, and reads the whole response, whatever its status. Temporary failures are retried: failures of the
    /// network, 408, 425, 429, 5xx, and refusals that say how long to wait, if that is not too long.
    ///
    /// # Errors
    /// [`Kind::Network`] if there is no response; [`Kind::Blocked`] for a private address that a public server led to;
    /// [`Kind::Corrupt`] for a response over 32 MiB.
    pub async fn send(self) -> Result<Answer> {
        if self.headers.is_empty()
            && let Some(answer) = self.ctx.take_prefetched(&self.url)
        {
            return Ok(answer);
        }
        self.send_with(None).await
    }

    /// Sends the request without following redirects, and reads the body only if `wants` accepts the head; else the body is
    /// empty. A response that is already there is not used, as it may have come through a redirect.
    ///
    /// # Errors
    /// As [`Call::send`].
    pub async fn send_if(self, wants: fn(&HeaderMap) -> bool) -> Result<Answer> {
        self.send_with(Some(wants)).await
    }

    async fn send_with(mut self, wants: Option<fn(&HeaderMap) -> bool>) -> Result<Answer> {
        if self.uncompressed {
            let identity = HeaderValue::from_static("identity");
            self.headers.insert(header::ACCEPT_ENCODING, identity);
        }
        let Call {
            ctx,
            url,
            headers,
            read_retry_after,
            ..
        } = self;
        let mut named_by = ctx.named_by();
        let client = &ctx.client;
        let call = client.call_wanting(
            wants,
            read_retry_after,
            &mut named_by,
            &url,
            &headers,
            BODY_LIMIT,
        );
        let answer = call.await;
        ctx.note(named_by);
        answer
    }
}
