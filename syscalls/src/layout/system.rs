//! Mounts, keys, filters and the machine.

use crate::names;

layouts! {
    /// mount_setattr(2).
    MOUNT_ATTR "mount_attr" 32:
        0 8 attr_set Flags(&names::MOUNT_ATTR),
        8 8 attr_clr Flags(&names::MOUNT_ATTR),
        16 8 propagation Flags(&names::MOUNT_PROPAGATION),
        24 8 userns_fd Fd;

    /// landlock_create_ruleset(2).
    LANDLOCK_RULESET_ATTR "landlock_ruleset_attr" 8:
        0 8 handled_access_fs Flags(&names::LANDLOCK_ACCESS_FS);

    /// landlock_add_rule(2); packed.
    LANDLOCK_PATH_BENEATH "landlock_path_beneath_attr" 12:
        0 8 allowed_access Flags(&names::LANDLOCK_ACCESS_FS),
        8 4 parent_fd Fd;

    /// kexec_load(2).
    KEXEC_SEGMENT "kexec_segment_arg" 32:
        0 8 buf Ptr,
        8 8 bufsz UInt,
        16 8 mem Ptr,
        24 8 memsz UInt;

    /// The head of `perf_event_attr` (perf_event_open(2)).
    PERF_EVENT_ATTR "perf_event_attr" 128:
        0 4 type Enum(&names::PERF_TYPES),
        4 4 size UInt,
        8 8 config Hex;

    /// quotactl(2).
    DQBLK "if_dqblk" 72:
        0 8 dqb_bhardlimit UInt,
        8 8 dqb_bsoftlimit UInt,
        16 8 dqb_curspace UInt,
        24 8 dqb_ihardlimit UInt,
        32 8 dqb_isoftlimit UInt,
        40 8 dqb_curinodes UInt,
        48 8 dqb_btime UInt,
        56 8 dqb_itime UInt,
        64 4 dqb_valid Hex;

    /// quotactl(2).
    DQINFO "if_dqinfo" 24:
        0 8 dqi_bgrace UInt,
        8 8 dqi_igrace UInt,
        16 4 dqi_flags Hex,
        20 4 dqi_valid Hex;

    /// landlock_add_rule(2).
    LANDLOCK_NET_PORT "landlock_net_port_attr" 16:
        0 8 allowed_access Flags(&names::LANDLOCK_ACCESS_NET),
        8 8 port UInt;

    /// `struct mnt_id_req` of `statmount` and `listmount`, as its first version.
    MNT_ID_REQ "mnt_id_req" 24:
        0 4 size UInt,
        4 4 spare UInt,
        8 8 mnt_id Hex,
        16 8 param Hex;

    /// `struct ns_id_req` of `listns`.
    NS_ID_REQ "ns_id_req" 32:
        0 4 size UInt,
        4 4 spare UInt,
        8 8 ns_id UInt,
        16 4 ns_type Hex,
        20 4 spare2 UInt,
        24 8 user_ns_id UInt;
}
