//! SHA-256 (FIPS 180-4) of several messages at once: for a verifier it is most of the work.
//!
//! A processor's own instructions for SHA-256 wait for each other within a message; two messages in turn fill the time. Where there are no such
//! instructions, four numbers are added at a time ([`four`]).

#[cfg(any(test, target_feature = "simd128"))]
mod four;
#[cfg(any(test, not(target_feature = "simd128")))]
mod two;

use std::slice;

use sha2::block_api::compress256;

use crate::Hash;

/// How many messages are hashed at once.
#[cfg(target_feature = "simd128")]
pub(crate) const WIDTH: usize = four::LANES;
#[cfg(not(target_feature = "simd128"))]
pub(crate) const WIDTH: usize = 2;

/// SHA-256 of `prefix ‖ message` for each of `messages`, in order.
pub(crate) fn digests(prefix: Option<u8>, messages: &[&[u8]], into: &mut Vec<Hash>) {
    let (groups, rest) = messages.as_chunks::<WIDTH>();
    for group in groups {
        into.extend(digest(group.map(|message| Padded::new(prefix, message))));
    }
    into.extend(rest.iter().map(|message| digest_one(prefix, message)));
}

#[cfg(target_feature = "simd128")]
use four::four as digest;
#[cfg(not(target_feature = "simd128"))]
use two::two as digest;

/// As [`digests`], and SHA-256 of `whole` as well, if that is best done at the same time.
#[cfg(target_feature = "simd128")]
pub(crate) fn digests_beside(
    _whole: &[u8],
    prefix: Option<u8>,
    messages: &[&[u8]],
    into: &mut Vec<Hash>,
) -> Option<Hash> {
    digests(prefix, messages, into);
    None
}
#[cfg(not(target_feature = "simd128"))]
pub(crate) use two::digests_beside;

/// SHA-256 of `prefix ‖ message`.
pub(crate) fn digest_one(prefix: Option<u8>, message: &[u8]) -> Hash {
    let message = Padded::new(prefix, message);
    let (mut state, mut room) = (START, [0; 64]);
    let (before, middle) = message.middle();
    for index in 0..before {
        take(&mut state, message.block(index, &mut room));
    }
    compress256(&mut state, middle);
    for index in before + middle.len()..message.blocks() {
        take(&mut state, message.block(index, &mut room));
    }
    hash(state)
}

#[inline]
fn take(state: &mut [u32; 8], block: Option<&Block>) {
    if let Some(block) = block {
        compress256(state, slice::from_ref(block));
    }
}

fn hash(state: [u32; 8]) -> Hash {
    let mut hash = Hash::ZERO;
    for (bytes, word) in hash.0.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    hash
}

type Block = [u8; 64];

/// A message with its prefix, in blocks, padded (FIPS 180-4 §5.1.1).
struct Padded<'a> {
    prefix: Option<u8>,
    message: &'a [u8],
}

impl<'a> Padded<'a> {
    const fn new(prefix: Option<u8>, message: &'a [u8]) -> Self {
        Self { prefix, message }
    }

    const fn bytes(&self) -> usize {
        self.prefix.as_slice().len() + self.message.len()
    }

    /// Room for the mark and the length as well.
    const fn blocks(&self) -> usize {
        (self.bytes() + 9).div_ceil(64)
    }

    /// The blocks that lie in the message as they are, and how many come before them.
    fn middle(&self) -> (usize, &'a [Block]) {
        let before = self.prefix.as_slice().len();
        let rest = self.message.get(before * 63..).unwrap_or_default();
        (before, rest.as_chunks().0)
    }

    /// `None` behind the last. What does not lie in the message as it is, is put together in `room`.
    #[inline]
    fn block<'b>(&'b self, index: usize, room: &'b mut Block) -> Option<&'b Block> {
        let place = (index * 64).checked_sub(self.prefix.as_slice().len());
        let whole = place.and_then(|place| self.message.get(place..)?.first_chunk());
        whole.or_else(move || self.edge(index, room))
    }

