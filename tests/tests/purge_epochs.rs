//! A log that was rotated has rows in several epochs, and each is purged when its time is over: the ended one by rows of the current one, which its
//! export shows.

use std::{collections::BTreeSet, path::Path};

use chain::{
    container, cosignature, later,
    note::Note,
    report::{Kind, Verdict},
    verify,
};
use domain::{Plan, Role};
use serde_json::{Value, json};
use system_tests::{
    ended::{HELD, go_over, hold, old_epoch, rotated},
    judging::{cosign, first_epoch, singing, sung, witness},
    people::Person,
    pinned::{export, first_policy},
    purging::{DAY, ROWS, again, call, canary, note, old_log, purge, purges, record, seal, sweep},
    world::{DEPLOYMENT, World},
};

/// The current epoch holds too, for the same reader.
async fn check_current(world: &World, owner: &Person, epoch: u64) -> Vec<u8> {
    let file = export(world, &owner.token, &json!({})).await;
    let first = first_policy(world, owner.tenant, "").await.to_string();
    let origin = format!("{DEPLOYMENT}/log/{}", owner.tenant);
    let text = first.replace(&format!("origin {origin}\n"), &format!("origin {origin}/{epoch}\n"));
    let report = verify::bundle(&file, Some(&text.parse().unwrap()));
    assert_eq!(report.verdict, Verdict::Ok, "{report:?}");
    file
}

/// Which canaries the projection leads to.
fn led_to(data: &Path) -> BTreeSet<u64> {
    let database = rusqlite::Connection::open(data.join("store.sqlite")).unwrap();
    let select = "SELECT k2 FROM documents WHERE kind = 'lead' AND k2 LIKE 'target:canary-%'";
    let mut select = database.prepare(select).unwrap();
    let found = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
    found.flat_map(|text| singing(text.unwrap().as_bytes())).collect()
}

fn held() -> BTreeSet<u64> {
    HELD.map(|row| row - 1).collect()
}

#[tokio::test]
async fn an_ended_epoch_is_purged_to_its_end_and_every_proof_holds() {
    let (before, world, owner) = old_epoch(true).await;
    let (whole, report) = first_epoch(&world, &owner).await;
    assert_eq!((report.purged.rows, singing(&whole).len() as u64), (0, ROWS));
    let (size, root) = (report.size, report.root);
    assert_ne!(size % 256, 0, "its last rows fill no bundle");
    let preview = call(&world, &owner, "GET", "retention/preview", None).await;
    assert_eq!((&preview["epoch"], &preview["from"]), (&json!(0), &json!(1)), "{preview}");
    assert_eq!((&preview["to"], &preview["held"]), (&json!(size - 1), &json!(10)), "{preview}");

    let done = purge(&world, &owner).await;
    assert_eq!((&done["state"], &done["epoch"]), (&json!("executed"), &json!(0)), "{done}");
    assert_eq!((&done["from"], &done["to"]), (&json!(1), &json!(size - 1)), "{done}");

    let (file, report) = first_epoch(&world, &owner).await;
    assert_eq!((report.size, report.root), (size, root), "the epoch is what it was");
    assert!(report.purged.rows >= ROWS - 10, "{report:?}");
    assert_eq!(singing(&file), held());
    assert_eq!(singing(&check_current(&world, &owner, 1).await), BTreeSet::new());
    // The file accounts for itself: without the rows of the next epoch it does not.
    assert!(file.windows(later::FILE.len()).any(|name| name == later::FILE.as_bytes()));
    let longer =
        verify::bundle(&file, Some(&first_policy(&world, owner.tenant, "retention 14\n").await));
    let finding = longer.first_bad.unwrap();
    assert_eq!((finding.seq, finding.kind), (Some(1), Kind::UnexplainedPurge));

    for (seq, status) in [(5, 404), (12, 200), (270, 404), (size - 1, 200)] {
        let path = format!("/api/audit/v1/audit/events/{seq}?epoch=0");
        let answer = world.call("GET", &path, Some(&owner.token), None).await;
        assert_eq!(answer.status.as_u16(), status, "row {seq}: {}", answer.json());
    }
    for (row, found) in [(5, 0), (12, 1), (269, 0)] {
        let path = format!("events?epoch=0&target={}", canary(row - 1));
        let page = call(&world, &owner, "GET", &path, None).await;
        assert_eq!(page["rows"].as_array().unwrap().len(), found, "{page}");
    }
    let row = call(&world, &owner, "GET", "events/12?epoch=0", None).await;
    let proof = row["proof"]["tlog_proof"].as_str().unwrap();
    let pinned = first_policy(&world, owner.tenant, "").await;
    let proved = verify::row_proof(proof.as_bytes(), None, Some(&pinned));
    assert_eq!(proved.verdict, Verdict::Ok, "a held row is still proved");

    // Our own files of before the purge go after 90 days, and intents after a week.
    world.clock.advance(DAY * 91);
    let owner = again(&world, &owner).await;
    sweep(&world, &owner).await;
    assert_eq!(sung(&before.data()), held(), "database, blobs, exports");
    assert_eq!(led_to(&before.data()), held(), "what rows are found by");
    assert_eq!(singing(&first_epoch(&world, &owner).await.0), held());
}

