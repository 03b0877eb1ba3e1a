//! An epoch of the log that ends as planned: the Runner confirms its end, and goes over to the one that it announced and to no other.

use chain::genesis::Previous;
use serde_json::json;

use crate::{
    control_plane::ControlPlane,
    log::Log,
    site::Site,
    witnessing::{INTENT, cosigned_heads, kind, promised, row, with_log, witness},
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

/// The end of an epoch is cosigned before the Runner leaves it, however often that fails.
#[tokio::test]
async fn an_end_whose_cosignature_does_not_arrive_is_not_left() {
    let (control_plane, site) = changed(Log::rotate).await;
    control_plane.log(|log| log.failures = vec![503]);
    assert_eq!(witness(&control_plane, &site).await.exit, 2);
    let shown = site.run(&["witness", "show"]).await.json;
    assert_eq!(shown["witness"]["seen"]["size"], 11, "still in the epoch that ended");
    assert_eq!(witness(&control_plane, &site).await.exit, 0);
    let sizes: Vec<_> = cosigned_heads(&control_plane).into_iter().map(|(_, size)| size).collect();
    assert_eq!(sizes, [10, 11, 1]);
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
