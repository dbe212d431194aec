//! Exchanges secrets for tokens: OAuth 2.0 with the credentials of the user's own client (RFC 6749 §4.4).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use super::gate::Gate;
use crate::model::{Error, Kind, Result};
use crate::net::{NamedBy, Redacted, Secret};
use crate::source::Ctx;

/// The maximum length of a response.
const LONGEST: usize = 64 << 10;
/// How long before it expires a token is no longer used.
const MARGIN: Duration = Duration::from_secs(60);
/// The lifetime in seconds of a token whose response does not give one.
const USUAL: u64 = 600;

/// The tokens of a plugin. Like secrets, they never reach the script.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<Issued>);

#[derive(Debug, Default)]
struct Issued {
    /// Valid tokens, by the key of their secret.
    valid: HashMap<String, Token>,
    /// Every token issued so far.
    all: Vec<Secret>,
}

#[derive(Debug)]
struct Token {
    value: Secret,
    until: Instant,
}

#[derive(Deserialize)]
struct TokenResponse {
    access_token: Secret,
    expires_in: Option<u64>,
}

impl Tokens {
    /// Returns the token for a secret, `ID:SECRET` of a client, from this URL. It is requested once, and again when it
    /// expires.
    ///
    /// # Errors
    /// [`Kind::Login`] if the secret is rejected; errors of the gate; and those of a request.
    pub(super) async fn get(
        &self,
        ctx: &Ctx,
        gate: &Gate,
        (key, secret): (&str, &Secret),
        url: &Url,
    ) -> Result<Secret> {
        let mut tokens = self.0.lock().await;
        let now = Instant::now();
        if let Some(token) = tokens.valid.get(key).filter(|token| token.until > now) {
            return Ok(token.value.clone());
        }
        let granted = ask(ctx, gate, key, secret, url).await?;
        let life = Duration::from_secs(granted.expires_in.unwrap_or(USUAL).min(86_400));
        let token = Token {
            value: granted.access_token.clone(),
            until: now + life.saturating_sub(MARGIN),
        };
        tokens.valid.insert(key.to_owned(), token);
        tokens.all.push(granted.access_token.clone());
        Ok(granted.access_token)
    }

    /// Forgets a token that the site rejects, unless it has been replaced already.
    pub(super) async fn forget(&self, key: &str, token: &Secret) {
        let valid = &mut self.0.lock().await.valid;
        if valid.get(key).is_some_and(|known| known.value == *token) {
            valid.remove(key);
        }
    }

    /// Returns every token issued so far, so that they can be redacted.
    pub(super) async fn all(&self) -> Vec<Secret> {
        self.0.lock().await.all.clone()
    }
}

async fn ask(
    ctx: &Ctx,
    gate: &Gate,
    key: &str,
    secret: &Secret,
    url: &Url,
) -> Result<TokenResponse> {
    // A client without a secret has an empty one.
    let colon = if secret.reveal().contains(':') {
        ""
    } else {
        ":"
    };
    let pair = STANDARD.encode(format!("{}{colon}", secret.reveal()));
    let mut login = HeaderValue::try_from(format!("Basic {pair}"))
        .map_err(|_| Error::new(Kind::Config, format!("`{key}` cannot be sent")))?;
    login.set_sensitive(true);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    let headers =
        HeaderMap::from_iter([(header::AUTHORIZATION, login), (header::CONTENT_TYPE, form)]);
    let body = Bytes::from_static(b"grant_type=client_credentials");
    let ctx = ctx.without_tape();
    let asked = ctx.gated(
        gate,
        NamedBy::PublicServer,
        url,
        &headers,
        Some(&body),
        LONGEST,
    );
    let answer = asked.await?;
    let shown = Redacted(url);
    let is_refused = matches!(
        answer.status,
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
    );
    if is_refused {
        let message = format!("`{shown}` rejects `{key}`: {}", answer.status);
        return Err(Error::new(Kind::Login, message).hint("use `ID:SECRET` of your own app"));
    }
    // An unreadable response may still contain a token, so it is not shown.
    let granted = answer.ok()?.json();
    granted.map_err(|_| Error::new(Kind::Corrupt, format!("`{shown}` did not return a token")))
}
