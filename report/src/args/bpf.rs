//! `union bpf_attr`, by the command: its fields as far as the caller's size goes (bpf(2)).

use recording::event::Shape;
use syscalls::layout::{Field, FieldKind};
use syscalls::names;

use super::kept::word;
use super::printer::Printer;
use super::string::Quoting;
use crate::text::HexStrings;
use FieldKind::{Enum, Fd, Flags, Hex, Int, Ptr, UInt};

/// What a command takes.
struct Command {
    number: u64,
    /// Name of the member of the union that holds the fields, where it has one.
    group: &'static str,
    /// Bytes that it reads; what stands behind must be zero.
    size: usize,
    fields: &'static [Part],
}

/// A field, shown when the caller's size is greater than `from`.
struct Part {
    from: u64,
    field: Field,
}

const fn field(name: &'static str, at: u32, width: u32, kind: FieldKind) -> Part {
    behind(0, name, at, width, kind)
}

const fn behind(from: u64, name: &'static str, at: u32, width: u32, kind: FieldKind) -> Part {
    Part { from, field: Field { name, at, width, kind, leads: None } }
}

const fn command(number: u64, group: &'static str, size: usize, fields: &'static [Part]) -> Command {
    Command { number, group, size, fields }
}

const ELEMENT: FieldKind = Enum(&names::BPF_ELEMENT_FLAGS);
const ATTACH: FieldKind = Enum(&names::BPF_ATTACH_TYPES);
const FILE: FieldKind = Flags(&names::BPF_FILE_FLAGS);
const NEXT: &[Part] =
    &[field("start_id", 0, 4, UInt), field("next_id", 4, 4, UInt), behind(8, "open_flags", 8, 4, FILE)];
const BATCH: &[Part] = &[
    field("in_batch", 0, 8, Ptr),
    field("out_batch", 8, 8, Ptr),
    field("keys", 16, 8, Ptr),
    field("values", 24, 8, Ptr),
    field("count", 32, 4, UInt),
    field("map_fd", 36, 4, Fd),
    field("elem_flags", 40, 8, ELEMENT),
    field("flags", 48, 8, Hex),
];
const NAMED_FILE: &[Part] =
    &[field("pathname", 0, 8, FieldKind::Text), field("bpf_fd", 8, 4, Fd), field("file_flags", 12, 4, FILE)];

