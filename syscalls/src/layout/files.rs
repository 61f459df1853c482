//! Files, directories and locks.

use crate::names;

layouts! {
    /// stat(2).
    STAT "stat" 144:
        0 8 st_dev Dev,
        8 8 st_ino UInt,
        24 4 st_mode Mode,
        16 8 st_nlink UInt,
        28 4 st_uid UInt,
        32 4 st_gid UInt,
        40 8 st_rdev Dev,
        56 8 st_blksize UInt,
        64 8 st_blocks UInt,
        48 8 st_size Int,
        72 8 st_atime Int,
        80 8 st_atime_nsec UInt,
        88 8 st_mtime Int,
        96 8 st_mtime_nsec UInt,
        104 8 st_ctime Int,
        112 8 st_ctime_nsec UInt;

    /// statx(2).
    STATX_TIMESTAMP "statx_timestamp" 16:
        0 8 tv_sec Int,
        8 4 tv_nsec UInt;

    /// statx(2).
    STATX "statx" 256:
        0 4 stx_mask Flags(&names::STATX_MASK),
        4 4 stx_blksize UInt,
        8 8 stx_attributes Flags(&names::STATX_ATTRIBUTES),
        16 4 stx_nlink UInt,
        20 4 stx_uid UInt,
        24 4 stx_gid UInt,
        28 2 stx_mode Mode,
        32 8 stx_ino UInt,
        40 8 stx_size UInt,
        48 8 stx_blocks UInt,
        56 8 stx_attributes_mask Flags(&names::STATX_ATTRIBUTES),
        64 16 stx_atime Nested(&STATX_TIMESTAMP),
        80 16 stx_btime Nested(&STATX_TIMESTAMP),
        96 16 stx_ctime Nested(&STATX_TIMESTAMP),
        112 16 stx_mtime Nested(&STATX_TIMESTAMP),
        128 4 stx_rdev_major UInt,
        132 4 stx_rdev_minor UInt,
        136 4 stx_dev_major UInt,
        140 4 stx_dev_minor UInt,
        144 8 stx_mnt_id UInt;

    /// statfs(2).
    STATFS "statfs" 120:
        0 8 f_type Enum(&names::FS_MAGIC),
        8 8 f_bsize UInt,
        16 8 f_blocks UInt,
        24 8 f_bfree UInt,
        32 8 f_bavail UInt,
        40 8 f_files UInt,
        48 8 f_ffree UInt,
        56 8 f_fsid Array(4),
        64 8 f_namelen UInt,
        72 8 f_frsize UInt,
        80 8 f_flags Flags(&names::STATFS_FLAGS);

    /// ustat(2).
    USTAT "ustat" 32:
        0 4 f_tfree Int,
        8 8 f_tinode UInt,
        16 6 f_fname Text,
        22 6 f_fpack Text;

    /// fcntl(2).
    FLOCK "flock" 32:
        0 2 l_type Enum(&names::LOCK_TYPES),
        2 2 l_whence Enum(&names::SEEK_WHENCE),
        8 8 l_start Int,
        16 8 l_len Int,
        24 4 l_pid Int;

    /// fcntl(2).
    F_OWNER_EX "f_owner_ex" 8:
        0 4 type Enum(&names::F_OWNER_TYPE),
        4 4 pid Int;

    /// open_by_handle_at(2), without the handle.
    FILE_HANDLE "file_handle" 8:
        0 4 handle_bytes UInt,
        4 4 handle_type Int;

    /// openat2(2).
    OPEN_HOW "open_how" 24:
        0 8 flags Flags(&names::OPEN_FLAGS),
        8 8 mode Octal,
        16 8 resolve Flags(&names::OPENAT2_RESOLVE);

    /// ioctl_xfs_fsgetxattr(2).
    FSXATTR "fsxattr" 28:
        0 4 fsx_xflags Flags(&names::FILE_ATTR),
        4 4 fsx_extsize UInt,
        8 4 fsx_nextents UInt,
        12 4 fsx_projid UInt,
        16 4 fsx_cowextsize UInt;

    /// Documentation/filesystems/fiemap, without the extents.
    FIEMAP "fiemap" 32:
        0 8 fm_start UInt,
        8 8 fm_length UInt,
        16 4 fm_flags Flags(&names::FIEMAP_FLAGS),
        20 4 fm_mapped_extents UInt,
        24 4 fm_extent_count UInt;

    /// ioctl_ficlonerange(2).
    FILE_CLONE_RANGE "file_clone_range" 32:
        0 8 src_fd Fd,
        8 8 src_offset UInt,
        16 8 src_length UInt,
        24 8 dest_offset UInt;

    /// FITRIM.
    FSTRIM_RANGE "fstrim_range" 24:
        0 8 start UInt,
        8 8 len UInt,
        16 8 minlen UInt;

    /// `struct cachestat_range` of `cachestat`.
    CACHESTAT_RANGE "cachestat_range" 16:
        0 8 off UInt,
        8 8 len UInt;

    /// `cachestat`.
    CACHESTAT "cachestat" 40:
        0 8 nr_cache UInt,
        8 8 nr_dirty UInt,
        16 8 nr_writeback UInt,
        24 8 nr_evicted UInt,
        32 8 nr_recently_evicted UInt;

    /// `struct file_attr` of `file_getattr` and `file_setattr`.
    FILE_ATTRIBUTES "file_attr" 24:
        0 8 fa_xflags Hex,
        8 4 fa_extsize UInt,
        12 4 fa_nextents UInt,
        16 4 fa_projid UInt,
        20 4 fa_cowextsize UInt;

    /// `struct xattr_args` of `setxattrat` and `getxattrat`.
    XATTR_ARGS "xattr_args" 16:
        0 8 value Ptr,
        8 4 size UInt,
        12 4 flags Flags(&names::XATTR);
}
