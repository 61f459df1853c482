//! The handshake: calls of prctl by which the runtime library in a target asks for a recorder of its
//! tracepoints (docs/RUNTIME.md; `runtime/src/recorder.rs` is the other side).
//!
//! No kernel knows the option, so nothing happens where nobody answers. Answered calls are not made: they return what we
//! say. Only for the first ring of a process the task makes three calls in the place of its own: memfd_create, mmap,
//! close. That is best done when it has no other task, who could see the descriptor meanwhile or get another number for
//! its own: at HELLO, before `main`.

use std::io;

use recording::event::{TracepointSource, text};

use crate::remote::Remote;
use crate::rings::Place;
use crate::session::{Session, Waited};
use crate::sys::Tid;
use crate::sys::ptrace::{Gone, Stopped};
use crate::sys::rings::{self, Area};
use crate::task::{InCall, Phase};

/// "CHIC"
const OPTION: u32 = 0x4348_4943;
const MAGIC: u64 = u64::from_le_bytes(*b"CHICTRC1");
const ABI: u64 = 1;
/// Bytes of what is passed to HELLO and THREAD, and where the answer stands in it.
const BLOCK: u64 = 64;
const ANSWER: u64 = 32;
/// Where HELLO has room for the name of a memory, which must lie in the target.
const NAME_AT: u64 = 40;
const NAME: [u64; 2] = [u64::from_le_bytes(*b"chic-tra"), u64::from_le_bytes(*b"ce-ring\0")];

const HELLO: u64 = 1;
const THREAD: u64 = 2;
const QUIET: u64 = 3;
const LOUD: u64 = 4;
const FULL: u64 = 5;
const FLUSH: u64 = 6;

/// CLOCK_MONOTONIC, by which we stamp events, too.
const MONOTONIC: u64 = 2;
/// Rings of an area; less where a target may have no more memory. What nobody writes to takes none.
const RINGS: [usize; 3] = [256, 16, 1];
/// Longest path of a snapshot that is kept.
const PATH_MAX: u64 = 4096;

const OK: i64 = 0;
const EINVAL: i64 = -(libc::EINVAL as i64);
const EFAULT: i64 = -(libc::EFAULT as i64);
const ENOMEM: i64 = -(libc::ENOMEM as i64);

/// Is this a word of a program to its recorder?
pub fn is_handshake(abi: syscalls::Abi, nr: u64, args: &[u64; 6]) -> bool {
    abi == syscalls::Abi::X86_64 && nr as i64 == libc::SYS_prctl && args[0] as u32 == OPTION
}

