//! `proofline users`: who is in the tenant, who is invited, and what they may do.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    PageArgs, Pages, encoded,
    invitations::{self, INVITED},
    roles::{require_built_in, require_role},
    rows,
};
use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    print::{Column, Printer},
    prompt,
};

const USERS: [Column; 5] = [
    ("USER", "/user"),
    ("NAME", "/display_name"),
    ("ADDRESS", "/email"),
    ("ROLES", "/roles"),
    ("STATE", "/state"),
];

const USER: [Column; 7] = [
    ("User", "/user"),
    ("Name", "/display_name"),
    ("Address", "/email"),
    ("Roles", "/roles"),
    ("Roles of the tenant's own", "/custom_roles"),
    ("State", "/state"),
    ("Since", "/created_at"),
];

/// The users of your tenant.
#[derive(Args, Clone, Debug)]
pub struct UsersArgs {
    #[command(subcommand)]
    what: UsersCommand,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum UsersCommand {
    /// The users, oldest first
    List {
        #[command(flatten)]
        page: PageArgs,
    },
    /// One user
    Show(One),
    /// Invite a person by mail
    Invite {
        /// Their address
        email: String,
        /// What they may do, such as `auditor`
        #[arg(long)]
        role: String,
    },
    /// The invitations that wait for their person
    Invitations,
    /// Take an invitation back
    Uninvite {
        /// Which, as in the list
        invitation: String,
    },
    /// Give a user a role: a built-in one by its name, or one of the tenant's own by its identifier
    Grant(WithRole),
    /// Take a role from a user, and sign them out everywhere
    Ungrant(WithRole),
    /// Disable a user, and sign them out everywhere; their records stay, so that the log can be read
    #[command(visible_alias = "remove")]
    Disable(Sure),
    /// Enable a disabled user
    Enable(One),
    /// Lock a user for now, and sign them out everywhere
    #[command(visible_alias = "suspend")]
    Lock(One),
    /// Unlock a user whom an administrator locked, or too many wrong passwords
    #[command(visible_alias = "resume")]
    Unlock(One),
}

#[derive(Args, Clone, Debug)]
struct One {
    /// Which
    user: String,
}

#[derive(Args, Clone, Debug)]
struct Sure {
    /// Which
    user: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Args, Clone, Debug)]
struct WithRole {
    /// Which user
    user: String,
    /// Which role
    role: String,
}

const PATH: &str = "/api/auth/v1/users";

pub(crate) async fn users(args: &UsersArgs, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    let answer = match &args.what {
        UsersCommand::List { page } => {
            let pages = Pages { path: PATH, member: "users", cursor: "after", page_max: 100 };
            let found = pages.read(&mut caller, &[], *page).await?;
            return printer.list(&found, &USERS, "There is nobody.");
        }
        UsersCommand::Invitations => {
            let answer = caller.get(invitations::PATH).await?;
            return printer.list(rows(&answer, "invitations"), &INVITED, "Nobody is invited.");
        }
        UsersCommand::Invite { email, role } => {
            require_built_in(role)?;
            let answer =
                caller.post(invitations::PATH, &json!({"email": email, "role": role})).await?;
            return printer.one(&answer, &INVITED);
        }
        UsersCommand::Uninvite { invitation } => {
            let path = format!("{}/{}", invitations::PATH, encoded(invitation));
            let answer = caller.call(Method::DELETE, &path, None).await?;
            return printer.one(&answer, &INVITED);
        }
        UsersCommand::Disable(Sure { yes, .. })
            if !yes
                && !prompt::confirm("They are signed out everywhere. Disable them?", "--yes")? =>
        {
            return printer.say("Nothing was done.");
        }
        change @ (UsersCommand::Show(_)
        | UsersCommand::Grant(_)
        | UsersCommand::Ungrant(_)
        | UsersCommand::Disable(_)
        | UsersCommand::Enable(_)
        | UsersCommand::Lock(_)
        | UsersCommand::Unlock(_)) => change.send(&mut caller).await?,
    };
    printer.record(&answer, &USER)
}

impl UsersCommand {
    /// Sends what is done to one user.
    async fn send(&self, caller: &mut Caller) -> Result<Value, Failure> {
        let path = |user: &str, rest: &str| format!("{PATH}/{}{rest}", encoded(user));
        match self {
            Self::Show(One { user }) => caller.get(&path(user, "")).await,
            Self::Grant(WithRole { user, role }) => {
                require_role(role)?;
                caller.post(&path(user, "/roles"), &json!({"role": role})).await
            }
            Self::Ungrant(WithRole { user, role }) => {
                require_role(role)?;
                let rest = format!("/roles/{}", encoded(role));
                caller.call(Method::DELETE, &path(user, &rest), None).await
            }
            Self::Disable(Sure { user, .. }) => {
                caller.post(&path(user, "/disable"), &json!({})).await
            }
            Self::Enable(One { user }) => caller.post(&path(user, "/enable"), &json!({})).await,
            Self::Lock(One { user }) => caller.post(&path(user, "/lock"), &json!({})).await,
            Self::Unlock(One { user }) => caller.post(&path(user, "/unlock"), &json!({})).await,
            Self::List { .. } | Self::Invite { .. } | Self::Invitations | Self::Uninvite { .. } => {
                Err(Failure::Usage("this is not about one user".to_owned()))
            }
        }
    }
}
