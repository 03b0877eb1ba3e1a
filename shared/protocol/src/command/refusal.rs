//! Why a Runner does not do what it is asked.

use domain::{Class, Fault};
use serde::{Deserialize, Serialize};

macro_rules! refusal_codes {
    ($($variant:ident = $code:literal: $doc:literal;)*) => {
        /// Why a Runner did not do what it was asked (add, never rename).
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize, thiserror::Error)]
        pub enum RefusalCode {
            $(#[doc = $doc] #[error($doc)] #[serde(rename = $code)] $variant,)*
        }

        impl RefusalCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code in messages and problems.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }
        }
    };
}

refusal_codes! {
    Unsigned = "unsigned": "No key that counts has signed it.";
    SignatureInvalid = "signature-invalid": "A signature does not verify.";
    UnknownField = "unknown-field": "It has a field that this Runner does not know.";
    Malformed = "malformed": "It is not a message of the expected shape.";
    WrongRunner = "wrong-runner": "It is for another Runner or tenant.";
    CommandExpired = "command-expired": "Its time is not yet, or is over.";
    Replay = "replay": "It was obeyed before.";
    ViewerUnlisted = "viewer-unlisted": "The customer has not listed the viewer's key.";
    WrongRequester = "wrong-requester": "The viewer and the control plane name different persons.";
    EvidenceUnknown = "evidence-unknown": "This Runner does not hold that evidence, or not under these paths.";
    PurposeNotAllowed = "purpose-not-allowed": "The customer does not allow this purpose to this viewer.";
    QuotaExceeded = "quota-exceeded": "The customer's limit for today is reached.";
    AnswerTooLarge = "answer-too-large": "The answer is longer than is carried; ask for fewer paths.";
    ProcedureUnknown = "procedure-unknown": "The procedure version cannot be had.";
    ProcedureUnsigned = "procedure-unsigned": "Too few of the customer's keys have signed the procedure.";
    RateLimited = "rate-limited": "Too many runs were asked for.";
    Internal = "internal": "The Runner could not do it.";
}

impl Fault for RefusalCode {
    fn class(&self) -> Class {
        match self {
            Self::Unsigned | Self::SignatureInvalid | Self::CommandExpired => {
                Class::Unauthenticated
            }
            Self::UnknownField | Self::Malformed => Class::Invalid,
            Self::WrongRunner
            | Self::ViewerUnlisted
            | Self::WrongRequester
            | Self::PurposeNotAllowed
            | Self::ProcedureUnsigned => Class::Forbidden,
            Self::Replay => Class::Conflict,
            Self::EvidenceUnknown | Self::ProcedureUnknown => Class::NotFound,
            Self::QuotaExceeded | Self::RateLimited => Class::TooMany,
            Self::AnswerTooLarge => Class::TooLarge,
            Self::Internal => Class::Internal,
        }
    }

    fn code(&self) -> &'static str {
        self.as_str()
    }
}
