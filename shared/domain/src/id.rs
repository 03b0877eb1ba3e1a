//! Identifiers: a prefix that says what it names, and a UUIDv7 in Crockford base 32.
//!
//! Shape: `ten_` + 26 lower-case characters of `0123456789abcdefghjkmnpqrstvwxyz`; sorts by creation time (RFC 9562 §5.7).

use std::{fmt, hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const ENCODED_LEN: usize = 26;

/// What an [`Id`] names.
pub trait Kind: 'static {
    /// The prefix, with its underscore.
    const PREFIX: &'static str;
}

/// An identifier of one kind; two kinds do not mix.
pub struct Id<K> {
    value: u128,
    kind: PhantomData<fn() -> K>,
}

/// Why a text is not an identifier of the wanted kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not an identifier of the form {0}<26 characters of Crockford base 32>")]
pub struct IdError(&'static str);

impl<K: Kind> Id<K> {
    /// A new identifier: UUIDv7 of `at` (milliseconds) and 80 random bits, of which 74 are used.
    pub fn new(at: Timestamp, random: [u8; 10]) -> Self {
        let mut bytes = [0_u8; 16];
        let millis = u64::try_from(at.unix_ms()).unwrap_or(0).to_be_bytes();
        bytes[..6].copy_from_slice(&millis[2..]);
        bytes[6..].copy_from_slice(&random);
        bytes[6] = 0x70 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        Self::from_u128(u128::from_be_bytes(bytes))
    }

    /// The identifier with these 128 bits.
    pub const fn from_u128(value: u128) -> Self {
        Self { value, kind: PhantomData }
    }

    /// Its 128 bits, in network order.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.value.to_be_bytes()
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::PREFIX)?;
        // 26 × 5 = 130 bits: the first character carries the upper 3 bits only.
        for place in (0..ENCODED_LEN).rev() {
            let digit = (self.value >> (place * 5)) & 31;
            let letter = usize::try_from(digit).ok().and_then(|digit| ALPHABET.get(digit));
            write!(f, "{}", char::from(*letter.unwrap_or(&b'0')))?;
        }
        Ok(())
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let refused = IdError(K::PREFIX);
        let digits = text.strip_prefix(K::PREFIX).ok_or(refused)?;
        if digits.len() != ENCODED_LEN
            || digits.as_bytes().first().is_none_or(|first| *first > b'7')
        {
            return Err(refused);
        }
        let mut value = 0_u128;
        for letter in digits.bytes() {
            let digit = ALPHABET.iter().position(|known| *known == letter).ok_or(refused)?;
            value = (value << 5) | u128::try_from(digit).map_err(|_| refused)?;
        }
        Ok(Self::from_u128(value))
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}
impl<K> hash::Hash for Id<K> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $id:ident = $kind:ident($prefix:literal);)*) => {
        /// The kinds of [`Id`].
        pub mod kind {
            $(
                #[doc = concat!("Names a `", $prefix, "…`.")]
                #[derive(Debug)]
                pub enum $kind {}
                impl super::Kind for $kind {
                    const PREFIX: &'static str = $prefix;
                }
            )*
        }
        $($(#[$doc])* pub type $id = Id<kind::$kind>;)*
    };
}

kinds! {
    /// One customer organisation.
    TenantId = Tenant("ten_");
    /// A person in a tenant.
    UserId = User("usr_");
    /// A signed-in device.
    SessionId = Session("ses_");
    /// A login that is not complete yet.
    LoginId = Login("lgn_");
    /// An invitation to a tenant.
    InvitationId = Invitation("inv_");
    /// A role of the tenant's own.
    RoleId = CustomRole("rol_");
    /// An operator's visit to a tenant.
    VisitId = Visit("vis_");
    /// A way to reset a password.
    ResetId = Reset("rst_");
    /// A way to enrol a new second factor.
    RecoveryId = Recovery("rcv_");
    /// A personal access token.
    PersonalTokenId = PersonalToken("pat_");
    /// A Runner.
    RunnerId = Runner("rnr_");
    /// A permission for one Runner to enrol.
    EnrolmentId = Enrolment("enr_");
    /// A procedure.
    ProcedureId = Procedure("prc_");
    /// An immutable version of a procedure.
    VersionId = Version("prv_");
    /// One execution of a procedure.
    RunId = Run("run_");
    /// A collected fact, kept by the Runner.
    EvidenceId = Evidence("evd_");
    /// A request to see a raw value.
    DrilldownId = Drilldown("drl_");
    /// A command to a Runner.
    CommandId = Command("cmd_");
    /// An audit event.
    EventId = Event("aud_");
    /// An export of the audit log.
    ExportId = Export("exp_");
    /// A verification of the stored audit log.
    VerificationId = Verification("ver_");
    /// A legal hold on rows of the audit log.
    HoldId = Hold("hld_");
    /// A purge of rows of the audit log.
    PurgeId = Purge("prg_");
    /// An erasure of a person's details from the audit log.
    ErasureId = Erasure("ers_");
    /// One HTTP request or invocation.
    RequestId = Request("req_");
}

impl TenantId {
    /// The deployment itself: documents that belong to no tenant.
    pub const SYSTEM: Self = Self::from_u128(0);
}

impl VersionId {
    /// The procedure version whose signed bytes have this SHA-256: its first 128 bits, so that the Runner, its customer and we name a version
    /// alike without asking each other.
    pub fn of_digest(digest: &[u8; 32]) -> Self {
        let first = digest.first_chunk().copied().unwrap_or_default();
        Self::from_u128(u128::from_be_bytes(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The UUIDv7 of RFC 9562 appendix A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F at 2022-02-22T19:22:22Z.
    #[test]
    fn an_id_carries_the_uuid_of_rfc_9562() {
        let at = Timestamp::from_unix_us(1_645_557_742_000_000);
        let random = [0x7c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
        let id = TenantId::new(at, random);
        assert_eq!(id.to_bytes(), 0x017F_22E2_79B0_7CC3_98C4_DC0C_0C07_398F_u128.to_be_bytes());
        // Encoded with Python: ''.join(ALPHABET[(v >> 5*i) & 31] for i in range(25, -1, -1)).
        assert_eq!(id.to_string(), "ten_01fwhe4ydgfk1shh6w1g60eecf");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn another_kind_another_alphabet_and_another_length_are_refused() {
        for text in [
            "usr_01fwhe4ydgfk1shh6w1g60eecf",
            "ten_01fwhe4ydgfk1shh6w1g60eeci",
            "ten_01FWHE4YDGFK1SHH6W1G60EECF",
            "ten_01fwhe4ydgfk1shh6w1g60eec",
            "ten_01fwhe4ydgfk1shh6w1g60eecff",
            "ten_81fwhe4ydgfk1shh6w1g60eecf",
            "",
        ] {
            assert!(text.parse::<TenantId>().is_err(), "{text}");
        }
    }
}
