//! Signing in: passwords, second factors, lockout, logins, sessions, tokens and invitations.
//!
//! Each rule takes the state, the time and the random values, and returns the new state and what to record.
//! In scope: password and TOTP sign-in, and what follows from it.
//! Out of scope: look-up, storage and sealing of fields (`functions/auth`), access tokens and HTTP (`web`).

mod backup;
mod breach;
mod credential;
mod device;
mod email;
mod invitation;
mod limit;
mod lockout;
mod login;
mod password;
mod personal_token;
mod policy;
mod recovery;
mod refresh;
mod reset;
mod session;
mod signing;
mod ticket;
mod totp;

pub use backup::{BackupCode, BackupCodes, CodeHash};
pub use breach::{Breach, Range, is_listed};
pub use credential::{
    CodeError, CodeShown, Credential, EnrolmentError, Factor, FactorState, Method, PasswordAnswer,
    StepUpAnswer,
};
pub use device::{DeviceId, KnownDevice};
pub use email::{Email, EmailError};
pub use invitation::{
    Invitation, InvitationError, InvitationState, InvitedAddress, InviterError, may_invite,
};
pub use limit::{Level, Limit, LimitError, Taken};
pub use lockout::{Lock, Lockout, Schedule};
pub use login::{
    Acknowledged, CodeAnswer, Enrolling, Login, LoginError, LoginState, MfaVerified, Needs,
    Verifying,
};
pub use password::{Password, PasswordRecord, Pepper, RecordError};
pub use personal_token::{
    Epochs, PersonalToken, PersonalTokenError, PersonalTokenText, PersonalTokenTextError, TokenWish,
};
pub use policy::{NewPassword, PasswordError};
pub use recovery::{Approver, Recovery, RecoveryError, RecoveryState};
pub use refresh::{RefreshError, RefreshKey, RefreshToken};
pub use reset::{PasswordReset, ResetError};
pub use session::{Bounds, Revocation, Rotation, Session, SigningIn};
pub use signing::PublishedKey;
pub use ticket::{Ticket, TicketError, TicketKind};
pub use totp::{Step, TotpSecret};
