//! Device tokens: that a user signed in on this device before. They open nothing; they keep an attacker's failures elsewhere from locking
//! the device out (threat T02), and tell an old device from a new one.
//!
//! Shape: `pfl_dev_` base64url(`ver`(1) ‖ `kid`(1) ‖ user(16) ‖ device(16) ‖ issued, seconds since 1970(8) ‖ HMAC-SHA-256(32)). The MAC is
//! over a name of its own and the rest, so that no token of another kind under the same key is one.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::RefreshKey;
use crate::{Timestamp, UserId};

const PREFIX: &str = "pfl_dev_";
const VERSION: u8 = 1;
/// What the MAC is for.
const CONTEXT: &[u8] = b"proofline device token v1\0";
const MAC_BYTES: usize = 32;

/// A device of one user.
#[derive(Clone, Copy, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct DeviceId(u128);

/// A device that a user signed in on before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KnownDevice {
    /// Which.
    pub device: DeviceId,
    /// Whose.
    pub user: UserId,
    /// When it was told so.
    pub issued_at: Timestamp,
}

impl DeviceId {
    /// The device with these random bytes.
    pub const fn new(random: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(random))
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl KnownDevice {
    /// How long a device is remembered after its last sign-in.
    pub const LIFETIME: Duration = Duration::from_hours(180 * 24);

    /// The token's text.
    pub fn seal(&self, key: &RefreshKey) -> SecretString {
        let mut bytes = self.body(key.kid);
        bytes.extend(mac(key, &bytes).finalize().into_bytes());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)).into()
    }

    /// The device of `user` that `text` proves at `now`; `None` for anything else, which is an unknown device and no error.
    pub fn open(text: &str, keys: &[RefreshKey], user: UserId, now: Timestamp) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (body, tag) = bytes.split_last_chunk::<MAC_BYTES>()?;
        let kid = body.get(1)?;
        let key = keys.iter().find(|key| key.kid == *kid)?;
        mac(key, body).verify_slice(tag).ok()?;
        let known = Self::read(body)?;
        let is_fresh = now < known.issued_at.plus(Self::LIFETIME);
        (known.user == user && is_fresh).then_some(known)
    }

    fn body(&self, kid: u8) -> Vec<u8> {
        let (user, device) = (self.user.to_bytes(), self.device.0.to_be_bytes());
        let issued = self.issued_at.unix_s().to_be_bytes();
        [[VERSION, kid].as_slice(), &user, &device, &issued].concat()
    }

    fn read(body: &[u8]) -> Option<Self> {
        let (&[VERSION, _], rest) = body.split_first_chunk::<2>()? else { return None };
        let (user, rest) = rest.split_first_chunk::<16>()?;
        let (device, rest) = rest.split_first_chunk::<16>()?;
        Some(Self {
            user: UserId::from_u128(u128::from_be_bytes(*user)),
            device: DeviceId::new(*device),
            issued_at: Timestamp::from_unix_s(i64::from_be_bytes(rest.try_into().ok()?)),
        })
    }
}

fn mac(key: &RefreshKey, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.key.expose_secret())
        .expect("HMAC takes keys of any length");
    mac.update(CONTEXT);
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use secrecy::SecretBox;

    use super::*;

    fn key(kid: u8) -> RefreshKey {
        let key = std::array::from_fn(|n| u8::try_from(n).unwrap());
        RefreshKey { kid, key: SecretBox::new(Box::new(key)) }
    }

    fn known() -> KnownDevice {
        let (device, user) = (DeviceId::new([7; 16]), UserId::from_u128(9));
        KnownDevice { device, user, issued_at: Timestamp::from_unix_s(1_000) }
    }

    fn open(text: &str, user: u128, now: i64) -> Option<KnownDevice> {
        let now = Timestamp::from_unix_s(now);
        KnownDevice::open(text, &[key(1), key(7)], UserId::from_u128(user), now)
    }

    /// Python: `hmac.new(bytes(range(32)), b'proofline device token v1\0' + body, hashlib.sha256)` over
    /// `bytes([1, 7]) + (9).to_bytes(16, 'big') + bytes([7]) * 16 + (1000).to_bytes(8, 'big')`.
    const TEXT: &str = "pfl_dev_AQcAAAAAAAAAAAAAAAAAAAAJBwcHBwcHBwcHBwcHBwcHBwAAAAAAAAPo7QgA20VGWhtU83VGNXwX5iWMkZIqXZex-bGJAqoeF6E";

    #[test]
    fn a_token_is_the_bytes_that_its_shape_says() {
        assert_eq!(known().seal(&key(7)).expose_secret(), TEXT);
        assert_eq!(open(TEXT, 9, 1_000), Some(known()));
    }

    #[test]
    fn another_user_another_key_and_half_a_year_make_it_an_unknown_device() {
        assert_eq!(open(TEXT, 8, 1_000), None);
        let now = Timestamp::from_unix_s(1_000);
        assert_eq!(KnownDevice::open(TEXT, &[key(6)], UserId::from_u128(9), now), None);
        let half_a_year = 180 * 86_400;
        assert!(open(TEXT, 9, 999 + half_a_year).is_some());
        assert_eq!(open(TEXT, 9, 1_000 + half_a_year), None);
    }

    #[test]
    fn every_single_change_of_the_text_makes_it_an_unknown_device() {
        for place in 0..TEXT.len() {
            for bit in 0..7 {
                let mut bytes = TEXT.as_bytes().to_vec();
                bytes[place] ^= 1 << bit;
                let text = String::from_utf8(bytes).unwrap();
                assert_eq!(open(&text, 9, 1_000), None, "{text}");
            }
        }
        for text in ["", "pfl_dev_", "pfl_dev_AAAA", &format!("{TEXT}=")] {
            assert_eq!(open(text, 9, 1_000), None, "{text}");
        }
    }
}
