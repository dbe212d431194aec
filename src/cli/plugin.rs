//! `fetch plugin`: the plugins that are scripts, where they are from, and what they may do.

use super::args::{Args, PluginCommand};
use super::main;
use super::talk::print;
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::plugins::SCRIPTS;
use crate::script::{self, Found, Manifest};
use crate::source::Registry;

/// Tells what was asked about plugins.
pub(super) fn plugin(
    args: &Args,
    command: &PluginCommand,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<()> {
    let config = main::config(args)?;
    let (found, broken) = script::find(config.plugins(), SCRIPTS)?;
    match command {
        PluginCommand::List => {
            let mut text: String = found.iter().map(line).collect();
            for broken in &broken {
                text.push_str(&format!("not used: {}\n", broken.error));
            }
            print(&text)
        }
        PluginCommand::Which { link } => {
            let registry = main::registry(&config, sources)?;
            let (source, target) = registry.find(&registry.read(link)?)?;
            let name = &source.manifest().name;
            match found
                .iter()
                .find(|plugin| plugin.package.manifest.id == *name)
            {
                Some(plugin) => print(&format!(
                    "{}  route `{}`\n",
                    line(plugin).trim_end(),
                    target.route
                )),
                None => print(&format!(
                    "source `{name}`, which is no script, route `{}`\n",
                    target.route
                )),
            }
        }
        PluginCommand::Info { name } => match found
            .iter()
            .find(|plugin| plugin.package.manifest.id == *name)
        {
            Some(plugin) => print(&info(plugin)),
            None => {
                let known: Vec<_> = found
                    .iter()
                    .map(|plugin| format!("`{}`", plugin.package.manifest.id))
                    .collect();
                let message = format!("no plugin is called `{name}`");
                Err(Error::new(Kind::Config, message)
                    .hint(format!("the known ones are {}", known.join(", "))))
            }
        },
    }
}

fn line(plugin: &Found) -> String {
    let Manifest { id, version, .. } = &plugin.package.manifest;
    let over: Vec<_> = plugin
        .over
        .iter()
        .map(|origin| format!(" (in place of {origin})"))
        .collect();
    format!("{id} {version}  {}{}\n", plugin.origin, over.concat())
}

fn info(plugin: &Found) -> String {
    let manifest = &plugin.package.manifest;
    let may = &manifest.permissions;
    let mut text = format!("{}{}\n", line(plugin), manifest.about);
    let mut tell = |name: &str, list: Vec<String>| {
        if !list.is_empty() {
            text.push_str(&format!("{name}:\n"));
            list.iter()
                .for_each(|item| text.push_str(&format!("  {item}\n")));
        }
    };
    tell(
        "links",
        manifest
            .routes
            .iter()
            .map(|route| format!("{}  {}", route.pattern, route.example))
            .collect(),
    );
    tell("asks", may.request.0.clone());
    let as_user = "with the cookies and the netrc that you give fetch for these hosts";
    tell("asks as you", vec![as_user.into()]);
    tell("saves from", may.media.0.clone());
    if may.delegate {
        tell(
            "hands links on",
            vec!["to any other source, on any host".into()],
        );
    }
    let options = manifest.options.iter().map(|option| {
        format!(
            "{} = {}  {}",
            option.key,
            serde_json::json!(option.default),
            option.help
        )
    });
    tell("options", options.collect());
    let secrets = manifest.secrets.iter();
    tell(
        "secrets",
        secrets
            .map(|secret| format!("{} for {}  {}", secret.key, secret.host, secret.help))
            .collect(),
    );
    tell("made by", manifest.authors.clone());
    tell("licence", manifest.license.iter().cloned().collect());
    tell("home", manifest.homepage.iter().cloned().collect());
    // Whoever wrote it may have written for the terminal.
    text.replace(|c: char| c.is_control() && c != '\n', " ")
}
