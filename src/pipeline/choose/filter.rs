//! An expression over the fields of an item.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use minijinja::value::{Object, ObjectRepr};
use minijinja::{Environment, ErrorKind, Expression, Value};

use super::bytes;
use super::types::mixed;
use crate::model::{Error, Item, Kind, Result};
use crate::net::Redacted;
use crate::pipeline::naming::engine::{engine, is_missing, is_no_number, is_unknown_name, reason};
use crate::pipeline::naming::fields::{Field, Values, known};
use crate::pipeline::naming::sample;
use crate::pipeline::naming::slice::looked_up;

/// An expression over the fields of an item: `width >= 1000 and ext != "gif"`.
///
/// Fields and filters are those of a [`Template`](crate::pipeline::Template). A field that the item lacks is neither
/// less nor greater than anything, and nothing can be computed from it: the item is not wanted unless the rest of the
/// expression decides. `author is none` tests for a missing field.
#[derive(Clone)]
pub struct Filter(Arc<Compiled>);

struct Compiled {
    source: String,
    expression: Expression<'static, 'static>,
    fields: Vec<&'static Field>,
}

impl Filter {
    /// Checks whether the expression holds for this item.
    ///
    /// # Errors
    /// [`Kind::Config`] if the expression cannot be evaluated although the item has all the fields in it.
    pub fn wants(&self, item: &Item) -> Result<bool> {
        let values: Vec<_> = self
            .0
            .fields
            .iter()
            .map(|field| (field.name, (field.value)(item)))
            .collect();
        let lacks = values.iter().any(|(_, value)| is_missing(value));
        let answer = self.holds(values.clone()).and_then(|holds| {
            if !holds || !lacks {
                return Ok(holds);
            }
            // The engine sorts none before everything. What holds only because of that does not hold when a missing
            // value sorts after everything.
            let last = values.into_iter().map(|(name, value)| {
                (
                    name,
                    if is_missing(&value) {
                        Value::from_object(Last)
                    } else {
                        value
                    },
                )
            });
            self.holds(last.collect())
        });
        match answer {
            Ok(holds) => Ok(holds),
            Err(_) if lacks || self.uses_extra() => Ok(false),
            Err(error) => {
                let key = url::Url::parse(&item.key)
                    .map_or_else(|_| item.key.clone(), |url| Redacted(&url).to_string());
                let message = format!(
                    "cannot apply the filter `{self}` to `{key}`: {}",
                    reason(&error)
                );
                Err(Error::new(Kind::Config, message))
            }
        }
    }

    /// Returns the fields in the expression.
    pub(super) fn fields(&self) -> &[&'static Field] {
        &self.0.fields
    }

    fn holds(&self, values: Vec<(&'static str, Value)>) -> Result<bool, minijinja::Error> {
        let values = Value::from_object(Values(values));
        Ok(self.0.expression.eval(values)?.is_true())
    }

    fn uses_extra(&self) -> bool {
        self.0.fields.iter().any(|field| field.name == "extra")
    }
}

/// Stands for a missing value, and sorts after all others.
#[derive(Debug)]
struct Last;

impl Object for Last {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }
}

fn is_none(value: &Value) -> bool {
    is_missing(value) || value.downcast_object_ref::<Last>().is_some()
}

impl FromStr for Filter {
    type Err = Error;

    fn from_str(source: &str) -> Result<Self, Error> {
        static ENGINE: OnceLock<Environment<'static>> = OnceLock::new();
        let engine = ENGINE.get_or_init(|| {
            let mut engine = engine();
            engine.add_test("none", |value: &Value| is_none(value));
            engine.add_function(BYTES, size);
            engine
        });
        if source.trim().is_empty() {
            return Err(Error::new(Kind::Config, "the filter is empty").hint(EXAMPLE));
        }
        if compares_with_none(source) {
            let reason = "write `is none` or `is not none`, since nothing equals a missing value";
            return Err(wrong(source, reason));
        }
        let expression = engine.compile_expression_owned(source.to_owned());
        let expression = expression.map_err(|error| wrong(source, &reason(&error)))?;
        let naming = engine.compile_expression_owned(looked_up(source));
        let naming = naming.map_err(|error| wrong(source, &reason(&error)))?;
        let mut names = naming.undeclared_variables(true);
        if source.contains("bytes(") {
            names.remove(BYTES);
        }
        let fields = known(names)?;
        let full = sample::full();
        let value = |name: &str| {
            let field = fields.iter().find(|field| field.name == name)?;
            Some((field.value)(&full))
        };
        if let Some(reason) = mixed(source, value) {
            return Err(wrong(source, &reason));
        }
        let filter = Filter(Arc::new(Compiled {
            source: source.to_owned(),
            expression,
            fields,
        }));
        let samples = [
            (sample::full(), true),
            (sample::digits(), false),
            (sample::bare(), false),
        ];
        for (item, full) in samples {
            let values = filter
                .0
                .fields
                .iter()
                .map(|field| (field.name, (field.value)(&item)));
            if let Err(error) = filter.holds(values.collect()) {
                let is_sure = full && !filter.uses_extra() && !is_no_number(&error);
                if is_sure || is_unknown_name(&error) {
                    return Err(wrong(source, &reason(&error)));
                }
            }
        }
        Ok(filter)
    }
}

