use super::{
    packing::{stored_bytes, stored_row_bytes},
    *,
};
use crate::{
    intent::VerifiedIntent,
    remark::Remark,
    report::Kind,
    row::Row,
    sample::{self, RX, TENANT},
};

fn cursors(place: &str) -> Cursors {
    Cursors::from([("access".to_owned(), place.to_owned())])
}

fn seal(head: &Head, intents: &[VerifiedIntent]) -> Next {
    seal_knowing(head, intents, &BTreeMap::new(), &[]).unwrap()
}

fn seal_knowing(
    head: &Head,
    intents: &[VerifiedIntent],
    before: &BTreeMap<usize, Before>,
    late: &[Gap],
) -> Result<Next, CommitError> {
    let page = Page { intents, before, late, cursors: &cursors("p1") };
    next(head, &page, RX, &mut |remark| Ok(sample::remark(remark)))
}

/// What a log that holds `intents` answers about them.
fn known(intents: &[VerifiedIntent]) -> BTreeMap<usize, Before> {
    let before = |intent: &VerifiedIntent| Before::Sealed(intent.digest());
    intents.iter().map(before).enumerate().collect()
}

/// A head of `size` rows whose tree is made up, to stand anywhere in a log.
fn head_at(size: u64) -> Head {
    let edge = vec![Hash::of(b"subtree"); size.count_ones() as usize];
    Head { tree: CompactRange::new(size, edge).unwrap(), rx: RX.to_owned(), ..Head::default() }
}

#[test]
fn commits_follow_from_each_other_and_hold_every_intent_once() {
    let page: Vec<_> = (0..150).map(sample::verified).collect();
    let (mut head, mut rest, mut rows) = (Head::default(), page.as_slice(), Vec::new());
    while !rest.is_empty() {
        let next = seal(&head, rest);
        let commit = next.commit.unwrap();
        let stored: Commit =
            serde_json::from_str(&serde_json::to_string(&commit).unwrap()).unwrap();
        head = stored.follow(&head, TENANT).unwrap();
        rows.extend(commit.rows);
        rest = &rest[next.taken..];
    }
    assert_eq!(rows, sample::rows(150));
    assert_eq!((head.tree.size(), head.cursors), (150, cursors("p1")));
}

#[test]
fn a_commit_has_at_most_64_rows_and_its_cursors_wait_for_the_whole_page() {
    let page: Vec<_> = (0..65).map(sample::verified).collect();
    let next = seal(&Head::default(), &page);
    let commit = next.commit.unwrap();
    assert_eq!((commit.rows.len(), next.taken, commit.cursors), (64, 64, Cursors::new()));
    assert_eq!((commit.first, commit.size), (0, 64));
    let whole = seal(&Head::default(), &page[..64]).commit.unwrap();
    assert_eq!((whole.rows.len(), whole.cursors.clone()), (64, cursors("p1")));
    assert_eq!(whole.id(), "c-000000000000");
}

#[test]
fn a_page_that_is_read_again_seals_nothing_twice() {
    let page: Vec<_> = (0..4).map(sample::verified).collect();
    let head = seal(&Head::default(), &page[..3]).commit.unwrap().head().unwrap();
    assert_eq!(to_ask(&head, &page[1..], RX), [0, 1]);
    let known = known(&page[1..3]);
    let next = seal_knowing(&head, &page[1..], &known, &[]).unwrap();
    assert_eq!((next.taken, next.repeated), (3, vec![0, 1]));
    assert_eq!(next.commit.unwrap().rows, sample::rows(4)[3..]);
    let nothing = seal_knowing(&head, &page[1..3], &known, &[]).unwrap();
    assert_eq!((nothing.commit, nothing.taken), (None, 2));
    // Whoever does not ask the log seals nothing.
    let unasked = seal_knowing(&head, &page[1..], &BTreeMap::new(), &[]);
    assert!(matches!(unasked, Err(CommitError::Unasked(0))));
}

