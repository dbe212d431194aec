//! User names and passwords by host, from a file in the format of `ftp` (`~/.netrc`).

use std::path::{Path, PathBuf};

use http::HeaderValue;
use url::{Host, Url};

use super::Secret;
use super::headers::login;
use crate::model::{Error, Kind, Result};

/// Which netrc to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Netrc {
    /// None.
    #[default]
    Off,
    /// The user's: `$NETRC`, or else `~/.netrc`.
    User,
    /// This file.
    File(PathBuf),
}

/// The contents of a netrc.
#[derive(Debug, Default)]
pub(super) struct Logins {
    machines: Vec<Machine>,
}

#[derive(Debug, Default)]
struct Machine {
    /// None for `default`, which applies to any host.
    host: Option<String>,
    port: Option<u16>,
    login: Option<String>,
    password: Option<Secret>,
}

impl Logins {
    /// Reads the chosen file.
    ///
    /// # Errors
    /// [`Kind::Config`] if the file cannot be read or parsed (with the line), or if other users may read it.
    pub(super) fn read(which: &Netrc) -> Result<Option<Logins>> {
        let path = match which {
            Netrc::Off => return Ok(None),
            Netrc::File(path) => path.clone(),
            Netrc::User => user_file()?,
        };
        let shown = path.display();
        let wrong = |why: String| Error::new(Kind::Config, why);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| wrong(format!("cannot read the netrc `{shown}`")).because(error))?;
        if is_open_to_others(&path) {
            let message = format!("the netrc `{shown}` has passwords, but others can read it");
            return Err(wrong(message).hint(format!("`chmod 600 {shown}`")));
        }
        let logins = Logins::parse(&text).map_err(|(line, why)| {
            // Without the word itself, which may be a password.
            wrong(format!("line {line} of the netrc `{shown}`: {why}"))
        })?;
        Ok(Some(logins))
    }

    fn parse(text: &str) -> std::result::Result<Logins, (usize, &'static str)> {
        let mut logins = Logins::default();
        let mut words = Words {
            rest: text,
            line: 1,
            is_first: true,
        };
        while let Some(word) = words.next()? {
            let machine = logins.machines.last_mut();
            match (word.as_str(), machine) {
                ("machine", _) => {
                    let name = words.value("`machine` needs a host")?.to_ascii_lowercase();
                    let (host, port) = match name.rsplit_once(':') {
                        Some((host, port))
                            if !host.ends_with(':') && port.parse::<u16>().is_ok() =>
                        {
                            (host.to_owned(), port.parse().ok())
                        }
                        _ => (name, None),
                    };
                    logins.machines.push(Machine {
                        host: Some(host),
                        port,
                        ..Machine::default()
                    });
                }
                ("default", _) => logins.machines.push(Machine::default()),
                ("macdef", _) => words.skip_macro(),
                ("login", Some(machine)) => {
                    machine.login = Some(words.value("`login` needs a name")?)
                }
                ("password", Some(machine)) => {
                    machine.password = Some(Secret::new(words.value("`password` needs a value")?));
                }
                ("account", Some(_)) => drop(words.value("`account` needs a value")?),
                ("login" | "password" | "account", None) => {
                    return Err((words.line, "it belongs to no `machine`"));
                }
                _ => {
                    let known =
                        "expected `machine`, `default`, `login`, `password`, `account` or `macdef`";
                    return Err((words.line, known));
                }
            }
        }
        Ok(logins)
    }

    /// Returns the login for this URL. It is sent only over TLS, or to this machine; `default` applies to any host, so
    /// it is used only for hosts that the user named. A user in the URL selects among several entries; a password there
    /// makes the netrc unnecessary.
    pub(super) fn authorization(&self, url: &Url, is_trusted: bool) -> Option<HeaderValue> {
        let is_local = match url.host()? {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        if (url.scheme() != "https" && !is_local) || url.password().is_some() {
            return None;
        }
        let host = url.host_str()?.trim_matches(['[', ']']);
        let user = percent_encoding::percent_decode_str(url.username()).decode_utf8_lossy();
        let is_meant = |machine: &&Machine| {
            let is_host = match &machine.host {
                Some(name) => name.trim_matches(['[', ']']) == host,
                None => is_trusted,
            };
            let port = machine.port;
            let is_user = user.is_empty() || machine.login.as_deref() == Some(&*user);
            is_host && is_user && port.is_none_or(|port| url.port_or_known_default() == Some(port))
        };
        let machine = self.machines.iter().find(is_meant)?;
        let user = machine.login.as_deref().unwrap_or("");
        let password = machine.password.as_ref().map_or("", Secret::reveal);
        login(format!("{user}:{password}").as_bytes())
    }
}

/// The words of a netrc.
struct Words<'a> {
    rest: &'a str,
    /// The line of the last word.
    line: usize,
    /// Whether no word has been read yet.
    is_first: bool,
}