/// The name of the function that parses sizes.
const BYTES: &str = "bytes";

/// `bytes("2M")`: parses a number of bytes as people write it.
fn size(text: &str) -> Result<u64, minijinja::Error> {
    bytes(text).ok_or_else(|| {
        let message = format!("`{text}` is not a size such as `500K`, `2M` or `1.5G`");
        minijinja::Error::new(ErrorKind::InvalidOperation, message)
    })
}

const EXAMPLE: &str = "a filter is written as in `width >= 1000 and ext != \"gif\"`";

fn wrong(source: &str, reason: &str) -> Error {
    Error::new(
        Kind::Config,
        format!("cannot use the filter `{source}`: {reason}"),
    )
    .hint(EXAMPLE)
}

/// Checks whether the word `none` stands beside `==` or `!=`, outside quotes.
fn compares_with_none(source: &str) -> bool {
    // Every other part is quoted; that a quote may be escaped hardly matters here.
    let plain: String = source
        .split(['"', '\''])
        .step_by(2)
        .collect::<Vec<_>>()
        .join("\"\"");
    let spaced = plain
        .replace("==", " == ")
        .replace("!=", " == ")
        .replace(['(', ')'], " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let is_none = |word: &str| matches!(word, "none" | "None");
    words
        .windows(2)
        .any(|pair| pair[0] == "==" && is_none(pair[1]) || is_none(pair[0]) && pair[1] == "==")
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.source)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Filter").field(&self.0.source).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(filter: &str, item: &Item) -> bool {
        filter.parse::<Filter>().unwrap().wants(item).unwrap()
    }

    #[test]
    fn filters_evaluate_items() {
        let mut item = sample::full();
        item.meta.extra.insert("likes".to_owned(), 12.into());
        let table = [
            ("width >= 640 and ext != 'gif'", true),
            ("width > 640 or ext == 'gif'", false),
            ("width * height >= 300000", true),
            ("'it' in title", true),
            ("title | upper == 'TITLE'", true),
            ("ext in ['jpg', 'png']", true),
            ("title[:2] == 'ti' and title[-1:] == 'e'", true),
            ("date[:4] | int > 1969", true),
            ("'x' in key[:number]", false),
            ("date >= '1970-01-01' and date < '1971'", true),
            ("date | date('%Y') == '1970'", true),
            ("extra.likes > 10", true),
            ("extra.dislikes > 10", false),
            ("author is none", false),
            ("host == 'example.com'", true),
            ("author == '== none'", false),
            ("not title", false),
            ("size >= bytes('97K')", true),
            ("size >= bytes('1M') or kind == 'video'", false),
            ("kind in ['image', 'video']", true),
        ];
        for (filter, expected) in table {
            assert_eq!(wants(filter, &item), expected, "{filter}");
        }
        item.meta.name = Some("12".to_owned());
        assert!(wants("(name | int) > 3", &item));
        item.meta.name = Some("x".to_owned());
        let filter: Filter = "(name | int) > 3".parse().unwrap();
        let message = filter.wants(&item).unwrap_err().message;
        assert!(message.ends_with("`x` is not a number"), "{message}");
    }

    #[test]
    fn missing_fields_compare_false() {
        let table = [
            ("width < 1000", false),
            ("width <= 1000", false),
            ("width > 1000", false),
            ("1000 > width", false),
            ("width == 1000", false),
            ("ext != 'gif'", true),
            ("width < 1000 or key == 'key'", true),
            ("width is none", true),
            ("width is not none", false),
            ("width * height > 100", false),
            ("date < '2030'", false),
            ("(width or 0) < 1000", true),
            ("width", false),
            ("not width", true),
            ("extra.likes > 10", false),
            ("extra.likes | int > 10", false),
        ];
        for (filter, expected) in table {
            assert_eq!(wants(filter, &sample::bare()), expected, "{filter}");
        }
    }

    #[test]
    fn a_wrong_filter_is_refused_with_the_reason() {
        let table = [
            ("", "the filter is empty"),
            ("width >", "unexpected end of input"),
            ("widht > 3", "there is no field `widht`"),
            ("tilte[:2] == 'Ep'", "there is no field `tilte`"),
            ("title[:widht] == 'Ep'", "there is no field `widht`"),
            ("title | shout", "filter shout is unknown"),
            ("title is shouted", "test shouted is unknown"),
            ("range(3)", "there is no field `range`"),
            ("title - 3 > 1", "-"),
            ("size > bytes('2 MB')", "`2 MB` is not a size"),
            ("size > bytes", "there is no field `bytes`"),
            ("width == none", "write `is none`"),
            ("(None!=width)", "write `is none`"),
            ("date > 2030", "`date` is text, but 2030 is a number"),
            ("number > '5'", "`number` is a number, but '5' is text"),
        ];
        for (filter, expected) in table {
            let error = filter.parse::<Filter>().map(|_| filter).unwrap_err();
            assert_eq!(error.kind, Kind::Config, "{filter}");
            assert!(error.message.contains(expected), "{filter}: {error}");
        }
    }
}
