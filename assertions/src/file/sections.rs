//! Sections: keys and shapes of everything, and the values of what is no rule.

use toml::de::{DeTable, DeValue};

use super::values::{decimal, field, mismatch, text_of, written};
use super::{Reader, Setting, Trace, Value};
use crate::gate::{Metric, Override};
use crate::keys::{Key, Shape};

impl Reader<'_> {
    /// Checks keys and shapes of a table; `path` is its name.
    pub(super) fn table(&mut self, path: &str, table: &DeTable<'_>, known: &'static [Key]) {
        for (key, value) in table {
            let name: &str = key.get_ref();
            let Some(Key(_, shape)) = known.iter().find(|known| known.0 == name) else {
                let what = match path {
                    "" => format!("unknown section [{name}]"),
                    path => format!("unknown key {name} in {path}"),
                };
                let complaint = self.complaint(key.span(), what).nearest(name, known.iter().map(|known| known.0));
                self.complaints.push(complaint);
                continue;
            };
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            self.value(&path, value, *shape);
        }
    }

    pub(super) fn value(&mut self, path: &str, value: &Value<'_>, shape: Shape) {
        let found = value.get_ref();
        let of_table = |value: &Value<'_>| value.get_ref().as_table().is_some();
        match (shape, found) {
            (Shape::Table(keys), DeValue::Table(table)) => return self.table(path, table, keys),
            (Shape::Tables(keys), DeValue::Array(entries)) if entries.iter().all(of_table) => {
                for table in entries.iter().filter_map(|entry| entry.get_ref().as_table()) {
                    self.table(path, table, keys);
                }
                return;
            }
            (Shape::Named(keys), DeValue::Table(table)) if table.values().all(of_table) => {
                for (name, entry) in table {
                    if let Some(entry) = entry.get_ref().as_table() {
                        self.table(&format!("{path}.{}", name.get_ref()), entry, keys);
                    }
                }
                return;
            }
            (Shape::NamedWords(words), DeValue::Table(table)) => {
                for (name, word) in table {
                    self.value(&format!("{path}.{}", name.get_ref()), word, Shape::Word(words));
                }
                return;
            }
            _ => {}
        }
        match mismatch(shape, found) {
            None => self.keep(path, value),
            Some((what, hint)) => {
                let what = format!("{} {what}", path.rsplit('.').next().unwrap_or(path));
                let mut complaint = self.complaint(value.span(), what);
                if let (Shape::Word(words), DeValue::String(word)) = (shape, found) {
                    complaint = complaint.nearest(word, words.iter().copied());
                }
                complaint.hints.extend(hint);
                self.complaints.push(complaint);
            }
        }
    }

    /// Remembers a plain value for whoever asks for settings. Rules are kept apart.
    pub(super) fn keep(&mut self, path: &str, value: &Value<'_>) {
        let of_rules =
            ["assertion.", "assertions.", "performance.", "anti_patterns.", "gate.bench.", "golden_traces.baselines."];
        if of_rules.iter().any(|rules| path.starts_with(rules)) {
            return;
        }
        let line = self.line(&value.span());
        let items = value.get_ref().as_array().into_iter().flatten().map(|item| written(item.get_ref())).collect();
        self.configuration.settings.insert(path.to_owned(), Setting { value: written(value.get_ref()), items, line });
    }

    /// `[[golden_traces.baselines]]`.
    pub(super) fn traces(&mut self, document: &DeTable<'_>) {
        let section = document.get("golden_traces").and_then(|value| value.get_ref().as_table());
        let entries = section.and_then(|table| table.get("baselines")).and_then(|value| value.get_ref().as_array());
        for entry in entries.into_iter().flatten() {
            let Some(table) = entry.get_ref().as_table() else { continue };
            let mut text = |key: &str| self.required(entry, table, "[[golden_traces.baselines]]", key).map(text_of);
            let (Some(name), Some(file)) = (text("name"), text("file")) else { continue };
            let line = self.line(&entry.span());
            if let Some(first) = self.configuration.traces.iter().find(|trace| trace.name == name).map(|t| t.line) {
                self.complain(entry.span(), format!("the trace {name} is in lines {first} and {line}"));
            }
            self.configuration.traces.push(Trace { name, file, line });
        }
    }

    /// `[[gate.bench]]`.
    pub(super) fn benches(&mut self, document: &DeTable<'_>) {
        let gate = document.get("gate").and_then(|value| value.get_ref().as_table());
        let entries = gate.and_then(|gate| gate.get("bench")).and_then(|value| value.get_ref().as_array());
        for entry in entries.into_iter().flatten() {
            let Some(table) = entry.get_ref().as_table() else { continue };
            let Some(pattern) = self.required(entry, table, "[[gate.bench]]", "match") else { continue };
            let number = |key: &str| field(table, key).and_then(|value| decimal(value.get_ref()));
            let metric = field(table, "metric").and_then(|word| {
                let text = text_of(word);
                let known = Metric::ALL.into_iter().find(|metric| metric.word() == text);
                if known.is_none() {
                    let words = Metric::ALL.map(Metric::word);
                    let complaint = self.complaint(word.span(), format!("unknown metric {text:?}"));
                    self.complaints.push(complaint.nearest(&text, words));
                }
                known
            });
            let line = self.line(&entry.span());
            self.configuration.benches.push(Override {
                pattern: text_of(pattern),
                line,
                metric,
                margin_percent: number("margin_percent"),
                limit_percent: number("limit_percent"),
                alpha: number("alpha"),
            });
        }
    }

    /// Values that must be what they are, and values that have no effect.
    pub(super) fn fixed_values(&mut self, document: &DeTable<'_>) {
        let get = |section: &str, key: &str| {
            document.get(section).and_then(|s| s.get_ref().as_table()).and_then(|table| table.get(key))
        };
        if let Some(value) = get("otlp", "enabled").filter(|v| v.get_ref().as_bool() == Some(true)) {
            let complaint = self
                .complaint(value.span(), "[otlp] is not taken over: this program has no network code")
                .hint("write enabled = false, and store runs with chic-trace record");
            self.complaints.push(complaint);
        }
        for key in ["propagate_across_fork", "propagate_across_exec"] {
            if let Some(value) = get("lamport_clock", key).filter(|v| v.get_ref().as_bool() == Some(false)) {
                self.complain(value.span(), format!("{key} is always true here: the clock follows every task"));
            }
        }
        if let Some(value) = get("golden_traces", "format")
            && value.get_ref().as_str().is_some_and(|format| format != "renacer-json-v1")
        {
            self.complain(value.span(), "format must be renacer-json-v1");
        }
        let baselines = get("golden_traces", "baselines").and_then(|value| value.get_ref().as_array());
        for entry in baselines.into_iter().flatten().filter_map(|entry| entry.get_ref().as_table()) {
            if let Some(value) = field(entry, "max_deviation_percent") {
                self.no_effect(value, "max_deviation_percent", "behaviour is the same or different");
            }
        }
        let without_effect = [
            ("semantic_equivalence", "min_confidence", "behaviour has no score"),
            ("semantic_equivalence", "check_memory_allocations", "memory is no part of what a program does"),
            ("lamport_clock", "env_var", "the environment of a program is never changed"),
            ("profiling", "compare_with_baseline", "it belongs to [ci]"),
            ("profiling", "baseline_branch", "it belongs to no section that is read"),
        ];
        for (section, key, why) in without_effect {
            if let Some(value) = get(section, key) {
                self.no_effect(value, key, why);
            }
        }
        if let Some(value) = get("compression", "enabled").filter(|value| value.get_ref().as_bool() == Some(true)) {
            let (name, line) = (&self.configuration.name, self.line(&value.span()));
            let remark =
                format!("{name}:{line}: [compression] has no effect: recordings have a compression of their own");
            self.configuration.remarks.push(remark);
        }
    }

    fn no_effect(&mut self, value: &Value<'_>, key: &str, why: &str) {
        let (name, line) = (&self.configuration.name, self.line(&value.span()));
        self.configuration.warnings.push(format!("{name}:{line}: {key} has no effect: {why}"));
    }
}
