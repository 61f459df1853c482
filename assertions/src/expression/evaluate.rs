//! What an expression says of measured values: true, false, or that something is missing.

use super::{Expression, Metric, Node, Operator};

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Decided {
    /// It holds, or not.
    Is(bool),
    /// A part that decides was not measured, and why.
    Missing(String),
}

impl Expression {
    /// Asks for the values that decide it. A part that is missing counts only where nothing else decides.
    pub fn decide(
        &self,
        metric: &mut dyn FnMut(Metric) -> Result<f64, String>,
        function: &mut dyn FnMut(usize) -> Result<f64, String>,
    ) -> Decided {
        let mut values = Values { metric, function };
        match values.condition(&self.node) {
            Ok(is) => Decided::Is(is),
            Err(why) => Decided::Missing(why),
        }
    }
}

struct Values<'f> {
    metric: &'f mut dyn FnMut(Metric) -> Result<f64, String>,
    function: &'f mut dyn FnMut(usize) -> Result<f64, String>,
}

impl Values<'_> {
    fn condition(&mut self, node: &Node) -> Result<bool, String> {
        match node {
            Node::Not(inner) => self.condition(inner).map(|is| !is),
            Node::Both(operator @ (Operator::And | Operator::Or), left, right) => {
                // One side alone decides: a false of `&&`, a true of `||`.
                let decisive = *operator == Operator::Or;
                let left = self.condition(left);
                if left == Ok(decisive) {
                    return left;
                }
                let right = self.condition(right);
                if right == Ok(decisive) { right } else { left.and(right) }
            }
            Node::Both(operator, left, right) => {
                let (left, right) = (self.number(left)?, self.number(right)?);
                Ok(match operator {
                    Operator::Equal => left == right,
                    Operator::Unequal => left != right,
                    Operator::Less => left < right,
                    Operator::LessOrEqual => left <= right,
                    Operator::Greater => left > right,
                    _ => left >= right,
                })
            }
            _ => Err("it is no condition".into()),
        }
    }

    fn number(&mut self, node: &Node) -> Result<f64, String> {
        let value = match node {
            Node::Number(number) => *number,
            Node::Metric(metric) => (self.metric)(*metric)?,
            Node::Function(at) => (self.function)(*at)?,
            Node::Negative(inner) => -self.number(inner)?,
            Node::Both(operator, left, right) => {
                let (left, right) = (self.number(left)?, self.number(right)?);
                match operator {
                    Operator::Plus => left + right,
                    Operator::Minus => left - right,
                    Operator::Times => left * right,
                    _ => left / right,
                }
            }
            Node::Not(_) => return Err("it is no number".into()),
        };
        if value.is_finite() { Ok(value) } else { Err("it divides by zero, or is too large".into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(text: &str) -> Decided {
        let expression = Expression::read(text).unwrap_or_else(|bad| panic!("{text}: {bad:?}"));
        let mut metric = |metric: Metric| match metric {
            Metric::Calls => Ok(10.0),
            Metric::Errors => Ok(0.0),
            _ => Err(format!("no {}", metric.word())),
        };
        expression.decide(&mut metric, &mut |at| Ok(at as f64 + 1.0))
    }

    #[test]
    fn operators_bind_as_everywhere() {
        for (text, is) in [
            ("1 + 2 * 3 == 7", true),
            ("(1 + 2) * 3 == 9", true),
            ("calls - 3 - 2 == 5", true),
            ("calls / 4 == 2.5 && !(errors > 0)", true),
            ("calls < 5 || errors == 0 && calls == 10", true),
            ("-calls < -9", true),
            ("calls(\"write\") == 1 && errors('read') == 2", true),
            ("calls >= 11", false),
            ("1_000 <= 999", false),
        ] {
            assert_eq!(decide(text), Decided::Is(is), "{text}");
        }
    }

    #[test]
    fn what_is_missing_counts_only_where_it_decides() {
        assert_eq!(decide("wall_ms < 5"), Decided::Missing("no wall_ms".into()));
        assert_eq!(decide("wall_ms < 5 && calls > 10"), Decided::Is(false));
        assert_eq!(decide("wall_ms < 5 || calls == 10"), Decided::Is(true));
        assert_eq!(decide("wall_ms < 5 && calls == 10"), Decided::Missing("no wall_ms".into()));
        assert!(matches!(decide("calls / errors > 1"), Decided::Missing(_)));
    }

    #[test]
    fn what_is_none_is_told_where() {
        for (text, at, says) in [
            ("trace.spans.iter()", 0, "trace is no value; Rust code is not run"),
            ("wal_ms < 50", 0, "wal_ms is no value"),
            ("calls + 1", 0, "is no condition"),
            ("calls && errors", 0, "a condition is needed here"),
            ("calls < 5 < 6", 0, "a number is needed here"),
            ("calls(\"opneat\") == 0", 6, "no call `opneat`"),
            ("call(\"open\") == 0", 0, "call is no function"),
            ("calls(3) == 0", 6, "needs a filter in quotes"),
            ("calls <", 7, "ends where a value is needed"),
            ("(calls < 5", 10, "`)` is missing"),
            ("calls == 1.2.3", 9, "is no number"),
            ("calls = 1", 6, "`=` is no part"),
            ("calls == 1 errors", 11, "an operator is missing"),
        ] {
            let bad = Expression::read(text).expect_err(text);
            assert_eq!(bad.at, at, "{text}: {bad:?}");
            assert!(bad.what.contains(says), "{text}: {bad:?}");
        }
        assert!(Expression::read(&"(".repeat(5000)).is_err());
        assert!(Expression::read(&format!("{}1 == 1", "-".repeat(1000))).is_err());
        let near = Expression::read("wal_ms < 50").expect_err("a typo");
        assert_eq!(near.hints.first().map(String::as_str), Some("the nearest is wall_ms"));
    }
}
