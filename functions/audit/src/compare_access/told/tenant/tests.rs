use domain::{Feature, MfaPolicy, Plan, Quota, TenantId, Timestamp};
use serde_json::json;

use super::*;

const UNTIL: Timestamp = Timestamp::from_unix_s(1_795_219_200);

fn told(rows: &[(&str, Value)]) -> ToldTenant {
    let mut told = ToldTenant::default();
    for (action, data) in rows {
        let row = json!({
            "act": {"id": "usr_1", "kind": "user"}, "action": action, "at": UNTIL, "data": data, "id": "evt_1", "out": "ok", "prev": "",
            "reason": null, "rx": UNTIL, "seq": 1, "src": {"app": "auth", "inst": "i", "n": 1}, "t": "ten_1",
            "target": {"id": "ten_1", "kind": "tenant"},
        });
        told.take(&Row::parse(&row.to_string()).unwrap());
    }
    told
}

fn stored(change: impl Fn(&mut TenantRecord)) -> TenantRecord {
    let mut record =
        TenantRecord::new(TenantId::from_u128(1), "Customer".to_owned(), Plan::Pro, UNTIL);
    change(&mut record);
    record
}

#[test]
fn what_no_row_speaks_of_is_as_it_may_be() {
    let told = told(&[("tenant.created", json!({"plan": "pro"}))]);
    let any = stored(|record| record.settings.mfa_policy = MfaPolicy::Everyone);
    assert_eq!(told.differs(&any), None);
    assert_eq!(told.differs(&stored(|record| record.plan = Plan::Free)), Some("plan"));
}

#[test]
fn a_grant_of_support_is_compared_with_its_end() {
    let granted = json!({"access": "granted_until", "until": UNTIL.to_string()});
    let told = told(&[("tenant.support_access.changed", granted)]);
    let until =
        |at| stored(move |record| record.settings.support_access = SupportAccess::GrantedUntil(at));
    assert_eq!(told.differs(&until(UNTIL)), None);
    let later = UNTIL.plus(std::time::Duration::from_secs(1));
    assert_eq!(told.differs(&until(later)), Some("support_access"));
    assert_eq!(told.differs(&stored(|_| ())), Some("support_access"));
}

#[test]
fn settings_and_the_policy_are_as_their_last_rows_say() {
    let settings = |days: u16| {
        let data = json!({"notice_days": days, "session_max_h": 168, "session_idle_min": 1440, "separations": []});
        ("tenant.settings.changed", data)
    };
    let everyone = ("iam.mfa_policy.changed", json!({"policy": "everyone"}));
    let told = told(&[settings(90), everyone, settings(30)]);
    let of = |days, policy| {
        stored(move |record| {
            (record.settings.notice_days, record.settings.mfa_policy) = (days, policy);
        })
    };
    assert_eq!(told.differs(&of(30, MfaPolicy::Everyone)), None);
    assert_eq!(told.differs(&of(90, MfaPolicy::Everyone)), Some("settings"));
    assert_eq!(told.differs(&of(30, MfaPolicy::PasswordUsers)), Some("mfa_policy"));
}

#[test]
fn what_an_operator_gave_is_compared() {
    let (feature, quota) = (Feature::CustomRoles, Quota::Seats);
    let key = |name: &str| name.replace('.', "_");
    let data = json!({"features": {key(feature.name()): true}, "quotas": {key(quota.name()): 2}});
    let told = told(&[("tenant.entitlement.overridden", data)]);
    let seats = |seats| {
        stored(move |record| {
            record.overrides.features.insert(feature, true);
            record.overrides.quotas.insert(quota, seats);
        })
    };
    assert_eq!(told.differs(&seats(2)), None);
    assert_eq!(told.differs(&seats(200)), Some("overrides"));
    assert_eq!(told.differs(&stored(|_| ())), Some("overrides"));
}