impl Session<'_> {
    /// At the entry of such a call: makes it return what we say.
    pub(crate) fn answer(&mut self, stopped: &Stopped, args: &[u64; 6]) -> Result<(), Gone> {
        let tid = stopped.tid();
        let Some(task) = self.tasks.get_mut(tid) else { return Ok(()) };
        if task.phase != Phase::Running {
            return stopped.skip_call(EINVAL);
        }
        let (op, at, len) = (args[1], args[2], args[3]);
        let result = match op {
            HELLO | THREAD if len < BLOCK || at.checked_add(BLOCK).is_none() => EINVAL,
            // Nothing more is recorded: the program is alone.
            HELLO if !self.stream.is_open() => EINVAL,
            HELLO => return self.hello(stopped, at),
            THREAD => return self.thread(stopped, at),
            QUIET | LOUD => {
                task.quiet = op == QUIET;
                OK
            }
            FULL => {
                let owner = self.ring_owner(tid);
                let has_room = self.rings.as_mut().is_some_and(|rings| rings.has_room(owner));
                if has_room { OK } else { EINVAL }
            }
            FLUSH => {
                self.snapshot(stopped, at, len.min(PATH_MAX));
                OK
            }
            _ => EINVAL,
        };
        stopped.skip_call(result)
    }

    fn hello(&mut self, stopped: &Stopped, at: u64) -> Result<(), Gone> {
        let [magic, abi] = [0, 8].map(|offset| stopped.peek(at + offset));
        if magic.is_none() || abi.is_none() {
            return stopped.skip_call(EFAULT);
        }
        if magic != Some(MAGIC) || abi.is_none_or(|abi| abi & 0xffff_ffff != ABI) {
            return stopped.skip_call(EINVAL);
        }
        let Some(pid) = self.tasks.get(stopped.tid()).map(|task| task.pid) else { return Ok(()) };
        if let Some(probes) = &mut self.probes {
            probes.leave_chic(pid, self.now);
        }
        let Some(rings) = &self.rings else { return stopped.skip_call(EINVAL) };
        let options = rings.options;
        let is_alone = self.tasks.process(pid).is_some_and(|process| process.tasks == 1);
        let answer = MONOTONIC
            | (u64::from(options.writes_family)
                | u64::from(options.hooks_live) << 1
                | u64::from(options.count_allocations) << 2
                | u64::from(options.fake_clock) << 3)
                << 32;
        if rings.has_area(pid) || !is_alone {
            let result = if stopped.poke(at + ANSWER, answer).is_ok() { OK } else { EFAULT };
            return stopped.skip_call(result);
        }
        let before = [0, 8].map(|offset| stopped.peek(at + NAME_AT + offset).unwrap_or(0));
        for (offset, word) in [0, 8].into_iter().zip(NAME) {
            if stopped.poke(at + NAME_AT + offset, word).is_err() {
                return stopped.skip_call(EFAULT);
            }
        }
        let made = self.make_area(stopped, pid, at + NAME_AT);
        let put_back = |stopped: &Stopped| -> Result<(), Gone> {
            for (offset, word) in [0, 8].into_iter().zip(before) {
                stopped.poke(at + NAME_AT + offset, word)?;
            }
            stopped.poke(at + ANSWER, answer)
        };
        self.end_remote(stopped, made, |_, stopped| if put_back(stopped).is_ok() { OK } else { EFAULT })
    }

    fn thread(&mut self, stopped: &Stopped, at: u64) -> Result<(), Gone> {
        let tid = self.ring_owner(stopped.tid());
        let Some(pid) = self.tasks.get(tid).map(|task| task.pid) else { return stopped.skip_call(EINVAL) };
        if let Some(place) = self.rings.as_mut().and_then(|rings| rings.give(pid, tid)) {
            return stopped.skip_call(tell_place(stopped, at, place));
        }
        // The name of its memory stands at the beginning of the block.
        let made = self.make_area(stopped, pid, at);
        self.end_remote(stopped, made, |session, stopped| {
            let place = session.rings.as_mut().and_then(|rings| rings.give(pid, tid));
            place.map_or(ENOMEM, |place| tell_place(stopped, at, place))
        })
    }

    /// Has the task make an area of rings for its process, with the name that stands at `name`.
    fn make_area(&mut self, stopped: &Stopped, pid: Tid, name: u64) -> Result<Made, Gone> {
        let restricted = self.tasks.process(pid).is_some_and(|process| process.own_filter || process.strict);
        if restricted {
            return Ok(Made::not(None, "the process has a seccomp filter of its own"));
        }
        let Some(mut remote) = Remote::begin(stopped, pid)? else {
            return Ok(Made::not(None, "the call does not come from a syscall instruction of 64-bit code"));
        };
        let slots = self.rings.as_ref().map_or(2, |rings| rings.options.ring_slots);
        match area(&mut remote, pid, name, slots) {
            Ok(Ok((area, base))) => {
                if let Some(rings) = &mut self.rings {
                    rings.add_area(pid, area, base);
                }
                Ok(Made { remote: Some(remote), why: None })
            }
            Ok(Err(why)) => Ok(Made::not(Some(remote), &why)),
            Err(Gone) => {
                if let Some((status, usage)) = remote.last {
                    self.serve_next(Waited { tid: stopped.tid(), status, usage: Some(usage) });
                }
                Err(Gone)
            }
        }
    }

    /// Puts the task behind its call: with the result of `then` if there is an area now, else with an error, which is
    /// told.
    fn end_remote(
        &mut self,
        stopped: &Stopped,
        made: Result<Made, Gone>,
        then: impl FnOnce(&mut Self, &Stopped) -> i64,
    ) -> Result<(), Gone> {
        let Made { remote, why } = made?;
        let result = match why {
            None => then(self, stopped),
            Some(why) => {
                let tid = stopped.tid();
                let why = format!("no ring for the tracepoints of task {tid}: {why}; they are not recorded");
                self.lost_tracepoints(tid, &why);
                ENOMEM
            }
        };
        let Some(mut remote) = remote else { return stopped.skip_call(result) };
        let is_past = remote.is_past();
        remote.finish(result)?;
        if is_past {
            self.left_own_call(stopped.tid(), result);
        }
        Ok(())
    }

    /// The task is behind its call, and no stop tells it.
    fn left_own_call(&mut self, tid: Tid, result: i64) {
        let Some(task) = self.tasks.get_mut(tid) else { return };
        if task.call == InCall::Shown {
            task.record.finish_call(recording::event::State::Done, self.now, result);
            self.stream.push(&task.record);
            if self.stream.unannounced == Some(tid) {
                self.stream.unannounced = None;
            }
        }
        task.call = InCall::No;
    }

    /// The program wrote documents of its own.
    fn snapshot(&mut self, stopped: &Stopped, at: u64, len: u64) {
        let tid = stopped.tid();
        let words = (0..len.div_ceil(8)).map_while(|i| stopped.peek(at.checked_add(8 * i)?));
        let path: Vec<u8> = words.flat_map(u64::to_le_bytes).take(len as usize).collect();
        let Some(task) = self.tasks.get_mut(tid) else { return };
        let seq = task.next_seq();
        self.event.begin_tracepoint(tid.0, seq, self.now, TracepointSource::Runtime, 0);
        self.event.text(text::MAIN, &path);
        self.push_event();
    }
}

