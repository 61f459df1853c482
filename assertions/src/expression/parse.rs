//! Reading an expression: words, then parts by their binding, then whether it is a condition.

use syscalls::Filter;

use super::{BadExpression, Expression, Function, Metered, Metric, Node, Operator};

/// Bytes of an expression.
const MOST: usize = 4096;
/// How deep parentheses and signs may be nested.
const DEEPEST: usize = 64;

/// What stands in the text.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Name(String),
    Text(String),
    Sign(&'static str),
    End,
}

const SIGNS: [&str; 15] = ["||", "&&", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "(", ")"];

/// Operators by how loosely they bind, loosest first.
const LEVELS: [&[(&str, Operator)]; 4] = [
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::Unequal),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ],
    &[("+", Operator::Plus), ("-", Operator::Minus)],
];
const TIGHTEST: &[(&str, Operator)] = &[("*", Operator::Times), ("/", Operator::Divided)];

struct Reader<'t> {
    text: &'t str,
    /// Tokens with their bytes.
    tokens: Vec<(Token, usize, usize)>,
    at: usize,
    depth: usize,
    metered: Vec<Metered>,
}

pub(super) fn read(text: &str) -> Result<Expression, BadExpression> {
    let mut reader = Reader { text, tokens: tokens(text)?, at: 0, depth: 0, metered: vec![] };
    let node = reader.level(0)?;
    if reader.peek() != &Token::End {
        return Err(reader.wrong("an operator is missing here"));
    }
    if !is_condition(&node) {
        return Err(bad(0, text.len(), "is no condition: it gives a number").hint("compare it, for instance < 100"));
    }
    Ok(Expression { text: text.to_owned(), node, metered: reader.metered })
}

fn bad(at: usize, len: usize, what: impl Into<String>) -> BadExpression {
    BadExpression { at, len, what: what.into(), hints: vec![] }
}

impl BadExpression {
    fn hint(mut self, hint: impl Into<String>) -> BadExpression {
        self.hints.push(hint.into());
        self
    }
}

/// What an expression may hold, in two lines.
fn may_hold(error: BadExpression) -> BadExpression {
    let values: Vec<&str> = Metric::ALL.iter().map(|(name, _)| *name).collect();
    let functions: Vec<&str> = Function::ALL.iter().map(|(name, _)| *name).collect();
    error
        .hint(format!("values are {}", values.join(", ")))
        .hint(format!("functions of a filter, as in calls(\"write\"), are {}", functions.join(", ")))
}

fn is_condition(node: &Node) -> bool {
    match node {
        Node::Not(_) => true,
        Node::Both(operator, ..) => operator.decides(),
        _ => false,
    }
}

fn tokens(text: &str) -> Result<Vec<(Token, usize, usize)>, BadExpression> {
    if text.len() > MOST {
        return Err(bad(0, 1, format!("has {} bytes; at most {MOST} are read", text.len())));
    }
    let mut found = vec![];
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = |takes: fn(char) -> bool| rest.find(|c| !takes(c)).unwrap_or(rest.len());
        let (token, len) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if first.is_ascii_digit() {
            let len = length(|c| c.is_ascii_digit() || c == '.' || c == '_');
            let number = rest[..len]
                .replace('_', "")
                .parse()
                .map_err(|_| bad(at, len, format!("{} is no number", &rest[..len])))?;
            (Token::Number(number), len)
        } else if first.is_alphabetic() || first == '_' {
            let len = length(|c| c.is_alphanumeric() || c == '_');
            (Token::Name(rest[..len].to_owned()), len)
        } else if first == '"' || first == '\'' {
            let end = rest[1..].find(first).ok_or_else(|| bad(at, rest.len(), "a text is not closed"))?;
            (Token::Text(rest[1..=end].to_owned()), end + 2)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            // What stands before says more than the sign itself: `trace.spans` is Rust.
            return Err(match found.last() {
                Some((Token::Name(name), start, _)) if matches!(first, '.' | ':' | '|' | '[' | '{') => {
                    not_rust(name, *start)
                }
                _ => may_hold(bad(at, first.len_utf8(), format!("`{first}` is no part of an expression"))),
            });
        };
        found.push((token, at, len));
        at += len;
    }
    found.push((Token::End, text.len(), 1));
    Ok(found)
}

fn not_rust(name: &str, at: usize) -> BadExpression {
    may_hold(bad(at, name.len(), format!("{name} is no value; Rust code is not run")))
}

