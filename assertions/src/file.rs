//! The file: text in, rules and settings out, or everything that is wrong with it.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::complaint::{BadFile, Complaint};
use crate::gate::{Metric, Override};
use crate::keys::{self, Key, Shape};
use crate::rule::{Check, Rule, pattern};

/// Bytes of a file that is read.
const FILE_LIMIT: usize = 16 << 20;
/// Patterns in one file.
const PATTERNS_LIMIT: usize = 256;

/// What a `renacer.toml` says.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    /// Its name, as the user knows it.
    pub name: String,
    /// What is judged, in the order of the file.
    pub rules: Vec<Rule>,
    /// Every plain value of the other sections by `section.key`.
    pub settings: BTreeMap<String, Setting>,
    /// `[[gate.bench]]`, in the order of the file.
    pub benches: Vec<Override>,
    /// What has no effect here, in words.
    pub warnings: Vec<String>,
}

/// A value of a section that is no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// As it would be written; a string without its quotes.
    pub value: String,
    /// Its line.
    pub line: usize,
}

impl Configuration {
    /// Reads the text of a file; `name` is for messages.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(name: &str, text: &str) -> Result<Configuration, BadFile> {
        let mut reader = Reader {
            text,
            complaints: Vec::new(),
            configuration: Configuration { name: name.to_owned(), ..Configuration::default() },
            patterns: 0,
        };
        if text.len() > FILE_LIMIT {
            reader.complain(0..0, format!("{} bytes; at most {FILE_LIMIT} are read", text.len()));
        } else {
            match DeTable::parse(text) {
                Ok(table) => reader.document(table.get_ref()),
                Err(error) => reader.syntax(&error),
            }
        }
        let Reader { mut complaints, mut configuration, .. } = reader;
        configuration.rules.sort_by_key(|rule| rule.line);
        if complaints.is_empty() {
            return Ok(configuration);
        }
        complaints.sort_by_key(|complaint| (complaint.line, complaint.column));
        Err(BadFile { name: name.to_owned(), complaints })
    }

    /// A setting by `section.key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(|setting| setting.value.as_str())
    }
}

type Value<'i> = Spanned<DeValue<'i>>;

struct Reader<'t> {
    text: &'t str,
    complaints: Vec<Complaint>,
    configuration: Configuration,
    patterns: usize,
}

