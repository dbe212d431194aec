//! `fetch retry`: what failed, once more.

use std::sync::Arc;

use futures_util::stream;

use super::args::{Args, Retry};
use super::jobs::Running;
use super::talk::{shell_word, tell};
use super::{exit, given, handed, jobs, main, meaning, variables};
use crate::config::{Config, Since};
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{Choice, Records, Run, place, written};
use crate::pipeline::{self, Ask, Given};
use crate::source::Registry;

/// Asks once more for what failed and is meant.
pub(super) fn retry(
    mut args: Args,
    retry: Retry,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    let choice = choice(&retry)?;
    (args.place, args.how, args.talk) = (retry.place, retry.how, retry.talk);
    args.what.of_streams = retry.of_streams;
    let all = main::config(&args)?;
    let mut registry = main::registry(&all, sources)?;
    variables::tell_of_slips(&all)?;
    handed::forgotten(&mut registry);
    let config = match &retry.job {
        Some(name) => all.job(name)?,
        None => all,
    };
    let again = || again(&args, &choice, &config, registry);
    match &retry.job {
        Some(name) if !args.talk.simulate && !args.talk.get_urls => {
            jobs::alone(name, &config, Running::Fails, again)
        }
        _ => again(),
    }
}

/// Tells how to ask for what is gone from its site, where that is all there is.
fn tell_of_gone(settings: &pipeline::Settings, choice: &Choice) -> Result<()> {
    let is_left_out = !choice.gone && choice.reasons.is_empty();
    let Some(file) = settings.archive.as_ref().filter(|_| is_left_out) else {
        return Ok(());
    };
    let all = Choice {
        gone: true,
        ..choice.clone()
    };
    let gone = Records::again(file, &settings.root, &all)?;
    if gone.into_iter().flatten().next().is_some() {
        tell("hint: something is gone from its site; `--recheck` asks for it once more\n");
    }
    Ok(())
}

/// Names other folders in which something failed: what was fetched elsewhere is retried there.
fn tell_of_others(settings: &pipeline::Settings, choice: &Choice) -> Result<()> {
    /// How many are named.
    const NAMED: usize = 3;
    /// How many are looked through: each costs a look into the archive.
    const LOOKED: usize = 1000;
    let Some(file) = &settings.archive else {
        return Ok(());
    };
    let mut others = Vec::new();
    for root in Records::roots(file)?.into_iter().take(LOOKED) {
        let again = Records::again(file, &root, choice)?;
        if again.into_iter().flatten().next().is_some() {
            others.push(format!("`-d {}`", shell_word(&written(&root))));
        }
        if others.len() == NAMED {
            break;
        }
    }
    if !others.is_empty() {
        tell(&format!(
            "hint: something failed in another folder: {}\n",
            others.join(", ")
        ));
    }
    Ok(())
}

fn again(args: &Args, choice: &Choice, config: &Config, registry: Registry) -> Result<u8> {
    let settings = pipeline::Settings {
        items: None,
        max_new: None,
        ..meaning::pipeline(args, config.pipeline()?)?
    };
    if settings.archive.is_none() {
        let message = "what failed is known to the archive alone, and there is to be none";
        return Err(Error::new(Kind::Config, message)
            .hint("leave `--no-archive` out, or `archive.enabled = false`; `--archive FILE` names another"));
    }
    let settings = pipeline::Settings {
        given: given(args, choice, config, &registry, &settings)?,
        ..settings
    };
    let again = match &settings.archive {
        Some(file) => Records::again(file, &settings.root, choice)?,
        None => None,
    };
    let mut again = again.into_iter().flatten().peekable();
    if again.peek().is_none() {
        if let (Some(typed), Some(file)) = (&args.place.directory, &settings.archive)
            && !Records::roots(file)?.contains(&place(&settings.root))
        {
            if !args.talk.quiet {
                tell_of_others(&settings, choice)?;
            }
            let message = format!("the archive knows nothing of the folder `{typed}`");
            return Err(Error::new(Kind::Config, message)
                .hint("`-d` names the folder that was fetched into, as it was then"));
        }
        if !args.talk.quiet {
            let root = settings.root.display();
            tell(&format!(
                "nothing that failed is to be retried in `{root}`\n"
            ));
            tell_of_gone(&settings, choice)?;
            tell_of_others(&settings, choice)?;
        }
        return Ok(exit::WELL);
    }
    if choice.job.is_none() && !args.talk.quiet {
        tell_of_jobs(&settings, choice, config)?;
    }
    let asks = stream::iter(again.map(|again| again.map(Ask::Again)));
    let run = Run::new("fetch retry", choice.job.clone());
    main::perform(args, config, registry, settings, asks, run)
}

/// Says which of it belongs to jobs, whose templates and headers are not those of this call.
fn tell_of_jobs(settings: &pipeline::Settings, choice: &Choice, config: &Config) -> Result<()> {
    let Some(file) = &settings.archive else {
        return Ok(());
    };
    let known = config.jobs();
    for job in Records::jobs(file, &settings.root, choice)? {
        if known.contains(&job.as_str()) {
            tell(&format!(
                "some of it failed in the job `{job}`: `fetch retry --job {job}` has what that sets\n"
            ));
        }
    }
    Ok(())
}

/// The links of the job as they are now: with their secrets, and with what holds for them alone.
fn given(
    args: &Args,
    choice: &Choice,
    config: &Config,
    registry: &Registry,
    settings: &pipeline::Settings,
) -> Result<Option<Arc<Given>>> {
    let (Some(_), Some(file)) = (&choice.job, &settings.archive) else {
        return Ok(None);
    };
    let mut given = Given::new(Records::marks(file, &settings.root, choice)?);
    given::each(config, registry, args.talk.quiet, &mut |wanted| {
        given.add(wanted);
    });
    Ok(Some(Arc::new(given)))
}

fn choice(retry: &Retry) -> Result<Choice> {
    let reasons = retry.reason.iter().map(|word| word.parse::<Kind>());
    let since = retry
        .since
        .as_deref()
        .map(str::parse::<Since>)
        .transpose()?;
    Ok(Choice {
        reasons: reasons.collect::<Result<_>>()?,
        gone: retry.recheck,
        since: since.map(|since| since.moment),
        job: retry.job.clone(),
    })
}
