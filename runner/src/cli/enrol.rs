//! `enrol`: the Runner and a control plane that do not know each other yet come to.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use protocol::{
    Base64Url, Digest, Name,
    enrolment::{EnrolAnswer, EnrolFields, EnrolRequest},
    key::Signer as _,
    routes::{ENROL, RunnerState},
    statement::KeyStorage,
    strict_json,
};
use serde_json::json;

use super::{
    Bench,
    session::{Session, own_digest, version},
};
use crate::{
    args::Enrol,
    enrolment::{self, Enrolment, PendingEnrolment},
    exit::Failure,
    report::Report,
};

const POLL: Duration = Duration::from_millis(500);

pub(super) async fn enrol(enrol: Enrol, bench: &mut Bench<'_>) -> Result<Report, Failure> {
    let session = Session::open(bench)?;
    let url = enrol.url.trim_end_matches('/').to_owned();
    check_token(&session, &enrol, &url)?;
    let request = request(&session, &enrol, &url)?;
    let bytes = serde_json::to_vec(&request)
        .map_err(|error| Failure::usage(format!("the request cannot be written: {error}")))?;
    let control_plane = session.control_plane(&url)?;
    let answer: EnrolAnswer = control_plane.post(ENROL, "application/json", bytes).await?;
    let words = check_answer(&request, &answer)?;
    let enrolment = remember(&session, &enrol, &url, &request, &answer)?;
    let mut state = answer.state;
    if enrol.wait > 0 {
        writeln_words(bench, &words);
        state = wait(bench, enrolment, Duration::from_secs(enrol.wait)).await?;
    }
    Ok(report(&answer, state, &words))
}

/// The token must be for the tenant and the control plane that the local administrator trusts, and a Runner never moves silently.
fn check_token(session: &Session, enrol: &Enrol, url: &str) -> Result<(), Failure> {
    let (token, policy) = (&enrol.token, &session.policy);
    if token.tenant != policy.tenant || token.root != policy.control_plane_root {
        let message =
            "the token is for another tenant or control plane than the trust policy names";
        return Err(Failure::refused("token-untrusted", message));
    }
    match session.vault.enrolment()? {
        Some(known) if known.url != url => Err(Failure::refused(
            "server-mismatch",
            format!(
                "this Runner is enrolled at {}; it does not move to another address",
                known.url
            ),
        )),
        Some(_) | None => Ok(()),
    }
}

fn request(session: &Session, enrol: &Enrol, url: &str) -> Result<EnrolRequest, Failure> {
    let certificate = session.home.certificate()?;
    let name = certificate_name(certificate.unverified_payload())?;
    let trust_policy_digest =
        session.policy.digest().map_err(|error| Failure::usage(error.to_string()))?;
    let named =
        |text: &str| text.parse::<Name>().map_err(|error| Failure::usage(error.to_string()));
    let fields = EnrolFields {
        token: enrol.token.clone(),
        nonce: nonce(session, url, enrol.token.secret_sha256())?,
        name,
        labels: enrol.labels.iter().cloned().collect::<BTreeMap<_, _>>(),
        os: named(std::env::consts::OS)?,
        arch: named(std::env::consts::ARCH)?,
        version: version(),
        binary_digest: own_digest()?,
        trust_policy_digest,
        key_storage: KeyStorage::File,
        sign_jwk: session.key.public().jwk(),
        certificate,
    };
    Ok(EnrolRequest::sign(fields, &session.key)?)
}

fn certificate_name(payload: &[u8]) -> Result<Name, Failure> {
    let certificate: protocol::certificate::RunnerCertificate =
        strict_json::parse(payload, protocol::dsse::PAYLOAD_MAX)?;
    Ok(certificate.name)
}

/// The nonce of this token's request: kept before it is sent, so that a lost answer can be asked for again.
fn nonce(
    session: &Session,
    url: &str,
    token_secret_sha256: Digest,
) -> Result<protocol::Nonce, Failure> {
    let known = session.vault.pending_enrolment()?;
    let same =
        known.filter(|known| known.url == url && known.token_secret_sha256 == token_secret_sha256);
    if let Some(known) = same {
        return Ok(known.nonce);
    }
    let nonce = Base64Url(session.randomness.bytes());
    let pending = PendingEnrolment { url: url.to_owned(), token_secret_sha256, nonce };
    session.vault.remember_pending(&pending)?;
    Ok(nonce)
}

fn check_answer(request: &EnrolRequest, answer: &EnrolAnswer) -> Result<[String; 6], Failure> {
    let root = request.fields.token.root;
    let words = request
        .transcript(answer.runner, root)
        .words()
        .map_err(|error| Failure::usage(error.to_string()))?;
    if answer.words != words {
        let message = "the control plane has seen another enrolment than this Runner sent";
        return Err(Failure::refused("words-differ", message));
    }
    Ok(words)
}

fn remember(
    session: &Session,
    enrol: &Enrol,
    url: &str,
    request: &EnrolRequest,
    answer: &EnrolAnswer,
) -> Result<Enrolment, Failure> {
    let keys = enrolment::verify_keys(&answer.keyset, &answer.root_jwk, &session.policy, 0)?;
    let enrolment = Enrolment {
        url: url.to_owned(),
        runner: answer.runner,
        tenant: session.policy.tenant,
        name: request.fields.name.clone(),
        root_jwk: answer.root_jwk,
        keyset: answer.keyset.clone(),
        keyset_version: keys.version,
        topic: enrol.topic.clone(),
    };
    session.vault.remember_enrolment(&enrolment)?;
    Ok(enrolment)
}

async fn wait(
    bench: &Bench<'_>,
    mut enrolment: Enrolment,
    patience: Duration,
) -> Result<RunnerState, Failure> {
    // Opened again: the Runner has its final name only now.
    let session = Session::open(bench)?;
    let control_plane = session.control_plane(&enrolment.url)?;
    let begun = Instant::now();
    loop {
        let state = match session.refresh(&control_plane, &mut enrolment).await {
            Ok((_, answer)) => answer.state,
            Err(failure) if begun.elapsed() >= patience => return Err(failure),
            Err(_) => RunnerState::AwaitingApproval,
        };
        if state != RunnerState::AwaitingApproval || begun.elapsed() >= patience {
            return Ok(state);
        }
        tokio::time::sleep(POLL).await;
    }
}

fn writeln_words(bench: &mut Bench<'_>, words: &[String; 6]) {
    // What cannot be shown now is in the result.
    writeln!(bench.err, "Six words: {}", words.join(" ")).unwrap_or_default();
}

fn report(answer: &EnrolAnswer, state: RunnerState, words: &[String; 6]) -> Report {
    let state = json!(state);
    let lines = vec![
        format!("Runner:    {}", answer.runner),
        format!("State:     {}", state.as_str().unwrap_or_default()),
        format!("Six words: {}", words.join(" ")),
        "Compare the words with those that the control plane shows before it approves.".to_owned(),
    ];
    Report::done(lines, json!({ "runner": answer.runner, "state": state, "words": words }))
}
