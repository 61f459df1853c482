//! `struct perf_event_attr`: what is counted or sampled (perf_event_open(2)).

use syscalls::names;

use super::kept::word;
use super::printer::Printer;

const HARDWARE: u64 = 0;
const SOFTWARE: u64 = 1;
const TRACEPOINT: u64 = 2;
const CACHE: u64 = 3;
const BREAKPOINT: u64 = 5;

/// Bits of the flag word before `precise_ip`, from the lowest.
static FIRST: [&str; 15] = [
    "disabled",
    "inherit",
    "pinned",
    "exclusive",
    "exclude_user",
    "exclude_kernel",
    "exclude_hv",
    "exclude_idle",
    "mmap",
    "comm",
    "freq",
    "inherit_stat",
    "enable_on_exec",
    "task",
    "watermark",
];
/// Those behind its two bits.
static REST: [&str; 21] = [
    "mmap_data",
    "sample_id_all",
    "exclude_host",
    "exclude_guest",
    "exclude_callchain_kernel",
    "exclude_callchain_user",
    "mmap2",
    "comm_exec",
    "use_clockid",
    "context_switch",
    "write_backward",
    "namespaces",
    "ksymbol",
    "bpf_event",
    "aux_output",
    "cgroup",
    "text_poke",
    "build_id",
    "inherit_thread",
    "remove_on_exec",
    "sigtrap",
];
const FREQUENCY: u64 = 1 << 10;
const WATERMARK: u64 = 1 << 14;
const PRECISE: u32 = 15;
const CLOCK_ID: u64 = 1 << 25;
/// How far a sample may be from what it is of, by `precise_ip`.
static SKID: [&[u8]; 4] =
    [b" /* arbitrary skid */", b" /* constant skid */", b" /* requested to have 0 skid */", b" /* must have 0 skid */"];

impl Printer<'_, '_> {
    /// Without `-v` only the bits that are set, and nothing behind them. A size of zero is that of the first version.
    pub(super) fn perf_event_attr(&mut self, bytes: &[u8]) {
        let kind = word(bytes, 0, 4);
        let size = match word(bytes, 4, 4) {
            0 => 64,
            size => size,
        };
        let bits = word(bytes, 40, 8);
        self.text(b"{type=");
        self.name(&names::PERF_TYPES, kind);
        self.text(b", size=");
        self.name(&names::PERF_SIZES, word(bytes, 4, 4));
        self.text(b", config=");
        self.perf_config(kind, word(bytes, 8, 8));
        self.text(if bits & FREQUENCY != 0 { b", sample_freq=" } else { b", sample_period=" });
        self.decimal(word(bytes, 16, 8));
        self.text(b", sample_type=");
        self.flags(&names::PERF_SAMPLE, word(bytes, 24, 8));
        self.text(b", read_format=");
        self.flags(&names::PERF_FORMAT, word(bytes, 32, 8));
        self.perf_bits(&FIRST, bits);
        self.text(b", precise_ip=");
        let precise = bits >> PRECISE & 3;
        self.decimal(precise);
        self.text(SKID[precise as usize]);
        self.perf_bits(&REST, bits >> (PRECISE + 2));
        if !self.verbose {
            return self.text(b", ...}");
        }
        self.text(if bits & WATERMARK != 0 { b", wakeup_watermark=" } else { b", wakeup_events=" });
        self.decimal(word(bytes, 48, 4));
        if kind == BREAKPOINT {
            self.perf_breakpoint(bytes, size);
        } else {
            self.perf_hex(b", config1=", bytes, 56, size);
            self.perf_hex(b", config2=", bytes, 64, size);
        }
        self.perf_rest(bytes, bits, size);
        self.text(b"}");
    }

    fn perf_config(&mut self, kind: u64, config: u64) {
        match kind {
            HARDWARE => self.name(&names::PERF_HARDWARE, config),
            SOFTWARE => self.name(&names::PERF_SOFTWARE, config),
            TRACEPOINT => self.decimal(config),
            CACHE => {
                if config >> 24 != 0 {
                    self.hex(config >> 24);
                    self.text(b"<<24|");
                }
                self.name(&names::PERF_CACHE_RESULTS, config >> 16 & 0xff);
                self.text(b"<<16|");
                self.name(&names::PERF_CACHE_OPS, config >> 8 & 0xff);
                self.text(b"<<8|");
                self.name(&names::PERF_CACHES, config & 0xff);
            }
            _ => self.hex(config),
        }
    }

    fn perf_bits(&mut self, names: &[&str], bits: u64) {
        for (i, name) in names.iter().enumerate() {
            let set = bits >> i & 1;
            if set == 1 || self.verbose {
                self.text(b", ");
                self.text(name.as_bytes());
                self.text(if set == 1 { b"=1" } else { b"=0" });
            }
        }
    }

    fn perf_breakpoint(&mut self, bytes: &[u8], size: u64) {
        self.text(b", bp_type=");
        self.name(&names::PERF_BREAKPOINTS, word(bytes, 52, 4));
        self.perf_hex(b", bp_addr=", bytes, 56, size);
        if size >= 72 {
            self.text(b", bp_len=");
            self.decimal(word(bytes, 64, 8));
        }
    }

    fn perf_hex(&mut self, label: &[u8], bytes: &[u8], at: usize, size: u64) {
        if size >= at as u64 + 8 {
            self.text(label);
            self.hex(word(bytes, at, 8));
        }
    }

    fn perf_rest(&mut self, bytes: &[u8], bits: u64, size: u64) {
        const BRANCH_STACK: u64 = 0x800;
        const STACK_USER: u64 = 0x2000;
        let sampled = word(bytes, 24, 8);
        if sampled & BRANCH_STACK != 0 {
            self.perf_hex(b", branch_sample_type=", bytes, 72, size);
        }
        self.perf_hex(b", sample_regs_user=", bytes, 80, size.min(96));
        if sampled & STACK_USER != 0 && size >= 92 {
            self.text(b", sample_stack_user=");
            self.decimal(word(bytes, 88, 4));
        }
        if bits & CLOCK_ID != 0 && size >= 96 {
            self.text(b", clockid=");
            self.name(&names::CLOCK_IDS, word(bytes, 92, 4));
        }
        self.perf_hex(b", sample_regs_intr=", bytes, 96, size);
        for (label, at, width, from) in [
            (&b", aux_watermark="[..], 104, 4, 108),
            (b", sample_max_stack=", 108, 2, 110),
            (b", aux_sample_size=", 112, 4, 116),
        ] {
            if size >= from {
                self.text(label);
                self.decimal(word(bytes, at, width));
            }
        }
        self.perf_hex(b", sig_data=", bytes, 120, size);
    }
}
