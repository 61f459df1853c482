//! `[[gate.bench]]`: what counts as a change for some benchmarks only.

use std::borrow::Cow;

use super::{Metric, Parameters};

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// Which ids: `*` stands for any text, `?` for one character.
    pub pattern: String,
    /// What stands for the samples of a run.
    pub metric: Option<Metric>,
    /// Too small to matter, percent.
    pub margin_percent: Option<f64>,
    /// What must be found, percent.
    pub limit_percent: Option<f64>,
    /// Level of one comparison, each side.
    pub alpha: Option<f64>,
    /// Its line in the file.
    pub line: usize,
}

impl Override {
    /// Is the entry about this benchmark?
    pub fn is_about(&self, id: &str) -> bool {
        let (pattern, id): (Vec<char>, Vec<char>) = (self.pattern.chars().collect(), id.chars().collect());
        let (mut at, mut of) = (0, 0);
        // Where to go on when the text behind the last star does not fit: the star takes one character more.
        let mut star: Option<(usize, usize)> = None;
        while of < id.len() {
            match (pattern.get(at), id.get(of)) {
                (Some('*'), _) => {
                    star = Some((at, of));
                    at += 1;
                }
                (Some(p), Some(c)) if *p == '?' || p == c => (at, of) = (at + 1, of + 1),
                _ => match star {
                    Some((place, taken)) => {
                        (at, of) = (place + 1, taken + 1);
                        star = Some((place, taken + 1));
                    }
                    None => return false,
                },
            }
        }
        pattern.iter().skip(at).all(|p| *p == '*')
    }
}

impl Parameters {
    /// What counts for a benchmark: the first entry that is about it wins.
    pub fn of(&self, id: &str) -> Cow<'_, Parameters> {
        let own = self.overrides.iter().find(|own| own.is_about(id));
        own.map_or(Cow::Borrowed(self), |own| Cow::Owned(self.with(own)))
    }

    /// The same with what an entry says.
    pub fn with(&self, own: &Override) -> Parameters {
        Parameters {
            metric: own.metric.unwrap_or(self.metric),
            margin_percent: own.margin_percent.unwrap_or(self.margin_percent),
            limit_percent: own.limit_percent.unwrap_or(self.limit_percent),
            alpha: own.alpha.unwrap_or(self.alpha),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_whole_ids() {
        let is_about = |pattern: &str, id: &str| {
            let none = Override {
                pattern: pattern.into(),
                metric: None,
                margin_percent: None,
                limit_percent: None,
                alpha: None,
                line: 1,
            };
            none.is_about(id)
        };
        for (pattern, id) in [("parse/*", "parse/a/b"), ("*", ""), ("a?c", "abc"), ("*b*d", "abcbd"), ("x", "x")] {
            assert!(is_about(pattern, id), "{pattern} {id}");
        }
        for (pattern, id) in [("parse/*", "parse"), ("a?c", "ac"), ("*b", "abc"), ("", "x"), ("x", "xx")] {
            assert!(!is_about(pattern, id), "{pattern} {id}");
        }
    }
}
