//! Reading an object whose members are known beforehand: faster than finding out which it has.

use super::{ROW_BYTES_MAX, Scanner, between, runs, scanner::integer};

/// A place in the text of an object. Whatever is read has the profile; `None` does not say why something has not: [`super::scan`] does.
pub(crate) struct Reader<'a> {
    scanner: Scanner<'a>,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Before the first byte. `None` when the text is too long, or has a character that needs a closer look: then every string in it ends at the
    /// next quote.
    pub(crate) fn new(text: &'a str) -> Option<Self> {
        let is_simple = text.len() <= ROW_BYTES_MAX && is_simple(text.as_bytes());
        is_simple.then_some(Self { scanner: Scanner { text, error: None }, rest: text.as_bytes() })
    }

    /// Passes exactly these bytes.
    #[inline]
    pub(crate) fn pass<const N: usize>(&mut self, bytes: &[u8; N]) -> Option<()> {
        let (found, rest) = self.rest.split_first_chunk()?;
        if found != bytes {
            return None;
        }
        self.rest = rest;
        Some(())
    }

    /// Passes a value in an object, the outermost of which has the depth 1; its exact text.
    pub(crate) fn value(&mut self, depth: usize) -> Option<&'a str> {
        let start = self.rest;
        self.rest = self.scanner.value(start, depth)?;
        Some(between(self.scanner.text, start, self.rest))
    }

    /// Passes an integer.
    pub(crate) fn integer(&mut self) -> Option<u64> {
        let (value, rest) = integer(self.rest)?;
        self.rest = rest;
        Some(value)
    }

    /// Passes what is inside a string, whose opening quote has been passed, and the closing quote.
    pub(crate) fn string(&mut self) -> Option<&'a str> {
        let start = self.rest;
        let end = start.get(runs::unquoted(start)..)?;
        let [b'"', rest @ ..] = end else { return None };
        self.rest = rest;
        Some(between(self.scanner.text, start, end))
    }

    /// As [`string`](Self::string), where nobody asks for its text.
    pub(crate) fn skip_string(&mut self) -> Option<()> {
        let [b'"', rest @ ..] = self.rest.get(runs::unquoted(self.rest)..)? else { return None };
        self.rest = rest;
        Some(())
    }

    /// What is left.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

/// No control character, no backslash, and nothing that could be a noncharacter: those begin with 0xEF or more.
fn is_simple(text: &[u8]) -> bool {
    // Without a branch for each byte, so that compilers take many at once.
    let (least, most, backslashes) = text.iter().fold((u8::MAX, 0, 0), |seen, byte| {
        (seen.0.min(*byte), seen.1.max(*byte), seen.2 | u8::from(*byte == b'\\'))
    });
    least >= 0x20 && most < 0xef && backslashes == 0
}
