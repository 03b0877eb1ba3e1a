//! Every field of what a stranger can send, below its limit, at it and beyond: refused with a code, never a failure of ours.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::world::{Answer, PASSWORD, World};

/// One field of one request, values of it, and what each is answered with.
type Field<'a> = (&'a str, Value, &'a str, Vec<(Value, &'a str)>);

fn long(count: usize) -> Value {
    json!("x".repeat(count))
}

/// The code of a refusal; nothing for success.
fn code(answer: &Answer) -> String {
    answer.body["code"].as_str().unwrap_or_default().to_owned()
}

/// Values that are of no type that any field of text has.
fn of_another_type() -> Vec<(Value, &'static str)> {
    [json!(null), json!(7), json!(true), json!([]), json!({})]
        .into_iter()
        .map(|value| (value, "validation"))
        .collect()
}

/// Sends each value in its field, and one of another type; none is taken, and none breaks anything.
async fn refused(world: &World, fields: Vec<Field<'_>>) {
    for (path, good, field, values) in fields {
        let other = if matches!(field, "device" | "refresh_token") {
            vec![(json!(7), "validation")]
        } else {
            of_another_type()
        };
        for (value, expected) in values.into_iter().chain(other) {
            world.wait_s(900);
            let mut body = good.clone();
            body[field] = value.clone();
            let answer = world.post(path, None, body).await;
            let sent: String = value.to_string().chars().take(40).collect();
            assert_eq!(code(&answer), expected, "{path} {field} {sent}");
            assert!(!answer.status.is_server_error(), "{path} {field} {sent}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn every_field_of_a_sign_in_is_refused_beyond_its_limits() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let long_address = format!("{}@example.com", "a".repeat(300));
    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    let refresh = json!({"refresh_token": ada.refresh});
    let failed = "login-failed";
    let fields: Vec<Field<'_>> = vec![
        (
            "/v1/logins",
            login.clone(),
            "email",
            vec![
                (json!(""), failed),
                (json!(long_address), failed),
                (json!("\u{430}da@example.com"), failed),
                (json!("ad\u{200b}a@example.com"), failed),
                (json!("\u{ff41}da@example.com"), failed),
                (json!("ada@example.com\u{0}"), failed),
                (long(10_000), failed),
            ],
        ),
        (
            "/v1/logins",
            login.clone(),
            "password",
            vec![
                (json!(""), failed),
                (long(128), failed),
                (long(129), failed),
                (json!("\u{0}"), failed),
                (long(10_000), failed),
            ],
        ),
        ("/v1/logins", login, "device", vec![(json!(""), ""), (long(10_000), "")]),
        (
            "/v1/tokens/refresh",
            refresh,
            "refresh_token",
            vec![
                (json!(""), "refresh-invalid"),
                (long(4_096), "refresh-invalid"),
                (long(10_000), "refresh-invalid"),
            ],
        ),
    ];
    refused(&world, fields).await;
}

#[tokio::test]
async fn every_field_of_a_link_by_mail_is_refused_beyond_its_limits() {
    let world = World::with_tenant().await;
    let reset = json!({"token": "pfl_rst_a.b.c", "password": "seventeen quiet otters"});
    let recovery = json!({"token": "pfl_rcv_a.b.c", "password": PASSWORD});
    let redeem = json!({"token": "pfl_inv_a.b.c", "email": "b@example.com", "display_name": "B", "password": "seventeen quiet otters"});
    let fields: Vec<Field<'_>> = vec![
        (
            "/v1/password-resets/redeem",
            reset.clone(),
            "token",
            vec![(json!(""), "reset-invalid"), (long(10_000), "reset-invalid")],
        ),
        (
            "/v1/password-resets/redeem",
            reset,
            "password",
            vec![(json!(""), "reset-invalid"), (long(129), "reset-invalid")],
        ),
        (
            "/v1/recoveries/redeem",
            recovery,
            "token",
            vec![(json!(""), "recovery-invalid"), (long(10_000), "recovery-invalid")],
        ),
        (
            "/v1/invitations/redeem",
            redeem,
            "token",
            vec![(json!(""), "invitation-invalid"), (long(10_000), "invitation-invalid")],
        ),
    ];
    refused(&world, fields).await;
}

#[tokio::test]
async fn every_field_of_a_code_is_refused_beyond_its_limits() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.wait_s(30);
    let right = world.code(&ada.secret);
    let texts = [
        "",
        "0",
        "00000",
        "0000000",
        "12345a",
        "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
        "-12345",
        "+12345",
        "1e5",
        "0x1234",
        "000000\u{0}",
    ];
    for (n, text) in texts.into_iter().enumerate() {
        // Nine in a row are too few to lock, and a right one in between forgets them.
        if n % 4 == 0 {
            world.wait_s(30);
            let done = world.sign_in("ada@example.com", PASSWORD, &ada.secret).await;
            assert_eq!(done.status, StatusCode::CREATED, "{}", done.body);
        }
        for end in ["totp", "backup-code"] {
            let login = world.login("ada@example.com", PASSWORD).await;
            let path = format!("/v1/logins/{}/{end}", login.text("login"));
            let answer = world.post(&path, None, json!({"code": text})).await;
            assert_eq!(code(&answer), "code-invalid", "{end} {text:?}");
        }
    }
    for (value, expected) in of_another_type() {
        let login = world.login("ada@example.com", PASSWORD).await;
        let path = format!("/v1/logins/{}/totp", login.text("login"));
        let answer = world.post(&path, None, json!({"code": value})).await;
        assert_eq!(code(&answer), expected, "{value}");
    }
    let spaced = format!(" {right} ");
    let login = world.login("ada@example.com", PASSWORD).await;
    let path = format!("/v1/logins/{}/totp", login.text("login"));
    assert_eq!(code(&world.post(&path, None, json!({"code": spaced})).await), "code-invalid");
    assert_eq!(
        code(&world.post(&path, None, json!({"code": "9".repeat(10_000)})).await),
        "code-invalid"
    );
}

/// A new password of twelve code points is taken and one of eleven is not; of 128 and 129, too; counted as a person counts, not in bytes.
#[tokio::test]
async fn a_new_password_is_taken_at_its_limits() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    let mut letters = "qzjxkvwpfybghmcu".chars().cycle();
    let mut wild = |count: usize| letters.by_ref().step_by(5).take(count).collect::<String>();
    for (password, expected) in [
        (wild(11), "password-too-short"),
        (wild(12), ""),
        (wild(128), ""),
        (wild(129), "password-too-long"),
        ("\u{1f600}".repeat(11), "password-too-short"),
        (format!("{}\u{1f600}", wild(127)), ""),
    ] {
        world.wait_s(3_600);
        world.post("/v1/password-resets", None, json!({"email": "ada@example.com"})).await;
        let token = world.token_in_letter("ada@example.com", "pfl_rst_").await.unwrap();
        let body = json!({"token": token, "password": password});
        let answer = world.post("/v1/password-resets/redeem", None, body).await;
        assert_eq!(
            code(&answer),
            expected,
            "{} code points: {}",
            password.chars().count(),
            answer.body
        );
    }
}
