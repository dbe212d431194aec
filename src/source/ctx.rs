//! What a source can do: ask the web, politely.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

use crate::model::{Error, Kind, Result};
use crate::net::{Answer, Client, Gate, Led, Secret, Settings, Told, too_long};

/// The largest answer that a listing call reads, in bytes.
const BODY_LIMIT: usize = 32 << 20;

/// What a source gets with every call. It carries the run's client, with its retries, its pace for each host, and the
/// user's proxy and certificates.
#[derive(Clone, Debug)]
pub struct Ctx {
    client: Client,
    /// Who named the link.
    named: Led,
    /// Who leads on from what was heard so far. Shared with clones.
    led: Arc<Mutex<Led>>,
    /// What came already, and for which URL.
    had: Arc<Mutex<Option<(Url, Answer)>>>,
    /// What answers in the place of the network.
    tape: Option<Arc<dyn Tape>>,
}

/// Answers in the place of the network, or hears what it answers.
pub(crate) trait Tape: std::fmt::Debug + Send + Sync {
    /// The answer for a URL, to which this was posted if anything was.
    ///
    /// # Errors
    /// When there is none, and the network is not asked either.
    fn answer(&self, url: &Url, posted: Option<&[u8]>) -> Option<Result<Answer>>;

    /// What the network has answered, because this had none.
    fn hear(&self, url: &Url, posted: Option<&[u8]>, answer: &Answer);

    /// Whether nothing is sent at all.
    fn is_replay(&self) -> bool;
}

impl Ctx {
    /// A context over this client.
    pub fn new(client: Client) -> Self {
        Ctx::led_by(client, Led::ByUser)
    }

    /// The same for a link that may have been named by a server.
    pub(crate) fn led_by(client: Client, led: Led) -> Self {
        Ctx {
            client,
            named: led,
            led: Arc::new(Mutex::new(led)),
            had: Arc::default(),
            tape: None,
        }
    }

    /// The same, where what passes a gate is answered so, or heard.
    pub(crate) fn with_tape(self, tape: Arc<dyn Tape>) -> Self {
        Ctx {
            tape: Some(tape),
            ..self
        }
    }

    /// Whether nothing is sent.
    pub(crate) fn is_replay(&self) -> bool {
        self.tape.as_ref().is_some_and(|tape| tape.is_replay())
    }

    /// The same for what nobody is to hear.
    pub(crate) fn unheard(&self) -> Self {
        Ctx {
            tape: None,
            ..self.clone()
        }
    }

    /// Gives this answer to the first call for this URL.
    pub(crate) fn have(&self, url: Url, answer: Answer) {
        *self.had.lock().unwrap_or_else(PoisonError::into_inner) = Some((url, answer));
    }

    fn had(&self, url: &Url) -> Option<Answer> {
        let mut had = self.had.lock().unwrap_or_else(PoisonError::into_inner);
        had.take_if(|(known, _)| known == url)
            .map(|(_, answer)| answer)
    }

    /// Notes that what is emitted from now on was named by a public server, so that it may not lead to private addresses.
    ///
    /// An answer of a public server notes that by itself; this is for a source that hears of it in another way.
    pub fn led_by_public(&self) {
        self.note(Led::ByPublic);
    }

    /// Who named what is emitted now.
    pub(crate) fn led(&self) -> Led {
        *self.led.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, led: Led) {
        if led == Led::ByPublic {
            *self.led.lock().unwrap_or_else(PoisonError::into_inner) = led;
        }
    }

    /// Asks for a URL that this somebody has named, where every hop has to pass a gate; with a body, by POST. Who leads on from the answer is for
    /// whoever knows the gate to say: a site that the user has set stays the user's word.
    ///
    /// # Errors
    /// As [`Call::send`], and what the gate says.
    pub(crate) async fn gated(
        &self,
        gate: &dyn Gate,
        led: Led,
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
            && let Some(answer) = self.had(url)
        {
            gate.pass(url)?;
            return bounded(url, answer, limit);
        }
        // Where a public server named the link, it chooses what is asked of the user's site.
        let mut led = match self.named {
            Led::ByPublic => Led::ByPublic,
            Led::ByUser => led,
        };
        let call = self
            .client
            .call_gated(Some(gate), &mut led, url, headers, body, limit);
        let answer = call.await?;
        if let Some(tape) = &self.tape {
            tape.hear(url, posted, &answer);
        }
        Ok(answer)
    }

