//! What an expression says about a value.

use cel::{ExecutionError, Value};
use domain::run::{Outcome, ReasonCode};

/// What an expression says about a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// True: it holds.
    Holds,
    /// False: it does not hold.
    Fails,
    /// The value lacks a field or an element that the expression names.
    FieldMissing,
    /// The expression yields something that is neither true nor false.
    NotBoolean,
    /// The expression cannot be evaluated over the value, or not with reasonable work.
    NotEvaluable,
}

impl Verdict {
    /// How the check ended: pass only when the expression is true.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Holds => Outcome::Pass,
            Self::Fails => Outcome::Fail,
            Self::FieldMissing => Outcome::Inconclusive,
            Self::NotBoolean | Self::NotEvaluable => Outcome::Error,
        }
    }

    /// Why.
    pub const fn reason(self) -> ReasonCode {
        match self {
            Self::Holds => ReasonCode::ChecksPassed,
            Self::Fails => ReasonCode::CheckFailed,
            Self::FieldMissing => ReasonCode::CheckInconclusive,
            Self::NotBoolean | Self::NotEvaluable => ReasonCode::CheckError,
        }
    }

    pub(crate) fn of(result: Result<Value, ExecutionError>) -> Self {
        match result {
            Ok(Value::Bool(true)) => Self::Holds,
            Ok(Value::Bool(false)) => Self::Fails,
            Ok(_) => Self::NotBoolean,
            Err(ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_)) => {
                Self::FieldMissing
            }
            Err(_) => Self::NotEvaluable,
        }
    }
}