/// What came of making an area.
struct Made {
    /// To be finished, if it was begun.
    remote: Option<Remote>,
    /// Why there is none.
    why: Option<String>,
}

impl Made {
    fn not(remote: Option<Remote>, why: &str) -> Made {
        Made { remote, why: Some(why.into()) }
    }
}

fn tell_place(stopped: &Stopped, at: u64, place: Place) -> i64 {
    let told = stopped.poke(at + ANSWER, place.address).and_then(|()| stopped.poke(at + ANSWER + 8, place.bytes));
    if told.is_ok() { OK } else { EFAULT }
}

/// An area with its address in the target, or the call that was refused and its raw result.
type MadeArea = Result<(Area, u64), (&'static str, i64)>;

/// The calls that make an area in a target; no descriptor stays.
fn area(remote: &mut Remote, pid: Tid, name: u64, slots: u32) -> Result<Result<(Area, u64), String>, Gone> {
    let refused = |what: &str, result: i64| format!("{what}: {}", io::Error::from_raw_os_error(-result as i32));
    let mut fd = remote.call(libc::SYS_memfd_create, [name, rings::MEMFD_FLAGS, 0, 0, 0, 0])?;
    if fd == EINVAL {
        fd = remote.call(libc::SYS_memfd_create, [name, rings::OLD_MEMFD_FLAGS, 0, 0, 0, 0])?;
    }
    if fd < 0 {
        return Ok(Err(refused("memfd_create", fd)));
    }
    let made = mapped(remote, pid, fd, slots);
    remote.call(libc::SYS_close, [fd as u64, 0, 0, 0, 0, 0])?;
    Ok(made?.map_err(|(what, result)| refused(what, result)))
}

fn mapped(remote: &mut Remote, pid: Tid, fd: i64, slots: u32) -> Result<MadeArea, Gone> {
    let errno = |error: io::Error| -i64::from(error.raw_os_error().unwrap_or(libc::EIO));
    let file = match rings::take_file(pid, remote.tid(), fd as i32) {
        Ok(file) => file,
        Err(error) => return Ok(Err(("pidfd_getfd", errno(error)))),
    };
    let protection = (libc::PROT_READ | libc::PROT_WRITE) as u64;
    let mut last = ENOMEM;
    for count in RINGS {
        let bytes = (rings::ring_bytes(slots) * count) as u64;
        last = remote.call(libc::SYS_mmap, [0, bytes, protection, libc::MAP_SHARED as u64, fd as u64, 0])?;
        // Addresses lie in the lower half: everything below zero is an error.
        if last >= 0 {
            let area = Area::of(&file, slots, count).map_err(|error| ("the memory of the rings", errno(error)));
            return Ok(area.map(|area| (area, last as u64)));
        }
    }
    Ok(Err(("mmap", last)))
}
