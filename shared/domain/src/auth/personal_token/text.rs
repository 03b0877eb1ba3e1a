//! A token in the clear, and the one text for it.

use std::{fmt, str::FromStr};

use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use sha2::{Digest as _, Sha256};

use crate::{Kind as _, PersonalTokenId, TenantId, kind};

const ID_CHARS: usize = 26;
const CRC_CHARS: usize = 8;

/// A token in the clear.
pub struct PersonalTokenText {
    /// Of which tenant.
    pub tenant: TenantId,
    /// Which.
    pub token: PersonalTokenId,
    secret: SecretBox<[u8; 32]>,
}

/// Why a text is no token.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a personal access token")]
pub struct PersonalTokenTextError;

impl PersonalTokenText {
    /// How every token begins.
    pub const PREFIX: &'static str = "pfl_pat_";

    /// The token with these random bytes.
    pub fn new(tenant: TenantId, token: PersonalTokenId, secret: [u8; 32]) -> Self {
        Self { tenant, token, secret: SecretBox::new(Box::new(secret)) }
    }

    /// What the user is given, once.
    pub fn expose(&self) -> SecretString {
        let (tenant, token) = (self.tenant.to_string(), self.token.to_string());
        let tenant = tenant.trim_start_matches(kind::Tenant::PREFIX);
        let token = token.trim_start_matches(kind::PersonalToken::PREFIX);
        let text = format!("{}{tenant}{token}_{}", Self::PREFIX, hex(self.secret.expose_secret()));
        let crc = crc32fast::hash(text.as_bytes());
        format!("{text}{crc:08x}").into()
    }

    pub(super) fn sha256(&self) -> String {
        hex(&Sha256::digest(self.secret.expose_secret()))
    }
}

impl FromStr for PersonalTokenText {
    type Err = PersonalTokenTextError;

    fn from_str(text: &str) -> Result<Self, PersonalTokenTextError> {
        read(text).ok_or(PersonalTokenTextError)
    }
}

fn read(text: &str) -> Option<PersonalTokenText> {
    let (body, crc) = text.split_at_checked(text.len().checked_sub(CRC_CHARS)?)?;
    if format!("{:08x}", crc32fast::hash(body.as_bytes())) != crc {
        return None;
    }
    let (ids, secret) = body.strip_prefix(PersonalTokenText::PREFIX)?.split_once('_')?;
    let (tenant, token) = ids.split_at_checked(ID_CHARS)?;
    let tenant = format!("{}{tenant}", kind::Tenant::PREFIX).parse().ok()?;
    let token = format!("{}{token}", kind::PersonalToken::PREFIX).parse().ok()?;
    Some(PersonalTokenText::new(tenant, token, unhex(secret)?))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lower-case digits alone: one text for one secret.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some((digit(*high)? << 4) | digit(*low)?));
    let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
    rest.is_empty().then(|| bytes.try_into().ok())?
}

impl fmt::Debug for PersonalTokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}_[redacted]", Self::PREFIX, self.token)
    }
}
