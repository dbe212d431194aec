//! A source by a script: starts its VM, serves its calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};

use super::call::{Call, Get};
use super::failure::Blame;
use super::find::{Found, Origin};
use super::gate::Gate;
use super::options::{self, Options};
use super::package::Package;
use super::run::{Start, no_thread, run};
use crate::model::{Body, Entry, Error, Item, Kind, Result};
use crate::net::Led;
use crate::source::{Answer, Ctx, Manifest, Outlet, Source, Target};

/// How many scripts compute at once. A script that waits for the host does not count, so that a script whose links lead to
/// others cannot wait for itself.
static COMPUTING: Semaphore = Semaphore::const_new(8);
/// The stack of a script's thread, most of which is never touched.
const STACK: usize = 8 << 20;

/// Headers that are not a script's to set.
const FORBIDDEN: [&str; 11] = [
    "connection",
    "content-length",
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

/// A plugin that is a script.
pub struct Script {
    manifest: Manifest,
    package: Arc<Package>,
    origin: Origin,
    options: Options,
    gate: Gate,
}

/// Tells the thread of a VM that nobody waits for it.
struct Abandon(Arc<AtomicBool>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Script {
    /// The keys that the user can set for a plugin, with their defaults; `***` for a secret.
    pub fn known(found: &Found) -> Value {
        options::known(&found.package.manifest)
    }

    /// A source of this plugin with what the user has set for it. Nothing is run yet.
    ///
    /// # Errors
    /// [`Kind::Config`] for an option that cannot be used.
    pub fn new(found: Found, set: Value) -> Result<Script> {
        let options = Options::read(&found.package.manifest, set)?;
        Ok(Script {
            manifest: found.package.manifest.source()?,
            gate: Gate::new(&found.package.manifest, options.own.clone()),
            package: Arc::new(found.package),
            origin: found.origin,
            options,
        })
    }

    fn blame(&self) -> Blame<'_> {
        Blame {
            id: &self.manifest.name,
            origin: &self.origin,
            limits: &self.package.manifest.limits,
        }
    }

    /// Asks for a script. What is not well is an error, unless the script wants to see it.
    async fn get(&self, ctx: &Ctx, get: Get) -> Result<Answer> {
        let mut headers = HeaderMap::new();
        for (name, value) in &get.headers {
            self.add(&mut headers, name, value)?;
        }
        if let Some(key) = &get.secret {
            self.add_secret(&mut headers, &get, key)?;
        }
        let limit = self.package.manifest.limits.body_mib << 20;
        let led = self.gate.led(&get.url);
        ctx.gated(&self.gate, led, &get.url, &headers, limit).await
    }

    fn add(&self, headers: &mut HeaderMap, name: &str, value: &str) -> Result<()> {
        let cannot = || {
            let message = format!(
                "plugin `{}` cannot send the header `{}`",
                self.manifest.name,
                name.escape_debug()
            );
            Error::new(Kind::Blocked, message)
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

    /// Puts a secret into the headers, which go to the origin of the URL and nowhere else.
    fn add_secret(&self, headers: &mut HeaderMap, get: &Get, key: &str) -> Result<()> {
        let name = &self.manifest.name;
        let secrets = &self.package.manifest.secrets;
        let Some(spec) = secrets.iter().find(|secret| secret.key == key) else {
            let message = format!(
                "plugin `{name}` declares no secret `{}`",
                key.escape_debug()
            );
            return Err(Error::new(Kind::Blocked, message));
        };
        let is_bound =
            get.url.scheme() == "https" && get.url.host_str() == Some(spec.host.as_str());
        if !is_bound || get.url.port().is_some() {
            let message = format!(
                "plugin `{name}` may send its secret `{key}` to `{}` alone",
                spec.host
            );
            return Err(Error::new(Kind::Blocked, message));
        }
        let Some(secret) = self.options.secrets.get(key) else {
            let message = format!("plugin `{name}` needs `{key}`: {}", spec.help);
            let hint = format!("set `{key}` in `[source.{name}]` of the configuration");
            return Err(Error::new(Kind::Login, message).hint(hint));
        };
        self.add(
            headers,
            &spec.header,
            &format!("{}{}", spec.prefix, secret.reveal()),
        )
    }

    async fn emit(&self, out: &Outlet, entries: Vec<(Entry, Led)>) -> Result<()> {
        for (entry, led) in entries {
            out.led_by(led);
            match entry {
                Entry::Item(item) => out.item(*item).await?,
                Entry::Link(link) => out.link(*link).await?,
                Entry::Embed(link) => out.embed(*link).await?,
                Entry::Checkpoint(cursor) => out.checkpoint(cursor.at, out.items()).await?,
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Source for Script {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let limits = self.package.manifest.limits;
        let (calls, mut receiver) = mpsc::channel(1);
        let abandoned = Arc::new(AtomicBool::new(false));
        let _abandon = Abandon(abandoned.clone());
        let start = Start {
            package: self.package.clone(),
            origin: self.origin.clone(),
            gate: self.gate.clone(),
            options: self.options.values.clone(),
            secrets: self.options.secrets.keys().cloned().collect(),
            target: target.clone(),
            calls,
            abandoned,
        };
        let mut computing = COMPUTING.acquire().await.ok();
        let name = format!("plugin {}", self.manifest.name);
        let thread = std::thread::Builder::new().name(name).stack_size(STACK);
        thread.spawn(move || run(start)).map_err(no_thread)?;
        let (mut requests, mut bytes) = (0, 0);
        let wall = Duration::from_millis(limits.wall_ms);
        let too_many = |what: String| {
            let message = format!("plugin `{}` asks for more than {what}", self.manifest.name);
            self.blame().hinted(Error::new(Kind::Corrupt, message))
        };
        loop {
            // Between two calls the script computes. One that cannot be interrupted is left to itself.
            let Ok(call) = tokio::time::timeout(wall, receiver.recv()).await else {
                let message = format!(
                    "plugin `{}` did nothing for {} ms",
                    self.manifest.name, limits.wall_ms
                );
                return Err(self.blame().hinted(Error::new(Kind::Corrupt, message)));
            };
            computing.take();
            match call {
                None => {
                    let message =
                        format!("the thread of plugin `{}` has ended", self.manifest.name);
                    return Err(self.blame().hinted(Error::new(Kind::Corrupt, message)));
                }
                Some(Call::Ended(ended)) => return ended,
                Some(Call::Emit(entries, reply)) => {
                    let emitted = self.emit(out, entries).await;
                    computing = COMPUTING.acquire().await.ok();
                    let _ = reply.send(emitted);
                }
                Some(Call::Get(get, reply)) => {
                    requests += 1;
                    let answer = match (requests > limits.requests, bytes > limits.total_mib << 20)
                    {
                        (true, _) => Err(too_many(format!("{} requests", limits.requests))),
                        (_, true) => Err(too_many(format!("{} MiB", limits.total_mib))),
                        _ => self.get(ctx, get).await,
                    };
                    // What failed may have come as far as it could, and nobody has counted it.
                    let most = (limits.body_mib as u64) << 20;
                    bytes += answer
                        .as_ref()
                        .map_or(most, |answer| answer.body.len() as u64);
                    computing = COMPUTING.acquire().await.ok();
                    let _ = reply.send(answer);
                }
            }
        }
    }

    /// The address is the same, and may lead elsewhere now.
    async fn resolve(&self, _: &Ctx, item: &Item) -> Result<Body> {
        Ok(item.body.clone())
    }
}
