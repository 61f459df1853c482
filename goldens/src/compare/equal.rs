//! Equal: two runs that are the same in all that any level looks at. No difference is searched for in them.

use std::collections::HashMap;
use std::hash::Hash;

use crate::form::{Form, FormEnd, FormProcess, FormStep};

/// Are they? What is only to be known, and the numbers of events, may be others.
pub(crate) fn equal(a: &Form, b: &Form) -> bool {
    if (a.processes.len(), a.ends.len(), &a.order) != (b.processes.len(), b.ends.len(), &b.order) {
        return false;
    }
    let steps = Numbers(places(&a.steps, &b.steps));
    let calls = Numbers(places(&a.calls, &b.calls));
    a.platform == b.platform
        && a.class == b.class
        && a.ends.iter().zip(&b.ends).all(|(a, b)| ends_equal(a, b))
        && a.processes.iter().zip(&b.processes).all(|(a, b)| processes_equal(a, b, &steps, &calls))
}

/// Of each of the second list, its place in the first.
fn places<T: Hash + Eq>(a: &[T], b: &[T]) -> Vec<Option<u32>> {
    let place: HashMap<&T, u32> = a.iter().zip(0..).collect();
    b.iter().map(|item| place.get(item).copied()).collect()
}

/// Steps of the second run under the numbers of the first.
struct Numbers(Vec<Option<u32>>);

impl Numbers {
    fn equal(&self, a: &[FormStep], b: &[FormStep]) -> bool {
        let same = |(a, b): (&FormStep, &FormStep)| {
            a.count == b.count && self.0.get(b.step as usize).copied().flatten() == Some(a.step)
        };
        a.len() == b.len() && a.iter().zip(b).all(same)
    }
}

fn ends_equal(a: &FormEnd, b: &FormEnd) -> bool {
    let content = |end: &FormEnd| end.content.as_ref().map(|content| (content.len, content.hash));
    (a.kind, &a.name, a.mode, &a.to, content(a)) == (b.kind, &b.name, b.mode, &b.to, content(b))
}

fn processes_equal(a: &FormProcess, b: &FormProcess, steps: &Numbers, calls: &Numbers) -> bool {
    (&a.key, &a.exe, &a.args, &a.exit) == (&b.key, &b.exe, &b.args, &b.exit)
        && (&a.inputs, &a.durability, &a.facts, &a.shapes) == (&b.inputs, &b.durability, &b.facts, &b.shapes)
        && (a.streams.len(), a.threads.len()) == (b.streams.len(), b.threads.len())
        && a.streams
            .iter()
            .zip(&b.streams)
            .all(|(a, b)| (&a.object, a.bag) == (&b.object, b.bag) && steps.equal(&a.steps, &b.steps))
        && a.threads.iter().zip(&b.threads).all(|(a, b)| a.key == b.key && calls.equal(&a.calls, &b.calls))
}
