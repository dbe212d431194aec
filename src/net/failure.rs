//! What an error on the way means to us.

use std::io;
use std::net::IpAddr;

use rustls::{AlertDescription, InvalidMessage};
use url::{Position, Url};

use super::certificate::untrusted;
use super::resolver::NotFound;
use super::trust::NoAuthorities;
use super::{Fault, Private, Shown, Stage};
use crate::model::{Error, Kind};

/// What is said where a proxy does not let us in: at a tunnel, at a SOCKS login, and where a SOCKS proxy takes no such login.
const PROXY_LOGIN: [&str; 3] = [
    "proxy authorization required",
    "credentials not accepted",
    "does not support user/pass authentication",
];

/// What to do about that.
const LOGIN: &str =
    "it wants a user and a password, which stand before its host: `http://user:password@host:port`";

/// What is said where a proxy makes no tunnel, and no more of it.
const NO_TUNNEL: &str = "tunnel error: unsuccessful";

/// What is said where TLS is closed without its own word for that (RFC 8446 §6.1).
const ABRUPT: &str = "without sending TLS close_notify";

/// What is said where an answer does not begin as one.
const NO_HTTP: &str = "HTTP version";

/// What is said of chunks by HTTP/1.0, whose end nobody can be sure of (RFC 9112 §6.1).
const OLD_CHUNKS: &str = "unexpected transfer-encoding parsed";

/// So much is repeated of a word of a server's.
const LONGEST_WORD: usize = 100;

/// So much is told of a URL that cannot be asked for.
const LONGEST_URL: usize = 300;

/// What is said where HTTP/2 is refused: the type of that error is not to be had.
const HTTP_1_1_REQUIRED: &str = "endpoint requires HTTP/1.1";

/// The error of an answer that has more bytes than whoever asked takes.
pub(crate) fn too_long(url: &Url, limit: usize) -> Error {
    let message = format!(
        "the answer of `{}` is longer than {limit} bytes",
        Shown(url)
    );
    Error::new(Kind::Corrupt, message)
}

/// The error of a proxy that does not take a request for this URL from us.
pub(super) fn proxy_login(url: &Url, proxy: &str) -> Error {
    let message = format!(
        "cannot ask for `{}` through the proxy `{proxy}`",
        Shown(url)
    );
    let said = "the proxy answered 407 Proxy Authentication Required";
    Error::new(Kind::Login, message)
        .because(said.to_owned())
        .hint(LOGIN)
}

/// The error of an answer whose body is packed for the way: this client asks for no such coding (RFC 9110 §10.1.4).
pub(super) fn packed(url: &Url, coding: &str) -> Error {
    let coding: String = coding.chars().take(LONGEST_WORD).collect();
    let message = format!(
        "`{}` comes in the transfer coding `{coding}`, which nobody asked for",
        Shown(url)
    );
    Error::new(Kind::Corrupt, message)
}

/// Whether the request is to be sent once more by HTTP/1.1: HTTP/2 is not for it (RFC 9113 §7).
pub(super) fn wants_http1(fault: &Fault) -> bool {
    innermost(&*fault.cause).contains(HTTP_1_1_REQUIRED)
}

/// Whether the request is to be sent once more by HTTP/2: the server speaks nothing else (RFC 7301 §3.2).
pub(super) fn wants_http2(fault: &Fault) -> bool {
    let tls = find::<rustls::Error>(&*fault.cause);
    tls == Some(&rustls::Error::AlertReceived(
        AlertDescription::NoApplicationProtocol,
    ))
}

/// The error of a request to this URL.
pub(super) fn classify(fault: Fault, url: &Url) -> Error {
    let is_connect = fault.stage == Stage::Connect;
    let host = url.host_str().unwrap_or("");
    let shown = Shown(url);
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
        // Its first bytes begin no message of TLS. It will not speak another way the next time.
        if is_connect && let rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) = tls
        {
            let plain = plain(url);
            return Error::new(Kind::Corrupt, format!("`{host}` does not speak TLS"))
                .because(tls.to_string())
                .hint(format!("it may speak http: write `{}`", Shown(&plain)));
        }
        let (kind, hint) = refused(tls);
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
            // It is too long for anybody.
            shown.truncate(end);
            shown.push('…');
        }
        return Error::new(Kind::Config, format!("cannot ask for `{shown}`")).because(fault.cause);
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
    let mut cause = innermost(&*fault.cause);
    if cause.contains(ABRUPT) {
        // It goes on with an address of the library's documentation.
        cause = "the server closed the connection in the middle".to_owned();
    }
    if is_connect && cause == NO_TUNNEL {
        cause = "the proxy refuses to connect to it".to_owned();
    }
    // What was left on a used connection may be in the way. On a new one, it is what the server says each time.
    let is_parse = find::<hyper::Error>(&*fault.cause).is_some_and(hyper::Error::is_parse);
    if is_parse && fault.was_used != Some(true) {
        let is_other = cause.contains(NO_HTTP);
        if cause == OLD_CHUNKS {
            cause = "it comes in chunks by HTTP/1.0, which has none".to_owned();
        }
        let error = Error::new(
            Kind::Corrupt,
            format!("cannot read the answer of `{shown}` as HTTP"),
        );
        let error = error.because(cause);
        return match url.scheme() {
            "http" if is_other => {
                error.hint("if it speaks TLS, `https` in place of `http` is right")
            }
            _ => error,
        };
    }
    // The types of these errors are not to be had, so they are known by what they say.
    if is_connect && PROXY_LOGIN.iter().any(|words| cause.contains(words)) {
        return Error::new(Kind::Login, message).because(cause).hint(LOGIN);
    }
    Error::new(Kind::Network, message).because(cause)
}

/// What follows where no TLS comes about. What the server says each time is not asked for again.
fn refused(error: &rustls::Error) -> (Kind, Option<&'static str>) {
    use AlertDescription as A;
    const CERTIFICATE: &str =
        "it may let in only who has a certificate of its own, which this program cannot show";
    const VERSION: &str =
        "it may speak older versions of TLS alone; this program speaks 1.2 and 1.3";
    const NAME: &str = "look whether the address is right: it may not know a host of this name";
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

/// The same URL over http, at the same port.
fn plain(url: &Url) -> Url {
    let mut plain = url.clone();
    // What a URL of https has can be had by one of http.
    let _ = plain.set_scheme("http");
    let _ = plain.set_port(url.port_or_known_default());
    plain
}

/// The error of a request that a private address was refused to.
pub(super) fn private(url: &Url, address: IpAddr, policy: Private) -> Error {
    let message = format!("`{}` is at a private address, `{address}`", Shown(url));
    Error::new(Kind::Blocked, message).hint(match policy {
        Private::Never => "`net.private` is `never`; set it to `typed` to reach what you type",
        _ => "a public server led there, or a file of somebody; if that is well, `-S net.private=always`, or fetch it by itself",
    })
}

/// The first error of this type in the chain of causes, also inside `io::Error`, which hides what it wraps.
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

/// The text of the last cause: the one that says what really happened.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}
