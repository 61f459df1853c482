//! Files of clusters (renacer's `clusters-default.toml`): groups of calls, by name and by what they are about.

use toml::de::DeTable;

use super::values::{decimal, field, text_of};
use super::{Reader, call_names};
use crate::complaint::BadFile;
use crate::glob::PathGlob;
use crate::keys::{Key, Shape};
use syscalls::{Abi, Filter};

/// Where calls go that no cluster takes.
pub const UNCLASSIFIED: &str = "Unclassified";

/// How bad an increase is.
const SEVERITIES: &[&str] = &["low", "medium", "high", "critical"];

const KEYS: &[Key] = &[Key("cluster", Shape::Tables(CLUSTER))];

const CLUSTER: &[Key] = &[
    Key("name", Shape::Text),
    Key("description", Shape::Text),
    Key("syscalls", Shape::Texts),
    Key("expected_for_transpiler", Shape::Bool),
    Key("anomaly_threshold", Shape::Number),
    Key("severity", Shape::Word(SEVERITIES)),
    Key("comment", Shape::Text),
    Key("args_filter", Shape::Table(ARGS)),
];

const ARGS: &[Key] = &[Key("fd_path_pattern", Shape::Text), Key("arg_contains", Shape::Text)];

/// Names that a warning lists.
const LISTED: usize = 8;

/// What a file of clusters says.
#[derive(Debug, Clone, Default)]
pub struct Clusters {
    /// In the order of the file; a call belongs to the first that takes it.
    pub clusters: Vec<Cluster>,
    /// What has no effect, in words.
    pub warnings: Vec<String>,
}

/// A group of calls.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its calls.
    pub calls: Filter,
    /// Only those on a descriptor with such a path behind it.
    pub fd_path: Option<PathGlob>,
    /// Only those whose arguments hold this text.
    pub arg_contains: Option<String>,
    /// Are there such calls in a run as it should be?
    pub expected: bool,
    /// Increase that is nothing to look at, as a share of what was: 0 to 1.
    pub threshold: f64,
    /// How bad a larger increase is.
    pub severity: &'static str,
}

impl Clusters {
    /// Reads the text of a file; `name` is for messages.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(name: &str, text: &str) -> Result<Clusters, BadFile> {
        let mut reader = Reader::of(name, text);
        let mut clusters = Clusters::default();
        reader.whole(|reader, document| {
            reader.table("", document, KEYS);
            clusters = reader.clusters(document);
        });
        reader.done().map(|_| clusters)
    }
}

impl Reader<'_> {
    fn clusters(&mut self, document: &DeTable<'_>) -> Clusters {
        let mut read = Clusters::default();
        let mut names = Names::default();
        let entries = document.get("cluster").and_then(|value| value.get_ref().as_array());
        for entry in entries.into_iter().flatten() {
            let Some(table) = entry.get_ref().as_table() else { continue };
            let name = self.required(entry, table, "[[cluster]]", "name").map(text_of);
            if let (Some(name), Some(value)) = (&name, field(table, "name")) {
                if name == UNCLASSIFIED {
                    self.complain(value.span(), format!("the name {name} is that of calls which no cluster takes"));
                } else if read.clusters.iter().any(|other| other.name == *name) {
                    self.complain(value.span(), format!("a second cluster {name}"));
                }
            }
            self.required(entry, table, "[[cluster]]", "syscalls");
            let list = field(table, "syscalls").and_then(|value| value.get_ref().as_array());
            let words = list.into_iter().flatten().map(text_of).collect::<Vec<_>>();
            let name = name.unwrap_or_default();
            let calls = names.calls(&name, &words);
            let args = field(table, "args_filter").and_then(|value| value.get_ref().as_table());
            let text = |key: &str| args.and_then(|args| field(args, key)).filter(|value| value.get_ref().is_str());
            let fd_path = text("fd_path_pattern").and_then(|value| self.glob(value)).map(|glob| glob.bare());
            let arg_contains = text("arg_contains").map(text_of);
            read.clusters.push(Cluster {
                calls,
                fd_path,
                arg_contains,
                expected: field(table, "expected_for_transpiler").and_then(|v| v.get_ref().as_bool()).unwrap_or(true),
                threshold: self.threshold(table),
                severity: severity(table),
                name,
            });
        }
        if read.clusters.is_empty() && self.complaints.is_empty() {
            self.complain(0..0, "no [[cluster]] in the file");
        }
        read.warnings = names.warnings;
        if !names.strange.is_empty() {
            read.warnings.insert(0, strange(&names.strange, names.all));
        }
        read
    }

    fn threshold(&mut self, table: &DeTable<'_>) -> f64 {
        let Some(value) = field(table, "anomaly_threshold") else { return 0.0 };
        let threshold = decimal(value.get_ref()).unwrap_or(0.0);
        if threshold > 1.0 {
            self.complain(value.span(), format!("anomaly_threshold is {threshold}: it must be from 0 to 1"));
        }
        threshold
    }
}

