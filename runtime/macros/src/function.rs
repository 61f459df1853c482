//! A function as tokens: its parts, and the statement that is put in front of its body.

use proc_macro::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};

use crate::Wrong;
use crate::arguments::{Cost, Trace};

/// What has to be known of a function. The tokens stay as they are.
struct Function {
    tokens: Vec<TokenTree>,
    name: Ident,
    constant: Option<Span>,
    asynchronous: Option<Span>,
    /// Type behind the arrow; empty without one.
    result: TokenStream,
    body: Group,
}

fn word(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

/// Where the attributes in front end. An attribute is `#` and brackets.
fn attributes_end(tokens: &[TokenTree]) -> usize {
    let mut end = 0;
    while let Some([TokenTree::Punct(hash), TokenTree::Group(group)]) = tokens.get(end..end + 2)
        && hash.as_char() == '#'
        && group.delimiter() == Delimiter::Bracket
    {
        end += 2;
    }
    end
}

/// Takes an attribute of ours out of a function: what stands in its brackets.
fn take_attribute(tokens: &mut Vec<TokenTree>, wanted: &str) -> Option<(Span, TokenStream)> {
    let end = attributes_end(tokens);
    for at in (0..end).step_by(2) {
        let Some(TokenTree::Group(group)) = tokens.get(at + 1) else { continue };
        let content: Vec<TokenTree> = group.stream().into_iter().collect();
        let (path, arguments) = match content.split_last() {
            Some((TokenTree::Group(arguments), path)) => (path, arguments.stream()),
            _ => (content.as_slice(), TokenStream::new()),
        };
        // `trace`, or a path that ends in it.
        let is_path = path.iter().all(|token| match token {
            TokenTree::Ident(_) => true,
            TokenTree::Punct(punct) => punct.as_char() == ':',
            _ => false,
        });
        if is_path && path.last().and_then(word).as_deref() == Some(wanted) {
            let at_span = group.span();
            tokens.drain(at..at + 2);
            return Some((at_span, arguments));
        }
    }
    None
}

impl Function {
    fn read(tokens: Vec<TokenTree>) -> Result<Function, Wrong> {
        let start = attributes_end(&tokens);
        let no_function = || Wrong::new(Span::call_site(), "expected a function with a body");
        let head = tokens.iter().skip(start);
        let keyword = head.clone().position(|token| word(token).as_deref() == Some("fn")).ok_or_else(no_function)?;
        let qualifier = |wanted: &str| {
            let mut qualifiers = head.clone().take(keyword);
            qualifiers.find(|token| word(token).as_deref() == Some(wanted)).map(TokenTree::span)
        };
        // Nothing but qualifiers, a visibility and an ABI stands in front of `fn`.
        let is_plain = head.clone().take(keyword).all(|token| match token {
            TokenTree::Ident(ident) => ["pub", "const", "async", "unsafe", "safe", "extern", "default", "crate"]
                .contains(&ident.to_string().as_str()),
            TokenTree::Group(group) => group.delimiter() != Delimiter::Brace,
            TokenTree::Literal(_) => true,
            TokenTree::Punct(_) => false,
        });
        let Some(TokenTree::Ident(name)) = tokens.get(start + keyword + 1).filter(|_| is_plain) else {
            return Err(no_function());
        };
        let Some(TokenTree::Group(body)) = tokens.last() else { return Err(no_function()) };
        if body.delimiter() != Delimiter::Brace {
            return Err(no_function());
        }
        let arguments = arguments_of(&tokens, start + keyword).ok_or_else(no_function)?;
        let behind = tokens.get(arguments + 1..tokens.len() - 1);
        Ok(Function {
            name: name.clone(),
            constant: qualifier("const"),
            asynchronous: qualifier("async"),
            result: result_of(behind.unwrap_or_default()),
            body: body.clone(),
            tokens,
        })
    }
}

/// Where the arguments stand: the first parentheses behind `fn` that are not in its generics.
fn arguments_of(tokens: &[TokenTree], keyword: usize) -> Option<usize> {
    let (mut depth, mut after_dash) = (0, false);
    for (at, token) in tokens.iter().enumerate().skip(keyword) {
        match token {
            TokenTree::Group(group) if depth == 0 && group.delimiter() == Delimiter::Parenthesis => return Some(at),
            TokenTree::Punct(punct) => {
                depth += match punct.as_char() {
                    '<' => 1,
                    '>' if !after_dash => -1,
                    _ => 0,
                };
                after_dash = punct.as_char() == '-';
            }
            _ => after_dash = false,
        }
    }
    None
}

/// The type between `->` and `where`.
fn result_of(tokens: &[TokenTree]) -> TokenStream {
    let is_arrow = matches!(tokens, [TokenTree::Punct(dash), TokenTree::Punct(head), ..] if dash.as_char() == '-' && head.as_char() == '>');
    if !is_arrow {
        return TokenStream::new();
    }
    tokens.iter().skip(2).take_while(|token| word(token).as_deref() != Some("where")).cloned().collect()
}

/// The function with its span.
pub fn expand(attribute: &str, arguments: TokenStream, item: TokenStream) -> Result<TokenStream, Wrong> {
    let mut tokens: Vec<TokenTree> = item.into_iter().collect();
    let here = Span::call_site();
    let other = if attribute == "trace" { "cost" } else { "trace" };
    if let Some((at, _)) = take_attribute(&mut tokens.clone(), attribute) {
        return Err(Wrong::new(at, format!("a second #[{attribute}]")));
    }
    let beside = take_attribute(&mut tokens, other);
    if let Some((at, _)) = take_attribute(&mut tokens.clone(), other) {
        return Err(Wrong::new(at, format!("a second #[{other}]")));
    }
    let (trace, cost) = match (attribute, beside) {
        ("trace", None) => (Trace::read(arguments)?, Cost::default()),
        ("trace", Some((at, beside))) => (Trace::read(arguments)?, Cost::read(at, beside)?),
        (_, None) => (Trace::default(), Cost::read(here, arguments)?),
        (_, Some((_, beside))) => (Trace::read(beside)?, Cost::read(here, arguments)?),
    };
    let function = Function::read(tokens)?;
    if let Some(at) = function.constant {
        return Err(Wrong::new(at, "a const fn can't be traced: it may run in the compiler"));
    }
    match function.asynchronous {
        Some(at) if !trace.poll => {
            return Err(Wrong::new(
                at,
                "an async fn can't be traced as a whole: the span would cover other tasks' time between polls; \
                 #[trace(poll)] traces every poll",
            ));
        }
        None if trace.poll => return Err(Wrong::new(here, "#[trace(poll)] is for an async fn")),
        _ => {}
    }
    if cfg!(feature = "off") {
        return Ok(function.tokens.into_iter().collect());
    }
    Ok(with_span(function, &trace, &cost))
}

/// Rust text as tokens whose names clash with none of the function.
fn code(text: &str) -> TokenStream {
    let stream: TokenStream = text.parse().unwrap_or_default();
    respanned(stream)
}

fn respanned(stream: TokenStream) -> TokenStream {
    stream
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => TokenTree::Group(Group::new(group.delimiter(), respanned(group.stream()))),
            mut token => {
                token.set_span(Span::mixed_site());
                token
            }
        })
        .collect()
}

