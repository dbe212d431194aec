//! The entry points of the program, and a run from start to exit code.

use std::ffi::OsString;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use clap::CommandFactory;
use futures_util::Stream;
use tokio::runtime::{self, Runtime};
use tokio::sync::mpsc;

use super::args::{Args, Command};
use super::batch::{self, List};
use super::command_line::abbreviated;
use super::lock::Lock;
use super::messages::{eprint, explain, print, reporters, unless_closed, warn};
use super::{
    archive, browser_requests, exit, fields, history, interrupt, jobs, limits, overrides, plugin,
    rename, retry, settings, sources, variables, verify,
};
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::net::Client;
use crate::pipeline::archive::{Run, RunResult};
use crate::pipeline::{self, Ask, Stop};
use crate::report::{Reporting, Signals, Summary};
use crate::source::Registry;

/// How many events may be queued for the reporters before the run has to wait for them.
const EVENTS: usize = 1024;

/// Runs the program with these sources.
pub fn main(sources: impl FnOnce(&Config) -> Result<Registry>) -> ExitCode {
    limits::raise();
    run_with_args(std::env::args_os(), sources)
}

/// Runs the program with these arguments instead of those of the process; the first is its name.
pub fn run_with_args(
    args: impl IntoIterator<Item = OsString>,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> ExitCode {
    let args = match Args::read(args) {
        Ok(args) => args,
        // Clap returns help and version as errors, too.
        Err(error) => {
            let printed = error.print().and_then(|()| io::stdout().flush());
            return match (error.use_stderr(), unless_closed(printed)) {
                (true, _) => exit::USAGE.into(),
                (false, Ok(())) => exit::SUCCESS.into(),
                (false, Err(error)) => {
                    eprint(&explain(&error));
                    exit::of_error(error.kind).into()
                }
            };
        }
    };
    // The panic message, with its location, has been printed already.
    let ended = catch_unwind(AssertUnwindSafe(|| run(args, sources)));
    let code = match ended {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            eprint(&explain(&error));
            exit::of_error(error.kind)
        }
        Err(_) => {
            eprint(
                "error: this is a bug in `fetch`\n  hint: please report it, with the command and the lines above\n",
            );
            exit::BUG
        }
    };
    code.into()
}

fn run(mut args: Args, sources: impl FnOnce(&Config) -> Result<Registry>) -> Result<u8> {
    match args.command.take() {
        None => {
            if args.links.links.is_empty() && args.links.input_file.is_empty() {
                // The value of `-c` may have been meant as a link; loading it says so.
                if !args.settings.config.is_empty() {
                    config(&args)?;
                }
                return Err(Error::new(Kind::Config, "no links were given").hint(
                    "use `fetch LINK...`, or `fetch -i FILE` for a list of links; see `fetch -h` for more",
                ));
            }
            args.links.check()?;
            let config = config(&args)?;
            overrides::crawl(&args, &config)?;
            let registry = registry(&config, sources)?;
            variables::warn_of_typos(&config)?;
            return fetch(&args, &config, registry, None);
        }
        Some(Command::Archive(command)) => return archive::archive(args, command, sources),
        Some(Command::Verify(verify)) => return verify::verify(args, *verify, sources),
        Some(Command::Jobs { json }) => jobs::list(&config(&args)?, json)?,
        Some(Command::Run(run)) => return jobs::run(args, *run, sources),
        Some(Command::FromHar(given)) => return browser_requests::har(args, *given, sources),
        Some(Command::FromCurl(given)) => return browser_requests::curl(args, *given, sources),
        Some(Command::Retry(retry)) => return retry::retry(args, *retry, sources),
        Some(Command::Rename(rename)) => return rename::rename(args, *rename, sources),
        Some(Command::History(past)) => history::history(&args, &past)?,
        Some(Command::Sources { which }) => {
            let config = config(&args)?;
            let registry = registry(&config, sources)?;
            let net = overrides::net(&args, config.net()?)?;
            sources::sources(&registry, net, which.as_ref())?;
        }
        Some(Command::Fields { link, number, json }) => {
            fields::list(&args, &link, number.get(), json, sources)?;
        }
        Some(Command::Plugin(command)) => return plugin::plugin(&args, &command, sources),
        Some(Command::Config(command)) => settings::settings(&args, &command, sources)?,
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "fetch", &mut script);
            print(&String::from_utf8_lossy(&script))?;
        }
    }
    Ok(exit::SUCCESS)
}

/// Loads the configuration, overridden by the flags.
pub(super) fn config(args: &Args) -> Result<Config> {
    let config = Config::load(&args.settings.config, overrides::flags(args)?)?;
    Ok(config.with_plugins(&args.settings.plugin))
}

