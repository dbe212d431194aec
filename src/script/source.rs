//! A source implemented by a script: starts its VM and serves its calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use url::Url;

use super::call::{Ask, Call, is_talk};
use super::circle::{Circle, asked};
use super::failure::{Blame, of_server, quoted};
use super::family;
use super::find::{Found, Origin, Sealed};
use super::gate::Gate;
use super::manifest::SecretSpec;
use super::options::{self, Options};
use super::package::Package;
use super::run::{Start, Task, no_thread, run};
use super::token::Tokens;
use crate::model::{Body, Document, Entry, Error, Item, Kind, Result};
use crate::net::{Led, Secret};
use crate::source::{Answer, Cap, Ctx, Manifest, Outlet, Source, Target};

/// How many scripts compute at once. A script that waits for the host does not count, so that scripts whose links lead
/// to other scripts cannot deadlock.
static COMPUTING: Semaphore = Semaphore::const_new(8);
/// How many requests of one call are in progress at once, in addition to the pacing of each host.
const AT_ONCE: usize = 8;
/// The maximum size in bytes of a response that is one of many.
const LONGEST_OF_MANY: usize = 4 << 20;
/// The stack size of a script's thread; most of it is never touched.
const STACK: usize = 8 << 20;

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

/// A plugin implemented by a script.
pub struct Script {
    manifest: Manifest,
    package: Arc<Package>,
    sealed: Option<Sealed>,
    origin: Origin,
    options: Options,
    gate: Gate,
    tokens: Arc<Tokens>,
}

/// Tells the VM's thread, when dropped, that nobody waits for it.
struct Abandon(Arc<AtomicBool>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Script {
    /// Returns the keys that the user can set for a plugin, with their defaults; `***` for a secret.
    pub fn known(found: &Found) -> Value {
        options::known(&found.package.manifest)
    }

    /// Creates a source from this plugin and the user's settings for it. Nothing is run yet.
    ///
    /// # Errors
    /// [`Kind::Config`] for an invalid option.
    pub fn new(found: Found, set: Value) -> Result<Script> {
        let options = Options::read(&found.package.manifest, set)?;
        Ok(Script {
            manifest: found.package.manifest.source(&options.hosts)?,
            gate: Gate::new(&found.package.manifest, options.own.clone(), &options.hosts),
            package: Arc::new(found.package),
            sealed: found.sealed,
            origin: found.origin,
            options,
            tokens: Arc::default(),
        })
    }

    fn blame(&self) -> Blame<'_> {
        Blame {
            id: &self.manifest.name,
            origin: &self.origin,
            limits: &self.package.manifest.limits,
            files: &self.package.files,
        }
    }

    /// Makes a script's requests, several at once. The first failure, in their order, ends the call.
    async fn ask(&self, ctx: &Ctx, gate: &Gate, asks: Vec<Ask>) -> Result<Vec<Answer>> {
        let limit = self.package.manifest.limits.body_mib << 20;
        // Each gets a lower limit, so that together they do not exceed what memory is meant for.
        let limit = match asks.len() {
            1 => limit,
            _ => limit.min(LONGEST_OF_MANY),
        };
        stream::iter(asks)
            .map(|ask| self.ask_one(ctx, gate, ask, limit))
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn ask_one(&self, ctx: &Ctx, gate: &Gate, ask: Ask, limit: usize) -> Result<Answer> {
        let (answer, token) = self.ask_once(ctx, gate, &ask, limit).await?;
        match (&ask.secret, token) {
            // A token may have been revoked early.
            (Some(key), Some(token)) if answer.status == StatusCode::UNAUTHORIZED => {
                self.tokens.forget(key, &token).await;
                Ok(self.ask_once(ctx, gate, &ask, limit).await?.0)
            }
            _ => Ok(answer),
        }
    }

    /// Makes a request; also returns the token that was sent, if any.
    async fn ask_once(
        &self,
        ctx: &Ctx,
        gate: &Gate,
        ask: &Ask,
        limit: usize,
    ) -> Result<(Answer, Option<Secret>)> {
        let mut headers = HeaderMap::new();
        for (name, value) in &ask.headers {
            self.add(&mut headers, name, value)?;
        }
        let token = match &ask.secret {
            Some(key) => self.add_secret(ctx, &mut headers, &ask.url, key).await?,
            None => None,
        };
        if let Some(posted) = &ask.body {
            gate.post(&ask.url)?;
            let medium = HeaderValue::from_static(posted.medium);
            headers.insert(header::CONTENT_TYPE, medium);
        }
        let led = gate.led(&ask.url);
        let body = ask.body.as_ref().map(|posted| &posted.bytes);
        let asked = ctx.gated(gate, led, &ask.url, &headers, body, limit);
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
            self.blame().hinted(Error::new(Kind::Blocked, message))
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
            return Err(self.blame().hinted(Error::new(Kind::Blocked, message)));
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

    /// Returns the tokens that this plugin's secrets were exchanged for.
    pub(super) fn tokens(&self) -> Arc<Tokens> {
        self.tokens.clone()
    }

    async fn emit(&self, out: &Outlet, entries: Vec<(Entry, Led)>) -> Result<()> {
        for (entry, led) in entries {
            out.led_by(led);
            match entry {
                Entry::Item(item) => out.item(*item).await?,
                Entry::Broken(broken) => out.broken(broken.item, broken.failure).await?,
                Entry::Link(link) => out.link(*link).await?,
                Entry::Note(text) => out.note(text).await?,
                Entry::Embed(link) => out.embed(*link).await?,
                Entry::Checkpoint(cursor) => out.checkpoint(cursor.at, out.items()).await?,
                // The prefix keeps a script from speaking for the program.
                Entry::Warning(text) => out.warn(format!("{}: {text}", self.manifest.name)).await?,
                // Scripts cannot emit these.
                Entry::Validator(_) | Entry::Unchanged => {}
            }
        }
        Ok(())
    }

    /// Returns the package with its scripts. For an installed plugin, this reads and verifies it.
    fn opened(&self) -> Result<Arc<Package>> {
        match &self.sealed {
            Some(sealed) => Ok(Arc::new(sealed.open(&self.package.manifest)?)),
            None => Ok(self.package.clone()),
        }
    }

    /// Runs the script for a task, and serves its calls.
    async fn run(
        &self,
        ctx: &Ctx,
        gate: Gate,
        (package, task): (Arc<Package>, Task),
        out: Option<&Outlet>,
    ) -> Result<Option<Box<(Body, Led)>>> {
        let (limits, gate) = (self.package.manifest.limits, gate.anew());
        let (calls, mut receiver) = mpsc::channel(1);
        let abandoned = Arc::new(AtomicBool::new(false));
        let _abandon = Abandon(abandoned.clone());
        let start = Start {
            package,
            origin: self.origin.clone(),
            gate: gate.clone(),
            options: self.options.values.clone(),
            secrets: self.options.secrets.keys().cloned().collect(),
            task,
            calls,
            abandoned,
        };
        let mut computing = COMPUTING.acquire().await.ok();
        let name = format!("plugin {}", self.manifest.name);
        let thread = std::thread::Builder::new().name(name).stack_size(STACK);
        thread.spawn(move || run(start)).map_err(no_thread)?;
        let (mut requests, mut bytes, mut circle) = (0, 0, Circle::default());
        let wall = Duration::from_millis(limits.wall_ms);
        let too_many = |what: String| {
            let message = format!("plugin `{}` requested more than {what}", self.manifest.name);
            self.blame().hinted(Error::new(Kind::Corrupt, message))
        };
        loop {
            // Between two calls the script computes. One that cannot be interrupted is abandoned.
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
                    let emitted = match out {
                        Some(out) => self.emit(out, entries).await,
                        // There is nobody to show messages to.
                        None if entries.iter().all(|(entry, _)| is_talk(entry)) => Ok(()),
                        None => Err(Error::new(Kind::Corrupt, "`resolve` must not emit")),
                    };
                    computing = COMPUTING.acquire().await.ok();
                    let _ = reply.send(emitted);
                }
                Some(Call::Ask(asks, reply)) => {
                    requests += asks.len() as u64;
                    let asked = asked(&asks);
                    let answers = match (requests > limits.requests, bytes > limits.total_mib << 20)
                    {
                        (true, _) => Err(too_many(format!("{} requests", limits.requests))),
                        (_, true) => Err(too_many(format!("{} MiB", limits.total_mib))),
                        _ => self.ask(ctx, &gate, asks).await.map_err(of_server),
                    };
                    let answers = answers.and_then(|answers| circle.heard(asked, answers));
                    // A failed response may have been read up to its limit without being counted.
                    let most = (limits.body_mib as u64) << 20;
                    bytes += answers.as_ref().map_or(most, |answers| {
                        let lengths = answers.iter().map(|answer| answer.body.len() as u64);
                        lengths.sum()
                    });
                    computing = COMPUTING.acquire().await.ok();
                    let _ = reply.send(answers);
                }
            }
        }
    }
}

