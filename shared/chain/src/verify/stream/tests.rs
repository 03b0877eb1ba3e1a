//! One pass says what the whole file would, and keeps nothing.

use super::{order::nth_tile, *};
use crate::{
    report::Verdict,
    sample::{self, policy},
    verify::diagnose,
};

fn stream(bytes: &[u8], piece: usize) -> Result<Report, Finding> {
    let mut stream = Stream::new(Some(policy()));
    bytes.chunks(piece).try_for_each(|piece| stream.feed(piece))?;
    stream.finish()
}

#[test]
fn the_report_is_that_of_the_whole_file_however_it_is_cut() {
    // The empty log says nowhere whose it is; it is left to `diagnose`.
    for count in [1, 2, 255, 256, 257, 600] {
        let bytes = sample::bundle(&sample::rows(count));
        let whole = diagnose(&bytes, Some(&policy()));
        for piece in [1, 7, 29, 4096, bytes.len()] {
            assert_eq!(stream(&bytes, piece), Ok(whole.clone()), "{count} rows in {piece}s");
        }
    }
}

#[test]
fn no_flipped_bit_and_no_cut_end_is_taken() {
    let bytes = sample::bundle(&sample::rows(3));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(stream(&flipped, 4096).is_err(), "bit {bit}");
    }
    for end in 0..bytes.len() {
        assert!(stream(&bytes[..end], 4096).is_err(), "{end}");
    }
    assert!(stream(&[bytes.as_slice(), b"\0"].concat(), 4096).is_err());
}

/// What is kept must not grow with the log: no piece of the file waits for longer than the file that it is in.
#[test]
fn nothing_is_kept_of_files_that_have_passed() {
    let bytes = sample::bundle(&sample::rows(2000));
    let mut stream = Stream::new(Some(policy()));
    for piece in bytes.chunks(1000) {
        stream.feed(piece).unwrap();
        assert!(stream.pending.len() < 160_000, "a bundle of 256 rows has less");
    }
    assert_eq!(stream.finish().map(|report| report.verdict), Ok(Verdict::Ok));
}

#[test]
fn the_tiles_of_an_export_are_those_of_the_format_in_the_order_of_their_names() {
    for size in [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000] {
        let expected: Vec<_> =
            crate::bundle::hash_tiles(size).chain(crate::tile::bundles(size)).collect();
        let found: Vec<_> = (0..).map_while(|place| nth_tile(size, place)).collect();
        assert_eq!(found, expected, "{size} rows");
        assert!(found.iter().map(Tile::path).is_sorted(), "{size} rows");
    }
    assert!(nth_tile(u64::MAX, 0).is_some());
}

/// A length that no export has must not make the verifier wait for gigabytes.
#[test]
fn an_endless_file_is_refused_at_its_header() {
    let mut bytes = sample::bundle(&sample::rows(1));
    bytes[18..26].copy_from_slice(&[0xff; 8]);
    let mut stream = Stream::new(None);
    assert_eq!(stream.feed(&bytes[..64]).unwrap_err().kind, Kind::Container);
}

/// It has a line for each file: of nineteen million rows, more than any other file may have. It may be cut before its name is whole.
#[test]
fn a_long_manifest_is_taken_wherever_a_piece_ends() {
    let mut bytes = sample::bundle(&sample::rows(1));
    let start = bytes.windows(43).position(|window| {
        window.starts_with(b"PK\x03\x04") && window.ends_with(MANIFEST.as_bytes())
    });
    let start = start.unwrap();
    for sizes in [18, 22] {
        bytes[start + sizes..start + sizes + 4].copy_from_slice(&(1_u32 << 31).to_le_bytes());
    }
    for end in start..start + 60 {
        let mut stream = Stream::new(None);
        assert_eq!(stream.feed(&bytes[..end]), Ok(()), "{} bytes of it", end - start);
        assert_eq!(stream.feed(&bytes[end..end + 60]), Ok(()), "after {} bytes", end - start);
        assert_eq!(stream.pending.len(), 0, "it is not kept");
    }
}
