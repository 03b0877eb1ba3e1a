//! Exports show where the log stands in the directory of all logs, and whoever pinned the directory's key can tell.

use axum::{body::Body, http::Request};
use chain::{
    anchor::{PROOF, TIMESTAMP},
    ecdsa::EcdsaKey,
    policy::{Policy, Tier},
    report::{Kind, Verdict},
    row_proof::RowProof,
    verify,
};
use serde_json::json;
use system_tests::{
    pinned::{directory_key, export, first_policy},
    sign_up::Owner,
    world::{Answer, World},
};

/// What an inspector pins who knows the directory's key.
async fn policy(world: &World, owner: &Owner) -> Policy {
    let directory = format!("directory {}\n", directory_key(world).await);
    first_policy(world, owner.tenant, &directory).await
}

async fn exported(world: &World, owner: &Owner) -> Vec<u8> {
    export(world, &owner.access, &json!({})).await
}

async fn content(world: &World, owner: &Owner, made: &Answer) -> Vec<u8> {
    assert_eq!(made.status, 201, "{}", made.json());
    let export = made.json()["export"].as_str().unwrap().to_owned();
    let path = format!("/api/audit/v1/audit/exports/{export}/content");
    world.call("GET", &path, Some(&owner.access), None).await.bytes
}

#[tokio::test]
async fn an_export_shows_its_head_in_the_directory() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let file = exported(&world, &owner).await;
    let policy = policy(&world, &owner).await;
    let report = verify::bundle(&file, Some(&policy));
    assert_eq!((report.verdict, report.tier), (Verdict::Ok, Tier::Signed), "{report:?}");
    let anchor =
        report.checkpoint.unwrap().anchor.expect("the directory's next head was waited for");
    assert_eq!(anchor.signed_by, Some(policy.anchors.directory[0].to_string()));
    let archive = chain::container::read(&file);
    let proof = RowProof::parse(archive.files[PROOF]).unwrap();
    let leaf = String::from_utf8(proof.row.unwrap()).unwrap();
    assert!(leaf.starts_with(&policy.origin) && archive.files["checkpoint"] == leaf.as_bytes());
    assert_eq!(archive.files.get(TIMESTAMP), None);

    // Another deployment's directory vouches for nothing here.
    let mut other = policy.clone();
    other.anchors.directory = vec![EcdsaKey::new("other/directory", &X, &Y).unwrap()];
    let report = verify::bundle(&file, Some(&other));
    assert_eq!(report.verdict, Verdict::Broken);
    assert_eq!(report.first_bad.unwrap().kind, Kind::Anchor);
}

/// The base point of P-256 (FIPS 186-4, D.1.2.3): a key that is nobody's here.
const X: [u8; 32] = *b"\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96";
const Y: [u8; 32] = *b"\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";

/// Every bit of what an export says about the directory counts.
#[tokio::test]
async fn a_flipped_bit_of_the_directorys_proof_is_noticed() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let (file, policy) = (exported(&world, &owner).await, policy(&world, &owner).await);
    let place = file.windows(PROOF.len()).position(|window| window == PROOF.as_bytes()).unwrap();
    let length = chain::container::read(&file).files[PROOF].len();
    for byte in (place..place + PROOF.len() + length).step_by(7) {
        let mut altered = file.clone();
        altered[byte] ^= 4;
        let verdict = verify::bundle(&altered, Some(&policy)).verdict;
        assert_eq!(verdict, Verdict::Broken, "{byte}");
    }
}

/// The signer is away: the export waits a little, and then says less.
#[tokio::test]
async fn an_export_does_without_the_directory_when_the_signer_is_away() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    world.idle(true);
    let quoted = serde_json::to_string(&owner.tenant.to_string()).unwrap();
    let message = json!({"Data": {"message": quoted}});
    let ask = || {
        let request = Request::post("/api/audit/v1/audit/exports")
            .header("authorization", format!("Bearer {}", owner.access))
            .header("content-type", "application/json")
            .header("idempotency-key", "without-the-directory");
        world.send(request.body(Body::from("{}")).unwrap())
    };
    assert_eq!(ask().await.code(), "not-sealed-yet");
    world.invoke("seal_intents", &message).await;
    world.invoke("sign_checkpoint", &message).await;
    let file = content(&world, &owner, &ask().await).await;
    let report = verify::bundle(&file, Some(&policy(&world, &owner).await));
    assert_eq!((report.verdict, report.tier), (Verdict::Ok, Tier::Signed));
    assert_eq!(report.checkpoint.unwrap().anchor, None);
}

/// An authority that is away or answers nonsense stops nothing.
#[tokio::test]
async fn an_authority_that_is_away_stops_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    // Whoever connects is hung up on.
    drop(listener);
    let dir = tempfile::tempdir().unwrap();
    let settings = [("PROOFLINE_TIMESTAMP_URL", url.as_str())];
    let world = World::set_to(dir.path(), system_tests::world::START, &settings).await;
    let owner = world.owner().await;
    world.settle().await;
    let file = exported(&world, &owner).await;
    let archive = chain::container::read(&file);
    assert!(archive.files.contains_key(PROOF) && !archive.files.contains_key(TIMESTAMP));
}
