//! Many wake-ups, one sealer.

use std::sync::{Arc, OnceLock};

use ports::Identity;
use serde_json::json;
use system_tests::{
    doubles::{Counts, Faulty},
    world::{Answer, World},
};

/// What sealing a sign-up asks of storage, woken once or four times at once.
async fn seal(wake_ups: usize) -> (Counts, u64) {
    let counted = OnceLock::new();
    let world = World::with_ports(|mut ports| {
        if ports.identity == Identity::Audit {
            let documents = Faulty::new(Arc::clone(&ports.documents));
            ports.documents = Arc::<Faulty>::clone(&documents);
            counted.set(documents).ok().unwrap();
        }
        ports
    })
    .await;
    let owner = world.owner().await;
    let counted = counted.get().unwrap();
    counted.reset_counts();
    let envelope = json!({"Data": {"message": format!("\"{}\"", owner.tenant)}});
    let wake = || world.invoke("seal_intents", &envelope);
    let answers = if wake_ups == 1 {
        vec![wake().await]
    } else {
        let (first, second, third, fourth) = tokio::join!(wake(), wake(), wake(), wake());
        vec![first, second, third, fourth]
    };
    (counted.counts(), answers.iter().map(rows).sum())
}

/// How many rows an invocation says that it added.
fn rows(answer: &Answer) -> u64 {
    let json = answer.json();
    let returned = &json["ReturnValue"];
    let returned = returned.as_str().map_or_else(|| returned.clone(), |text| text.parse().unwrap());
    returned["rows"].as_u64().unwrap_or_else(|| panic!("{json}"))
}

#[tokio::test]
async fn wake_ups_that_come_together_are_dealt_with_by_one_sealer() {
    let (once, rows) = seal(1).await;
    let (together, same_rows) = seal(4).await;
    assert_eq!((rows, once.commits), (same_rows, together.commits));
    assert!(rows >= 5, "{rows} rows");
    // One more look for those who asked meanwhile.
    assert!(together.changes <= 2 * once.changes, "{together:?} {once:?}");
}
