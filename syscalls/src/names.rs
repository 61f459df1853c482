//! Names of constants: flags and enumerations of the kernel's interface.

/// A list of named values.
#[derive(Debug)]
pub struct Names {
    /// What strace puts behind a value without a name: `MAP_???`.
    pub unknown: &'static str,
    /// Value and name, in the order in which they are printed.
    pub rows: &'static [(u64, &'static str)],
}

impl Names {
    /// The name of exactly this value.
    pub fn name(&self, value: u64) -> Option<&'static str> {
        self.rows.iter().find(|row| row.0 == value).map(|row| row.1)
    }
}
