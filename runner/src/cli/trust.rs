//! `trust`: what this Runner's host allows.

use std::path::Path;

use protocol::{
    Name,
    trust_policy::{
        AllowedCommand, Commands, Connectors, DrilldownRules, Egress, ProcedureSigner, SignerRole,
        TrustPolicy, Viewer,
    },
};
use serde_json::json;

use super::{Bench, keys::public_key};
use crate::{
    args::{Allowances, Trust, TrustInit},
    exit::Failure,
    home::Home,
    report::Report,
};

pub(super) fn trust(trust: Trust, bench: &Bench<'_>) -> Result<Report, Failure> {
    let home = Home::open(&bench.home)?;
    match trust {
        Trust::Init(init) if home.has_trust() => Err(Failure::refused(
            "trust-exists",
            format!("there is a trust policy for {:?} already; edit it", init.deployment),
        )),
        Trust::Init(init) => save(&home, new_policy(*init)?),
        Trust::Show => show(&home.draft_trust()?),
        Trust::AddSigner { key, role } => {
            let mut policy = home.draft_trust()?;
            add_signer(&mut policy, &key, role)?;
            save(&home, policy)
        }
        Trust::AddViewer { key, name, purposes } => {
            let mut policy = home.draft_trust()?;
            add_viewer(&mut policy, &key, name, purposes)?;
            save(&home, policy)
        }
        Trust::Allow(allowances) => {
            let mut policy = home.draft_trust()?;
            allow(&mut policy, allowances);
            save(&home, policy)
        }
    }
}

fn new_policy(init: TrustInit) -> Result<TrustPolicy, Failure> {
    let named = match (init.token, init.tenant, init.root) {
        (Some(token), ..) => Some((token.tenant, token.root)),
        (None, Some(tenant), Some(root)) => Some((tenant, root)),
        (None, ..) => None,
    };
    let (tenant, control_plane_root) =
        named.ok_or_else(|| Failure::usage("give --token, or --tenant and --root"))?;
    let max_per_day = init.drilldowns_per_day;
    let mut policy = TrustPolicy {
        tenant,
        deployment: init.deployment,
        control_plane_root,
        authority: public_key(&init.authority)?,
        threshold: init.threshold,
        disclose: Vec::new(),
        procedure_signers: Vec::new(),
        viewers: Vec::new(),
        connectors: Connectors::default(),
        commands: Commands::default(),
        egress: Egress::default(),
        drilldown: DrilldownRules { max_per_day, purposes: Vec::new() },
    };
    allow(&mut policy, init.allow);
    Ok(policy)
}

fn add_signer(policy: &mut TrustPolicy, key: &Path, role: SignerRole) -> Result<(), Failure> {
    let jwk = public_key(key)?;
    if policy.procedure_signers.iter().any(|signer| signer.kid == jwk.kid()) {
        return Err(Failure::refused(
            "key-listed",
            format!("the key {} is listed already", jwk.kid()),
        ));
    }
    policy.procedure_signers.push(ProcedureSigner { kid: jwk.kid(), jwk, role });
    Ok(())
}

fn add_viewer(
    policy: &mut TrustPolicy,
    key: &Path,
    name: String,
    purposes: Vec<Name>,
) -> Result<(), Failure> {
    let jwk = public_key(key)?;
    if policy.viewers.iter().any(|viewer| viewer.kid == jwk.kid()) {
        return Err(Failure::refused(
            "key-listed",
            format!("the key {} is listed already", jwk.kid()),
        ));
    }
    add_each(&mut policy.drilldown.purposes, purposes.clone());
    policy.viewers.push(Viewer { kid: jwk.kid(), jwk, name, purposes });
    Ok(())
}

fn allow(policy: &mut TrustPolicy, allowances: Allowances) {
    let Allowances { connectors, programs, egress } = allowances;
    add_each(&mut policy.connectors.allow, connectors);
    add_each(&mut policy.egress.allow, egress);
    let programs =
        programs.into_iter().map(|path| AllowedCommand { path, sha256: None, argv_patterns: None });
    add_each(&mut policy.commands.allow, programs);
}

fn add_each<T: PartialEq>(list: &mut Vec<T>, added: impl IntoIterator<Item = T>) {
    for item in added {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

fn save(home: &Home, policy: TrustPolicy) -> Result<Report, Failure> {
    home.save_trust(&policy)?;
    show(&policy)
}

fn show(policy: &TrustPolicy) -> Result<Report, Failure> {
    let text = toml::to_string_pretty(policy).map_err(|error| Failure::usage(error.to_string()))?;
    let digest = policy.digest().map_err(|error| Failure::usage(error.to_string()))?;
    let problem = policy.check().err().map(|error| error.to_string());
    let mut lines = vec![text, format!("digest: {digest}")];
    lines.extend(problem.as_ref().map(|problem| format!("not usable yet: {problem}")));
    Ok(Report::done(lines, json!({ "policy": policy, "digest": digest, "problem": problem })))
}
