//! `[[assertion]]` beyond the origin: rules about what calls do.

use syscalls::Filter;
use toml::de::DeTable;

use super::values::{field, text_of, unsigned};
use super::{Reader, Value};
use crate::glob::Glob;
use crate::rule::{Allowed, Asks, Direction};

/// Families that `no_network` may allow.
const FAMILIES: [&str; 3] = ["unix", "netlink", "loopback"];

impl Reader<'_> {
    /// What a rule of this type asks; `None` when something that it needs is missing or wrong, which is told.
    pub(super) fn question(&mut self, kind: &str, table: &DeTable<'_>) -> Option<Asks> {
        let uint = |key: &str| field(table, key).and_then(|value| unsigned(value.get_ref()));
        let is = |key: &str, otherwise: bool| {
            field(table, key).and_then(|value| value.get_ref().as_bool()).unwrap_or(otherwise)
        };
        // Everything is read before anything is missed, so that all that is wrong is told.
        let calls = self.calls(table);
        let path = self.path(table);
        let paths = self.paths(table);
        Some(match kind {
            "must_call" => Asks::MustCall { calls: calls?, min: uint("min").unwrap_or(1), path },
            "must_not_call" => Asks::MustNotCall { calls: calls?, path },
            "no_network" => Asks::NoNetwork(self.allowed(table)),
            "reads_only" => Asks::ReadsOnly { paths: paths?, runtime: is("runtime", true) },
            "writes_only" => Asks::WritesOnly { paths: paths? },
            "durable_replace" => Asks::DurableReplace { path: path?, directory: is("directory", true) },
            "count_budget" => {
                Asks::CountBudget { calls: calls?, max: uint("max")?, errors_only: is("errors_only", false) }
            }
            "byte_budget" => {
                let direction = match field(table, "direction").map(text_of).as_deref() {
                    Some("read") => Direction::Read,
                    Some("written") => Direction::Written,
                    _ => Direction::Both,
                };
                let calls = if field(table, "calls").is_some() { calls? } else { Filter::all() };
                Asks::ByteBudget { calls, max: uint("max_bytes")?, direction, path }
            }
            _ => return None,
        })
    }

    /// The strings of an array; an empty one could never match.
    fn words<'v, 'i>(&mut self, table: &'v DeTable<'i>, key: &str) -> Option<Vec<&'v Value<'i>>> {
        let value = field(table, key)?;
        let words: Vec<&Value<'_>> =
            value.get_ref().as_array()?.iter().filter(|word| word.get_ref().is_str()).collect();
        if words.is_empty() {
            self.complain(value.span(), format!("{key} is empty: nothing could match"));
            return None;
        }
        Some(words)
    }

    fn calls(&mut self, table: &DeTable<'_>) -> Option<Filter> {
        let words = self.words(table, "calls")?;
        let mut whole = true;
        for word in &words {
            if let Err(error) = Filter::parse(&text_of(word)) {
                self.complain(word.span(), error.to_string());
                whole = false;
            }
        }
        let joined: Vec<String> = words.iter().map(|word| text_of(word)).collect();
        Filter::parse(&joined.join(",")).ok().filter(|_| whole)
    }

    fn path(&mut self, table: &DeTable<'_>) -> Option<Glob> {
        field(table, "path").filter(|value| value.get_ref().is_str()).and_then(|value| self.glob(value))
    }

    fn paths(&mut self, table: &DeTable<'_>) -> Option<Vec<Glob>> {
        let words = self.words(table, "paths")?;
        let globs: Vec<Option<Glob>> = words.into_iter().map(|word| self.glob(word)).collect();
        globs.into_iter().collect()
    }

    /// A glob, counted among the patterns of the file.
    pub(super) fn glob(&mut self, value: &Value<'_>) -> Option<Glob> {
        if !self.one_pattern_more(value) {
            return None;
        }
        let text = text_of(value);
        match Glob::new(&text) {
            Ok(glob) => Some(glob),
            Err(why) => {
                self.complain(value.span(), format!("{text:?} is no glob: {why}"));
                None
            }
        }
    }

    fn allowed(&mut self, table: &DeTable<'_>) -> Allowed {
        let Some(list) = field(table, "allow").and_then(|value| value.get_ref().as_array()) else {
            return Allowed { unix: true, netlink: true, loopback: false };
        };
        let mut allowed = Allowed::default();
        for word in list.iter().filter(|word| word.get_ref().is_str()) {
            match text_of(word).as_str() {
                "unix" => allowed.unix = true,
                "netlink" => allowed.netlink = true,
                "loopback" => allowed.loopback = true,
                other => {
                    let complaint = self
                        .complaint(word.span(), format!("{other:?} is no family; known are {}", FAMILIES.join(", ")))
                        .nearest(other, FAMILIES);
                    self.complaints.push(complaint);
                }
            }
        }
        allowed
    }
}
