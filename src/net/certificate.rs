//! What is wrong with a certificate, in words for the user.

use jiff::Timestamp;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use crate::model::{Error, Kind};

/// How many names of a certificate are shown.
const NAMES: usize = 3;

/// Returns the error for a host whose certificate is not trusted.
pub(super) fn untrusted(host: &str, why: &CertificateError) -> Error {
    use CertificateError as E;
    let (what, hint) = match why {
        E::ExpiredContext { not_after, .. } => (
            format!("it expired on {}", day(not_after)),
            "its operator has to renew it, unless the clock of this machine is wrong",
        ),
        E::NotValidYetContext { not_before, .. } => (
            format!("it is not valid before {}", day(not_before)),
            "check the clock of this machine",
        ),
        E::NotValidForNameContext { presented, .. } => (
            format!("it is for {}", names(presented)),
            "check the address; names with and without `www.` are different hosts",
        ),
        E::UnknownIssuer => (
            "its issuer is unknown".to_owned(),
            "a private authority can be named with `--ca-cert FILE` or `SSL_CERT_FILE`",
        ),
        // The type of this error is not public: a certificate authority's own certificate is used for a server.
        E::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => (
            "it is self-signed".to_owned(),
            "if it is yours, name it with `--ca-cert FILE`",
        ),
        E::Revoked => (
            "it was revoked".to_owned(),
            "its operator has to replace it",
        ),
        other => (
            other.to_string(),
            "a private authority can be named with `--ca-cert FILE` or `SSL_CERT_FILE`",
        ),
    };
    let message = format!("the certificate of `{host}` is not trusted: {what}");
    Error::new(Kind::Corrupt, message).hint(hint)
}

fn day(time: &UnixTime) -> String {
    let time = i64::try_from(time.as_secs()).ok();
    let time = time.and_then(|time| Timestamp::from_second(time).ok());
    time.map_or_else(
        || "an unknown day".to_owned(),
        |time| time.strftime("%Y-%m-%d").to_string(),
    )
}

/// Extracts names from the form of the library: `DnsName("example.org")`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let within = name.split('"').nth(1).unwrap_or(name);
        let shown: String = within
            .chars()
            .filter(|c| !c.is_control())
            .take(253)
            .collect();
        format!("`{shown}`")
    };
    let names: Vec<_> = presented.iter().take(NAMES).map(bare).collect();
    match presented.len() {
        0 => "no host".to_owned(),
        count if count > NAMES => format!("{} and {} more", names.join(", "), count - NAMES),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn certificate_errors_are_explained() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let presented = ["a.org", "*.b.org", "c.org", "d.org"];
        let presented = |count| {
            let names = presented[..count].iter();
            names.map(|name| format!("DnsName({name:?})")).collect()
        };
        let name = |count| CertificateError::NotValidForNameContext {
            expected: "x.org".try_into().unwrap(),
            presented: presented(count),
        };
        let table = [
            (
                CertificateError::ExpiredContext {
                    time: at(1_796_011_350),
                    not_after: at(1_738_368_000),
                },
                "it expired on 2025-02-01",
            ),
            (
                CertificateError::NotValidYetContext {
                    time: at(0),
                    not_before: at(1_738_368_000),
                },
                "it is not valid before 2025-02-01",
            ),
            (name(0), "it is for no host"),
            (name(2), "it is for `a.org`, `*.b.org`"),
            (name(4), "it is for `a.org`, `*.b.org`, `c.org` and 1 more"),
            (CertificateError::UnknownIssuer, "its issuer is unknown"),
        ];
        for (why, names) in table {
            let error = untrusted("x.org", &why);
            let message = format!("the certificate of `x.org` is not trusted: {names}");
            assert_eq!(error.message, message);
        }
    }
}
