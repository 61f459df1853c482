//! Ports that the kernel chose: `{EPk}`, numbered by who opened them and in which order.

use std::collections::HashMap;

use crate::run::Run;

/// The chosen addresses of a run and their numbers.
pub(super) fn number(run: &Run) -> HashMap<Vec<u8>, u32> {
    let mut chosen: Vec<(Option<u32>, usize, &[u8])> = Vec::new();
    for (at, object) in run.tables.objects.iter().enumerate() {
        let by = object.made_by.map(|process| process.0);
        if let Some((local, true)) = &object.local {
            chosen.push((by, at, local));
        }
        if run.objects.get(at).is_some_and(|facts| facts.accepted)
            && let Some(peer) = &object.peer
        {
            chosen.push((by, at, peer));
        }
    }
    chosen.sort_unstable();
    let mut numbers = HashMap::new();
    for (_, _, address) in chosen.into_iter().filter(|(_, _, address)| address.contains(&b':')) {
        let next = numbers.len() as u32 + 1;
        numbers.entry(address.to_vec()).or_insert(next);
    }
    numbers
}