/// A witness keeps up with the current epoch and not with each of its heads: what it confirmed is what the ended one shows.
#[tokio::test]
async fn an_ended_epoch_shows_heads_that_a_witness_confirmed() {
    let (_before, world, owner) = old_epoch(false).await;
    purge(&world, &owner).await;
    let witness = cosign(&world, &owner).await;
    note(&world, &owner, 8100..8110).await;
    seal(&world, &owner).await;
    let (file, _) = first_epoch(&world, &owner).await;
    let lines = container::read(&file).files[later::FILE];
    for line in str::from_utf8(lines).unwrap().lines() {
        let shown: later::Shown = serde_json::from_str(line).unwrap();
        let note = Note::parse(shown.note.as_bytes()).unwrap();
        assert_eq!(cosignature::cosigned(&note, [&witness]).unwrap().len(), 1, "{line}");
    }
}

/// Its rows go with the next purge, although no row of their own epoch can say that they are free.
#[tokio::test]
async fn what_was_held_in_an_ended_epoch_goes_once_it_is_released() {
    let (_before, world, owner) = old_epoch(true).await;
    purge(&world, &owner).await;
    let holds = call(&world, &owner, "GET", "holds", None).await;
    let path = format!("holds/{}", holds["holds"][0]["hold"].as_str().unwrap());
    call(&world, &owner, "DELETE", &path, None).await;
    seal(&world, &owner).await;
    let second = purge(&world, &owner).await;
    assert_eq!((&second["state"], &second["epoch"]), (&json!("executed"), &json!(0)));
    assert_eq!((&second["from"], &second["kept"]), (&json!(HELD.start), &json!(1)), "{second}");
    let (file, _) = first_epoch(&world, &owner).await;
    assert_eq!(singing(&file), BTreeSet::new());
}

/// Row 10 of one epoch is not row 10 of another.
#[tokio::test]
async fn a_hold_protects_the_epoch_that_it_names() {
    let (_before, world, owner) = old_epoch(false).await;
    assert_eq!(hold(&world, &owner, None).await["epoch"], 1, "the current one");
    assert_eq!(hold(&world, &owner, Some(0)).await["epoch"], 0);
    let unknown = json!({"epoch": 2, "from": 1, "reason": "case 7"});
    let path = "/api/audit/v1/audit/holds";
    let refused = world.call("POST", path, Some(&owner.token), Some(&unknown)).await;
    assert_eq!(refused.status, 400, "{}", refused.json());
    purge(&world, &owner).await;
    assert_eq!(singing(&first_epoch(&world, &owner).await.0), held());
}

