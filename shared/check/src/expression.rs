//! A compiled expression.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, LazyLock},
};

use cel::{Context, Env, IdedExpr, parser::PrattParser};
use domain::procedure::EXPRESSION_BYTES_MAX;
use serde_json::Value;

use crate::{Verdict, cost, names};

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// Brackets and operators around a value, at most: parser and evaluation recurse, and the stack is finite.
const NESTING_MAX: u16 = 40;

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    root: IdedExpr,
}

/// Why a text is not an expression that we evaluate.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CompileError {
    /// It is empty or longer than [`EXPRESSION_BYTES_MAX`].
    #[error("an expression has 1 to {EXPRESSION_BYTES_MAX} bytes: split it into several checks")]
    Length,
    /// It is not CEL.
    #[error("it is not a CEL expression: {0}")]
    Syntax(String),
    /// It names something that does not exist here.
    #[error("'{0}' means nothing here: name 'value', 'now' and CEL's own operators and functions")]
    UnknownName(String),
    /// It does not look at what was collected.
    #[error("it does not mention 'value', so it says nothing about what was collected")]
    Constant,
    /// It nests too deeply.
    #[error("it nests more than {NESTING_MAX} times: split it into several checks")]
    Nesting,
    /// It could take too much time or memory.
    #[error("it could take too much time or memory: {0}")]
    Expensive(&'static str),
}

impl CompileError {
    /// The stable code of the finding.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Length => "expression-length",
            Self::Syntax(_) => "expression-syntax",
            Self::UnknownName(_) => "expression-unknown-name",
            Self::Constant => "expression-constant",
            Self::Nesting => "expression-nesting",
            Self::Expensive(_) => "expression-expensive",
        }
    }
}

impl Expression {
    /// The expression that `text` writes.
    ///
    /// # Errors
    /// [`CompileError`]: the first thing that is wrong with it.
    pub fn compile(text: &str) -> Result<Self, CompileError> {
        if text.trim().is_empty() || text.len() > EXPRESSION_BYTES_MAX {
            return Err(CompileError::Length);
        }
        let root = parse(text)?;
        if names::nesting(&root) > usize::from(NESTING_MAX) {
            return Err(CompileError::Nesting);
        }
        if let Some(name) = names::unknown_name(&root) {
            return Err(CompileError::UnknownName(name));
        }
        if !names::names_value(&root) {
            return Err(CompileError::Constant);
        }
        if let Some(reason) = cost::refusal(&root) {
            return Err(CompileError::Expensive(reason));
        }
        Ok(Self { root })
    }

    /// What it says about `value` at `now_s` (seconds since 1970). Total: a panic or an excess of work is an error.
    pub fn evaluate(&self, value: &Value, now_s: i64) -> Verdict {
        if cost::cost(&self.root, weight(value)) > cost::COST_MAX {
            return Verdict::NotEvaluable;
        }
        let evaluated = catch_unwind(AssertUnwindSafe(|| {
            let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
            context.add_variable_from_value("value", to_cel(value));
            context.add_variable_from_value("now", now_s);
            Verdict::of(cel::Value::resolve(&self.root, &context))
        }));
        evaluated.unwrap_or(Verdict::NotEvaluable)
    }
}

/// The hand-written parser of `cel`: linear in time and bounded in depth, where the generated one is neither.
fn parse(text: &str) -> Result<IdedExpr, CompileError> {
    let parser = PrattParser::new().max_recursion_depth(NESTING_MAX).error_recovery_limit(0);
    // A panic in it is a text that we do not understand.
    catch_unwind(AssertUnwindSafe(|| parser.parse(text)))
        .map_err(|_| CompileError::Syntax("the parser gave up".to_owned()))?
        .map_err(|errors| CompileError::Syntax(clipped(&errors.to_string())))
}

fn clipped(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(200).collect()
}

/// Nodes, and text in steps of 16 bytes.
fn weight(value: &Value) -> u64 {
    let own = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len() / 16,
        Value::Array(items) => return 1 + items.iter().map(weight).sum::<u64>(),
        Value::Object(fields) => {
            let keys: usize = fields.keys().map(|key| key.len() / 16).sum();
            let inner: u64 = fields.values().map(weight).sum();
            return 1 + inner + u64::try_from(keys).unwrap_or(u64::MAX);
        }
    };
    1 + u64::try_from(own).unwrap_or(u64::MAX)
}

