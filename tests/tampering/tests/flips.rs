//! Not one bit of an export can change unseen.

use std::thread;

use chain::{
    policy::Tier,
    report::{Kind, Verdict},
    verify::{self, Stream},
};
use tampering::{attacks::Scene, made_log::unpacked};

/// Threads that share the work.
const THREADS: usize = 4;
/// Of so many flipped bits, the slow way of verifying looks at one.
const SAMPLED: usize = 19_997;

/// A part of the export, and the verification of what stands before it.
struct Part {
    start: usize,
    end: usize,
    before: Stream,
}

/// One part for each file, and one for the directory: so a flipped bit costs the reading of its own file.
fn parts(export: &[u8]) -> Vec<Part> {
    let is_beginning =
        |bytes: &[u8]| bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x01\x02");
    let first_of_directory = export.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    let starts: Vec<_> =
        (0..=first_of_directory).filter(|at| is_beginning(&export[*at..])).collect();
    // Without a policy: what is refused then is refused with one as well.
    let mut stream = Stream::new(None);
    let ends = starts.iter().skip(1).copied().chain([export.len()]);
    let part = |(start, end): (usize, usize)| {
        let before = stream.clone();
        stream.feed(&export[start..end]).unwrap();
        Part { start, end, before }
    };
    starts.iter().copied().zip(ends).map(part).collect()
}

/// Whether anybody notices that the bytes of a part are these.
fn is_taken(part: &Part, bytes: &[u8], after: &[u8]) -> bool {
    let mut stream = part.before.clone();
    stream.feed(bytes).and_then(|()| stream.feed(after)).and_then(|()| stream.finish()).is_ok()
}

/// Flips each bit of the bytes that are this thread's; those whose flipping changes nothing.
fn unseen(export: &[u8], part: &Part, thread: usize) -> Vec<usize> {
    let mut unseen = Vec::new();
    let mut bytes = export[part.start..part.end].to_vec();
    for bit in (0..bytes.len() * 8).filter(|bit| bit / 8 % THREADS == thread) {
        bytes[bit / 8] ^= 1 << (bit % 8);
        if is_taken(part, &bytes, &export[part.end..]) {
            unseen.push(part.start * 8 + bit);
        }
        if bit % SAMPLED == 0 {
            let whole = [&export[..part.start], &bytes, &export[part.end..]].concat();
            assert_eq!(verify::bundle(&whole, None).verdict, Verdict::Broken, "bit {bit}");
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    unseen
}

/// Exhaustive: more than a million exports, each with another bit.
#[test]
fn every_flipped_bit_of_an_export_of_300_rows_is_found() {
    let export = Scene::default().sound();
    let bits = export.len() * 8;
    assert!(bits > 1_000_000, "{bits}");
    let parts = parts(&export);
    assert_eq!(parts.iter().map(|part| part.end - part.start).sum::<usize>(), export.len());
    for part in &parts {
        let untouched = is_taken(part, &export[part.start..part.end], &export[part.end..]);
        assert!(untouched, "only the bit makes the difference");
    }
    let search =
        |thread| parts.iter().flat_map(|part| unseen(&export, part, thread)).collect::<Vec<_>>();
    let search = &search;
    let unseen: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|thread| scope.spawn(move || search(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(unseen, Vec::<usize>::new(), "bits whose flipping went unseen");
}

/// Checksums, lists and signatures of exports are made anew around it; the row is named.
#[test]
fn a_flipped_bit_of_any_row_is_found_and_its_row_is_named_however_it_is_packed() {
    let scene = Scene::default();
    let (export, policy) = (scene.sound(), scene.log.policy(Tier::Signed));
    let mut start = 0;
    for (seq, row) in (0..).zip(&scene.rows) {
        if seq == 256 {
            start = 0;
        }
        let bundle = if seq < 256 { "tile/entries/000" } else { "tile/entries/001.p/44" };
        let bit = usize::try_from(seq).unwrap() * 7919 % (row.len() * 8);
        let flipped = scene.log.repack(&export, |files| {
            files.get_mut(bundle).unwrap()[start + 2 + bit / 8] ^= 1 << (bit % 8);
        });
        let report = verify::bundle(&flipped, Some(&policy));
        let found = report.first_bad.as_ref().map(|finding| finding.seq);
        assert_eq!((report.verdict, found), (Verdict::Broken, Some(Some(seq))), "{report:?}");
        start += 2 + row.len();
    }
}

#[test]
fn a_flipped_bit_of_any_other_file_is_found_however_it_is_packed() {
    let scene = Scene::default();
    let (export, policy) = (scene.sound(), scene.log.witnessed_policy(&scene.rows));
    // For people, and not under any rule but the manifest's.
    let read_by_people =
        ["README.txt", "keys.json", "verify.html", "manifest.json", "manifest.sig"];
    for (path, content) in unpacked(&export) {
        if path.starts_with("tile/entries/") || read_by_people.contains(&path.as_str()) {
            continue;
        }
        for bit in (0..content.len() * 8).step_by(97) {
            let flipped = scene.log.repack(&export, |files| {
                files.get_mut(&path).unwrap()[bit / 8] ^= 1 << (bit % 8);
            });
            let report = verify::bundle(&flipped, Some(&policy));
            // A line of a witness under another name is one of a stranger: then what was asked for is missing.
            let is_other_name = path == "checkpoint" && report.verdict == Verdict::Incomplete;
            assert!(
                report.verdict == Verdict::Broken || is_other_name,
                "{path} bit {bit}: {report:?}"
            );
            let kind = report.first_bad.map(|finding| finding.kind);
            let about_rows = [Some(Kind::Container), Some(Kind::RowHash)];
            assert!(!about_rows.contains(&kind), "{path} bit {bit}: {kind:?}");
        }
    }
}
