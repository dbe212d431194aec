//! The thread of a VM: makes it, runs the script, tells how it ended.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use mlua::thread::ThreadStatus;
use mlua::{Function, IntoLuaMulti, Lua, LuaSerdeExt, Table, Value};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::Limits;
use super::call::Call;
use super::clock::{Clock, Death};
use super::failure::{Blame, raise, refuse};
use super::find::Origin;
use super::gate::Gate;
use super::manifest::Delegate;
use super::package::Package;
use super::sandbox;
use crate::model::{Entry, Error, Kind, Result};
use crate::net::Led;
use crate::source::Target;

/// How many entries wait before the listing is asked to take them.
const BUFFER: usize = 64;

/// All that a run needs to begin. It moves into the thread.
pub(super) struct Start {
    pub(super) package: Arc<Package>,
    pub(super) origin: Origin,
    pub(super) gate: Gate,
    pub(super) options: BTreeMap<String, serde_json::Value>,
    pub(super) secrets: Vec<String>,
    pub(super) target: Target,
    pub(super) site: String,
    pub(super) calls: mpsc::Sender<Call>,
    pub(super) abandoned: Arc<AtomicBool>,
}

/// What the host's functions share in the thread of a VM.
pub(super) struct Host {
    pub(super) id: String,
    pub(super) limits: Limits,
    pub(super) clock: Rc<Clock>,
    pub(super) gate: Gate,
    pub(super) delegates: Delegate,
    calls: mpsc::Sender<Call>,
    entries: RefCell<Vec<(Entry, Led)>>,
    emitted: Cell<u64>,
}

impl Host {
    /// The host of a run that begins.
    pub(super) fn new(
        package: &Package,
        gate: Gate,
        clock: Rc<Clock>,
        calls: mpsc::Sender<Call>,
    ) -> Host {
        Host {
            id: package.manifest.id.clone(),
            limits: package.manifest.limits,
            clock,
            gate,
            delegates: package.manifest.permissions.delegate.clone(),
            calls,
            entries: RefCell::default(),
            emitted: Cell::new(0),
        }
    }

    /// Takes an entry on its way out. It leaves before anything is asked, or when enough have come together.
    pub(super) fn emit(&self, entry: Entry, led: Led) -> mlua::Result<()> {
        let emitted = self.emitted.get() + 1;
        if emitted > self.limits.entries {
            return Err(refuse(
                Kind::Corrupt,
                format!("it emits more than {} entries", self.limits.entries),
            ));
        }
        self.emitted.set(emitted);
        self.entries.borrow_mut().push((entry, led));
        let is_full = self.entries.borrow().len() >= BUFFER;
        if is_full { self.flush() } else { Ok(()) }
    }

    /// Hands over what was emitted so far.
    pub(super) fn flush(&self) -> mlua::Result<()> {
        let entries = self.entries.take();
        match entries.is_empty() {
            true => Ok(()),
            false => self.ask(|reply| Call::Emit(entries, reply)),
        }
    }

    /// Calls the listing and waits for its answer. When nobody is there any more, the script ends.
    pub(super) fn ask<T>(
        &self,
        call: impl FnOnce(oneshot::Sender<Result<T>>) -> Call,
    ) -> mlua::Result<T> {
        let (reply, answer) = oneshot::channel();
        let gone = || {
            self.clock.kill(Death::Closed);
            refuse(Kind::Closed, "nobody wants more")
        };
        self.calls.blocking_send(call(reply)).map_err(|_| gone())?;
        match answer.blocking_recv() {
            Err(_) => Err(gone()),
            Ok(Err(error)) if error.kind == Kind::Closed => Err(gone()),
            Ok(answer) => answer.map_err(|error| raise(&error)),
        }
    }
}

/// Runs a script to its end. Everything happens in this thread, and the VM ends with it.
pub(super) fn run(start: Start) {
    let calls = start.calls.clone();
    let limits = start.package.manifest.limits;
    let clock = Rc::new(Clock::start(
        Duration::from_millis(limits.cpu_ms),
        start.abandoned.clone(),
    ));
    let package = start.package.clone();
    let origin = start.origin.clone();
    let ended = script(start, &clock).map_err(|error| {
        let blame = Blame {
            id: &package.manifest.id,
            origin: &origin,
            limits: &limits,
        };
        blame.error(&error, clock.death())
    });
    // Whoever does not wait need not be told.
    let _ = calls.blocking_send(Call::Ended(ended));
}

fn script(start: Start, clock: &Rc<Clock>) -> mlua::Result<()> {
    let Start {
        package,
        gate,
        options,
        secrets,
        target,
        site,
        calls,
        ..
    } = start;
    let id = package.manifest.id.clone();
    let host = Rc::new(Host::new(&package, gate, clock.clone(), calls));
    let lua = sandbox::make(&host, &package)?;
    let main = sandbox::compile(&lua, &id, "main.luau", &package.files["main.luau"])?;
    let main: Value = complete(&lua, main, (), clock)?;
    let extract = match &main {
        Value::Table(table) => table.raw_get("extract")?,
        _ => Value::Nil,
    };
    let Value::Function(extract) = extract else {
        return Err(mlua::Error::runtime(format!(
            "{id}/main.luau:1: it returns no table with a function `extract`"
        )));
    };
    let ended = complete::<()>(
        &lua,
        extract,
        context(&lua, &target, &site, &options, &secrets)?,
        clock,
    );
    // What was emitted before an error stays emitted.
    match clock.death() {
        Some(_) => ended,
        None => host.flush().and(ended),
    }
}

/// Runs a function in a thread of the VM, out of which a dead script can be taken.
fn complete<R: mlua::FromLuaMulti>(
    lua: &Lua,
    function: Function,
    args: impl IntoLuaMulti,
    clock: &Clock,
) -> mlua::Result<R> {
    let thread = lua.create_thread(function)?;
    let args = args.into_lua_multi(lua)?;
    let answer: mlua::MultiValue = thread.resume(args)?;
    if clock.death().is_some() {
        return Err(mlua::Error::RuntimeError(String::new()));
    }
    match thread.status() {
        ThreadStatus::Finished => R::from_lua_multi(answer, lua),
        _ => Err(mlua::Error::runtime("it yields outside of a coroutine")),
    }
}

/// What `extract` is called with.
fn context(
    lua: &Lua,
    target: &Target,
    site: &str,
    options: &BTreeMap<String, serde_json::Value>,
    secrets: &[String],
) -> mlua::Result<Table> {
    let url = &target.link.url;
    let query: BTreeMap<_, _> = url.query_pairs().into_iter().collect();
    let mut plain = url.clone();
    // A URL without a host has no user, so neither call can fail here.
    let _ = plain.set_username("");
    let _ = plain.set_password(None);
    let context = json!({
        "url": plain.as_str(),
        "host": url.host_str().unwrap_or(""),
        "site": site,
        "route": target.route,
        "params": target.params,
        "resume": target.resume,
        "query": query,
        "options": options,
        "secrets": secrets.iter().map(|key| (key.clone(), true)).collect::<BTreeMap<_, _>>(),
    });
    let options = mlua::serde::ser::Options::new()
        .serialize_none_to_null(false)
        .serialize_unit_to_null(false)
        .set_array_metatable(false);
    match lua.to_value_with(&context, options)? {
        Value::Table(table) => Ok(table),
        _ => Err(refuse(Kind::Corrupt, "there is no context")),
    }
}

/// An error for a thread that could not begin.
pub(super) fn no_thread(error: std::io::Error) -> Error {
    Error::new(Kind::Disk, "cannot start a thread for the plugin").because(error)
}
