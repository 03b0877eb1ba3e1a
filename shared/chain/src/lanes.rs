//! SHA-256 (FIPS 180-4) of several messages at once, where the processor has no instructions for SHA-256 but can add four numbers at a time.
//!
//! That is WebAssembly. Elsewhere one message after the other is faster, by [`sha2`]; both ways are compared by the tests.

mod words;

use crate::Hash;
use words::{Words, add, choose, majority, rotate, shift, splat, transpose, word_of, xor3};

/// How many messages are hashed at once.
pub(crate) const WIDTH: usize = if cfg!(target_feature = "simd128") { LANES } else { 1 };
const LANES: usize = 4;

/// SHA-256 of `prefix ‖ message` for each of `messages`, in order.
pub(crate) fn digests(prefix: &[u8], messages: &[&[u8]], into: &mut Vec<Hash>) {
    for group in messages.chunks(WIDTH) {
        match <[&[u8]; LANES]>::try_from(group) {
            Ok(group) if WIDTH == LANES => into.extend(four(prefix, group)),
            Ok(_) | Err(_) => into.extend(group.iter().map(|message| one(prefix, message))),
        }
    }
}

fn one(prefix: &[u8], message: &[u8]) -> Hash {
    use sha2::{Digest as _, Sha256};
    let mut hasher = Sha256::new();
    hasher.update(prefix);
    hasher.update(message);
    Hash(hasher.finalize().into())
}

type Block = [u8; 64];

/// One message, cut into blocks and padded.
struct Padded<'a> {
    prefix: &'a [u8],
    message: &'a [u8],
}

impl Padded<'_> {
    fn bytes(&self) -> usize {
        self.prefix.len() + self.message.len()
    }

    /// Room for the mark and the length: FIPS 180-4 §5.1.1.
    fn blocks(&self) -> usize {
        (self.bytes() + 9).div_ceil(64)
    }

    fn block(&self, index: usize) -> Block {
        let start = index * 64;
        let shift = self.prefix.len();
        if start >= shift
            && let Some(block) = self.message.get(start - shift..).and_then(<[u8]>::first_chunk)
        {
            return *block;
        }
        let mut block = [0; 64];
        overlay(&mut block, start, 0, self.prefix);
        overlay(&mut block, start, shift, self.message);
        overlay(&mut block, start, self.bytes(), &[0x80]);
        if index + 1 == self.blocks() {
            let bits = (self.bytes() as u64 * 8).to_be_bytes();
            block.iter_mut().rev().zip(bits.iter().rev()).for_each(|(byte, bits)| *byte = *bits);
        }
        block
    }
}

/// Copies what of `part`, which begins at `at`, lies in the block that begins at `start`.
fn overlay(block: &mut Block, start: usize, at: usize, part: &[u8]) {
    let source = part.get(start.saturating_sub(at)..).unwrap_or_default();
    let target = block.get_mut(at.saturating_sub(start)..).unwrap_or_default();
    let length = source.len().min(target.len());
    if let (Some(source), Some(target)) = (source.get(..length), target.get_mut(..length)) {
        target.copy_from_slice(source);
    }
}

fn four(prefix: &[u8], messages: [&[u8]; LANES]) -> [Hash; LANES] {
    let messages = messages.map(|message| Padded { prefix, message });
    let ends = messages.each_ref().map(Padded::blocks);
    let mut state = START.map(splat);
    let mut hashes = [Hash::ZERO; LANES];
    for index in 0..ends.into_iter().max().unwrap_or_default() {
        let blocks = messages.each_ref().map(|message| message.block(index));
        compress(&mut state, &blocks);
        // A message that has ended goes on being hashed beside the others; its hash is already taken.
        for (lane, hash) in hashes.iter_mut().enumerate() {
            if ends.get(lane) == Some(&(index + 1)) {
                *hash = lane_of(&state, lane);
            }
        }
    }
    hashes
}

fn lane_of(state: &[Words; 8], lane: usize) -> Hash {
    let mut hash = Hash::ZERO;
    for (bytes, words) in hash.0.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word_of(*words, lane).to_be_bytes();
    }
    hash
}

/// FIPS 180-4 §6.2.2, for four blocks.
fn compress(state: &mut [Words; 8], blocks: &[Block; LANES]) {
    let mut schedule = [splat(0); 16];
    let parts = blocks.each_ref().map(|block| block.as_chunks::<16>().0);
    let [first, second, third, fourth] = parts;
    let parts = first.iter().zip(second).zip(third.iter().zip(fourth));
    for (words, ((a, b), (c, d))) in schedule.as_chunks_mut::<4>().0.iter_mut().zip(parts) {
        *words = transpose([a, b, c, d]);
    }
    let mut letters = *state;
    for (turn, constants) in ROUNDS.as_chunks::<16>().0.iter().enumerate() {
        if turn > 0 {
            expand(&mut schedule);
        }
        let eights = constants.as_chunks::<8>().0.iter().zip(schedule.as_chunks::<8>().0);
        for (constants, words) in eights {
            letters = eight_rounds(letters, constants, words);
        }
    }
    for (word, new) in state.iter_mut().zip(letters) {
        *word = add(*word, new);
    }
}

