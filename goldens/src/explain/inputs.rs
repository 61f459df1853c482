//! Inputs: what a run found in its world.

use super::ends::endpoint;
use super::{Context, Draft, words};
use crate::finding::Code;
use crate::model::{Input, InputKind, ProcKey, Step, Verb};

impl Context<'_> {
    pub(super) fn input(&self, input: &Input, new: bool) -> Draft {
        let name = words::value(&input.name);
        let now = if new { "now" } else { "no longer" };
        let verb = |new_word: &str, gone_word: &str| if new { new_word.to_string() } else { gone_word.to_string() };
        let usual = if new { Code::InNew } else { Code::InGone };
        let (code, sentence) = match input.kind {
            InputKind::Net => return self.endpoint(input, new),
            InputKind::Absent => (Code::InAbsent, format!("{now} {} {name} (absent)", verb("probes", "probes"))),
            InputKind::Read => (usual, format!("{now} reads {name}")),
            InputKind::List => (usual, format!("{now} lists {name}")),
            InputKind::Exec => (usual, format!("{now} executes {name}")),
            InputKind::Load => (usual, format!("{now} loads {name}")),
            InputKind::Env => (usual, format!("{now} has {name} in its environment")),
        };
        let users: std::collections::BTreeSet<ProcKey> = self.finders(input, new);
        let first = users.first().cloned().unwrap_or_else(|| ProcKey("P".into()));
        let mut draft = Draft::new(code, &first, sentence).attribute(word(input.kind));
        draft.names.insert(input.name.to_string());
        draft.finding.object = Some(input.name.clone());
        draft.finding.event = self.first_event(input.name.as_str());
        let draft = draft.owned_by(users);
        if new { draft } else { draft.missing() }
    }

    /// Processes that found it: as the run says, or as the streams of the golden do.
    fn finders(&self, input: &Input, new: bool) -> std::collections::BTreeSet<ProcKey> {
        let run = self.form.processes.iter().zip(self.keys).filter(|(process, _)| process.inputs.contains(input));
        let run: std::collections::BTreeSet<ProcKey> = run.map(|(_, key)| (*key).clone()).collect();
        if new || !run.is_empty() {
            return run;
        }
        if input.kind == InputKind::Exec {
            let lines = self.golden.processes.iter().filter(|line| line.exe == input.name);
            return lines.map(|line| line.key.clone()).collect();
        }
        self.users.get(input.name.as_str()).cloned().unwrap_or_default()
    }

    fn first_event(&self, name: &str) -> Option<u64> {
        let streams = self.form.processes.iter().flat_map(|process| &process.streams);
        let named = streams.filter(|stream| words::object_syntax(&stream.object) == name);
        named.filter_map(|stream| stream.steps.first()).map(|step| step.event).min()
    }

    fn endpoint(&self, input: &Input, new: bool) -> Draft {
        let steps = self.steps_on(input.name.as_str());
        let listens = steps.iter().any(|step| matches!(step.verb, Verb::Listen | Verb::Bind));
        let refused = steps.iter().find(|step| step.verb == Verb::Connect).and_then(|step| step.errno.as_deref());
        let how = if listens { "listens on" } else { "connects to" };
        let now = if new { "now" } else { "no longer" };
        let error = refused.filter(|_| new).map(|error| format!(" ({})", words::plain(error))).unwrap_or_default();
        let sentence = format!("{now} {how} {}{error}", endpoint(&input.name));
        let users = self.users.get(input.name.as_str()).cloned().unwrap_or_default();
        let first = users.first().cloned().unwrap_or_else(|| ProcKey("P".into()));
        let code = if new { Code::NetNew } else { Code::NetGone };
        let mut draft = Draft::new(code, &first, sentence).attribute("endpoint");
        draft.names.insert(input.name.to_string());
        draft.finding.object = Some(input.name.clone());
        draft.finding.event = self.first_event(input.name.as_str());
        let draft = draft.owned_by(users);
        if new { draft } else { draft.missing() }
    }

    /// Steps of either side on an object.
    fn steps_on(&self, name: &str) -> Vec<&Step> {
        let run = self.form.processes.iter().flat_map(|process| &process.streams);
        let run = run.filter(|stream| words::object_syntax(&stream.object) == name);
        let run = run.flat_map(|stream| &stream.steps).filter_map(|step| self.form.steps.get(step.step as usize));
        let golden = self.golden.streams.iter().filter(|stream| words::object_syntax(&stream.object) == name);
        run.chain(golden.flat_map(|stream| stream.steps.iter().map(|(_, step)| step))).collect()
    }
}

fn word(kind: InputKind) -> &'static str {
    match kind {
        InputKind::Absent => "absent",
        InputKind::Env => "env",
        InputKind::Exec => "exec",
        InputKind::List => "list",
        InputKind::Load => "load",
        InputKind::Net => "net",
        InputKind::Read => "read",
    }
}
