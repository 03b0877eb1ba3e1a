//! An export in which any byte is another, or missing.

use proptest::prelude::*;

use super::*;

#[test]
fn one_flipped_bit_in_every_byte_of_the_file_shows() {
    let good = sample::bundle(&sample::rows(10));
    for place in 0..good.len() {
        let mut flipped = good.clone();
        flipped[place] ^= 1 << (place % 8);
        let report = verify(&flipped, Some(&policy()));
        assert_eq!(report.verdict, Verdict::Broken, "byte {place}");
    }
}

/// Not even a container with right checksums hides a bit. Every bit of the short files, every seventh of the others.
#[test]
fn flipped_bits_in_packed_files_show() {
    let good = sample::bundle(&sample::rows(2));
    for (path, content) in files(&good).into_iter().filter(|(path, _)| path != README) {
        let step = if content.len() < 400 { 1 } else { 7 };
        for bit in (0..content.len() * 8).step_by(step) {
            let flipped =
                repack(&good, |files| files.get_mut(&path).unwrap()[bit / 8] ^= 1 << (bit % 8));
            let report = verify(&flipped, Some(&policy()));
            assert_eq!(report.verdict, Verdict::Broken, "{path} bit {bit}");
        }
    }
}

#[test]
fn one_altered_byte_of_a_row_in_the_file_names_the_row() {
    let mut bytes = sample::bundle(&sample::rows(10));
    let mark = b"\"seq\":6,";
    let place = bytes.windows(mark.len()).position(|window| window == mark).unwrap();
    bytes[place - 4] ^= 1;
    assert_eq!(found(&bytes), (Some(6), Kind::RowHash));
}

#[test]
fn a_truncated_export_is_broken_wherever_it_is_cut() {
    let good = sample::bundle(&sample::rows(3));
    for end in (0..good.len()).step_by(7) {
        let report = verify(&good[..end], Some(&policy()));
        assert_eq!(report.verdict, Verdict::Broken, "{end}");
    }
    assert_eq!(verify(b"not a zip", None).first_bad.unwrap().kind, Kind::Signature);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the bytes, there is a report; and no other bytes than those of the export are ok.
    #[test]
    fn any_bytes_give_a_report(start: prop::sample::Index, length in 0..200_usize, patch: Vec<u8>) {
        let good = sample::bundle(&sample::rows(2));
        let start = start.index(good.len());
        let end = good.len().min(start + length);
        let patched = [&good[..start], &patch, &good[end..]].concat();
        let verdict = verify(&patched, Some(&policy())).verdict;
        prop_assert_eq!(verdict == Verdict::Ok, patched == good);
        prop_assert_eq!(verify(&patch, Some(&policy())).verdict, Verdict::Broken);
    }
}
