//! `[[assertion]]`: the first dialect.

use toml::de::DeTable;

use super::values::{decimal, field, last_span, text_of, unsigned};
use super::{Reader, Value};
use crate::expression::Expression;
use crate::keys;
use crate::rule::{Check, Question, Rule};

impl Reader<'_> {
    /// One `[[assertion]]`.
    pub(super) fn assertion(&mut self, entry: &Value<'_>, table: &DeTable<'_>, line: usize) {
        if let (Some(check), None) = (field(table, "check"), field(table, "type")) {
            let complaint = self
                .complaint(check.span(), "[[assertion]] takes type, this entry has check")
                .hint("write [[assertions]] for entries with check");
            // The keys of the other dialect are no mistakes of their own.
            let last = self.line(&last_span(table, &entry.span()));
            self.complaints.retain(|c| !(c.line >= line && c.line <= last && c.what.starts_with("unknown key")));
            self.complaints.push(complaint);
            return;
        }
        let Some(name) = self.required(entry, table, "[[assertion]]", "name") else { return };
        let Some(kind) = self.required(entry, table, "[[assertion]]", "type") else { return };
        let (name, kind_text) = (text_of(name), text_of(kind));
        let Some((_, required, optional)) = keys::TYPES.iter().find(|(known, ..)| *known == kind_text) else {
            let known = keys::TYPES.iter().map(|(known, ..)| *known);
            let complaint = self
                .complaint(kind.span(), format!("unknown type {kind_text:?}"))
                .nearest(&kind_text, known.clone())
                .hint(format!("types are {}", known.collect::<Vec<_>>().join(", ")));
            self.complaints.push(complaint);
            return;
        };
        for key in *required {
            if field(table, key).is_none() {
                self.complain(entry.span(), format!("{kind_text} needs {key}"));
            }
        }
        for (key, _) in table {
            let key_name: &str = key.get_ref();
            let own = required.contains(&key_name) || optional.contains(&key_name) || keys::COMMON.contains(&key_name);
            let owner = keys::TYPES.iter().find(|(_, r, o)| r.contains(&key_name) || o.contains(&key_name));
            if let (false, Some((owner, ..))) = (own, owner) {
                self.complain(key.span(), format!("{key_name} belongs to {owner}, not to {kind_text}"));
            }
        }
        let check = self.first_dialect(&kind_text, table);
        let is = |key: &str| field(table, key).and_then(|v| v.get_ref().as_bool()).unwrap_or(true);
        self.configuration.rules.push(Rule {
            name,
            kind: kind_text,
            fails: is("fail_on_violation"),
            enabled: is("enabled"),
            line,
            applies_to: Vec::new(),
            check,
        });
    }

    fn first_dialect(&mut self, kind: &str, table: &DeTable<'_>) -> Check {
        let uint = |key: &str| field(table, key).and_then(|v| unsigned(v.get_ref()));
        match kind {
            "span_count" => {
                let pattern = self.pattern(table, "span_name_pattern");
                if let (Some(regex), Some(value)) = (&pattern, field(table, "span_name_pattern")) {
                    self.matches_some_call(regex, value);
                }
                uint("max_spans").map_or(Check::Refused, |max| Check::SpanCount { max, pattern })
            }
            "critical_path" => {
                let pattern = self.pattern(table, "trace_name_pattern");
                uint("max_duration_ms").map_or(Check::Refused, |max_ms| Check::CriticalPath { max_ms, pattern })
            }
            "memory_usage" => {
                let resident = field(table, "tracking_mode").is_some_and(|mode| text_of(mode) == "rss");
                match uint("max_bytes") {
                    Some(max) if resident => Check::Resident { max },
                    Some(max) => Check::Allocations { max },
                    None => Check::Refused,
                }
            }
            "anti_pattern" => self.anti_pattern(table),
            "custom" => self.custom(table),
            _ => {
                let processes = self.pattern(table, "process_name_pattern");
                self.question(kind, table).map_or(Check::Refused, |asks| Check::Asked(Question { asks, processes }))
            }
        }
    }

    fn custom(&mut self, table: &DeTable<'_>) -> Check {
        let Some((value, text)) = field(table, "expression").and_then(|value| Some((value, value.get_ref().as_str()?)))
        else {
            return Check::Refused;
        };
        match Expression::read(text) {
            Ok(expression) => Check::Custom(expression),
            Err(bad) => {
                // Where the text stands as it is written, the word itself is pointed at.
                let begin = value.span().start + 1;
                let plain = self.text.get(begin..).is_some_and(|rest| rest.starts_with(text));
                let span = if plain { begin + bad.at..begin + bad.at + bad.len } else { value.span() };
                let mut complaint = self.complaint(span, bad.what);
                complaint.hints.extend(bad.hints);
                self.complaints.push(complaint);
                Check::Refused
            }
        }
    }

    fn anti_pattern(&mut self, table: &DeTable<'_>) -> Check {
        let processes = self.pattern(table, "process_name_pattern");
        let pattern = field(table, "pattern").and_then(|value| {
            let word = text_of(value);
            let known = keys::PATTERNS.iter().find(|(known, _)| *known == word);
            if known.is_none() && value.get_ref().is_str() {
                let complaint = self
                    .complaint(value.span(), format!("unknown pattern {word:?}"))
                    .nearest(&word, keys::PATTERNS.iter().map(|(known, _)| *known))
                    .hint("patterns are GodProcess, TightLoop, PcieBottleneck");
                self.complaints.push(complaint);
            }
            known.map(|(_, pattern)| *pattern)
        });
        let threshold = field(table, "threshold").and_then(|value| {
            let threshold = decimal(value.get_ref())?;
            let in_range = threshold > 0.0 && threshold <= 1.0;
            if !in_range {
                self.complain(value.span(), format!("threshold is {threshold}; it must be above 0 and at most 1"));
            }
            in_range.then_some(threshold)
        });
        match (pattern, threshold) {
            (Some(pattern), Some(threshold)) => Check::AntiPattern { pattern, threshold, processes },
            _ => Check::Refused,
        }
    }
}
