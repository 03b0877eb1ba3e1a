//! `proofline admin tenants`: customers' tenants.

use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    nouns::{PageArgs, Pages, encoded, invitations::INVITED},
    print::{Column, Printer},
};

const TENANTS: [Column; 5] = [
    ("TENANT", "/tenant"),
    ("NAME", "/name"),
    ("PLAN", "/plan"),
    ("STATE", "/state"),
    ("SINCE", "/created_at"),
];

const TENANT: [Column; 7] = [
    ("Tenant", "/tenant/tenant"),
    ("Name", "/tenant/name"),
    ("Plan", "/tenant/plan"),
    ("State", "/tenant/state"),
    ("Since", "/tenant/created_at"),
    ("Features", "/entitlements/features"),
    ("Quotas", "/entitlements/quotas"),
];

const MADE: [Column; 5] = [
    ("Tenant", "/tenant/tenant"),
    ("Name", "/tenant/name"),
    ("Plan", "/tenant/plan"),
    ("Owner", "/invitation/email"),
    ("Invited until", "/invitation/ends_at"),
];

#[derive(Clone, Debug, Subcommand)]
pub(super) enum TenantsCommand {
    /// The tenants, oldest first
    List {
        #[command(flatten)]
        page: PageArgs,
    },
    /// One tenant: its plan, its state, and what it may use
    Show(Which),
    /// Make a tenant, and invite its owner by mail
    Create {
        /// What it is called
        name: String,
        /// What it pays for
        #[arg(long, value_enum)]
        plan: PlanName,
        /// The owner's address
        #[arg(long, value_name = "EMAIL")]
        owner: String,
    },
    /// Invite the owner of a tenant that has nobody yet, again or at another address
    InviteOwner {
        #[command(flatten)]
        which: Which,
        /// The owner's address
        email: String,
    },
    /// Set a tenant's plan
    Plan {
        #[command(flatten)]
        which: Which,
        /// What it pays for
        #[arg(value_enum)]
        plan: PlanName,
    },
    /// Set what a tenant has beside its plan, or lacks of it; what is left out is as the plan says
    Override {
        #[command(flatten)]
        which: Which,
        /// A feature that it has or lacks, such as `custom_roles=on`; repeat for several
        #[arg(long = "feature", value_name = "NAME=on|off", value_parser = feature)]
        features: Vec<(String, bool)>,
        /// How much it has of something, such as `seats=40`; repeat for several
        #[arg(long = "quota", value_name = "NAME=NUMBER", value_parser = quota)]
        quotas: Vec<(String, u32)>,
        /// Why: 10 to 500 characters, which the tenant reads
        #[arg(long)]
        reason: String,
    },
    /// Take a tenant out of use: nobody signs in, data is kept
    Suspend(Because),
    /// Take a suspended tenant into use again
    Resume(Because),
}

#[derive(Args, Clone, Debug)]
pub(super) struct Which {
    /// Which tenant
    tenant: String,
}

#[derive(Args, Clone, Debug)]
pub(super) struct Because {
    #[command(flatten)]
    which: Which,
    /// Why: 10 to 500 characters, which the tenant reads
    #[arg(long)]
    reason: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum PlanName {
    /// To try it
    Free,
    /// One team
    Pro,
    /// Runners and self-service audit
    Business,
    /// Everything
    Enterprise,
}

impl PlanName {
    const fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
            Self::Business => "business",
            Self::Enterprise => "enterprise",
        }
    }
}

pub(super) const PATH: &str = "/api/auth/v1/platform/tenants";

pub(super) async fn tenants(
    call: &CallArgs,
    what: &TenantsCommand,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let mut caller = Caller::open(call).await?;
    let path = |Which { tenant }: &Which, rest: &str| format!("{PATH}/{}{rest}", encoded(tenant));
    let (method, path, body) = match what {
        TenantsCommand::List { page } => {
            let pages = Pages { path: PATH, member: "tenants", cursor: "after", page_max: 100 };
            let found = pages.read(&mut caller, &[], *page).await?;
            return printer.list(&found, &TENANTS, "There is no tenant.");
        }
        TenantsCommand::Show(which) => (Method::GET, path(which, ""), None),
        TenantsCommand::Create { name, plan, owner } => {
            let body = json!({"name": name, "plan": plan.name(), "owner_email": owner});
            let answer = caller.post(PATH, &body).await?;
            return printer.record(&answer, &MADE);
        }
        TenantsCommand::InviteOwner { which, email } => {
            let answer = caller.post(&path(which, "/owner"), &json!({"email": email})).await?;
            return printer.one(&answer, &INVITED);
        }
        TenantsCommand::Plan { which, plan } => {
            (Method::PUT, path(which, "/plan"), Some(json!({"plan": plan.name()})))
        }
        TenantsCommand::Override { which, features, quotas, reason } => {
            (Method::PUT, path(which, "/entitlements"), Some(changes(features, quotas, reason)))
        }
        TenantsCommand::Suspend(Because { which, reason }) => {
            (Method::POST, path(which, "/suspend"), Some(json!({"reason": reason})))
        }
        TenantsCommand::Resume(Because { which, reason }) => {
            (Method::POST, path(which, "/resume"), Some(json!({"reason": reason})))
        }
    };
    let answer = caller.call(method, &path, body.as_ref()).await?;
    printer.record(&answer, &TENANT)
}

fn changes(features: &[(String, bool)], quotas: &[(String, u32)], reason: &str) -> Value {
    let features: Map<_, _> =
        features.iter().map(|(name, on)| (name.clone(), (*on).into())).collect();
    let quotas: Map<_, _> =
        quotas.iter().map(|(name, limit)| (name.clone(), (*limit).into())).collect();
    json!({"features": features, "quotas": quotas, "reason": reason})
}

fn feature(text: &str) -> Result<(String, bool), String> {
    match text.split_once('=') {
        Some((name, "on")) => Ok((name.to_owned(), true)),
        Some((name, "off")) => Ok((name.to_owned(), false)),
        Some(_) | None => Err("say NAME=on or NAME=off".to_owned()),
    }
}

fn quota(text: &str) -> Result<(String, u32), String> {
    let parsed = text.split_once('=').map(|(name, limit)| (name.to_owned(), limit.parse()));
    match parsed {
        Some((name, Ok(limit))) => Ok((name, limit)),
        Some((_, Err(_))) | None => Err("say NAME=NUMBER".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_is_on_or_off_and_a_quota_is_a_number() {
        assert_eq!(feature("sso.oidc=off"), Ok(("sso.oidc".to_owned(), false)));
        assert_eq!(quota("seats=40"), Ok(("seats".to_owned(), 40)));
        for refused in ["seats", "seats=", "seats=-1", "seats=many"] {
            assert!(quota(refused).is_err() && feature(refused).is_err(), "{refused}");
        }
    }
}
