//! Names of the kernel's functions: /proc/kallsyms (proc(5)).

/// Behind each name, so that no function of a program is taken for one of the kernel's.
const MARK: &str = "_[k]";

/// The kernel's functions, as they are now.
#[derive(Debug, Default)]
pub(crate) struct Kernel {
    /// Ascending by address.
    functions: Vec<(u64, String)>,
    problem: Option<String>,
}

impl Kernel {
    /// Reads them.
    pub fn read() -> Kernel {
        match std::fs::read_to_string("/proc/kallsyms") {
            Ok(text) => Kernel::parse(&text),
            Err(error) => {
                Kernel { functions: vec![], problem: Some(format!("cannot read the kernel's symbols: {error}")) }
            }
        }
    }

    fn parse(text: &str) -> Kernel {
        let mut functions: Vec<(u64, String)> = text.lines().filter_map(function).collect();
        // Whoever may not know the addresses reads zeros.
        functions.retain(|(address, _)| *address != 0);
        functions.sort();
        let hidden = "the kernel hides the addresses of its functions: run as root, or set kernel.kptr_restrict=0";
        let problem = functions.is_empty().then(|| hidden.into());
        Kernel { functions, problem }
    }

    /// The function that holds this address.
    pub fn name(&self, ip: u64) -> String {
        let behind = self.functions.partition_point(|(address, _)| *address <= ip);
        match behind.checked_sub(1).and_then(|index| self.functions.get(index)) {
            Some((_, name)) => format!("{name}{MARK}"),
            None => format!("[kernel]{MARK}"),
        }
    }

    /// Why there are no names.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

/// `ffffffff81000000 T _text`, in a module with a tab and its name behind.
fn function(line: &str) -> Option<(u64, String)> {
    let mut words = line.split_ascii_whitespace();
    let address = u64::from_str_radix(words.next()?, 16).ok()?;
    let is_code = words.next().is_some_and(|kind| ["t", "T", "w", "W"].contains(&kind));
    let name = words.next()?;
    is_code.then(|| (address, name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_belongs_to_the_function_before_it() {
        let text = "ffffffff81000100 T second\nffffffff81000000 t first\nffffffff81000080 d data\n\
                    ffffffffc0000000 t in_module\t[module]\nnonsense\n";
        let kernel = Kernel::parse(text);
        assert_eq!(kernel.name(0xffff_ffff_8100_00ff), "first_[k]");
        assert_eq!(kernel.name(0xffff_ffff_8100_0100), "second_[k]");
        assert_eq!(kernel.name(u64::MAX), "in_module_[k]");
        assert_eq!(kernel.name(0x8000_0000_0000_0000), "[kernel]_[k]");
        assert_eq!(kernel.problem(), None);
    }

    #[test]
    fn hidden_addresses_are_told() {
        let kernel = Kernel::parse("0000000000000000 T first\n0000000000000000 T second\n");
        assert_eq!(kernel.name(u64::MAX), "[kernel]_[k]");
        assert!(kernel.problem().is_some_and(|problem| problem.contains("kptr_restrict")));
    }
}
