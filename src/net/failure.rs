//! Turns faults into errors, with what the user can do about them.

use std::io;
use std::net::IpAddr;

use rustls::{AlertDescription, InvalidMessage};
use url::{Position, Url};

use super::certificate::untrusted;
use super::resolver::NotFound;
use super::trust::NoAuthorities;
use super::{Fault, Private, Redacted, Stage};
use crate::model::{Error, Kind};

/// The error texts of a proxy login that failed: at a tunnel, at a SOCKS login, and where a SOCKS proxy takes no such
/// login.
const PROXY_LOGIN: [&str; 3] = [
    "proxy authorization required",
    "credentials not accepted",
    "does not support user/pass authentication",
];

/// What to do about a failed proxy login.
const PROXY_LOGIN_HINT: &str =
    "it wants a user and a password; put them before its host: `http://user:password@host:port`";

/// The error text where a proxy refuses a tunnel without saying why.
const NO_TUNNEL: &str = "tunnel error: unsuccessful";

/// The error text where TLS is closed without a close_notify alert (RFC 8446 §6.1).
const NO_CLOSE_NOTIFY: &str = "without sending TLS close_notify";

/// The error text where a response is not HTTP.
const NO_HTTP: &str = "HTTP version";

/// The error text for chunks in HTTP/1.0, whose end is uncertain (RFC 9112 §6.1).
const UNEXPECTED_CODING: &str = "unexpected transfer-encoding parsed";

/// The most characters quoted of a word that a server sent.
const LONGEST_WORD: usize = 100;

/// The most characters shown of a URL that cannot be requested.
const LONGEST_URL: usize = 300;

/// The error text where HTTP/2 is refused: the type of that error is not public.
const HTTP_1_1_REQUIRED: &str = "endpoint requires HTTP/1.1";

/// Returns the error for a response that is longer than the caller accepts.
pub(crate) fn too_long(url: &Url, limit: usize) -> Error {
    let message = format!(
        "the response from `{}` is longer than {limit} bytes",
        Redacted(url)
    );
    Error::new(Kind::Corrupt, message)
}

/// Returns the error for a proxy that requires a login for this URL.
pub(super) fn proxy_login(url: &Url, proxy: &str) -> Error {
    let message = format!(
        "cannot request `{}` through the proxy `{proxy}`",
        Redacted(url)
    );
    let said = "the proxy answered 407 Proxy Authentication Required";
    Error::new(Kind::Login, message)
        .because(said.to_owned())
        .hint(PROXY_LOGIN_HINT)
}

/// Returns the error for a transfer coding of the body: this client requests none (RFC 9110 §10.1.4).
pub(super) fn unrequested_coding(url: &Url, coding: &str) -> Error {
    let coding: String = coding.chars().take(LONGEST_WORD).collect();
    let message = format!(
        "`{}` comes in the transfer coding `{coding}`, which was not requested",
        Redacted(url)
    );
    Error::new(Kind::Corrupt, message)
}

/// Checks whether the request must be repeated with HTTP/1.1, because the server refuses HTTP/2 for it (RFC 9113 §7).
pub(super) fn wants_http1(fault: &Fault) -> bool {
    root_cause(&*fault.cause).contains(HTTP_1_1_REQUIRED)
}

/// Checks whether the request must be repeated with HTTP/2, because the server speaks nothing else (RFC 7301 §3.2).
pub(super) fn wants_http2(fault: &Fault) -> bool {
    let tls = find::<rustls::Error>(&*fault.cause);
    tls == Some(&rustls::Error::AlertReceived(
        AlertDescription::NoApplicationProtocol,
    ))
}

