//! Path templates.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use minijinja::{Environment, Value};

use super::engine::{engine, is_no_number, is_unknown_name, reason};
use super::extension::usable;
use super::fields::{Field, Values, known, named_ext};
use super::planned::Planned;
use super::sample;
use super::slice::looked_up;
use super::syntax::{Ending, Piece, check, joined, pieces, take_ending, wrong};
use crate::model::{Error, Item, Kind, Result};
use crate::net::Redacted;

/// Names the path of an item below the output directory: `{album}/{number | pad(3)} {title or key}.{ext}`.
///
/// `{field}` prints a field, or nothing if the item lacks it; `or` gives a fallback. There are filters such as
/// `pad(3)`, `date("%Y-%m-%d")`, `cut(40)` characters, `truncate(80)` bytes, `slug`, `upper`, `default("x")`,
/// `replace("a", "b")`, and slices as in `{title[:50]}`. `{author if author != title}` and `{% if author %}…{% endif
/// %}` are conditionals, and `{# … #}` is a comment. Only a `/` in the template itself separates folders. At the end,
/// `.{ext}` stands for the extension that the bytes decide; a literal extension stays; with neither, the extension is
/// appended.
#[derive(Clone)]
pub struct Template(Arc<Compiled>);

struct Compiled {
    source: String,
    engine: Environment<'static>,
    fields: Vec<&'static Field>,
    ext: Ext,
}

/// Where the extension comes from.
enum Ext {
    /// From the bytes; the site or the URL proposes one.
    Open,
    /// From the bytes; the template proposes one.
    Proposed,
    /// From the template.
    Fixed(String),
}

/// The engine's names for the template of the path, and for the one that proposes an extension.
const PATH: &str = "path";
const EXT: &str = "ext";

impl Template {
    /// The default path of a direct file.
    pub const DIRECT: &'static str = "{name or title or key}.{ext}";

    /// The default path of an item of an album.
    pub const ALBUM: &'static str =
        "{source}/{album}/{number | pad(3, album_count)} {title or key}.{ext}";

    /// Returns the template for this item if the user sets none.
    pub(crate) fn default_for(item: &Item) -> &'static Template {
        static DIRECT: OnceLock<Template> = OnceLock::new();
        static ALBUM: OnceLock<Template> = OnceLock::new();
        let (place, source) = match item.meta.album {
            None => (&DIRECT, Template::DIRECT),
            Some(_) => (&ALBUM, Template::ALBUM),
        };
        // A test parses both, so neither can be wrong here.
        place.get_or_init(|| {
            source
                .parse()
                .unwrap_or_else(|error| unreachable!("{error}"))
        })
    }

    /// Plans the path of this item.
    ///
    /// # Errors
    /// [`Kind::Config`] if the template cannot be rendered with the item's fields.
    pub fn plan(&self, item: &Item) -> Result<Planned> {
        let values = self.values(item);
        let failed = |error: minijinja::Error| {
            let message = format!(
                "cannot name `{}` with the path template `{self}`: {}",
                redacted_key(&item.key),
                reason(&error)
            );
            let failure = Error::new(Kind::Config, message);
            match is_no_number(&error) {
                true => failure,
                false => failure.hint(
                    "give a default for a field that an item lacks, as in `{(number or 0) // 100}`",
                ),
            }
        };
        let path = self.render(PATH, &values).map_err(failed)?;
        let ext = match &self.0.ext {
            // Its source knows that it has no extension.
            Ext::Open if item.meta.ext.as_deref() == Some("") => Some(String::new()),
            Ext::Open => named_ext(item),
            Ext::Proposed => usable(self.render(EXT, &values).map_err(failed)?.trim()),
            Ext::Fixed(ext) => Some(ext.clone()),
        };
        Ok(Planned::new(
            &path,
            item,
            ext,
            matches!(self.0.ext, Ext::Fixed(_)),
        ))
    }

    /// Returns the names of the fields that the template may use.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'static str> {
        let ext = matches!(self.0.ext, Ext::Open).then_some("ext");
        self.0.fields.iter().map(|field| field.name).chain(ext)
    }

    fn values(&self, item: &Item) -> Value {
        let values = self
            .0
            .fields
            .iter()
            .map(|field| (field.name, (field.in_path)(item)));
        Value::from_object(Values(values.collect()))
    }

    fn render(&self, part: &str, values: &Value) -> Result<String, minijinja::Error> {
        self.0.engine.get_template(part)?.render(values)
    }

    /// Renders the template for made-up items, so that an unknown filter is reported before anything is downloaded.
    fn try_out(&self) -> Result<()> {
        let uses_extra = self.0.fields.iter().any(|field| field.name == "extra");
        let samples = [
            (sample::full(), true),
            (sample::digits(), false),
            (sample::bare(), false),
        ];
        for (item, full) in samples {
            let values = self.values(&item);
            let proposal = matches!(self.0.ext, Ext::Proposed).then_some(EXT);
            for part in [PATH].into_iter().chain(proposal) {
                let Err(error) = self.render(part, &values) else {
                    continue;
                };
                // What depends on missing fields, on an item's own texts or on a site's extra fields may fail here and
                // be right elsewhere.
                let is_sure = full && !uses_extra && !is_no_number(&error);
                if is_sure || is_unknown_name(&error) {
                    return Err(wrong(&self.0.source, &reason(&error)));
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Template {
    type Err = Error;

    fn from_str(source: &str) -> Result<Self, Error> {
        let mut pieces = pieces(source)?;
        check(source, &pieces)?;
        let mut engine = engine();
        let mut fields = std::collections::HashSet::new();
        let mut add = |name: &'static str, pieces: &[Piece<'_>]| {
            let failed = |error: minijinja::Error| wrong(source, &reason(&error));
            let text = joined(pieces, str::to_owned);
            engine.add_template_owned(name, text).map_err(failed)?;
            let naming = joined(pieces, looked_up);
            let naming = engine.template_from_str(&naming).map_err(failed)?;
            fields.extend(naming.undeclared_variables(true));
            Ok::<(), Error>(())
        };
        let ext = match take_ending(&mut pieces) {
            Ending::Fixed(ext) => Ext::Fixed(ext.to_owned()),
            Ending::Open(field) if field.trim() != "ext" => {
                add(EXT, &[Piece::Field(field)])?;
                Ext::Proposed
            }
            Ending::Open(_) | Ending::None => Ext::Open,
        };
        add(PATH, &pieces)?;
        let fields = known(fields)?;
        let template = Template(Arc::new(Compiled {
            source: source.to_owned(),
            engine,
            fields,
            ext,
        }));
        template.try_out()?;
        Ok(template)
    }
}

/// Returns a key in its displayed form: it can be a URL with secrets.
fn redacted_key(key: &str) -> String {
    match url::Url::parse(key) {
        Ok(url) => Redacted(&url).to_string(),
        Err(_) => key.to_owned(),
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.source)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.0.source).finish()
    }
}

#[cfg(test)]
mod tests;