#[test]
fn an_intent_that_stands_twice_in_a_page_is_sealed_once() {
    let page = [0, 1, 1].map(sample::verified);
    let next = seal(&Head::default(), &page);
    assert_eq!((next.taken, next.repeated), (3, vec![2]));
    assert_eq!(next.commit.unwrap().rows, sample::rows(2));
}

#[test]
fn other_words_under_a_number_are_not_sealed_but_noted_with_both_digests() {
    let other = Intent { reason: Some("other".to_owned()), ..sample::intent(1) };
    let other = sample::verify(&other);
    let first = [0, 1].map(sample::verified);
    let conflict = |commit: Commit| {
        let row = Row::parse(commit.rows.last().unwrap()).unwrap();
        assert_eq!(row.action, "log.incomplete");
        serde_json::from_str::<serde_json::Value>(row.data).unwrap()
    };
    let expected = serde_json::json!({
        "event": "aud_01jd5x0000e008000000000001", "expected": first[1].digest().to_string(),
        "got": other.digest().to_string(), "instance": "auth/7f9c", "number": 1,
    });
    let head = seal(&Head::default(), &first).commit.unwrap().head().unwrap();
    let next = seal_knowing(&head, std::slice::from_ref(&other), &known(&first[1..]), &[]).unwrap();
    let commit = next.commit.unwrap();
    assert_eq!((next.taken, next.repeated, commit.rows.len()), (1, Vec::new(), 1));
    assert_eq!(commit.instances, head.instances);
    assert_eq!(conflict(commit), expected);
    // The same within one page.
    let page = [&first[..], &[other]].concat();
    let commit = seal(&Head::default(), &page).commit.unwrap();
    assert_eq!((commit.rows.len(), conflict(commit)), (3, expected));
}

#[test]
fn a_fork_is_sealed_and_noted_in_the_same_commit() {
    let source = Source { prev: Some(Hash::of(b"other")), ..sample::intent(2).src };
    let forged = sample::verify(&Intent { src: source, ..sample::intent(2) });
    let page = [sample::verified(0), sample::verified(1), forged.clone()];
    let commit = seal(&Head::default(), &page).commit.unwrap();
    let actions: Vec<_> = commit.rows.iter().map(|row| Row::parse(row).unwrap().action).collect();
    assert_eq!(actions, ["log.genesis", "role.changed", "role.changed", "log.incomplete"]);
    let fork = serde_json::json!({
        "expected": page[1].digest().to_string(), "got": Hash::of(b"other").to_string(),
        "instance": "auth/7f9c", "number": 2,
    });
    let row = Row::parse(&commit.rows[3]).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(row.data).unwrap(), fork);
    // Both or neither: with one row left, both wait.
    let filler = (0..61).map(|number| sample::verified_of(1_000 + number, 0));
    let full: Vec<_> = page[..2].iter().cloned().chain(filler).chain([forged]).collect();
    let next = seal(&Head::default(), &full);
    assert_eq!((next.taken, next.commit.unwrap().rows.len()), (63, 63));
}

/// The last row of a segment has no room for two. The next commit begins the next segment.
#[test]
fn a_remark_at_the_end_of_a_segment_goes_before_its_intent_and_once_more_after_it() {
    let end = 1 << 18;
    let mut head = Head {
        instances: seal(&Head::default(), &[sample::verified(1)]).commit.unwrap().instances,
        ..head_at(end - 1)
    };
    let source = Source { prev: Some(Hash::of(b"other")), ..sample::intent(2).src };
    let forged = [sample::verify(&Intent { src: source, ..sample::intent(2) })];
    for (taken, rows) in
        [(0, ["log.incomplete"].as_slice()), (1, &["role.changed", "log.incomplete"])]
    {
        let next = seal(&head, &forged);
        let commit = next.commit.unwrap();
        let actions: Vec<_> =
            commit.rows.iter().map(|row| Row::parse(row).unwrap().action).collect();
        assert_eq!((next.taken, actions.as_slice()), (taken, rows));
        head = commit.head().unwrap();
    }
    assert_eq!(head.tree.size(), end + 2);
}

