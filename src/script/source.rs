//! A source implemented by a script: starts its VM and serves its calls.

mod requests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};

use super::call::{Call, is_talk};
use super::failure::{ErrorContext, with_server_hint};
use super::family;
use super::find::{FoundPlugin, Origin, UnreadPackage};
use super::gate::Gate;
use super::loop_detector::{LoopDetector, fingerprint};
use super::options::{self, Options};
use super::package::Package;
use super::run::{Start, Task, no_thread, run};
use super::token::Tokens;
use crate::model::{Body, Document, Entry, Error, Item, Kind, Result};
use crate::net::NamedBy;
use crate::source::{Cap, Ctx, Manifest, Outlet, Source, Target, settings_hash};

/// How many scripts compute at once. A script that waits for the host does not count, so that scripts whose links lead
/// to other scripts cannot deadlock.
static COMPUTING: Semaphore = Semaphore::const_new(8);
/// The stack size of a script's thread; most of it is never touched.
const STACK: usize = 8 << 20;

/// A plugin implemented by a script.
pub struct Script {
    manifest: Manifest,
    package: Arc<Package>,
    unread: Option<UnreadPackage>,
    origin: Origin,
    options: Options,
    gate: Gate,
    tokens: Arc<Tokens>,
}

/// Tells the VM's thread, when dropped, that nobody waits for it.
struct AbandonOnDrop(Arc<AtomicBool>);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Script {
    /// Returns the keys that the user can set for a plugin, with their defaults; `***` for a secret.
    pub fn known(found: &FoundPlugin) -> Value {
        options::known(&found.package.manifest)
    }

    /// Creates a source from this plugin and the user's settings for it. Nothing is run yet.
    ///
    /// # Errors
    /// [`Kind::Config`] for an invalid option.
    pub fn new(found: FoundPlugin, set: Value) -> Result<Script> {
        let options = Options::read(&found.package.manifest, set)?;
        Ok(Script {
            manifest: found.package.manifest.source(&options.hosts)?,
            gate: Gate::new(&found.package.manifest, options.own.clone(), &options.hosts),
            package: Arc::new(found.package),
            unread: found.unread,
            origin: found.origin,
            options,
            tokens: Arc::default(),
        })
    }

    fn error_context(&self) -> ErrorContext<'_> {
        ErrorContext {
            id: &self.manifest.name,
            origin: &self.origin,
            limits: &self.package.manifest.limits,
            files: &self.package.files,
        }
    }

    /// Builds an error that puts the problem down to the plugin.
    fn plugin_error(&self, kind: Kind, message: String) -> Error {
        let error = Error::new(kind, message);
        self.error_context().with_plugin_hint(error)
    }

    /// Returns the tokens that this plugin's secrets were exchanged for.
    pub(super) fn tokens(&self) -> Arc<Tokens> {
        self.tokens.clone()
    }

    async fn emit(&self, out: &Outlet, entries: Vec<(Entry, NamedBy)>) -> Result<()> {
        for (entry, named_by) in entries {
            out.set_named_by(named_by);
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
        match &self.unread {
            Some(unread) => Ok(Arc::new(unread.open(&self.package.manifest)?)),
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
    ) -> Result<Option<Box<(Body, NamedBy)>>> {
        let (limits, gate) = (self.package.manifest.limits, gate.fresh());
        let (calls, mut receiver) = mpsc::channel(1);
        let abandoned = Arc::new(AtomicBool::new(false));
        let _abandon = AbandonOnDrop(abandoned.clone());
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
        let (mut count, mut bytes, mut loops) = (0, 0, LoopDetector::default());
        let wall = Duration::from_millis(limits.wall_ms);
        let too_many = |what: String| {
            let message = format!("plugin `{}` requested more than {what}", self.manifest.name);
            self.plugin_error(Kind::Corrupt, message)
        };
        loop {
            // Between two calls the script computes. One that cannot be interrupted is abandoned.
            let Ok(call) = tokio::time::timeout(wall, receiver.recv()).await else {
                let message = format!(
                    "plugin `{}` did nothing for {} ms",
                    self.manifest.name, limits.wall_ms
                );
                return Err(self.plugin_error(Kind::Corrupt, message));
            };
            computing.take();
            match call {
                None => {
                    let message =
                        format!("the thread of plugin `{}` has ended", self.manifest.name);
                    return Err(self.plugin_error(Kind::Corrupt, message));
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
                Some(Call::Request(requests, reply)) => {
                    count += requests.len() as u64;
                    let fingerprint = fingerprint(&requests);
                    let answers = match (count > limits.requests, bytes > limits.total_mib << 20) {
                        (true, _) => Err(too_many(format!("{} requests", limits.requests))),
                        (_, true) => Err(too_many(format!("{} MiB", limits.total_mib))),
                        _ => self
                            .request_all(ctx, &gate, requests)
                            .await
                            .map_err(with_server_hint),
                    };
                    let answers = answers.and_then(|answers| loops.check(fingerprint, answers));
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

    /// A new version may list something else, and have cursors of another format.
    fn settings_hash(&self) -> i64 {
        let secrets: Vec<_> = self.options.secrets.keys().collect();
        settings_hash(&(
            &self.package.manifest.version,
            &self.options.values,
            secrets,
        ))
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let (target, gate) = match family::named(&self.package.manifest, target) {
            Some(target) => {
                let gate = self.gate.with(&target.link.url, ctx.named_by());
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
        let mut resolved = None;
        let package = self.opened()?;
        if package.files.values().any(|text| text.contains("resolve")) {
            let task = Task::Resolve(Box::new(item.clone()));
            let run = self.run(ctx, self.gate.clone(), (package, task), None);
            resolved = run.await?;
        }
        let Some((body, named_by)) = resolved.map(|resolved| *resolved) else {
            return Ok(item.body.clone());
        };
        if named_by == NamedBy::PublicServer {
            ctx.mark_public();
        }
        Ok(body)
    }
}
