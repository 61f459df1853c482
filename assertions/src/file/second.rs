//! `[[assertions]]`, `[performance.budgets]`, `[[anti_patterns.rules]]`: the second dialect.

use syscalls::Filter;
use toml::de::DeTable;

use super::values::{decimal, field, last_span, text_of, unsigned};
use super::{Reader, Value};
use crate::glob::Glob;
use crate::keys;
use crate::rule::{Check, Rule};

impl Reader<'_> {
    /// One `[[assertions]]`.
    pub(super) fn check(&mut self, entry: &Value<'_>, table: &DeTable<'_>, line: usize) {
        if let (Some(kind), None) = (field(table, "type"), field(table, "check")) {
            let complaint = self
                .complaint(kind.span(), "[[assertions]] takes check, this entry has type")
                .hint("write [[assertion]] for entries with type");
            let last = self.line(&last_span(table, &entry.span()));
            self.complaints.retain(|c| !(c.line >= line && c.line <= last && c.what.starts_with("unknown key")));
            self.complaints.push(complaint);
            return;
        }
        let Some(name) = self.required(entry, table, "[[assertions]]", "name") else { return };
        let Some(check) = self.required(entry, table, "[[assertions]]", "check") else { return };
        let (name, kind) = (text_of(name), text_of(check));
        let Some((_, required)) = keys::CHECKS.iter().find(|(known, _)| *known == kind) else {
            let known = keys::CHECKS.iter().map(|(known, _)| *known);
            let complaint = self
                .complaint(check.span(), format!("unknown check {kind:?}"))
                .nearest(&kind, known.clone())
                .hint(format!("checks are {}", known.collect::<Vec<_>>().join(", ")));
            self.complaints.push(complaint);
            return;
        };
        for key in *required {
            if field(table, key).is_none() {
                self.complain(entry.span(), format!("{kind} needs {key}"));
            }
        }
        let number = |key: &str| field(table, key).and_then(|value| decimal(value.get_ref()));
        let check = match kind.as_str() {
            "syscall_count" => self.call_count(table),
            "syscall_percentage" => {
                let calls = self.one_call(table);
                calls.zip(number("max_percentage")).map(|(calls, max_percent)| Check::TimeShare { calls, max_percent })
            }
            "total_time" => number("max_time_ms").map(|max_ms| Check::TotalTime { max_ms }),
            _ => number("min_time_ms").map(|min_ms| Check::MinTime { min_ms }),
        };
        let applies_to = self.applies_to(table);
        let check = check.unwrap_or(Check::Refused);
        self.configuration.rules.push(Rule { name, kind, fails: true, enabled: true, line, applies_to, check });
    }

    fn call_count(&mut self, table: &DeTable<'_>) -> Option<Check> {
        let calls = self.one_call(table)?;
        let max = field(table, "max_count").and_then(|value| unsigned(value.get_ref()))?;
        Some(Check::CallCount { calls, max })
    }

    /// The calls of `syscall`.
    fn one_call(&mut self, table: &DeTable<'_>) -> Option<Filter> {
        let value = field(table, "syscall").filter(|value| value.get_ref().is_str())?;
        self.filter(value, &text_of(value))
    }

    fn filter(&mut self, value: &Value<'_>, text: &str) -> Option<Filter> {
        match Filter::parse(text) {
            Ok(filter) => Some(filter),
            Err(error) => {
                self.complain(value.span(), error.to_string());
                None
            }
        }
    }

    fn applies_to(&mut self, table: &DeTable<'_>) -> Vec<Glob> {
        let list = field(table, "applies_to").and_then(|value| value.get_ref().as_array());
        let words = list.into_iter().flatten().filter(|word| word.get_ref().is_str());
        words.filter_map(|word| self.glob(word)).collect()
    }

    /// `[performance.budgets]`: rows of runs.
    pub(super) fn budgets(&mut self, document: &DeTable<'_>) {
        let budgets = document
            .get("performance")
            .and_then(|value| value.get_ref().as_table())
            .and_then(|table| table.get("budgets"))
            .and_then(|value| value.get_ref().as_table());
        for (run, row) in budgets.into_iter().flatten() {
            let limits = ["max_time_ms", "max_syscalls"];
            let has_limit =
                row.get_ref().as_table().is_some_and(|table| limits.iter().any(|key| table.contains_key(*key)));
            if !has_limit {
                self.complain(run.span(), format!("no limit for {}: max_time_ms or max_syscalls", run.get_ref()));
            }
            let limit = |key: &str| row.get_ref().as_table().and_then(|table| field(table, key));
            let check = Check::Budget {
                run: run.get_ref().to_string(),
                max_ms: limit("max_time_ms").and_then(|value| decimal(value.get_ref())),
                max_calls: limit("max_syscalls").and_then(|value| unsigned(value.get_ref())),
            };
            let fails = self.configuration.get("ci.fail_on_budget_exceeded") != Some("false");
            self.configuration.rules.push(Rule {
                name: format!("budget {}", run.get_ref()),
                kind: "budget".to_owned(),
                fails,
                enabled: true,
                line: self.line(&run.span()),
                applies_to: Vec::new(),
                check,
            });
        }
    }

    /// `[[anti_patterns.rules]]`.
    pub(super) fn anti_patterns(&mut self, document: &DeTable<'_>) {
        let rules = document
            .get("anti_patterns")
            .and_then(|value| value.get_ref().as_table())
            .and_then(|table| table.get("rules"))
            .and_then(|value| value.get_ref().as_array());
        for entry in rules.into_iter().flatten() {
            let Some(table) = entry.get_ref().as_table() else { continue };
            let Some(name) = self.required(entry, table, "[[anti_patterns.rules]]", "name") else { continue };
            let enabled = field(table, "enabled").and_then(|v| v.get_ref().as_bool()).unwrap_or(true);
            let severity = field(table, "severity").map_or_else(|| "warning".to_owned(), text_of);
            let failing = self.configuration.get("ci.fail_on_anti_patterns").unwrap_or("error");
            let fails = failing.split(", ").any(|word| word == severity);
            let check = self.anti_check(entry, table).unwrap_or(Check::Refused);
            self.configuration.rules.push(Rule {
                name: text_of(name),
                kind: "anti_pattern rule".into(),
                fails,
                enabled,
                line: self.line(&entry.span()),
                applies_to: Vec::new(),
                check,
            });
        }
    }

    fn anti_check(&mut self, entry: &Value<'_>, table: &DeTable<'_>) -> Option<Check> {
        let kind = text_of(self.required(entry, table, "[[anti_patterns.rules]]", "check")?);
        let (_, required) = keys::ANTI_CHECKS.iter().find(|(known, _)| *known == kind)?;
        for key in *required {
            if field(table, key).is_none() {
                self.complain(entry.span(), format!("{kind} needs {key}"));
            }
        }
        if kind == "syscall_count" {
            return self.call_count(table);
        }
        let words = field(table, "syscalls").and_then(|value| Some((value, value.get_ref().as_array()?)));
        let calls = words.and_then(|(value, list)| {
            let names: Vec<&str> = list.iter().filter_map(|word| word.get_ref().as_str()).collect();
            self.filter(value, &names.join(","))
        });
        let ratio = field(table, "min_ratio").and_then(|value| decimal(value.get_ref()));
        calls.zip(ratio).map(|(calls, ratio)| Check::TimeShare { calls, max_percent: ratio * 100.0 })
    }
}
