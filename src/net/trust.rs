//! Which certificates are believed: those that lead to an authority of the system, or to one that the user names.
//!
//! The system's authorities are read when the first certificate comes, so a run over HTTP alone never reads them. Where
//! the system keeps them all in one file as well, that file is read first: the folder beside it has hundreds, and reading
//! them takes as long as fetching a small file. Whoever is not known from the file is looked for in the folder.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore,
    SignatureScheme,
};

use crate::model::{Error, Kind, Result};

type Verifier = Arc<dyn ServerCertVerifier>;

/// Holds certificates against the authorities.
#[derive(Debug)]
pub(super) struct Trust {
    provider: Arc<CryptoProvider>,
    /// The authorities that the user names.
    named: Vec<CertificateDer<'static>>,
    /// With the system's authorities in one file; none if there is no such file.
    quick: OnceLock<Option<Verifier>>,
    /// With all of the system's, as the system's own programs find them.
    whole: OnceLock<Result<Verifier, TlsError>>,
}

impl Trust {
    /// Trust in the system's authorities, and in those of these files in PEM form.
    ///
    /// # Errors
    /// [`Kind::Config`] for a file that has no certificate.
    pub(super) fn new<'a>(files: impl IntoIterator<Item = &'a Path>) -> Result<Arc<Trust>> {
        let mut named = Vec::new();
        for file in files {
            named.extend(authorities(file)?);
        }
        Ok(Arc::new(Trust {
            provider: Arc::new(aws_lc_rs::default_provider()),
            named,
            quick: OnceLock::new(),
            whole: OnceLock::new(),
        }))
    }

    /// The settings of TLS for connections that may speak these protocols (RFC 7301).
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

    fn quick(&self) -> Option<&Verifier> {
        let make = || {
            // Whoever says where the authorities are is believed in full.
            if !cfg!(all(unix, not(target_vendor = "apple")))
                || openssl_probe::has_ssl_cert_env_vars()
            {
                return None;
            }
            let file = openssl_probe::probe().cert_file?;
            let mut roots = RootCertStore::empty();
            let found = CertificateDer::pem_file_iter(file).ok()?.flatten();
            roots.add_parsable_certificates(found.chain(self.named.iter().cloned()));
            let (roots, provider) = (Arc::new(roots), self.provider.clone());
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
            Some(verifier.ok()? as Verifier)
        };
        self.quick.get_or_init(make).as_ref()
    }

    fn whole(&self) -> Result<&Verifier, TlsError> {
        let make = || {
            let (named, provider) = (self.named.clone(), self.provider.clone());
            let verifier =
                rustls_platform_verifier::Verifier::new_with_extra_roots(named, provider)?;
            Ok(Arc::new(verifier) as Verifier)
        };
        self.whole.get_or_init(make).as_ref().map_err(Clone::clone)
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
        let hold =
            |verifier: &Verifier| verifier.verify_server_cert(certificate, others, name, ocsp, now);
        match self.quick().map(hold) {
            Some(Err(TlsError::InvalidCertificate(CertificateError::UnknownIssuer))) | None => {
                hold(self.whole()?)
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

/// The certificates of authorities in a file.
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
    use super::*;

    #[test]
    fn reads_the_authorities_of_the_system_when_a_certificate_comes() {
        let key = rcgen::generate_simple_self_signed(["host.test".to_owned()]).unwrap();
        let trust = Trust::new([]).unwrap();
        trust.config(&["http/1.1"]).unwrap();
        assert!(trust.quick.get().is_none() && trust.whole.get().is_none());
        let name = ServerName::try_from("host.test").unwrap();
        let verified = trust.verify_server_cert(key.cert.der(), &[], &name, &[], UnixTime::now());
        assert!(matches!(verified, Err(TlsError::InvalidCertificate(_))));
        assert!(trust.quick.get().is_some());
        assert!(trust.whole.get().is_some(), "it may be in the folder alone");
    }
}
