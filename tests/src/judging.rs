//! What a reader of an export finds who pinned the log's first key, and where words of rows still stand.

use std::{collections::BTreeSet, path::Path};

use chain::{
    Hash,
    checkpoint::Checkpoint,
    cosignature::{Witness, WitnessKey},
    note::Note,
    policy::Tier,
    report::{Report, Verdict},
    verify,
};
use ports::Identity;
use serde_json::json;
use store::{Cosignatures, Cosigned, SignedHead};

use crate::{
    people::Person,
    pinned::{export, first_policy},
    purging::ROWS,
    world::World,
};

/// What is signed of the tenant's log now.
pub async fn signed(world: &World, owner: &Person) -> SignedHead {
    let blobs = world.store.ports(Identity::Audit).blobs;
    SignedHead::read(&*blobs, owner.tenant).await.unwrap().unwrap().0
}

/// The export of the first epoch, which holds for whoever pinned its key and no other.
pub async fn first_epoch(world: &World, owner: &Person) -> (Vec<u8>, Report) {
    let file = export(world, &owner.token, &json!({"epoch": 0})).await;
    let policy = first_policy(world, owner.tenant, "").await;
    let report = verify::bundle(&file, Some(&policy));
    assert_eq!((report.verdict, report.tier), (Verdict::Ok, Tier::Signed), "{report:?}");
    assert_eq!(report, verify::diagnose(&file, Some(&policy)));
    (file, report)
}

/// Which canaries stand in these bytes.
pub fn singing(bytes: &[u8]) -> BTreeSet<u64> {
    let words = bytes.windows(17).filter(|window| window.starts_with(b"canary-"));
    let numbers = words.filter_map(|word| str::from_utf8(&word[7..11]).ok()?.parse().ok());
    numbers.filter(|number| *number < ROWS).collect()
}

/// Which canaries stand in a file of the store: database, write-ahead log, blobs.
pub fn sung(folder: &Path) -> BTreeSet<u64> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.map(|path| {
        if path.is_dir() { sung(&path) } else { singing(&std::fs::read(&path).unwrap()) }
    });
    found.flatten().collect()
}

/// A witness whose key is known confirms what is signed now.
pub async fn cosign(world: &World, owner: &Person) -> WitnessKey {
    let note = signed(world, owner).await.note;
    let key = Witness::from_seed("witness.example.com/1", &[44; 32]).unwrap();
    let time = u64::try_from(world.now().unix_s()).unwrap();
    let text = Note::parse(note.as_bytes()).unwrap().text.to_owned();
    let Checkpoint { origin, size, root } = Checkpoint::parse(&text).unwrap();
    let (line, witness) = (key.cosign(&text, time).unwrap(), key.public().to_string());
    let (checkpoint, runner, recorded) = (note, None, None);
    let cosigned =
        Cosigned { origin, size, root, checkpoint, line, witness, runner, time, recorded };
    keep(world, owner, cosigned).await;
    key.public()
}

/// A witness confirms what is signed now.
pub async fn witness(world: &World, owner: &Person) {
    let SignedHead { note, size, epoch, .. } = signed(world, owner).await;
    let origin = note.lines().next().unwrap().to_owned();
    let cosigned = Cosigned {
        origin,
        size,
        root: Hash::ZERO,
        checkpoint: note,
        line: String::new(),
        witness: "somebody".to_owned(),
        runner: None,
        time: epoch,
        recorded: None,
    };
    keep(world, owner, cosigned).await;
}

async fn keep(world: &World, owner: &Person, cosigned: Cosigned) {
    let blobs = world.store.ports(Identity::Runs).blobs;
    let log = (owner.tenant, signed(world, owner).await.epoch);
    let (mut kept, etag) = Cosignatures::of(&*blobs, log).await.unwrap();
    kept.keep(cosigned).unwrap();
    kept.store(&*blobs, log, etag.as_ref()).await.unwrap();
}
