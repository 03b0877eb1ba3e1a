//! One line of text that a person typed: what a letter, a table and a row of the log can hold.

use std::ops::RangeInclusive;

/// Whether `text` is one line of so many characters, and can stand in a row of the log: no control character (Unicode Cc), line breaks
/// among them, and no code point that never is a character (RFC 7493 §2.1), which rows refuse.
pub fn is_line(text: &str, characters: RangeInclusive<usize>) -> bool {
    characters.contains(&text.chars().count())
        && !text.contains(|letter: char| letter.is_control() || is_noncharacter(letter))
}

/// U+FDD0 to U+FDEF, and the last two code points of each plane (Unicode 16 §23.7).
fn is_noncharacter(letter: char) -> bool {
    let code = u32::from(letter);
    (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_so_many_characters_and_not_so_many_bytes() {
        assert!(is_line("é", 1..=1) && is_line("\u{10fffd}", 1..=1));
        assert!(!is_line("", 1..=1) && !is_line("éé", 1..=1));
    }

    #[test]
    fn what_a_row_refuses_is_in_no_line() {
        for refused in ["a\nb", "a\0b", "\u{7f}", "\u{85}", "\u{fdd0}", "\u{fdef}", "\u{fffe}"] {
            assert!(!is_line(refused, 1..=9), "{refused:?}");
        }
        assert!(!is_line("\u{ffff}", 1..=9) && !is_line("\u{1fffe}", 1..=9));
        assert!(!is_line("\u{10ffff}", 1..=9));
        // The code points beside them are characters, or may be some day.
        for taken in ["\u{fdcf}", "\u{fdf0}", "\u{fffd}", "\u{10000}", "\u{1fffd}", " ", "\u{a0}"] {
            assert!(is_line(taken, 1..=9), "{taken:?}");
        }
    }
}
