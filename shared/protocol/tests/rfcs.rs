//! Keys and signatures against the examples that RFCs print (IETF Trust's licence for code components: Simplified BSD).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::key::{Jwk, PublicKey};

/// RFC 7515 appendix A.3: a JWS by ES256.
#[test]
fn the_jws_of_rfc_7515_holds_and_one_changed_character_does_not() {
    let key = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    let signed = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let key: Jwk = serde_json::from_str(key).unwrap();
    let key = PublicKey::from_jwk(&key).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(key.verify(signed.as_bytes(), &signature).is_ok());
    assert!(key.verify(signed.replace("eyJpc3", "eyJpc4").as_bytes(), &signature).is_err());
}
