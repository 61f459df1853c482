//! Descriptors: data moved, waited for, locked, mapped; objects that are only descriptors.

use super::{NOWHERE, call, drop_privileges, words32};
use libc::*;

pub fn run() {
    drop_privileges();
    data();
    between();
    controls();
    waits();
    objects();
    asynchronous();
}

fn data() {
    let mut text = [0u8; 64];
    let file = call!(SYS_openat, -100, c"data", O_RDWR | O_CREAT | O_TRUNC, 0o600);
    call!(SYS_write, file, b"some data\n\x00\xff that is longer than what is shown of it", 55);
    call!(SYS_write, file, c"", 0);
    call!(SYS_write, 99, NOWHERE, 3);
    call!(SYS_write, file, NOWHERE, 3);
    call!(SYS_pwrite64, file, b"ab", 2, 100i64);
    call!(SYS_pwrite64, file, b"ab", 2, -1i64);
    call!(SYS_lseek, file, 0, SEEK_SET);
    call!(SYS_lseek, file, -5i64, SEEK_END);
    call!(SYS_lseek, file, 0x1_0000_0000i64, SEEK_HOLE);
    call!(SYS_lseek, file, 0, 77);
    call!(SYS_lseek, file, 0, SEEK_SET);
    call!(SYS_read, file, &mut text, 10);
    call!(SYS_read, file, &mut text, 0);
    call!(SYS_read, 99, &mut text, 64);
    call!(SYS_read, file, NOWHERE, 64);
    call!(SYS_pread64, file, &mut text, 64, 3i64);
    call!(SYS_pread64, file, &mut text, 64, -1i64);
    let vector = [text.as_ptr() as u64, 4, 0, 0, text[8..].as_ptr() as u64, 20, NOWHERE, 0];
    let bad = [NOWHERE, 3, text.as_ptr() as u64, u64::MAX];
    for number in [libc::SYS_readv, libc::SYS_writev] {
        call!(number, file, &vector, 4);
        call!(number, file, &bad, 2);
        call!(number, file, NOWHERE, 2);
        call!(number, file, &vector, 0);
        call!(number, 99, &vector, 1);
    }
    for number in [libc::SYS_preadv, libc::SYS_pwritev] {
        call!(number, file, &vector, 3, 7i64, 0);
        call!(number, file, &bad, 2, -1i64, 0);
    }
    for number in [libc::SYS_preadv2, libc::SYS_pwritev2] {
        call!(number, file, &vector, 3, 7i64, 0, RWF_HIPRI | RWF_DSYNC);
        call!(number, file, &vector, 1, -1i64, 0, 0);
        call!(number, file, &bad, 2, 0i64, 0, 0x1000);
    }
    call!(SYS_ftruncate, file, 4096i64);
    call!(SYS_ftruncate, file, -1i64);
    call!(SYS_fallocate, file, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0i64, 10i64);
    call!(SYS_fallocate, file, 0xff00, -1i64, 0i64);
    call!(SYS_fadvise64, file, 0i64, 100, POSIX_FADV_WILLNEED);
    call!(SYS_fadvise64, file, 0i64, 100, 77);
    call!(SYS_readahead, file, 0i64, 100);
    call!(SYS_readahead, 99, -1i64, 100);
    call!(SYS_fsync, 0);
    call!(SYS_fdatasync, 99);
    call!(SYS_syncfs, 99);
    call!(SYS_sync_file_range, file, 0i64, 10i64, SYNC_FILE_RANGE_WRITE);
    call!(SYS_sync_file_range, 99, -1i64, -1i64, 0xff);
    call!(SYS_flock, file, LOCK_EX | LOCK_NB);
    call!(SYS_flock, file, LOCK_UN);
    call!(SYS_flock, file, 0x77);
    call!(SYS_mkdir, c"entries", 0o755);
    call!(SYS_close, call!(SYS_creat, c"entries/one", 0o600));
    let mut entries = [0u64; 128];
    for number in [libc::SYS_getdents, libc::SYS_getdents64] {
        let directory = call!(SYS_open, c"entries", O_RDONLY | O_DIRECTORY);
        call!(number, directory, &mut entries, 1024);
        call!(number, directory, &mut entries, 1024);
        call!(number, file, &mut entries, 1024);
        call!(number, directory, NOWHERE, 1);
    }
    call!(SYS_close, file);
    call!(SYS_close, 99);
}

