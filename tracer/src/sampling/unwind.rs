//! Unwinding of user stacks by the tables of the files mapped (`.eh_frame`, `.debug_frame`).

use std::collections::HashMap;
use std::sync::Arc;

use framehop::x86_64::{CacheX86_64, UnwindRegsX86_64, UnwinderX86_64};
use framehop::{ExplicitModuleSectionInfo, Module, Unwinder};

use super::Frame;
use super::record::Registers;
use crate::symbols::{Mapping, Symbols};

type Bytes = Arc<[u8]>;
/// Deeper stacks are cut.
const MOST_FRAMES: usize = 512;

/// What is known of all processes.
#[derive(Default)]
pub(super) struct Unwinding {
    processes: HashMap<u32, Process>,
    cache: CacheX86_64,
}

#[derive(Default, Clone)]
struct Process {
    unwinder: UnwinderX86_64<Bytes>,
}

impl Unwinding {
    /// Pages of a file were mapped.
    pub fn map(&mut self, pid: u32, index: u32, mappings: &[Mapping], symbols: &mut Symbols) {
        let Some(mapping) = mappings.get(index as usize) else { return };
        let Some(unwind) = symbols.unwinding(mapping) else { return };
        let sections = unwind.sections;
        let split = |section: Option<(std::ops::Range<u64>, Bytes)>| section.unzip();
        let (eh_frame_svma, eh_frame) = split(sections.eh_frame);
        let (eh_frame_hdr_svma, eh_frame_hdr) = split(sections.eh_frame_hdr);
        let (text_svma, text) = split(sections.text);
        let module = Module::new(
            String::new(),
            mapping.start..mapping.end,
            unwind.bias,
            ExplicitModuleSectionInfo {
                eh_frame_svma,
                eh_frame,
                eh_frame_hdr_svma,
                eh_frame_hdr,
                text_svma,
                text,
                debug_frame: sections.debug_frame.map(|(_, bytes)| bytes),
                got_svma: sections.got,
                ..Default::default()
            },
        );
        let process = self.processes.entry(pid).or_default();
        process.unwinder.remove_module(mapping.start);
        process.unwinder.add_module(module);
    }

    /// A process has its parent's pages.
    pub fn fork(&mut self, parent: u32, pid: u32) {
        if let Some(process) = self.processes.get(&parent).cloned() {
            self.processes.insert(pid, process);
        }
    }

    /// The process has another program.
    pub fn forget(&mut self, pid: u32) {
        self.processes.remove(&pid);
    }

    /// Appends the frames of a stack; true when it was followed to its end. `stack` begins at the stack pointer.
    pub fn unwind(
        &mut self,
        pid: u32,
        registers: Registers,
        stack: &[u8],
        place: impl Fn(u64) -> Frame,
        frames: &mut Vec<Frame>,
    ) -> bool {
        let Some(process) = self.processes.get(&pid) else { return false };
        let mut read = |address: u64| {
            let at = address.checked_sub(registers.sp).and_then(|at| usize::try_from(at).ok()).ok_or(())?;
            let word = stack.get(at..).and_then(<[u8]>::first_chunk).ok_or(())?;
            Ok(u64::from_ne_bytes(*word))
        };
        let start = UnwindRegsX86_64::new(registers.ip, registers.sp, registers.bp);
        let mut callers = process.unwinder.iter_frames(registers.ip, start, &mut self.cache, &mut read);
        while frames.len() < MOST_FRAMES {
            match callers.next() {
                Ok(Some(frame)) => frames.push(place(frame.address_for_lookup())),
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
        false
    }
}
