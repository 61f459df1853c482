//! Mounts, keys, filters and the machine.

use crate::names;

layouts! {
    /// mount_setattr(2).
    MOUNT_ATTR "mount_attr" 32:
        0 8 attr_set Flags(&names::MOUNT_ATTR),
        8 8 attr_clr Flags(&names::MOUNT_ATTR),
        16 8 propagation Enum(&names::MOUNT_PROPAGATION),
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

    /// The words of `perf_event_attr` (perf_event_open(2)); its bits are told apart where it is shown.
    PERF_EVENT_ATTR "perf_event_attr" 128:
        0 4 type Enum(&names::PERF_TYPES),
        4 4 size UInt,
        8 8 config Hex;

    /// Q_XGETQUOTA (quotactl(2)).
    DISK_QUOTA "fs_disk_quota" 112:
        0 1 d_version Int,
        1 1 d_flags Flags(&names::QUOTA_KINDS),
        2 2 d_fieldmask Hex,
        4 4 d_id UInt,
        8 8 d_blk_hardlimit UInt,
        16 8 d_blk_softlimit UInt,
        24 8 d_ino_hardlimit UInt,
        32 8 d_ino_softlimit UInt,
        40 8 d_bcount UInt,
        48 8 d_icount UInt,
        56 4 d_itimer Int,
        60 4 d_btimer Int,
        64 2 d_iwarns UInt,
        66 2 d_bwarns UInt,
        72 8 d_rtb_hardlimit UInt,
        80 8 d_rtb_softlimit UInt,
        88 8 d_rtbcount UInt,
        96 4 d_rtbtimer Int,
        100 2 d_rtbwarns UInt;

    /// SECCOMP_GET_NOTIF_SIZES (seccomp(2)).
    SECCOMP_SIZES "seccomp_notif_sizes" 6:
        0 2 seccomp_notif UInt,
        2 2 seccomp_notif_resp UInt,
        4 2 seccomp_data UInt;

    /// KEYCTL_DH_COMPUTE (keyctl(2)).
    KEY_DH "keyctl_dh_params" 12:
        0 4 private Int,
        4 4 prime Int,
        8 4 base Int;

    /// KEYCTL_PKEY_QUERY (keyctl(2)).
    KEY_QUERY "keyctl_pkey_query" 56:
        0 4 supported_ops Flags(&names::KEY_OPERATIONS),
        4 4 key_size UInt,
        8 2 max_data_size UInt,
        10 2 max_sig_size UInt,
        12 2 max_enc_size UInt,
        14 2 max_dec_size UInt;

    /// KEYCTL_PKEY_ENCRYPT, KEYCTL_PKEY_DECRYPT, KEYCTL_PKEY_SIGN (keyctl(2)).
    KEY_OPERATION "keyctl_pkey_params" 40:
        0 4 key_id IntNamed(&names::KEY_SPEC),
        4 4 in_len UInt,
        8 4 out_len UInt;

    /// KEYCTL_PKEY_VERIFY (keyctl(2)).
    KEY_VERIFICATION "keyctl_pkey_params" 40:
        0 4 key_id IntNamed(&names::KEY_SPEC),
        4 4 in_len UInt,
        8 4 in2_len UInt;

    /// One byte of KEYCTL_CAPABILITIES (keyctl(2)).
    KEY_CAPABILITY "capability" 1:
        0 1 bits Hex;

    /// KCMP_EPOLL_TFD (kcmp(2)).
    KCMP_EPOLL "kcmp_epoll_slot" 12:
        0 4 efd Fd,
        4 4 tfd UInt,
        8 4 toff UInt;

    /// BLKPG (linux/blkpg.h).
    BLKPG_ARGUMENT "blkpg_ioctl_arg" 24:
        0 4 op Enum(&names::BLKPG),
        4 4 flags Int,
        8 4 datalen Int,
        16 8 data Ptr;

    /// RTC_RD_TIME (rtc(4)).
    RTC_TIME "rtc_time" 36:
        0 4 tm_sec Int,
        4 4 tm_min Int,
        8 4 tm_hour Int,
        12 4 tm_mday Int,
        16 4 tm_mon Int,
        20 4 tm_year Int,
        24 4 tm_wday Int,
        28 4 tm_yday Int,
        32 4 tm_isdst Int;

    /// RTC_PLL_GET (linux/rtc.h).
    RTC_PLL "rtc_pll_info" 32:
        0 4 pll_ctrl Int,
        4 4 pll_value Int,
        8 4 pll_max Int,
        12 4 pll_min Int,
        16 4 pll_posmult Int,
        20 4 pll_negmult Int,
        24 8 pll_clock Int;

    /// KVM_SET_USER_MEMORY_REGION (linux/kvm.h).
    KVM_MEMORY "kvm_userspace_memory_region" 32:
        0 4 slot UInt,
        4 4 flags Flags(&names::KVM_MEMORY_FLAGS),
        8 8 guest_phys_addr Hex,
        16 8 memory_size UInt,
        24 8 userspace_addr Hex;

    /// LOOP_SET_STATUS (loop(4)).
    LOOP_INFO "loop_info" 168:
        0 4 lo_number Int,
        8 8 lo_device Dev,
        16 8 lo_inode UInt,
        24 8 lo_rdevice Dev,
        32 4 lo_offset Hex,
        36 4 lo_encrypt_type Enum(&names::LOOP_ENCRYPTION),
        40 4 lo_encrypt_key_size UInt,
        44 4 lo_flags Flags(&names::LOOP_FLAGS),
        48 64 lo_name Text,
        112 32 lo_encrypt_key Bytes,
        144 16 lo_init HexArray(8),
        160 4 reserved HexArray(1);

    /// LOOP_SET_STATUS64 (loop(4)).
    LOOP_INFO64 "loop_info64" 232:
        0 8 lo_device Dev,
        8 8 lo_inode UInt,
        16 8 lo_rdevice Dev,
        24 8 lo_offset Hex,
        32 8 lo_sizelimit UInt,
        40 4 lo_number UInt,
        44 4 lo_encrypt_type Enum(&names::LOOP_ENCRYPTION),
        48 4 lo_encrypt_key_size UInt,
        52 4 lo_flags Flags(&names::LOOP_FLAGS),
        56 64 lo_file_name Text,
        120 64 lo_crypt_name Text,
        184 32 lo_encrypt_key Bytes,
        216 16 lo_init HexArray(8);

    /// LOOP_CONFIGURE (loop(4)).
    LOOP_CONFIG "loop_config" 304:
        0 4 fd Fd,
        4 4 block_size UInt,
        8 232 info Nested(&LOOP_INFO64),
        240 64 __reserved HexArray(8);

    /// A part of memory (ioctl_userfaultfd(2)).
    UFFDIO_RANGE "uffdio_range" 16:
        0 8 start Hex,
        8 8 len Hex;

    /// UFFDIO_REGISTER (ioctl_userfaultfd(2)).
    UFFDIO_REGISTER "uffdio_register" 32:
        0 16 range Nested(&UFFDIO_RANGE),
        16 8 mode Flags(&names::UFFD_REGISTER_MODES),
        24 8 ioctls Flags(&names::UFFD_RANGE_IOCTLS);

    /// UFFDIO_COPY (ioctl_userfaultfd(2)).
    UFFDIO_COPY "uffdio_copy" 40:
        0 8 dst Hex,
        8 8 src Hex,
        16 8 len Hex,
        24 8 mode Flags(&names::UFFD_COPY_MODES),
        32 8 copy Hex;

    /// UFFDIO_ZEROPAGE (ioctl_userfaultfd(2)).
    UFFDIO_ZEROPAGE "uffdio_zeropage" 32:
        0 16 range Nested(&UFFDIO_RANGE),
        16 8 mode Flags(&names::UFFD_ZERO_MODES),
        24 8 zeropage Hex;

    /// UFFDIO_WRITEPROTECT (ioctl_userfaultfd(2)).
    UFFDIO_WRITEPROTECT "uffdio_writeprotect" 24:
        0 16 range Nested(&UFFDIO_RANGE),
        16 8 mode Flags(&names::UFFD_PROTECT_MODES);

    /// UFFDIO_CONTINUE (ioctl_userfaultfd(2)).
    UFFDIO_CONTINUE "uffdio_continue" 32:
        0 16 range Nested(&UFFDIO_RANGE),
        16 8 mode Flags(&names::UFFD_CONTINUE_MODES),
        24 8 mapped UInt;

    /// UFFDIO_API (ioctl_userfaultfd(2)).
    UFFDIO_API "uffdio_api" 24:
        0 8 api Hex,
        8 8 features Flags(&names::UFFD_FEATURES),
        16 8 ioctls Flags(&names::UFFD_IOCTLS);

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
        16 4 dqi_flags Flags(&names::QUOTA_INFO),
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