impl Reader<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(token, ..)| token)
    }

    fn place(&self) -> (usize, usize) {
        self.tokens.get(self.at).map_or((self.text.len(), 1), |(_, at, len)| (*at, *len))
    }

    fn wrong(&self, what: impl Into<String>) -> BadExpression {
        let (at, len) = self.place();
        bad(at, len, what)
    }

    fn take(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.at += usize::from(is);
        is
    }

    /// A row of parts joined by the operators of this level.
    fn level(&mut self, level: usize) -> Result<Node, BadExpression> {
        let operators = LEVELS.get(level).copied().unwrap_or(TIGHTEST);
        let part = |reader: &mut Self| if level < LEVELS.len() { reader.level(level + 1) } else { reader.signed() };
        let start = self.place().0;
        let mut left = part(self)?;
        while let Some((_, operator)) = operators.iter().find(|(sign, _)| self.take(sign)) {
            let between = self.place().0;
            let right = part(self)?;
            let end = self.tokens.get(self.at.saturating_sub(1)).map_or(self.text.len(), |(_, at, len)| at + len);
            self.fits(*operator, &left, start, between)?;
            self.fits(*operator, &right, between, end)?;
            left = Node::Both(*operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    /// Conditions are joined, numbers are computed with.
    fn fits(&self, operator: Operator, part: &Node, from: usize, to: usize) -> Result<(), BadExpression> {
        match (operator.joins(), is_condition(part)) {
            (true, false) => {
                Err(bad(from, to.saturating_sub(from).max(1), "a condition is needed here, this is a number"))
            }
            (false, true) => {
                Err(bad(from, to.saturating_sub(from).max(1), "a number is needed here, this is a condition"))
            }
            _ => Ok(()),
        }
    }

    fn signed(&mut self) -> Result<Node, BadExpression> {
        let (at, _) = self.place();
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("is nested too deeply"));
        }
        let node = if self.take("!") {
            let inner = self.signed()?;
            if !is_condition(&inner) {
                return Err(bad(at, 1, "! needs a condition; put one in parentheses"));
            }
            Node::Not(Box::new(inner))
        } else if self.take("-") {
            let inner = self.signed()?;
            if is_condition(&inner) {
                return Err(bad(at, 1, "- needs a number"));
            }
            Node::Negative(Box::new(inner))
        } else if self.take("(") {
            let inner = self.level(0)?;
            if !self.take(")") {
                return Err(self.wrong("`)` is missing"));
            }
            inner
        } else {
            self.word()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn word(&mut self) -> Result<Node, BadExpression> {
        let (at, len) = self.place();
        match self.peek().clone() {
            Token::Number(number) => {
                self.at += 1;
                Ok(Node::Number(number))
            }
            Token::Name(name) => {
                self.at += 1;
                if self.take("(") { self.function(&name, at) } else { metric(&name, at) }
            }
            Token::Text(_) => Err(bad(at, len, "a text stands only within a function, as in calls(\"write\")")),
            Token::End => Err(bad(at, len, "the expression ends where a value is needed")),
            Token::Sign(sign) => Err(bad(at, len, format!("a value is needed here, not {sign}"))),
        }
    }

    fn function(&mut self, name: &str, at: usize) -> Result<Node, BadExpression> {
        let Some((_, function)) = Function::ALL.iter().find(|(known, _)| *known == name) else {
            let near = syscalls::nearest(name, Function::ALL.iter().map(|(known, _)| *known));
            let error = bad(at, name.len(), format!("{name} is no function"));
            return Err(may_hold(match near {
                Some(near) => error.hint(format!("the nearest is {near}")),
                None => error,
            }));
        };
        let (place, len) = self.place();
        let Token::Text(text) = self.peek().clone() else {
            return Err(self.wrong(format!("{name} needs a filter in quotes, as in {name}(\"write\")")));
        };
        self.at += 1;
        let filter = Filter::parse(&text).map_err(|error| bad(place, len, error.to_string()))?;
        if !self.take(")") {
            return Err(self.wrong("`)` is missing"));
        }
        self.metered.push(Metered { function: *function, text, filter });
        Ok(Node::Function(self.metered.len() - 1))
    }
}

fn metric(name: &str, at: usize) -> Result<Node, BadExpression> {
    if let Some((_, metric)) = Metric::ALL.iter().find(|(known, _)| *known == name) {
        return Ok(Node::Metric(*metric));
    }
    let error = bad(at, name.len(), format!("{name} is no value"));
    Err(may_hold(match syscalls::nearest(name, Metric::ALL.iter().map(|(known, _)| *known)) {
        Some(near) => error.hint(format!("the nearest is {near}")),
        None => error,
    }))
}
