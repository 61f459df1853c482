//! Calls: their entries, exits and filter stops. The hot path of the engine.

use recording::event::{Kind, State, Via, flag, text};
use syscalls::Abi;

use crate::call_stacks::maps_code;
use crate::capture::Who;
use crate::handshake::is_handshake;
use crate::session::{Calls, Session};
use crate::sys::ptrace::{self, Gone, Registers, Side, Stopped, SyscallInfo};
use crate::sys::{Errno, Tid, process, seccomp};
use crate::task::{InCall, Interrupted, Phase, Task, Watch};

/// Results that say "to be restarted": ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK.
fn is_restart(result: i64) -> bool {
    matches!(result, -514..=-512 | -516)
}

/// The calling convention of a call.
pub(crate) fn abi_of(arch: u32, nr: u64) -> Abi {
    const X32_BIT: u64 = 0x4000_0000;
    match arch {
        ptrace::ARCH_I386 => Abi::I386,
        ptrace::ARCH_AARCH64 => Abi::Aarch64,
        ptrace::ARCH_ARM => Abi::Arm,
        _ if nr & X32_BIT != 0 && (nr as i32) >= 0 => Abi::X32,
        _ => Abi::X86_64,
    }
}

impl Session<'_> {
    /// An entry or an exit; the kernel says which.
    pub(crate) fn call_stop(&mut self, stopped: Stopped) -> Result<(), Gone> {
        let info = match stopped.syscall_info() {
            Ok(info) => info,
            Err(Errno(libc::ESRCH)) => return Err(Gone),
            Err(_) => self.info_from_registers(&stopped)?,
        };
        match info.side() {
            Side::Entry | Side::Seccomp => {
                self.entry(&stopped, &info, Via::Ptrace)?;
                self.go_into_call(stopped)
            }
            Side::Exit => {
                self.exit(&stopped, &info)?;
                self.go_out_of_call(stopped)
            }
            // Killed here, it is in its last stop now, of which we are told next.
            Side::None => Ok(()),
        }
    }

    /// A filter said TRACE: ours, or one that the target installed.
    pub(crate) fn filter_stop(&mut self, stopped: Stopped) -> Result<(), Gone> {
        let (info, data) = match stopped.syscall_info() {
            // Killed here, it is in its last stop now, of which we are told next.
            Ok(info) if info.side() != Side::Seccomp => return Ok(()),
            Ok(info) => (info, info.filter_data()),
            Err(Errno(libc::ESRCH)) => return Err(Gone),
            Err(_) => {
                let info = SyscallInfo::from_registers(Side::Seccomp, &stopped.registers()?);
                (info, stopped.event_message()? as u16)
            }
        };
        let ours = data == crate::filter::COOKIE;
        let in_call = self.tasks.get(stopped.tid()).is_some_and(|task| task.call != InCall::No);
        if !in_call {
            self.entry(&stopped, &info, Via::Seccomp)?;
        }
        if !ours {
            // The target asked for a tracer that it natively doesn't have: the call fails with ENOSYS.
            stopped.skip_call(-i64::from(libc::ENOSYS))?;
            if let Some(task) = self.tasks.get_mut(stopped.tid())
                && task.call == InCall::Shown
            {
                task.record.add_flags(flag::DENIED);
            }
        }
        if let Some(task) = self.tasks.get_mut(stopped.tid())
            && task.call == InCall::Hidden
            && task.watch == Watch::Nothing
            && !task.every_call
        {
            // Its exit will not be seen.
            task.call = InCall::No;
        }
        self.go_into_call(stopped)
    }

    fn entry(&mut self, stopped: &Stopped, info: &SyscallInfo, via: Via) -> Result<(), Gone> {
        let tid = stopped.tid();
        let abi = abi_of(info.arch, info.nr());
        self.announce_other(tid);
        let Some(task) = self.tasks.get_mut(tid) else { return Ok(()) };
        if task.call == InCall::Shown {
            // An exit that the kernel did not show (the call was skipped or restarted on the way).
            self.close_call(tid);
        }
        let Some(task) = self.tasks.get_mut(tid) else { return Ok(()) };
        task.watch = Watch::Nothing;
        if let Some(tampering) = &mut task.tampering {
            // The exit of the call before may never have shown.
            tampering.forget();
        }
        let mut shown = self.stream.is_open()
            && match &self.wanted {
                None => true,
                Some(wanted) => wanted.takes(abi, info.nr()),
            };
        if task.phase != Phase::Running {
            shown &= starting(task, abi, info.nr());
        }
        let (nr, args) = (info.nr(), *info.args());
        let to_us = self.rings.is_some() && is_handshake(abi, nr, &args);
        if shown
            && task.phase == Phase::Running
            && let Some(stacks) = &mut self.call_stacks
        {
            stacks.push(stopped, (task.pid.0, tid.0), self.now, &mut self.stream)?;
        }
        let running = shown && task.phase == Phase::Running;
        if shown {
            let seq = task.next_seq();
            task.record.begin_call(via, abi as u8, tid.0, seq, self.now, nr, &args, info.ip, info.sp);
            let restarted = continues(&mut task.interrupted, abi, nr, &args, info.ip);
            task.record.add_flags(flag::TIMES_AT_STOP | if restarted { flag::RESTARTED } else { 0 });
            if to_us || task.quiet {
                task.record.add_flags(flag::INSTRUMENTATION);
            }
            if !to_us {
                self.capture.entry(&Who { tid: tid.0, pid: task.pid.0, abi }, &mut task.record);
            }
            task.call = InCall::Shown;
            task.announced = false;
            if self.stream.announces() {
                self.stream.unannounced = Some(tid);
            }
        } else {
            task.call = InCall::Hidden;
        }
        if to_us {
            return self.answer(stopped, &args);
        }
        // What is not made needs no looking after. The target's own exec is not the target's call yet.
        if running && !self.tamper(stopped, abi, nr)? {
            return Ok(());
        }
        self.look_ahead(stopped, abi, nr, &args)?;
        if self.placement.may_pin() {
            self.hide_placement(stopped, nr, &args);
        }
        Ok(())
    }

    fn exit(&mut self, stopped: &Stopped, info: &SyscallInfo) -> Result<(), Gone> {
        let tid = stopped.tid();
        self.announce_other(tid);
        let mut result = self.injected(stopped, info.result())?;
        let Some(task) = self.tasks.get_mut(tid) else { return Ok(()) };
        if task.watch != Watch::Nothing {
            result = self.look_back(stopped, result)?;
        }
        let own_filter = self.tasks.has_own_filter(tid);
        let Some(task) = self.tasks.get_mut(tid) else { return Ok(()) };
        match task.call {
            InCall::Shown => {
                task.record.finish_call(State::Done, self.now, result);
                if own_filter && is_trapped(stopped, info, task.record.view().call().map(|call| call.nr())) {
                    task.record.add_flags(flag::DENIED);
                }
                if is_restart(result) {
                    note_interruption(task);
                }
                let abi = Abi::from_raw(task.record.view().abi()).unwrap_or(Abi::X86_64);
                self.capture.exit(&Who { tid: tid.0, pid: task.pid.0, abi }, &mut task.record);
                self.stream.push(&task.record);
                if self.stream.unannounced == Some(tid) {
                    self.stream.unannounced = None;
                }
                if let (Some(stacks), Some(call)) = (&mut self.call_stacks, task.record.view().call())
                    && maps_code(call.nr(), &call.args())
                {
                    stacks.mapped(task.pid.0);
                }
                if self.capture.has_file_states() {
                    self.push_file_states(tid);
                }
            }
            InCall::No if task.phase == Phase::Running && self.wanted.is_none() && self.stream.is_open() => {
                self.exit_without_entry(stopped, info)?;
            }
            InCall::No | InCall::Hidden => {}
        }
        if let Some(why) = self.capture.take_fallback() {
            self.note_fallback("engine.memory", &why);
        }
        if let Some(task) = self.tasks.get_mut(tid) {
            task.call = InCall::No;
            let renamed = std::mem::take(&mut task.renamed);
            if task.phase == Phase::FirstExec && result < 0 && !is_restart(result) {
                task.phase = Phase::Failed;
            }
            if renamed {
                self.begin_event(Kind::Named, 32, tid);
                self.event.text(text::MAIN, &crate::look::comm_bytes(tid));
                self.push_event();
            }
        }
        Ok(())
    }

    /// The task was in a call when we came: its number stands in its registers, its words may not.
    fn exit_without_entry(&mut self, stopped: &Stopped, info: &SyscallInfo) -> Result<(), Gone> {
        let regs = stopped.registers()?;
        let Some(task) = self.tasks.get_mut(stopped.tid()) else { return Ok(()) };
        let seq = task.next_seq();
        let abi = abi_of(info.arch, regs.nr) as u8;
        let record = &mut task.record;
        record.begin_call(Via::Ptrace, abi, task.tid.0, seq, self.now, regs.nr, &[0; 6], info.ip, info.sp);
        record.finish_call(State::Done, self.now, info.result());
        record.add_flags(flag::NO_ENTRY | flag::TIMES_AT_STOP);
        self.stream.push(&task.record);
        Ok(())
    }

    /// Without PTRACE_GET_SYSCALL_INFO: the side by what was seen last, checked against the
    /// registers, where an entry shows ENOSYS as its result.
    fn info_from_registers(&mut self, stopped: &Stopped) -> Result<SyscallInfo, Gone> {
        let mut regs: Registers = stopped.registers()?;
        // `int $0x80` in 64-bit code shows in nothing but the instruction.
        if regs.arch == ptrace::ARCH_X86_64 && stopped.peek(regs.ip.wrapping_sub(2)).is_some_and(ptrace::is_int80) {
            regs = regs.as_i386();
        }
        self.note_fallback("engine.syscall-info", "the kernel has no PTRACE_GET_SYSCALL_INFO");
        let inside = self.tasks.get(stopped.tid()).is_some_and(|task| task.call != InCall::No);
        let side = if inside || regs.result != -i64::from(libc::ENOSYS) { Side::Exit } else { Side::Entry };
        Ok(SyscallInfo::from_registers(side, &regs))
    }

    /// At an entry: will its exit matter to the session itself?
    fn look_ahead(&mut self, stopped: &Stopped, abi: Abi, nr: u64, args: &[u64; 6]) -> Result<(), Gone> {
        const CLONE_UNTRACED: u64 = libc::CLONE_UNTRACED as u64;
        if self.calls == Calls::Filtered && self.strict_forbids(stopped.tid(), nr) {
            self.kill_strictly(stopped.tid());
        }
        if abi != Abi::X86_64 && abi != Abi::Aarch64 {
            return Ok(());
        }
        let ours = self.calls == Calls::Filtered;
        let watch = match nr as i64 {
            libc::SYS_rt_sigreturn => Watch::HandlerReturns,
            // Untraced, a child that inherits our filter could not make the calls it picks: under a
            // filter nobody escapes, and nobody can tell.
            libc::SYS_clone if self.follow && args[0] & CLONE_UNTRACED != 0 => {
                if ours {
                    stopped.set_first_word(args[0] & !CLONE_UNTRACED)?;
                    return Ok(());
                }
                Watch::MakesUntraced
            }
            libc::SYS_clone3 if self.follow => match stopped.peek(args[0]) {
                Some(flags) if flags & CLONE_UNTRACED != 0 && ours => {
                    stopped.poke(args[0], flags & !CLONE_UNTRACED)?;
                    Watch::Changed { at: args[0], word: flags }
                }
                Some(flags) if flags & CLONE_UNTRACED != 0 => Watch::MakesUntraced,
                _ => return Ok(()),
            },
            libc::SYS_io_uring_setup => Watch::MakesIoUring,
            libc::SYS_ptrace => {
                if self.note_attack(stopped.tid(), nr, args) {
                    // Traced by one of those it traces, the tracer would wait for itself.
                    stopped.skip_call(-i64::from(libc::EPERM))?;
                }
                Watch::Traces
            }
            libc::SYS_kill | libc::SYS_tkill | libc::SYS_tgkill => {
                self.note_attack(stopped.tid(), nr, args);
                Watch::Nothing
            }
            libc::SYS_seccomp if ours && args[0] == 0 => Watch::AsksStrict,
            libc::SYS_seccomp if args[0] == 1 => Watch::InstallsFilter,
            libc::SYS_prctl if !ours => match (args[0] as i32, args[1]) {
                (libc::PR_SET_NAME, _) => Watch::Renames,
                (libc::PR_SET_SECCOMP, 2) => Watch::InstallsFilter,
                _ => Watch::Nothing,
            },
            libc::SYS_prctl => match (args[0] as i32, args[1]) {
                (libc::PR_SET_NAME, _) => Watch::Renames,
                (libc::PR_SET_SECCOMP, 1) => Watch::AsksStrict,
                (libc::PR_SET_SECCOMP, 2) => Watch::InstallsFilter,
                (libc::PR_GET_SECCOMP, _) => Watch::AsksSeccomp,
                (libc::PR_GET_NO_NEW_PRIVS, _) => Watch::AsksNoNewPrivs,
                (libc::PR_SET_NO_NEW_PRIVS, _) => Watch::SetsNoNewPrivs,
                _ => Watch::Nothing,
            },
            _ => return Ok(()),
        };
        if let Some(task) = self.tasks.get_mut(stopped.tid()) {
            task.watch = watch;
        }
        Ok(())
    }

    /// At the exit of a watched call; gives the result that the target finds.
    fn look_back(&mut self, stopped: &Stopped, result: i64) -> Result<i64, Gone> {
        let tid = stopped.tid();
        let Some(task) = self.tasks.get_mut(tid) else { return Ok(result) };
        let pid = task.pid;
        let watch = std::mem::take(&mut task.watch);
        let process = self.tasks.process(pid).copied().unwrap_or_default();
        let Some(task) = self.tasks.get_mut(tid) else { return Ok(result) };
        match watch {
            Watch::Nothing => {}
            Watch::HandlerReturns if result == -i64::from(libc::EINTR) => task.interrupted = None,
            // Put back what the target wrote there.
            Watch::Changed { at, word } => stopped.poke(at, word)?,
            Watch::Renames if result == 0 => self.renamed(tid),
            Watch::MakesIoUring if result >= 0 => self.unseen_io_uring(tid, pid),
            Watch::MakesUntraced if result > 0 => self.unseen_child(tid, result),
            Watch::Traces if result == -i64::from(libc::EPERM) => self.unseen_tracing(tid),
            Watch::InstallsFilter if result >= 0 => self.has_own_filter(pid),
            Watch::AsksStrict
                if result == -i64::from(libc::EINVAL) && !process.own_filter && !seccomp::is_filtered() =>
            {
                self.is_strict(pid);
                stopped.set_result(0)?;
                return Ok(0);
            }
            // What we have from our caller, the target would have too.
            Watch::AsksSeccomp if result == 2 && !process.own_filter && !seccomp::is_filtered() => {
                stopped.set_result(0)?;
                return Ok(0);
            }
            Watch::SetsNoNewPrivs if result == 0 => {
                if let Some(process) = self.tasks.process_mut(pid) {
                    process.no_new_privs = true;
                }
            }
            Watch::AsksNoNewPrivs if result == 1 && self.sets_no_new_privs && !process.no_new_privs => {
                stopped.set_result(0)?;
                return Ok(0);
            }
            _ => {}
        }
        Ok(result)
    }

    /// The task gave itself a name. The call that did it comes first in the stream.
    fn renamed(&mut self, tid: Tid) {
        if let Some(task) = self.tasks.get_mut(tid) {
            task.renamed = true;
        }
    }

    /// A call that the target's own filter refuses never reaches ours: from now on this process
    /// stops at every call.
    fn has_own_filter(&mut self, pid: Tid) {
        if let Some(process) = self.tasks.process_mut(pid) {
            process.own_filter = true;
        }
        self.tasks.stop_at_every_call(pid);
    }

    /// Strict mode can't be had under a filter: the kernel refuses it, we keep it up.
    fn is_strict(&mut self, pid: Tid) {
        if let Some(process) = self.tasks.process_mut(pid) {
            process.strict = true;
        }
        self.tasks.stop_at_every_call(pid);
    }

    fn strict_forbids(&self, tid: Tid, nr: u64) -> bool {
        let Some(task) = self.tasks.get(tid) else { return false };
        task.every_call
            && self.tasks.process(task.pid).is_some_and(|p| p.strict)
            && !matches!(nr as i64, libc::SYS_read | libc::SYS_write | libc::SYS_exit | libc::SYS_rt_sigreturn)
    }

    fn kill_strictly(&mut self, tid: Tid) {
        if let Some(task) = self.tasks.get(tid) {
            let _ = process::kill_task(task.pid, tid, libc::SIGKILL);
        }
    }
}

