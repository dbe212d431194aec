//! `fetch plugin`: lists, explains, creates, tests and installs script plugins.

mod consent;
mod indexes;
mod installed;
mod packing;
mod trusting;

use std::path::Path;

use serde_json::Value;

use super::args::{Args, PluginCommand};
use super::messages::{eprint, print};
use super::{exit, main, overrides};
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::net::Client;
use crate::plugins::{NATIVE, SCRIPTS};
use crate::report::clean;
use crate::script::{self, Delegate, FoundPlugin, Grants, Manifest, Script, SearchPaths};
use crate::source::Registry;

/// Runs a subcommand of `fetch plugin`.
pub(super) fn plugin(
    args: &Args,
    command: &PluginCommand,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    let config = main::config(args)?;
    match command {
        PluginCommand::List => list(&config)?,
        PluginCommand::Which { link } => which(&config, &main::registry(&config, sources)?, link)?,
        PluginCommand::Info { name } => about(&config, name)?,
        PluginCommand::New { name } => new(&main::registry(&config, sources)?, name)?,
        PluginCommand::Test { folder, live, case } => {
            return test(args, &config, (folder.as_path(), *live, case.as_slice()));
        }
        PluginCommand::Check { folder } => return check(folder),
        PluginCommand::Record { folder, name, link } => record(args, &config, folder, name, link)?,
        PluginCommand::Types => print(script::TYPES)?,
        PluginCommand::Pack { folder } => packing::pack(folder)?,
        PluginCommand::Index(command) => indexes::index(args, &config, command)?,
        PluginCommand::Install {
            wanted,
            yes,
            over_builtin,
            allow_wider,
        } => {
            let known = sources(&config)?;
            let word = installed::Word {
                yes: *yes,
                over_builtin: *over_builtin,
                allow_wider: *allow_wider,
            };
            installed::install(args, &config, &known, wanted, word)?;
        }
        PluginCommand::Update { id, allow_wider } => {
            return installed::update(args, &config, id.as_deref(), *allow_wider);
        }
        PluginCommand::Rollback { id } => installed::roll_back(&config, id)?,
        PluginCommand::Remove { id } => installed::remove(&config, id)?,
        PluginCommand::Adopt { id } => installed::adopt(&config, id)?,
        PluginCommand::Trust {
            folder, undo: true, ..
        } => trusting::undo(&config, folder)?,
        PluginCommand::Trust { folder, yes, .. } => {
            trusting::trust(&config, &sources(&config)?, folder, *yes)?;
        }
    }
    Ok(exit::SUCCESS)
}

fn list(config: &Config) -> Result<()> {
    let (found, broken) = script::find(config.plugins(), SCRIPTS)?;
    let mut text = String::new();
    for plugin in &found {
        match plugin.check() {
            Ok(()) => text.push_str(&line(plugin)),
            Err(error) => text.push_str(&not_used(line(plugin).trim_end(), &error)),
        }
    }
    for broken in &broken {
        text.push_str(&not_used(&broken.what, &broken.error));
    }
    print(&text)
}

fn not_used(what: &str, error: &Error) -> String {
    let hint = error.hint.as_ref();
    let hint = hint.map(|hint| format!("  hint: {}\n", clean(hint)));
    let why = format!("{what}: {error}");
    format!("not used: {}\n{}", clean(&why), hint.unwrap_or_default())
}

fn which(config: &Config, registry: &Registry, link: &str) -> Result<()> {
    let (found, _) = script::find(config.plugins(), SCRIPTS)?;
    let (source, target) = registry.find(&registry.parse_link(link)?)?;
    let (name, route) = (&source.manifest().name, &target.route);
    let mut found = found.iter();
    match found.find(|plugin| plugin.package.manifest.id == *name) {
        Some(plugin) => {
            plugin.check()?;
            print(&format!(
                "{}  route `{}`\n",
                line(plugin).trim_end(),
                clean(route)
            ))
        }
        None => print(&format!(
            "source `{name}`, which is not a script, route `{route}`\n"
        )),
    }
}

