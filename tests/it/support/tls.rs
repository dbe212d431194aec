//! A fake site over TLS: a server that terminates TLS for a plain site.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, copy_bidirectional, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

use super::Site;

/// What is wrong with a server.
#[derive(Clone, Copy, PartialEq)]
pub enum TlsFault {
    /// Nothing.
    None,
    /// It closes connections without TLS's close_notify.
    Abrupt,
    /// Its certificate has expired.
    Expired,
    /// Its certificate is for another host.
    WrongHost,
    /// It only speaks HTTP/2.
    Http2,
    /// Its certificate is self-signed, as openssl makes it by default.
    SelfSigned,
}

/// A site that speaks TLS. Dropping it closes its connections.
pub struct TlsServer {
    runtime: Option<Runtime>,
    port: u16,
    folder: TempDir,
    protocols: Arc<Mutex<Vec<String>>>,
}

impl TlsServer {
    /// Starts a server before this site.
    pub fn start(site: &Site, fault: TlsFault) -> TlsServer {
        TlsServer::before_port(site.port(), fault)
    }

    /// Starts a server before whatever listens on this port.
    pub fn before_port(behind: u16, fault: TlsFault) -> TlsServer {
        let host = if fault == TlsFault::WrongHost {
            "other.test"
        } else {
            "127.0.0.1"
        };
        TlsServer::of(host, false, behind, fault)
    }

    /// Starts a server before this site that is a proxy, through which the site has this host name.
    pub fn proxy_to(host: &str, site: &Site) -> TlsServer {
        TlsServer::of(host, true, site.port(), TlsFault::None)
    }

    fn of(host: &str, is_proxy: bool, behind: u16, fault: TlsFault) -> TlsServer {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = config(host, fault, &folder);
        if is_proxy {
            // The site behind it does not speak HTTP/2.
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
        } else if fault == TlsFault::Http2 {
            config.alpn_protocols = vec![b"h2".to_vec()];
        }
        let config = Arc::new(config);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a listener");
        let port = listener.local_addr().expect("a bound address").port();
        let protocols = Arc::new(Mutex::new(Vec::new()));
        let spoken = protocols.clone();
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            let acceptor = TlsAcceptor::from(config);
            while let Ok((mut stream, _)) = listener.accept().await {
                let (acceptor, spoken) = (acceptor.clone(), spoken.clone());
                tokio::spawn(async move {
                    if is_proxy && connect(&mut stream).await.is_err() {
                        return;
                    }
                    // A client that rejects the certificate disconnects here.
                    let tls = acceptor.accept(stream).await;
                    let protocol = match &tls {
                        Ok(tls) => tls.get_ref().1.alpn_protocol().unwrap_or(b"none"),
                        Err(_) => b"refused",
                    };
                    let protocol = String::from_utf8_lossy(protocol).into_owned();
                    spoken
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(protocol);
                    if let Ok(tls) = tls {
                        pass_on(tls, behind, fault).await;
                    }
                });
            }
        });
        TlsServer {
            runtime: Some(runtime),
            port,
            folder,
            protocols,
        }
    }

    /// Returns the URL of a path on this site.
    pub fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.port)
    }

    /// Returns its URL as a proxy.
    pub fn as_proxy(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the path of its CA certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// Returns the negotiated protocol of each connection; `refused` where there was none.
    pub fn protocols(&self) -> Vec<String> {
        let protocols = self.protocols.lock();
        protocols.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn config(host: &str, fault: TlsFault, folder: &TempDir) -> ServerConfig {
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let name = authority.distinguished_name.clone();
    authority
        .distinguished_name
        .push(DnType::CommonName, "the authority of a test");
    let key = KeyPair::generate().expect("a key");
    let pem = authority.self_signed(&key).expect("a certificate").pem();
    std::fs::write(folder.path().join("authority.pem"), pem).expect("a new file");
    let authority = Issuer::new(authority, key);
    let mut site = CertificateParams::new(vec![host.to_owned()]).expect("a name");
    site.distinguished_name = name;
    if fault == TlsFault::Expired {
        site.not_before = rcgen::date_time_ymd(2001, 1, 1);
        site.not_after = rcgen::date_time_ymd(2002, 1, 1);
    }
    let key = KeyPair::generate().expect("a key");
    let certificate = if fault == TlsFault::SelfSigned {
        site.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = site.self_signed(&key).expect("a certificate");
        std::fs::write(folder.path().join("authority.pem"), own.pem()).expect("a file");
        own
    } else {
        site.signed_by(&key, &authority).expect("a certificate")
    };
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a certificate with its key");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// Reads a CONNECT request, whatever its target, and grants it (RFC 9110 §9.3.6).
async fn connect(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 4096 {
        head.push(stream.read_u8().await?);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await
}

async fn pass_on(mut tls: TlsStream<TcpStream>, behind: u16, fault: TlsFault) {
    let Ok(mut plain) = TcpStream::connect(("127.0.0.1", behind)).await else {
        return;
    };
    // Errors here mean that a client went away.
    if fault != TlsFault::Abrupt {
        let _ = copy_bidirectional(&mut tls, &mut plain).await;
        return;
    }
    let (mut from_client, mut to_client) = split(tls);
    let (mut from_site, mut to_site) = plain.split();
    tokio::select! {
        _ = copy(&mut from_client, &mut to_site) => {}
        _ = copy(&mut from_site, &mut to_client) => drop(to_client.flush().await),
    }
}
