//! The attributes `#[trace]` and `#[cost]`: a span around a function.
//!
//! In: a function as tokens. Out: the same function with one statement in front, a guard whose drop ends the span,
//! or a compile error that says what is accepted. On `proc_macro` alone, so that a program which is traced compiles
//! as fast as before.
#![forbid(unsafe_code)]

mod arguments;
mod function;
mod units;

use proc_macro::{Span, TokenStream};

/// What is wrong with an attribute, and where.
struct Wrong {
    at: Span,
    what: String,
}

impl Wrong {
    fn new(at: Span, what: impl Into<String>) -> Wrong {
        Wrong { at, what: what.into() }
    }

    /// `compile_error!("…")` at the place.
    fn into_tokens(self) -> TokenStream {
        use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, TokenTree};
        let text: TokenStream = TokenTree::from(Literal::string(&self.what)).into();
        let call: [TokenTree; 4] = [
            Ident::new("compile_error", self.at).into(),
            Punct::new('!', Spacing::Alone).into(),
            Group::new(Delimiter::Parenthesis, text).into(),
            Punct::new(';', Spacing::Alone).into(),
        ];
        call.into_iter()
            .map(|mut token| {
                token.set_span(self.at);
                token
            })
            .collect()
    }
}

/// Traces every call of a function: `#[trace]`, `#[trace("hot path")]`,
/// `#[trace(name = "Parser::next", label = "hot path", level = debug)]`, and `#[trace(poll)]` for every poll of an
/// `async fn`. The label is `module::name`, and the given one behind it.
#[proc_macro_attribute]
pub fn trace(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand("trace", arguments, item)
}

/// Budgets for each call of a function: `#[cost(cpu = 42_us, mem = 1_048_576, io = "64 KiB", gpu = 7)]`. Alone it makes
/// a tracepoint, too.
#[proc_macro_attribute]
pub fn cost(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand("cost", arguments, item)
}

fn expand(attribute: &str, arguments: TokenStream, item: TokenStream) -> TokenStream {
    function::expand(attribute, arguments, item.clone()).unwrap_or_else(|wrong| {
        // The function stays, so that its uses do not fail as well.
        let mut tokens = wrong.into_tokens();
        tokens.extend(item);
        tokens
    })
}
