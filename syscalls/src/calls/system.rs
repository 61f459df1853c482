//! The machine and the kernel: names, state, modules, keys, programs loaded into the kernel, entropy.

use super::{input, output};
use crate::Kind::*;
use crate::kind::{Count::*, Dir::*};
use crate::{layout, names};

calls! {
    uname [] (name: output(&layout::UTSNAME)) -> Int;
    sysinfo [] (info: output(&layout::SYSINFO)) -> Int;
    sethostname [] (name: Bytes(In, Arg(1)), len: UInt) -> Int;
    setdomainname [] (name: Bytes(In, Arg(1)), len: UInt) -> Int;
    syslog [] (type: Enum(&names::SYSLOG), buf: Ptr, len: Int) by SYSLOG -> Int;
    reboot [] (
        magic1: Enum(&names::REBOOT_MAGIC1), magic2: Enum(&names::REBOOT_MAGIC2), cmd: Enum(&names::REBOOT_CMD),
    ) by REBOOT -> Int;
    vhangup [] () -> Int;
    sync [] () -> Int;
    getrandom [] (ubuf: Bytes(Out, ResultUpTo(1)), len: ULong, flags: Flags(&names::GETRANDOM)) -> Int;

    init_module [] (umod: Ptr, len: ULong, uargs: Str) -> Int;
    finit_module [DESC] (fd: Fd, uargs: Str, flags: Flags(&names::MODULE_INIT)) -> Int;
    delete_module [] (name_user: Str, flags: Flags(&names::DELETE_MODULE)) -> Int;
    kexec_load [] (
        entry: Ptr, nr_segments: ULong, segments: Struct(&layout::KEXEC_SEGMENT, In, Arg(1)), flags: Hex,
    ) -> Int;
    kexec_file_load [DESC] (
        kernel_fd: Fd, initrd_fd: Fd, cmdline_len: ULong, cmdline_ptr: Bytes(In, Arg(2)), flags: Flags(&names::KEXEC_FILE),
    ) -> Int;

    bpf [DESC] (cmd: Enum(&names::BPF_CMD), uattr: Raw(In, Arg(2)), size: UInt) by BPF -> Int;
    perf_event_open [DESC] (
        attr_uptr: input(&layout::PERF_EVENT_ATTR), pid: Tid, cpu: Int, group_fd: Fd, flags: Flags(&names::PERF_OPEN),
    ) -> Fd;

    add_key [] (
        _type: Str, _description: Str, _payload: Bytes(In, Arg(3)), plen: ULong, ringid: IntNamed(&names::KEY_SPEC),
    ) -> Int;
    request_key [] (_type: Str, _description: Str, _callout_info: Str, destringid: IntNamed(&names::KEY_SPEC)) -> Int;
    keyctl [] (option: Enum(&names::KEYCTL), arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) by KEYCTL -> Int;
}

operations! {
    SYSLOG: 0 & 0xffff_ffff (type: Enum(&names::SYSLOG)) {
        0 => () -> Int,
        1 => () -> Int,
        2 => (buf: Bytes(Out, ResultUpTo(2)), len: Int) -> Int,
        3 => (buf: Bytes(Out, ResultUpTo(2)), len: Int) -> Int,
        4 => (buf: Bytes(Out, ResultUpTo(2)), len: Int) -> Int,
        5 => () -> Int,
        6 => () -> Int,
        7 => () -> Int,
        8 => (buf: Ptr, len: Enum(&names::LOG_LEVELS)) -> Int,
        9 => () -> Int,
        10 => () -> Int,
    }
}

operations! {
    REBOOT: 2 & 0xffff_ffff (
        magic1: Enum(&names::REBOOT_MAGIC1), magic2: Enum(&names::REBOOT_MAGIC2), cmd: Enum(&names::REBOOT_CMD),
    ) {
        // LINUX_REBOOT_CMD_RESTART2.
        0xa1b2_c3d4 => (arg: Str) -> Int,
    }
}

// Commands that make a descriptor: map, program, object, raw tracepoint, BTF, link, iterator, and those by id.
operations! {
    BPF: 0 & 0xffff_ffff (cmd: Enum(&names::BPF_CMD)) {
        0 => (uattr: Raw(In, Arg(2)), size: UInt) -> Fd,
        5 => (uattr: Raw(In, Arg(2)), size: UInt) -> Fd,
        7 => (uattr: Raw(In, Arg(2)), size: UInt) -> Fd,
        13 => (uattr: Raw(In, Arg(2)), size: UInt) -> Fd,
        14 => (uattr: Raw(In, Arg(2)), size: UInt) -> Fd,
        17 => (uattr: Raw(In, Arg(2)), size: UInt) -> Fd,
        18 => (uattr: Raw(In, Arg(2)), size: UInt) -> Fd,
        19 => (uattr: Raw(In, Arg(2)), size: UInt) -> Fd,
        28 => (uattr: Raw(In, Arg(2)), size: UInt) -> Fd,
        30 => (uattr: Raw(In, Arg(2)), size: UInt) -> Fd,
        33 => (uattr: Raw(In, Arg(2)), size: UInt) -> Fd,
    }
}

