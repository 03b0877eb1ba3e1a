//! Reading JSON that someone else wrote: I-JSON (RFC 7493) within limits, and nothing that two readers could
//! understand differently.

use std::fmt;

use domain::{Class, Fault};
use serde::{
    Deserializer,
    de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// The deepest nesting that is read, counting the outermost array or object as 1.
pub const DEPTH_MAX: usize = 32;
/// The largest integer that every reader represents exactly: 2⁵³−1 (RFC 7493 §2.2).
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

const TOO_DEEP: &str = "nested deeper than 32 levels";
const TWICE: &str = "an object has a key twice";
const INEXACT: &str = "an integer is beyond 2^53-1";

/// Why bytes were not read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JsonError {
    /// Longer than allowed.
    #[error("the message is longer than {max} bytes; send less at once")]
    TooLarge {
        /// The most that is read, in bytes.
        max: usize,
    },
    /// Not UTF-8.
    #[error("the message is not UTF-8")]
    NotUtf8,
    /// Not JSON, or JSON that is not I-JSON: nested too deep, a key twice, an inexact integer.
    #[error("the message is not acceptable JSON: {0}")]
    Syntax(String),
    /// A field that this version does not know.
    #[error("{0}; nothing that is not understood is accepted")]
    UnknownField(String),
    /// Another shape than the message's.
    #[error("the message does not have the expected fields: {0}")]
    Shape(String),
}

impl Fault for JsonError {
    fn class(&self) -> Class {
        match self {
            Self::TooLarge { .. } => Class::TooLarge,
            Self::NotUtf8 | Self::Syntax(_) | Self::UnknownField(_) | Self::Shape(_) => {
                Class::Invalid
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "payload-too-large",
            Self::NotUtf8 | Self::Syntax(_) | Self::Shape(_) => "validation",
            Self::UnknownField(_) => "unknown-field",
        }
    }
}

/// Reads a `T` from at most `bytes_max` bytes.
///
/// # Errors
/// [`JsonError`]: too long, not UTF-8, nested deeper than [`DEPTH_MAX`], a key twice in one object, an integer beyond
/// [`INTEGER_MAX`], text after the value, or not a `T`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8], bytes_max: usize) -> Result<T, JsonError> {
    shape(parse_value(bytes, bytes_max)?)
}

/// Reads any JSON value within the same limits.
///
/// # Errors
/// As [`parse`].
pub fn parse_value(bytes: &[u8], bytes_max: usize) -> Result<Value, JsonError> {
    if bytes.len() > bytes_max {
        return Err(JsonError::TooLarge { max: bytes_max });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value =
        Strict { depth: 0 }.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| JsonError::Syntax(error.to_string()))
}

/// Gives a value that was read strictly its shape.
///
/// # Errors
/// [`JsonError::UnknownField`], [`JsonError::Shape`].
pub fn shape<T: DeserializeOwned>(value: Value) -> Result<T, JsonError> {
    T::deserialize(value).map_err(|error| {
        let why = error.to_string();
        // serde names this mistake only in its text.
        if why.starts_with("unknown field") {
            JsonError::UnknownField(why)
        } else {
            JsonError::Shape(why)
        }
    })
}

/// Builds a [`Value`] and refuses what `serde_json` would let pass.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth < DEPTH_MAX {
            Ok(Self { depth: self.depth + 1 })
        } else {
            Err(E::custom(TOO_DEEP))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > INTEGER_MAX { Err(E::custom(INEXACT)) } else { Ok(value.into()) }
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        if value > INTEGER_MAX { Err(E::custom(INEXACT)) } else { Ok(value.into()) }
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.insert(key, entries.next_value_seed(inner)?).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, Eq, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Point {
        x: i64,
    }

    fn code(text: &[u8]) -> &'static str {
        parse::<Value>(text, 1_000).unwrap_err().code()
    }

    #[test]
    fn what_two_readers_could_understand_differently_is_refused() {
        for bad in [
            &br#"{"a":1,"a":2}"#[..],
            br#"[{"b":{"a":1,"\u0061":1}}]"#,
            b"{} {}",
            b"{}x",
            b"",
            b"{\"a\":1,}",
            b"NaN",
            b"1e400",
            b"9007199254740992",
            b"-9007199254740992",
            b"\"\xff\"",
            b"\"\\ud800\"",
            b"\xef\xbb\xbf{}",
        ] {
            assert_eq!(code(bad), "validation", "{bad:?}");
        }
        assert_eq!(
            parse_value(b" {\"a\":[9007199254740991,-9007199254740991,1.5]}\n", 99),
            Ok(json!({"a": [INTEGER_MAX, -9_007_199_254_740_991_i64, 1.5]}))
        );
    }

    #[test]
    fn nesting_ends_at_32_levels() {
        let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
        assert!(parse_value(&nested(32), 1_000).is_ok());
        assert_eq!(code(&nested(33)), "validation");
        let objects =
            |depth: usize| [br#"{"a":"#.repeat(depth), b"1".to_vec(), b"}".repeat(depth)].concat();
        assert!(parse_value(&objects(32), 1_000).is_ok());
        assert_eq!(code(&objects(33)), "validation");
        assert_eq!(parse_value(&nested(50_000), 200_000).unwrap_err().code(), "validation");
    }

    #[test]
    fn the_limit_is_the_last_length_that_is_read() {
        assert!(parse_value(b"[1]", 3).is_ok());
        assert_eq!(parse_value(b"[1]", 2), Err(JsonError::TooLarge { max: 2 }));
        assert_eq!(JsonError::TooLarge { max: 2 }.code(), "payload-too-large");
    }

    #[test]
    fn an_unknown_field_is_told_apart_from_a_wrong_one() {
        assert_eq!(parse(br#"{"x":1}"#, 99), Ok(Point { x: 1 }));
        let code = |text: &[u8]| parse::<Point>(text, 99).unwrap_err().code();
        assert_eq!(code(br#"{"x":1,"y":2}"#), "unknown-field");
        assert_eq!(code(br#"{"x":"1"}"#), "validation");
        assert_eq!(code(b"{}"), "validation");
    }
}
