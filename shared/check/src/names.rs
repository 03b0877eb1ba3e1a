//! What an expression may name: `value`, `now`, the variables of its own macros, and a closed list of functions.

use cel::common::ast::{EntryExpr, Expr, IdedExpr, operators as op};

const VARIABLES: [&str; 2] = ["value", "now"];
const TYPES: [&str; 9] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "uint"];
const FUNCTIONS: [&str; 12] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "uint",
    "double",
    "string",
    "type",
    "dyn",
    op::NOT_STRICTLY_FALSE,
];
const OPERATORS: [&str; 18] = [
    op::CONDITIONAL,
    op::LOGICAL_AND,
    op::LOGICAL_OR,
    op::LOGICAL_NOT,
    op::SUBSTRACT,
    op::ADD,
    op::MULTIPLY,
    op::DIVIDE,
    op::MODULO,
    op::EQUALS,
    op::NOT_EQUALS,
    op::GREATER_EQUALS,
    op::LESS_EQUALS,
    op::GREATER,
    op::LESS,
    op::NEGATE,
    op::INDEX,
    op::IN,
];

/// The first name in `expression` that means nothing here.
pub(crate) fn unknown_name(expression: &IdedExpr) -> Option<String> {
    unknown(expression, &mut Vec::new())
}

/// Whether `expression` looks at what was collected at all.
pub(crate) fn names_value(expression: &IdedExpr) -> bool {
    expression.references().has_variable("value")
}

/// How many nodes lie one in another, at most.
pub(crate) fn nesting(expression: &IdedExpr) -> usize {
    let deepest =
        |parts: &mut dyn Iterator<Item = &IdedExpr>| parts.map(nesting).max().unwrap_or(0);
    let inner = match &expression.expr {
        Expr::Call(call) => deepest(&mut call.target.as_deref().into_iter().chain(&call.args)),
        Expr::Select(select) => nesting(&select.operand),
        Expr::List(list) => deepest(&mut list.elements.iter()),
        Expr::Map(map) => deepest(&mut map.entries.iter().flat_map(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => [&entry.key, &entry.value],
            EntryExpr::StructField(field) => [&field.value, &field.value],
        })),
        Expr::Comprehension(inner) => deepest(
            &mut [&inner.iter_range, &inner.accu_init, &inner.loop_cond, &inner.loop_step]
                .into_iter(),
        ),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => 0,
    };
    inner + 1
}

fn unknown(expression: &IdedExpr, scope: &mut Vec<String>) -> Option<String> {
    match &expression.expr {
        Expr::Ident(name) => (!is_known(name, scope)).then(|| name.clone()),
        Expr::Call(call) => {
            let function = call.func_name.as_str();
            if !FUNCTIONS.contains(&function) && !OPERATORS.contains(&function) {
                return Some(function.to_owned());
            }
            call.target.as_deref().into_iter().chain(&call.args).find_map(|e| unknown(e, scope))
        }
        Expr::Select(select) => unknown(&select.operand, scope),
        Expr::List(list) if list.optional_indices.is_empty() => {
            list.elements.iter().find_map(|element| unknown(element, scope))
        }
        Expr::Map(map) => map.entries.iter().find_map(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) if !entry.optional => {
                unknown(&entry.key, scope).or_else(|| unknown(&entry.value, scope))
            }
            EntryExpr::MapEntry(_) | EntryExpr::StructField(_) => Some("?".to_owned()),
        }),
        Expr::Comprehension(inner) => {
            if let Some(name) =
                unknown(&inner.iter_range, scope).or_else(|| unknown(&inner.accu_init, scope))
            {
                return Some(name);
            }
            let outside = scope.len();
            scope.extend([inner.iter_var.clone(), inner.accu_var.clone()]);
            scope.extend(inner.iter_var2.clone());
            let parts = [&inner.loop_cond, &inner.loop_step, &inner.result];
            let found = parts.into_iter().find_map(|part| unknown(part, scope));
            scope.truncate(outside);
            found
        }
        Expr::Literal(_) => None,
        Expr::List(_) => Some("?".to_owned()),
        Expr::Struct(literal) => Some(literal.type_name.clone()),
        Expr::Unspecified => Some(String::new()),
    }
}

fn is_known(name: &str, scope: &[String]) -> bool {
    VARIABLES.contains(&name) || TYPES.contains(&name) || scope.iter().any(|known| known == name)
}
