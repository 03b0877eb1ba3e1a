//! Clocks that are wrong.

use std::time::Duration;

use protocol::cloudevent::BATCH_MEDIA_TYPE;
use serde_json::{Value, json};

use super::{EVENTS, pair};
use crate::tests::{field_runner::outcome, ingestion::ready};

#[tokio::test]
async fn a_request_outside_of_two_minutes_is_told_our_time() {
    let (world, _, mut runner) = ready().await;
    let said = runner.say(&world);
    let request = |created| {
        let bytes = serde_json::to_vec(&[&said.event]).unwrap();
        runner.request(created, "POST", EVENTS, Some((BATCH_MEDIA_TYPE, bytes)))
    };
    for created in
        [world.now().plus(Duration::from_secs(121)), world.now().minus(Duration::from_mins(3))]
    {
        let answer = world.send(request(created)).await;
        answer.refused(401, "clock-skew");
        assert_eq!(answer.json["server_time"], json!(world.now()));
    }
    for created in
        [world.now().plus(Duration::from_mins(2)), world.now().minus(Duration::from_secs(60 + 119))]
    {
        world.send(request(created)).await.ok();
    }
}

#[tokio::test]
async fn a_skewed_clock_is_flagged_and_a_wrong_day_is_not_believed() {
    let (world, owner, mut runner) = ready().await;
    let at = |predicate: &mut protocol::statement::Predicate, time| predicate.event.time = time;
    let (now, day) = (world.now(), Duration::from_hours(24));
    let said = [
        runner.say_as(&world, |predicate| at(predicate, now.plus(Duration::from_secs(121)))),
        runner.say_as(&world, |predicate| at(predicate, now.minus(day + Duration::from_secs(1)))),
        runner.say_as(&world, |predicate| at(predicate, now.minus(day * 401))),
    ];
    let answer = runner.hand_in(&world, &said.each_ref()).await.ok();
    let outcomes: Vec<_> = answer["results"].as_array().unwrap().iter().map(outcome).collect();
    assert_eq!(
        outcomes,
        [pair("accepted", ""), pair("accepted", ""), pair("rejected", "too-late")]
    );
    let runs = world.get(&owner, "/v1/runs").await.ok();
    let times: Vec<&Value> =
        runs["runs"].as_array().unwrap().iter().map(|run| &run["time"]).collect();
    assert_eq!(times, ["time_untrusted", "time_untrusted", "skewed"]);
}
