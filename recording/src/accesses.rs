//! Accesses: does a call touch one of these files or descriptors (`-P`, `-e fd=` of strace(1))?
//!
//! As strace has it: a path counts when an argument of the call is that very text, or when a descriptor that the
//! call is given stands for it. Names are compared by their bytes; what a symbolic link leads to is for the caller
//! to add.

use syscalls::{Abi, Kind};

use crate::event::{Call, Payload, Shape, note};

/// A set of files and descriptors. A call that touches any of them is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accesses {
    /// Names of files, as calls and the kernel have them.
    pub paths: Vec<Vec<u8>>,
    /// Numbers of descriptors.
    pub descriptors: Option<Numbers>,
}

/// Numbers, or all but these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    /// The numbers.
    pub listed: Vec<i32>,
    /// All but these?
    pub all_but: bool,
}

impl Numbers {
    /// Is there none that could be among them?
    pub fn is_none(&self) -> bool {
        self.listed.is_empty() && !self.all_but
    }

    /// Is this number among them? A number below 0 is no descriptor.
    pub fn has(&self, number: i32) -> bool {
        number >= 0 && self.listed.contains(&number) != self.all_but
    }
}

impl Accesses {
    /// Does this call touch one of them? `known` is what a descriptor of the task stands for, asked where the kernel
    /// was not when the call was seen.
    pub fn has<'k>(&self, call: &Call<'_>, known: impl Fn(i32) -> Option<&'k [u8]>) -> bool {
        let Some(row) = Abi::from_raw(call.event.abi()).and_then(|abi| syscalls::lookup(abi, call.nr())) else {
            return false;
        };
        if !call.entered() {
            return false;
        }
        let words = call.args();
        let mut args = (0u8..).zip(row.args_for(&words)).zip(words);
        args.any(|((at, arg), word)| match arg.kind {
            Kind::Fd | Kind::DirFd => self.has_descriptor(call, at, word as i32, &known),
            Kind::Path => !is_text_of_link(row.name, at) && self.has_name(call, at),
            // The descriptors of poll(2) and select(2); not those that a message hands on.
            Kind::Struct(..) | Kind::FdSet(_) => links(call, at).any(|link| {
                let number = link.head.addr as i32;
                self.has_number(number) || (number >= 0 && self.has_path(link.bytes))
            }),
            _ => false,
        })
    }

    fn has_descriptor<'k>(
        &self,
        call: &Call<'_>,
        at: u8,
        number: i32,
        known: &impl Fn(i32) -> Option<&'k [u8]>,
    ) -> bool {
        if number < 0 || self.has_number(number) {
            return number >= 0;
        }
        match links(call, at).find(|link| link.head.addr as i32 == number) {
            Some(link) => self.has_path(link.bytes),
            None => known(number).is_some_and(|link| self.has_path(link)),
        }
    }

    fn has_name(&self, call: &Call<'_>, at: u8) -> bool {
        let is_name = |payload: &Payload<'_>| payload.head.shape == Shape::Text && payload.head.phase == 0;
        call.payloads_of(at).filter(is_name).any(|payload| self.is_listed(payload.bytes))
    }

    fn has_number(&self, number: i32) -> bool {
        self.descriptors.as_ref().is_some_and(|numbers| numbers.has(number))
    }

    fn has_path(&self, link: &[u8]) -> bool {
        self.is_listed(link.strip_suffix(b" (deleted)").unwrap_or(link))
    }

    fn is_listed(&self, name: &[u8]) -> bool {
        self.paths.iter().any(|path| path == name)
    }
}

/// What the kernel said of the descriptors that an argument leads to, before the call.
fn links<'a>(call: &Call<'a>, at: u8) -> impl Iterator<Item = Payload<'a>> {
    call.payloads_of(at).filter(|payload| {
        let head = &payload.head;
        head.shape == Shape::Note && head.phase == 0 && head.path & 0xff == note::LINK
    })
}

/// The first words of symlink(2) and symlinkat(2) are a text that is written down, no file that is looked at.
fn is_text_of_link(name: &str, at: u8) -> bool {
    at == 0 && matches!(name, "symlink" | "symlinkat")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{PayloadHead, Record, Via};

    fn call(name: &str, args: [u64; 6], payloads: &[(u8, Shape, i32, &[u8])]) -> Record {
        let nr = (0..500).find(|nr| syscalls::lookup(Abi::X86_64, *nr).is_some_and(|row| row.name == name));
        let mut record = Record::default();
        record.begin_call(Via::Ptrace, 0, 1, 0, 0, nr.expect("a call"), &args, 0, 0);
        for (arg, shape, fd, bytes) in payloads {
            let head = PayloadHead {
                arg: *arg,
                phase: 0,
                shape: *shape,
                status: 0,
                wanted: bytes.len() as u64,
                addr: *fd as u64,
                path: 0,
            };
            record.payload(head, bytes);
        }
        record
    }

    fn takes(accesses: &Accesses, record: &Record) -> bool {
        accesses.has(&record.view().call().expect("a call"), |fd| (fd == 7).then_some(&b"/known"[..]))
    }

    #[test]
    fn a_path_is_met_by_its_name_and_by_its_descriptors() {
        let cwd = libc_at_fdcwd();
        let only = |path: &str| Accesses { paths: vec![path.into()], descriptors: None };
        let open = call("openat", [cwd, 1, 0, 0, 0, 0], &[(1, Shape::Text, 0, b"a/b")]);
        assert!(takes(&only("a/b"), &open) && !takes(&only("b"), &open));
        let read = call("read", [3, 1, 1, 0, 0, 0], &[(0, Shape::Note, 3, b"/x (deleted)")]);
        assert!(takes(&only("/x"), &read) && !takes(&only("/x (deleted)"), &read));
        let map = call("mmap", [0, 1, 1, 1, 7, 0], &[]);
        assert!(takes(&only("/known"), &map), "what is known otherwise counts where nothing was noted");
        let link = call("symlink", [1, 2, 0, 0, 0, 0], &[(0, Shape::Text, 0, b"to"), (1, Shape::Text, 0, b"at")]);
        assert!(takes(&only("at"), &link) && !takes(&only("to"), &link));
        let cwd = call("openat", [cwd, 1, 0, 0, 0, 0], &[(0, Shape::Note, -100, b"/here")]);
        assert!(!takes(&only("/here"), &cwd), "the working directory is no descriptor");
    }

    #[test]
    fn descriptors_are_met_by_number() {
        let only = |listed: &[i32], all_but| Accesses {
            paths: vec![],
            descriptors: Some(Numbers { listed: listed.to_vec(), all_but }),
        };
        let read = call("read", [3, 1, 1, 0, 0, 0], &[]);
        assert!(takes(&only(&[3], false), &read) && !takes(&only(&[4], false), &read));
        assert!(takes(&only(&[4], true), &read) && !takes(&only(&[3], true), &read));
        let poll = call("poll", [1, 1, 0, 0, 0, 0], &[(0, Shape::Note, 5, b"pipe:[1]")]);
        assert!(takes(&only(&[5], false), &poll));
        assert!(!takes(&only(&[], true), &call("getpid", [0; 6], &[])));
        assert!(!takes(&only(&[], true), &call("mmap", [0, 1, 1, 1, u64::MAX, 0], &[])), "-1 is no descriptor");
    }

    fn libc_at_fdcwd() -> u64 {
        -100i64 as u64
    }
}