static COMMANDS: &[Command] = &[
    command(
        0,
        "",
        72,
        &[
            field("map_type", 0, 4, Enum(&names::BPF_MAP_TYPES)),
            field("key_size", 4, 4, UInt),
            field("value_size", 8, 4, UInt),
            field("max_entries", 12, 4, UInt),
            behind(16, "map_flags", 16, 4, Flags(&names::BPF_MAP_FLAGS)),
            behind(20, "inner_map_fd", 20, 4, Fd),
            behind(24, "numa_node", 24, 4, UInt),
            behind(28, "map_name", 28, 16, FieldKind::Text),
            behind(28, "map_ifindex", 44, 4, UInt),
            behind(48, "btf_fd", 48, 4, Fd),
            behind(48, "btf_key_type_id", 52, 4, UInt),
            behind(48, "btf_value_type_id", 56, 4, UInt),
            behind(60, "btf_vmlinux_value_type_id", 60, 4, UInt),
            behind(64, "map_extra", 64, 8, Hex),
        ],
    ),
    command(
        1,
        "",
        32,
        &[
            field("map_fd", 0, 4, Fd),
            field("key", 8, 8, Ptr),
            field("value", 16, 8, Ptr),
            behind(24, "flags", 24, 8, ELEMENT),
        ],
    ),
    command(
        2,
        "",
        32,
        &[
            field("map_fd", 0, 4, Fd),
            field("key", 8, 8, Ptr),
            field("value", 16, 8, Ptr),
            field("flags", 24, 8, ELEMENT),
        ],
    ),
    command(3, "", 16, &[field("map_fd", 0, 4, Fd), field("key", 8, 8, Ptr)]),
    command(4, "", 24, &[field("map_fd", 0, 4, Fd), field("key", 8, 8, Ptr), field("next_key", 16, 8, Ptr)]),
    command(
        5,
        "",
        128,
        &[
            field("prog_type", 0, 4, Enum(&names::BPF_PROGRAM_TYPES)),
            field("insn_cnt", 4, 4, UInt),
            field("insns", 8, 8, Ptr),
            field("license", 16, 8, FieldKind::Text),
            behind(24, "log_level", 24, 4, UInt),
            behind(24, "log_size", 28, 4, UInt),
            behind(24, "log_buf", 32, 8, Ptr),
            behind(40, "kern_version", 40, 4, UInt),
            behind(40, "prog_flags", 44, 4, Flags(&names::BPF_PROGRAM_FLAGS)),
            behind(48, "prog_name", 48, 16, FieldKind::Text),
            behind(64, "prog_ifindex", 64, 4, UInt),
            behind(68, "expected_attach_type", 68, 4, ATTACH),
            behind(72, "prog_btf_fd", 72, 4, Fd),
            behind(72, "func_info_rec_size", 76, 4, UInt),
            behind(72, "func_info", 80, 8, Ptr),
            behind(72, "func_info_cnt", 88, 4, UInt),
            behind(72, "line_info_rec_size", 92, 4, UInt),
            behind(72, "line_info", 96, 8, Ptr),
            behind(72, "line_info_cnt", 104, 4, UInt),
            behind(108, "attach_btf_id", 108, 4, UInt),
            behind(112, "attach_prog_fd", 112, 4, Fd),
            behind(120, "fd_array", 120, 8, Ptr),
        ],
    ),
    command(6, "", 16, NAMED_FILE),
    command(7, "", 16, NAMED_FILE),
    command(
        8,
        "",
        20,
        &[
            field("target_fd", 0, 4, Fd),
            field("attach_bpf_fd", 4, 4, Fd),
            field("attach_type", 8, 4, ATTACH),
            field("attach_flags", 12, 4, Flags(&names::BPF_ATTACH_FLAGS)),
            behind(16, "replace_bpf_fd", 16, 4, Fd),
        ],
    ),
    command(9, "", 12, &[field("target_fd", 0, 4, Fd), field("attach_type", 8, 4, ATTACH)]),
    command(
        10,
        "test",
        76,
        &[
            field("prog_fd", 0, 4, Fd),
            field("retval", 4, 4, UInt),
            field("data_size_in", 8, 4, UInt),
            field("data_size_out", 12, 4, UInt),
            field("data_in", 16, 8, Ptr),
            field("data_out", 24, 8, Ptr),
            field("repeat", 32, 4, UInt),
            field("duration", 36, 4, UInt),
            behind(40, "ctx_size_in", 40, 4, UInt),
            behind(40, "ctx_size_out", 44, 4, UInt),
            behind(40, "ctx_in", 48, 8, Ptr),
            behind(40, "ctx_out", 56, 8, Ptr),
            behind(64, "flags", 64, 4, Hex),
            behind(64, "cpu", 68, 4, UInt),
            behind(64, "batch_size", 72, 4, UInt),
        ],
    ),
    command(11, "", 12, NEXT),
    command(12, "", 12, NEXT),
    command(
        13,
        "",
        12,
        &[field("prog_id", 0, 4, UInt), field("next_id", 4, 4, UInt), behind(8, "open_flags", 8, 4, FILE)],
    ),
    command(
        14,
        "",
        12,
        &[field("map_id", 0, 4, UInt), field("next_id", 4, 4, UInt), behind(8, "open_flags", 8, 4, FILE)],
    ),
    command(15, "info", 16, &[field("bpf_fd", 0, 4, Fd), field("info_len", 4, 4, UInt), field("info", 8, 8, Ptr)]),
    command(
        16,
        "query",
        28,
        &[
            field("target_fd", 0, 4, Fd),
            field("attach_type", 4, 4, ATTACH),
            field("query_flags", 8, 4, Flags(&names::BPF_QUERY_FLAGS)),
            field("attach_flags", 12, 4, Flags(&names::BPF_ATTACH_FLAGS)),
            field("prog_ids", 16, 8, Ptr),
            field("prog_cnt", 24, 4, UInt),
        ],
    ),
    command(17, "raw_tracepoint", 12, &[field("name", 0, 8, FieldKind::Text), field("prog_fd", 8, 4, Fd)]),
    command(
        18,
        "",
        28,
        &[
            field("btf", 0, 8, Ptr),
            field("btf_log_buf", 8, 8, Ptr),
            field("btf_size", 16, 4, UInt),
            field("btf_log_size", 20, 4, UInt),
            field("btf_log_level", 24, 4, UInt),
        ],
    ),
    command(19, "", 4, &[field("btf_id", 0, 4, UInt)]),
    command(
        20,
        "task_fd_query",
        48,
        &[
            field("pid", 0, 4, Int),
            field("fd", 4, 4, Fd),
            field("flags", 8, 4, UInt),
            field("buf_len", 12, 4, UInt),
            field("buf", 16, 8, Ptr),
            field("prog_id", 24, 4, UInt),
            field("fd_type", 28, 4, Enum(&names::BPF_FD_TYPES)),
            field("probe_offset", 32, 8, Hex),
            field("probe_addr", 40, 8, Hex),
        ],
    ),
    command(
        21,
        "",
        32,
        &[
            field("map_fd", 0, 4, Fd),
            field("key", 8, 8, Ptr),
            field("value", 16, 8, Ptr),
            behind(24, "flags", 24, 8, ELEMENT),
        ],
    ),
    command(22, "", 4, &[field("map_fd", 0, 4, Fd)]),
    command(23, "", 12, NEXT),
    command(24, "batch", 56, BATCH),
    command(25, "batch", 56, BATCH),
    command(26, "batch", 56, BATCH.split_at(2).1),
    command(
        27,
        "batch",
        56,
        &[
            field("keys", 16, 8, Ptr),
            field("count", 32, 4, UInt),
            field("map_fd", 36, 4, Fd),
            field("elem_flags", 40, 8, ELEMENT),
            field("flags", 48, 8, Hex),
        ],
    ),
    command(
        28,
        "link_create",
        16,
        &[
            field("prog_fd", 0, 4, Fd),
            field("target_fd", 4, 4, Fd),
            field("attach_type", 8, 4, ATTACH),
            field("flags", 12, 4, Hex),
        ],
    ),
    command(
        29,
        "link_update",
        12,
        &[
            field("link_fd", 0, 4, Fd),
            field("new_prog_fd", 4, 4, Fd),
            field("flags", 8, 4, Flags(&names::BPF_ATTACH_FLAGS)),
        ],
    ),
    command(30, "", 4, &[field("link_id", 0, 4, UInt)]),
    command(31, "", 12, NEXT),
];

