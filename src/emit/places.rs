//! Places: the line of a file to which a finding belongs.

use std::path::Path;

use super::{Case, Findings, Place};
use crate::message::named;
use crate::perf;

/// A file in which names of what was judged stand.
pub struct Lines {
    file: String,
    text: String,
}

impl Lines {
    /// Of this file; one that can't be read has no lines.
    pub fn of(path: &Path) -> Option<Lines> {
        let bytes = perf::bytes(path).ok()?;
        let file = path.strip_prefix("./").unwrap_or(path);
        Some(Lines { file: named(file), text: String::from_utf8_lossy(&bytes).into_owned() })
    }

    /// The first line that holds this name as a string of JSON, or plain; else the first of all.
    pub fn place(&self, name: &str) -> Place {
        let found = self.find(name).unwrap_or(1);
        Place { file: self.file.clone(), line: found }
    }

    /// The same, where the file holds it.
    pub fn holding(&self, name: &str) -> Option<Place> {
        self.find(name).map(|line| Place { file: self.file.clone(), line })
    }

    fn find(&self, name: &str) -> Option<usize> {
        let json = serde_json::to_string(name).unwrap_or_default();
        let at = self.text.find(&json).or_else(|| self.text.find(name))?;
        let before = self.text.get(..at).unwrap_or_default();
        Some(before.matches('\n').count() + 1)
    }
}

impl Findings {
    /// Gives places to findings that have none.
    pub fn located(mut self, place: &dyn Fn(&Case) -> Option<Place>) -> Findings {
        for case in &mut self.cases {
            if case.found.iter().all(|found| found.place.is_some()) {
                continue;
            }
            let place = place(case);
            case.found
                .iter_mut()
                .filter(|found| found.place.is_none())
                .for_each(|found| found.place.clone_from(&place));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_where_it_stands_in_json() {
        let text = "{\n \"of\": \"ab\",\n \"a\": 1,\n \"x\\ny\": 2\n}\n".to_owned();
        let lines = Lines { file: "r.json".to_owned(), text };
        let line = |name: &str| lines.place(name).line;
        assert_eq!([line("a"), line("x\ny"), line("of"), line("none")], [3, 4, 2, 1]);
        assert_eq!(lines.holding("none"), None);
    }
}