/// Integers are `int` where they fit, so that arithmetic with literals works: CEL has no `uint + int`.
fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(truth) => cel::Value::Bool(*truth),
        Value::Number(number) => number.as_i64().map_or_else(
            || {
                number
                    .as_u64()
                    .map_or_else(|| number.as_f64().unwrap_or(f64::NAN).into(), Into::into)
            },
            Into::into,
        ),
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(to_cel).collect::<Vec<_>>().into(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, inner)| (name.clone(), to_cel(inner)))
            .collect::<HashMap<_, _>>()
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use domain::run::Outcome;
    use serde_json::json;

    use super::*;

    fn verdict(text: &str, value: Value) -> Verdict {
        Expression::compile(text).unwrap().evaluate(&value, 1_000)
    }

    fn code(text: &str) -> &'static str {
        Expression::compile(text).unwrap_err().code()
    }

    #[test]
    fn true_passes_and_false_fails() {
        assert_eq!(verdict("value.mode == '0644'", json!({ "mode": "0644" })), Verdict::Holds);
        assert_eq!(verdict("value.mode == '0644'", json!({ "mode": "0666" })), Verdict::Fails);
    }

    #[test]
    fn integers_of_json_calculate_with_literals_and_with_now() {
        assert_eq!(verdict("value.n + 1 == 6", json!({ "n": 5 })), Verdict::Holds);
        assert_eq!(verdict("value.until > now + 10", json!({ "until": 1_011 })), Verdict::Holds);
        assert_eq!(verdict("value.until > now + 10", json!({ "until": 1_010 })), Verdict::Fails);
        assert_eq!(verdict("value.n > 1", json!({ "n": u64::MAX })), Verdict::Holds);
        assert_eq!(verdict("value.n > 1.4", json!({ "n": 1.5 })), Verdict::Holds);
    }

    #[test]
    fn what_is_neither_true_nor_false_never_passes() {
        assert_eq!(verdict("value.mode", json!({ "mode": "true" })), Verdict::NotBoolean);
        assert_eq!(verdict("value.n", json!({ "n": 1 })), Verdict::NotBoolean);
        assert_eq!(verdict("value.mode == 'x'", json!({})), Verdict::FieldMissing);
        assert_eq!(verdict("value.list[3] == 1", json!({ "list": [1] })), Verdict::FieldMissing);
        assert_eq!(verdict("value.n / 0 == 1", json!({ "n": 1 })), Verdict::NotEvaluable);
        assert_eq!(verdict("value.n + 'a' == 1", json!({ "n": 1 })), Verdict::NotEvaluable);
        assert_eq!(verdict("value.n.x == 1", json!({ "n": 1 })).outcome(), Outcome::Error);
        assert_eq!(verdict("value.n > 1", json!({ "n": null })).outcome(), Outcome::Error);
    }

    #[test]
    fn presence_and_macros_work() {
        let value = json!({ "lines": ["a", "b=2"], "map": { "k": "v" } });
        for text in [
            "has(value.map.k) && !has(value.map.other)",
            "value.lines.exists(l, l.startsWith('b'))",
            "value.lines.all(l, size(l) >= 1)",
            "value.lines.filter(l, l.contains('=')).size() == 1",
            "value.lines.map(l, size(l)) == [1, 3]",
            "value.lines.exists_one(l, l == 'a')",
            "'k' in value.map && 'a' in value.lines",
            "value.lines[1].matches('^[a-z]=[0-9]$')",
            "value.lines.exists(l, value.lines.exists(m, m != l))",
        ] {
            assert_eq!(verdict(text, value.clone()), Verdict::Holds, "{text}");
        }
    }

    #[test]
    fn what_does_not_compile_says_why() {
        assert_eq!(code(""), "expression-length");
        assert_eq!(code(&format!("value == '{}'", "a".repeat(2_048))), "expression-length");
        assert_eq!(code("value =="), "expression-syntax");
        assert_eq!(code("vlaue.x == 1"), "expression-unknown-name");
        assert_eq!(code("value.x == 1 || exec('rm')"), "expression-unknown-name");
        assert_eq!(code("value.l.all(x, y == 1)"), "expression-unknown-name");
        assert_eq!(code("1 == 1"), "expression-constant");
    }

    #[test]
    fn what_could_fill_the_memory_is_refused() {
        let doubling = "['a', value.s].map(x, x + x).map(x, x + x).size() == 1";
        assert_eq!(code(doubling), "expression-expensive");
        assert_eq!(code("value.l.map(x, [x, x]).map(x, [x, x]) == []"), "expression-expensive");
        assert_eq!(code("value.l.all(x, x + x == 'aa')"), "expression-expensive");
        assert_eq!(code("value.l.all(x, x.matches(x))"), "expression-expensive");
        assert!(Expression::compile("value.l.all(x, x + 1 > 2)").is_ok());
        assert!(Expression::compile("value.l.filter(x, x > 1).filter(x, x < 9) == []").is_ok());
    }

    #[test]
    fn what_could_take_too_long_is_an_error_and_never_starts() {
        let value = json!({ "l": vec![1; 10_000] });
        assert_eq!(verdict("value.l.all(x, x == 1)", value.clone()), Verdict::Holds);
        let squared = "value.l.all(x, value.l.all(y, value.l.all(z, z == x)))";
        assert_eq!(verdict(squared, value), Verdict::NotEvaluable);
    }

    #[test]
    fn deep_and_mangled_texts_are_refused_without_a_panic() {
        for text in [
            format!("{}value", "!(".repeat(900)),
            format!("value{}", ".a".repeat(1_000)),
            format!("value == 1{}", "+1".repeat(1_000)),
            format!("value == {}{}", "[".repeat(500), "]".repeat(500)),
            format!("value ? {}", "value ? ".repeat(200)),
            "ma[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\x0c\0\0[[[[putTo?[[[ep".to_owned(),
        ] {
            assert!(Expression::compile(&text).is_err(), "{text}");
        }
        let flat = format!("value == {}1{}", "(".repeat(1_000), ")".repeat(1_000));
        assert_eq!(verdict(&flat, json!(1)), Verdict::Holds);
    }
}