impl Reader<'_> {
    fn complain(&mut self, span: std::ops::Range<usize>, what: impl Into<String>) {
        let complaint = self.complaint(span, what);
        self.complaints.push(complaint);
    }

    fn complaint(&self, span: std::ops::Range<usize>, what: impl Into<String>) -> Complaint {
        Complaint::at(self.text, span, what)
    }

    /// What is no TOML. The parser points behind the end of a line that lacks something; the last
    /// character of it is what a reader looks at.
    fn syntax(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or(0..0);
        let at_end =
            span.is_empty() && self.text.get(span.start..).is_some_and(|t| t.is_empty() || t.starts_with('\n'));
        let span = if at_end { span.start.saturating_sub(1)..span.start } else { span };
        let what = match error.message() {
            message if message.starts_with("unclosed array table") => "`]]` expected",
            message => message,
        };
        self.complain(span, what);
    }

    fn line(&self, span: &std::ops::Range<usize>) -> usize {
        self.complaint(span.clone(), "").line
    }

    fn document(&mut self, document: &DeTable<'_>) {
        if let Some((key, _)) = document.iter().find(|(key, _)| key.get_ref() == "cluster") {
            let complaint = self
                .complaint(key.span(), "[[cluster]] belongs to a file of clusters, not to renacer.toml")
                .hint("such a file is given as --clusters FILE, which this version does not take");
            self.complaints.push(complaint);
            return;
        }
        self.table("", document, keys::SECTIONS);
        self.rules(document);
        self.fixed_values(document);
    }

    /// Checks keys and shapes of a table; `path` is its name.
    fn table(&mut self, path: &str, table: &DeTable<'_>, known: &'static [Key]) {
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

    fn value(&mut self, path: &str, value: &Value<'_>, shape: Shape) {
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
    fn keep(&mut self, path: &str, value: &Value<'_>) {
        let of_rules = ["assertion.", "assertions.", "performance.", "anti_patterns.", "gate.bench."];
        if of_rules.iter().any(|rules| path.starts_with(rules)) {
            return;
        }
        let line = self.line(&value.span());
        self.configuration.settings.insert(path.to_owned(), Setting { value: written(value.get_ref()), line });
    }

    fn rules(&mut self, document: &DeTable<'_>) {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for (section, dialect) in [("assertion", Dialect::First), ("assertions", Dialect::Second)] {
            let entries = document.get(section).and_then(|value| value.get_ref().as_array());
            for entry in entries.into_iter().flatten() {
                let Some(table) = entry.get_ref().as_table() else { continue };
                let line = self.line(&entry.span());
                if let Some(name) = field(table, "name").and_then(|name| name.get_ref().as_str()) {
                    if let Some(first) = names.get(name) {
                        self.complain(entry.span(), format!("the name {name} is in lines {first} and {line}"));
                    }
                    names.entry(name.to_owned()).or_insert(line);
                }
                match dialect {
                    Dialect::First => self.assertion(entry, table, line),
                    Dialect::Second => self.check(entry, table, line),
                }
            }
        }
        self.budgets(document);
        self.benches(document);
        self.anti_patterns(document);
    }

    /// One `[[assertion]]`.
    fn assertion(&mut self, entry: &Value<'_>, table: &DeTable<'_>, line: usize) {
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
                uint("max_spans").map_or(Check::NotJudged, |max| Check::SpanCount { max, pattern })
            }
            "critical_path" => {
                let pattern = self.pattern(table, "trace_name_pattern");
                uint("max_duration_ms").map_or(Check::NotJudged, |max_ms| Check::CriticalPath { max_ms, pattern })
            }
            "anti_pattern" => {
                self.anti_pattern(table);
                Check::NotJudged
            }
            _ => {
                self.pattern(table, "process_name_pattern");
                for key in ["calls", "paths"] {
                    if let Some(value) = field(table, key)
                        && value.get_ref().as_array().is_some_and(|list| list.is_empty())
                    {
                        self.complain(value.span(), format!("{key} is empty: nothing could match"));
                    }
                }
                Check::NotJudged
            }
        }
    }

    fn anti_pattern(&mut self, table: &DeTable<'_>) {
        self.pattern(table, "process_name_pattern");
        if let Some(value) = field(table, "pattern") {
            let word = text_of(value);
            if !keys::PATTERNS.contains(&word.as_str()) {
                let complaint = self
                    .complaint(value.span(), format!("unknown pattern {word:?}"))
                    .nearest(&word, keys::PATTERNS.iter().copied())
                    .hint("patterns are GodProcess, TightLoop, PcieBottleneck");
                self.complaints.push(complaint);
            }
        }
        if let Some(value) = field(table, "threshold")
            && let Some(threshold) = decimal(value.get_ref())
            && !(threshold > 0.0 && threshold <= 1.0)
        {
            self.complain(value.span(), format!("threshold is {threshold}; it must be above 0 and at most 1"));
        }
    }

    /// One `[[assertions]]`.
    fn check(&mut self, entry: &Value<'_>, table: &DeTable<'_>, line: usize) {
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
    fn budgets(&mut self, document: &DeTable<'_>) {
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

    /// `[[gate.bench]]`.
    fn benches(&mut self, document: &DeTable<'_>) {
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
            self.configuration.benches.push(Override {
                pattern: text_of(pattern),
                metric,
                margin_percent: number("margin_percent"),
                limit_percent: number("limit_percent"),
                alpha: number("alpha"),
            });
        }
    }

    /// `[[anti_patterns.rules]]`.
    fn anti_patterns(&mut self, document: &DeTable<'_>) {
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

    /// Values that must be what they are, and values that have no effect.
    fn fixed_values(&mut self, document: &DeTable<'_>) {
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
        let without_effect = [
            ("semantic_equivalence", "min_confidence", "behaviour has no score"),
            ("profiling", "compare_with_baseline", "it belongs to [ci]"),
            ("profiling", "baseline_branch", "it belongs to no section that is read"),
        ];
        for (section, key, why) in without_effect {
            if let Some(value) = get(section, key) {
                let line = self.line(&value.span());
                let name = &self.configuration.name;
                self.configuration.warnings.push(format!("{name}:{line}: {key} has no effect: {why}"));
            }
        }
    }

    fn required<'v, 'i>(
        &mut self,
        entry: &Value<'i>,
        table: &'v DeTable<'i>,
        section: &str,
        key: &str,
    ) -> Option<&'v Value<'i>> {
        let value = field(table, key);
        if value.is_none() {
            self.complain(entry.span(), format!("{section} needs {key}"));
        }
        value
    }

    fn pattern(&mut self, table: &DeTable<'_>, key: &str) -> Option<regex::Regex> {
        let value = field(table, key)?;
        let text = value.get_ref().as_str()?;
        self.patterns += 1;
        if self.patterns > PATTERNS_LIMIT {
            self.complain(value.span(), format!("more than {PATTERNS_LIMIT} patterns"));
            return None;
        }
        match pattern(text) {
            Ok(regex) => Some(regex),
            Err(why) => {
                self.complain(value.span(), format!("{text} is no regular expression: {why}"));
                None
            }
        }
    }

    /// A pattern that can't match would pass for ever.
    fn matches_some_call(&mut self, regex: &regex::Regex, value: &Value<'_>) {
        let names: Vec<&str> = call_names().collect();
        if names.is_empty() || names.iter().any(|name| regex.is_match(name)) {
            return;
        }
        let text = regex.as_str();
        let word: String = text.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
        let complaint = self.complaint(value.span(), format!("{text} matches no known call")).nearest(&word, names);
        self.complaints.push(complaint);
    }
}

#[derive(Clone, Copy)]
enum Dialect {
    First,
    Second,
}

/// Names of all calls of the 64-bit tables.
fn call_names() -> impl Iterator<Item = &'static str> {
    (0..1024).filter_map(|nr| syscalls::lookup(syscalls::Abi::X86_64, nr)).map(|row| row.name)
}