/// After eight rounds every letter is in its own place again, so that none needs to be moved.
#[expect(clippy::many_single_char_names, reason = "the letters of FIPS 180-4")]
#[inline]
fn eight_rounds(letters: [Words; 8], constants: &[u32; 8], words: &[Words; 8]) -> [Words; 8] {
    let [a, b, c, d, e, f, g, h] = letters;
    let [k0, k1, k2, k3, k4, k5, k6, k7] = constants.map(splat);
    let [w0, w1, w2, w3, w4, w5, w6, w7] = *words;
    let (d, h) = round([a, b, c, d, e, f, g, h], add(k0, w0));
    let (c, g) = round([h, a, b, c, d, e, f, g], add(k1, w1));
    let (b, f) = round([g, h, a, b, c, d, e, f], add(k2, w2));
    let (a, e) = round([f, g, h, a, b, c, d, e], add(k3, w3));
    let (h, d) = round([e, f, g, h, a, b, c, d], add(k4, w4));
    let (g, c) = round([d, e, f, g, h, a, b, c], add(k5, w5));
    let (f, b) = round([c, d, e, f, g, h, a, b], add(k6, w6));
    let (e, a) = round([b, c, d, e, f, g, h, a], add(k7, w7));
    [a, b, c, d, e, f, g, h]
}

/// The two letters that a round changes: `d` and `h`, of which the latter is `a` of the next round.
#[expect(clippy::many_single_char_names, reason = "the letters of FIPS 180-4")]
#[inline]
fn round([a, b, c, d, e, f, g, h]: [Words; 8], word: Words) -> (Words, Words) {
    let s1 = xor3(rotate::<6>(e), rotate::<11>(e), rotate::<25>(e));
    let t1 = add(add(h, s1), add(choose(e, f, g), word));
    let s0 = xor3(rotate::<2>(a), rotate::<13>(a), rotate::<22>(a));
    (add(d, t1), add(t1, add(s0, majority(a, b, c))))
}

/// The next sixteen words of the schedule, each from those one, six, fourteen and fifteen places on.
#[expect(clippy::indexing_slicing, reason = "places are below 16, which the compiler sees")]
#[inline]
fn expand(schedule: &mut [Words; 16]) {
    for place in 0..16 {
        let at = |offset: usize| schedule[(place + offset) % 16];
        let (one, fourteen) = (at(1), at(14));
        let s0 = xor3(rotate::<7>(one), rotate::<18>(one), shift::<3>(one));
        let s1 = xor3(rotate::<17>(fourteen), rotate::<19>(fourteen), shift::<10>(fourteen));
        let word = add(add(at(0), s0), add(at(9), s1));
        schedule[place] = word;
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

/// FIPS 180-4 §4.2.2.
const ROUNDS: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4 example values (NIST): "abc", and the message of two blocks.
    #[test]
    fn the_examples_of_nist_are_hashed() {
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".as_slice();
        let hashes = four(b"", [b"abc", two_blocks, b"", b"abc"]).map(|hash| hash.to_string());
        let [abc, two, empty, again] = hashes;
        assert_eq!(abc, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(two, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        assert_eq!(empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(again, abc);
    }

    /// Every length around the ends of blocks, beside messages of other lengths, with every prefix in use.
    #[test]
    fn four_at_once_are_hashed_as_one_after_the_other() {
        let bytes: Vec<u8> = (0..=250).cycle().take(700).collect();
        for prefix in [b"".as_slice(), &[0], &[1]] {
            for length in 0..400 {
                let messages = [
                    &bytes[..length],
                    &bytes[3..200],
                    &bytes[..2 * length % 700],
                    &bytes[length..],
                ];
                let expected = messages.map(|message| one(prefix, message));
                assert_eq!(four(prefix, messages), expected, "{length}");
            }
        }
    }

    #[test]
    fn any_number_of_messages_is_hashed_in_order() {
        let bytes: Vec<u8> = (0..=255).collect();
        for count in 0..10 {
            let messages: Vec<_> = (0..count).map(|at| &bytes[at..=at * 20]).collect();
            let mut hashes = Vec::new();
            digests(&[0], &messages, &mut hashes);
            let expected: Vec<_> = messages.iter().map(|message| one(&[0], message)).collect();
            assert_eq!(hashes, expected);
        }
    }
}
