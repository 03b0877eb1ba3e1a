//! A certificate authority of one run, and a certificate of it for this machine.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

/// PEM files for servers and for those who trust them.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// What clients trust: `SSL_CERT_FILE`, `NODE_EXTRA_CA_CERTS`.
    pub authority: PathBuf,
    /// The server's chain: its certificate.
    pub certificate: PathBuf,
    /// The server's private key, PKCS#8.
    pub key: PathBuf,
}

impl Certificates {
    /// Makes all three in `folder`, for 127.0.0.1 and localhost, from yesterday on for a week.
    ///
    /// # Errors
    /// * What could not be made or written.
    pub fn make(folder: &Path) -> anyhow::Result<Self> {
        let authority_key = KeyPair::generate()?;
        let mut params = within(CertificateParams::new(Vec::<String>::new())?);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.distinguished_name.push(DnType::CommonName, "Proofline counterparts");
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let authority = params.self_signed(&authority_key)?;
        let (certificate, key) = server(&Issuer::new(params, authority_key))?;
        let write = |name: &str, pem: String| {
            let path = folder.join(name);
            std::fs::write(&path, pem)
                .with_context(|| format!("cannot write {}", path.display()))?;
            anyhow::Ok(path)
        };
        Ok(Self {
            authority: write("authority.pem", authority.pem())?,
            certificate: write("certificate.pem", certificate)?,
            key: write("key.pem", key)?,
        })
    }
}

fn server(issuer: &Issuer<'_, KeyPair>) -> anyhow::Result<(String, String)> {
    let key = KeyPair::generate()?;
    let names = ["127.0.0.1", "localhost"].map(str::to_owned);
    let mut params = within(CertificateParams::new(names)?);
    params.distinguished_name.push(DnType::CommonName, "127.0.0.1");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok((params.signed_by(&key, issuer)?.pem(), key.serialize_pem()))
}

fn within(mut params: CertificateParams) -> CertificateParams {
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(6);
    params
}
