//! The crowd: how many calls each process made.

use std::collections::HashMap;

use crate::finding::text;

/// A process and its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Basename of its last executable.
    pub exe: String,
    /// Calls.
    pub calls: u64,
}

/// The processes of a run.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    rows: Vec<(Vec<u8>, u64)>,
    of: HashMap<u32, usize>,
}

impl Crowd {
    /// A process begins, perhaps under the id of one that is gone.
    pub fn born(&mut self, pid: u32) {
        self.of.remove(&pid);
    }

    pub fn call(&mut self, pid: u32, exe: &[u8]) {
        let rows = &mut self.rows;
        let at = *self.of.entry(pid).or_insert_with(|| {
            rows.push((exe.to_vec(), 0));
            rows.len() - 1
        });
        if let Some(row) = rows.get_mut(at) {
            if row.0 != exe {
                row.0 = exe.to_vec();
            }
            row.1 += 1;
        }
    }

    /// Those that made calls, most first.
    pub fn into_members(self) -> Vec<Member> {
        let mut members: Vec<Member> =
            self.rows.into_iter().map(|(exe, calls)| Member { exe: text(&exe), calls }).collect();
        members.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.exe.cmp(&b.exe)));
        members
    }
}
