//! Names: which functions a stack shows, looked up once each after the run.

use std::collections::HashMap;
use std::sync::Arc;

use recording::event::{self, NO_MAPPING};
use report::perf::timeline::{Frame, Name, Stack};
use tracer::sampling::{self, Sampler};
use tracer::symbols::{Mapping, UNKNOWN};

/// Functions of the runtime library: they stand between a call site and the function that holds it.
const OF_RUNTIME: &str = "chic_trace_rt::";

/// Looks up the frames of a run.
pub struct Names<'a> {
    sampler: &'a mut Sampler,
    /// Numbers of functions, by their names: an inlined copy is the same function.
    functions: HashMap<Arc<[u8]>, u64>,
    frames: HashMap<event::Frame, Stack>,
}

impl<'a> Names<'a> {
    /// By what the sampler saw mapped.
    pub fn of(sampler: &'a mut Sampler) -> Self {
        Names { sampler, functions: HashMap::new(), frames: HashMap::new() }
    }

    /// A stack, root first, inlined functions included, of frames innermost first.
    pub fn stack(&mut self, frames: &[event::Frame], complete: bool) -> Stack {
        let mut stack = Vec::with_capacity(frames.len() + 1);
        stack.extend((!complete).then_some(Frame { name: Name::Truncated, code: None }));
        for frame in frames.iter().rev() {
            stack.extend(self.frame(*frame).iter().cloned());
        }
        stack.into()
    }

    /// The function that holds the call in front of this address of a process.
    pub fn function(&mut self, pid: u32, address: u64) -> Option<u64> {
        let address = address.checked_sub(1)?;
        let holds = |mapping: &Mapping| (mapping.start..mapping.end).contains(&address);
        let mappings = self.sampler.mappings();
        // A child has those of its parent until it executes something.
        let own = mappings.iter().rposition(|mapping| mapping.pid == pid && holds(mapping));
        let number = own.or_else(|| mappings.iter().rposition(holds))?;
        let frame = event::Frame { address, mapping: u32::try_from(number).unwrap_or(NO_MAPPING) };
        let is_of_runtime = |frame: &&Frame| match &frame.name {
            Name::Symbol(name) => name.starts_with(OF_RUNTIME.as_bytes()) || name.starts_with(b"<chic_trace_rt::"),
            _ => false,
        };
        self.frame(frame).iter().rev().find(|frame| !is_of_runtime(frame)).and_then(|frame| frame.code)
    }

    /// The functions of a frame, outermost first.
    fn frame(&mut self, frame: event::Frame) -> Stack {
        if let Some(known) = self.frames.get(&frame) {
            return Arc::clone(known);
        }
        let module = self.module(frame);
        let names = self.sampler.names(sampling::Frame { ip: frame.address, mapping: frame.mapping });
        let shown: Stack = names.into_iter().rev().map(|name| self.shown(name, module.as_deref())).collect();
        self.frames.insert(frame, Arc::clone(&shown));
        shown
    }

    /// A name that is none says so by the name of its module in brackets: a symbol may look like that, too.
    fn shown(&mut self, name: String, module: Option<&str>) -> Frame {
        let inside = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if name == UNKNOWN {
            return Frame { name: Name::Unknown, code: None };
        }
        if let (Some(inside), true) = (inside, inside == module) {
            return Frame { name: Name::Module(inside.as_bytes().into()), code: None };
        }
        let name: Arc<[u8]> = name.into_bytes().into();
        let next = self.functions.len() as u64;
        let code = *self.functions.entry(Arc::clone(&name)).or_insert(next);
        Frame { name: Name::Symbol(name), code: Some(code) }
    }

    /// What code without a symbol is called there.
    fn module(&self, frame: event::Frame) -> Option<String> {
        let mapping = self.sampler.mappings().get(frame.mapping as usize)?;
        let path = mapping.path.to_string_lossy();
        match path.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inside) => Some(inside.to_owned()),
            None => mapping.path.file_name().map(|name| name.to_string_lossy().into_owned()),
        }
    }
}
