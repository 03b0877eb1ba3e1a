//! Files that were changed, added or moved around whole rows.

use super::*;

#[test]
fn changed_trees_manifests_and_files_are_named() {
    let good = sample::bundle(&sample::rows(300));
    let flip = |path: &str| found(&repack(&good, |files| files.get_mut(path).unwrap()[40] ^= 1));
    assert_eq!(flip("tile/0/000"), (None, Kind::Tile));
    assert_eq!(flip("README.txt"), (None, Kind::Manifest));
    assert_eq!(flip("keys.json"), (None, Kind::Manifest));
    assert_eq!(flip("manifest.json"), (None, Kind::Manifest));
    assert_eq!(flip("manifest.sig"), (None, Kind::Manifest));
    assert_eq!(flip("checkpoint"), (None, Kind::Signature));
    let with = |path: &str| repack(&good, |files| drop(files.insert(path.to_owned(), Vec::new())));
    assert_eq!(found(&with("extra.txt")), (None, Kind::Manifest));
    for path in files(&good).into_keys() {
        let without = repack(&good, |files| drop(files.remove(&path)));
        let report = verify(&without, Some(&policy()));
        assert_eq!(report.verdict, Verdict::Broken, "{path}");
    }
}

/// The log's key signs another manifest, so that only the layout tells.
#[test]
fn an_extra_file_is_refused_even_when_the_manifest_lists_it() {
    for (path, content) in
        [("extra.txt", vec![]), ("tile/2/000.p/1", vec![0; 32]), ("tile/entries/000.p/9", vec![])]
    {
        let more = repack(&sample::bundle(&sample::rows(10)), |files| {
            files.insert(path.to_owned(), content);
            sum_up(files, 10, &log_signer());
        });
        assert_eq!(verify(&more, Some(&policy())).verdict, Verdict::Broken, "{path}");
    }
}

/// Signed by the log's key, too: the rows are whole, and the files are not those that the format prescribes.
#[test]
fn a_signed_manifest_does_not_excuse_another_layout_or_size() {
    let rows = sample::rows(300);
    let shifted = repack(&sample::bundle(&rows), |files| {
        for (path, rows) in
            [("tile/entries/000", &rows[..255]), ("tile/entries/001.p/44", &rows[255..])]
        {
            files.insert(path.to_owned(), tile::encode_entries(rows).unwrap());
        }
        sum_up(files, 300, &log_signer());
    });
    assert_eq!(found(&shifted), (None, Kind::Container));
    let other_size = |files: &mut Files| sum_up(files, 299, &log_signer());
    assert_eq!(found(&repack(&sample::bundle(&rows), other_size)), (None, Kind::Manifest));
    let same_size = repack(&sample::bundle(&rows), |files| sum_up(files, 300, &log_signer()));
    assert_eq!(verify(&same_size, Some(&policy())).verdict, Verdict::Ok);
}

/// The hashes are those of the rows, in their order; only where a file ends tells.
#[test]
fn a_signed_manifest_does_not_excuse_hashes_in_another_file() {
    for (count, last, bytes) in [
        (512, "tile/0/001", 256 * 32),
        (512, "tile/0/001", 64 * 32),
        (300, "tile/0/001.p/44", 44 * 32),
    ] {
        let moved = repack(&sample::bundle(&sample::rows(count)), |files| {
            let rest = files.get_mut(last).unwrap().split_off(bytes);
            let hashes = files.insert(last.to_owned(), rest).unwrap();
            files.get_mut("tile/0/000").unwrap().extend(hashes);
            sum_up(files, count, &log_signer());
        });
        assert_eq!(found(&moved), (None, Kind::Tile), "{bytes} bytes of {last}");
    }
}

#[test]
fn a_file_has_at_most_the_bytes_of_a_bundle() {
    let rows = sample::rows(3);
    let with = |bytes: usize| {
        let files = [(PAGE.to_owned(), vec![b'x'; bytes])].into();
        sample::bundle_of(&rows, &sample::entries(&rows, &[]), files)
    };
    assert_eq!(verify(&with(16_777_472), Some(&policy())).verdict, Verdict::Ok);
    assert_eq!(found(&with(16_777_473)), (None, Kind::Container));
}

#[test]
fn a_second_signature_on_the_manifest_is_refused() {
    let twice = repack(&sample::bundle(&sample::rows(2)), |files| {
        let note = files.get_mut(MANIFEST_SIGNATURE).unwrap();
        let text = String::from_utf8(note.clone()).unwrap();
        let line = text.split_inclusive('\n').next_back().unwrap();
        note.extend_from_slice(line.as_bytes());
    });
    assert_eq!(found(&twice), (None, Kind::Manifest));
}
