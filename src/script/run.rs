//! The thread of a VM: creates it, runs the script, reports how it ended.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use mlua::thread::ThreadStatus;
use mlua::{Function, IntoLuaMulti, Lua, LuaSerdeExt, Table, Value};
use serde::Serialize;
use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, oneshot};

use super::Limits;
use super::call::Call;
use super::clock::{Clock, Death};
use super::emit;
use super::failure::{ErrorContext, raise, refuse, visible};
use super::find::Origin;
use super::gate::Gate;
use super::item_fields::LeftOut;
use super::item_json::item_json;
use super::manifest::{Delegate, SecretSpec};
use super::package::Package;
use super::sandbox;
use crate::model::{Body, Entry, Error, Item, Kind, Result};
use crate::net::NamedBy;
use crate::source::Target;

/// How many warnings of one run are shown.
const WARNINGS: u32 = 20;
/// How many bytes of a run's notes are shown, and how much each line counts in addition to its text.
const NOTED: usize = 1 << 20;
const A_LINE: usize = 64;
/// How many entries are buffered before the listing is asked to take them.
const BUFFER: usize = 64;

/// Everything a run needs to start. It moves into the thread.
pub(super) struct Start {
    pub(super) package: Arc<Package>,
    pub(super) origin: Origin,
    pub(super) gate: Gate,
    pub(super) options: BTreeMap<String, Json>,
    pub(super) secrets: Vec<String>,
    pub(super) task: Task,
    pub(super) calls: mpsc::Sender<Call>,
    pub(super) abandoned: Arc<AtomicBool>,
}

/// What a script is run for.
pub(super) enum Task {
    /// List the entries behind a target, on this site of its family.
    List(Box<Target>, String),
    /// Resolve the body of an item anew.
    Resolve(Box<Item>),
}

/// The state that host functions share in the VM's thread.
pub(super) struct Host {
    pub(super) id: String,
    pub(super) limits: Limits,
    pub(super) clock: Rc<Clock>,
    pub(super) gate: Gate,
    pub(super) delegates: Delegate,
    /// The declarations of the plugin's secrets.
    pub(super) secrets: Vec<SecretSpec>,
    /// Whether the script has a `resolve` function.
    pub(super) resolves: Cell<bool>,
    calls: mpsc::Sender<Call>,
    entries: RefCell<Vec<(Entry, NamedBy)>>,
    emitted: Cell<u64>,
    warned: Cell<u32>,
    /// How many bytes were noted.
    noted: Cell<usize>,
    /// The fields already reported as left out.
    left_out: RefCell<BTreeSet<String>>,
}

/// The start of a note about a field left out.
pub(super) const LEFT_OUT: &str = "left out: ";

impl Host {
    /// Creates the host for a new run.
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
            secrets: package.manifest.secrets.clone(),
            resolves: Cell::new(false),
            calls,
            entries: RefCell::default(),
            emitted: Cell::new(0),
            warned: Cell::new(0),
            noted: Cell::new(0),
            left_out: RefCell::default(),
        }
    }

    /// Notes one line for `-v`, up to a limit, so that an endless log is cut off.
    pub(super) fn note(&self, text: &str) -> mlua::Result<()> {
        let noted = self.noted.get();
        if noted > NOTED {
            return Ok(());
        }
        let mut text = visible(text);
        self.noted.set(noted + text.len() + A_LINE);
        if self.noted.get() > NOTED {
            text = "further log output is omitted".into();
        }
        self.emit(Entry::Note(text.into_boxed_str()), NamedBy::User)
    }

    /// Warns the user in one line. Warnings beyond the limit become notes, for `-v`.
    pub(super) fn warn(&self, text: &str) -> mlua::Result<()> {
        let warned = self.warned.get();
        if warned >= WARNINGS {
            if warned == WARNINGS {
                self.warned.set(warned + 1);
                let more = "there are more warnings; `-v` shows them";
                self.emit(Entry::Warning(more.into()), NamedBy::User)?;
            }
            return self.note(text);
        }
        self.warned.set(warned + 1);
        let text = visible(text).into_boxed_str();
        self.emit(Entry::Warning(text), NamedBy::User)
    }

    /// Notes which fields of an item were left out, once per field.
    pub(super) fn leave_out(&self, of: &str, fields: LeftOut) -> mlua::Result<()> {
        for (field, why) in fields {
            let text = format!("{LEFT_OUT}`{field}` of `{of}`: {why}");
            if self.left_out.borrow_mut().insert(field) {
                self.note(&text)?;
            }
        }
        Ok(())
    }

    /// Queues an entry. The queue is flushed when it is full, and before each request.
    pub(super) fn emit(&self, entry: Entry, named_by: NamedBy) -> mlua::Result<()> {
        let emitted = self.emitted.get() + 1;
        if emitted > self.limits.entries {
            return Err(refuse(
                Kind::Corrupt,
                format!("it emits more than {} entries", self.limits.entries),
            ));
        }
        self.emitted.set(emitted);
        self.entries.borrow_mut().push((entry, named_by));
        let is_full = self.entries.borrow().len() >= BUFFER;
        if is_full { self.flush() } else { Ok(()) }
    }

    /// Hands the queued entries to the listing.
    pub(super) fn flush(&self) -> mlua::Result<()> {
        let entries = self.entries.take();
        match entries.is_empty() {
            true => Ok(()),
            false => self.call(|reply| Call::Emit(entries, reply)),
        }
    }

    /// Calls the listing and waits for its reply. If the listing is gone, the script ends.
    pub(super) fn call<T>(
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
        let error_context = ErrorContext {
            id: &package.manifest.id,
            origin: &origin,
            limits: &limits,
            files: &package.files,
        };
        error_context.error(&error, clock.death())
    });
    // If nobody is waiting any more, that is fine.
    let _ = calls.blocking_send(Call::Ended(ended));
}

