//! Signing in: passwords, second factors, lockout, logins, sessions, tokens and invitations.
//!
//! Each rule takes the state, the time and the random values, and returns the new state and what to record.
//! In scope: password and TOTP sign-in, and what follows from it.
//! Out of scope: look-up, storage and sealing of fields (`functions/auth`), access tokens and HTTP (`web`).

mod credential;
mod email;
mod invitation;
mod lockout;
mod login;
mod password;
mod policy;
mod refresh;
mod session;
mod ticket;
mod totp;

pub use credential::{
    CodeError, CodeShown, Credential, EnrolmentError, Factor, FactorState, PasswordAnswer,
    StepUpAnswer,
};
pub use email::{Email, EmailError};
pub use invitation::{Invitation, InvitationError, InvitationState};
pub use lockout::{Lock, Lockout, Schedule};
pub use login::{
    CodeAnswer, Enrolling, Login, LoginError, LoginState, MfaVerified, Needs, Verifying,
};
pub use password::{Password, PasswordRecord, Pepper, RecordError};
pub use policy::{NewPassword, PasswordError};
pub use refresh::{RefreshError, RefreshKey, RefreshToken};
pub use session::{Revocation, Rotation, Session};
pub use ticket::{Ticket, TicketError, TicketKind};
pub use totp::{Step, TotpSecret};
