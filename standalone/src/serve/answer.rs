//! What the Functions host makes of an answer to an invocation: its rules, and those of its traps that we refuse to fall into.

use axum::http::StatusCode;
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::Value;

/// Why an invocation failed, by the rule that it broke.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the app answered {0}")]
    Status(u16),
    #[error(
        "the app answered success without a body; the Functions host would wait for one until functionTimeout"
    )]
    Empty,
    #[error("the app answered success as {0:?}; the Functions host reads application/json alone")]
    MediaType(String),
    #[error(
        "the app answered success with something else than a JSON object; the Functions host would fail or wait"
    )]
    NotObject,
    #[error(
        "output {0:?} is text that reads as base64; the Functions host would send its bytes: make it an object"
    )]
    Base64(String),
    #[error("the app broke off its answer")]
    BrokenOff,
    #[error("the app did not answer in time")]
    Late,
}

/// The JSON object of a success whose outputs are what they look like.
pub(crate) fn judge(
    status: StatusCode,
    media_type: Option<&str>,
    body: &[u8],
) -> Result<Value, Failure> {
    let answer = read(status, media_type, body)?;
    check_outputs(&answer).map(|()| answer)
}

/// The JSON object of a success.
pub(crate) fn read(
    status: StatusCode,
    media_type: Option<&str>,
    body: &[u8],
) -> Result<Value, Failure> {
    if !status.is_success() {
        return Err(Failure::Status(status.as_u16()));
    }
    if body.is_empty() {
        return Err(Failure::Empty);
    }
    let media_type = media_type.unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Failure::MediaType(media_type.to_owned()));
    }
    let answer: Value = serde_json::from_slice(body).map_err(|_| Failure::NotObject)?;
    if answer.is_object() { Ok(answer) } else { Err(Failure::NotObject) }
}

/// Refuses outputs whose text the host would take for bytes.
pub(crate) fn check_outputs(answer: &Value) -> Result<(), Failure> {
    let outputs = answer.get("Outputs").and_then(Value::as_object).into_iter().flatten();
    let returned = answer.get("ReturnValue").map(|value| ("ReturnValue", value));
    let outputs = outputs.map(|(name, output)| (name.as_str(), output)).chain(returned);
    for (name, output) in outputs {
        if output.as_str().is_some_and(|text| decoded(text).is_some()) {
            return Err(Failure::Base64(name.to_owned()));
        }
    }
    Ok(())
}

/// As .NET's `Convert.FromBase64String` reads it: white space does not count, padding does, trailing bits may be anything.
pub(crate) fn decoded(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true);
    let letters: String =
        text.chars().filter(|letter| !matches!(letter, ' ' | '\t' | '\r' | '\n')).collect();
    GeneralPurpose::new(&alphabet::STANDARD, config).decode(letters).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const JSON: Option<&str> = Some("application/json; charset=utf-8");

    fn judged(status: u16, media_type: Option<&str>, body: &str) -> Result<Value, Failure> {
        judge(StatusCode::from_u16(status).unwrap(), media_type, body.as_bytes())
    }

    #[test]
    fn a_success_is_2xx_with_a_json_object() {
        let body = json!({"Outputs": {"a": {"b": 1}}, "Logs": [], "ReturnValue": null});
        assert_eq!(judged(200, JSON, &body.to_string()), Ok(body.clone()));
        assert_eq!(judged(202, Some("Application/JSON"), &body.to_string()), Ok(body));
    }

    #[test]
    fn what_would_hang_or_fail_in_the_host_fails_by_its_rule() {
        assert_eq!(judged(204, None, ""), Err(Failure::Empty));
        assert_eq!(judged(200, JSON, ""), Err(Failure::Empty));
        assert_eq!(judged(200, JSON, "null"), Err(Failure::NotObject));
        assert_eq!(judged(200, JSON, "[]"), Err(Failure::NotObject));
        assert_eq!(judged(200, JSON, "{"), Err(Failure::NotObject));
        assert_eq!(
            judged(200, Some("text/plain"), "{}"),
            Err(Failure::MediaType("text/plain".to_owned()))
        );
        assert_eq!(judged(200, None, "{}"), Err(Failure::MediaType(String::new())));
        for status in [302, 400, 404, 500, 503] {
            assert_eq!(judged(status, JSON, "{}"), Err(Failure::Status(status)));
        }
    }

    /// The texts of functions-host §0 fact 8, tried with .NET's function.
    #[test]
    fn an_output_that_reads_as_base64_is_refused() {
        for text in ["test", "true", "12345678", "abcd efgh", ""] {
            let body = json!({"Outputs": {"queue": text}}).to_string();
            assert_eq!(
                judged(200, JSON, &body),
                Err(Failure::Base64("queue".to_owned())),
                "{text:?}"
            );
        }
        let returned = json!({"Outputs": {}, "ReturnValue": "test"}).to_string();
        assert_eq!(judged(200, JSON, &returned), Err(Failure::Base64("ReturnValue".to_owned())));
        for text in ["hello", "{\"a\":1}"] {
            assert!(
                judged(200, JSON, &json!({"Outputs": {"queue": text}}).to_string()).is_ok(),
                "{text:?}"
            );
        }
    }
}
