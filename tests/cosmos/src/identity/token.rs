//! Tokens as Entra makes them for managed identities (version 1.0), signed with ES256.

use ambient::SystemClock;
use anyhow::Context as _;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode,
    jwk::{Jwk, JwkSet},
};
use ports::Clock as _;
use rcgen::KeyPair;
use serde::{Deserialize, Serialize};

use super::{TENANT, Trouble};

/// How long a token lives: Entra gives managed identities a day; an hour is enough for a test.
const SECONDS: i64 = 3_600;

/// What a token says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Claims {
    /// The resource, without a slash at its end.
    pub aud: String,
    /// `https://sts.windows.net/<tenant>/`.
    pub iss: String,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub nbf: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// The client id.
    pub appid: String,
    /// The identity as an object of the tenant; here the client id again.
    pub oid: String,
    /// The tenant.
    pub tid: String,
    /// `1.0`.
    pub ver: String,
}

/// Issues tokens, and verifies them as a service does.
pub struct Tokens {
    signing: EncodingKey,
    keys: JwkSet,
}

impl Tokens {
    /// With a new key.
    ///
    /// # Errors
    /// * No key could be made.
    pub fn new() -> anyhow::Result<Self> {
        let pair = KeyPair::generate()?;
        let signing = EncodingKey::from_ec_der(&pair.serialize_der());
        let mut key = Jwk::from_encoding_key(&signing, Algorithm::ES256)?;
        key.common.key_id = Some("1".to_owned());
        Ok(Self { signing, keys: JwkSet { keys: vec![key] } })
    }

    /// The public keys.
    pub fn keys(&self) -> &JwkSet {
        &self.keys
    }

    /// A token for `resource` (a URL; a slash at its end is dropped) and when it expires, in seconds since 1970.
    ///
    /// # Errors
    /// * It could not be signed.
    pub fn issue(
        &self,
        client_id: &str,
        resource: &str,
        trouble: Trouble,
    ) -> anyhow::Result<(String, i64)> {
        let now = SystemClock.now().unix_us() / 1_000_000;
        let aud = match trouble {
            Trouble::ForeignAudience => "https://management.azure.com",
            Trouble::None | Trouble::Expired | Trouble::ForeignIssuer | Trouble::Fails => {
                resource.trim_end_matches('/')
            }
        };
        let claims = Claims {
            aud: aud.to_owned(),
            iss: issuer(trouble),
            iat: now - SECONDS,
            nbf: now - SECONDS,
            exp: if trouble == Trouble::Expired { now - 60 } else { now + SECONDS },
            appid: client_id.to_owned(),
            oid: client_id.to_owned(),
            tid: TENANT.to_owned(),
            ver: "1.0".to_owned(),
        };
        let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::ES256) };
        Ok((encode(&header, &claims, &self.signing)?, claims.exp))
    }

    /// Verifies a token as the service `audience` does: signature, times, audience, issuer.
    ///
    /// # Errors
    /// * The first thing that is wrong with it.
    pub fn verify(&self, token: &str, audience: &str) -> anyhow::Result<Claims> {
        let key = self.keys.keys.first().context("no key")?;
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_audience(&[audience]);
        rules.set_issuer(&[issuer(Trouble::None)]);
        rules.set_required_spec_claims(&["exp", "nbf", "aud", "iss"]);
        rules.validate_nbf = true;
        rules.leeway = 0;
        Ok(decode::<Claims>(token, &DecodingKey::from_jwk(key)?, &rules)?.claims)
    }
}

fn issuer(trouble: Trouble) -> String {
    match trouble {
        Trouble::ForeignIssuer => format!("https://login.example/{TENANT}/"),
        Trouble::None | Trouble::Expired | Trouble::ForeignAudience | Trouble::Fails => {
            format!("https://sts.windows.net/{TENANT}/")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VAULT: &str = "https://vault.azure.net";

    #[test]
    fn a_token_verifies_for_its_resource_alone() {
        let tokens = Tokens::new().unwrap();
        let (token, _) = tokens.issue("c", "https://vault.azure.net/", Trouble::None).unwrap();
        let claims = tokens.verify(&token, VAULT).unwrap();
        assert_eq!((claims.appid.as_str(), claims.tid.as_str()), ("c", TENANT));
        assert!(tokens.verify(&token, "https://storage.azure.com").is_err());
        assert!(Tokens::new().unwrap().verify(&token, VAULT).is_err(), "another key");
    }

    #[test]
    fn every_trouble_makes_a_token_that_no_service_takes() {
        let tokens = Tokens::new().unwrap();
        for trouble in [Trouble::Expired, Trouble::ForeignAudience, Trouble::ForeignIssuer] {
            let (token, _) = tokens.issue("c", VAULT, trouble).unwrap();
            assert!(tokens.verify(&token, VAULT).is_err(), "{trouble:?}");
        }
    }
}