/// Before the target's first instruction only its exec is the target's.
fn starting(task: &mut Task, abi: Abi, nr: u64) -> bool {
    let exec = abi != Abi::I386 && nr as i64 == libc::SYS_execve;
    match task.phase {
        Phase::Starting if exec => {
            task.phase = Phase::FirstExec;
            true
        }
        Phase::Running | Phase::Leaving => true,
        Phase::Starting | Phase::FirstExec | Phase::Failed => false,
    }
}

/// Did the target's own filter answer this call with a SIGSYS, to be handled or to end the process? Then the
/// kernel has put the call's number back where results are, and the signal that names the site waits.
///
/// The filter's other answers are not marked. One with an error leaves the registers as a call that failed:
/// nothing tells them apart but the filter itself, which only a privileged tracer may read, or which was
/// installed before we came. One that ends only the task shows no exit: the death by SIGSYS says it.
fn is_trapped(stopped: &Stopped, info: &SyscallInfo, nr: Option<u64>) -> bool {
    nr.is_some_and(|nr| info.result() == nr as i64) && stopped.has_filter_trap(info.ip) == Some(true)
}

/// Remembers an interrupted call, so that its continuation is known as one.
fn note_interruption(task: &mut Task) {
    task.record.add_flags(flag::INTERRUPTED);
    if let Some(call) = task.record.view().call() {
        task.interrupted = Some(Interrupted { nr: call.nr(), args: call.args(), ip: call.ip() });
    }
}

/// Does this entry continue the interrupted call? The kernel repeats it at the same site with the
/// same words, or makes `restart_syscall` of it; a signal handler's own calls may come between.
fn continues(interrupted: &mut Option<Interrupted>, abi: Abi, nr: u64, args: &[u64; 6], ip: u64) -> bool {
    let Some(before) = interrupted else { return false };
    let restart_syscall = match abi {
        Abi::I386 | Abi::Arm => 0,
        _ => libc::SYS_restart_syscall as u64,
    };
    let continues = nr == restart_syscall || (nr == before.nr && args == &before.args && ip == before.ip);
    if continues {
        *interrupted = None;
    }
    continues
}
