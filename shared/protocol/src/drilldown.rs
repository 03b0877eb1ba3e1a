//! Drill-downs: a viewer's signed request to a Runner, carried by a control plane that can neither make it nor read
//! the answer.
//!
//! The request is an HTTP request to an authority that does not exist, `https://<Runner>.runner.invalid`, signed as
//! RFC 9421 by a key that the customer listed at the Runner. The answer is sealed to a key that only the viewer has
//! (HPKE, RFC 9180) and proved against the evidence's commitment.

mod answer;
mod request;

pub use answer::{ANSWER_MAX, AnswerError, AnswerKey, check_disclosure, seal_answer};
pub use request::{
    DisclosureRequest, LIFETIME_MAX_S, PATHS_MAX, SignedRequest, ViewerRequest, build, check_shape,
    read, target_uri,
};

#[cfg(test)]
mod tests;
