//! Tickets: opaque tokens that name a document and prove that the bearer was given it.
//!
//! Shape: prefix, 26 characters of the tenant, `.`, 26 characters of the id, `.`, base64url of 32 random bytes: `pfl_inv_….….…`.
//! Only the SHA-256 of the random bytes is stored: a stolen database redeems nothing.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{Id, Kind, TenantId, kind};

/// What a [`Ticket`] can name.
pub trait TicketKind: Kind {
    /// How its tickets begin; secret scanners look for it.
    const TICKET: &'static str;
}

impl TicketKind for kind::Invitation {
    const TICKET: &'static str = "pfl_inv_";
}

impl TicketKind for kind::Login {
    const TICKET: &'static str = "pfl_lgn_";
}

impl TicketKind for kind::Reset {
    const TICKET: &'static str = "pfl_rst_";
}

impl TicketKind for kind::Recovery {
    const TICKET: &'static str = "pfl_rcv_";
}

/// A token for one document of one tenant.
pub struct Ticket<K> {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub id: Id<K>,
    secret: SecretBox<[u8; 32]>,
}

/// Why a text is not a ticket of the wanted kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a token of the form {0}<tenant>.<id>.<secret>")]
pub struct TicketError(&'static str);

impl<K: TicketKind> Ticket<K> {
    /// A ticket with these random bytes.
    pub fn new(tenant: TenantId, id: Id<K>, secret: [u8; 32]) -> Self {
        Self { tenant, id, secret: SecretBox::new(Box::new(secret)) }
    }

    /// What the bearer is given, once.
    pub fn expose(&self) -> SecretString {
        let (tenant, id) = (self.tenant.to_string(), self.id.to_string());
        let tenant = tenant.trim_start_matches(kind::Tenant::PREFIX);
        let id = id.trim_start_matches(K::PREFIX);
        let secret = URL_SAFE_NO_PAD.encode(self.secret.expose_secret());
        format!("{}{tenant}.{id}.{secret}", K::TICKET).into()
    }

    /// SHA-256 of the secret, in lower-case hexadecimal: what is stored.
    pub fn sha256(&self) -> String {
        let digest = Sha256::digest(self.secret.expose_secret());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether `stored` is the [`sha256`](Self::sha256) of this ticket.
    pub fn matches(&self, stored: &str) -> bool {
        self.sha256().as_bytes().ct_eq(stored.as_bytes()).into()
    }
}

impl<K: TicketKind> FromStr for Ticket<K> {
    type Err = TicketError;

    fn from_str(text: &str) -> Result<Self, TicketError> {
        let refused = TicketError(K::TICKET);
        let rest = text.strip_prefix(K::TICKET).ok_or(refused)?;
        let mut parts = rest.split('.');
        let (Some(tenant), Some(id), Some(secret), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(refused);
        };
        let tenant = format!("{}{tenant}", kind::Tenant::PREFIX).parse().map_err(|_| refused)?;
        let id = format!("{}{id}", K::PREFIX).parse().map_err(|_| refused)?;
        let secret = URL_SAFE_NO_PAD.decode(secret).map_err(|_| refused)?;
        Ok(Self::new(tenant, id, <[u8; 32]>::try_from(secret).map_err(|_| refused)?))
    }
}

impl<K: TicketKind> fmt::Debug for Ticket<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}.[redacted]", K::TICKET, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InvitationId;

    /// The UUIDs of RFC 9562 appendix A.6 and its successor; the secret is 32 bytes `fb`.
    fn ticket() -> Ticket<kind::Invitation> {
        let tenant = TenantId::from_u128(0x017F_22E2_79B0_7CC3_98C4_DC0C_0C07_398F);
        Ticket::new(
            tenant,
            InvitationId::from_u128(0x017F_22E2_79B0_7CC3_98C4_DC0C_0C07_3990),
            [0xfb; 32],
        )
    }

    const TEXT: &str = "pfl_inv_01fwhe4ydgfk1shh6w1g60eecf.01fwhe4ydgfk1shh6w1g60eecg.-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s";

    /// The parts by Python: base 32 as in `id`, `base64.urlsafe_b64encode`, `hashlib.sha256`.
    #[test]
    fn a_ticket_is_written_and_hashed_as_its_shape_says() {
        assert_eq!(ticket().expose().expose_secret(), TEXT);
        assert_eq!(
            ticket().sha256(),
            "456a04986c2572de19b058ef2ef20b0077017bcdb15819af052eb9d5d9b8e504"
        );
        let read: Ticket<kind::Invitation> = TEXT.parse().unwrap();
        assert_eq!((read.tenant, read.id), (ticket().tenant, ticket().id));
        assert!(read.matches(&ticket().sha256()));
        assert!(!read.matches(&ticket().sha256().to_uppercase()));
        assert!(!read.matches(""));
    }

    #[test]
    fn what_is_not_exactly_a_ticket_is_refused() {
        let texts = [
            String::new(),
            TEXT.replace("pfl_inv_", "pfl_lgn_"),
            TEXT.replacen('.', "", 1),
            format!("{TEXT}."),
            format!("{TEXT}="),
            format!("{TEXT}A"),
            format!(" {TEXT}"),
            TEXT.to_uppercase(),
            // The last character carries two bits that must be zero: `-_s` is canonical, `-_t` is not.
            format!("{}t", &TEXT[..TEXT.len() - 1]),
        ];
        for text in texts {
            assert!(text.parse::<Ticket<kind::Invitation>>().is_err(), "{text}");
        }
        assert!(TEXT.parse::<Ticket<kind::Login>>().is_err());
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        assert!(!format!("{:?}", ticket()).contains("-_v7"));
    }
}
