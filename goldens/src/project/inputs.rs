//! Inputs: what a process found in its world.

use std::collections::BTreeSet;

use super::Maker;
use crate::model::Input;
use crate::run::{InputName, ProcessFacts, Run};
use crate::value::Value;

/// The inputs of a process.
pub(super) fn of(maker: &Maker<'_>, facts: &ProcessFacts) -> BTreeSet<Input> {
    facts.inputs.iter().map(|(kind, name)| Input { kind: *kind, name: value(maker, *name) }).collect()
}

/// Names of the variables that the root was given.
pub(super) fn environment(run: &Run) -> Option<BTreeSet<Value>> {
    let root = run.tables.processes.first()?.images.first()?;
    let name = |entry: &Vec<u8>| entry.split(|byte| *byte == b'=').next().map(Value::literal);
    Some(root.env.as_ref()?.iter().filter_map(name).collect())
}

fn value(maker: &Maker<'_>, name: InputName) -> Value {
    match name {
        InputName::Path(name) => maker.names.path(maker.run.names.get(name)),
        InputName::Plain(name) => Value::literal(maker.run.names.get(name)),
        InputName::Class(class) => Value::from_syntax(format!("runtime:{class}")),
        InputName::Object(id) => Value::from_syntax(maker.reference(id)),
    }
}
