//! An epoch of the log that ends as planned: the Runner confirms its end, and goes over to the one that it announced and to no other.

use chain::genesis::Previous;
use serde_json::json;

use crate::{
    control_plane::ControlPlane,
    log::Log,
    site::Site,
    witnessing::{INTENT, cosigned_heads, kind, later, missed, promised, row, with_log, witness},
};

/// A log of ten rows that was witnessed, and was changed since.
async fn changed(change: impl FnOnce(&mut Log)) -> (ControlPlane, Site) {
    let (control_plane, site) = with_log(10).await;
    assert_eq!(witness(&control_plane, &site).await.exit, 0);
    control_plane.log(change);
    (control_plane, site)
}

#[tokio::test]
async fn a_rotation_that_the_log_announced_is_followed_and_both_epochs_are_cosigned() {
    let (control_plane, site) = changed(|log| {
        log.grow(2, "row");
        log.rotate();
        log.grow(4, "row");
    })
    .await;
    let first = control_plane.state.lock().unwrap().log.origin.trim_end_matches("/1").to_owned();
    let next = format!("{first}/1");
    let over = witness(&control_plane, &site).await;
    assert_eq!((over.exit, &over.json["origin"]), (0, &json!(next)), "{}", over.json);
    let sizes = [(first.clone(), 10), (first, 13), (next.clone(), 5)];
    assert_eq!(cosigned_heads(&control_plane), sizes);
    // It goes on there like in any log.
    control_plane.log(|log| log.grow(1, "row"));
    let later = witness(&control_plane, &site).await;
    assert_eq!((later.exit, &later.json["size"]), (0, &json!(6)), "{}", later.json);
    assert_eq!(later.json["first"]["size"], 0, "it was watched from its first row on");
    control_plane.log(|log| log.rows.truncate(4));
    assert_eq!(kind(&witness(&control_plane, &site).await), "rollback");
}

/// The key of the next epoch may be younger than the list of keys that the Runner has.
#[tokio::test]
async fn the_keys_are_asked_for_again_before_a_head_is_signed_by_a_stranger() {
    let rotated = async |lists| {
        changed(|log| {
            log.unlisted_in = Some(lists);
            log.rotate();
        })
        .await
    };
    for lists in [0, 1] {
        let (control_plane, site) = rotated(lists).await;
        let over = witness(&control_plane, &site).await;
        assert_eq!((over.exit, &over.json["size"]), (0, &json!(1)), "{lists} {}", over.json);
    }
    let (control_plane, site) = rotated(2).await;
    assert_eq!(kind(&witness(&control_plane, &site).await), "unknown_key");
}

/// The end of an epoch is cosigned once the Runner has left it, however often that fails; who refuses it for good is not asked in vain for the head.
#[tokio::test]
async fn an_end_whose_cosignature_does_not_arrive_is_cosigned_later() {
    let sizes = |control_plane: &ControlPlane| -> Vec<_> {
        cosigned_heads(control_plane).into_iter().map(|(_, size)| size).collect()
    };
    let (control_plane, site) = changed(Log::rotate).await;
    control_plane.log(|log| log.failures = vec![503]);
    assert_eq!(witness(&control_plane, &site).await.exit, 2);
    assert_eq!(sizes(&control_plane), [10]);
    assert_eq!(witness(&control_plane, &site).await.exit, 0);
    assert_eq!(sizes(&control_plane), [10, 11, 1]);
    assert_eq!(witness(&control_plane, &site).await.exit, 0);
    assert_eq!(sizes(&control_plane), [10, 11, 1], "once");

    let (control_plane, site) = changed(Log::rotate).await;
    control_plane.log(|log| log.failures = vec![409]);
    assert_eq!(witness(&control_plane, &site).await.exit, 0);
    assert_eq!(sizes(&control_plane), [10, 1]);
}