/// Bytes of the largest.
const MOST: usize = 128;

/// A map on one memory node; a program that replaces another.
const NUMA_NODE: u64 = 4;
const REPLACE: u64 = 4;
/// The bit that may stand beside one of the other values.
const LOCK: u64 = 4;

impl Printer<'_, '_> {
    /// `{map_type=BPF_MAP_TYPE_HASH, key_size=4, …}`. What a shorter structure lacks reads as zero.
    pub(super) fn bpf_attributes(&mut self, at: u8) {
        let number = self.word(0) & 0xffff_ffff;
        let size = self.word(2) & 0xffff_ffff;
        let command = COMMANDS.iter().find(|command| command.number == number);
        let (Some(command), Some(kept)) = (command, self.memory(at, 0).filter(|kept| !kept.is_part())) else {
            return self.address(at);
        };
        if kept.bytes.is_empty() {
            return self.address(at);
        }
        let mut whole = [0; MOST];
        let given = kept.bytes.get(..MOST).unwrap_or(kept.bytes);
        whole[..given.len()].copy_from_slice(given);
        self.text(b"{");
        if !command.group.is_empty() {
            self.text(command.group.as_bytes());
            self.text(b"={");
        }
        let mut first = true;
        for part in command.fields.iter().filter(|part| part.from == 0 || size > part.from) {
            if !self.bpf_is_used(part.field.name, &whole) {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.text(b", ");
            }
            self.bpf_field(at, &part.field, &whole);
        }
        if !command.group.is_empty() {
            self.text(b"}");
        }
        self.bpf_tail(kept.bytes, command.size);
        self.text(b"}");
    }

    /// Fields that only a flag makes meaningful.
    fn bpf_is_used(&self, name: &str, bytes: &[u8]) -> bool {
        match name {
            "numa_node" => word(bytes, 16, 4) & NUMA_NODE != 0,
            "replace_bpf_fd" => word(bytes, 12, 4) & REPLACE != 0,
            _ => true,
        }
    }

    fn bpf_field(&mut self, at: u8, field: &Field, bytes: &[u8]) {
        let value = word(bytes, field.at as usize, field.width.min(8) as usize);
        self.text(field.name.as_bytes());
        self.text(b"=");
        match (field.name, field.kind) {
            ("kern_version", _) => {
                self.text(b"KERNEL_VERSION(");
                self.decimal(value >> 16);
                self.text(b", ");
                self.decimal(value >> 8 & 0xff);
                self.text(b", ");
                self.decimal(value & 0xff);
                self.text(b")");
            }
            ("flags" | "elem_flags", Enum(table)) => match table.name(value) {
                None if value & LOCK != 0 => {
                    self.text(b"BPF_F_LOCK|");
                    self.hex(value & !LOCK);
                }
                _ => self.name(table, value),
            },
            // Text behind an address.
            (_, FieldKind::Text) if field.width == 8 => {
                match self.kept(at, 0, Shape::Text, 1 << 16).filter(|kept| !kept.is_faulted()) {
                    Some(text) if value != 0 => {
                        let shown = text.bytes.get(..self.string_limit()).unwrap_or(text.bytes);
                        Quoting::quoted(self.style.hex).write(self.out, shown);
                    }
                    _ => self.pointer(value),
                }
            }
            _ => self.field_value(field, bytes),
        }
    }

    /// What the command does not know.
    fn bpf_tail(&mut self, bytes: &[u8], known: usize) {
        let tail = bytes.get(known..).unwrap_or(&[]);
        if tail.iter().all(|byte| *byte == 0) {
            return;
        }
        if !self.verbose {
            return self.text(b", ...");
        }
        self.text(b", extra_data=");
        Quoting::quoted(HexStrings::All).write(self.out, tail);
        self.text(b" /* bytes ");
        self.decimal(known as u64);
        self.text(b"..");
        self.decimal(bytes.len() as u64 - 1);
        self.text(b" */");
    }
}
