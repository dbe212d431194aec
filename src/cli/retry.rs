//! `fetch retry`: retries what failed.

use std::sync::Arc;

use futures_util::stream;

use super::args::{Args, Retry};
use super::jobs::IfRunning;
use super::messages::{eprint, shell_word};
use super::{browser_requests, exit, job_links, jobs, main, overrides, variables};
use crate::config::{Config, Since};
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{Records, RetryFilter, Run, absolute_root, root_text};
use crate::pipeline::{self, Ask, Given};
use crate::source::Registry;

/// Retries the failed items and links that were selected.
pub(super) fn retry(
    mut args: Args,
    retry: Retry,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    let choice = choice(&retry)?;
    (args.output, args.network, args.report) = (retry.output, retry.network, retry.report);
    args.selection.streams = retry.streams;
    let all = main::config(&args)?;
    let mut registry = main::registry(&all, sources)?;
    variables::warn_of_typos(&all)?;
    browser_requests::register_expired(&mut registry);
    let config = match &retry.job {
        Some(name) => all.job(name)?,
        None => all,
    };
    let again = || again(&args, &choice, &config, registry);
    match &retry.job {
        Some(name) if !args.report.simulate && !args.report.get_urls => {
            jobs::locked(name, &config, IfRunning::Fail, again)
        }
        _ => again(),
    }
}

/// Prints a hint about `--recheck`, if there is something gone from its site.
fn hint_at_gone(settings: &pipeline::Settings, choice: &RetryFilter) -> Result<()> {
    let is_left_out = !choice.gone && choice.reasons.is_empty();
    let Some(file) = settings.archive.as_ref().filter(|_| is_left_out) else {
        return Ok(());
    };
    let all = RetryFilter {
        gone: true,
        ..choice.clone()
    };
    let gone = Records::retries(file, &settings.root, &all)?;
    if gone.into_iter().flatten().next().is_some() {
        eprint("hint: something is gone from its site; `--recheck` requests it again\n");
    }
    Ok(())
}

/// Prints other folders with failures, which can only be retried there.
fn hint_at_others(settings: &pipeline::Settings, choice: &RetryFilter) -> Result<()> {
    /// How many are printed.
    const NAMED: usize = 3;
    /// How many are checked: each costs a query of the archive.
    const LOOKED: usize = 1000;
    let Some(file) = &settings.archive else {
        return Ok(());
    };
    let mut others = Vec::new();
    for root in Records::roots(file)?.into_iter().take(LOOKED) {
        let again = Records::retries(file, &root, choice)?;
        if again.into_iter().flatten().next().is_some() {
            others.push(format!("`-d {}`", shell_word(&root_text(&root))));
        }
        if others.len() == NAMED {
            break;
        }
    }
    if !others.is_empty() {
        eprint(&format!(
            "hint: there are failures in another folder: {}\n",
            others.join(", ")
        ));
    }
    Ok(())
}

fn again(args: &Args, choice: &RetryFilter, config: &Config, registry: Registry) -> Result<u8> {
    let settings = pipeline::Settings {
        items: None,
        max_new: None,
        ..overrides::pipeline(args, config.pipeline()?)?
    };
    if settings.archive.is_none() {
        let message = "failures are recorded in the archive, which is disabled";
        return Err(Error::new(Kind::Config, message).hint(
            "remove `--no-archive` or `archive.enabled = false`; `--archive FILE` names another",
        ));
    }
    let settings = pipeline::Settings {
        given: current_links(args, choice, config, &registry, &settings)?,
        ..settings
    };
    let again = match &settings.archive {
        Some(file) => Records::retries(file, &settings.root, choice)?,
        None => None,
    };
    let mut again = again.into_iter().flatten().peekable();
    if again.peek().is_none() {
        if let (Some(typed), Some(file)) = (&args.output.directory, &settings.archive)
            && !Records::roots(file)?.contains(&absolute_root(&settings.root))
        {
            if !args.report.quiet {
                hint_at_others(&settings, choice)?;
            }
            let message = format!("the archive knows nothing of the folder `{typed}`");
            return Err(Error::new(Kind::Config, message)
                .hint("give `-d` the same folder as the run that failed"));
        }
        if !args.report.quiet {
            let root = settings.root.display();
            eprint(&format!("nothing to retry in `{root}`\n"));
            hint_at_gone(&settings, choice)?;
            hint_at_others(&settings, choice)?;
        }
        return Ok(exit::SUCCESS);
    }
    if choice.job.is_none() && !args.report.quiet {
        hint_at_jobs(&settings, choice, config)?;
    }
    let asks = stream::iter(again.map(|again| again.map(Ask::Retry)));
    let run = Run::new("fetch retry", choice.job.clone());
    main::perform(args, config, registry, settings, asks, run)
}

/// Prints which failures belong to jobs, whose templates and headers are not those of this call.
fn hint_at_jobs(
    settings: &pipeline::Settings,
    choice: &RetryFilter,
    config: &Config,
) -> Result<()> {
    let Some(file) = &settings.archive else {
        return Ok(());
    };
    let known = config.jobs();
    for job in Records::jobs(file, &settings.root, choice)? {
        if known.contains(&job.as_str()) {
            eprint(&format!(
                "some of it failed in the job `{job}`: `fetch retry --job {job}` uses its settings\n"
            ));
        }
    }
    Ok(())
}

/// The current links of the job, with their secrets and their own options.
fn current_links(
    args: &Args,
    choice: &RetryFilter,
    config: &Config,
    registry: &Registry,
    settings: &pipeline::Settings,
) -> Result<Option<Arc<Given>>> {
    let (Some(_), Some(file)) = (&choice.job, &settings.archive) else {
        return Ok(None);
    };
    let mut given = Given::new(Records::marks(file, &settings.root, choice)?);
    job_links::for_each(config, registry, args.report.quiet, &mut |wanted| {
        given.add(wanted);
    });
    Ok(Some(Arc::new(given)))
}

fn choice(retry: &Retry) -> Result<RetryFilter> {
    let reasons = retry.reason.iter().map(|word| word.parse::<Kind>());
    let since = retry
        .since
        .as_deref()
        .map(str::parse::<Since>)
        .transpose()?;
    Ok(RetryFilter {
        reasons: reasons.collect::<Result<_>>()?,
        gone: retry.recheck,
        since: since.map(|since| since.moment),
        job: retry.job.clone(),
    })
}
