//! Writes JSON. A value it cannot hold is an error that says where it is: no field is left out silently.

use std::fmt;

use mlua::{Table, Value};
use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::DEEPEST;

/// A value, and its location.
pub(super) struct Part<'a> {
    value: &'a Value,
    place: &'a Place<'a>,
    /// The metatable that marks a table as a list.
    lists: &'a Table,
}

/// The location of a value: the root, or a name within another.
enum Place<'a> {
    Root,
    In(&'a Place<'a>, &'a str, usize),
}

impl<'a> Part<'a> {
    /// Returns the root value.
    pub(super) fn whole(value: &'a Value, lists: &'a Table) -> Self {
        Part {
            value,
            place: &Place::Root,
            lists,
        }
    }

    fn list<S: Serializer>(&self, table: &Table, serializer: S) -> Result<S::Ok, S::Error> {
        let (mut last, mut count) = (0, 0);
        for pair in table.pairs::<Value, Value>() {
            let (key, _) = pair.map_err(S::Error::custom)?;
            let Some(at) = position(&key) else {
                let name = name(&key).unwrap_or_default();
                let place = self.place.behind(&name);
                let why = "is in a list: a table is either a list or an object";
                return Err(S::Error::custom(format!("{place} {why}")));
            };
            (last, count) = (at.max(last), count + 1);
        }
        // An explicit list has `null` for missing elements.
        if count < last && !self.is_list(table) {
            let is_missing = |at: &usize| table.raw_get::<Value>(*at).is_ok_and(|it| it.is_nil());
            let gap = (1..last).find(is_missing).unwrap_or(last);
            let place = self.place;
            let why = format!("{place} is a list without a value at {gap}");
            return Err(S::Error::custom(why));
        }
        let mut list = serializer.serialize_seq(Some(last))?;
        for at in 1..=last {
            let value: Value = table.raw_get(at).map_err(S::Error::custom)?;
            list.serialize_element(&Part {
                value: &value,
                place: &self.place.behind(&at.to_string()),
                lists: self.lists,
            })?;
        }
        list.end()
    }

    fn object<S: Serializer>(&self, table: &Table, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair.map_err(S::Error::custom)?;
            let Some(name) = name(&key) else {
                let (place, is) = (self.place, key.type_name());
                let why = format!("{place} has a field whose name is not text but a {is}");
                return Err(S::Error::custom(why));
            };
            let part = Part {
                value: &value,
                place: &self.place.behind(&name),
                lists: self.lists,
            };
            object.serialize_entry(&name, &part)?;
        }
        object.end()
    }

    fn is_list(&self, table: &Table) -> bool {
        table.metatable().is_some_and(|is| is == *self.lists)
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let place = self.place;
        let why = match self.value {
            Value::Table(_) if place.depth() >= DEEPEST => {
                "is too deep, or contains itself".to_owned()
            }
            Value::Table(table) if table.raw_len() > 0 || self.is_list(table) => {
                return self.list(table, serializer);
            }
            Value::Table(table) => return self.object(table, serializer),
            Value::Number(number) if !number.is_finite() => "is not a JSON number".into(),
            Value::String(text) if text.to_str().is_err() => "is not UTF-8".into(),
            Value::Nil
            | Value::Boolean(_)
            | Value::Integer(_)
            | Value::Number(_)
            | Value::String(_) => return self.value.serialize(serializer),
            other => format!("is a {}", other.type_name()),
        };
        Err(S::Error::custom(format!("{place} {why}")))
    }
}

impl<'a> Place<'a> {
    fn behind(&'a self, name: &'a str) -> Place<'a> {
        Place::In(self, name, self.depth() + 1)
    }

    fn depth(&self) -> usize {
        match self {
            Place::Root => 0,
            Place::In(_, _, depth) => *depth,
        }
    }

    /// Collects the names on the path, except those beyond the first few of a long one.
    fn names(&self, names: &mut Vec<String>) {
        if let Place::In(before, name, depth) = self {
            before.names(names);
            if *depth <= SHOWN {
                let name: String = name.chars().take(LONGEST).collect();
                names.push(name.escape_debug().to_string());
            }
        }
    }
}

/// How many names of a path are shown, and how many characters of each.
const SHOWN: usize = 8;
const LONGEST: usize = 80;

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = Vec::new();
        self.names(&mut names);
        match self.depth() {
            0 => f.write_str("it"),
            depth if depth > SHOWN => write!(f, "`{}…`", names.join(".")),
            _ => write!(f, "`{}`", names.join(".")),
        }
    }
}

/// Returns a key's position in a list.
fn position(key: &Value) -> Option<usize> {
    match key {
        Value::Integer(at) => usize::try_from(*at).ok().filter(|at| *at > 0),
        _ => None,
    }
}

/// Returns a key as the name of a field.
fn name(key: &Value) -> Option<String> {
    match key {
        Value::String(name) => name.to_str().ok().map(|name| name.to_owned()),
        Value::Integer(name) => Some(name.to_string()),
        Value::Number(name) => Some(name.to_string()),
        _ => None,
    }
}
