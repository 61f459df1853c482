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
    pub fn map(&mut self, pid: u32, number: u32, mappings: &[Mapping], symbols: &mut Symbols) {
        let Some(mapping) = mappings.get(number as usize) else { return };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_with_wrong_bytes_make_nothing_panic() {
        let Ok(whole) = std::fs::read("/bin/true") else { return println!("skipped: no /bin/true here") };
        let directory = tempfile::tempdir().expect("a directory");
        let mut seed = 11u64;
        let mut random = move |below: usize| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) as usize % below
        };
        let mut followed = 0;
        for round in 0..200 {
            let mut bytes = whole.clone();
            let (from, len) = match round % 3 {
                0 => (0, 1024),
                1 => (bytes.len() - 4096, 4096),
                _ => (0, bytes.len()),
            };
            for _ in 0..100 {
                bytes[from + random(len)] = [0, 0xff, 0x7f, 0x80, random(256) as u8][random(5)];
            }
            let path = directory.path().join(round.to_string());
            std::fs::write(&path, &bytes).expect("written");
            let start = 0x5555_5555_0000;
            let end = start + whole.len() as u64;
            let mapping = Mapping { pid: 1, start, end, offset: 0, path, build_id: vec![] };
            let (mut unwinding, mut symbols) = (Unwinding::default(), Symbols::default());
            unwinding.map(1, 0, &[mapping], &mut symbols);
            for _ in 0..50 {
                let sp = 0x7fff_0000_0000;
                let mut address = || start + random(whole.len()) as u64;
                let stack: Vec<u8> = (0..64).flat_map(|_| address().to_ne_bytes()).collect();
                let registers = Registers { ip: address(), sp, bp: sp + 64 };
                let mut frames = Vec::new();
                unwinding.unwind(1, registers, &stack, |ip| Frame { ip, mapping: 0 }, &mut frames);
                assert!(frames.len() <= MOST_FRAMES);
                followed += usize::from(frames.len() > 1);
            }
        }
        assert!(followed > 1000, "{followed} of 10000: most tables are still read");
    }
}
