//! The file: text in, rules and settings out, or everything that is wrong with it.

pub(crate) mod clusters;
mod first;
mod questions;
mod second;
mod sections;
mod values;

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use self::values::field;
use crate::complaint::{BadFile, Complaint};
use crate::gate::Override;
use crate::keys;
use crate::rule::{Rule, pattern};

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
    /// `[[golden_traces.baselines]]`, in the order of the file.
    pub traces: Vec<Trace>,
    /// What has no effect here though somebody may count on it, in words.
    pub warnings: Vec<String>,
    /// What has no effect here and changes nothing for anybody: told to who asks for everything.
    pub remarks: Vec<String>,
}

/// A value of a section that is no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// As it would be written; a string without its quotes.
    pub value: String,
    /// The strings of an array, one by one.
    pub items: Vec<String>,
    /// Its line.
    pub line: usize,
}

/// A document that stands for a golden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Name of the golden.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Its line.
    pub line: usize,
}

impl Configuration {
    /// Reads the text of a file; `name` is for messages.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(name: &str, text: &str) -> Result<Configuration, BadFile> {
        let mut reader = Reader::of(name, text);
        reader.whole(Reader::document);
        let mut configuration = reader.done()?;
        configuration.rules.sort_by_key(|rule| rule.line);
        Ok(configuration)
    }

    /// A setting by `section.key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(|setting| setting.value.as_str())
    }

    /// The strings of an array by `section.key`.
    pub fn list(&self, key: &str) -> Option<&[String]> {
        self.settings.get(key).map(|setting| setting.items.as_slice())
    }
}

type Value<'i> = Spanned<DeValue<'i>>;

/// What is read so far, and what was wrong with it.
struct Reader<'t> {
    text: &'t str,
    complaints: Vec<Complaint>,
    configuration: Configuration,
    patterns: usize,
}

impl<'t> Reader<'t> {
    fn of(name: &str, text: &'t str) -> Reader<'t> {
        let configuration = Configuration { name: name.to_owned(), ..Configuration::default() };
        Reader { text, complaints: Vec::new(), configuration, patterns: 0 }
    }

    /// Reads the file as a table.
    fn whole(&mut self, read: impl FnOnce(&mut Self, &DeTable<'_>)) {
        let text = self.text;
        if text.len() > FILE_LIMIT {
            return self.complain(0..0, format!("{} bytes; at most {FILE_LIMIT} are read", text.len()));
        }
        match DeTable::parse(text) {
            Ok(table) => read(self, table.get_ref()),
            Err(error) => self.syntax(&error),
        }
    }

    /// What was read, or all that is wrong with it.
    fn done(self) -> Result<Configuration, BadFile> {
        let Reader { mut complaints, configuration, .. } = self;
        if complaints.is_empty() {
            return Ok(configuration);
        }
        complaints.sort_by_key(|complaint| (complaint.line, complaint.column));
        Err(BadFile { name: configuration.name, complaints })
    }
}

impl Reader<'_> {
    fn complain(&mut self, span: Range<usize>, what: impl Into<String>) {
        let complaint = self.complaint(span, what);
        self.complaints.push(complaint);
    }

    fn complaint(&self, span: Range<usize>, what: impl Into<String>) -> Complaint {
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

    fn line(&self, span: &Range<usize>) -> usize {
        self.complaint(span.clone(), "").line
    }

    fn document(&mut self, document: &DeTable<'_>) {
        if let Some((key, _)) = document.iter().find(|(key, _)| key.get_ref() == "cluster") {
            let complaint = self
                .complaint(key.span(), "[[cluster]] belongs to a file of clusters, not to renacer.toml")
                .hint("such a file is given as --clusters FILE, with -c or compare");
            self.complaints.push(complaint);
            return;
        }
        self.table("", document, keys::SECTIONS);
        self.rules(document);
        self.fixed_values(document);
    }

    fn rules(&mut self, document: &DeTable<'_>) {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for (section, dialect) in [("assertion", Dialect::First), ("assertions", Dialect::Second)] {
            let entries = document.get(section).and_then(|value| value.get_ref().as_array());
            for entry in entries.into_iter().flatten() {
                let Some(table) = entry.get_ref().as_table() else { continue };
                let line = self.line(&entry.span());
                if let Some(value) = field(table, "name")
                    && let Some(name) = value.get_ref().as_str()
                {
                    let here = self.line(&value.span());
                    if let Some(first) = names.get(name) {
                        self.complain(value.span(), format!("the name {name} is in lines {first} and {here}"));
                    }
                    names.entry(name.to_owned()).or_insert(here);
                }
                match dialect {
                    Dialect::First => self.assertion(entry, table, line),
                    Dialect::Second => self.check(entry, table, line),
                }
            }
        }
        self.budgets(document);
        self.benches(document);
        self.traces(document);
        self.anti_patterns(document);
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
        if !self.one_pattern_more(value) {
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

    /// Counts a pattern; false, and told, when it is one too many.
    fn one_pattern_more(&mut self, value: &Value<'_>) -> bool {
        self.patterns += 1;
        if self.patterns == PATTERNS_LIMIT + 1 {
            self.complain(value.span(), format!("more than {PATTERNS_LIMIT} patterns"));
        }
        self.patterns <= PATTERNS_LIMIT
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
