//! One pass over the text, which checks all of it.

use super::{DEPTH_MAX, INTEGER_MAX, KEY_BYTES_MAX, ProfileError, Rule, runs};

/// Each function takes what is left of the text and returns what is left after its part; `None` when `error` is set.
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) error: Option<ProfileError>,
}

impl<'a> Scanner<'a> {
    pub(super) fn object(
        &mut self,
        rest: &'a [u8],
        depth: usize,
        member: &mut impl FnMut(&'a [u8], &'a [u8], &'a [u8]),
    ) -> Option<&'a [u8]> {
        let mut rest = self.demand(rest, b'{')?;
        if let [b'}', rest @ ..] = rest {
            return Some(rest);
        }
        let mut last = [].as_slice();
        loop {
            let (key, after) = self.key(rest, last)?;
            let start = self.demand(after, b':')?;
            rest = self.value(start, depth)?;
            member(key, start, rest);
            if let [b'}', rest @ ..] = rest {
                return Some(rest);
            }
            rest = self.demand(rest, b',')?;
            last = key;
        }
    }

    fn key(&mut self, rest: &'a [u8], last: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
        let start = self.demand(rest, b'"')?;
        let (key, end) = start.split_at_checked(runs::key(start))?;
        let [b'"', after @ ..] = end else { return self.refuse(start, Rule::Key) };
        if !(1..=KEY_BYTES_MAX).contains(&key.len()) {
            return self.refuse(start, Rule::Key);
        }
        if ascends(last, key) { Some((key, after)) } else { self.refuse(start, Rule::KeyOrder) }
    }

    pub(super) fn value(&mut self, rest: &'a [u8], depth: usize) -> Option<&'a [u8]> {
        match rest {
            [b'"', rest @ ..] => self.string(rest),
            [b'{' | b'[', ..] if depth == DEPTH_MAX => self.refuse(rest, Rule::Depth),
            [b'{', ..] => self.object(rest, depth + 1, &mut |_, _, _| {}),
            [b'[', rest @ ..] => self.array(rest, depth + 1),
            [b'0'..=b'9' | b'-', ..] => self.number(rest),
            [b't', b'r', b'u', b'e', rest @ ..]
            | [b'f', b'a', b'l', b's', b'e', rest @ ..]
            | [b'n', b'u', b'l', b'l', rest @ ..] => Some(rest),
            _ => self.refuse(rest, Rule::Syntax),
        }
    }

    /// After the bracket.
    fn array(&mut self, rest: &'a [u8], depth: usize) -> Option<&'a [u8]> {
        if let [b']', rest @ ..] = rest {
            return Some(rest);
        }
        let mut rest = rest;
        loop {
            rest = self.value(rest, depth)?;
            if let [b']', rest @ ..] = rest {
                return Some(rest);
            }
            rest = self.demand(rest, b',')?;
        }
    }

    fn number(&mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        if let Some((_, after)) = integer(rest) {
            return Some(after);
        }
        self.refuse(rest, Rule::Number)
    }

    /// After the quote.
    fn string(&mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let mut rest = rest;
        loop {
            rest = rest.get(runs::plain(rest)..)?;
            match rest {
                [b'"', after @ ..] => return Some(after),
                [b'\\', after @ ..] => rest = self.escape(after)?,
                _ => return self.refuse(rest, Rule::Syntax),
            }
        }
    }

    /// RFC 8785 §3.2.2.2. After the backslash.
    fn escape(&mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        match rest {
            [b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r', after @ ..]
            // 08, 09, 0a, 0c and 0d have the short forms above.
            | [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', after @ ..]
            | [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', after @ ..] => Some(after),
            _ => self.refuse(rest, Rule::Escape),
        }
    }

    fn demand(&mut self, rest: &'a [u8], byte: u8) -> Option<&'a [u8]> {
        match rest.split_first() {
            Some((first, after)) if *first == byte => Some(after),
            Some(_) | None => self.refuse(rest, Rule::Syntax),
        }
    }

    #[cold]
    pub(super) fn refuse<T>(&mut self, rest: &[u8], rule: Rule) -> Option<T> {
        self.error = Some(ProfileError { at: self.text.len() - rest.len(), rule });
        None
    }
}

/// The integer at the beginning, and what follows it; `None` for any other number.
pub(super) fn integer(rest: &[u8]) -> Option<(u64, &[u8])> {
    let (mut value, mut after) = (0, rest);
    while let [digit @ b'0'..=b'9', behind @ ..] = after
        && value <= INTEGER_MAX
    {
        value = value * 10 + u64::from(digit - b'0');
        after = behind;
    }
    let is_part = matches!(after, [b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E', ..]);
    let digits = rest.len() - after.len();
    let is_shortest = digits == 1 || (digits > 1 && !rest.starts_with(b"0"));
    (is_shortest && !is_part && value <= INTEGER_MAX).then_some((value, after))
}

/// `last < key`, decided by the first byte where possible: that is most keys, and most of what a call of `memcmp` costs.
fn ascends(last: &[u8], key: &[u8]) -> bool {
    let (a, b) = (last.first(), key.first());
    if a == b { last < key } else { a < b }
}
