//! How much work an expression can make, from above, without doing it.
//!
//! CEL always ends, but a few nested macros over a large value end late, and values that double in each macro fill the
//! memory. So: macros that build values occur once, nothing is joined inside a macro, and the rest is counted. The unit
//! is one visit of a node, of the order of 100 ns.

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators as op,
};

/// Units an expression may cost over one value; of the order of one second.
pub(crate) const COST_MAX: u64 = 10_000_000;

const MATCH_COST: u64 = 500;
const REPEATED_MATCH_COST: u64 = 100_000;
const PATTERN_BYTES_MAX: usize = 256;

/// Why an expression is refused before it is evaluated.
pub(crate) fn refusal(expression: &IdedExpr) -> Option<&'static str> {
    let mut maps = 0;
    let found = refusal_within(expression, false, &mut maps);
    let too_many = "it builds lists with map() more than once";
    found.or_else(|| (maps > 1).then_some(too_many))
}

/// What `expression` costs at most over a value of `weight` (nodes and text).
pub(crate) fn cost(expression: &IdedExpr, weight: u64) -> u64 {
    let all = |parts: &mut dyn Iterator<Item = &IdedExpr>| {
        parts.map(|part| cost(part, weight)).fold(0_u64, u64::saturating_add)
    };
    let inner = match &expression.expr {
        Expr::Call(call) => call_cost(call, weight).saturating_add(all(&mut operands(call))),
        Expr::Select(select) => cost(&select.operand, weight),
        Expr::List(list) => all(&mut list.elements.iter()),
        Expr::Map(map) => all(&mut map.entries.iter().flat_map(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
            EntryExpr::StructField(field) => vec![&field.value],
        })),
        Expr::Comprehension(inner) => {
            let once = all(&mut [&inner.iter_range, &inner.accu_init, &inner.result].into_iter());
            let each = all(&mut [&inner.loop_cond, &inner.loop_step].into_iter());
            once.saturating_add(each.saturating_mul(turns(inner, weight)))
        }
        Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => 0,
    };
    inner.saturating_add(1)
}

fn turns(inner: &ComprehensionExpr, weight: u64) -> u64 {
    match &inner.iter_range.expr {
        Expr::List(list) => u64::try_from(list.elements.len()).unwrap_or(u64::MAX),
        Expr::Call(_) | Expr::Comprehension(_) | Expr::Ident(_) | Expr::Literal(_) => weight,
        Expr::Map(_) | Expr::Select(_) | Expr::Struct(_) | Expr::Unspecified => weight,
    }
}

fn call_cost(call: &CallExpr, weight: u64) -> u64 {
    match call.func_name.as_str() {
        "matches" => {
            let is_repeated =
                operands(call).any(|part| text_of(part).is_some_and(|t| t.contains('{')));
            if is_repeated { REPEATED_MATCH_COST } else { MATCH_COST }
        }
        op::EQUALS | op::NOT_EQUALS | op::IN | "contains"
            if !operands(call)
                .any(|part| matches!(part.expr, Expr::Literal(_) | Expr::List(_))) =>
        {
            weight
        }
        _ => 1,
    }
}

fn refusal_within(expression: &IdedExpr, is_inside: bool, maps: &mut u32) -> Option<&'static str> {
    match &expression.expr {
        Expr::Call(call) => {
            if is_inside && is_join(call) {
                return Some(
                    "it joins texts or lists inside a macro; add numbers to literals only",
                );
            }
            if call.func_name == "matches" && !has_plain_pattern(call) {
                return Some("matches() needs its pattern written out, of at most 256 bytes");
            }
            operands(call).find_map(|part| refusal_within(part, is_inside, maps))
        }
        Expr::Select(select) => refusal_within(&select.operand, is_inside, maps),
        Expr::List(list) => {
            list.elements.iter().find_map(|part| refusal_within(part, is_inside, maps))
        }
        Expr::Map(map) => map.entries.iter().find_map(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => refusal_within(&entry.key, is_inside, maps)
                .or_else(|| refusal_within(&entry.value, is_inside, maps)),
            EntryExpr::StructField(field) => refusal_within(&field.value, is_inside, maps),
        }),
        Expr::Comprehension(inner) => {
            *maps += u32::from(builds_values(inner));
            refusal_within(&inner.iter_range, is_inside, maps)
                .or_else(|| refusal_of_step(&inner.loop_step, &inner.accu_var, maps))
        }
        Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => None,
    }
}

/// Like [`refusal_within`], for what a macro repeats: its own accumulation is not the author's joining.
fn refusal_of_step(step: &IdedExpr, accumulator: &str, maps: &mut u32) -> Option<&'static str> {
    let Expr::Call(call) = &step.expr else { return refusal_within(step, true, maps) };
    let is_own = call.args.first().is_some_and(|first| is_ident(first, accumulator));
    if call.func_name == op::ADD && is_own {
        return call.args.iter().find_map(|part| refusal_within(part, true, maps));
    }
    if call.func_name == op::CONDITIONAL {
        return operands(call).find_map(|part| refusal_of_step(part, accumulator, maps));
    }
    refusal_within(step, true, maps)
}

/// Whether a macro makes new values of those it visits (`map`), rather than choosing among them (`filter`).
fn builds_values(inner: &ComprehensionExpr) -> bool {
    let makes_a_list = matches!(inner.accu_init.expr, Expr::List(_));
    makes_a_list && !appends_only(&inner.loop_step, &inner.iter_var)
}

fn appends_only(step: &IdedExpr, variable: &str) -> bool {
    match &step.expr {
        Expr::Call(call) if call.func_name == op::CONDITIONAL => {
            call.args.iter().skip(1).all(|branch| appends_only(branch, variable))
        }
        Expr::Call(call) if call.func_name == op::ADD => {
            call.args.iter().skip(1).all(|appended| appends_only(appended, variable))
        }
        Expr::List(list) => list.elements.iter().all(|element| is_ident(element, variable)),
        Expr::Ident(_) => true,
        Expr::Call(_) | Expr::Comprehension(_) | Expr::Literal(_) | Expr::Map(_) => false,
        Expr::Select(_) | Expr::Struct(_) | Expr::Unspecified => false,
    }
}

fn is_join(call: &CallExpr) -> bool {
    let is_number = |part: &IdedExpr| match &part.expr {
        Expr::Literal(LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_)) => {
            true
        }
        Expr::Ident(name) => name == "now",
        Expr::Literal(_) | Expr::Call(_) | Expr::Comprehension(_) | Expr::List(_) => false,
        Expr::Map(_) | Expr::Select(_) | Expr::Struct(_) | Expr::Unspecified => false,
    };
    call.func_name == op::ADD && !call.args.iter().any(is_number)
}

fn has_plain_pattern(call: &CallExpr) -> bool {
    call.args.last().and_then(text_of).is_some_and(|pattern| pattern.len() <= PATTERN_BYTES_MAX)
}

fn text_of(expression: &IdedExpr) -> Option<&str> {
    match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        Expr::Literal(_) | Expr::Call(_) | Expr::Comprehension(_) | Expr::List(_) => None,
        Expr::Ident(_) | Expr::Map(_) | Expr::Select(_) | Expr::Struct(_) => None,
        Expr::Unspecified => None,
    }
}

fn is_ident(expression: &IdedExpr, name: &str) -> bool {
    matches!(&expression.expr, Expr::Ident(found) if found == name)
}

fn operands(call: &CallExpr) -> impl Iterator<Item = &IdedExpr> {
    call.target.as_deref().into_iter().chain(&call.args)
}