#[async_trait]
impl Source for Script {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn reads(&self, document: Document) -> bool {
        let mut reads = self.package.manifest.reads.iter();
        reads.any(|readable| Document::from(*readable) == document)
    }

    fn caps(&self) -> Vec<Cap> {
        self.package.manifest.caps.iter().map(Cap::from).collect()
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let (target, gate) = match family::named(&self.package.manifest, target) {
            Some(target) => {
                let gate = self.gate.with(&target.link.url, ctx.led());
                (target, gate)
            }
            None => {
                let routes = &self.manifest.routes;
                let own = family::by_route(routes, target, &self.options.stand_ins);
                (own.unwrap_or_else(|| target.clone()), self.gate.clone())
            }
        };
        let sites = self.package.manifest.sites.0.iter();
        let sites = sites.chain(&self.options.hosts);
        let site = family::site(sites, &target.link.url).to_owned();
        let task = Task::List(Box::new(target), site);
        let run = self.run(ctx, gate, (self.opened()?, task), Some(out));
        run.await.map(|_| ())
    }

    /// An archived item may lack the expected properties of its file, which a listing provides.
    fn restores(&self) -> bool {
        false
    }

    /// If the script has no newer address, the old one is used, which may redirect elsewhere now.
    async fn resolve(&self, ctx: &Ctx, item: &Item) -> Result<Body> {
        let mut anew = None;
        let package = self.opened()?;
        if package.files.values().any(|text| text.contains("resolve")) {
            let task = Task::Resolve(Box::new(item.clone()));
            let run = self.run(ctx, self.gate.clone(), (package, task), None);
            anew = run.await?;
        }
        let Some((body, led)) = anew.map(|anew| *anew) else {
            return Ok(item.body.clone());
        };
        if led == Led::ByPublic {
            ctx.led_by_public();
        }
        Ok(body)
    }
}
