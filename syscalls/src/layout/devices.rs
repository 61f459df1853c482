//! Requests of drivers.

layouts! {
    /// BTRFS_IOC_SNAP_CREATE and others that name something (linux/btrfs.h).
    BTRFS_VOL_ARGS "btrfs_ioctl_vol_args" 4096:
        0 8 fd Fd,
        8 4088 name Text;

    /// BTRFS_IOC_QGROUP_CREATE (linux/btrfs.h).
    BTRFS_QGROUP_CREATE "btrfs_ioctl_qgroup_create_args" 16:
        0 8 create UInt,
        8 8 qgroupid UInt;

    /// BTRFS_IOC_QGROUP_ASSIGN (linux/btrfs.h).
    BTRFS_QGROUP_ASSIGN "btrfs_ioctl_qgroup_assign_args" 24:
        0 8 assign UInt,
        8 8 src UInt,
        16 8 dst UInt;

    /// TEE_IOC_CLOSE_SESSION (linux/tee.h).
    TEE_CLOSE_SESSION "tee_ioctl_close_session_arg" 4:
        0 4 session Hex;

    /// TEE_IOC_CANCEL (linux/tee.h).
    TEE_CANCEL "tee_ioctl_cancel_arg" 8:
        0 4 cancel_id UInt,
        4 4 session Hex;

    /// KDSETKEYCODE (linux/kd.h).
    KBKEYCODE "kbkeycode" 8:
        0 4 scancode Hex,
        4 4 keycode Hex;

    /// PIO_UNIMAPCLR (linux/kd.h).
    UNIMAPINIT "unimapinit" 6:
        0 2 advised_hashsize UInt,
        2 2 advised_hashstep UInt,
        4 2 advised_hashlevel UInt;
}
