//! What stands in the brackets of an attribute.

use proc_macro::{Literal, Span, TokenStream, TokenTree};

use crate::Wrong;
use crate::units::{self, SIZES, TIMES};

const TRACE_FORMS: &str = "accepted: #[trace], #[trace(\"label\")], #[trace(name = \"f\", label = \"l\", level = perf | debug)], #[trace(poll)]";
const COST_FORMS: &str = "accepted: #[cost(cpu = 42_us, mem = 4096, io = \"64 KiB\", gpu = 7)], any of them";

/// `#[trace(…)]`.
#[derive(Default)]
pub struct Trace {
    pub name: Option<String>,
    pub label: Option<String>,
    pub poll: bool,
}

/// `#[cost(…)]`: the budgets that were given, per call.
#[derive(Default)]
pub struct Cost {
    /// Name of the budget and amount, in the order given.
    pub budgets: Vec<(&'static str, u64)>,
}

/// `key = value`, `key`, or `value`.
struct Argument {
    at: Span,
    key: Option<String>,
    value: Option<TokenTree>,
}

/// Splits at commas. A comma with nothing in front is an empty argument; one at the end is none.
fn split(tokens: TokenStream, forms: &str) -> Result<Vec<Argument>, Wrong> {
    let mut arguments = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(first) = tokens.next() {
        let at = first.span();
        let mut argument = Argument { at, key: None, value: None };
        match first {
            TokenTree::Ident(key) => {
                argument.key = Some(key.to_string());
                if is_punct(tokens.peek(), '=') {
                    tokens.next();
                    let value = tokens.next().filter(|value| !is_punct(Some(value), ','));
                    argument.value =
                        Some(value.ok_or_else(|| Wrong::new(at, format!("`{key}` has no value; {forms}")))?);
                }
            }
            TokenTree::Literal(_) => argument.value = Some(first),
            TokenTree::Punct(ref comma) if comma.as_char() == ',' => {
                return Err(Wrong::new(at, format!("empty argument; {forms}")));
            }
            other => return Err(Wrong::new(at, format!("unexpected `{other}`; {forms}"))),
        }
        arguments.push(argument);
        match tokens.next() {
            None => break,
            Some(comma) if is_punct(Some(&comma), ',') => {}
            Some(other) => return Err(Wrong::new(other.span(), format!("unexpected `{other}`; {forms}"))),
        }
    }
    Ok(arguments)
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// The text of a string literal without escapes, which no label needs.
fn text(literal: &Literal) -> Option<String> {
    let source = literal.to_string();
    if let Some(inner) = source.strip_prefix("r\"").and_then(|rest| rest.strip_suffix('"')) {
        return Some(inner.to_owned());
    }
    let inner = source.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '0' => '\0',
                c @ ('\\' | '"' | '\'') => c,
                _ => return None,
            },
            c => c,
        });
    }
    Some(text)
}

fn label(at: Span, value: &Option<TokenTree>, what: &str) -> Result<String, Wrong> {
    let given = match value {
        Some(TokenTree::Literal(literal)) => text(literal),
        _ => None,
    };
    match given {
        Some(given) if given.is_empty() => Err(Wrong::new(at, format!("empty {what}; {TRACE_FORMS}"))),
        Some(given) => Ok(given),
        None => Err(Wrong::new(at, format!("the {what} must be a plain string; {TRACE_FORMS}"))),
    }
}

impl Trace {
    pub fn read(tokens: TokenStream) -> Result<Trace, Wrong> {
        let mut trace = Trace::default();
        let mut has_level = false;
        for argument in split(tokens, TRACE_FORMS)? {
            let Argument { at, key, value } = argument;
            let key = key.as_deref();
            let twice = || Wrong::new(at, format!("`{}` twice; {TRACE_FORMS}", key.unwrap_or("label")));
            match key {
                None | Some("label") => {
                    if trace.label.replace(label(at, &value, "label")?).is_some() {
                        return Err(twice());
                    }
                }
                Some("name") => {
                    if trace.name.replace(label(at, &value, "name")?).is_some() {
                        return Err(twice());
                    }
                }
                Some("level") => {
                    let level = value.map(|level| level.to_string()).unwrap_or_default();
                    if !["perf", "debug"].contains(&level.trim_matches('"')) {
                        return Err(Wrong::new(at, format!("unknown level `{level}`, expected `perf` or `debug`")));
                    }
                    if core::mem::replace(&mut has_level, true) {
                        return Err(twice());
                    }
                }
                Some("poll") if value.is_none() => {
                    if core::mem::replace(&mut trace.poll, true) {
                        return Err(twice());
                    }
                }
                Some(other) => return Err(Wrong::new(at, format!("unknown argument `{other}`; {TRACE_FORMS}"))),
            }
        }
        Ok(trace)
    }
}

impl Cost {
    pub fn read(attribute: Span, tokens: TokenStream) -> Result<Cost, Wrong> {
        let mut cost = Cost::default();
        for Argument { at, key, value } in split(tokens, COST_FORMS)? {
            let Some(key) = key else {
                return Err(Wrong::new(at, format!("a budget needs its name; {COST_FORMS}")));
            };
            let (name, read, forms): (_, fn(&str) -> Option<u64>, _) = match key.as_str() {
                "cpu" => ("cpu", units::micros, TIMES),
                "gpu" => ("gpu", units::micros, TIMES),
                "mem" => ("mem", units::bytes, SIZES),
                "io" => ("io", units::bytes, SIZES),
                other => return Err(Wrong::new(at, format!("unknown budget `{other}`; {COST_FORMS}"))),
            };
            let value = value.ok_or_else(|| Wrong::new(at, format!("`{name}` has no value; accepted: {forms}")))?;
            let amount = read(&value.to_string()).ok_or_else(|| {
                Wrong::new(value.span(), format!("`{value}` is no budget for `{name}`; accepted: {forms}"))
            })?;
            if cost.budgets.iter().any(|(known, _)| *known == name) {
                return Err(Wrong::new(at, format!("`{name}` twice; {COST_FORMS}")));
            }
            cost.budgets.push((name, amount));
        }
        if cost.budgets.is_empty() {
            return Err(Wrong::new(attribute, format!("no budget; {COST_FORMS}")));
        }
        Ok(cost)
    }
}