fn script(start: Start, clock: &Rc<Clock>) -> mlua::Result<Option<Box<(Body, NamedBy)>>> {
    let Start {
        package,
        gate,
        options,
        secrets,
        task,
        calls,
        ..
    } = start;
    let id = package.manifest.id.clone();
    let host = Rc::new(Host::new(&package, gate, clock.clone(), calls));
    let lua = sandbox::make(&host, &package)?;
    let main = sandbox::compile(&lua, &id, "main.luau", &package.files["main.luau"])?;
    let main: Value = complete(&lua, main, (), clock)?;
    let function = |name: &str| match &main {
        Value::Table(table) => match table.raw_get(name)? {
            Value::Function(function) => Ok(Some(function)),
            _ => Ok(None),
        },
        _ => Ok::<_, mlua::Error>(None),
    };
    if let Value::Table(table) = &main
        && let Some(name) = unknown_function(table)?
    {
        return Err(mlua::Error::runtime(format!(
            "{id}/main.luau:1: it returns `{name}`, which is never called: only `extract` and `resolve` are"
        )));
    }
    let resolve = function("resolve")?;
    host.resolves.set(resolve.is_some());
    let set = Set {
        options: &options,
        secrets: secrets.iter().map(|key| (key.as_str(), true)).collect(),
    };
    let (target, site) = match task {
        Task::List(target, site) => (target, site),
        Task::Resolve(item) => {
            let Some(resolve) = resolve else {
                return Ok(None);
            };
            let args = (value(&lua, &set)?, value(&lua, &item_json(&item))?);
            let resolved: Value = complete(&lua, resolve, args, clock)?;
            // Its result is its return value; these are messages.
            host.flush()?;
            return match resolved {
                Value::Nil => Ok(None),
                Value::Table(resolved) => emit::resolved_body(&host, &lua, &resolved, &item)
                    .map(Box::new)
                    .map(Some),
                _ => Err(refuse(
                    Kind::Corrupt,
                    "`resolve` returned neither an item nor nil",
                )),
            };
        }
    };
    let Some(extract) = function("extract")? else {
        return Err(mlua::Error::runtime(format!(
            "{id}/main.luau:1: it does not return a table with a function `extract`"
        )));
    };
    let ended = complete::<()>(&lua, extract, context(&lua, &target, &site, &set)?, clock);
    // Entries emitted before an error are kept.
    match clock.death() {
        Some(_) => ended,
        None => host.flush().and(ended),
    }
    .map(|()| None)
}

/// Returns the name of something that a script returns and nothing calls, such as a function with a misspelled name.
fn unknown_function(returned: &Table) -> mlua::Result<Option<String>> {
    for pair in returned.pairs::<Value, Value>() {
        let (name, _) = pair?;
        let name = match &name {
            Value::String(name) => name.to_string_lossy(),
            other => other.type_name().to_owned(),
        };
        if !matches!(name.as_str(), "extract" | "resolve") {
            return Ok(Some(
                name.chars().take(80).flat_map(char::escape_debug).collect(),
            ));
        }
    }
    Ok(None)
}

/// Runs a function in a coroutine, from which a dead script can be removed.
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

/// The user's settings, as passed to both functions of a script.
#[derive(Serialize)]
struct Set<'a> {
    options: &'a BTreeMap<String, Json>,
    /// Which secrets are set.
    secrets: BTreeMap<&'a str, bool>,
}

/// Builds the argument of `extract`.
fn context(lua: &Lua, target: &Target, site: &str, set: &Set<'_>) -> mlua::Result<Value> {
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
        "options": set.options,
        "secrets": set.secrets,
    });
    value(lua, &context)
}

/// Converts a value for a script, with absent fields as nil.
fn value(lua: &Lua, what: &impl Serialize) -> mlua::Result<Value> {
    let options = mlua::serde::ser::Options::new()
        .serialize_none_to_null(false)
        .serialize_unit_to_null(false)
        .set_array_metatable(false);
    lua.to_value_with(what, options)
}

/// Builds the error for a thread that could not be started.
pub(super) fn no_thread(error: std::io::Error) -> Error {
    Error::new(Kind::Disk, "cannot start a thread for the plugin").because(error)
}