fn about(config: &Config, name: &str) -> Result<()> {
    let (found, _) = script::find(config.plugins(), SCRIPTS)?;
    let id = |plugin: &FoundPlugin| plugin.package.manifest.id.clone();
    if let Some(plugin) = found.iter().find(|plugin| id(plugin) == *name) {
        plugin.check()?;
        return print(&info(plugin));
    }
    let known: Vec<_> = found
        .iter()
        .map(|plugin| format!("`{}`", id(plugin)))
        .collect();
    let message = format!("there is no plugin `{name}`");
    Err(Error::new(Kind::Config, message).hint(format!("the known ones are {}", known.join(", "))))
}

fn new(known: &Registry, name: &str) -> Result<()> {
    if known.source(name).is_ok() {
        let message = format!("there is already a source `{name}`");
        return Err(Error::new(Kind::Config, message).hint("`fetch sources` lists them"));
    }
    let folder = script::skeleton(Path::new(""), name)?;
    let shown = folder.display();
    print(&format!(
        "created `{shown}`: plugin.toml, main.luau, cases/album.toml\n\
         change and test them: fetch plugin test {shown}\n\
         try it on a link:     fetch --plugin {shown} -s LINK\n"
    ))
}

fn test(
    args: &Args,
    config: &Config,
    (folder, live, only): (&Path, bool, &[String]),
) -> Result<u8> {
    let runtime = main::runtime()?;
    let verdicts = match live {
        true => {
            let (set, client) = at_work(args, config, &FoundPlugin::read(folder)?)?;
            runtime.block_on(script::live(folder, only, &set, &client))?
        }
        false => runtime.block_on(script::replay(folder, only))?,
    };
    let mut text = String::new();
    let mut failed = 0;
    for verdict in &verdicts {
        let word = match (verdict.wrong.is_empty(), verdict.is_changed) {
            (true, _) => "ok",
            (false, true) => "changed",
            (false, false) => "failed",
        };
        failed += u32::from(word != "ok");
        text.push_str(&format!("{word:8}{}\n", clean(&verdict.name)));
        for line in &verdict.notes {
            text.push_str(&format!("  log: {}\n", clean(line)));
        }
        for line in verdict.wrong.iter().flat_map(|wrong| wrong.lines()) {
            text.push_str(&format!("  {}\n", clean(line)));
        }
    }
    if failed > 0 {
        let how = match live {
            true => "failed, or have changed",
            false => "failed",
        };
        text.push_str(&format!("{failed} of {} {how}\n", verdicts.len()));
    }
    print(&text)?;
    Ok(match failed {
        0 => exit::SUCCESS,
        _ => exit::PARTIAL,
    })
}

/// The user's settings for a plugin, and an HTTP client for it.
fn at_work(args: &Args, config: &Config, found: &FoundPlugin) -> Result<(Value, Client)> {
    let client = Client::new(overrides::net(args, config.net()?)?)?;
    let set = config.options_known(&found.package.manifest.id, Script::known(found))?;
    Ok((set, client))
}

fn check(folder: &Path) -> Result<u8> {
    let mut wrong = main::runtime()?.block_on(script::check(folder))?;
    let id = FoundPlugin::read(folder)?.package.manifest.id;
    let (scripts, _) = script::find(&SearchPaths::default(), SCRIPTS)?;
    let mut scripts = scripts.iter().map(|own| &own.package.manifest.id);
    match NATIVE.iter().position(|own| *own == id) {
        // The first native source is for a single site, as scripts are, and may be replaced.
        Some(1..) => wrong.push(format!(
            "a plugin cannot be called `{id}`, which is part of the program"
        )),
        Some(_) => eprint(&in_place_of(&id, "nobody can install one with this name")),
        None if scripts.any(|own| *own == id) => eprint(&in_place_of(
            &id,
            "others need `--over-builtin` to install one with this name, and it has to be newer",
        )),
        None => {}
    }
    let mut text = String::new();
    for line in &wrong {
        text.push_str(&format!("{}\n", clean(line)));
    }
    print(match wrong.is_empty() {
        true => "no problems found\n",
        false => &text,
    })?;
    Ok(match wrong.len() {
        0 => exit::SUCCESS,
        _ => exit::PARTIAL,
    })
}

