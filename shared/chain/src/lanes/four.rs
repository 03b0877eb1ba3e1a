//! Four messages at once, where the processor has no instructions for SHA-256 but can add four numbers at a time: in WebAssembly.

mod words;

use super::{Block, Padded, START};
use crate::Hash;
use words::{Words, add, choose, majority, rotate, shift, splat, transpose, word_of, xor3};

/// How many at once.
pub(super) const LANES: usize = 4;

/// SHA-256 of each.
pub(super) fn four(messages: [Padded<'_>; LANES]) -> [Hash; LANES] {
    let ends = messages.each_ref().map(Padded::blocks);
    let mut state = START.map(splat);
    let (mut hashes, mut rooms) = ([Hash::ZERO; LANES], [[0; 64]; LANES]);
    for index in 0..ends.into_iter().max().unwrap_or_default() {
        // A message that has ended goes on being hashed beside the others; its hash is already taken.
        let [a, b, c, d] = &mut rooms;
        let [first, second, third, fourth] = &messages;
        let blocks = [
            first.block(index, a),
            second.block(index, b),
            third.block(index, c),
            fourth.block(index, d),
        ];
        compress(&mut state, &blocks.map(|block| block.unwrap_or(&[0; 64])));
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
fn compress(state: &mut [Words; 8], blocks: &[&Block; LANES]) {
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