/// Creates the sources. Warns about those that had to be left out.
///
/// # Errors
/// [`Kind::Config`] if the configuration names an unknown source.
pub(super) fn registry(
    config: &Config,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<Registry> {
    let registry = sources(config)?;
    browser_requests::check_config(config)?;
    let mut names: Vec<_> = registry
        .sources()
        .map(|source| source.manifest().name.as_str())
        .collect();
    for (name, error) in registry.unusable() {
        eprint(&warn(error));
        // Its settings are no mistake.
        names.push(name);
    }
    names.push(browser_requests::NAME);
    config.check_sources(&names)?;
    Ok(registry)
}

/// Downloads the links of the arguments with this configuration, on behalf of `job` if there is one.
pub(super) fn fetch(
    args: &Args,
    config: &Config,
    registry: Registry,
    job: Option<&str>,
) -> Result<u8> {
    let is_look = args.report.simulate || args.report.get_urls;
    let settings = match is_look {
        true => config.pipeline_for_preview()?,
        false => config.pipeline()?,
    };
    let settings = overrides::pipeline(args, settings)?;
    let run = match job {
        Some(job) => Run::of_job(job),
        None => Run::new(abbreviated(&args.links, &registry), None),
    };
    let lists = args.links.input_file.iter().map(|path| List::open(path));
    let lists = lists.collect::<Result<Vec<_>>>()?;
    let links = batch::links(args.links.links.clone(), lists, registry.clone());
    perform(args, config, registry, settings, links, run)
}

/// Performs a run to its end and records it in the archive.
pub(super) fn perform(
    args: &Args,
    config: &Config,
    registry: Registry,
    settings: pipeline::Settings,
    asks: impl Stream<Item = Result<impl Into<Ask> + 'static>> + Send + 'static,
    run: Run,
) -> Result<u8> {
    // Simulating and adopting run no commands afterwards.
    if !settings.simulate && !settings.adopt {
        config.check_commands()?;
        check_programs(&settings)?;
    }
    let mut net = overrides::net(args, config.net()?)?;
    net.connections = limits::connections(net.connections)?;
    let client = Client::new(net)?;
    if let Some(file) = client.expired_cookie_file().filter(|_| !args.report.quiet) {
        let message = format!("all cookies in `{}` have expired", file.display());
        eprint(&warn(&Error::new(Kind::Login, message)));
    }
    // Records for an output root that is moved during the run would be lost.
    let notes = settings.archive.is_some() && !settings.simulate;
    let _lock = notes.then(|| Lock::shared(&settings.root)).flatten();
    let run = Arc::new(run);
    let archive = settings.archive.clone();
    let settings = pipeline::Settings {
        run: Some(run.clone()),
        ..settings
    };
    let runtime = runtime()?;
    let (events, receiver) = mpsc::channel(EVENTS);
    let (stop, signals) = (Stop::default(), Signals::default());
    interrupt::watch(&stop, &signals)?;
    let (drain, closed) = (stop.drain.clone(), signals.output_closed.clone());
    let (output_closed, moves) = (closed.clone(), !settings.simulate);
    runtime.spawn(async move {
        closed.cancelled().await;
        drain.cancel();
    });
    let is_typed = batch::prompt(&args.links.input_file, args.report.quiet);
    let reporters = reporters(&args.report, &settings.root, is_typed);
    let reporting = Reporting::start(reporters, receiver, signals)?;
    let running = pipeline::run(client.clone(), registry, settings, asks, events, stop);
    // The terminal is restored before a panic continues.
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(running)));
    // Tasks that still hold an event sender end with the runtime, so that the reporters see the end of the channel.
    runtime.shutdown_background();
    let (summary, reported) = reporting.finish();
    let saved = client.save_cookies();
    let ended = ended.unwrap_or_else(|panic| resume_unwind(panic));
    let ended = ended.and(reported).and(saved);
    if let Err(error) = &ended
        && error.kind != Kind::Closed
    {
        eprint(&explain(error));
    }
    let mut ending = ended.err();
    let mut code = exit::of_run(&summary, ending.as_ref().map(|error| error.kind));
    // When nothing is to be saved, a closed stdout loses nothing.
    let open = if moves { summary.not_done() } else { 0 };
    if code == exit::SUCCESS && open > 0 {
        let error;
        (error, code) = match output_closed.is_cancelled() {
            true => (Error::new(Kind::Closed, "stdout was closed"), exit::PARTIAL),
            // Every item must have an outcome.
            false => {
                let message = format!("a bug in this program left {open} items without an outcome");
                (Error::new(Kind::Disk, message), exit::BUG)
            }
        };
        let error = error.hint("run the same command again to continue");
        eprint(&explain(&error));
        ending = Some(error);
    }
    if let Some(archive) = archive {
        run.end(&archive, &run_record(&summary, code, ending))?;
    }
    Ok(code)
}

/// What the archive records about a run.
fn run_record(summary: &Summary, code: u8, ending: Option<Error>) -> RunResult {
    let failed = summary.failed.values().chain(summary.links_failed.values());
    RunResult {
        exit: code,
        ending: ending.map(|error| error.message),
        found: summary.found,
        new: summary.saved,
        had: summary.had(),
        failed: failed.sum(),
        summary: serde_json::to_string(summary).unwrap_or_default(),
    }
}

/// Creates the runtime, with a single thread: a transfer copies bytes and waits, and passing them between threads costs more
/// than both. Blocking disk access and long computations run on threads of their own.
pub(super) fn runtime() -> Result<Runtime> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(Kind::Disk, "cannot start").because(error))?;
    limits::survive(&runtime);
    Ok(runtime)
}

/// Checks whether the programs of commands that run for saved files, and after the run, are there.
pub(super) fn check_programs(settings: &pipeline::Settings) -> Result<()> {
    let commands = [&settings.after.exec, &settings.after.exec_after];
    let mut commands = commands.into_iter().flatten();
    commands.try_for_each(|command| command.check())
}
