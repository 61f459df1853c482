//! Findings: the calls that made a value, with who made them and on what, counted.

use std::collections::HashMap;
use std::fmt;

/// Findings that are shown of one rule.
pub const SHOWN: usize = 10;
/// Different ones that are told apart; further ones are only counted.
const MOST: usize = 1024;

/// Calls of one name, process and path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Basename of the executable, where it matters.
    pub process: Option<String>,
    /// The call.
    pub call: String,
    /// The path or address, where it matters; bytes that are no text are escaped.
    pub path: Option<String>,
    /// How many.
    pub count: u64,
}

impl fmt::Display for Finding {
    /// `cat: openat /etc/hostname 2`. Strings of the target stand in it as they are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(process) = &self.process {
            write!(f, "{process}: ")?;
        }
        f.write_str(&self.call)?;
        if let Some(path) = &self.path {
            write!(f, " {path}")?;
        }
        write!(f, " {}", self.count)
    }
}

/// Findings on their way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Findings {
    rows: Vec<Finding>,
    places: HashMap<(String, String, Option<String>), usize>,
    /// Calls in all, those beyond the limit among them.
    pub total: u64,
    beyond: u64,
}

impl Findings {
    /// One call more.
    pub fn add(&mut self, process: &[u8], call: &str, path: Option<&[u8]>) {
        self.add_many(process, call, path, 1);
    }

    /// So many more.
    pub fn add_many(&mut self, process: &[u8], call: &str, path: Option<&[u8]>, count: u64) {
        self.total = self.total.saturating_add(count);
        let key = (text(process), call.to_owned(), path.map(text));
        if let Some(row) = self.places.get(&key).and_then(|at| self.rows.get_mut(*at)) {
            row.count = row.count.saturating_add(count);
        } else if self.rows.len() < MOST {
            let (process, call, path) = key.clone();
            self.places.insert(key, self.rows.len());
            self.rows.push(Finding { process: Some(process).filter(|p| !p.is_empty()), call, path, count });
        } else {
            self.beyond += 1;
        }
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Most first, and how many further ones there are.
    pub fn into_shown(self) -> Shown {
        let mut rows = self.rows;
        rows.sort_by_key(|row| std::cmp::Reverse(row.count));
        let more = rows.len().saturating_sub(SHOWN) as u64 + self.beyond;
        rows.truncate(SHOWN);
        Shown { rows, more }
    }
}

/// What is shown of findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// The first few, most first.
    pub rows: Vec<Finding>,
    /// How many more there are.
    pub more: u64,
}

impl Shown {
    /// Of counts by name.
    pub fn of_names<'n>(counts: impl IntoIterator<Item = (&'n str, u64)>) -> Shown {
        let mut found = Findings::default();
        for (name, count) in counts {
            found.add_many(b"", name, None, count);
        }
        found.into_shown()
    }
}

/// Bytes of a target as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_are_shown_and_the_rest_is_counted() {
        let mut found = Findings::default();
        for number in 0..2000u32 {
            found.add(b"sh", "openat", Some(format!("/{number}").as_bytes()));
        }
        found.add(b"sh", "openat", Some(b"/7"));
        assert_eq!(found.total, 2001);
        let shown = found.into_shown();
        assert_eq!((shown.rows.len(), shown.more), (10, 1990));
        assert_eq!(shown.rows[0].path.as_deref(), Some("/7"));
        assert_eq!(shown.rows[0].count, 2);
    }
}
