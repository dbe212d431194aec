//! The template engine shared by templates and filters: its filters, and how missing values behave.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, Value, filters};

use super::safe::cut;

/// Creates an engine with the filters and no functions. Names are checked beforehand, so a missing value is no error.
pub(crate) fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Chainable);
    for function in ["range", "dict", "debug", "namespace"] {
        engine.remove_global(function);
    }
    engine.add_filter("pad", pad);
    engine.add_filter("date", date);
    engine.add_filter("cut", cut_text);
    engine.add_filter("truncate", truncate);
    engine.add_filter("slug", slug);
    // The engine's own filters, except for missing values, which they would print as the word `none`.
    engine.add_filter("upper", |value| of_text(value, str::to_uppercase));
    engine.add_filter("lower", |value| of_text(value, str::to_lowercase));
    engine.add_filter("title", |value| {
        of_text(value, |text| filters::title(text.into()))
    });
    engine.add_filter("replace", |value, from: String, to: String| {
        of_text(value, |text| text.replace(&from, &to))
    });
    // The engine's own filters, with messages that say what is wrong with which text.
    engine.add_filter("int", |state: &State<'_, '_>, value: Value| {
        number(value, |value| filters::int(state, value))
    });
    engine.add_filter("float", |state: &State<'_, '_>, value: Value| {
        number(value, |value| filters::float(state, value))
    });
    engine.add_filter("default", default);
    engine.add_filter("d", default);
    engine.set_formatter(|out, _, value| {
        if is_nothing(value) {
            return Ok(());
        }
        let text = value
            .as_str()
            .map_or_else(|| value.to_string().into(), std::borrow::Cow::Borrowed);
        // Only the template itself separates folders, never a value.
        for part in text.split_inclusive(|c: char| matches!(c, '/' | '\\') || c.is_control()) {
            match part.char_indices().next_back() {
                Some((end, '/' | '\\')) => write!(out, "{}_", &part[..end])?,
                Some((end, last)) if last.is_control() => write!(out, "{}_", &part[..end])?,
                _ => out.write_str(part)?,
            }
        }
        Ok(())
    });
    engine
}

/// Checks whether a value stands for a field that the item lacks.
pub(crate) fn is_missing(value: &Value) -> bool {
    value.is_none() || value.is_undefined()
}

/// Checks whether a value prints nothing: a slice of a missing value is an empty list.
fn is_nothing(value: &Value) -> bool {
    let is_list = matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    is_missing(value) || is_list && value.len() == Some(0)
}

/// The filters useful for names and selections. There are more for programmers.
const FILTERS: [&str; 15] = [
    "cut", "date", "default", "first", "float", "int", "join", "length", "lower", "pad", "replace",
    "slug", "title", "truncate", "upper",
];

/// Returns what went wrong, in the engine's words but without its source locations. For an unknown filter, lists the
/// known ones.
pub(crate) fn reason(error: &Error) -> String {
    let detail = error.detail().map(str::to_owned);
    let reason = detail.unwrap_or_else(|| error.kind().to_string());
    match error.kind() {
        ErrorKind::UnknownFilter => {
            let known = FILTERS.map(|filter| format!("`{filter}`")).join(", ");
            format!("{reason}; known filters are {known}")
        }
        _ => reason,
    }
}

/// Marks the error for a text that is not a number: another item's text may be one.
#[derive(Debug)]
struct NoNumber;

impl fmt::Display for NoNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a number")
    }
}

impl std::error::Error for NoNumber {}

/// Checks whether an error only says that the text of one item is not a number.
pub(crate) fn is_no_number(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.is::<NoNumber>())
}

/// `{title | int}`: parses text as a number to calculate with. A missing value stays missing and does not become zero.
fn number(value: Value, read: impl Fn(&Value) -> Result<Value, Error>) -> Result<Value, Error> {
    if is_nothing(&value) {
        return Ok(Value::from(()));
    }
    let Some(text) = value.as_str().map(str::trim) else {
        return read(&value);
    };
    read(&Value::from(text)).map_err(|_| {
        let message = format!("`{text}` is not a number");
        Error::new(ErrorKind::InvalidOperation, message).with_source(NoNumber)
    })
}

/// Checks whether an error means that the template itself is wrong, whatever the item.
pub(crate) fn is_unknown_name(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction
    )
}

/// `{number | pad(3)}`: pads with leading zeros to this many digits, or to as many as `total` has if that is more.
fn pad(value: Value, width: usize, total: Option<Value>) -> Value {
    if is_nothing(&value) {
        return value;
    }
    let digits = total
        .filter(|total| !is_nothing(total))
        .map_or(0, |total| total.to_string().len());
    // No sensible number has more, and a typo must not exhaust memory.
    let width = width.max(digits).min(40);
    Value::from(format!("{:0>width$}", value.to_string()))
}

