//! What the signer writes beside its signatures, and what it refuses.

use std::path::Path;

use chain::{
    checkpoint::Checkpoint,
    proof,
    tile::{
        Content, Tile, TileHashes, decode_entries, encode_entries, needed_for_consistency,
        needed_for_inclusion,
    },
    tree::leaf_hash,
};
use domain::{Plan, Role, TenantId};
use ports::{Bucket, Identity};
use system_tests::{
    signing::{blob, blobs, grow, head, refused_everywhere, rows_of, seal, sign, signed},
    world::World,
};

async fn tiles(world: &World, tenant: TenantId, tiles: &[Tile]) -> TileHashes {
    let mut hashes = TileHashes::default();
    for tile in tiles {
        let name = tile.blob_name(&tenant.to_string(), 0);
        let blob = blob(world, Bucket::Tiles, &name).await;
        hashes.insert(tile, &blob.unwrap_or_else(|| panic!("{name}")).bytes).unwrap();
    }
    hashes
}

/// From blobs alone, somebody who has never seen a row can prove that a row is in the log, and that the log only grew.
#[tokio::test]
async fn hash_tiles_prove_rows_and_growth_at_every_signed_size() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let mut heads = Vec::new();
    for rows in [0, 1, 2, 5, 249, 3] {
        grow(&world, &owner.access, rows).await;
        let head = head(&signed(&world, owner.tenant).await.note);
        for earlier in &heads {
            let Checkpoint { size, root, .. } = earlier;
            let needed = needed_for_consistency(*size, head.size);
            let hashes = tiles(&world, owner.tenant, &needed).await;
            let proof = proof::consistency(&hashes, *size, head.size).unwrap();
            proof::check_consistency(*size, *root, head.size, head.root, &proof).unwrap();
        }
        heads.push(head);
    }
    let head = heads.pop().unwrap();
    assert!(head.size > 256, "{head:?}");
    // The first 256 rows are a bundle, and its rows are those of the tree.
    let bundle = Tile { content: Content::Entries, index: 0, width: 256 };
    let name = bundle.blob_name(&owner.tenant.to_string(), 0);
    let rows = blob(&world, Bucket::Entries, &name).await.unwrap().bytes;
    let rows: Vec<_> = decode_entries(&rows).map(Result::unwrap).collect();
    assert_eq!(rows.len(), 256);
    for index in [0, 1, 100, 255] {
        let hashes = tiles(&world, owner.tenant, &needed_for_inclusion(index, head.size)).await;
        let proof = proof::inclusion(&hashes, index, head.size).unwrap();
        let leaf = leaf_hash(rows[usize::try_from(index).unwrap()]);
        proof::check_inclusion(leaf, index, head.size, &proof, head.root).unwrap();
    }
}

/// A row lies in one blob at most: the unfinished bundle is not copied with every signing.
#[tokio::test]
async fn rows_are_not_written_as_a_partial_bundle() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let size = signed(&world, owner.tenant).await.size;
    for width in 1..=size {
        let bundle = Tile { content: Content::Entries, index: 0, width };
        let name = bundle.blob_name(&owner.tenant.to_string(), 0);
        assert_eq!(blob(&world, Bucket::Entries, &name).await, None);
    }
}

/// A signer that died may have written a bundle. The same bytes are as good; others stop everything.
#[tokio::test]
async fn a_bundle_that_is_there_already_is_compared() {
    for is_other in [false, true] {
        let world = World::new().await;
        let ada = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
        grow(&world, &ada.token, 250).await;
        let before = signed(&world, ada.tenant).await;
        world.idle(true);
        for _ in before.size..256 {
            let path = "/api/audit/v1/audit/events?limit=1";
            world.call("GET", path, Some(&ada.token), None).await;
        }
        seal(&world, ada.tenant).await;
        let mut rows = rows_of(&world, ada.tenant, 0).await;
        rows.truncate(256);
        if is_other {
            rows[3] = rows[3].replace('1', "2");
        }
        let bundle = Tile { content: Content::Entries, index: 0, width: 256 };
        let name = bundle.blob_name(&ada.tenant.to_string(), 0);
        let bytes = encode_entries(&rows).unwrap();
        let signer = world.store.ports(Identity::Signer).blobs;
        signer.put(Bucket::Entries, &name, &bytes, None).await.unwrap();
        let expected = if is_other { (500, before.size) } else { (200, 256) };
        let status = sign(&world, ada.tenant).await.status.as_u16();
        assert_eq!((status, signed(&world, ada.tenant).await.size), expected);
        let alarm = store::Alarm::read(&*blobs(&world), ada.tenant, 0).await.unwrap();
        assert_eq!(alarm.map(|alarm| alarm.code), is_other.then(|| "tile-differs".to_owned()));
    }
}

/// What was written of a log and what the log says now must be the same; a file that somebody altered or removed is noticed.
#[tokio::test]
async fn a_tile_that_was_altered_stops_the_signer() {
    let alterations: [fn(&Path); 2] = [
        |path| std::fs::write(path, [7; 32 * 7]).unwrap(),
        |path| std::fs::remove_file(path).unwrap(),
    ];
    for alter in alterations {
        let world = World::new().await;
        let owner = world.owner().await;
        world.settle().await;
        let before = signed(&world, owner.tenant).await;
        let tile = chain::tile::needed_to_append(before.size)[0];
        let name = tile.blob_name(&owner.tenant.to_string(), 0).replace('/', "~/");
        alter(&world.data().join("blobs/tiles").join(name));
        let path = "/api/audit/v1/audit/events?limit=1";
        world.idle(true);
        world.call("GET", path, Some(&owner.access), None).await;
        seal(&world, owner.tenant).await;
        assert_eq!(sign(&world, owner.tenant).await.status, 500);
        assert_eq!(signed(&world, owner.tenant).await, before, "nothing is signed");
        refused_everywhere(&world, &owner.access, owner.tenant, "tile-differs").await;
    }
}