/// Returns the error for a request to this URL.
pub(super) fn classify(fault: Fault, url: &Url) -> Error {
    let is_connect = fault.stage == Stage::Connect;
    let host = url.host_str().unwrap_or("");
    let shown = Redacted(url);
    if let Some(tls) = find::<rustls::Error>(&*fault.cause) {
        if let rustls::Error::InvalidCertificate(why) = tls {
            return untrusted(host, why);
        }
        if let rustls::Error::Other(other) = tls
            && let Some(none) = other.0.downcast_ref::<NoAuthorities>()
        {
            return Error::new(Kind::Config, none.to_string())
                .because(none.why.clone())
                .hint("set it to a file of certificates in PEM form, or leave it out");
        }
        // The first bytes are not a TLS message. That will not change the next time.
        if is_connect && let rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) = tls
        {
            let plain = with_http(url);
            return Error::new(Kind::Corrupt, format!("`{host}` does not speak TLS"))
                .because(tls.to_string())
                .hint(format!(
                    "it may speak plain http: try `{}`",
                    Redacted(&plain)
                ));
        }
        let (kind, hint) = handshake_failure(tls);
        let error = Error::new(kind, format!("cannot speak TLS with `{host}`"));
        let error = error.because(tls.to_string());
        return match hint {
            Some(hint) => error.hint(hint),
            None => error,
        };
    }
    let message = if fault.stage == Stage::Request {
        let mut shown = shown.to_string();
        if let Some((end, _)) = shown.char_indices().nth(LONGEST_URL) {
            // The whole URL would be too long to read.
            shown.truncate(end);
            shown.push('…');
        }
        return Error::new(Kind::Config, format!("cannot request `{shown}`")).because(fault.cause);
    } else if let Some(unknown) = find::<NotFound>(&*fault.cause) {
        unknown.to_string()
    } else if is_connect {
        format!(
            "cannot connect to `{}`",
            &url[Position::BeforeHost..Position::AfterPort]
        )
    } else if fault.is_timeout {
        format!("`{shown}` fell silent")
    } else {
        format!("the connection for `{shown}` broke")
    };
    let mut cause = root_cause(&*fault.cause);
    if cause.contains(NO_CLOSE_NOTIFY) {
        // The library's text continues with a link to its documentation.
        cause = "the server closed the connection mid-response".to_owned();
    }
    if is_connect && cause == NO_TUNNEL {
        cause = "the proxy refuses to connect to it".to_owned();
    }
    // Leftovers on a used connection may be the cause. On a new one, the server says this each time.
    let is_parse = find::<hyper::Error>(&*fault.cause).is_some_and(hyper::Error::is_parse);
    if is_parse && fault.was_reused != Some(true) {
        let is_other = cause.contains(NO_HTTP);
        if cause == UNEXPECTED_CODING {
            cause = "the response is chunked, but HTTP/1.0 has no chunks".to_owned();
        }
        let error = Error::new(
            Kind::Corrupt,
            format!("cannot read the response from `{shown}` as HTTP"),
        );
        let error = error.because(cause);
        return match url.scheme() {
            "http" if is_other => error.hint("if it speaks TLS, use `https` in place of `http`"),
            _ => error,
        };
    }
    // The types of these errors are not public, so they are recognized by their texts.
    if is_connect && PROXY_LOGIN.iter().any(|words| cause.contains(words)) {
        return Error::new(Kind::Login, message)
            .because(cause)
            .hint(PROXY_LOGIN_HINT);
    }
    Error::new(Kind::Network, message).because(cause)
}

/// Returns what follows from a failed TLS handshake. What the server says each time is not retried.
fn handshake_failure(error: &rustls::Error) -> (Kind, Option<&'static str>) {
    use AlertDescription as A;
    const CERTIFICATE: &str = "it may require a client certificate, which this program cannot send";
    const VERSION: &str =
        "it may support only older versions of TLS; this program speaks 1.2 and 1.3";
    const NAME: &str = "check the address: the server may not know a host of this name";
    match error {
        rustls::Error::PeerIncompatible(_) => (Kind::Corrupt, Some(VERSION)),
        rustls::Error::AlertReceived(alert) => match alert {
            A::HandshakeFailure | A::ProtocolVersion | A::InsufficientSecurity => {
                (Kind::Corrupt, Some(VERSION))
            }
            A::CertificateRequired
            | A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateUnknown
            | A::UnknownCA
            | A::AccessDenied => (Kind::Blocked, Some(CERTIFICATE)),
            A::UnrecognisedName => (Kind::Corrupt, Some(NAME)),
            A::NoApplicationProtocol | A::EncryptedClientHelloRequired => (Kind::Corrupt, None),
            _ => (Kind::Network, None),
        },
        _ => (Kind::Network, None),
    }
}

/// Returns the same URL over http, at the same port.
fn with_http(url: &Url) -> Url {
    let mut plain = url.clone();
    // Neither fails: an https URL is also valid as http.
    let _ = plain.set_scheme("http");
    let _ = plain.set_port(url.port_or_known_default());
    plain
}

/// Returns the error for a request that was not sent to a private address.
pub(super) fn private_address(url: &Url, address: IpAddr, policy: Private) -> Error {
    let message = format!("`{}` is at a private address, `{address}`", Redacted(url));
    Error::new(Kind::Blocked, message).hint(match policy {
        Private::Never => "`net.private` is `never`; set it to `typed` to reach addresses that you type",
        _ => "a public server led there, or a file by someone else; if that is fine, use `-S net.private=always`, or fetch it directly",
    })
}

/// Finds the first error of this type in the chain of causes, also inside `io::Error`, which hides what it wraps.
pub(super) fn find<'a, T: std::error::Error + 'static>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|inner| find::<T>(inner)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Returns the text of the last cause: the one that says what really happened.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}