operations! {
    KEYCTL: 0 & 0xffff_ffff (option: Enum(&names::KEYCTL)) {
        0 => (arg2: IntNamed(&names::KEY_SPEC), arg3: Int) -> Int,
        1 => (arg2: Str) -> Int,
        2 => (arg2: IntNamed(&names::KEY_SPEC), arg3: Bytes(In, Arg(3)), arg4: ULong) -> Int,
        3 => (arg2: IntNamed(&names::KEY_SPEC)) -> Int,
        4 => (arg2: IntNamed(&names::KEY_SPEC), arg3: Uid, arg4: Gid) -> Int,
        5 => (arg2: IntNamed(&names::KEY_SPEC), arg3: Flags(&names::KEY_PERMISSIONS)) -> Int,
        6 => (arg2: IntNamed(&names::KEY_SPEC), arg3: Bytes(Out, ResultUpTo(3)), arg4: ULong) -> Int,
        7 => (arg2: IntNamed(&names::KEY_SPEC)) -> Int,
        8 => (arg2: IntNamed(&names::KEY_SPEC), arg3: IntNamed(&names::KEY_SPEC)) -> Int,
        9 => (arg2: IntNamed(&names::KEY_SPEC), arg3: IntNamed(&names::KEY_SPEC)) -> Int,
        10 => (arg2: IntNamed(&names::KEY_SPEC), arg3: Str, arg4: Str, arg5: IntNamed(&names::KEY_SPEC)) -> Int,
        11 => (arg2: IntNamed(&names::KEY_SPEC), arg3: Bytes(Out, ResultUpTo(3)), arg4: ULong) -> Int,
        12 => (
            arg2: IntNamed(&names::KEY_SPEC), arg3: Bytes(In, Arg(3)), arg4: ULong, arg5: IntNamed(&names::KEY_SPEC),
        ) -> Int,
        13 => (arg2: IntNamed(&names::KEY_SPEC), arg3: UInt, arg4: IntNamed(&names::KEY_SPEC)) -> Int,
        14 => (arg2: Enum(&names::KEY_DEFAULTS)) -> Int,
        15 => (arg2: IntNamed(&names::KEY_SPEC), arg3: UInt) -> Int,
        16 => (arg2: IntNamed(&names::KEY_SPEC)) -> Int,
        17 => (arg2: IntNamed(&names::KEY_SPEC), arg3: Bytes(Out, ResultUpTo(3)), arg4: ULong) -> Int,
        18 => () -> Int,
        19 => (arg2: IntNamed(&names::KEY_SPEC), arg3: UInt, arg4: Errno, arg5: IntNamed(&names::KEY_SPEC)) -> Int,
        20 => (
            arg2: IntNamed(&names::KEY_SPEC), arg3: Iovec(In, Arg(3)), arg4: ULong, arg5: IntNamed(&names::KEY_SPEC),
        ) -> Int,
        21 => (arg2: IntNamed(&names::KEY_SPEC)) -> Int,
        22 => (arg2: Uid, arg3: IntNamed(&names::KEY_SPEC)) -> Int,
        23 => (arg2: input(&layout::KEY_DH), arg3: Bytes(Out, ResultUpTo(3)), arg4: ULong, arg5: Ptr) -> Int,
        24 => (
            arg2: IntNamed(&names::KEY_SPEC), arg3: Hex, arg4: Str, arg5: output(&layout::KEY_QUERY),
        ) -> Int,
        25 => (
            arg2: input(&layout::KEY_OPERATION), arg3: Str, arg4: Bytes(In, Within(1, 4)),
            arg5: Bytes(Out, Within(1, 8)),
        ) -> Int,
        26 => (
            arg2: input(&layout::KEY_OPERATION), arg3: Str, arg4: Bytes(In, Within(1, 4)),
            arg5: Bytes(Out, Within(1, 8)),
        ) -> Int,
        27 => (
            arg2: input(&layout::KEY_OPERATION), arg3: Str, arg4: Bytes(In, Within(1, 4)),
            arg5: Bytes(Out, Within(1, 8)),
        ) -> Int,
        28 => (
            arg2: input(&layout::KEY_VERIFICATION), arg3: Str, arg4: Bytes(In, Within(1, 4)),
            arg5: Bytes(In, Within(1, 8)),
        ) -> Int,
        29 => (arg2: IntNamed(&names::KEY_SPEC), arg3: Str, arg4: Str) -> Int,
        30 => (
            arg2: IntNamed(&names::KEY_SPEC), arg3: IntNamed(&names::KEY_SPEC), arg4: IntNamed(&names::KEY_SPEC),
            arg5: Flags(&names::KEY_MOVE),
        ) -> Int,
        31 => (arg2: Struct(&layout::KEY_CAPABILITY, Out, ResultUpTo(2)), arg3: ULong) -> Int,
    }
}
