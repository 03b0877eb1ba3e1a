//! `POST /v1/runners/enrol`: a Runner introduces itself with a token, its key, and the customer's word for that key.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    Actor, AuditEvent, Class, EventId, EventKind, Fault, RunnerId, Target, Timestamp,
    enrolment::{Admission, EnrolmentError},
};
use protocol::{
    Digest,
    certificate::RunnerCertificate,
    enrolment::{EnrolAnswer, EnrolRequest},
};
use store::{Change, Found, Partition, StoreError};
use web::{Access, Endpoint, Input, Problem, Visitor};

use crate::{
    RunsState,
    customer_keys::{CustomerKeys, CustomerKeysError},
    described,
    runners::{EnrolmentRecord, RunnerRecord, wire_state},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/runners/enrol",
    Access::Public(
        "the enrolment token, good for one Runner, and the customer's certificate for its key",
    ),
    &[EventKind::EnrolmentRedeemed, EventKind::EnrolmentDenied],
)
.summary("Enrol a Runner: token, key, proof of possession and certificate")
.request::<described::Enrolment>()
.response::<described::Enrolled>()
.problems(&[
    "enrolment-invalid",
    "enrolment-expired",
    "enrolment-used",
    "customer-keys-missing",
    "certificate-mismatch",
    "signature-invalid",
    "signature-expired",
    "unsigned",
    "wrong-tenant",
]);

/// Who answers, and what the Runner said.
struct Door<'a> {
    state: &'a RunsState,
    data: Partition,
    request: EnrolRequest,
    now: Timestamp,
}

pub(crate) async fn handle(
    State(state): State<RunsState>,
    visitor: Visitor,
    Input(request): Input<EnrolRequest>,
) -> Result<(StatusCode, Json<EnrolAnswer>), Problem> {
    let data = state.data(request.fields.token.tenant, "enrolment");
    let door = Door { state: &state, data, request, now: visitor.now };
    let record = match door.enrol().await {
        // Two of the same request at once: the other one was first, and this one finds what it made.
        Err(problem) if problem.class == Class::Conflict && problem.code != "enrolment-used" => {
            door.enrol().await?
        }
        other => other?,
    };
    let answer = EnrolAnswer {
        runner: record.runner,
        state: wire_state(record.state),
        words: record.words,
        keyset: state.keyset.current(visitor.now).await?,
        root_jwk: state.keyset.root_jwk(),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

impl Door<'_> {
    async fn enrol(&self) -> Result<RunnerRecord, Problem> {
        let token = &self.request.fields.token;
        let enrolment = self.data.find::<EnrolmentRecord>(&token.enrolment.to_string()).await?;
        let Found { document: EnrolmentRecord(enrolment), etag } =
            enrolment.ok_or(EnrolmentError::Invalid)?;
        let Digest(secret_sha256) = token.secret_sha256();
        let (nonce, kid) =
            (self.request.fields.nonce.to_string(), self.request.fields.sign_jwk.kid().to_string());
        let admission = enrolment.admit(&secret_sha256, &nonce, &kid, self.now);
        let admission = self.recorded(admission).await?;
        let certificate = self.certificate(&enrolment.name).await;
        let certificate = self.recorded(certificate).await?;
        if let Admission::Again(runner) = admission {
            return Ok(self.data.get::<RunnerRecord>(&runner.to_string()).await?.document);
        }
        let runner: RunnerId = self.state.id(self.now);
        let transcript = self.request.transcript(runner, self.state.keyset.root_kid());
        let words = transcript.words().map_err(|error| Problem::internal(&error))?;
        let fields = self.request.fields.clone();
        let record =
            RunnerRecord::enrolled(runner, &enrolment, fields, &certificate, words, self.now);
        let (enrolment, event) = enrolment.redeem(runner, &nonce, &kid, self.now)?;
        let change = Change::new(event).create(&record).replace(&EnrolmentRecord(enrolment), etag);
        self.data.commit(&Actor::runner(runner), self.now, change).await?;
        Ok(record)
    }

    /// The certificate, if the customer's authority issued it for this key under the name that the enrolment is for.
    async fn certificate(&self, name: &str) -> Result<RunnerCertificate, Refused> {
        let keys = CustomerKeys::of(&self.data).await?.ok_or(CustomerKeysError::Missing)?.keys;
        let authority = keys.authority_key().ok_or(CustomerKeysError::Authority)?;
        let certificate = self.request.verify(&authority, self.data.tenant(), self.now)?;
        if certificate.name.as_str() == name { Ok(certificate) } else { Err(Refused::Name) }
    }

    /// Records a refusal; at most once a minute, enrolment and code, because whoever is refused is not known.
    async fn recorded<T, E: Fault + Into<Refused>>(
        &self,
        result: Result<T, E>,
    ) -> Result<T, Problem> {
        let error: Refused = match result {
            Ok(value) => return Ok(value),
            Err(error) => error.into(),
        };
        let (enrolment, code) = (self.request.fields.token.enrolment, error.code());
        if !matches!(error, Refused::Store(_)) {
            let minute = self.now.unix_s() / 60;
            let Digest(digest) =
                Digest::of(format!("enrolment-denied|{enrolment}|{code}|{minute}"));
            let id =
                digest.first_chunk().map(|bytes| EventId::from_u128(u128::from_be_bytes(*bytes)));
            let event = AuditEvent::denied(
                EventKind::EnrolmentDenied,
                Target::new("enrolment", enrolment),
                code,
            );
            match self.data.commit_as(id, &Actor::anonymous(), self.now, Change::new(event)).await {
                Ok(_) | Err(StoreError::Exists) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(error.into())
    }
}

/// Why a Runner with a token was not let in.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Token(#[from] EnrolmentError),
    #[error(transparent)]
    Keys(#[from] CustomerKeysError),
    #[error(transparent)]
    Request(#[from] protocol::enrolment::EnrolmentError),
    #[error("the enrolment was issued for a Runner of another name; issue one for this name")]
    Name,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for Refused {
    fn class(&self) -> Class {
        match self {
            Self::Token(error) => error.class(),
            Self::Keys(error) => error.class(),
            Self::Request(error) => error.class(),
            Self::Name => Class::Invalid,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Token(error) => error.code(),
            Self::Keys(error) => error.code(),
            Self::Request(error) => error.code(),
            Self::Name => "certificate-mismatch",
            Self::Store(error) => error.code(),
        }
    }
}
