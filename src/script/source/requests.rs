//! Makes the requests of a script, with its headers and secrets.

use futures_util::{StreamExt, TryStreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use url::Url;

use super::Script;
use crate::model::{Error, Kind, Result};
use crate::net::Secret;
use crate::script::call::ScriptRequest;
use crate::script::failure::quoted;
use crate::script::gate::Gate;
use crate::script::manifest::SecretSpec;
use crate::source::{Answer, Ctx};

/// How many requests of one call are in progress at once, in addition to the pacing of each host.
const AT_ONCE: usize = 8;
/// The maximum size in bytes of a response that is one of many.
const LONGEST_OF_MANY: usize = 4 << 20;
/// Headers that a script cannot set.
const FORBIDDEN: [&str; 12] = [
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Script {
    /// Makes a script's requests, several at once. The first failure, in their order, ends the call.
    pub(super) async fn request_all(
        &self,
        ctx: &Ctx,
        gate: &Gate,
        requests: Vec<ScriptRequest>,
    ) -> Result<Vec<Answer>> {
        let limit = self.package.manifest.limits.body_mib << 20;
        // Each gets a lower limit, so that together they do not exceed what memory is meant for.
        let limit = match requests.len() {
            1 => limit,
            _ => limit.min(LONGEST_OF_MANY),
        };
        stream::iter(requests)
            .map(|request| self.request_one(ctx, gate, request, limit))
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn request_one(
        &self,
        ctx: &Ctx,
        gate: &Gate,
        request: ScriptRequest,
        limit: usize,
    ) -> Result<Answer> {
        let (answer, token) = self.send_once(ctx, gate, &request, limit).await?;
        match (&request.secret, token) {
            // A token may have been revoked early.
            (Some(key), Some(token)) if answer.status == StatusCode::UNAUTHORIZED => {
                self.tokens.forget(key, &token).await;
                Ok(self.send_once(ctx, gate, &request, limit).await?.0)
            }
            _ => Ok(answer),
        }
    }

    /// Makes a request; also returns the token that was sent, if any.
    async fn send_once(
        &self,
        ctx: &Ctx,
        gate: &Gate,
        request: &ScriptRequest,
        limit: usize,
    ) -> Result<(Answer, Option<Secret>)> {
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            self.add(&mut headers, name, value)?;
        }
        let token = match &request.secret {
            Some(key) => {
                self.add_secret(ctx, &mut headers, &request.url, key)
                    .await?
            }
            None => None,
        };
        if let Some(posted) = &request.body {
            gate.post(&request.url)?;
            let medium = HeaderValue::from_static(posted.medium);
            headers.insert(header::CONTENT_TYPE, medium);
        }
        let named_by = gate.named_by(&request.url);
        let body = request.body.as_ref().map(|posted| &posted.bytes);
        let asked = ctx.gated(gate, named_by, &request.url, &headers, body, limit);
        Ok((asked.await?, token))
    }

    fn secret(&self, key: &str) -> Option<&SecretSpec> {
        let secrets = &self.package.manifest.secrets;
        secrets.iter().find(|secret| secret.key == key)
    }

    fn add(&self, headers: &mut HeaderMap, name: &str, value: &str) -> Result<()> {
        let cannot = || {
            let message = format!(
                "plugin `{}` cannot send the header `{}`",
                self.manifest.name,
                quoted(name)
            );
            self.plugin_error(Kind::Blocked, message)
        };
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| cannot())?;
        if FORBIDDEN.contains(&name.as_str()) {
            return Err(cannot());
        }
        let mut value = HeaderValue::from_str(value).map_err(|_| cannot())?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    }

    /// Adds a secret to the headers, which go only to the origin of the URL; or the token that it is exchanged for,
    /// which is returned.
    async fn add_secret(
        &self,
        ctx: &Ctx,
        headers: &mut HeaderMap,
        url: &Url,
        key: &str,
    ) -> Result<Option<Secret>> {
        let name = &self.manifest.name;
        let Some(spec) = self.secret(key) else {
            let message = format!("plugin `{name}` declares no secret `{}`", quoted(key));
            return Err(self.plugin_error(Kind::Blocked, message));
        };
        let is_bound = url.scheme() == "https" && url.host_str() == Some(spec.host.as_str());
        if !is_bound || url.port().is_some() {
            let mut refused = spec.elsewhere(name);
            let is_own = self.options.own.contains(&url.origin());
            refused.hint = is_own.then(|| spec.at_home());
            return Err(refused);
        }
        let Some(secret) = self.options.secrets.get(key) else {
            let message = format!("plugin `{name}` needs `{key}`: {}", spec.help);
            let hint = format!("set `{key}` in `[source.{name}]` of the configuration");
            return Err(Error::new(Kind::Login, message).hint(hint));
        };
        let token = match &spec.token {
            Some(from) if !ctx.is_replay() => {
                let asked = self.tokens.get(ctx, &self.gate, (key, secret), from);
                Some(asked.await?)
            }
            _ => None,
        };
        let value = token.as_ref().unwrap_or(secret).reveal();
        self.add(headers, &spec.header, &format!("{}{value}", spec.prefix))?;
        Ok(token)
    }
}
