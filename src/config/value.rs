//! Values as people write them: durations, sizes, addresses.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::host::{is_host, normalized};
use crate::net::Override;
use crate::pipeline;

/// A length of time: `500ms`, `10s`, `2m`, `1h`, `3d`, `2w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// A number of bytes: `500K`, `2M`, `1.5G`. The units are powers of 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// A number of times per second, greater than 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate(pub f64);

/// The address of a host: `HOST:PORT:ADDRESS`. Several addresses are separated by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolve {
    /// The addresses of the host, for all its ports: address lookups do not know the port.
    pub mapping: Override,
    /// The port as it was written. It has no effect.
    pub port: u16,
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let read = || {
            let (number, unit) = split(text)?;
            let seconds = match unit {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86_400.0,
                "w" => 604_800.0,
                _ => return None,
            };
            Duration::try_from_secs_f64(number * seconds).ok()
        };
        let wrong = || "expected a duration such as `500ms`, `10s`, `2m` or `1h`".to_owned();
        read().map(Span).ok_or_else(wrong)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            0 => f.write_str("0s"),
            millis if millis % 1000 != 0 => write!(f, "{millis}ms"),
            millis if millis % 60_000 != 0 => write!(f, "{}s", millis / 1000),
            millis if millis % 3_600_000 != 0 => write!(f, "{}m", millis / 60_000),
            millis => write!(f, "{}h", millis / 3_600_000),
        }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let wrong = || "expected a size such as `500K`, `2M` or `1.5G`".to_owned();
        pipeline::bytes(text).map(Size).ok_or_else(wrong)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes == 0 || bytes % (1 << 10) != 0 => write!(f, "{bytes}"),
            bytes if bytes % (1 << 20) != 0 => write!(f, "{}K", bytes >> 10),
            bytes if bytes % (1 << 30) != 0 => write!(f, "{}M", bytes >> 20),
            bytes => write!(f, "{}G", bytes >> 30),
        }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rate, String> {
        let rate = text.trim().parse().ok();
        let rate = rate.filter(|rate: &f64| rate.is_finite() && *rate >= 0.001);
        let wrong = || "expected a number such as `2.0` or `0.5`, 0.001 or more".to_owned();
        rate.map(Rate).ok_or_else(wrong)
    }
}

impl FromStr for Resolve {
    type Err = String;

    fn from_str(text: &str) -> Result<Resolve, String> {
        let read = || {
            let (host, rest) = text.split_once(':')?;
            let (port, addresses) = rest.split_once(':')?;
            let port = port.parse::<u16>().ok()?;
            let addresses = addresses
                .split(',')
                .map(|address| address.trim_matches(['[', ']']).parse::<IpAddr>().ok())
                .collect::<Option<Vec<_>>>()?;
            let host = normalized(host);
            let mapping = Override { host, addresses };
            is_host(&mapping.host).then_some(Resolve { mapping, port })
        };
        let wrong =
            || "expected `HOST:PORT:ADDRESS`, such as `example.org:443:127.0.0.1`".to_owned();
        read().ok_or_else(wrong)
    }
}

impl fmt::Display for Resolve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Override { host, addresses } = &self.mapping;
        let addresses: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
        write!(f, "{host}:{}:{}", self.port, addresses.join(","))
    }
}

/// Splits off a non-negative number at the start of a text.
fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number = text[..end].parse().ok()?;
    Some((number, text[end..].trim_start()))
}

/// Expands `~` in a path from a file, where no shell has done it.
pub(crate) fn path(text: &str) -> PathBuf {
    let home = || {
        let rest = match text {
            "~" => "",
            text => text.strip_prefix("~/")?,
        };
        Some(std::env::home_dir()?.join(rest))
    };
    home().unwrap_or_else(|| PathBuf::from(text))
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl Serialize for Resolve {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        text_or_number(deserializer)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Size, D::Error> {
        text_or_number(deserializer)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
        text_or_number(deserializer)
    }
}

impl<'de> Deserialize<'de> for Resolve {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Resolve, D::Error> {
        text_or_number(deserializer)
    }
}

/// Reads text, or a number as if it were text, so that all mistakes get the same message.
fn text_or_number<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = String>,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    let text = match &value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.parse().map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations() {
        let table = [
            ("500ms", Some(500), "500ms"),
            ("10s", Some(10_000), "10s"),
            ("1.5s", Some(1_500), "1500ms"),
            ("60 s", Some(60_000), "1m"),
            ("10m", Some(600_000), "10m"),
            ("2h", Some(7_200_000), "2h"),
            ("1d", Some(86_400_000), "24h"),
            ("0s", Some(0), "0s"),
            ("10", None, ""),
            ("-1s", None, ""),
            ("s", None, ""),
            ("1.2.3s", None, ""),
            ("99999999999999999999w", None, ""),
        ];
        for (text, millis, shown) in table {
            let span = text.parse::<Span>().ok();
            assert_eq!(span.map(|span| span.0.as_millis()), millis, "{text}");
            assert_eq!(span.map(|s| s.to_string()).unwrap_or_default(), shown);
        }
    }

    #[test]
    fn reads_sizes() {
        let table = [
            ("0", Some(0), "0"),
            ("1000", Some(1000), "1000"),
            ("500K", Some(512_000), "500K"),
            ("2m", Some(2 << 20), "2M"),
            ("1.5G", Some(3 << 29), "1536M"),
            ("1T", Some(1 << 40), "1024G"),
            ("2MB", None, ""),
            ("fast", None, ""),
            ("9999999999T", None, ""),
        ];
        for (text, bytes, shown) in table {
            let size = text.parse::<Size>().ok();
            assert_eq!(size.map(|size| size.0), bytes, "{text}");
            assert_eq!(size.map(|s| s.to_string()).unwrap_or_default(), shown);
        }
    }

    #[test]
    fn reads_addresses() {
        let table = [
            ("x.org:443:127.0.0.1", Some("x.org:443:127.0.0.1")),
            ("x.org:80:[::1],10.0.0.1", Some("x.org:80:::1,10.0.0.1")),
            ("X.org.:443:127.0.0.1", Some("x.org:443:127.0.0.1")),
            (
                "bücher.de:443:127.0.0.1",
                Some("xn--bcher-kva.de:443:127.0.0.1"),
            ),
            ("*:443:127.0.0.1", None),
            ("*.x.org:443:127.0.0.1", None),
            ("x.org:443", None),
            ("x.org:https:127.0.0.1", None),
            (":443:127.0.0.1", None),
            ("x.org:443:", None),
        ];
        for (text, expected) in table {
            let resolve = text.parse::<Resolve>().ok();
            assert_eq!(
                resolve.map(|r| r.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
    }
}