    /// How the client was set up, for a source that has another program ask.
    pub fn settings(&self) -> &Settings {
        self.client.settings()
    }

    /// The cookies for another program that asks these URLs, as the text of a `cookies.txt`: those of their hosts and of the
    /// hosts above them. None where the user has none.
    pub fn cookies_text(&self, urls: &[&Url]) -> Option<Secret> {
        self.client.cookies_text(urls)
    }

    /// Has another program ask for this URL, unless it may not lead there, and notes who leads on from what it says.
    ///
    /// # Errors
    /// [`Kind::Blocked`] for a private address that a public server led to; [`Kind::Network`] for a host that is not found.
    pub async fn lend(&self, url: &Url) -> Result<()> {
        let led = self.client.lend(url, self.led()).await?;
        self.note(led);
        Ok(())
    }

    /// Prepares a GET.
    pub fn get(&self, url: Url) -> Call<'_> {
        Call {
            ctx: self,
            url,
            headers: HeaderMap::new(),
            uncoded: false,
            told: Answer::retry_after,
        }
    }
}

/// An answer that came already, if it is no longer than that.
fn bounded(url: &Url, answer: Answer, limit: usize) -> Result<Answer> {
    match answer.body.len() > limit {
        true => Err(too_long(url, limit)),
        false => Ok(answer),
    }
}

/// A GET that is being prepared.
#[derive(Debug)]
pub struct Call<'a> {
    ctx: &'a Ctx,
    url: Url,
    headers: HeaderMap,
    uncoded: bool,
    told: Told,
}

impl<'a> Call<'a> {
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

    /// Has the answer come as it is, where it is to be known again by its ETag: on the way it is packed otherwise, and servers
    /// change the ETag of what they pack.
    pub fn uncoded(mut self) -> Self {
        self.uncoded = true;
        self
    }

    /// Reads from a refusal how long it asks to wait, where the site says so in a way of its own.
    pub fn told(mut self, told: fn(&Answer) -> Option<Duration>) -> Self {
        self.told = told;
        self
    }

    /// Asks, and reads the whole answer, whatever its status. What passes by itself is tried again: failures of the
    /// network, 408, 425, 429, 5xx, and refusals that say how long to wait, if that is not too long.
    ///
    /// # Errors
    /// [`Kind::Network`] when it cannot be had; [`Kind::Blocked`] for a private address that a public server led to; [`Kind::Corrupt`] for an answer over 32 MiB.
    pub async fn send(self) -> Result<Answer> {
        if self.headers.is_empty()
            && let Some(answer) = self.ctx.had(&self.url)
        {
            return Ok(answer);
        }
        self.ask(None).await
    }

    /// The same, but along no redirect, and the body is read only if the head says that it is wanted; else it is empty. What came
    /// already does not count, as it may have come along a redirect.
    ///
    /// # Errors
    /// As [`Call::send`].
    pub async fn send_if(self, wants: fn(&HeaderMap) -> bool) -> Result<Answer> {
        self.ask(Some(wants)).await
    }

    async fn ask(mut self, wants: Option<fn(&HeaderMap) -> bool>) -> Result<Answer> {
        if self.uncoded {
            let identity = HeaderValue::from_static("identity");
            self.headers.insert(header::ACCEPT_ENCODING, identity);
        }
        let Call {
            ctx,
            url,
            headers,
            told,
            ..
        } = self;
        let mut led = ctx.led();
        let client = &ctx.client;
        let call = client.call_wanting(wants, told, &mut led, &url, &headers, BODY_LIMIT);
        let answer = call.await;
        ctx.note(led);
        answer
    }
}