#[test]
fn a_commit_never_crosses_a_segment() {
    let page: Vec<_> = (1..5).map(sample::verified).collect();
    let end = 1 << 18;
    let next = seal(&head_at(end - 2), &page);
    let commit = next.commit.unwrap();
    assert_eq!(
        (commit.rows.len(), commit.size, commit.id()),
        (2, end, "c-000000262142".to_owned())
    );
    let head = commit.head().unwrap();
    let after = seal(&head, &page[next.taken..]).commit.unwrap();
    assert_eq!((segment(commit.first), segment(after.first)), (0, 1));
    assert_eq!((after.id(), after.rows.len()), (document_id(end), 2));
}

#[test]
fn a_commit_has_at_most_1_mib_as_it_is_stored() {
    let page: Vec<_> = (1..40).map(|number| sample::verified_of(number, 60_000)).collect();
    let next = seal(&head_at(1), &page);
    let commit = next.commit.unwrap();
    let bytes = stored_bytes(&commit);
    assert!(next.taken < page.len());
    assert!((COMMIT_BYTES_MAX - 120_000..=COMMIT_BYTES_MAX).contains(&bytes), "{bytes}");
    let crowded = Head { cursors: cursors(&"x".repeat(COMMIT_BYTES_MAX)), ..head_at(1) };
    let refused = seal_knowing(&crowded, &page, &BTreeMap::new(), &[]);
    assert!(matches!(refused, Err(CommitError::Full)));
}

#[test]
fn the_bytes_of_a_row_are_counted_as_it_is_stored() {
    let odd = Intent { reason: Some("\"\\\n\u{1}é".to_owned()), ..sample::intent(1) };
    let odd = Row::seal(sample::verify(&odd).text(), 1, &Hash::ZERO, RX).unwrap();
    for row in [odd, sample::rows(3).remove(2)] {
        assert_eq!(stored_row_bytes(&row), stored_bytes(&row));
    }
}

#[test]
fn the_logs_time_never_goes_back() {
    let head = Head { rx: "2027-01-01T00:00:00.000000Z".to_owned(), ..head_at(1) };
    let (intents, unknown) = ([sample::verified(1)], BTreeMap::from([(0, Before::Nothing)]));
    let commit = seal_knowing(&head, &intents, &unknown, &[]).unwrap().commit.unwrap();
    assert_eq!(
        (commit.rx.as_str(), Row::parse(&commit.rows[0]).unwrap().rx),
        (head.rx.as_str(), head.rx.as_str())
    );
    let page = Page { intents: &intents, before: &unknown, late: &[], cursors: &Cursors::new() };
    let untimed = next(&head, &page, "now", &mut |remark| Ok(sample::remark(remark)));
    assert!(matches!(untimed, Err(CommitError::Time)));
}

#[test]
fn a_missing_intent_is_a_gap_until_a_row_records_it_and_is_sealed_whenever_it_comes() {
    let page: Vec<_> = [0, 1, 4].map(sample::verified).to_vec();
    let head = seal(&Head::default(), &page).commit.unwrap().head().unwrap();
    let [gap] = head.instances.gaps().try_into().unwrap();
    assert_eq!((gap.instance.as_str(), gap.from, gap.to), ("auth/7f9c", 2, 3));
    let late = seal_knowing(&head, &[], &BTreeMap::new(), std::slice::from_ref(&gap)).unwrap();
    let commit = late.commit.unwrap();
    assert_eq!(Row::parse(&commit.rows[0]).unwrap().action, "log.incomplete");
    let head = commit.head().unwrap();
    assert_eq!(head.instances.gaps(), []);
    // Recorded once.
    let again = seal_knowing(&head, &[], &BTreeMap::new(), &[gap]).unwrap();
    assert_eq!(again.commit, None);
    let commit = seal(&head, &[sample::verified(3)]).commit.unwrap();
    let actions: Vec<_> = commit.rows.iter().map(|row| Row::parse(row).unwrap().action).collect();
    assert_eq!(actions, ["role.changed", "log.filled"]);
    let head = commit.head().unwrap();
    // What is still missing is recorded already.
    assert_eq!(
        (head.instances.gaps(), to_ask(&head, &[sample::verified(3)], RX)),
        (vec![], vec![0])
    );
}

