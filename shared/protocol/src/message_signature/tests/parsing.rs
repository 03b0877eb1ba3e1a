//! What could be read in two ways, and what is not there.

use super::*;

#[test]
fn a_request_has_exactly_one_signature() {
    let mut second = Message::signed(BODY);
    let input = format!("{}, sig2={}", second.header("signature-input"), "()");
    second.headers.insert("signature-input", input.parse().unwrap());
    assert_eq!(refusal(&second), MessageSignatureError::Form("signature-input"));
    let mut other_label = Message::signed(BODY);
    other_label.replace("signature-input", "sig1=", "sig2=");
    assert_eq!(refusal(&other_label), MessageSignatureError::Form("signature-input"));
    let mut stray = Message::signed(BODY);
    let signature = format!("{}, sig2=:AAAA:", stray.header("signature"));
    stray.headers.insert("signature", signature.parse().unwrap());
    assert_eq!(refusal(&stray), MessageSignatureError::Form("signature"));
}

#[test]
fn what_two_parsers_could_read_differently_is_refused() {
    let mut label_twice = Message::signed(BODY);
    let input = label_twice.header("signature-input").to_owned();
    label_twice.headers.insert("signature-input", format!("sig1=(), {input}").parse().unwrap());
    assert_eq!(refusal(&label_twice), MessageSignatureError::Form("signature-input"));
    for (from, to) in [
        (";created=", ";created=1;created="),
        (";created=", "; created="),
        ("sig1=(", "sig1=( "),
        (r#"alg="ed25519""#, r#"alg="\ed25519""#),
    ] {
        let mut message = Message::signed(BODY);
        message.replace("signature-input", from, to);
        assert_eq!(refusal(&message), MessageSignatureError::Form("signature-input"), "{to}");
    }
}

#[test]
fn a_header_line_that_comes_twice_is_refused() {
    for name in
        ["content-digest", "content-type", "proofline-runner", "signature", "signature-input"]
    {
        let mut message = Message::signed(BODY);
        let again = message.headers[name].clone();
        message.headers.append(name, again);
        assert_eq!(refusal(&message), MessageSignatureError::Header(name.to_owned()));
    }
}

#[test]
fn a_missing_header_is_refused() {
    for name in ["signature", "signature-input"] {
        let mut message = Message::signed(BODY);
        message.headers.remove(name);
        assert_eq!(refusal(&message), MessageSignatureError::Unsigned(name));
        assert_eq!(refusal(&message).code(), "unsigned");
    }
    let mut message = Message::signed(BODY);
    message.headers.remove("content-type");
    assert_eq!(refusal(&message), MessageSignatureError::Header("content-type".to_owned()));
}

#[test]
fn a_target_that_is_no_absolute_uri_is_refused() {
    for target in ["/api/runs/v1/runner/events", "", "not a uri"] {
        let mut message = Message::unsigned(BODY);
        message.target = target.to_owned();
        assert_eq!(message.sign(&RUNNER, 60), Err(MessageSignatureError::Target), "{target}");
    }
}
