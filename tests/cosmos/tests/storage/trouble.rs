//! Azure is not as it should be: each time a clear error, and a way back without a restart.

use std::{process::Command, time::Duration};

use azure::{AzureBlobs, AzureQueue, CredentialSettings, OpenError, credential};
use azure_counterparts::{found, identity::Trouble};
use ports::{BlobError, Blobs as _, Bucket, Identity, Queue as _, QueueError, QueueName};

use super::account::{Troubled, account, blobs, queue, queues};

#[tokio::test]
#[ignore = "needs azure-site: cargo xtask azure"]
async fn a_token_that_storage_refuses_is_a_clear_error_until_there_is_a_good_one() {
    let settings = account(30).await;
    for trouble in
        [Trouble::Expired, Trouble::ForeignAudience, Trouble::ForeignIssuer, Trouble::Fails]
    {
        let identity = Troubled::new(trouble).await;
        let blobs =
            AzureBlobs::connect(&settings.blobs, identity.credential(), Identity::Audit).unwrap();
        let queue =
            AzureQueue::connect(&settings.queues, identity.credential(), Identity::Audit).unwrap();
        for closed in [blobs.check().await, queue.check().await] {
            let Err(OpenError::Credential { endpoint, .. }) = &closed else {
                panic!("{trouble:?}: {closed:?}")
            };
            assert!(endpoint.starts_with("127.0.0.1:"), "{endpoint}");
        }
        let got = blobs.get(Bucket::Exports, "a").await;
        assert!(
            matches!(&got, Err(BlobError::Unavailable(why)) if why.starts_with("no token for ")),
            "{trouble:?}: {got:?}"
        );
        let sent = queue.send(QueueName::Seal, "x", Duration::ZERO).await;
        assert!(
            matches!(&sent, Err(QueueError::Unavailable(why)) if why.starts_with("no token for ")),
            "{trouble:?}: {sent:?}"
        );
        // Tokens for someone else are kept until they expire; nobody is given such.
        if matches!(trouble, Trouble::Expired | Trouble::Fails) {
            identity.give(Trouble::None).await;
            assert_eq!(blobs.check().await, Ok(()), "{trouble:?}");
            assert_eq!(queue.check().await, Ok(()), "{trouble:?}");
        }
    }
}

#[tokio::test]
#[ignore = "needs azure-site: cargo xtask azure"]
async fn an_identity_that_is_not_assigned_is_named_as_the_cause() {
    let settings = account(31).await;
    let nobody = CredentialSettings::ManagedIdentity(Some("nobody".to_owned()));
    let nobody = credential(&nobody).unwrap();
    let blobs = AzureBlobs::connect(&settings.blobs, nobody, Identity::Audit).unwrap();
    let error = blobs.check().await.unwrap_err();
    assert!(matches!(error, OpenError::Credential { .. }), "{error}");
    assert!(error.to_string().contains("has not been assigned to this resource"), "{error}");
}

/// The SDK reads the endpoint from the environment, so that this needs a process without one.
#[test]
#[ignore = "needs azure-site: cargo xtask azure"]
fn without_an_identity_endpoint_the_error_says_what_to_do() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "storage::trouble::in_a_process_without_identity",
            "--ignored",
            "--nocapture",
        ])
        .env_remove("IDENTITY_ENDPOINT")
        .env_remove("IDENTITY_HEADER")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{out}{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
#[ignore = "run by without_an_identity_endpoint_the_error_says_what_to_do"]
async fn in_a_process_without_identity() {
    if found::setting("IDENTITY_ENDPOINT").is_some() {
        return;
    }
    let settings = found::storage(32).unwrap();
    for identity in [found::credential(Identity::Audit), CredentialSettings::Developer] {
        let credential = credential(&identity).unwrap();
        let blobs = AzureBlobs::connect(&settings.blobs, credential, Identity::Audit).unwrap();
        let error = blobs.check().await.unwrap_err();
        let text = error.to_string();
        assert!(error.may_pass(), "{text}");
        assert!(matches!(error, OpenError::Credential { .. }), "{text}");
        assert!(text.contains("AZURE_CLIENT_ID") && text.contains("az login"), "{text}");
    }
}

#[tokio::test]
#[ignore = "needs azure-site: cargo xtask azure"]
async fn a_container_that_is_missing_is_named() {
    let settings = found::storage(33).unwrap();
    let blobs = blobs(&settings, Identity::Audit);
    let error = blobs.check().await.unwrap_err();
    assert!(matches!(&error, OpenError::Missing { what, .. } if what == "blob container exports"));
    assert!(error.to_string().contains("bicep/"), "{error}");
    let missing = |error: BlobError| {
        let text = error.to_string();
        assert!(text.contains("no blob container exports; the deployment makes it"), "{text}");
    };
    missing(blobs.get(Bucket::Exports, "a").await.unwrap_err());
    missing(blobs.put(Bucket::Exports, "a", b"x", None).await.unwrap_err());
    account(33).await;
    assert_eq!(blobs.check().await, Ok(()));
    assert_eq!(blobs.get(Bucket::Exports, "a").await, Ok(None));
}

#[tokio::test]
#[ignore = "needs azure-site: cargo xtask azure"]
async fn a_queue_that_is_missing_is_named() {
    let settings = found::storage(34).unwrap();
    let queue = queue(&settings, Identity::Audit);
    let error = queue.check().await.unwrap_err();
    assert!(matches!(&error, OpenError::Missing { what, .. } if what == "queue seal"), "{error}");
    let error = queue.send(QueueName::Seal, "x", Duration::ZERO).await.unwrap_err();
    assert!(error.to_string().contains("no queue seal; the deployment makes it"), "{error}");
    let queues = queues(&settings);
    assert!(queues.receive(QueueName::Seal, Duration::from_secs(2)).await.is_err());
    account(34).await;
    assert_eq!(queue.check().await, Ok(()));
    assert_eq!(queues.check().await, Ok(()));
    assert_eq!(queue.send(QueueName::Seal, "x", Duration::ZERO).await, Ok(()));
}
