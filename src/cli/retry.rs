//! `fetch retry`: what failed, once more.

use futures_util::stream;

use super::args::{Args, Retry};
use super::talk::tell;
use super::{exit, jobs, main, meaning};
use crate::config::{Config, Since};
use crate::model::{Kind, Result};
use crate::pipeline::archive::{Choice, Records, Run};
use crate::pipeline::{self, Ask};
use crate::source::Registry;

/// Asks once more for what failed and is meant.
pub(super) fn retry(
    mut args: Args,
    retry: Retry,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    let choice = choice(&retry)?;
    (args.place, args.how, args.talk) = (retry.place, retry.how, retry.talk);
    let all = main::config(&args)?;
    let registry = main::registry(&all, sources)?;
    let config = match &retry.job {
        Some(name) => all.job(name)?,
        None => all,
    };
    let again = || again(&args, &choice, &config, registry);
    match &retry.job {
        Some(name) if !args.talk.simulate && !args.talk.get_urls => {
            jobs::alone(name, &config, true, again)
        }
        _ => again(),
    }
}

fn again(args: &Args, choice: &Choice, config: &Config, registry: Registry) -> Result<u8> {
    let settings = pipeline::Settings {
        items: None,
        max_new: None,
        ..meaning::pipeline(args, config.pipeline()?)?
    };
    let again = match &settings.archive {
        Some(file) => Records::again(file, &settings.root, choice)?,
        None => None,
    };
    let mut again = again.into_iter().flatten().peekable();
    if again.peek().is_none() {
        if !args.talk.quiet {
            let root = settings.root.display();
            tell(&format!(
                "nothing that failed is to be retried in `{root}`\n"
            ));
        }
        return Ok(exit::WELL);
    }
    let asks = stream::iter(again.map(|again| again.map(Ask::Again)));
    let run = Run::new("fetch retry", choice.job.clone());
    main::perform(args, config, registry, settings, asks, run)
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