#[test]
fn a_gap_that_its_page_fills_is_not_recorded() {
    let page: Vec<_> = [0, 1, 3].map(sample::verified).to_vec();
    let head = seal(&Head::default(), &page).commit.unwrap().head().unwrap();
    let late = head.instances.gaps();
    let next = seal_knowing(&head, &[sample::verified(2)], &BTreeMap::new(), &late).unwrap();
    assert_eq!(next.commit.unwrap().rows.len(), 1);
}

#[test]
fn instances_are_counted_again_from_the_rows() {
    let source = Source { void: vec![1, 2], ..sample::intent(3).src };
    let void = sample::verify(&Intent { src: source, ..sample::intent(3) });
    let page = [sample::verified(0), void, sample::verified(5)];
    let first = seal(&Head::default(), &page).commit.unwrap();
    assert!(first.recount(&Instances::default()).is_ok());
    let head = first.head().unwrap();
    let rx = "2026-11-23T01:00:00.000000Z";
    let mut note = |remark: &Remark| Ok(sample::remark(remark));
    let (late, before) = (head.instances.gaps(), BTreeMap::new());
    let page = Page { intents: &[], before: &before, late: &late, cursors: &Cursors::new() };
    let second = next(&head, &page, rx, &mut note).unwrap().commit.unwrap();
    assert!(second.recount(&head.instances).is_ok());
    // Nothing is waited for, and its last row is 49 hours old: the commit after that forgets it.
    let head = second.head().unwrap();
    let alone = [sample::verified_of(1, 1)];
    let page = Page {
        intents: &alone,
        before: &BTreeMap::from([(0, Before::Nothing)]),
        late: &[],
        cursors: &Cursors::new(),
    };
    let third = next(&head, &page, rx, &mut note).unwrap().commit.unwrap();
    assert!(!serde_json::to_string(&third.instances).unwrap().contains("7f9c"));
    assert!(third.recount(&head.instances).is_ok());
    let mut hidden = first.clone();
    hidden.instances = Instances::default();
    assert!(matches!(hidden.recount(&Instances::default()), Err(CommitError::Instances)));
    assert!(matches!(third.recount(&first.instances), Err(CommitError::Instances)));
}

#[test]
fn a_commit_says_what_it_sealed_under_a_number() {
    let page = [0, 1, 2].map(sample::verified);
    let commit = seal(&Head::default(), &page).commit.unwrap();
    assert_eq!(commit.sealed(&sample::intent(2).src), Some(page[2].digest()));
    assert_eq!(commit.sealed(&sample::intent(3).src), None);
}

#[test]
fn a_document_that_was_changed_is_refused() {
    let page: Vec<_> = (0..4).map(sample::verified).collect();
    let first = seal(&Head::default(), &page[..2]).commit.unwrap();
    let head = first.head().unwrap();
    let commit = seal(&head, &page[2..]).commit.unwrap();
    assert!(commit.follow(&head, TENANT).is_ok());
    let refuse = |edit: fn(&mut Commit)| {
        let mut edited = commit.clone();
        edit(&mut edited);
        edited.follow(&head, TENANT).unwrap_err()
    };
    let edited = refuse(|commit| commit.rows[0] = commit.rows[0].replace("ADMIN", "OWNER"));
    assert!(matches!(edited, CommitError::Follow(finding) if finding.kind == Kind::Link));
    assert!(matches!(refuse(|commit| commit.last = Hash::ZERO), CommitError::Head));
    assert!(matches!(refuse(|commit| commit.edge[0] = Hash::ZERO), CommitError::Head));
    assert!(matches!(refuse(|commit| commit.edge.push(Hash::ZERO)), CommitError::Edge(_)));
    assert!(matches!(refuse(|commit| commit.size += 1), CommitError::Shape));
    assert!(matches!(refuse(|commit| commit.rows.clear()), CommitError::Shape));
    assert!(matches!(commit.follow(&Head::default(), TENANT), Err(CommitError::Follow(_))));
    assert!(matches!(commit.follow(&head, "ten_b"), Err(CommitError::Follow(_))));
}