/// Applies a change to a text. A missing value stays missing.
fn of_text(value: Value, change: impl Fn(&str) -> String) -> Value {
    match is_nothing(&value) {
        true => value,
        false => Value::from(change(&value.to_string())),
    }
}

/// `{title | cut(40)}`: at most this many characters, without separating a letter from its marks.
fn cut_text(value: Value, characters: usize) -> Value {
    if is_nothing(&value) {
        return value;
    }
    let text = value.to_string();
    match text.char_indices().nth(characters) {
        Some((end, _)) => Value::from(cut(&text, end)),
        None => Value::from(text),
    }
}

/// `{title | truncate(80)}`: at most this many bytes, without splitting a character or separating a letter from its
/// marks.
fn truncate(value: Value, bytes: usize) -> Value {
    if is_nothing(&value) {
        return value;
    }
    Value::from(cut(&value.to_string(), bytes))
}

/// `{title | slug}`: letters and digits in lower case, with a dash for each run of anything else between them.
fn slug(value: Value) -> Value {
    if is_nothing(&value) {
        return value;
    }
    let text = value.to_string().to_lowercase();
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-");
    // Blank is as good as missing, so that `(title | slug) or key` falls through.
    match slug.is_empty() {
        true => Value::from(()),
        false => Value::from(slug),
    }
}

/// `{author | default("nobody")}`: the same as `or`, for those used to it from elsewhere.
fn default(value: Value, other: Option<Value>) -> Value {
    match is_nothing(&value) || value.as_str() == Some("") {
        true => other.unwrap_or_else(|| Value::from("")),
        false => value,
    }
}

/// `{date | date("%Y-%m")}`: formats a time in UTC by strftime directives. Also accepts seconds since 1970.
fn date(value: Value, format: Option<&str>) -> Result<Value, Error> {
    if is_nothing(&value) {
        return Ok(value);
    }
    let moment = moment(&value).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidOperation,
            format!("`{value}` is not a date"),
        )
    })?;
    let format = format.unwrap_or("%Y-%m-%d");
    let text = jiff::fmt::strtime::format(format, moment).map_err(|error| {
        Error::new(
            ErrorKind::InvalidOperation,
            format!("cannot format a date as `{format}`: {error}"),
        )
    })?;
    Ok(Value::from(text))
}

fn moment(value: &Value) -> Option<Timestamp> {
    if value.kind() == ValueKind::Number {
        return Timestamp::from_second(value.as_i64()?).ok();
    }
    let text = value.as_str()?;
    let local = |date: DateTime| {
        date.to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    };
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| local(text.parse::<DateTime>().ok()?))
        .or_else(|| {
            local(
                text.parse::<Date>()
                    .ok()?
                    .to_datetime(jiff::civil::Time::midnight()),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::super::fields::FIELDS;
    use super::*;

    #[test]
    fn all_fields_and_filters_are_in_the_documentation() {
        let text = include_str!("../../../docs/templates.md");
        let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
        let documented: Vec<_> = rows
            .flat_map(|row| row.split(" | ").next())
            .flat_map(|cell| cell.split(['`', ',', ' ', '(']))
            .collect();
        let fields = FIELDS.iter().map(|field| field.name);
        for name in fields.chain(FILTERS) {
            assert!(documented.contains(&name), "{name}");
        }
        let engine = engine();
        let is_filter = |word: &str| {
            let tried = engine.compile_expression_owned(format!("1 | {word}"));
            let error = tried.map(|tried| tried.eval(()).err());
            error.is_ok_and(|error| error.is_none_or(|e| e.kind() != ErrorKind::UnknownFilter))
        };
        for word in documented.into_iter().filter(|word| is_filter(word)) {
            let is_field = FIELDS.iter().any(|field| field.name == word);
            assert!(is_field || FILTERS.contains(&word), "{word}");
        }
    }

    #[test]
    fn documented_filters_exist() {
        let engine = engine();
        for filter in FILTERS {
            let known = engine.compile_expression_owned(format!("1 | {filter}"));
            let error = known.unwrap().eval(()).err();
            let kind = error.map(|error| error.kind());
            assert_ne!(kind, Some(ErrorKind::UnknownFilter), "{filter}");
        }
        let unknown = engine.compile_expression_owned("1 | shout".to_owned());
        let unknown = unknown.unwrap().eval(()).unwrap_err();
        let message = reason(&unknown);
        assert!(
            message.contains("known filters are `cut`, `date`"),
            "{message}"
        );
    }
}
