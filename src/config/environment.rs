//! The variables of the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::layer::variable;
use crate::model::{Error, Kind, Result};

/// The variables of the environment.
#[derive(Clone, Default)]
pub(super) struct Environment {
    variables: BTreeMap<String, OsString>,
}

impl Environment {
    /// Those of this program. A variable whose name is no text is none of ours.
    pub(super) fn of_this_program() -> Environment {
        let variables = std::env::vars_os();
        variables
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect()
    }

    /// Their names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// The text of a variable; none if it is not set, or empty.
    ///
    /// # Errors
    /// [`Kind::Config`] for one that is no text: without it, what it stands for would be left out, such as a proxy.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>> {
        let Some(value) = self.variables.get(name) else {
            return Ok(None);
        };
        match value.to_str() {
            Some(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            None => {
                let message = format!("{} is no text", variable(name));
                Err(Error::new(Kind::Config, message).hint("it has to be UTF-8"))
            }
        }
    }
}

impl FromIterator<(String, OsString)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, OsString)>>(variables: T) -> Environment {
        Environment {
            variables: variables.into_iter().collect(),
        }
    }
}
