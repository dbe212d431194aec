//! Which certificates are trusted: those issued by an authority of the system, or by one that the user names.
//!
//! The system's authorities are read when the first certificate arrives, so a run over plain HTTP never reads them.
//! Where the system also keeps them all in one file, that file is read first: the folder beside it has hundreds of
//! files, and reading them takes as long as downloading a small file. An issuer not found in the file is looked up in
//! the folder.

use std::env::var_os;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{self, CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error as TlsError, OtherError, RootCertStore,
    SignatureScheme,
};

use crate::model::{Error, Kind, Result};

type Verifier = Arc<dyn ServerCertVerifier>;

/// Verifies certificates against the authorities.
#[derive(Debug)]
pub(super) struct Trust {
    provider: Arc<CryptoProvider>,
    /// The authorities named by the user.
    user_authorities: Vec<CertificateDer<'static>>,
    /// A verifier with the system's authorities from one file; none if there is no such file.
    file_verifier: OnceLock<Option<Verifier>>,
    /// A verifier with all of the system's authorities, as the system's own programs find them.
    platform_verifier: OnceLock<Result<Verifier, TlsError>>,
}

impl Trust {
    /// Trusts the system's authorities, and those of these files in PEM form.
    ///
    /// # Errors
    /// [`Kind::Config`] for a file that has no certificate.
    pub(super) fn new<'a>(files: impl IntoIterator<Item = &'a Path>) -> Result<Arc<Trust>> {
        let mut user_authorities = Vec::new();
        for file in files {
            user_authorities.extend(authorities(file)?);
        }
        Ok(Arc::new(Trust {
            provider: Arc::new(aws_lc_rs::default_provider()),
            user_authorities,
            file_verifier: OnceLock::new(),
            platform_verifier: OnceLock::new(),
        }))
    }

    /// Returns the TLS settings for connections that may speak these protocols (RFC 7301).
    ///
    /// # Errors
    /// [`Kind::Config`] if the cryptography cannot be set up.
    pub(super) fn config(self: &Arc<Trust>, protocols: &[&str]) -> Result<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::new(Kind::Config, "cannot set up TLS").because(error))?;
        let mut config = builder
            .dangerous()
            .with_custom_certificate_verifier(self.clone())
            .with_no_client_auth();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        Ok(config)
    }

    fn file_verifier(&self) -> Option<&Verifier> {
        let make = || {
            if !cfg!(all(unix, not(target_vendor = "apple")))
                || environment_names_authorities(|name| var_os(name))
            {
                return None;
            }
            let file = openssl_probe::probe().cert_file?;
            let mut roots = RootCertStore::empty();
            let found = CertificateDer::pem_file_iter(file).ok()?.flatten();
            roots.add_parsable_certificates(found.chain(self.user_authorities.iter().cloned()));
            let (roots, provider) = (Arc::new(roots), self.provider.clone());
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
            Some(verifier.ok()? as Verifier)
        };
        self.file_verifier.get_or_init(make).as_ref()
    }

    fn platform_verifier(&self) -> Result<&Verifier, TlsError> {
        let make = || {
            // Otherwise a wrong path here would be reported as a certificate that is not trusted.
            if let Some(file) = var_os("SSL_CERT_FILE")
                && self.user_authorities.is_empty()
                && var_os("SSL_CERT_DIR").is_none()
                && let Err(error) = check_authorities(Path::new(&file))
            {
                return Err(TlsError::Other(OtherError(Arc::new(error))));
            }
            let (user_authorities, provider) =
                (self.user_authorities.clone(), self.provider.clone());
            let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(
                user_authorities,
                provider,
            )?;
            Ok(Arc::new(verifier) as Verifier)
        };
        self.platform_verifier
            .get_or_init(make)
            .as_ref()
            .map_err(Clone::clone)
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        // A certificate named by the user is trusted for its names, even if it is its own authority, like those made
        // with openssl's defaults. No chain leads to it.
        if self.user_authorities.contains(certificate) {
            verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        let hold =
            |verifier: &Verifier| verifier.verify_server_cert(certificate, others, name, ocsp, now);
        match self.file_verifier().map(hold) {
            None => hold(self.platform_verifier()?),
            // Whatever is wrong: the file may have an older certificate of the same authority.
            Some(Err(error @ TlsError::InvalidCertificate(_))) => {
                self.platform_verifier().map_or(Err(error), hold)
            }
            Some(answer) => answer,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

/// Checks whether the environment names the authorities. It is then taken at its word: a path that does not exist means
/// no authorities, not the system's.
fn environment_names_authorities(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    // As in the platform verifier: the file counts even if its name is empty.
    variable("SSL_CERT_FILE").is_some()
        || variable("SSL_CERT_DIR").is_some_and(|folders| !folders.is_empty())
}

/// Checks that the file that the environment names contains a certificate.
fn check_authorities(path: &Path) -> Result<(), NoAuthorities> {
    let wrong = |why: String| NoAuthorities {
        file: path.to_owned(),
        why,
    };
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    match CertificateDer::pem_slice_iter(&pem).flatten().next() {
        Some(_) => Ok(()),
        None => Err(wrong("there is no PEM certificate in it".to_owned())),
    }
}

/// The environment names a file of authorities that has none.
#[derive(Debug)]
pub(super) struct NoAuthorities {
    pub(super) file: PathBuf,
    pub(super) why: String,
}

impl fmt::Display for NoAuthorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        write!(
            f,
            "cannot read the certificates that `SSL_CERT_FILE` names, `{file}`"
        )
    }
}

impl std::error::Error for NoAuthorities {}

/// Reads the certificates of authorities in a file.
fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let cannot = |cause: Box<dyn std::error::Error + Send + Sync>| {
        let message = format!("cannot read certificates from `{}`", path.display());
        Error::new(Kind::Config, message).because(cause)
    };
    let pem = std::fs::read(path).map_err(|error| cannot(error.into()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| cannot(error.into()))?;
    let mut roots = RootCertStore::empty();
    for certificate in &found {
        let known = roots.add(certificate.clone());
        known.map_err(|error| cannot(error.into()))?;
    }
    match found.is_empty() {
        true => Err(cannot("there is no PEM certificate in it".into())),
        false => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

    use super::*;

    /// Creates an authority; all of them have the same name.
    fn authority() -> (Issuer<'static, KeyPair>, CertificateDer<'static>) {
        let mut about = CertificateParams::new(Vec::new()).unwrap();
        about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = about.self_signed(&key).unwrap().der().clone();
        (Issuer::new(about, key), certificate)
    }

    /// Creates a certificate for `host.test`, issued by an authority.
    fn given_by(authority: &Issuer<'static, KeyPair>) -> CertificateDer<'static> {
        let about = CertificateParams::new(["host.test".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        about.signed_by(&key, authority).unwrap().der().clone()
    }

    fn verify(
        trust: &Trust,
        certificate: &CertificateDer<'_>,
    ) -> Result<ServerCertVerified, TlsError> {
        let name = ServerName::try_from("host.test").unwrap();
        trust.verify_server_cert(certificate, &[], &name, &[], UnixTime::now())
    }

    #[test]
    fn system_authorities_are_loaded_lazily() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("authority.pem");
        // With it, there is one even on a machine that has none.
        let named = rcgen::generate_simple_self_signed(["named.test".to_owned()]).unwrap();
        std::fs::write(&file, named.cert.pem()).unwrap();
        let trust = Trust::new([file.as_path()]).unwrap();
        trust.config(&["http/1.1"]).unwrap();
        assert!(trust.file_verifier.get().is_none() && trust.platform_verifier.get().is_none());
        let verified = verify(&trust, &given_by(&authority().0));
        assert!(matches!(verified, Err(TlsError::InvalidCertificate(_))));
        assert!(trust.file_verifier.get().is_some());
        assert!(
            trust.platform_verifier.get().is_some(),
            "it may be in the folder alone"
        );
    }

    #[test]
    fn certificates_known_to_the_file_or_the_platform_are_trusted() {
        let verifier = |root: &CertificateDer<'static>, provider| {
            let mut roots = RootCertStore::empty();
            roots.add(root.clone()).unwrap();
            let builder = WebPkiServerVerifier::builder_with_provider(roots.into(), provider);
            builder.build().unwrap() as Verifier
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let ((old, old_root), (new, new_root)) = (authority(), authority());
        let trust = Trust {
            user_authorities: Vec::new(),
            file_verifier: Some(verifier(&old_root, provider.clone())).into(),
            platform_verifier: Ok(verifier(&new_root, provider.clone())).into(),
            provider,
        };
        verify(&trust, &given_by(&old)).unwrap();
        verify(&trust, &given_by(&new)).unwrap();
        assert!(verify(&trust, &given_by(&authority().0)).is_err());
    }

    #[test]
    fn ssl_cert_variables_override_the_system() {
        for (file, folders, expected) in [
            (None, None, false),
            (Some("/there/is/no/such/file"), None, true),
            (Some(""), None, true),
            (None, Some("/etc:/usr"), true),
            (None, Some("/there/is/no/such/folder"), true),
            (None, Some(""), false),
        ] {
            let variable = |name: &str| match name {
                "SSL_CERT_FILE" => file.map(OsString::from),
                _ => folders.map(OsString::from),
            };
            assert_eq!(
                environment_names_authorities(variable),
                expected,
                "{file:?} {folders:?}"
            );
        }
    }
}
