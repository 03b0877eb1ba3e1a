//! The command-line client of the control plane, and the library that it is made of.
//!
//! In scope: calling the public API as a person or with a personal access token, and the viewer's side of a drill-down, which never
//! shows its secrets to the control plane.
//! Out of scope: the Runner's own commands (`runner`), offline verification (`inspector`).

mod account;
mod api;
mod call;
mod command;
mod drill;
mod failure;
mod forgotten;
mod kept_session;
mod link;
mod nouns;
mod print;
mod prompt;
mod sign_in;

pub use account::SessionsArgs;
pub use api::{Api, ApiError, Problem};
pub use call::CallArgs;
pub use command::{AloneArgs, ClientCommand, execute};
pub use drill::{DrillArgs, DrillError, execute as drill};
pub use forgotten::ForgottenArgs;
pub use nouns::{
    admin::AdminArgs,
    audit::AuditArgs,
    customer_keys::CustomerKeysArgs,
    invitations::InvitationsArgs,
    password::{BackupCodesArgs, PasswordArgs},
    procedures::ProceduresArgs,
    recoveries::RecoveriesArgs,
    roles::RolesArgs,
    runners::RunnersArgs,
    runs::RunsArgs,
    second_factor::SecondFactorArgs,
    tenant::TenantArgs,
    tokens::TokensArgs,
    users::UsersArgs,
    visits::VisitsArgs,
};
pub use sign_in::LoginArgs;