/// Whoever takes no cosignature of an end owes the rows all the same.
#[tokio::test]
async fn an_end_that_nobody_may_cosign_excuses_no_promise() {
    let (control_plane, site) = promised(3, 1_000).await;
    control_plane.log(|log| {
        log.rotate();
        log.failures = vec![503; 2];
    });
    assert_eq!(witness(&control_plane, &site).await.exit, 2);
    later(&control_plane, 16 * 60);
    assert_eq!(kind(&witness(&control_plane, &site).await), "promise_broken");
}

/// Before the first epoch there is none, and what the Runner followed since hides nothing.
#[tokio::test]
async fn a_row_that_is_said_to_be_in_no_epoch_that_was_watched_is_an_alarm() {
    let (control_plane, site) = promised(3, 1_000).await;
    assert_eq!(witness(&control_plane, &site).await.exit, 3, "it is owed");
    control_plane.log(|log| {
        log.rotate();
        log.excuse = Some((409, "row-in-ended-epoch"));
    });
    assert_eq!(kind(&missed(&control_plane, &site).await), "promise_broken");
}

/// What was promised before the end may stand on either side of it.
#[tokio::test]
async fn a_row_that_was_sealed_before_the_end_is_shown_after_it() {
    let (control_plane, site) = promised(3, 1_000).await;
    control_plane.log(|log| {
        log.rows.push(row(INTENT, 3));
        log.rotate();
    });
    let first = witness(&control_plane, &site).await;
    assert_eq!((first.exit, &first.json["state"]), (3, &json!("witnessed")), "{}", first.json);
    let (control_plane, site) = promised(3, 1_000).await;
    assert_eq!(witness(&control_plane, &site).await.exit, 3, "it is owed");
    control_plane.log(|log| {
        log.rows.push(row(INTENT, 3));
        log.rotate();
    });
    let answer = witness(&control_plane, &site).await;
    assert_eq!((answer.exit, &answer.json["proved"]), (0, &json!(1)), "{}", answer.json);
    let (control_plane, site) = promised(3, 1_000).await;
    assert_eq!(witness(&control_plane, &site).await.exit, 3, "it is owed");
    control_plane.log(|log| {
        log.rotate();
        log.rows.push(row(INTENT, 1));
    });
    let answer = witness(&control_plane, &site).await;
    assert_eq!((answer.exit, &answer.json["proved"]), (0, &json!(1)), "{}", answer.json);
}

/// Whoever shows the next epoch could have made it for this Runner, or the end of this one.
#[tokio::test]
async fn an_epoch_that_does_not_go_on_from_the_witnessed_end_is_another_log() {
    // Nothing announced it: a restore, which somebody has to answer for.
    let (control_plane, site) = changed(|log| {
        let (name, rows) = (log.origin.clone(), log.rows.len() as u64);
        let (note, root) = (log.head_of(&name, &log.rows), chain::Hash::ZERO);
        log.begin(format!("{name}/1"), &Previous { announced: None, epoch: 0, note, root, rows });
    })
    .await;
    assert_eq!(kind(&witness(&control_plane, &site).await), "other_log");
    // It shows another end: the Runner's view was forked from everybody else's, or theirs from it.
    let (control_plane, site) = changed(|log| {
        let mut theirs =
            Log { origin: log.origin.clone(), rows: log.rows.clone(), ..Log::default() };
        theirs.grow(1, "other");
        theirs.rotate();
        log.rotate();
        log.rows = theirs.rows;
    })
    .await;
    assert_eq!(kind(&witness(&control_plane, &site).await), "other_log");
    // The row that is shown is not its row 0.
    let (control_plane, site) = changed(|log| {
        log.rotate();
        log.first = Some(format!("{} ", log.rows[0]));
    })
    .await;
    assert_eq!(kind(&witness(&control_plane, &site).await), "other_log");
    // It has the name of another one.
    let (control_plane, site) = changed(|log| {
        log.rotate();
        log.origin = log.origin.replace("/1", "/2");
    })
    .await;
    assert_eq!(kind(&witness(&control_plane, &site).await), "other_log");
    assert_eq!(cosigned_heads(&control_plane).len(), 1, "nothing of it is confirmed");
}
