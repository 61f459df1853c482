//! What must be found: one row a mutant, one cell a level.

use super::Guest;

/// What a level must do with a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Report an error.
    Error,
    /// Report a warning, and stay `same`.
    Warning,
    /// Say nothing.
    Silent,
}

/// A mutant.
#[derive(Debug)]
pub struct Row {
    pub name: &'static str,
    pub guest: Guest,
    /// At `outcome`, `hermetic`, `protocol`, `calls`.
    pub cells: [Cell; 4],
    /// Code of the first finding at the weakest level that finds it.
    pub code: &'static str,
    /// Its object, without `$CWD/`.
    pub object: &'static str,
    /// Its sentence; empty where any will do.
    pub sentence: &'static str,
}

const fn cells(text: &[u8; 4]) -> [Cell; 4] {
    let mut cells = [Cell::Silent; 4];
    let mut at = 0;
    while at < 4 {
        cells[at] = match text[at] {
            b'R' => Cell::Error,
            b'W' => Cell::Warning,
            _ => Cell::Silent,
        };
        at += 1;
    }
    cells
}

macro_rules! rows {
    ($($name:ident $guest:ident $cells:literal $code:literal $object:literal $sentence:literal;)*) => {
        &[$(Row {
            name: stringify!($name),
            guest: Guest::$guest,
            cells: cells($cells),
            code: $code,
            object: $object,
            sentence: $sentence,
        }),*]
    };
}

/// The named mutants.
pub const ROWS: &[Row] = rows! {
    byte_changed Mut b"RRRR" "file.bytes" "final" "final: content differs at byte 11: `4` -> `5`";
    order_swap Mut b"RRRR" "out.order" "stdout" "stdout: lines 2,3 swapped";
    exit_code Mut b"RRRR" "exit" "P" "exit status 0 -> 3";
    arg_changed Mut b"RRRR" "proc.args" "P/echo" "runs /bin/echo with `child2` instead of `child`";
    req_changed Mut b"RRRR" "net.bytes" "tcp 127.0.0.1:18231" "sends `GET /in2` to 127.0.0.1:18231, was `GET /in1`";
    extra_connect Mut b"RRRR" "net.new" "tcp 127.0.0.1:18232" "now connects to 127.0.0.1:18232 (ECONNREFUSED)";
    perm Mut b"RRRR" "file.mode" "final" "final: mode 0644 -> 0666 (world-writable)";
    tmp_left Mut b"RRRR" "file.new" "{TMP2}" "leaves temporary file `tmp.*` behind";
    extra_open Mut b"-RRR" "in.new" "/etc/hostname" "now reads /etc/hostname";
    extra_miss Mut b"-RRR" "in.absent" "/etc/foo.conf" "now probes /etc/foo.conf (absent)";
    no_tmp Mut b"--RR" "file.inplace" "final" "final is overwritten in place, was replaced atomically";
    copy_not_rename Mut b"--RR" "file.inplace" "final" "final is replaced by a copy, was a rename";
    no_fsync Mut b"--RR" "dur.fsync" "final" "final: no longer synced before rename";
    fsync_after_rename Mut b"--RR" "dur.order" "final" "final: fsync now after rename";
    fdatasync Mut b"--WR" "dur.fsync" "final" "final: fdatasync instead of fsync";
    mmap_write Mut b"--WR" "io.shape" "final" "final: same content, now stored through a shared mapping";
    fd_leak Mut b"--RR" "fd.leak" "conf" "conf: never closed, was closed";
    no_cloexec Mut b"--RR" "fd.cloexec" "conf" "conf: opened without O_CLOEXEC, was with it";
    no_lock Mut b"--RR" "lock.lost" "lock" "no longer takes LOCK_EX on lock";
    ignore_err Mut b"--RR" "err.ignored" "exists" "after mkdir exists: EEXIST, no longer stats it";
    read_twice Mut b"--WR" "io.repeat" "conf" "reads conf twice, was once";
    reopen_toctou Mut b"--RR" "toctou" "conf" "conf: checked by name, then opened again by name";
    stat_storm Mut b"--WR" "io.repeat" "data" "stats data 50 times, was 1";
    extra_thread Mut b"--RR" "thread.count" "P" "starts 1 thread more (2, was 1)";
    setuid_call Mut b"--RR" "cred" "P" "now sets its group id (setgid)";
    sigign Mut b"--RR" "sig.disp" "P" "now ignores SIGPIPE";
    mmap_exec Mut b"--RR" "mem.wx" "P" "maps writable and executable memory";
    no_wait Mut b"--RR" "wait.lost" "P/echo" "no longer waits for child /bin/echo";
    extra_sleep Mut b"--WR" "sleep" "P" "sleeps 50 ms more";
    write_1byte Mut b"--WR" "io.shape" "final" "writes final in 13 calls, was 1";
    pwrite Mut b"--WR" "io.shape" "final" "writes final with pwrite, was write";
    write_split Mut b"---R" "call.new" "tcp 127.0.0.1:18231" "";
    getrandom Mut b"---R" "call.new" "P" "";
    swap_files Order b"--RR" "order" "second" "writes second before first";
    journal_after_db Order b"--RR" "dur.order" "db" "db is written before journal is durable";
    print_before_read Order b"--RR" "order" "stdout" "writes stdout before reading stdin";
};

/// More of the same kinds, ours: what is found is held, not which sentence comes first.
pub const MORE: &[Row] = rows! {
    longer Mut b"RRRR" "file.bytes" "final" "";
    line_changed Mut b"RRRR" "out.bytes" "stdout" "stdout: line 2: `ok` -> `no`";
    silent Mut b"RRRR" "out.bytes" "stdout" "";
    warns Mut b"RRRR" "out.bytes" "stderr" "";
    aborts Mut b"RRRR" "exit" "P" "";
    no_child Mut b"RRRR" "proc.gone" "P/echo" "no longer runs /bin/echo";
    extra_child Mut b"RRRR" "proc.new" "P/date" "now runs /bin/date";
    listens Mut b"RRRR" "net.new" "" "";
    no_chmod Mut b"RRRR" "file.mode" "final" "final: mode 0644 -> 0600";
    lib_new Mut b"-RRR" "in.new" "libm.so.6" "now loads libm.so.6";
    no_dirsync Mut b"--RR" "dur.dirsync" "final" "";
    double_close Mut b"--RR" "fd.badclose" "" "";
    transient Mut b"--RR" "file.transient" "scratch" "creates and removes file scratch";
    rlimit Mut b"--RR" "limit" "P" "sets RLIMIT_NOFILE to 4096";
    sig_handler Mut b"--RR" "sig.disp" "P" "";
    shared_lock Mut b"--RR" "" "lock" "";
    poll_sleep Mut b"--WR" "sleep" "P" "sleeps 50 ms more";
    small_buffer Mut b"---R" "" "" "";
    write_2parts Mut b"---R" "" "" "";
    one_write Mut b"---R" "" "" "";
    write_outside_lock Order b"--RR" "lock.scope" "shared" "";
};