fn severity(table: &DeTable<'_>) -> &'static str {
    let word = field(table, "severity").map(text_of).unwrap_or_default();
    SEVERITIES.iter().copied().find(|known| *known == word).unwrap_or("medium")
}

/// Names of calls, told apart.
#[derive(Default)]
struct Names {
    all: usize,
    strange: Vec<String>,
    warnings: Vec<String>,
}

impl Names {
    /// The calls of a cluster: those that any ABI has. What this machine's own has not is told.
    fn calls(&mut self, cluster: &str, words: &[String]) -> Filter {
        self.all += words.len();
        self.strange.extend(words.iter().filter(|word| !call_names().any(|name| name == *word)).cloned());
        let real: Vec<&str> = words.iter().map(String::as_str).filter(|word| is_call(word)).collect();
        if real.is_empty() {
            self.warnings.push(format!("the cluster {cluster} never takes a call: none of its names is a system call"));
        }
        let none = || Filter::parse("none").unwrap_or_else(|_| Filter::all());
        if real.is_empty() { none() } else { Filter::parse(&real.join(",")).unwrap_or_else(|_| none()) }
    }
}

/// Is it the name of a call in any ABI?
fn is_call(word: &str) -> bool {
    let abis = [Abi::X86_64, Abi::I386, Abi::X32, Abi::Aarch64, Abi::Arm];
    abis.into_iter().any(|abi| syscalls::table(abi).iter().flatten().any(|row| row.name == word))
}

fn strange(names: &[String], all: usize) -> String {
    let listed: Vec<&str> = names.iter().take(LISTED).map(String::as_str).collect();
    let more = names.len() - listed.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} of {all} names are no system calls of this machine: {}{more}", names.len(), listed.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(text: &str) -> String {
        Clusters::read("c.toml", text).expect_err("a complaint").to_string()
    }

    #[test]
    fn a_file_is_read_whole() {
        let text = "[[cluster]]\nname = \"Gpu\"\ndescription = \"d\"\nsyscalls = [\"ioctl\", \"dlopen\"]\n\
                    expected_for_transpiler = false\nanomaly_threshold = 0.5\nseverity = \"critical\"\n\
                    [cluster.args_filter]\nfd_path_pattern = \"/dev/nvidia*\"\narg_contains = \"0x\"\n\
                    [[cluster]]\nname = \"Linking\"\nsyscalls = [\"dlsym\"]\n";
        let read = Clusters::read("c.toml", text).expect("a file");
        let [gpu, linking] = read.clusters.as_slice() else { panic!("{read:?}") };
        assert!(gpu.calls.takes(Abi::X86_64, 16) && !gpu.calls.takes(Abi::X86_64, 0));
        let path = gpu.fd_path.as_ref().expect("a glob");
        assert!(path.takes(b"/dev/nvidia0") && !path.takes(b"/dev/nvidia/0") && !path.takes(b"/dev/null"));
        assert_eq!((gpu.arg_contains.as_deref(), gpu.expected), (Some("0x"), false));
        assert_eq!((gpu.threshold, gpu.severity), (0.5, "critical"));
        assert!(!linking.calls.takes(Abi::X86_64, 16) && linking.expected);
        assert_eq!((linking.threshold, linking.severity), (0.0, "medium"));
        assert_eq!(
            read.warnings,
            [
                "2 of 3 names are no system calls of this machine: dlopen, dlsym",
                "the cluster Linking never takes a call: none of its names is a system call"
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, says) in [
            ("", "no [[cluster]] in the file"),
            ("[[cluster]]\nname = \"a\"\n", "[[cluster]] needs syscalls"),
            ("[[cluster]]\nsyscalls = [\"read\"]\n", "[[cluster]] needs name"),
            ("[[cluster]]\nname = \"a\"\nsyscals = []\n", "unknown key syscals in cluster"),
            ("[[cluster]]\nname = \"a\"\nsyscalls = []\nseverity = \"hihg\"\n", "the nearest is high"),
            ("[[cluster]]\nname = \"a\"\nsyscalls = []\nanomaly_threshold = 2\n", "it must be from 0 to 1"),
            (
                "[[cluster]]\nname = \"a\"\nsyscalls = []\n[[cluster]]\nname = \"a\"\nsyscalls = []\n",
                "a second cluster a",
            ),
            ("[[cluster]]\nname = \"Unclassified\"\nsyscalls = []\n", "which no cluster takes"),
            (
                "[[cluster]]\nname = \"a\"\nsyscalls = []\n[cluster.args_filter]\nfd_path_pattern = \"[\"\n",
                "is no glob",
            ),
            ("[[assertion]]\nname = \"a\"\n", "unknown section [assertion]"),
            ("[[cluster]\n", "`]]` expected"),
        ] {
            assert!(bad(text).contains(says), "{text:?}: {}", bad(text));
        }
    }
}
