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
    /// Returns the variables of this process. A variable whose name is not UTF-8 cannot be ours, and is left out.
    pub(super) fn of_this_program() -> Environment {
        let variables = std::env::vars_os();
        variables
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect()
    }

    /// Returns their names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Returns the value of a variable; none if it is not set, or empty.
    ///
    /// # Errors
    /// [`Kind::Config`] for a value that is not UTF-8: ignoring it would leave out, for example, a proxy.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>> {
        let Some(value) = self.variables.get(name) else {
            return Ok(None);
        };
        match value.to_str() {
            Some(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            None => {
                let message = format!("{} is not valid text", variable(name));
                Err(Error::new(Kind::Config, message).hint("it must be UTF-8"))
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
