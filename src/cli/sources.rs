//! `fetch sources`: the sources and the links they handle.

use std::sync::Arc;

use url::Url;

use super::args::SourcesCommand;
use super::main::runtime;
use super::messages::print;
use crate::model::{Document, Result};
use crate::net::{Client, Settings};
use crate::report::clean;
use crate::source::{Ctx, Registry, Source};

/// Lists the sources, or shows which one handles a link.
pub(super) fn sources(
    registry: &Registry,
    net: Settings,
    command: Option<&SourcesCommand>,
) -> Result<()> {
    match command {
        None => print(&list(registry)),
        Some(SourcesCommand::Which { link }) => {
            let ctx = Ctx::new(Client::new(net)?);
            print(&which(registry, &ctx, link)?)
        }
    }
}

fn list(registry: &Registry) -> String {
    let mut text = String::new();
    for source in registry.sources() {
        let manifest = source.manifest();
        let about = format!("{}: {}", manifest.name, manifest.about);
        text.push_str(&format!("{}\n", clean(&about)));
        let routes = manifest.routes.iter();
        let routes: Vec<_> = routes
            .map(|route| {
                let pattern = route.pattern.to_string();
                (clean(&pattern).into_owned(), clean(&route.example))
            })
            .collect();
        let width = routes
            .iter()
            .map(|(pattern, _)| pattern.len())
            .max()
            .unwrap_or(0);
        for (pattern, example) in routes {
            text.push_str(&format!("  {pattern:width$}  {example}\n"));
        }
    }
    text
}

fn which(registry: &Registry, ctx: &Ctx, text: &str) -> Result<String> {
    let (source, target) = registry.find(&registry.parse_link(text)?)?;
    let mut text = format!(
        "source `{}`, route `{}`",
        source.manifest().name,
        target.route
    );
    let mut separator = ": ";
    for (name, value) in &target.params {
        text.push_str(&format!("{separator}{name} = `{value}`"));
        separator = ", ";
    }
    let mut text = format!("{}\n", clean(&text));
    let url = &target.link.url;
    let explanation = explained(&source, ctx, url)?;
    if !explanation.is_empty() {
        return Ok(text + &explanation);
    }
    let mut routes = source.manifest().routes.iter();
    if routes.any(|route| route.name == target.route && route.pattern.takes_any_host()) {
        text.push_str("no site's source handles it, so the server's response decides:\n");
        text.push_str("  an image, video, audio or other file: saved by `");
        text.push_str(&source.manifest().name);
        text.push_str("`\n");
        for document in [
            Document::Page,
            Document::Feed,
            Document::Listing,
            Document::Stream,
            Document::Iiif,
            Document::Refusal,
        ] {
            if let Some(reader) = registry.reader(document) {
                let name = &reader.manifest().name;
                text.push_str(&format!("  a {document}: read by `{name}`\n"));
                if document == Document::Page {
                    text.push_str(&explained(reader, ctx, url)?);
                }
            }
        }
    }
    Ok(text)
}

/// The explanation that a source gives for a page, indented.
fn explained(source: &Arc<dyn Source>, ctx: &Ctx, url: &Url) -> Result<String> {
    let explanation = runtime()?.block_on(source.explain(ctx, url));
    let lines = explanation
        .iter()
        .map(|line| format!("    {}\n", clean(line)));
    Ok(lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::source::{Ctx, Manifest, Outlet, Route, Source, Target};

    struct Album(Manifest);

    #[crate::async_trait]
    impl Source for Album {
        fn manifest(&self) -> &Manifest {
            &self.0
        }

        async fn list(&self, _: &Ctx, _: &Target, _: &Outlet) -> Result<()> {
            Ok(())
        }
    }

    fn registry() -> Registry {
        let route = |name, pattern, example| Route::new(name, pattern, example).unwrap();
        let mut registry = Registry::new();
        registry.add(Album(Manifest {
            name: "album".into(),
            about: "albums, for example".into(),
            routes: vec![
                route("one", "x.org/a/{id}", "https://x.org/a/1"),
                route("all", "x.org/all", "https://x.org/all"),
            ],
        }));
        registry
    }

    #[test]
    fn lists_each_source_with_its_routes() {
        let expected = "\
album: albums, for example
  x.org/a/{id}  https://x.org/a/1
  x.org/all     https://x.org/all
";
        assert_eq!(list(&registry()), expected);
    }

    #[test]
    fn manifest_texts_cannot_inject_lines_or_escapes_into_output() {
        let mut registry = Registry::new();
        registry.add(Album(Manifest {
            name: "album".into(),
            about: "albums\u{1b}[2J\nfake: a source".into(),
            routes: vec![
                Route::new(
                    "one\u{1b}]0;owned\u{7}",
                    "x.org/a",
                    "https://x.org/a#\u{202e}\nx",
                )
                .unwrap(),
            ],
        }));
        let expected = "album: albums[2J fake: a source\n  x.org/a  https://x.org/a# x\n";
        assert_eq!(list(&registry), expected);
        let ctx = Ctx::new(Client::new(Settings::default()).unwrap());
        let explanation = which(&registry, &ctx, "x.org/a").unwrap();
        assert_eq!(explanation, "source `album`, route `one]0;owned`\n");
    }

    #[test]
    fn tells_which_source_a_link_goes_to() {
        let ctx = Ctx::new(Client::new(Settings::default()).unwrap());
        let which = |text| which(&registry(), &ctx, text);
        assert_eq!(
            which("x.org/a/7").unwrap(),
            "source `album`, route `one`: id = `7`\n"
        );
        assert_eq!(which("x.org/all").unwrap(), "source `album`, route `all`\n");
        let all = crate::plugins::all(&Default::default()).unwrap();
        let text = super::which(&all, &ctx, "https://example.org/x").unwrap();
        assert!(text.ends_with(
            "saved by `direct`\n  a page: read by `page`\n  a feed: read by `feed`\n  a listing: read by `page`\n  a stream: read by `stream`\n  a IIIF manifest: read by `iiif`\n"
        ), "{text}");
        assert_eq!(which("y.org").unwrap_err().kind, Kind::Unsupported);
    }
}
