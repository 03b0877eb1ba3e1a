//! The wire breaks after the server did what it was asked.

use std::{net::SocketAddr, time::Duration};

use azure::StorageSettings;
use azure_counterparts::wire::Wire;
use ports::{BlobError, Blobs as _, Bucket, Identity, Queue as _, QueueError, QueueName};
use url::Url;

use super::account::{account, blobs, queue, queues};

const PLACE: Bucket = Bucket::Exports;

/// A wire to the server of `url`, and `url` over it.
async fn over_a_wire(url: &Url) -> (Wire, Url) {
    let port = url.port().expect("the counterpart has a port of its own");
    let wire = Wire::to(SocketAddr::from(([127, 0, 0, 1], port))).await.unwrap();
    let mut over = url.clone();
    over.set_port(Some(wire.port())).unwrap();
    (wire, over)
}

async fn blobs_over_a_wire(number: u32) -> (Wire, StorageSettings) {
    let settings = account(number).await;
    let (wire, blobs) = over_a_wire(&settings.blobs).await;
    (wire, StorageSettings { blobs, ..settings })
}

#[tokio::test]
#[ignore = "needs azure-site: cargo xtask azure"]
async fn a_create_whose_answer_was_lost_is_told_from_somebody_elses() {
    let (wire, settings) = blobs_over_a_wire(20).await;
    let blobs = blobs(&settings, Identity::Audit);
    assert_eq!(blobs.get(PLACE, "mine").await, Ok(None));
    wire.lose_the_next_answer();
    let etag = blobs.put(PLACE, "mine", b"once", None).await.unwrap();
    let stored = blobs.get(PLACE, "mine").await.unwrap().unwrap();
    assert_eq!((stored.bytes.as_slice(), &stored.etag), (b"once".as_slice(), &etag));
    // The same bytes, and yet somebody else's.
    wire.lose_the_next_answer();
    assert_eq!(blobs.put(PLACE, "mine", b"once", None).await, Err(BlobError::Moved));
}

#[tokio::test]
#[ignore = "needs azure-site: cargo xtask azure"]
async fn a_replacement_whose_answer_was_lost_is_reported_as_done() {
    let (wire, settings) = blobs_over_a_wire(21).await;
    let blobs = blobs(&settings, Identity::Audit);
    let first = blobs.put(PLACE, "mine", b"first", None).await.unwrap();
    wire.lose_the_next_answer();
    let second = blobs.put(PLACE, "mine", b"second", Some(&first)).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(blobs.get(PLACE, "mine").await.unwrap().unwrap().etag, second);
}

/// A block of 8 MiB, which is staged at once, and the list that makes it a blob.
#[tokio::test]
#[ignore = "needs azure-site: cargo xtask azure"]
async fn a_blob_in_pieces_is_stored_once_whichever_answer_is_lost() {
    let (wire, settings) = blobs_over_a_wire(24).await;
    let blobs = blobs(&settings, Identity::Audit);
    let mut new = blobs.begin(PLACE, "mine").await.unwrap();
    wire.lose_the_next_answer();
    new.append(vec![7; 8 << 20]).await.unwrap();
    wire.lose_the_next_answer();
    let etag = new.store().await.unwrap();
    let stored = blobs.get(PLACE, "mine").await.unwrap().unwrap();
    assert!(stored.bytes == vec![7; 8 << 20] && stored.etag == etag);
}

#[tokio::test]
#[ignore = "needs azure-site: cargo xtask azure"]
async fn a_message_whose_answer_was_lost_comes_at_least_once() {
    let settings = account(22).await;
    let (wire, over) = over_a_wire(&settings.queues).await;
    let over = StorageSettings { queues: over, ..settings.clone() };
    let sender = queue(&over, Identity::Audit);
    sender.send(QueueName::Seal, "first", Duration::ZERO).await.unwrap();
    wire.lose_the_next_answer();
    sender.send(QueueName::Seal, "second", Duration::ZERO).await.unwrap();
    let queues = queues(&settings);
    let mut received = Vec::new();
    while let Some(message) = queues.receive(QueueName::Seal, Duration::from_mins(1)).await.unwrap()
    {
        received.push(message.text);
    }
    assert_eq!(received, ["first", "second", "second"]);
}

#[tokio::test]
#[ignore = "needs azure-site: cargo xtask azure"]
async fn storage_that_is_down_says_so_soon_and_the_same_client_goes_on_when_it_is_back() {
    let (mut wire, settings) = blobs_over_a_wire(23).await;
    let (mut queue_wire, over) = over_a_wire(&settings.queues).await;
    let settings = StorageSettings { queues: over, ..settings };
    let (blobs, queue) = (blobs(&settings, Identity::Audit), queue(&settings, Identity::Audit));
    let etag = blobs.put(PLACE, "kept", b"kept", None).await.unwrap();
    wire.cut().await;
    queue_wire.cut().await;
    let put = blobs.put(PLACE, "kept", b"new", Some(&etag)).await;
    assert!(
        matches!(&put, Err(BlobError::Unavailable(why)) if why.contains("127.0.0.1:")),
        "{put:?}"
    );
    let sent = queue.send(QueueName::Seal, "x", Duration::ZERO).await;
    assert!(matches!(sent, Err(QueueError::Unavailable(_))), "{sent:?}");
    let closed = blobs.check().await.unwrap_err();
    assert!(
        matches!(closed, azure::OpenError::Unavailable { .. }) && closed.may_pass(),
        "{closed}"
    );
    wire.mend().await.unwrap();
    queue_wire.mend().await.unwrap();
    assert_eq!(blobs.check().await, Ok(()));
    assert_eq!(blobs.get(PLACE, "kept").await.unwrap().unwrap().bytes, b"kept");
    assert_eq!(queue.send(QueueName::Seal, "x", Duration::ZERO).await, Ok(()));
}
