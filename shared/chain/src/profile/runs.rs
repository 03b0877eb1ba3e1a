//! How far a run of bytes of one kind goes, several bytes at a time: most of a row is inside strings, and this decides how fast a log can be verified.

#[cfg(target_feature = "simd128")]
use vectors::{foreign, quotes, special};
#[cfg(not(target_feature = "simd128"))]
use words::{foreign, quotes, special};

type Group = [u8; 16];

/// How many bytes come before the first quote, backslash or control character.
#[inline]
pub(super) fn plain(bytes: &[u8]) -> usize {
    run(bytes, special, |byte| byte < 0x20 || byte == b'"' || byte == b'\\')
}

/// How many bytes come before the first quote.
#[inline]
pub(super) fn unquoted(bytes: &[u8]) -> usize {
    run(bytes, quotes, |byte| byte == b'"')
}

/// How many bytes come before the first that a key cannot have: all but `[a-z0-9_]`.
#[inline]
pub(super) fn key(bytes: &[u8]) -> usize {
    run(bytes, foreign, |byte| !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// `end` finds the first byte of another kind in a group.
#[inline]
fn run(bytes: &[u8], end: impl Fn(&Group) -> Option<usize>, is_end: impl Fn(u8) -> bool) -> usize {
    let (groups, tail) = bytes.as_chunks();
    for (place, group) in groups.iter().enumerate() {
        if let Some(end) = end(group) {
            return place * 16 + end;
        }
    }
    let end = tail.iter().position(|byte| is_end(*byte));
    groups.len() * 16 + end.unwrap_or(tail.len())
}

/// Any processor. Compilers know how to ask all bytes of a group at once; which one it is, eight bytes in a number tell.
#[cfg(not(target_feature = "simd128"))]
mod words {
    use super::Group;

    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES * 0x80;

    #[inline]
    pub(super) fn special(bytes: &Group) -> Option<usize> {
        let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        has(bytes, is_special).then(|| {
            first(bytes, |word| {
                let control = word.wrapping_sub(ONES * 0x20);
                (control | borrowed(word, b'"') | borrowed(word, b'\\')) & !word
            })
        })
    }

    #[inline]
    pub(super) fn quotes(bytes: &Group) -> Option<usize> {
        has(bytes, |byte| byte == b'"').then(|| first(bytes, |word| borrowed(word, b'"') & !word))
    }

    /// Keys are short: there is nothing to gain by asking all bytes first.
    ///
    /// Adding to seven bits so that the eighth says whether a byte has at least some value.
    #[inline]
    pub(super) fn foreign(bytes: &Group) -> Option<usize> {
        let end = first(bytes, |word| {
            let low = word & !HIGH;
            let from = |byte: u8| low + ONES * u64::from(0x80 - byte);
            let letter = from(b'a') & !from(b'z' + 1);
            let digit = from(b'0') & !from(b'9' + 1);
            let underscore = from(b'_') & !from(b'_' + 1);
            word | !(letter | digit | underscore)
        });
        (end < 16).then_some(end)
    }

    #[inline]
    fn has(bytes: &Group, is_end: impl Fn(u8) -> bool) -> bool {
        bytes.iter().fold(false, |has, byte| has | is_end(*byte))
    }

    /// The first byte that is marked by its highest bit; behind it, marks may be wrong. 16 when there is none.
    #[inline]
    fn first(bytes: &Group, marks: impl Fn(u64) -> u64) -> usize {
        let [low, high] = bytes.as_chunks().0 else { return 16 };
        let low = marks(u64::from_le_bytes(*low)) & HIGH;
        if low != 0 {
            return low.trailing_zeros() as usize / 8;
        }
        let high = marks(u64::from_le_bytes(*high)) & HIGH;
        8 + high.trailing_zeros() as usize / 8
    }

    /// Subtracting 1 from each byte borrows from the highest bit of the first that is zero ("Bit Twiddling Hacks", S. E. Anderson).
    #[inline]
    fn borrowed(word: u64, byte: u8) -> u64 {
        (word ^ (ONES * u64::from(byte))).wrapping_sub(ONES)
    }
}

/// WebAssembly's vectors.
#[cfg(target_feature = "simd128")]
mod vectors {
    use core::arch::wasm32::{
        i8x16_bitmask, i8x16_eq, i8x16_sub, u8x16_le, u8x16_splat, u64x2, v128, v128_not, v128_or,
    };

    use super::Group;

    #[inline]
    pub(super) fn special(bytes: &Group) -> Option<usize> {
        let bytes = load(bytes);
        let control = u8x16_le(bytes, u8x16_splat(0x1f));
        first(v128_or(v128_or(equal(bytes, b'"'), equal(bytes, b'\\')), control))
    }

    #[inline]
    pub(super) fn quotes(bytes: &Group) -> Option<usize> {
        first(equal(load(bytes), b'"'))
    }

    #[inline]
    pub(super) fn foreign(bytes: &Group) -> Option<usize> {
        let bytes = load(bytes);
        let letter = u8x16_le(i8x16_sub(bytes, u8x16_splat(b'a')), u8x16_splat(25));
        let digit = u8x16_le(i8x16_sub(bytes, u8x16_splat(b'0')), u8x16_splat(9));
        first(v128_not(v128_or(v128_or(letter, digit), equal(bytes, b'_'))))
    }

    #[inline]
    fn first(marks: v128) -> Option<usize> {
        let marks = i8x16_bitmask(marks);
        (marks != 0).then(|| marks.trailing_zeros() as usize)
    }

    #[inline]
    fn load(bytes: &Group) -> v128 {
        let bits = u128::from_le_bytes(*bytes);
        #[expect(clippy::cast_possible_truncation, reason = "one half each")]
        u64x2(bits as u64, (bits >> 64) as u64)
    }

    #[inline]
    fn equal(bytes: v128, byte: u8) -> v128 {
        i8x16_eq(bytes, u8x16_splat(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At every offset, for every byte, beside every kind of byte.
    #[test]
    fn a_run_ends_at_the_first_byte_of_another_kind() {
        for (byte, place) in (0..=u8::MAX).flat_map(|byte| (0..40).map(move |place| (byte, place)))
        {
            for beside in *b"az09_" {
                let mut bytes = vec![beside; 40];
                bytes[place] = byte;
                assert_eq!(unquoted(&bytes), if byte == b'"' { place } else { 40 });
                let special = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(plain(&bytes), if special { place } else { 40 }, "{byte:#04x}");
                let in_key = byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
                assert_eq!(key(&bytes), if in_key { 40 } else { place }, "{byte:#04x}");
            }
        }
        assert_eq!((plain(b""), unquoted(b""), key(b"")), (0, 0, 0));
    }

    /// What ends a run may be followed by anything.
    #[test]
    fn nothing_behind_the_end_of_a_run_counts() {
        for (end, behind) in
            (0..=u8::MAX).flat_map(|end| (0..=u8::MAX).map(move |behind| (end, behind)))
        {
            let bytes = [b'a', b'a', end, behind, behind, b'a', b'a', b'a'];
            let ends =
                |is_end: fn(u8) -> bool| bytes.iter().position(|byte| is_end(*byte)).unwrap_or(8);
            assert_eq!(unquoted(&bytes), ends(|byte| byte == b'"'));
            assert_eq!(plain(&bytes), ends(|byte| byte < 0x20 || byte == b'"' || byte == b'\\'));
            let is_foreign =
                |byte: u8| !(byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            assert_eq!(key(&bytes), ends(is_foreign), "{bytes:?}");
        }
    }
}