fn tracepoint(function: &Function, trace: &Trace, cost: &Cost) -> String {
    let name = function.name.to_string();
    let name = trace.name.as_deref().unwrap_or(name.trim_start_matches("r#"));
    let quoted = |text: &str| Literal::string(text).to_string();
    let path = format!("::core::module_path!(), \"::\", {}", quoted(name));
    let label = trace.label.as_deref().map_or(String::new(), |label| format!(", \"::\", {}", quoted(label)));
    let budgets: String = cost.budgets.iter().map(|(name, amount)| format!(".{name}({amount}u64)")).collect();
    format!(
        "static TRACEPOINT: ::chic_trace_rt::Tracepoint = ::chic_trace_rt::Tracepoint::new(\
         ::core::concat!({path}), ::core::concat!({path}{label}), ::core::file!(), ::core::line!()){budgets};"
    )
}

fn with_span(function: Function, trace: &Trace, cost: &Cost) -> TokenStream {
    let place = tracepoint(&function, trace, cost);
    let body: Vec<TokenTree> = function.body.stream().into_iter().collect();
    let inner = inner_attributes_end(&body);
    let (attributes, statements) = body.split_at_checked(inner).unwrap_or((&[], &body));
    let mut content: TokenStream = attributes.iter().cloned().collect();
    if function.asynchronous.is_some() {
        content.extend(polled(&place, &function.result, statements));
    } else {
        content.extend(code(&format!("let _span = {{ {place} TRACEPOINT.enter() }};")));
        content.extend(statements.iter().cloned());
    }
    let mut body = Group::new(Delimiter::Brace, content);
    body.set_span(function.body.span());
    let mut tokens = function.tokens;
    tokens.pop();
    tokens.push(body.into());
    tokens.into_iter().collect()
}

/// Where `#![…]` at the beginning of a body end.
fn inner_attributes_end(body: &[TokenTree]) -> usize {
    let mut end = 0;
    while let Some([TokenTree::Punct(hash), TokenTree::Punct(bang), TokenTree::Group(_)]) = body.get(end..end + 3)
        && hash.as_char() == '#'
        && bang.as_char() == '!'
    {
        end += 3;
    }
    end
}

/// The body as a future of its own, with a span around each poll.
fn polled(place: &str, result: &TokenStream, statements: &[TokenTree]) -> TokenStream {
    // A `return` that is never reached tells the compiler the type, which `?` alone does not.
    let says_impl = result.clone().into_iter().any(|token| word(&token).as_deref() == Some("impl"));
    let mut block = TokenStream::new();
    if !result.is_empty() && !says_impl {
        let mut told = code("#[allow(unreachable_code, clippy::diverging_sub_expression)]");
        let mut inside = code("let never:");
        inside.extend(result.clone());
        inside.extend(code("= loop {}; return never;"));
        told.extend(code("if false"));
        told.extend([TokenTree::from(Group::new(Delimiter::Brace, inside))]);
        block.extend(told);
    }
    block.extend(statements.iter().cloned());
    let mut future = code("async move");
    future.extend([TokenTree::from(Group::new(Delimiter::Brace, block))]);
    let mut arguments = code("&TRACEPOINT,");
    arguments.extend(future);
    let mut content = code(place);
    content.extend(code("::chic_trace_rt::polled"));
    content.extend([TokenTree::from(Group::new(Delimiter::Parenthesis, arguments))]);
    content.extend(code(".await"));
    content
}