impl Words<'_> {
    fn take(&mut self, bytes: usize) {
        self.line += self.rest[..bytes].matches('\n').count();
        self.rest = &self.rest[bytes..];
    }

    /// Returns the next word, without the quotes and backslashes of a quoted one.
    fn next(&mut self) -> std::result::Result<Option<String>, (usize, &'static str)> {
        loop {
            let space = self.rest.len() - self.rest.trim_start().len();
            let begins_line = self.is_first || self.rest[..space].contains('\n');
            self.is_first = false;
            self.take(space);
            // Elsewhere in a line, `#` is part of a password.
            if !(begins_line && self.rest.starts_with('#')) {
                break;
            }
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let end = self
                .rest
                .find(char::is_whitespace)
                .unwrap_or(self.rest.len());
            let word = self.rest[..end].to_owned();
            self.take(end);
            return Ok((!word.is_empty()).then_some(word));
        };
        let mut word = String::new();
        let mut chars = quoted.char_indices();
        while let Some((at, next)) = chars.next() {
            match next {
                '"' => {
                    self.take(at + 2);
                    return Ok(Some(word));
                }
                '\n' => break,
                '\\' => match chars.next() {
                    Some((_, 'n')) => word.push('\n'),
                    Some((_, 'r')) => word.push('\r'),
                    Some((_, 't')) => word.push('\t'),
                    Some((_, other)) => word.push(other),
                    None => break,
                },
                other => word.push(other),
            }
        }
        Err((self.line, "a quote is not closed"))
    }

    fn value(
        &mut self,
        missing: &'static str,
    ) -> std::result::Result<String, (usize, &'static str)> {
        self.next()?.ok_or((self.line, missing))
    }

    /// Skips a macro, which ends at the next empty line.
    fn skip_macro(&mut self) {
        let end = self.rest.find("\n\n").map(|at| at + 2);
        let end = end.or(self.rest.find("\n\r\n").map(|at| at + 3));
        self.take(end.unwrap_or(self.rest.len()));
    }
}

fn user_file() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("NETRC").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let home = std::env::home_dir().ok_or_else(|| {
        Error::new(Kind::Config, "there is no home folder with a `.netrc`")
            .hint("name the file with `net.netrc = \"PATH\"`")
    })?;
    let other = home.join("_netrc");
    // The name on Windows.
    match cfg!(windows) && other.exists() {
        true => Ok(other),
        false => Ok(home.join(".netrc")),
    }
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path);
    metadata.is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// On other systems, permissions are not so easily checked.
#[cfg(not(unix))]
fn is_open_to_others(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn sent(logins: &Logins, url: &str, is_trusted: bool) -> Option<String> {
        let value = logins.authorization(&Url::parse(url).unwrap(), is_trusted)?;
        let text = value.to_str().unwrap().strip_prefix("Basic ").unwrap();
        Some(String::from_utf8(STANDARD.decode(text).unwrap()).unwrap())
    }

    #[test]
    fn a_netrc_login_is_sent_to_its_host_over_tls_only() {
        let text = r#"
            # mine
            machine a.org login bob password "b \"o\" b" account x
            machine A.org
                login eve
                password #e
            macdef init
            machine c.org login no password no

            machine [::1] password p
            machine b.org:8443 login bob password b
            default login anonymous password me@home
        "#;
        let logins = Logins::parse(text).unwrap();
        let table = [
            ("https://a.org/x", Some("bob:b \"o\" b")),
            ("https://a.org:444/x", Some("bob:b \"o\" b")),
            ("https://eve@a.org/x", Some("eve:#e")),
            ("https://eve:other@a.org/x", None),
            ("http://a.org/x", None),
            ("https://b.a.org/x", None),
            ("https://b.org/x", None),
            ("https://b.org:8443/x", Some("bob:b")),
            ("https://c.org/x", None),
            ("http://[::1]/x", Some(":p")),
        ];
        for (url, expected) in table {
            assert_eq!(sent(&logins, url, false).as_deref(), expected, "{url}");
        }
        let other = sent(&logins, "https://other.org/", true);
        assert_eq!(other.as_deref(), Some("anonymous:me@home"));
    }

    #[test]
    fn netrc_errors_name_only_their_line() {
        let table = [
            ("machine a\nlogin", (2, "`login` needs a name")),
            ("\n\nlogin bob", (3, "it belongs to no `machine`")),
            (
                "machine a password \"secret\n",
                (1, "a quote is not closed"),
            ),
            (
                "machine a\npassword my secret",
                (
                    2,
                    "expected `machine`, `default`, `login`, `password`, `account` or `macdef`",
                ),
            ),
        ];
        for (text, expected) in table {
            assert_eq!(Logins::parse(text).map(|_| ()), Err(expected), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("netrc");
        std::fs::write(&file, "machine a.org login b password c").unwrap();
        let read = |mode| {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            Logins::read(&Netrc::File(file.clone()))
        };
        assert!(read(0o600).unwrap().is_some());
        let error = read(0o640).unwrap_err();
        assert!(error.to_string().ends_with("others can read it"));
        assert!(error.hint.unwrap().starts_with("`chmod 600 "));
    }
}
