//! `proofline tenant`: what the tenant is, may use, and decided.

use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    print::{Column, Printer},
};

const TENANT: [Column; 7] = [
    ("Tenant", "/tenant"),
    ("Name", "/name"),
    ("Plan", "/plan"),
    ("State", "/state"),
    ("Settings", "/settings"),
    ("Since", "/created_at"),
    ("Closes", "/closes_at"),
];

/// Your tenant.
#[derive(Args, Clone, Debug)]
pub struct TenantArgs {
    #[command(subcommand)]
    what: Option<TenantCommand>,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum TenantCommand {
    /// The tenant, its state and its settings
    Show,
    /// What it may use: its plan, and what was changed for it
    Entitlements,
    /// Change some of the settings; the others stay as they are
    Settings(SettingsArgs),
    /// Say who needs a second factor of ours
    MfaPolicy {
        /// Who
        #[arg(value_enum)]
        policy: MfaPolicy,
    },
    /// Say whether an operator of the service may visit: never, when you allow the visit, or until a time
    SupportAccess {
        #[command(subcommand)]
        access: SupportAccess,
    },
    /// Which key wraps the tenant's keys: ours, or one of its own
    EncryptionKey {
        #[command(subcommand)]
        what: Option<EncryptionKey>,
    },
    /// Close the tenant: it is read and exported for 30 days, then its keys are destroyed. A legal hold prevents it
    Close {
        /// The tenant's name, typed again exactly as it is
        #[arg(long, value_name = "NAME")]
        confirm: String,
    },
    /// Take the closing back, within its 30 days
    Reopen,
}

#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = true)]
struct SettingsArgs {
    /// How many days before a change that concerns you, you are told: 14 to 365
    #[arg(long, value_name = "DAYS")]
    notice_days: Option<u16>,
    /// After how many hours a session ends at the latest: 1 to 168
    #[arg(long, value_name = "HOURS")]
    session_max_h: Option<u16>,
    /// After how many minutes without a sign of life a session ends: 15 to 10080
    #[arg(long, value_name = "MINUTES")]
    session_idle_min: Option<u16>,
    /// Which duties are kept apart, instead of those that are now: `runner_enrolment`, `roles_and_evidence`, `roles_and_publishing`; repeat for several
    #[arg(long = "keep-apart", value_name = "RULE")]
    separations: Vec<String>,
    /// Keep no duties apart beyond what always is
    #[arg(long, conflicts_with = "separations")]
    keep_none_apart: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum MfaPolicy {
    /// Whoever has a password
    PasswordUsers,
    /// Everyone, also who comes by single sign-on
    Everyone,
}

#[derive(Clone, Debug, Subcommand)]
enum SupportAccess {
    /// Never; a visit that is on ends
    Off,
    /// After one of you allowed the visit
    Ask,
    /// Without asking again, until a time within the next 30 days
    Until {
        /// Such as `2026-11-22T00:00:00Z`
        time: String,
    },
}

#[derive(Clone, Debug, Subcommand)]
enum EncryptionKey {
    /// Which key it is
    Show,
    /// Wrap the tenant's keys by one of its own; while that key is taken away, nothing of the tenant opens
    Set {
        /// `https://NAME.vault.azure.net`, or `local` for a key file on one machine
        #[arg(long)]
        vault: String,
        /// The key's name there
        #[arg(long)]
        key: String,
    },
    /// Wrap the tenant's keys by ours again; its own is still needed for that
    Remove,
}

const KEY: [Column; 3] = [("Vault", "/vault"), ("Key", "/key"), ("Complete", "/complete")];

impl MfaPolicy {
    const fn name(self) -> &'static str {
        match self {
            Self::PasswordUsers => "password_users",
            Self::Everyone => "everyone",
        }
    }
}

impl SupportAccess {
    fn to_json(&self) -> Value {
        match self {
            Self::Off => json!("off"),
            Self::Ask => json!("ask"),
            Self::Until { time } => json!({"granted_until": time}),
        }
    }
}

const PATH: &str = "/api/auth/v1/tenant";

pub(crate) async fn tenant(args: &TenantArgs, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    let (method, rest, body) = match args.what.as_ref().unwrap_or(&TenantCommand::Show) {
        TenantCommand::Show => (Method::GET, "", None),
        TenantCommand::Entitlements => {
            let answer = caller.get(&format!("{PATH}/entitlements")).await?;
            return printer.record(
                &answer,
                &[("Plan", "/plan"), ("Features", "/features"), ("Quotas", "/quotas")],
            );
        }
        TenantCommand::Settings(changes) => {
            let now = caller.get(PATH).await?;
            (Method::PUT, "/settings", Some(changes.over(&now)))
        }
        TenantCommand::MfaPolicy { policy } => {
            (Method::PUT, "/mfa-policy", Some(json!({"policy": policy.name()})))
        }
        TenantCommand::SupportAccess { access } => {
            (Method::PUT, "/support-access", Some(json!({"access": access.to_json()})))
        }
        TenantCommand::EncryptionKey { what } => {
            let answer = encryption_key(&mut caller, what.as_ref()).await?;
            return printer.record(&answer, &KEY);
        }
        TenantCommand::Close { confirm } => {
            (Method::POST, "/close", Some(json!({"name": confirm})))
        }
        TenantCommand::Reopen => (Method::POST, "/reopen", Some(json!({}))),
    };
    let answer = caller.call(method, &format!("{PATH}{rest}"), body.as_ref()).await?;
    printer.record(&answer, &TENANT)
}

async fn encryption_key(
    caller: &mut Caller,
    what: Option<&EncryptionKey>,
) -> Result<Value, Failure> {
    let path = format!("{PATH}/encryption-key");
    match what.unwrap_or(&EncryptionKey::Show) {
        EncryptionKey::Show => caller.get(&path).await,
        EncryptionKey::Set { vault, key } => {
            let body = json!({"vault": vault, "key": key});
            caller.call(Method::PUT, &path, Some(&body)).await
        }
        EncryptionKey::Remove => caller.post(&format!("{path}/remove"), &json!({})).await,
    }
}

impl SettingsArgs {
    /// The settings as they are, with what is to change.
    fn over(&self, tenant: &Value) -> Value {
        let kept = ["notice_days", "session_max_h", "session_idle_min", "separations"];
        let setting = |name: &str| {
            let value = tenant.get("settings").and_then(|settings| settings.get(name)).cloned();
            value.map(|value| (name.to_owned(), value))
        };
        let mut settings: Map<String, Value> = kept.into_iter().filter_map(setting).collect();
        let numbers = [
            ("notice_days", self.notice_days),
            ("session_max_h", self.session_max_h),
            ("session_idle_min", self.session_idle_min),
        ];
        for (name, value) in numbers {
            settings.extend(value.map(|value| (name.to_owned(), value.into())));
        }
        if self.keep_none_apart || !self.separations.is_empty() {
            settings.insert("separations".to_owned(), self.separations.clone().into());
        }
        Value::Object(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays_as_it_is() {
        let tenant = json!({"settings": {
            "notice_days": 30, "session_max_h": 8, "session_idle_min": 60,
            "separations": ["roles_and_evidence"], "mfa_policy": "everyone",
        }});
        let mut changes = SettingsArgs {
            notice_days: None,
            session_max_h: Some(12),
            session_idle_min: None,
            separations: Vec::new(),
            keep_none_apart: false,
        };
        assert_eq!(
            changes.over(&tenant),
            json!({"notice_days": 30, "session_max_h": 12, "session_idle_min": 60, "separations": ["roles_and_evidence"]})
        );
        changes.keep_none_apart = true;
        assert_eq!(changes.over(&tenant)["separations"], json!([]));
    }
}