#[tokio::test]
async fn an_ended_epoch_waits_for_its_time_its_export_and_its_witness() {
    let before = World::new().await;
    let owner = before.person(before.tenant(Plan::Business).await, Role::Owner).await;
    record(&before, &owner, ROWS).await;
    witness(&before, &owner).await;
    let world = rotated(&before.data(), before.now(), "1").await;
    go_over(&world, &owner, 1).await;
    world.clock.advance(DAY * 390);
    let owner = again(&world, &owner).await;
    sweep(&world, &owner).await;
    assert_eq!(purges(&world, &owner).await, Vec::<Value>::new(), "before its time");

    world.clock.advance(DAY * 30);
    let owner = again(&world, &owner).await;
    let timer = json!({"Data": {"timer": {}}});
    world.invoke("sweep_purges", &timer).await;
    let noticed = purges(&world, &owner).await.remove(0);
    let path = format!("purges/{}/acknowledgement", noticed["purge"].as_str().unwrap());
    call(&world, &owner, "POST", &path, None).await;
    for _ in 0..3 {
        world.invoke("sweep_purges", &timer).await;
        seal(&world, &owner).await;
    }
    assert_eq!(purges(&world, &owner).await[0]["state"], "noticed", "nothing was exported");

    for _ in 0..4 {
        sweep(&world, &owner).await;
    }
    assert_eq!(purges(&world, &owner).await[0]["state"], "recorded", "its witness saw epoch 0");
    assert_eq!(singing(&first_epoch(&world, &owner).await.0).len() as u64, ROWS);
    witness(&world, &owner).await;
    sweep(&world, &owner).await;
    assert_eq!(purges(&world, &owner).await[0]["state"], "executed");
    assert_eq!(singing(&first_epoch(&world, &owner).await.0), BTreeSet::new());
}

/// A purge that was announced for rows of one epoch removes none of the next, whatever their numbers; and the row that accounts for it can lie two
/// rotations behind.
#[tokio::test]
async fn a_purge_goes_on_over_rotations() {
    let before = World::new().await;
    let owner = old_log(&before).await;
    sweep(&before, &owner).await;
    let noticed = purges(&before, &owner).await.remove(0);
    assert_eq!((&noticed["state"], &noticed["epoch"]), (&json!("noticed"), &json!(0)));
    let world = rotated(&before.data(), before.now(), "1").await;
    go_over(&world, &owner, 1).await;
    for number in 0..10 {
        note(&world, &owner, 1000 + number * 30..1000 + (number + 1) * 30).await;
        seal(&world, &owner).await;
    }
    let path = format!("purges/{}/acknowledgement", noticed["purge"].as_str().unwrap());
    call(&world, &owner, "POST", &path, None).await;
    for _ in 0..4 {
        sweep(&world, &owner).await;
    }
    let done = purges(&world, &owner).await;
    let done = done.iter().find(|purge| purge["purge"] == noticed["purge"]).unwrap();
    assert_eq!(done["state"], "executed", "{done}");
    let young = String::from_utf8_lossy(&check_current(&world, &owner, 1).await).into_owned();
    for number in [1000, 1001, 1100, 1299] {
        assert!(young.contains(&canary(number)), "{number}");
    }

    let last = rotated(&before.data(), world.now(), "2").await;
    go_over(&last, &owner, 2).await;
    let (file, report) = first_epoch(&last, &owner).await;
    let to = done["to"].as_u64().unwrap();
    assert_eq!(report.purged.ranges, [(1, to - 1)]);
    assert!(singing(&file).iter().all(|number| *number >= to - 1));
    // What is left of the first epoch goes with the next purge, which is two epochs away.
    let rest = purge(&last, &owner).await;
    assert_eq!((&rest["state"], &rest["epoch"]), (&json!("executed"), &json!(0)), "{rest}");
    assert_eq!(singing(&first_epoch(&last, &owner).await.0), BTreeSet::new());
}
