//! Align: two outcomes cut down to what both could tell.

use std::collections::BTreeSet;

use super::Told;
use crate::content::{Content, Hash};
use crate::form::{FormEnd, FormProcess};
use crate::golden::EndKind;
use crate::model::Exit;

/// Takes from each what the other could not know; returns what was taken, a phrase each.
pub(super) fn align(a: &mut Told, b: &mut Told) -> BTreeSet<String> {
    let mut taken = BTreeSet::new();
    same_arguments(a, b);
    same_exits(a, b);
    same_contents(a, b, &mut taken);
    only_what_paths_tell(a, b, &mut taken);
    only_what_paths_tell(b, a, &mut taken);
    taken
}

/// The arguments of the root are compared when both know them.
fn same_arguments(a: &mut Told, b: &mut Told) {
    if a.knows.argv && b.knows.argv {
        return;
    }
    if let (Some(one), Some(other)) = (root(&mut a.form.processes), root(&mut b.form.processes)) {
        (one.exe, one.args) = (other.exe.clone(), other.args.clone());
    }
    a.form.argv.clone_from(&b.form.argv);
}

fn root(processes: &mut [FormProcess]) -> Option<&mut FormProcess> {
    processes.iter_mut().find(|process| &*process.key.0 == "P")
}

/// A number that may be a signal is compared as the number.
fn same_exits(a: &mut Told, b: &mut Told) {
    if a.knows.certain_exit && b.knows.certain_exit {
        return;
    }
    for process in [root(&mut a.form.processes), root(&mut b.form.processes)].into_iter().flatten() {
        if let Exit::Killed { signal, .. } = &process.exit
            && let Some(number) = syscalls::signal::by_name(signal)
        {
            process.exit = Exit::Exited((128 + number) as u8);
        }
    }
}

/// Bytes are compared when both know them, else how many there are.
fn same_contents(a: &mut Told, b: &mut Told, taken: &mut BTreeSet<String>) {
    for end in &mut a.form.ends {
        let Some(other) = b.form.ends.iter_mut().find(|other| (other.kind, &other.name) == (end.kind, &end.name))
        else {
            continue;
        };
        match (&end.content, &other.content) {
            (Some(one), Some(two)) if one.hash.is_none() || two.hash.is_none() => {
                taken.insert(format!("the bytes of {}: only how many they are is known", end.name));
                let (one, two) = (one.len, two.len);
                (end.content, other.content) = (Some(of_length(one)), Some(of_length(two)));
            }
            (None, None) | (Some(_), Some(_)) => {}
            _ => {
                taken.insert(format!("what {} holds", end.name));
                (end.content, other.content) = (None, None);
            }
        }
    }
}

/// A content of which only the length is compared: contents of one length are alike.
fn of_length(len: u64) -> Content {
    Content { len, hash: Some(Hash::of(format!("{len} bytes").as_bytes())), bytes: None }
}

/// What only a path can tell is taken from `a` when `b` has none of them.
fn only_what_paths_tell(a: &mut Told, b: &Told, taken: &mut BTreeSet<String>) {
    if b.knows.paths || !a.knows.paths {
        return;
    }
    let told_without = |end: &FormEnd| match end.kind {
        EndKind::Std => true,
        EndKind::File => b.form.ends.iter().any(|other| other.name == end.name) || end.content.is_some(),
        _ => false,
    };
    let (kept, gone): (Vec<_>, Vec<_>) = a.form.ends.drain(..).partition(told_without);
    a.form.ends = kept;
    taken.extend(gone.iter().map(|end| format!("what became of {}", end.name)));
}
