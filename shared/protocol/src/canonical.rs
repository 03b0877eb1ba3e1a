//! One text for one JSON value: the JSON Canonicalization Scheme (RFC 8785).

use domain::{Class, Fault};
use serde::Serialize;

/// Why a value has no canonical text.
#[derive(Debug, thiserror::Error)]
#[error("the value cannot be written as canonical JSON (RFC 8785)")]
pub struct CanonicalError(#[from] serde_json::Error);

impl Fault for CanonicalError {
    fn class(&self) -> Class {
        Class::Internal
    }

    fn code(&self) -> &'static str {
        "internal"
    }
}

/// The RFC 8785 bytes of `value`: UTF-8, keys sorted by UTF-16 code units, numbers as ECMAScript writes them, no
/// white space.
///
/// Numbers are IEEE 754 doubles there: an integer beyond ±(2⁵³−1) would be rounded. [`crate::strict_json`] refuses
/// those on the way in, and [`crate::commitment`] commits to them as text.
///
/// # Errors
/// [`CanonicalError`]: a map key is not a string or comes twice, or a number is not finite.
pub fn to_vec(value: &impl Serialize) -> Result<Vec<u8>, CanonicalError> {
    Ok(serde_json_canonicalizer::to_vec(value)?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::to_vec;

    fn text(value: &Value) -> String {
        String::from_utf8(to_vec(value).unwrap()).unwrap()
    }

    /// RFC 8785 §3.2.2 and §3.2.3.
    #[test]
    fn a_value_is_written_as_in_rfc_8785() {
        let value: Value = serde_json::from_str(
            r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
                "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
        )
        .unwrap();
        let expected = concat!(
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
            r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
        assert_eq!(text(&value), expected);
    }

    /// RFC 8785 §3.2.3: by UTF-16 code units, so that U+1F600 comes before U+FB33.
    #[test]
    fn keys_are_sorted_by_utf_16_code_units() {
        let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
        assert_eq!(
            text(&value),
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
        );
    }

    /// RFC 8785 appendix B, by their IEEE 754 bits.
    #[test]
    fn numbers_are_written_as_ecmascript_writes_them() {
        for (bits, expected) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            assert_eq!(text(&json!(f64::from_bits(bits))), expected);
        }
        assert!(to_vec(&f64::NAN).is_err());
    }
}