    fn edge<'b>(&self, index: usize, room: &'b mut Block) -> Option<&'b Block> {
        let (start, shift) = (index * 64, self.prefix.as_slice().len());
        if index >= self.blocks() {
            return None;
        }
        *room = [0; 64];
        overlay(room, start, 0, self.prefix.as_slice());
        overlay(room, start, shift, self.message);
        overlay(room, start, self.bytes(), &[0x80]);
        if index + 1 == self.blocks() {
            let bits = self.bytes() as u64 * 8;
            overlay(room, 0, 56, &bits.to_be_bytes());
        }
        Some(room)
    }
}

/// Copies what of `part`, which begins at `at`, lies in the block that begins at `start`.
#[inline]
fn overlay(block: &mut Block, start: usize, at: usize, part: &[u8]) {
    let source = part.get(start.saturating_sub(at)..).unwrap_or_default();
    let target = block.get_mut(at.saturating_sub(start)..).unwrap_or_default();
    let length = source.len().min(target.len());
    if let (Some(source), Some(target)) = (source.get(..length), target.get_mut(..length)) {
        target.copy_from_slice(source);
    }
}

/// FIPS 180-4 §5.3.3.
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::{four::four, two::two, *};

    fn one(prefix: Option<u8>, message: &[u8]) -> Hash {
        Hash(Sha256::new().chain_update(prefix.as_slice()).chain_update(message).finalize().into())
    }

    fn padded<const N: usize>(prefix: Option<u8>, messages: [&[u8]; N]) -> [Padded<'_>; N] {
        messages.map(|message| Padded::new(prefix, message))
    }

    /// FIPS 180-4 example values (NIST): "abc", and the message of two blocks.
    #[test]
    fn the_examples_of_nist_are_hashed() {
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".as_slice();
        let messages: [&[u8]; 4] = [b"abc", two_blocks, b"", b"abc"];
        let hashes = four(padded(None, messages)).map(|hash| hash.to_string());
        let [abc, two, empty, again] = hashes;
        assert_eq!(abc, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(two, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        assert_eq!(empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(again, abc);
    }

    /// Every length around the ends of blocks, beside messages of other lengths, with every prefix in use.
    #[test]
    fn several_at_once_are_hashed_as_one_after_the_other() {
        let bytes: Vec<u8> = (0..=250).cycle().take(700).collect();
        for prefix in [None, Some(0), Some(1)] {
            for length in 0..400 {
                let messages = [
                    &bytes[..length],
                    &bytes[3..200],
                    &bytes[..2 * length % 700],
                    &bytes[length..],
                ];
                let expected = messages.map(|message| one(prefix, message));
                assert_eq!(four(padded(prefix, messages)), expected, "{length}");
                assert_eq!(messages.map(|message| digest_one(prefix, message)), expected);
                let [first, second, ..] = messages;
                let both = two(padded(prefix, [first, second]));
                assert_eq!(both.as_slice(), &expected[..2], "{length}");
            }
        }
    }

    #[test]
    fn any_number_of_messages_is_hashed_in_order() {
        let bytes: Vec<u8> = (0..=255).collect();
        for count in 0..10 {
            let messages: Vec<_> = (0..count).map(|at| &bytes[at..=at * 20]).collect();
            let mut hashes = Vec::new();
            digests(Some(0), &messages, &mut hashes);
            let expected: Vec<_> = messages.iter().map(|message| one(Some(0), message)).collect();
            assert_eq!(hashes, expected);
            for whole in [&bytes[..0], &bytes, &bytes.repeat(9)] {
                let mut beside = Vec::new();
                let sum = digests_beside(whole, Some(0), &messages, &mut beside);
                assert_eq!((sum, beside), (Some(one(None, whole)), expected.clone()));
            }
        }
    }
}
