//! What an error means to a caller.

/// What a caller can do about an error; each is one HTTP status.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// 400: change the request.
    Invalid,
    /// 401: sign in, or step up.
    Unauthenticated,
    /// 403: ask someone who may.
    Forbidden,
    /// 404: it does not exist, or is another tenant's.
    NotFound,
    /// 405: use another method.
    Method,
    /// 409: read again, then decide.
    Conflict,
    /// 413: send less.
    TooLarge,
    /// 415: send another media type.
    Media,
    /// 422: understood, and contradicts what was sent before.
    Unprocessable,
    /// 429: wait.
    TooMany,
    /// 500: nothing; we were told.
    Internal,
    /// 503: try again; it may have been applied or not.
    Unavailable,
}

impl Class {
    /// The HTTP status (RFC 9110 §15).
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Method => 405,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::Media => 415,
            Self::Unprocessable => 422,
            Self::TooMany => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }
}

/// An error that can reach a caller. Its `Display` is the sentence that the caller reads.
pub trait Fault: std::error::Error {
    /// What the caller can do.
    fn class(&self) -> Class;
    /// The stable problem code, in kebab case; add, never rename.
    fn code(&self) -> &'static str;
}
