//! What each code means: one paragraph for `golden explain CODE`.

use crate::finding::Code;

/// What a code means, why it matters, and when it is silent.
pub const fn explain_code(code: Code) -> &'static str {
    match code {
        Code::Exit => {
            "The program ended otherwise: with another status, by a signal, or without the signal it used to die of. Everything that is missing behind its last step is listed with it. A status is never masked; a program whose status may vary needs an allowance."
        }
        Code::MemWx => {
            "The process maps memory that is writable and executable at once, or executable memory without a file behind it. Code can then be written where it runs. Never masked."
        }
        Code::Cred => {
            "The process changes its user, groups, capabilities or seccomp filter, or makes one of the special calls (ptrace, bpf, keyctl, ...). Never masked."
        }
        Code::ProcArgs => {
            "The same program is run with other arguments, or the process runs another executable in its place. Changed output of that process follows from it."
        }
        Code::ProcNew => {
            "A program is run that was not run before, or more often. What the new process does is listed with it."
        }
        Code::ProcGone => "A program is no longer run, or less often. What it did is missing with it.",
        Code::ProcExit => "A child process ended with another status or signal than before.",
        Code::FileMode => {
            "A file, directory or socket is left with other permission bits. World-writable, set-user-id and set-group-id are named. Modes are never masked."
        }
        Code::FileType => {
            "A name is left as another kind of thing: a link instead of a file, a directory instead of a link."
        }
        Code::NetNew => "The process connects to, or listens on, an endpoint that is new. Endpoints are never masked.",
        Code::NetGone => "An endpoint that was connected to or listened on is not used any more.",
        Code::NetBytes => {
            "Other bytes are sent over a connection: another request. The answer, and output made of it, follow from that."
        }
        Code::FileInplace => {
            "A file that was replaced atomically (written under another name, then renamed) is now overwritten or copied in place, or the other way round. A crash, or a reader at the wrong moment, finds half of it."
        }
        Code::FileBytes => {
            "A file is left with other content, or a link with another target. The first byte that differs is named, and both lengths if they differ."
        }
        Code::FileNew => {
            "A file is left behind that was not there before: a temporary file that nobody removed, or a new result."
        }
        Code::FileGone => "A file that used to be left is not written any more, or is removed.",
        Code::OutBytes => {
            "Standard output or standard error holds other bytes. Whether standard error is empty is never masked."
        }
        Code::OutOrder => "Standard output or standard error holds the same lines in another order.",
        Code::DurFsync => {
            "A file is no longer synced, so that its content may be lost after a crash although its name is there. A warning only when fdatasync took the place of fsync."
        }
        Code::DurOrder => {
            "A sync comes too late: after the rename that makes the file visible, or after another file that relies on it was written. After a crash the new name may stand for old or no content."
        }
        Code::DurDirsync => {
            "The directory is no longer synced after a rename in it: after a crash the old name may be back."
        }
        Code::LockLost => {
            "A lock that was taken is not taken any more, is of another kind, or is taken where none was. Other programs that take it may now run at the same time."
        }
        Code::LockScope => "A file that was only written while a lock was held is now written outside of it.",
        Code::ErrIgnored => {
            "A call fails as before, and what used to be done about it is not done any more: the error is ignored."
        }
        Code::ErrNew => "A call that succeeded fails, or fails with another error.",
        Code::ErrGone => "A call that failed succeeds now: something is there, or permitted, that was not.",
        Code::Toctou => {
            "A file is checked by name and then opened by name again. Between the two somebody else can put another file there. Using the descriptor that is already open avoids it."
        }
        Code::FdCloexec => {
            "A descriptor is opened without O_CLOEXEC, so that programs started later inherit it, or with it where it had been without. Never masked."
        }
        Code::FdLeak => {
            "A descriptor that was closed stays open until the process ends. In a loop this runs out of descriptors."
        }
        Code::FdBadclose => "A descriptor is closed that is not open. With threads it may by then be somebody else's.",
        Code::WaitLost => "A child is started but nobody waits for it: it stays as a zombie, and its status is lost.",
        Code::SigDisp => "A signal is ignored, handled or blocked that was not, or the other way round.",
        Code::SigGot => "The process receives a signal that it did not receive, or another number of them.",
        Code::InNew => "Something is read, listed, executed or loaded that was not before: a new dependency.",
        Code::InGone => "Something that was read, listed, executed or loaded is not any more.",
        Code::InAbsent => {
            "A name is looked for that is not there. As soon as somebody creates it, the program will behave otherwise."
        }
        Code::InBytes => {
            "A file, pipe or connection gave other bytes than before. Changed output of that process follows from it."
        }
        Code::Order => {
            "Two steps that always came in one order come in the other. Only orders that something enforces are compared: one thread's own steps, starting and waiting for processes and threads, data passed on, locks."
        }
        Code::FileTransient => "A file is created and removed again within the run.",
        Code::Hazard => "Several processes write one file and at least one of them takes no lock.",
        Code::ThreadCount => {
            "Another number of threads is started than in the golden runs; a count that follows the CPUs is stored as that."
        }
        Code::Limit => "A resource limit, scheduling policy, priority or set of CPUs is set.",
        Code::IoRepeat => {
            "The same observation is made more often: a file read twice, a name looked up fifty times. Nothing else changes, so this is a warning."
        }
        Code::IoShape => {
            "The same bytes are moved by another number of calls, or by another family of calls. Advisory: it is no part of what makes two runs equal, and small differences are silent."
        }
        Code::Sleep => "The program asks to sleep for longer or shorter.",
        Code::Poll => "The program polls without descriptors more often or less: it waits by asking.",
        Code::StepNew => "Something is done to an object that was not done, and no other code says it better.",
        Code::StepGone => "Something is not done to an object any more, and no other code says it better.",
        Code::StepArgs => "The same is done to an object with other arguments, and no other code says it better.",
        Code::CallNew => {
            "A thread makes a system call that it did not make. Visible at levels `calls` and `exact` only."
        }
        Code::CallGone => "A thread no longer makes a system call. Visible at levels `calls` and `exact` only.",
        Code::CallArgs => {
            "A system call has other arguments or another result. Visible at levels `calls` and `exact` only."
        }
        Code::CallOrder => "The same system calls come in another order. Visible at levels `calls` and `exact` only.",
    }
}

#[cfg(test)]
mod tests {
    use super::explain_code;
    use crate::finding::Code;

    #[test]
    fn every_code_has_a_paragraph_of_its_own() {
        let all: std::collections::BTreeSet<&str> = Code::ALL.iter().map(|code| explain_code(*code)).collect();
        assert_eq!(all.len(), Code::ALL.len());
        assert!(all.iter().all(|text| text.ends_with('.') && text.len() > 40));
    }
}
