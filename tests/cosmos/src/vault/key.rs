//! Keys that really encrypt and sign.

use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, anyhow};
use aws_lc_rs::{
    digest::{Digest, SHA256},
    encoding::{AsDer as _, PublicKeyX509Der},
    rand,
    rsa::{
        KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
        PrivateDecryptingKey,
    },
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// What kind of key to make.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Wraps; of so many bits: 2048, 3072 or 4096.
    Rsa(u32),
    /// Signs.
    P256,
}

/// One version of a key.
#[derive(Clone)]
pub(super) struct Version {
    /// 32 hexadecimal digits.
    pub(super) name: String,
    kind: Kind,
    /// Made when it is first needed: an RSA key takes its time, and most are never used.
    material: Arc<OnceLock<Material>>,
}

enum Material {
    Rsa { private: OaepPrivateDecryptingKey, public: OaepPublicEncryptingKey, jwk: Value },
    P256(EcdsaKeyPair),
}

/// A new name of a version.
pub(super) fn version_name() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).context("no random number")?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

impl Version {
    /// # Errors
    /// * No key of Key Vault has so many bits.
    pub(super) fn new(kind: Kind) -> anyhow::Result<Self> {
        if let Kind::Rsa(bits) = kind {
            size(bits)?;
        }
        Ok(Self { name: version_name()?, kind, material: Arc::default() })
    }

    fn material(&self) -> &Material {
        self.material.get_or_init(|| Material::make(self.kind).expect("the library makes keys"))
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The public half as a JSON Web Key, without `kid`.
    pub(super) fn public(&self) -> Value {
        match self.material() {
            Material::Rsa { jwk, .. } => jwk.clone(),
            Material::P256(pair) => {
                let (x, y) = pair.public_key().as_ref().get(1..).unwrap_or_default().split_at(32);
                json!({"kty": "EC", "crv": "P-256", "key_ops": ["sign", "verify"], "x": encode(x), "y": encode(y)})
            }
        }
    }

    /// RSA-OAEP-256, or ES256 over a digest; `None` where the service answers 400.
    pub(super) fn compute(
        &self,
        operation: &str,
        algorithm: &str,
        value: &[u8],
    ) -> Option<Vec<u8>> {
        let oaep = &OAEP_SHA256_MGF1SHA256;
        match (self.material(), operation, algorithm) {
            (Material::Rsa { public, .. }, "wrapkey", "RSA-OAEP-256") => {
                let mut out = vec![0; public.ciphertext_size()];
                public.encrypt(oaep, value, &mut out, None).ok().map(|out| out.to_vec())
            }
            (Material::Rsa { private, .. }, "unwrapkey", "RSA-OAEP-256") => {
                let mut out = vec![0; private.min_output_size()];
                private.decrypt(oaep, value, &mut out, None).ok().map(|out| out.to_vec())
            }
            (Material::P256(pair), "sign", "ES256") => {
                let digest = Digest::import_less_safe(value, &SHA256).ok()?;
                pair.sign_digest(&digest).ok().map(|signature| signature.as_ref().to_vec())
            }
            (Material::Rsa { .. } | Material::P256(_), _, _) => None,
        }
    }
}

impl Material {
    fn make(kind: Kind) -> anyhow::Result<Self> {
        match kind {
            Kind::P256 => Ok(Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?)),
            Kind::Rsa(bits) => rsa(size(bits)?),
        }
    }
}

fn size(bits: u32) -> anyhow::Result<KeySize> {
    match bits {
        2048 => Ok(KeySize::Rsa2048),
        3072 => Ok(KeySize::Rsa3072),
        4096 => Ok(KeySize::Rsa4096),
        _ => Err(anyhow!("Key Vault makes no RSA key of {bits} bits")),
    }
}

fn rsa(size: KeySize) -> anyhow::Result<Material> {
    let private = PrivateDecryptingKey::generate(size)?;
    let public = private.public_key();
    let der: PublicKeyX509Der<'_> = public.as_der()?;
    let (modulus, exponent) = numbers(der.as_ref()).context("no RSA public key")?;
    let jwk = json!({"kty": "RSA", "key_ops": ["wrapKey", "unwrapKey"], "n": encode(modulus), "e": encode(exponent)});
    let public = OaepPublicEncryptingKey::new(public)?;
    Ok(Material::Rsa { private: OaepPrivateDecryptingKey::new(private)?, public, jwk })
}

/// Modulus and exponent of a `SubjectPublicKeyInfo` (RFC 5280 §4.1) with an `RSAPublicKey` (RFC 8017 §A.1.1).
fn numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (info, _) = value(der)?;
    let (_algorithm, rest) = value(info)?;
    let (bits, _) = value(rest)?;
    let (key, _) = value(bits.strip_prefix(&[0])?)?;
    let (modulus, rest) = value(key)?;
    let (exponent, _) = value(rest)?;
    Some((modulus.strip_prefix(&[0]).unwrap_or(modulus), exponent))
}

/// The value of the first element of DER, and what follows it.
fn value(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_tag, rest) = der.split_first()?;
    let (&short, rest) = rest.split_first()?;
    if short < 0x80 {
        return rest.split_at_checked(usize::from(short));
    }
    let (length, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
    let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    rest.split_at_checked(length)
}

pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
