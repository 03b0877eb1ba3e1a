//! Values that travel as text: one way to read them, one way to write them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Why a text is not the value that it should be. The text itself is not repeated: it may be a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not {0}")]
pub struct TextError(pub(crate) &'static str);

/// Reads and writes a type as its `Display` text.
macro_rules! as_text {
    ($type:ty) => {
        $crate::text::as_text!($type, );
    };
    ($type:ty, $($generics:tt)*) => {
        impl<$($generics)*> serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de, $($generics)*> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(<D::Error as serde::de::Error>::custom)
            }
        }
    };
}
pub(crate) use as_text;

/// The number 1: the version of a message. Every other number is refused.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct V1;

impl Serialize for V1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

impl<'de> Deserialize<'de> for V1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            1 => Ok(Self),
            _ => Err(D::Error::custom("version is not 1; update this program")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::V1;

    #[test]
    fn a_version_is_1_and_nothing_else() {
        assert_eq!(serde_json::from_str::<V1>("1").unwrap(), V1);
        assert_eq!(serde_json::to_string(&V1).unwrap(), "1");
        for bad in ["2", "0", "257", "\"1\"", "1.0", "true", "null"] {
            assert!(serde_json::from_str::<V1>(bad).is_err(), "{bad}");
        }
    }
}
