//! Objects: which stream of a process is which line of the golden: by name, by a pattern, and what is left over
//! by what was done to it.

use std::collections::BTreeMap;

use super::leftovers::{self, Left};
use super::steps::Numbers;
use super::streams::{Diff, bag, sequence};
use super::{Comparing, Difference, Places, Side, facts, right};
use crate::form::{FormProcess, FormStream, NodeRef};
use crate::golden::{Presence, Stream};
use crate::model::{ObjectKind, ProcKey};

impl<'a> Comparing<'a, '_> {
    pub(super) fn objects(
        &mut self,
        key: &'a ProcKey,
        at: usize,
        process: &'a FormProcess,
        numbers: &Numbers<'a>,
        places: &mut Places,
    ) {
        let golden = self.golden;
        let lines: Vec<(usize, &'a Stream)> =
            numbers.of_process(key).iter().filter_map(|at| Some((*at, golden.streams.get(*at)?))).collect();
        let known: BTreeMap<(ObjectKind, &str), &'a str> = lines
            .iter()
            .map(|(_, line)| ((line.object.kind, line.object.name.as_str()), line.object.name.as_str()))
            .collect();
        let mut by_name: BTreeMap<(ObjectKind, &str), Vec<usize>> = BTreeMap::new();
        for (nth, stream) in process.streams.iter().enumerate() {
            let name = self.names.canonical(&stream.object.name).as_str();
            let name = known.get(&(stream.object.kind, name)).copied().unwrap_or(stream.object.name.as_str());
            by_name.entry((stream.object.kind, name)).or_default().push(nth);
        }
        let mut gone: Vec<(usize, &'a Stream)> = Vec::new();
        for (line, stream) in lines {
            let found = by_name.remove(&(stream.object.kind, stream.object.name.as_str())).unwrap_or_default();
            if !right(stream.presence, found.len() as u64) {
                match found.len() {
                    0 => gone.push((line, stream)),
                    count => self.out.list.push(Difference::StreamCount { stream, count: count as u64 }),
                }
            }
            for nth in found {
                let Some(after) = process.streams.get(nth) else { continue };
                let node = NodeRef { process: at as u32, stream: nth as u32, step: 0 };
                self.pair(key, (line, stream), after, node, numbers, places);
            }
        }
        let new: Vec<usize> = by_name.into_values().flatten().collect();
        self.leftovers(key, at, process, gone, new, numbers, places);
    }

    fn pair(
        &mut self,
        key: &'a ProcKey,
        (line, before): (usize, &'a Stream),
        after: &'a FormStream,
        node: NodeRef,
        numbers: &Numbers<'a>,
        places: &mut Places,
    ) {
        let diff = self.diff((line, before), after, numbers);
        if !diff.is_empty() {
            self.stream(key, Some(before), Some(after), diff.clone());
        }
        places.streams.insert(line, (node, diff));
    }

    fn diff(&mut self, (line, before): (usize, &Stream), after: &FormStream, numbers: &Numbers<'_>) -> Diff {
        let ids = numbers.golden.get(line).map(Vec::as_slice).unwrap_or_default();
        let lines: Vec<(Presence, u32)> = before.steps.iter().map(|(p, _)| *p).zip(ids.iter().copied()).collect();
        let matched = numbers.matched(line, before, Side { form: self.form, stream: after });
        let steps: Vec<(u32, u64)> =
            matched.into_iter().zip(after.steps.iter().map(|step| u64::from(step.count))).collect();
        let accepts = numbers.accepts(before, Side { form: self.form, stream: after });
        let accepts = accepts.as_ref().map(|accepts| accepts as super::streams::Accepts<'_>);
        if before.bag || after.bag {
            return bag(&lines, &steps, accepts);
        }
        sequence(&lines, &steps, accepts, &mut self.out.work)
    }

    #[expect(clippy::too_many_arguments, reason = "the two sides and what pairing them needs")]
    fn leftovers(
        &mut self,
        key: &'a ProcKey,
        at: usize,
        process: &'a FormProcess,
        gone: Vec<(usize, &'a Stream)>,
        new: Vec<usize>,
        numbers: &Numbers<'a>,
        places: &mut Places,
    ) {
        let of_golden: Vec<Left<'_, Stream>> =
            gone.iter().map(|(line, before)| Left::of_golden(*line, before, numbers)).collect();
        let of_run: Vec<Left<'_, FormStream>> =
            new.iter().filter_map(|nth| Some(Left::of_run(*nth, process.streams.get(*nth)?, numbers))).collect();
        let found = leftovers::pairs(&of_golden, &of_run);
        for (line, nth) in &found.pairs {
            let (before, after) = (of_golden[*line].stream, of_run[*nth].stream);
            let node = NodeRef { process: at as u32, stream: of_run[*nth].at as u32, step: 0 };
            let diff = self.diff((of_golden[*line].at, before), after, numbers);
            self.stream(key, Some(before), Some(after), diff.clone());
            places.streams.insert(of_golden[*line].at, (node, diff));
        }
        let gone = found.gone.iter().map(|line| of_golden[*line].stream);
        for before in gone.filter(|before| facts::required(before.presence)) {
            self.stream(key, Some(before), None, Diff::default());
        }
        for nth in found.new {
            self.stream(key, None, Some(of_run[nth].stream), Diff::default());
        }
    }
}
