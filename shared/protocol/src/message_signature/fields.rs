//! The fields `Signature-Input` and `Signature` (RFC 9421 §4), as structured fields (RFC 9651) in their canonical form.

use sfv::{
    BareItem, DictSerializer, Dictionary, InnerList, Item, KeyRef, ListEntry, Parser, StringRef,
};

use super::{MessageSignatureError, Parameters, Profile};
use crate::key::SIGNATURE_LENGTH;

pub(super) const SIGNATURE_INPUT: &str = "signature-input";
pub(super) const SIGNATURE: &str = "signature";
const ALGORITHM: &str = "ed25519";
const PARAMETERS: [&str; 6] = ["created", "expires", "nonce", "keyid", "alg", "tag"];

/// What `Signature-Input` says.
pub(super) struct Input {
    /// The covered components, in their order.
    pub(super) components: Vec<String>,
    /// The value without its label: what the last line of the signature base says.
    pub(super) value: String,
    pub(super) parameters: Parameters,
}

/// Writes the member value of `Signature-Input`, without its label.
pub(super) fn write_input(
    profile: &Profile,
    components: &[&str],
    parameters: &Parameters,
) -> Result<String, sfv::Error> {
    let mut fields = DictSerializer::new();
    let mut list = fields.inner_list(KeyRef::from_str(profile.label)?);
    for component in components {
        list.bare_item(StringRef::from_str(component)?);
    }
    let (nonce, kid) = (parameters.nonce.to_string(), parameters.kid.to_string());
    list.finish()
        .parameter(KeyRef::from_str("created")?, integer(parameters.created))
        .parameter(KeyRef::from_str("expires")?, integer(parameters.expires))
        .parameter(KeyRef::from_str("nonce")?, StringRef::from_str(&nonce)?)
        .parameter(KeyRef::from_str("keyid")?, StringRef::from_str(&kid)?)
        .parameter(KeyRef::from_str("alg")?, StringRef::from_str(ALGORITHM)?)
        .parameter(KeyRef::from_str("tag")?, StringRef::from_str(profile.tag)?);
    let written = fields.finish().unwrap_or_default();
    Ok(value_of(profile, &written).to_owned())
}

/// A time beyond the range of RFC 9651 (15 digits) lies 31 million years ahead; 0 in its place is refused for its
/// lifetime.
fn integer(value: i64) -> sfv::Integer {
    sfv::Integer::try_from(value).unwrap_or_default()
}

/// Writes the field `Signature`.
pub(super) fn write_signature(
    profile: &Profile,
    signature: &[u8; SIGNATURE_LENGTH],
) -> Result<String, sfv::Error> {
    let mut fields = DictSerializer::new();
    fields.bare_item(KeyRef::from_str(profile.label)?, signature.as_slice());
    Ok(fields.finish().unwrap_or_default())
}

/// Reads `Signature-Input`.
pub(super) fn read_input(profile: &Profile, text: &str) -> Result<Input, MessageSignatureError> {
    let refused = || MessageSignatureError::Form(SIGNATURE_INPUT);
    match only_member(profile, text).ok_or_else(refused)? {
        ListEntry::InnerList(list) => Ok(Input {
            components: list
                .items
                .iter()
                .map(plain_string)
                .collect::<Option<_>>()
                .ok_or_else(refused)?,
            value: value_of(profile, text).to_owned(),
            parameters: read_parameters(profile, &list)?,
        }),
        ListEntry::Item(_) => Err(refused()),
    }
}

/// Reads the field `Signature`.
pub(super) fn read_signature(
    profile: &Profile,
    text: &str,
) -> Result<Vec<u8>, MessageSignatureError> {
    match only_member(profile, text) {
        Some(ListEntry::Item(Item { bare_item: BareItem::ByteSequence(bytes), params }))
            if params.is_empty() =>
        {
            Ok(bytes)
        }
        Some(ListEntry::Item(_) | ListEntry::InnerList(_)) | None => {
            Err(MessageSignatureError::Form(SIGNATURE))
        }
    }
}

/// The one member, under the profile's label. Text that is written otherwise than it would be again is refused: that
/// rules out a label or a parameter that comes twice, of which a reader takes the last and another perhaps the first.
fn only_member(profile: &Profile, text: &str) -> Option<ListEntry> {
    let mut members: Dictionary = Parser::new(text).parse().ok()?;
    let mut written = DictSerializer::new();
    written.members(&members);
    if written.finish().as_deref() != Some(text) || members.len() != 1 {
        return None;
    }
    members.swap_remove(profile.label)
}

fn value_of<'t>(profile: &Profile, text: &'t str) -> &'t str {
    text.get(profile.label.len() + 1..).unwrap_or_default()
}

fn plain_string(item: &Item) -> Option<String> {
    let text = item.bare_item.as_string()?.as_str().to_owned();
    item.params.is_empty().then_some(text)
}

fn read_parameters(
    profile: &Profile,
    list: &InnerList,
) -> Result<Parameters, MessageSignatureError> {
    if let Some(unknown) = list.params.keys().find(|key| !PARAMETERS.contains(&key.as_str())) {
        return Err(MessageSignatureError::Parameter(unknown.as_str().to_owned()));
    }
    let wrong = |name: &str| MessageSignatureError::Parameter(name.to_owned());
    let text = |name: &str| -> Result<&str, MessageSignatureError> {
        let value = list.params.get(name).and_then(|value| value.as_string());
        value.map(StringRef::as_str).ok_or_else(|| wrong(name))
    };
    let seconds = |name: &str| -> Result<i64, MessageSignatureError> {
        let value = list.params.get(name).and_then(BareItem::as_integer);
        value.map(i64::from).ok_or_else(|| wrong(name))
    };
    if text("alg")? != ALGORITHM {
        return Err(wrong("alg"));
    }
    if text("tag")? != profile.tag {
        return Err(wrong("tag"));
    }
    Ok(Parameters {
        created: seconds("created")?,
        expires: seconds("expires")?,
        nonce: text("nonce")?.parse().map_err(|_| wrong("nonce"))?,
        kid: text("keyid")?.parse().map_err(|_| wrong("keyid"))?,
    })
}