fn in_place_of(id: &str, others: &str) -> String {
    format!("note: `{id}` is the name of a built-in source, which your own replaces; {others}\n")
}

fn record(args: &Args, config: &Config, folder: &Path, name: &str, link: &str) -> Result<()> {
    let found = FoundPlugin::read(folder)?;
    let (set, client) = at_work(args, config, &found)?;
    let recorded = script::record(found, folder, name, link, set, client);
    let files = main::runtime()?.block_on(recorded)?;
    let text: String = files
        .iter()
        .map(|file| format!("created `{}`\n", file.display()))
        .collect();
    let shown = folder.display();
    print(&format!(
        "{text}review it, shorten it, then run: fetch plugin test {shown}\n"
    ))
}

fn line(plugin: &FoundPlugin) -> String {
    let Manifest { id, version, .. } = &plugin.package.manifest;
    let shadowed: Vec<_> = plugin
        .shadowed
        .iter()
        .map(|origin| format!(" (in place of {origin})"))
        .collect();
    let line = format!("{id} {version}  {}{}", plugin.origin, shadowed.concat());
    format!("{}\n", clean(&line))
}

fn info(plugin: &FoundPlugin) -> String {
    let manifest = &plugin.package.manifest;
    let may = &manifest.permissions;
    // The texts of a plugin may contain terminal control sequences: each is reduced to one clean line.
    let mut text = format!("{}{}\n", line(plugin), clean(&manifest.about));
    let mut section = |name: &str, list: Vec<String>| {
        if !list.is_empty() {
            text.push_str(&format!("{name}:\n"));
            list.iter()
                .for_each(|item| text.push_str(&format!("  {}\n", clean(item))));
        }
    };
    section(
        "links",
        manifest
            .routes
            .iter()
            .map(|route| format!("{}  {}", route.pattern, route.example))
            .collect(),
    );
    let mut hosts = manifest.hosts().0;
    if may.named_host {
        hosts.push(format!(
            "the host of a link `{}:https://HOST/…`",
            manifest.id
        ));
    }
    let set = Grants::of(manifest).sites.into_iter();
    hosts.extend(set.map(|key| format!("what you set as {key}")));
    section("asks", hosts);
    section("posts to", may.post.0.clone());
    let as_user = "with the cookies and the netrc that you give fetch for these hosts";
    section("asks as you", vec![as_user.into()]);
    section("saves from", may.media.0.clone());
    section(
        "hands links on",
        match &may.delegate {
            Delegate::Any(true) => vec!["to any other source, on any host".into()],
            Delegate::Any(false) => Vec::new(),
            Delegate::To(hosts) => hosts.0.clone(),
        },
    );
    let options = manifest.options.iter().map(|option| {
        format!(
            "{} = {}  {}",
            option.key,
            serde_json::json!(option.default),
            option.help
        )
    });
    section("options", options.collect());
    let secrets = manifest.secrets.iter();
    section(
        "secrets",
        secrets
            .map(|secret| {
                let exchange = secret.token.as_ref().and_then(|url| url.host_str());
                let exchange = exchange.map(|host| format!(", by way of {host}"));
                let (key, host, help) = (&secret.key, &secret.host, &secret.help);
                format!("{key} for {host}{}  {help}", exchange.unwrap_or_default())
            })
            .collect(),
    );
    section("made by", manifest.authors.clone());
    section("licence", manifest.license.iter().cloned().collect());
    section("home", manifest.homepage.iter().cloned().collect());
    text
}
