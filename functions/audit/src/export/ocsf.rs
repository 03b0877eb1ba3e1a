//! Rows as events of the Open Cybersecurity Schema Framework, for what collects security events of many products.
//!
//! Which class an event is, `domain` decides. `raw_data` holds the row's exact bytes, and `unmapped.row_hash` its hash in the log.

use chain::intent::Party;
use domain::{EventKind, OCSF_VERSION, Ocsf, OcsfClass, Timestamp};
use serde_json::{Map, Value, json};
use store::StoreError;

use crate::search::Row;

/// Information, in the schema's scale.
const SEVERITY_INFORMATIONAL: u8 = 1;
/// Something was refused or failed.
const SEVERITY_LOW: u8 = 2;

/// The line of a row.
///
/// # Errors
/// When no sealer wrote that row.
pub(crate) fn line(raw: &str) -> Result<String, StoreError> {
    let row = Row::parse(raw)?;
    let ocsf = EventKind::from_name(&row.action).map_or(Ocsf::UNKNOWN, EventKind::ocsf);
    let mut event = base(&row, ocsf, raw)?;
    event.extend(of_class(&row, ocsf));
    Ok(format!("{}\n", Value::Object(event)))
}

/// What an event of any class has.
fn base(row: &Row, ocsf: Ocsf, raw: &str) -> Result<Map<String, Value>, StoreError> {
    let is_ok = row.out == "ok";
    let severity = if is_ok { SEVERITY_INFORMATIONAL } else { SEVERITY_LOW };
    let hash = chain::tree::leaf_hash(raw.as_bytes()).to_string();
    let unmapped = json!({"data": row.data, "prev": row.prev, "row_hash": hash, "tenant": row.t});
    let mut event = Map::from_iter([
        ("activity_id".to_owned(), ocsf.activity.into()),
        ("actor".to_owned(), json!({"user": user(&row.act)})),
        ("category_uid".to_owned(), ocsf.class.category().into()),
        ("class_uid".to_owned(), ocsf.class.uid().into()),
        ("message".to_owned(), row.action.as_str().into()),
        ("metadata".to_owned(), metadata(row)?),
        ("raw_data".to_owned(), raw.into()),
        ("severity_id".to_owned(), severity.into()),
        (
            "src_endpoint".to_owned(),
            json!({"instance_uid": row.src.instance, "svc_name": row.src.app}),
        ),
        ("status".to_owned(), if is_ok { "Success" } else { "Failure" }.into()),
        ("status_code".to_owned(), row.out.as_str().into()),
        ("status_id".to_owned(), if is_ok { 1 } else { 2 }.into()),
        ("time".to_owned(), milliseconds(&row.at)?.into()),
        ("type_uid".to_owned(), ocsf.type_uid().into()),
        ("unmapped".to_owned(), unmapped),
    ]);
    if let Some(reason) = &row.reason {
        event.insert("status_detail".to_owned(), reason.as_str().into());
    }
    Ok(event)
}

fn metadata(row: &Row) -> Result<Value, StoreError> {
    Ok(json!({
        "event_code": row.action,
        "log_name": "audit",
        "logged_time": milliseconds(&row.rx)?,
        "original_time": row.at,
        "product": {"name": "Proofline", "vendor_name": "Proofline", "version": env!("CARGO_PKG_VERSION")},
        "sequence": row.seq,
        "tenant_uid": row.t,
        "uid": row.id,
        "version": OCSF_VERSION,
    }))
}

/// What the classes have of their own.
fn of_class(row: &Row, ocsf: Ocsf) -> Map<String, Value> {
    let service = ("service".to_owned(), json!({"name": row.src.app}));
    match ocsf.class {
        OcsfClass::AccountChange => Map::from_iter([("user".to_owned(), user(subject(row)))]),
        OcsfClass::Authentication => {
            Map::from_iter([("user".to_owned(), user(subject(row))), service])
        }
        OcsfClass::ApiActivity => Map::from_iter([
            ("api".to_owned(), json!({"operation": row.action, "service": {"name": row.src.app}})),
            ("resources".to_owned(), json!([{"type": row.target.kind, "uid": row.target.id}])),
        ]),
    }
}

/// Whose account or session it is about.
fn subject(row: &Row) -> &Party {
    if row.target.kind == "user" { &row.target } else { &row.act }
}

/// A party as the schema's user. One without an identifier has its kind for a name: a user must have either.
fn user(party: &Party) -> Value {
    let kind = match party.kind.as_str() {
        "user" => 1,
        "system" => 3,
        "anonymous" => 0,
        _ => 99,
    };
    if party.id.is_empty() {
        json!({"name": party.kind, "type": party.kind, "type_id": kind})
    } else {
        json!({"type": party.kind, "type_id": kind, "uid": party.id})
    }
}

/// A time of the log as the schema has it.
fn milliseconds(at: &str) -> Result<i64, StoreError> {
    let at: Timestamp = at.parse().map_err(|_| StoreError::Unreadable(format!("the time {at}")))?;
    Ok(at.unix_ms())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: EventKind, actor: &str, target: &str) -> Value {
        let row = json!({
            "act": {"id": actor, "kind": "user"}, "action": kind.name(), "at": "2026-11-21T00:00:00.001234Z", "data": {}, "id": "aud_7",
            "out": "denied", "prev": "00", "reason": "ticket 4711", "rx": "2026-11-21T00:00:00.210000Z", "salt": "00", "seq": 3,
            "src": {"app": "auth", "inst": "7f9c", "n": 7}, "t": "ten_1", "target": {"id": target, "kind": "user"}, "v": 1,
        });
        serde_json::from_str(&line(&row.to_string()).unwrap()).unwrap()
    }

    /// What the schema requires: of every event (`events/base_event.json`, `objects/metadata.json`), and of its class.
    #[test]
    fn every_kind_of_event_has_what_its_class_requires() {
        for kind in EventKind::ALL {
            let event = event(*kind, "", "usr_3");
            let has = |path: &str| assert!(event.pointer(path).is_some(), "{kind} {path}: {event}");
            for path in ["/activity_id", "/category_uid", "/class_uid", "/severity_id", "/time"] {
                has(path);
            }
            for path in ["/type_uid", "/metadata/version", "/metadata/product/vendor_name"] {
                has(path);
            }
            match event["class_uid"].as_u64() {
                Some(3001) => has("/user/uid"),
                Some(3002) => ["/user/uid", "/service/name"].into_iter().for_each(has),
                Some(6003) => ["/actor/user/name", "/api/operation", "/src_endpoint/svc_name"]
                    .into_iter()
                    .for_each(has),
                other => panic!("{other:?}"),
            }
        }
    }

    /// 2026-11-21T00:00:00Z is 1795219200 by `date -u +%s -d`.
    #[test]
    fn an_event_says_who_when_and_how_it_ended() {
        let event = event(EventKind::AccountLocked, "usr_2", "usr_3");
        assert_eq!(event["time"], 1_795_219_200_001_u64);
        assert_eq!(event["type_uid"], 300_109);
        assert_eq!(event["actor"]["user"]["uid"], "usr_2");
        assert_eq!(event["user"]["uid"], "usr_3");
        assert_eq!(
            (&event["status_id"], &event["status_detail"]),
            (&2.into(), &"ticket 4711".into())
        );
        assert_eq!(event["metadata"]["sequence"], 3);
    }
}
