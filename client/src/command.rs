//! What a person or a script can ask the control plane for.

use std::io::Write;

use clap::{Args, Subcommand};

use crate::{
    account::{self, SessionsArgs},
    call::CallArgs,
    failure::Failure,
    forgotten::{self, ForgottenArgs},
    nouns::{
        admin::{self, AdminArgs},
        audit::{self, AuditArgs},
        customer_keys::{self, CustomerKeysArgs},
        invitations::{self, InvitationsArgs},
        password::{self, BackupCodesArgs, PasswordArgs},
        procedures::{self, ProceduresArgs},
        recoveries::{self, RecoveriesArgs},
        roles::{self, RolesArgs},
        runners::{self, RunnersArgs},
        runs::{self, RunsArgs},
        second_factor::{self, SecondFactorArgs},
        tenant::{self, TenantArgs},
        tokens::{self, TokensArgs},
        users::{self, UsersArgs},
        visits::{self, VisitsArgs},
    },
    print::Printer,
    sign_in::{self, LoginArgs},
};

/// The commands that call the control plane.
#[derive(Clone, Debug, Subcommand)]
pub enum ClientCommand {
    /// Sign in on this machine; with an invitation, make your account first
    Login(LoginArgs),
    /// Sign this machine out
    Logout(AloneArgs),
    /// Who you are, and what you may do
    Whoami(AloneArgs),
    /// Show your second factor again: what is sensitive works for five minutes
    StepUp(AloneArgs),
    /// Choose another password; every device is signed out, this one included
    Password(PasswordArgs),
    /// Choose another password by mail, when you forgot yours
    ForgotPassword(ForgottenArgs),
    /// Set up another authenticator app in place of yours; every device is signed out, this one included
    SecondFactor(SecondFactorArgs),
    /// Make ten new backup codes; the old ones are void
    BackupCodes(BackupCodesArgs),
    /// The devices that you are signed in on
    Sessions(SessionsArgs),
    /// Personal access tokens, for programs that act in your name
    Tokens(TokensArgs),
    /// Your tenant: its plan, its state, its settings
    Tenant(TenantArgs),
    /// The users of your tenant, and who is invited
    Users(UsersArgs),
    /// Invitations that wait for their person
    Invitations(InvitationsArgs),
    /// Users who lost their second factor
    Recoveries(RecoveriesArgs),
    /// Visits of operators of the service, as far as you allow them
    Visits(VisitsArgs),
    /// The roles that your tenant made itself
    Roles(RolesArgs),
    /// The customer's Runners
    Runners(RunnersArgs),
    /// Whose signatures count: the keys that certify Runners and sign procedures
    CustomerKeys(CustomerKeysArgs),
    /// Procedures and their versions
    Procedures(ProceduresArgs),
    /// Runs and their statements
    Runs(RunsArgs),
    /// The audit log: read, prove, export
    Audit(AuditArgs),
    /// What operators of the service do: tenants, plans, visits
    Admin(AdminArgs),
}

/// A command without a noun.
#[derive(Args, Clone, Debug)]
pub struct AloneArgs {
    #[command(flatten)]
    call: CallArgs,
}

impl ClientCommand {
    fn call(&self) -> &CallArgs {
        match self {
            Self::Login(args) => &args.call,
            Self::Logout(args) | Self::Whoami(args) | Self::StepUp(args) => &args.call,
            Self::Password(args) => &args.call,
            Self::ForgotPassword(args) => &args.call,
            Self::SecondFactor(args) => &args.call,
            Self::BackupCodes(args) => &args.call,
            Self::Sessions(args) => &args.call,
            Self::Tokens(args) => &args.call,
            Self::Tenant(args) => &args.call,
            Self::Users(args) => &args.call,
            Self::Invitations(args) => &args.call,
            Self::Recoveries(args) => &args.call,
            Self::Visits(args) => &args.call,
            Self::Admin(args) => &args.call,
            Self::Roles(args) => &args.call,
            Self::Runners(args) => &args.call,
            Self::CustomerKeys(args) => &args.call,
            Self::Procedures(args) => &args.call,
            Self::Runs(args) => &args.call,
            Self::Audit(args) => &args.call,
        }
    }

    async fn run(&self, printer: &mut Printer<'_>) -> Result<(), Failure> {
        match self {
            Self::Login(args) => sign_in::login(args, printer).await,
            Self::Logout(args) => account::logout(&args.call, printer).await,
            Self::Whoami(args) => account::whoami(&args.call, printer).await,
            Self::StepUp(args) => account::step_up(&args.call, printer).await,
            Self::Password(args) => password::password(args, printer).await,
            Self::ForgotPassword(args) => forgotten::forgotten(args, printer).await,
            Self::SecondFactor(args) => second_factor::second_factor(args, printer).await,
            Self::BackupCodes(args) => password::backup_codes(args, printer).await,
            Self::Sessions(args) => account::sessions(args, printer).await,
            Self::Tokens(args) => tokens::tokens(args, printer).await,
            Self::Tenant(args) => tenant::tenant(args, printer).await,
            Self::Users(args) => users::users(args, printer).await,
            Self::Invitations(args) => invitations::invitations(args, printer).await,
            Self::Recoveries(args) => recoveries::recoveries(args, printer).await,
            Self::Visits(args) => visits::visits(args, printer).await,
            Self::Admin(args) => admin::admin(args, printer).await,
            Self::Roles(args) => roles::roles(args, printer).await,
            Self::Runners(args) => runners::runners(args, printer).await,
            Self::CustomerKeys(args) => customer_keys::customer_keys(args, printer).await,
            Self::Procedures(args) => procedures::procedures(args, printer).await,
            Self::Runs(args) => runs::runs(args, printer).await,
            Self::Audit(args) => audit::audit(args, printer).await,
        }
    }
}

/// Does what the command says. The exit code: 0 done, 1 refused or failed, 2 usage.
pub async fn execute(
    command: &ClientCommand,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> u8 {
    let json = command.call().json;
    let done = command.run(&mut Printer { json, out, err: &mut *err }).await;
    match done {
        Ok(()) => 0,
        Err(failure) => {
            failure.say(json, err);
            failure.exit_code()
        }
    }
}
