//! The functions that JavaScript calls. No pointer is ever followed here: JavaScript writes into a buffer that Rust owns, and reads from another.
//!
//! An export is verified in one pass: `ask(tier)`, `room(n)` and `begin()` for the policy, `room(n)` and `feed()` for each piece, `finish()`. When `feed` or
//! `finish` answers 0, something does not hold: `room(n)` for the whole export and `diagnose()` say what, or, if it is too large for that,
//! `refuse()` says what was noticed. `answer()` says where the answer stands. Lengths are in bytes.

use std::cell::RefCell;

use chain::{
    policy::{Policy, Tier},
    report::{Finding, Report},
    verify::{self, DIAGNOSE_BYTES_MAX, Stream},
};

use crate::answer::{describe, policy};

/// One verification.
#[derive(Default)]
struct Desk {
    input: Vec<u8>,
    policy: Option<Policy>,
    asked: Option<Tier>,
    stream: Option<Stream>,
    finding: Option<Finding>,
    answer: String,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

/// Makes room for `length` bytes and says where; null when there is no memory for them.
#[expect(unsafe_code, reason = "JavaScript finds the function by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn room(length: usize) -> *mut u8 {
    DESK.with_borrow_mut(|desk| {
        desk.input.clear();
        if desk.input.try_reserve_exact(length).is_err() {
            return std::ptr::null_mut();
        }
        desk.input.resize(length, 0);
        desk.input.as_mut_ptr()
    })
}

/// Asks for a tier from now on, by its place among [`Tier::ALL`]; anything else asks for what the policy does.
#[expect(unsafe_code, reason = "JavaScript finds the function by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn ask(tier: usize) {
    DESK.with_borrow_mut(|desk| desk.asked = Tier::ALL.get(tier).copied());
}

/// Takes the policy out of the room and begins. 0, or the length of the answer when the policy cannot be used.
#[expect(unsafe_code, reason = "JavaScript finds the function by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn begin() -> usize {
    DESK.with_borrow_mut(|desk| match policy(&desk.input) {
        Ok(policy) => {
            let policy = policy.map(|policy| policy.asking(desk.asked));
            desk.stream = Some(Stream::new(policy.clone()));
            (desk.policy, desk.finding) = (policy, None);
            0
        }
        Err(answer) => desk.say(answer),
    })
}

/// Checks the piece in the room. 1, or 0 when something does not hold.
#[expect(unsafe_code, reason = "JavaScript finds the function by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn feed() -> usize {
    DESK.with_borrow_mut(|desk| {
        let Some(stream) = &mut desk.stream else { return 0 };
        desk.finding = stream.feed(&desk.input).err();
        usize::from(desk.finding.is_none())
    })
}

/// After the last piece: the length of the answer, or 0 when something does not hold.
#[expect(unsafe_code, reason = "JavaScript finds the function by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn finish() -> usize {
    DESK.with_borrow_mut(|desk| match desk.stream.take().map(Stream::finish) {
        Some(Ok(report)) => desk.report(report),
        Some(Err(finding)) => {
            desk.finding = Some(finding);
            0
        }
        None => 0,
    })
}

/// Verifies the whole export in the room: the length of the answer.
#[expect(unsafe_code, reason = "JavaScript finds the function by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn diagnose() -> usize {
    DESK.with_borrow_mut(|desk| {
        desk.stream = None;
        let report = verify::file(&desk.input, desk.policy.as_ref());
        desk.report(report)
    })
}

/// Answers with what was noticed: the length of the answer.
#[expect(unsafe_code, reason = "JavaScript finds the function by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn refuse() -> usize {
    DESK.with_borrow_mut(|desk| {
        let report = desk.finding.take();
        let report = report.map(|finding| verify::undiagnosed(finding, desk.policy.as_ref()));
        report.map_or(0, |report| desk.report(report))
    })
}

/// The longest export that [`diagnose`] is for.
#[expect(unsafe_code, reason = "JavaScript finds the function by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn diagnose_bytes_max() -> usize {
    usize::try_from(DIAGNOSE_BYTES_MAX).unwrap_or(usize::MAX)
}

/// Where the answer stands.
#[expect(unsafe_code, reason = "JavaScript finds the function by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> *const u8 {
    DESK.with_borrow(|desk| desk.answer.as_ptr())
}

impl Desk {
    fn report(&mut self, mut report: Report) -> usize {
        report.asked = report.asked.or(self.asked);
        self.say(describe(&report))
    }

    fn say(&mut self, answer: String) -> usize {
        self.answer = answer;
        self.answer.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &[u8] = include_bytes!("../../../shared/chain/src/verify/testdata/v1.audit.zip");

    fn put(bytes: &[u8]) {
        assert!(!room(bytes.len()).is_null());
        DESK.with_borrow_mut(|desk| desk.input.copy_from_slice(bytes));
    }

    fn said(length: usize) -> String {
        DESK.with_borrow(|desk| desk.answer.get(..length).unwrap().to_owned())
    }

    #[test]
    fn an_export_is_verified_piece_by_piece() {
        put(b"");
        assert_eq!(begin(), 0);
        for piece in EXPORT.chunks(1000) {
            put(piece);
            assert_eq!(feed(), 1);
        }
        let answer = said(finish());
        assert!(answer.contains(r#""verdict":"incomplete""#), "{answer}");
        assert!(answer.contains(r#""rows_checked":3"#), "{answer}");
    }

    #[test]
    fn what_does_not_hold_is_diagnosed_or_refused() {
        let cut = EXPORT.get(..EXPORT.len() - 1).unwrap();
        put(b" ");
        assert_eq!(begin(), 0);
        put(cut);
        assert_eq!((feed(), finish()), (1, 0));
        assert!(said(refuse()).contains("too large"), "what was noticed");
        assert_eq!(refuse(), 0);
        put(cut);
        assert!(said(diagnose()).contains(r#""kind":"container""#));
        put(EXPORT);
        assert_eq!(feed(), 0, "nothing was begun");
    }

    /// What the page answers to whoever asks for the tier at `place`.
    fn asked(place: usize, export: &[u8], policy: &[u8]) -> String {
        ask(place);
        put(policy);
        assert_eq!(begin(), 0);
        put(export);
        assert_eq!(feed(), 1);
        said(finish())
    }

    #[test]
    fn below_the_tier_that_is_asked_for_an_export_is_incomplete() {
        let stamped = include_bytes!("../../../shared/chain/src/verify/testdata/stamped.audit.zip");
        let policy = include_bytes!("../../../shared/chain/src/verify/testdata/stamped.policy");
        for (export, place, verdict, named) in [
            (stamped.as_slice(), 2, "ok", r#""timestamped""#),
            (stamped, 3, "incomplete", r#""witnessed""#),
            (stamped, 4, "ok", r#""signed""#),
            (EXPORT, 1, "ok", r#""signed""#),
            (EXPORT, 2, "incomplete", r#""timestamped""#),
        ] {
            let answer = asked(place, export, policy);
            assert!(answer.contains(&format!(r#""verdict":"{verdict}""#)), "{answer}");
            assert!(answer.contains(&format!(r#""asked":{named}"#)), "{answer}");
        }
        assert!(asked(2, stamped, b"").contains(r#""asked":"timestamped""#));
        assert!(asked(4, stamped, b"").contains(r#""asked":null"#));
    }

    #[test]
    fn a_policy_that_cannot_be_used_is_said_before_anything_is_read() {
        put(b"tier golden");
        assert!(said(begin()).contains("line 1"));
    }
}
