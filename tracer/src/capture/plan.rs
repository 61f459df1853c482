//! Plans: what a call number asks of us, looked up once.
//!
//! Most calls pass no pointer, and must cost nothing but this look-up.

use syscalls::{Abi, Arg, Dir, Kind, Returns, Shape, Syscall};

use super::aside::Aside;
use super::{nested, netlink};

/// Numbers below this are looked up in the table; others (invalid ones, mostly) one by one.
const TABLE: usize = 512;
const X32_BIT: u64 = 0x4000_0000;

/// What a call may need at its two stops, whatever its words are.
#[derive(Clone, Copy, Default)]
pub(super) struct CallPlan {
    /// The row; `None` for a number without one.
    pub row: Option<&'static Syscall>,
    /// Some variant reads memory before the call.
    pub before: bool,
    /// Some variant reads memory after it.
    pub after: bool,
    /// Some argument is a descriptor.
    pub fds: bool,
    /// Memory that no argument points to directly.
    pub aside: Aside,
    /// The result may be a descriptor, or descriptors stand in memory after the call.
    pub makes_fds: bool,
    /// Descriptors may stand in memory that the call reads, or in messages.
    pub nests_fds: bool,
    /// The call may make a netlink socket.
    pub makes_sockets: bool,
    /// The call moves messages through a socket.
    pub moves_messages: bool,
    /// The call may let a thread of the target answer page faults.
    pub watches_faults: bool,
}

impl CallPlan {
    fn of(abi: Abi, row: &'static Syscall) -> CallPlan {
        let aside = Aside::of(abi, row);
        let (before, after) = (aside == Aside::SignalFrame, aside == Aside::NewTask);
        let watches_faults = matches!(row.name, "userfaultfd" | "ioctl");
        let mut plan = CallPlan {
            row: Some(row),
            before,
            after,
            aside,
            watches_faults,
            makes_sockets: netlink::makes_sockets(row),
            moves_messages: netlink::moves_messages(row),
            ..CallPlan::default()
        };
        plan.take(row.args, row.returns);
        for (_, args, returns) in row.variants.map_or(&[][..], |v| v.rows) {
            plan.take(args, *returns);
        }
        plan
    }

    fn take(&mut self, args: &[Arg], returns: Returns) {
        self.makes_fds |= returns == Returns::Fd;
        for arg in args {
            self.fds |= matches!(arg.kind, Kind::Fd | Kind::DirFd);
            self.makes_fds |= matches!(arg.kind, Kind::FdPair);
            self.nests_fds |= nested::may_hold(&arg.kind);
            if let Some(memory) = arg.kind.memory() {
                self.before |= memory.dir != Dir::Out;
                self.after |= memory.dir != Dir::In || matches!(memory.shape, Shape::Mmsghdr(_));
            }
        }
    }
}

/// The plans of all ABIs met so far.
#[derive(Default)]
pub(super) struct Plans {
    tables: [Option<Box<[CallPlan; TABLE]>>; 5],
}

impl Plans {
    /// The plan of a call, by value: it is three words.
    pub fn get(&mut self, abi: Abi, nr: u64) -> CallPlan {
        let base = if abi == Abi::X32 { X32_BIT } else { 0 };
        let slot = nr.wrapping_sub(base);
        if slot >= TABLE as u64 {
            return syscalls::lookup(abi, nr).map(|row| CallPlan::of(abi, row)).unwrap_or_default();
        }
        let table = self.tables[abi as usize].get_or_insert_with(|| {
            Box::new(std::array::from_fn(|i| {
                syscalls::lookup(abi, base + i as u64).map(|row| CallPlan::of(abi, row)).unwrap_or_default()
            }))
        });
        table[slot as usize]
    }
}
