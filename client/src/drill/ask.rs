//! Asking through the control plane, and waiting for the sealed answer.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::{DrilldownId, Timestamp, UserId};
use protocol::{
    Base64Url, Digest, V1,
    command::CommandResult,
    commitment::Disclosure,
    drilldown::{AnswerKey, DisclosureRequest, build},
    dsse::{self, Envelope},
    key::{Ed25519Key, PublicKey},
};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::{DrillArgs, DrillError, read};
use crate::Api;

/// How long a request counts: the most that the Runner accepts.
const LIFETIME: Duration = Duration::from_mins(5);
/// Between two looks for the answer.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A request that is on its way.
pub(super) struct Asked {
    drilldown: DrilldownId,
    request: DisclosureRequest,
    request_sha256: Digest,
    answer_key: AnswerKey,
}

#[derive(Deserialize)]
struct Me {
    user: UserId,
    tenant: domain::TenantId,
}

#[derive(Deserialize)]
struct Accepted {
    drilldown: DrilldownId,
}

#[derive(Deserialize)]
struct Progress {
    state: String,
    code: Option<String>,
    result: Option<Envelope>,
}

/// Signs the request with the viewer's key and hands it to the control plane.
pub(super) async fn ask(api: &Api, args: &DrillArgs) -> Result<Asked, DrillError> {
    let me: Me = api.get("/api/auth/v1/me").await?;
    let answer_key = AnswerKey::from_ikm(&*random::<32>()?);
    let now = now()?;
    let request = DisclosureRequest {
        v: V1,
        drilldown_nonce: Base64Url(*random::<16>()?),
        runner: args.runner,
        tenant: me.tenant,
        evidence: args.evidence,
        paths: args.paths.clone(),
        purpose: args.purpose.clone(),
        requester: me.user,
        hpke_public: answer_key.public(),
        not_after: now.plus(LIFETIME),
    };
    let (signed, request_sha256) = build(&request, &viewer_key(args)?, now)?;
    let body = json!({"run": args.run, "request": signed});
    let accepted: Accepted =
        api.post(&format!("/api/runs/v1/evidence/{}/drilldowns", args.evidence), &body).await?;
    Ok(Asked { drilldown: accepted.drilldown, request, request_sha256, answer_key })
}

impl Asked {
    /// What was asked.
    pub(super) fn request(&self) -> &DisclosureRequest {
        &self.request
    }

    /// Waits for the Runner, checks that it was this Runner that answered this request, and opens the answer.
    pub(super) async fn wait(
        &self,
        api: &Api,
        args: &DrillArgs,
        runner: &PublicKey,
    ) -> Result<Disclosure, DrillError> {
        let began = Instant::now();
        loop {
            let progress: Progress =
                api.get(&format!("/api/runs/v1/drilldowns/{}", self.drilldown)).await?;
            match (progress.state.as_str(), progress.result) {
                ("delivered", Some(result)) => return self.open(&result, runner),
                ("denied", _) => {
                    return Err(DrillError::Refused(progress.code.unwrap_or_default()));
                }
                _ if began.elapsed().as_secs() >= args.timeout_s => {
                    return Err(DrillError::Timeout(args.timeout_s));
                }
                _ => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    fn open(&self, result: &Envelope, runner: &PublicKey) -> Result<Disclosure, DrillError> {
        let result: CommandResult = dsse::open(result, runner)?;
        let refused = || DrillError::Refused("the answer is to another request".to_owned());
        if result.request_sha256 != self.request_sha256 {
            return Err(refused());
        }
        let sealed = result.sealed.ok_or_else(refused)?;
        Ok(self.answer_key.open(&self.request_sha256, self.drilldown, &sealed.0)?)
    }
}

fn viewer_key(args: &DrillArgs) -> Result<Ed25519Key, DrillError> {
    let path = &args.viewer_key;
    let text = Zeroizing::new(read(path)?);
    let seed = text.trim().parse::<Digest>().map_err(|_| DrillError::File {
        path: path.clone(),
        why: "a viewer key is 64 hexadecimal digits; make one with `proofline runner keys new`"
            .to_owned(),
    })?;
    Ok(Ed25519Key::from_seed(&seed.0))
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, DrillError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes).map_err(|_| DrillError::Machine("randomness"))?;
    Ok(bytes)
}

fn now() -> Result<Timestamp, DrillError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a command line has no Clock: its request says when a person asked"
    )]
    let since =
        SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| DrillError::Machine("time"))?;
    i64::try_from(since.as_micros())
        .map(Timestamp::from_unix_us)
        .map_err(|_| DrillError::Machine("time"))
}
