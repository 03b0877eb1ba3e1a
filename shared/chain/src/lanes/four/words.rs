//! Four numbers of 32 bits, and what SHA-256 does with them.

#[cfg(not(target_feature = "simd128"))]
pub(super) use portable::*;
#[cfg(target_feature = "simd128")]
pub(super) use simd128::*;

/// WebAssembly's vectors.
#[cfg(target_feature = "simd128")]
mod simd128 {
    use core::arch::wasm32::{
        i8x16_shuffle, i32x4_shuffle, u32x4_add, u32x4_extract_lane, u32x4_shl, u32x4_shr,
        u32x4_splat, u64x2, v128, v128_and, v128_bitselect, v128_or, v128_xor,
    };

    pub(crate) type Words = v128;

    #[inline]
    pub(crate) fn splat(word: u32) -> Words {
        u32x4_splat(word)
    }

    #[inline]
    pub(crate) fn add(a: Words, b: Words) -> Words {
        u32x4_add(a, b)
    }

    #[inline]
    pub(crate) fn xor3(a: Words, b: Words, c: Words) -> Words {
        v128_xor(v128_xor(a, b), c)
    }

    #[inline]
    pub(crate) fn choose(e: Words, f: Words, g: Words) -> Words {
        v128_bitselect(f, g, e)
    }

    #[inline]
    pub(crate) fn majority(a: Words, b: Words, c: Words) -> Words {
        // `a ^ b` is `b ^ c` of the next round.
        v128_xor(b, v128_and(v128_xor(a, b), v128_xor(b, c)))
    }

    #[inline]
    pub(crate) fn rotate<const BITS: u32>(a: Words) -> Words {
        v128_or(u32x4_shr(a, BITS), u32x4_shl(a, 32 - BITS))
    }

    #[inline]
    pub(crate) fn shift<const BITS: u32>(a: Words) -> Words {
        u32x4_shr(a, BITS)
    }

    #[inline]
    pub(crate) fn word_of(words: Words, lane: usize) -> u32 {
        match lane {
            0 => u32x4_extract_lane::<0>(words),
            1 => u32x4_extract_lane::<1>(words),
            2 => u32x4_extract_lane::<2>(words),
            _ => u32x4_extract_lane::<3>(words),
        }
    }

    /// Four words of each of four messages, most significant byte first: the first words, the second words, and so on.
    #[inline]
    pub(crate) fn transpose(bytes: [&[u8; 16]; 4]) -> [Words; 4] {
        let [a, b, c, d] = bytes.map(words);
        let (ab_low, ab_high) =
            (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
        let (cd_low, cd_high) =
            (i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        [
            i32x4_shuffle::<0, 1, 4, 5>(ab_low, cd_low),
            i32x4_shuffle::<2, 3, 6, 7>(ab_low, cd_low),
            i32x4_shuffle::<0, 1, 4, 5>(ab_high, cd_high),
            i32x4_shuffle::<2, 3, 6, 7>(ab_high, cd_high),
        ]
    }

    #[inline]
    fn words(bytes: &[u8; 16]) -> Words {
        let bits = u128::from_le_bytes(*bytes);
        #[expect(clippy::cast_possible_truncation, reason = "one half each")]
        let little = u64x2(bits as u64, (bits >> 64) as u64);
        i8x16_shuffle::<3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12>(little, little)
    }
}

/// For the tests, on any processor.
#[cfg(not(target_feature = "simd128"))]
mod portable {
    pub(crate) type Words = [u32; 4];

    pub(crate) const fn splat(word: u32) -> Words {
        [word; 4]
    }

    fn each(a: Words, b: Words, c: Words, each: impl Fn(u32, u32, u32) -> u32) -> Words {
        let ([a0, a1, a2, a3], [b0, b1, b2, b3], [c0, c1, c2, c3]) = (a, b, c);
        [each(a0, b0, c0), each(a1, b1, c1), each(a2, b2, c2), each(a3, b3, c3)]
    }

    pub(crate) fn add(a: Words, b: Words) -> Words {
        each(a, b, b, |a, b, _| a.wrapping_add(b))
    }

    pub(crate) fn xor3(a: Words, b: Words, c: Words) -> Words {
        each(a, b, c, |a, b, c| a ^ b ^ c)
    }

    pub(crate) fn choose(e: Words, f: Words, g: Words) -> Words {
        each(e, f, g, |e, f, g| (e & f) | (!e & g))
    }

    pub(crate) fn majority(a: Words, b: Words, c: Words) -> Words {
        each(a, b, c, |a, b, c| b ^ ((a ^ b) & (b ^ c)))
    }

    pub(crate) fn rotate<const BITS: u32>(a: Words) -> Words {
        a.map(|word| word.rotate_right(BITS))
    }

    pub(crate) fn shift<const BITS: u32>(a: Words) -> Words {
        a.map(|word| word >> BITS)
    }

    pub(crate) fn word_of(words: Words, lane: usize) -> u32 {
        words.get(lane).copied().unwrap_or_default()
    }

    /// Four words of each of four messages, most significant byte first: the first words, the second words, and so on.
    pub(crate) fn transpose(bytes: [&[u8; 16]; 4]) -> [Words; 4] {
        let mut words = [[0; 4]; 4];
        for (lane, bytes) in bytes.iter().enumerate() {
            for (words, bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
                if let Some(word) = words.get_mut(lane) {
                    *word = u32::from_be_bytes(*bytes);
                }
            }
        }
        words
    }
}
