//! Who was admitted, as handlers take it from the request.

use axum::{extract::FromRequestParts, http::request::Parts};

use super::{Caller, Enrollee, Visitor};
use crate::Problem;

/// Makes what the guard put into the request available to handlers.
macro_rules! from_guard {
    ($($admitted:ty: $access:literal;)*) => {$(
        impl<S: Send + Sync> FromRequestParts<S> for $admitted {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
                let missing = || Problem::internal(&concat!("the endpoint is not declared as ", $access));
                parts.extensions.get::<Self>().cloned().ok_or_else(missing)
            }
        }
    )*};
}

from_guard! {
    Caller: "Access::Requires";
    Enrollee: "Access::Holds";
    Visitor: "an endpoint";
    crate::RunnerCaller: "Access::Runner";
}