fn between() {
    let from = call!(SYS_open, c"data", O_RDONLY);
    let to = call!(SYS_open, c"copy", O_RDWR | O_CREAT, 0o600);
    let mut ends = [0u32; 2];
    call!(SYS_pipe, &mut ends);
    call!(SYS_pipe, NOWHERE);
    let (reader, writer) = (ends[0], ends[1]);
    call!(SYS_pipe2, &mut ends, O_CLOEXEC | O_NONBLOCK);
    call!(SYS_pipe2, &mut ends, 0x3);
    let mut offset = [5i64, 0];
    call!(SYS_sendfile, to, from, 0, 10);
    call!(SYS_sendfile, to, from, &mut offset, 10);
    call!(SYS_sendfile, 99, from, &mut offset, 10);
    call!(SYS_sendfile, to, from, NOWHERE, 10);
    call!(SYS_copy_file_range, from, &mut offset, to, 0, 4, 0);
    call!(SYS_copy_file_range, from, NOWHERE, to, 0, 4, 1);
    call!(SYS_splice, from, &mut offset, writer, 0, 7, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    call!(SYS_splice, from, 0, to, 0, 7, 0xf0);
    call!(SYS_tee, reader, ends[1], 3, SPLICE_F_NONBLOCK);
    call!(SYS_tee, 99, 98, 3, 0);
    let text = b"spliced";
    call!(SYS_vmsplice, writer, &[text.as_ptr() as u64, 7], 1, SPLICE_F_GIFT);
    call!(SYS_vmsplice, 99, NOWHERE, 1, 0);
    call!(SYS_dup, 0);
    call!(SYS_dup, 99);
    call!(SYS_dup2, 0, 50);
    call!(SYS_dup2, 99, 50);
    call!(SYS_dup3, 0, 51, O_CLOEXEC);
    call!(SYS_dup3, 0, 0, 0x3);
    call!(SYS_close_range, 50, 51, 0);
    call!(SYS_close_range, 60, u32::MAX, CLOSE_RANGE_CLOEXEC);
    call!(SYS_close_range, 60, 50, 0xff);
}

fn controls() {
    let file = call!(SYS_open, c"data", O_RDWR);
    let mut lock = [1u64, 0, 100, 0];
    for command in [0, 1030] {
        call!(SYS_fcntl, file, command, 70);
    }
    call!(SYS_fcntl, file, F_GETFD);
    call!(SYS_fcntl, file, F_SETFD, FD_CLOEXEC);
    call!(SYS_fcntl, file, F_GETFD);
    call!(SYS_fcntl, file, F_GETFL);
    call!(SYS_fcntl, file, F_SETFL, O_APPEND | O_NONBLOCK | O_RDWR);
    for command in [F_SETLK, F_SETLKW, F_GETLK, F_OFD_GETLK] {
        call!(SYS_fcntl, file, command, &mut lock);
        lock = [1, 10, 20, 0];
    }
    let other = [2u64, 0, 0, 0];
    for command in [F_OFD_SETLK, F_OFD_SETLKW, F_SETLK] {
        call!(SYS_fcntl, file, command, &other);
        call!(SYS_fcntl, file, command, NOWHERE);
    }
    call!(SYS_fcntl, file, F_GETOWN);
    call!(SYS_fcntl, file, F_SETOWN, 0);
    call!(SYS_fcntl, file, 10, SIGIO);
    call!(SYS_fcntl, file, 11);
    call!(SYS_fcntl, file, 15, &[1u32, 0]);
    call!(SYS_fcntl, file, 16, &mut [0u32; 2]);
    call!(SYS_fcntl, file, 17, &mut [0u32; 2]);
    call!(SYS_fcntl, file, F_SETLEASE, F_RDLCK);
    call!(SYS_fcntl, file, F_GETLEASE);
    call!(SYS_fcntl, file, F_NOTIFY, 0x8000_003fu64);
    call!(SYS_fcntl, file, F_GETPIPE_SZ);
    call!(SYS_fcntl, file, F_SETPIPE_SZ, 4096);
    call!(SYS_fcntl, file, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_GROW);
    call!(SYS_fcntl, file, F_GET_SEALS);
    let sealed = call!(SYS_memfd_create, c"sealed", MFD_ALLOW_SEALING);
    call!(SYS_fcntl, sealed, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE);
    call!(SYS_fcntl, sealed, F_GET_SEALS);
    for command in [1035, 1036, 1037, 1038] {
        call!(SYS_fcntl, file, command, &mut [2u64, 0]);
    }
    call!(SYS_fcntl, file, 1027, 0);
    call!(SYS_fcntl, file, 1028, 0);
    call!(SYS_fcntl, file, 777, 3);
    call!(SYS_fcntl, 99, F_GETFL);
    let mut number = [0u32; 4];
    call!(SYS_ioctl, file, libc::FIONREAD, &mut number);
    call!(SYS_ioctl, file, 0x8008_6601u64, &mut number);
    call!(SYS_ioctl, file, 0x801c_581fu64, &mut [0u32; 8]);
    call!(SYS_ioctl, file, libc::FIONBIO, &number);
    call!(SYS_ioctl, file, libc::FIOCLEX);
    call!(SYS_ioctl, file, 2, &mut number);
    call!(SYS_ioctl, file, 0xc020_660bu64, &mut words32::<64>(&[(2, 0xffff_ffff), (6, 2)]));
}

fn waits() {
    let mut ends = [0u32; 2];
    call!(SYS_pipe, &mut ends);
    let (reader, writer) = (u64::from(ends[0]), u64::from(ends[1]));
    let mut asked = [reader | 1 << 32, writer | 5 << 32, 0xffff_ffff | 0x203f << 32];
    call!(SYS_poll, &mut asked, 3, 0);
    call!(SYS_poll, &mut asked, 1, 0);
    call!(SYS_poll, NOWHERE, 2, 0);
    let (mut zero, mask) = ([0u64; 2], [0x0000_0000_0000_4001u64]);
    call!(SYS_ppoll, &mut asked, 3, &mut zero, &mask, 8);
    call!(SYS_ppoll, &mut asked, 1, &mut [0u64, 1_000], 0, 8);
    call!(SYS_ppoll, &mut asked, 1, &mut zero, &mask, 7);
    call!(SYS_ppoll, NOWHERE, 1, NOWHERE, NOWHERE, 8);
    let bits = 1u64 << reader | 1 << writer;
    call!(SYS_select, writer + 1, &mut [bits], &mut [bits], &mut [bits], &mut [0u64, 0]);
    call!(SYS_select, reader + 1, &mut [1u64 << reader], 0, 0, &mut [0u64, 1]);
    call!(SYS_select, 64, &mut [1u64 << 63], 0, NOWHERE, &mut [0u64, 0]);
    call!(SYS_select, 2, NOWHERE, 0, 0, NOWHERE);
    call!(SYS_pselect6, writer + 1, 0, &mut [bits], 0, &mut zero, &[mask.as_ptr() as u64, 8]);
    call!(SYS_pselect6, reader + 1, &mut [1u64 << reader], 0, 0, &mut [0u64, 5], 0);
    call!(SYS_pselect6, 1, 0, 0, 0, &mut zero, NOWHERE);
    call!(SYS_pselect6, 1, 0, 0, 0, &mut zero, &[0u64, 8]);
    call!(SYS_epoll_create, 5);
    call!(SYS_epoll_create, 0);
    let queue = call!(SYS_epoll_create1, EPOLL_CLOEXEC);
    call!(SYS_epoll_create1, 3);
    // The structure is packed: events, then eight bytes of data.
    let event = words32::<3>(&[(0, 0x8000_0005), (1, 7), (2, 1)]);
    call!(SYS_epoll_ctl, queue, EPOLL_CTL_ADD, writer, &event);
    call!(SYS_epoll_ctl, queue, EPOLL_CTL_MOD, writer, &event);
    call!(SYS_epoll_ctl, queue, EPOLL_CTL_ADD, 99, NOWHERE);
    call!(SYS_epoll_ctl, queue, 77, 99, &event);
    let mut events = [0u32; 12];
    call!(SYS_epoll_wait, queue, &mut events, 4, 0);
    call!(SYS_epoll_wait, queue, &mut events, 0, 0);
    call!(SYS_epoll_pwait, queue, &mut events, 4, 0, &mask, 8);
    call!(SYS_epoll_pwait, 99, NOWHERE, 4, 0, 0, 8);
    call!(SYS_epoll_pwait2, queue, &mut events, 4, &zero, &mask, 8);
    call!(SYS_epoll_pwait2, queue, &mut events, 4, NOWHERE, 0, 0);
    call!(SYS_epoll_ctl, queue, EPOLL_CTL_DEL, writer, 0);
    call!(SYS_epoll_wait, queue, &mut events, 4, 1);
}

fn objects() {
    let counter = call!(SYS_eventfd, 3);
    call!(SYS_eventfd2, 3, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    call!(SYS_eventfd2, u32::MAX, 0x10);
    call!(SYS_read, counter, &mut [0u64], 8);
    call!(SYS_signalfd, -1, &[0x4001u64], 8);
    call!(SYS_signalfd4, -1, &[0u64], 8, SFD_CLOEXEC | SFD_NONBLOCK);
    call!(SYS_signalfd4, 99, NOWHERE, 8, 3);
    let timer = call!(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    call!(SYS_timerfd_create, 77, 3);
    let setting = [0u64, 500, 1000, 7];
    call!(SYS_timerfd_settime, timer, 0, &setting, 0);
    call!(SYS_timerfd_settime, timer, 3, &[0u64; 4], &mut [0u64; 4]);
    call!(SYS_timerfd_settime, 99, 0x10, NOWHERE, NOWHERE);
    call!(SYS_timerfd_gettime, timer, &mut [0u64; 4]);
    call!(SYS_timerfd_gettime, 99, &mut [0u64; 4]);
    call!(SYS_memfd_secret, 0);
    call!(SYS_memfd_secret, 0x8_0000u64);
    let faults = call!(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1);
    for features in [0u64, 1 << 63 | 0x80, 0] {
        call!(SYS_ioctl, faults, 0xc018_aa3fu64, &mut [0xaau64, features, 7]);
    }
    call!(SYS_ioctl, faults, 0xc018_aa3fu64, NOWHERE);
    let page = call!(SYS_mmap, 0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) as u64;
    call!(SYS_ioctl, faults, 0xc020_aa00u64, &mut [page, 8192, 1, 7]);
    call!(SYS_ioctl, faults, 0xc020_aa00u64, &mut [page, 1, 0xf0, 7]);
    let source = vec![7u8; 4096];
    call!(SYS_ioctl, faults, 0xc028_aa03u64, &mut [page, source.as_ptr() as u64, 4096, 1, 7]);
    call!(SYS_ioctl, faults, 0xc020_aa04u64, &mut [page + 4096, 4096, 1, 7]);
    call!(SYS_ioctl, faults, 0xc020_aa07u64, &mut [page, 4096, 1, 7]);
    call!(SYS_ioctl, faults, 0xc018_aa06u64, &[page, 4096, 3]);
    for request in [0x8010_aa02u64, 0x8010_aa01] {
        call!(SYS_ioctl, faults, request, &[page, 8192]);
    }
    call!(SYS_userfaultfd, 0x100);
}

fn asynchronous() {
    let mut context = [0u64; 2];
    call!(SYS_io_setup, 4, &mut context);
    call!(SYS_io_setup, 4, NOWHERE);
    call!(SYS_io_setup, 4, &mut [5u64]);
    let file = call!(SYS_open, c"data", O_RDWR) as u64;
    let (mut buffer, text) = ([0u8; 16], b"written by aio");
    let vector = [text.as_ptr() as u64, 4, text.as_ptr() as u64, 2];
    // data, key and flags, operation with priority and descriptor, buffer, bytes, offset, -, flags and eventfd.
    let block = |operation: u64, address: u64, bytes: u64, flags: u64| {
        [7, 0, operation | 5 << 16 | file << 32, address, bytes, 3, 0, flags]
    };
    let blocks = [
        block(0, buffer.as_mut_ptr() as u64, 8, 0),
        block(1, text.as_ptr() as u64, 14, 0),
        block(2, 0, 0, 0),
        block(3, 0, 0, 0),
        block(5, 0, 1, 0),
        block(7, vector.as_ptr() as u64, 2, 0),
        block(8, vector.as_ptr() as u64, 2, 1 | 9 << 32),
        block(99, 0, 0, 0xff),
    ];
    for chosen in [&[0usize, 1][..], &[6], &[5], &[2, 3], &[4], &[7]] {
        let pointers: Vec<u64> = chosen.iter().map(|i| blocks[*i].as_ptr() as u64).collect();
        call!(SYS_io_submit, context[0], pointers.len(), pointers.as_ptr());
    }
    call!(SYS_io_submit, context[0], 2, &[0u64, NOWHERE]);
    call!(SYS_io_submit, context[0], 1, NOWHERE);
    call!(SYS_io_submit, 0, -1i64, 0);
    let mut events = [0u64; 32];
    call!(SYS_io_getevents, context[0], 0, 1, &mut events, &[0u64, 0]);
    call!(SYS_io_getevents, context[0], -1i64, 1, NOWHERE, NOWHERE);
    call!(333, context[0], 0, 1, &mut events, &[0u64, 0], &[[0x4001u64].as_ptr() as u64, 8]);
    call!(333, 0, 1, 1, &mut events, 0, NOWHERE);
    call!(SYS_io_cancel, context[0], blocks[0].as_ptr(), &mut events);
    call!(SYS_io_cancel, 0, NOWHERE, NOWHERE);
    call!(SYS_io_destroy, context[0]);
    call!(SYS_io_destroy, 0);
}
