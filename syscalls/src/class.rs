//! Classes: strace's sets of calls (`%file`, `%network`, …), as bits that a row carries.

/// A set of strace's classes (`%file`, `%network`, …).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Classes(pub u32);

macro_rules! classes {
    ($($(#[$doc:meta])* $id:ident $bit:literal $name:literal),* $(,)?) => {
        impl Classes {
            $($(#[$doc])* pub const $id: Classes = Classes(1 << $bit);)*

            /// Every class with its name, without `%`.
            pub const ALL: &'static [(&'static str, Classes)] = &[$(($name, Classes::$id)),*];
        }
    };
}

classes! {
    /// Takes a file name.
    FILE 0 "file",
    /// Begins, replaces, ends or waits for a process.
    PROCESS 1 "process",
    /// Sockets.
    NETWORK 2 "network",
    /// Sends, handles or waits for signals.
    SIGNAL 3 "signal",
    /// System V IPC.
    IPC 4 "ipc",
    /// Takes or makes a descriptor.
    DESC 5 "desc",
    /// Changes the memory map.
    MEMORY 6 "memory",
    /// Users, groups, capabilities.
    CREDS 7 "creds",
    /// `stat` and its older forms.
    STAT 8 "stat",
    /// `lstat` and its older forms.
    LSTAT 9 "lstat",
    /// `fstat`, `newfstatat`, `statx` and their forms.
    FSTAT 10 "fstat",
    /// `statfs` and its forms.
    STATFS 11 "statfs",
    /// `fstatfs` and its forms.
    FSTATFS 12 "fstatfs",
    /// Any of `%stat`, `%lstat`, `%fstat`.
    STAT_LIKE 13 "%stat",
    /// Any of `%statfs`, `%fstatfs`, and `ustat`.
    STATFS_LIKE 14 "%statfs",
    /// Reads or sets a clock.
    CLOCK 15 "clock",
    /// Takes nothing and always succeeds.
    PURE 16 "pure",
}

impl Classes {
    /// In no class.
    pub const NONE: Classes = Classes(0);

    /// The class of this name, without its leading `%`. The two collective classes are written `%%stat`
    /// and `%%statfs`, so theirs begin with `%` here; `stat_like`, `statfs_like` and `net` are other names.
    pub fn by_name(name: &str) -> Option<Classes> {
        let name = match name {
            "net" => "network",
            "stat_like" => "%stat",
            "statfs_like" => "%statfs",
            name => name,
        };
        Classes::ALL.iter().find(|(known, _)| *known == name).map(|(_, class)| *class)
    }

    /// Both sets together.
    pub const fn and(self, other: Classes) -> Classes {
        Classes(self.0 | other.0)
    }

    /// Is any class of `other` in this set?
    pub const fn any(self, other: Classes) -> bool {
        self.0 & other.0 != 0
    }
}