fn field<'v, 'i>(table: &'v DeTable<'i>, key: &str) -> Option<&'v Value<'i>> {
    table.get(key)
}

fn text_of(value: &Value<'_>) -> String {
    value.get_ref().as_str().unwrap_or_default().to_owned()
}

/// Where the last value of a table stands.
fn last_span(table: &DeTable<'_>, entry: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    table.values().map(Spanned::span).max_by_key(|span| span.end).unwrap_or_else(|| entry.clone())
}

fn unsigned(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn decimal(value: &DeValue<'_>) -> Option<f64> {
    let number = match value {
        DeValue::Integer(_) => unsigned(value).map(|n| n as f64),
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    };
    number.filter(|n: &f64| n.is_finite())
}

fn written(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(integer) => integer.as_str().to_owned(),
        DeValue::Float(float) => float.as_str().to_owned(),
        DeValue::Boolean(is) => is.to_string(),
        DeValue::Array(list) => list.iter().map(|v| written(v.get_ref())).collect::<Vec<_>>().join(", "),
        other => other.type_str().to_owned(),
    }
}

/// Why a value does not fit, with what was probably meant.
fn mismatch(shape: Shape, value: &DeValue<'_>) -> Option<(String, Option<String>)> {
    let is = value.type_str();
    let texts = |list: &toml::de::DeArray<'_>| list.iter().all(|v| v.get_ref().is_str());
    let fits = match (shape, value) {
        (Shape::Text | Shape::TextOrTexts, DeValue::String(_)) | (Shape::Bool, DeValue::Boolean(_)) => true,
        (Shape::Word(words), DeValue::String(word)) => {
            if words.contains(&word.as_ref()) {
                return None;
            }
            return Some((format!("is {word:?}; known are {}", words.join(", ")), None));
        }
        (Shape::Texts | Shape::TextOrTexts, DeValue::Array(list)) => texts(list),
        (Shape::UInt, DeValue::Integer(integer)) => {
            if integer.as_str().starts_with('-') {
                return Some((format!("is {}: negative", integer.as_str()), None));
            }
            unsigned(value).is_some()
        }
        (Shape::Number, DeValue::Integer(_) | DeValue::Float(_)) => match decimal(value) {
            Some(number) if number < 0.0 => return Some((format!("is {number}: negative"), None)),
            None if written(value).starts_with('-') => return Some((format!("is {}: negative", written(value)), None)),
            number => number.is_some(),
        },
        _ => false,
    };
    if fits {
        return None;
    }
    let wanted = match shape {
        Shape::Text | Shape::Word(_) => "a string",
        Shape::UInt => "a whole number",
        Shape::Number => "a number",
        Shape::Bool => "true or false",
        Shape::Texts => "an array of strings",
        Shape::TextOrTexts => "a string or an array of strings",
        Shape::Table(_) | Shape::Named(_) | Shape::NamedWords(_) => "a table",
        Shape::Tables(_) => "an array of tables",
    };
    let hint = match (shape, value) {
        (Shape::UInt | Shape::Number, DeValue::String(text)) => bytes_of(text).map(|n| format!("write {n}")),
        _ => None,
    };
    let shown = match value {
        DeValue::String(text) => format!("{text:?} is a string"),
        _ => format!("is of type {is}"),
    };
    Some((format!("{shown}, {wanted} is needed"), hint))
}

/// `10MB` as a number of bytes.
fn bytes_of(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text.get(..digits)?.parse().ok()?;
    let shift = match text.get(digits..)?.trim().to_ascii_lowercase().as_str() {
        "" | "b" | "bytes" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}
