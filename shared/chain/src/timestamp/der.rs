//! Reading DER (X.690 §10), as much of it as time stamps need: definite lengths in their shortest form, tags of one byte.

/// What is left to read of a value.
#[derive(Clone, Copy)]
pub(super) struct Der<'a>(pub(super) &'a [u8]);

/// One element.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
}

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;

impl<'a> Der<'a> {
    /// The next element; `None` at the end, or where the bytes are none.
    pub(super) fn next(&mut self) -> Option<Element<'a>> {
        let (tag, after_tag) = self.0.split_first()?;
        let (first, after_length) = after_tag.split_first()?;
        let (length, content) = match usize::from(*first) {
            short @ 0..0x80 => (short, after_length),
            long => {
                let bytes = after_length.get(..long - 0x80).filter(|bytes| bytes.len() <= 4)?;
                let length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
                // The shortest form, and not the indefinite one.
                let is_shortest = length >= 0x80 && bytes.first() != Some(&0);
                (is_shortest.then_some(length)?, after_length.get(bytes.len()..)?)
            }
        };
        let (content, rest) = content.split_at_checked(length)?;
        self.0 = rest;
        Some(Element { tag: *tag, content })
    }

    /// The content of the next element, which must have this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|element| element.tag == tag).map(|element| element.content)
    }

    /// What is inside of the next element, which must have this tag.
    pub(super) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(Self)
    }

    /// The next element, if it has this tag; otherwise nothing is read.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.0.first() == Some(&tag) { self.next() } else { None }
    }

    /// Every element that is left.
    pub(super) fn all(mut self) -> impl Iterator<Item = Element<'a>> {
        std::iter::from_fn(move || self.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths of X.690 §8.1.3 and §10.1.
    #[test]
    fn lengths_are_read_in_their_shortest_form_alone() {
        let long = [[0x04, 0x81, 0x80].as_slice(), &[7; 128]].concat();
        assert_eq!(Der(&long).take(OCTET_STRING), Some([7; 128].as_slice()));
        assert_eq!(Der(b"\x02\x01\x05").take(INTEGER), Some(b"\x05".as_slice()));
        for refused in [
            b"".as_slice(),
            b"\x04",
            b"\x04\x01",
            b"\x04\x80\x00\x00",
            b"\x04\x81\x01\x07",
            b"\x04\x82\x00\x80",
            b"\x04\x85\x00\x00\x00\x00\x01\x07",
            b"\x04\x84\xff\xff\xff\xff",
        ] {
            assert!(Der(refused).next().is_none(), "{refused:02x?}");
        }
    }

    #[test]
    fn elements_are_read_one_after_the_other() {
        let mut der = Der(b"\x30\x06\x02\x01\x01\x02\x01\x02\x05\x00");
        let inner = der.enter(SEQUENCE).unwrap();
        assert_eq!(inner.all().map(|element| element.content).collect::<Vec<_>>(), [[1], [2]]);
        assert!(der.optional(INTEGER).is_none());
        assert_eq!(der.take(0x05), Some(b"".as_slice()));
        assert!(der.next().is_none());
    }
}
