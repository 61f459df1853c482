//! `[[assertions]]`, `[performance.budgets]`, `[[anti_patterns.rules]]`: the second dialect.

use toml::de::DeTable;

use super::values::{field, last_span, text_of};
use super::{Reader, Value};
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
        self.configuration.rules.push(Rule { name, kind, fails: true, enabled: true, line, check: Check::NotJudged });
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
            let (name, line) = (format!("budget {}", run.get_ref()), self.line(&run.span()));
            let kind = "budget".to_owned();
            let check = Check::NotJudged;
            self.configuration.rules.push(Rule { name, kind, fails: true, enabled: true, line, check });
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
            let fails = field(table, "severity").is_some_and(|v| v.get_ref().as_str() == Some("error"));
            self.configuration.rules.push(Rule {
                name: text_of(name),
                kind: "anti_pattern rule".into(),
                fails,
                enabled,
                line: self.line(&entry.span()),
                check: Check::NotJudged,
            });
        }
    }
}
