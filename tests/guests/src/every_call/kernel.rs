//! The machine and the kernel: names, modules, keys, programs for the kernel, counters, rings, entropy.

use super::{NOWHERE, call, drop_privileges, words32};
use libc::*;

pub fn run() {
    drop_privileges();
    machine();
    keys();
    programs();
    counters();
    rings();
}

fn machine() {
    call!(SYS_sethostname, c"name", 4);
    call!(SYS_sethostname, NOWHERE, 4);
    call!(SYS_setdomainname, c"name", 3);
    for kind in [0, 1, 5, 6, 7, 8, 9, 10, 77] {
        call!(SYS_syslog, kind, NOWHERE, -5);
    }
    call!(SYS_syslog, 3, &mut [0u8; 16], -1);
    call!(SYS_reboot, 1, 0x2812_1969, 0x0123_4567);
    call!(SYS_reboot, 0xfee1_deadu64, 77, 0xa1b2_c3d4u64, c"argument");
    call!(SYS_vhangup);
    call!(SYS_getrandom, &mut [0u8; 8], 0, GRND_NONBLOCK | GRND_RANDOM);
    call!(SYS_getrandom, NOWHERE, 8, 0x74);
    call!(SYS_init_module, NOWHERE, 100, c"option=1");
    call!(SYS_finit_module, 99, c"option=1", 0x7);
    call!(SYS_delete_module, c"absent", O_NONBLOCK | O_TRUNC);
    call!(SYS_kexec_load, NOWHERE, 2, &[1u64, 2, 3, 4, 5, 6, 7, 8], 0x3e_0003);
    call!(SYS_kexec_load, NOWHERE, 77, NOWHERE, 0);
    call!(SYS_kexec_file_load, 99, 98, 5, c"quiet", 0x17);
    for number in [156, 174, 177, 178, 180, 181, 182, 183, 184, 185, 214, 215, 236] {
        call!(number, 1, 2, 3, 4, 5, 6);
    }
}

fn keys() {
    let text = b"payload";
    call!(SYS_add_key, c"user", c"chic", text, 7, -1);
    call!(SYS_add_key, c"absent", c"chic", NOWHERE, 7, -77);
    call!(SYS_request_key, c"user", c"chic-absent", 0, 0);
    call!(SYS_request_key, c"absent", NOWHERE, c"callout", 77);
    let mut out = [0u8; 64];
    let vector = [text.as_ptr() as u64, 4];
    let of_keys = [0, 5, 8, 9, 20, 22, 30];
    for command in (0..=32).filter(|command| ![1, 18].contains(command)) {
        let second = if of_keys.contains(&command) { 7 } else { out.as_mut_ptr() as u64 };
        call!(SYS_keyctl, command, 0x7fff_fff0, second, 16, 5);
        call!(SYS_keyctl, command, -2, NOWHERE, NOWHERE, NOWHERE);
    }
    call!(SYS_keyctl, 1, NOWHERE);
    call!(SYS_keyctl, 0, -2, 0);
    call!(SYS_keyctl, 5, 0x7fff_fff0, 0x3f3f_1f01);
    call!(SYS_keyctl, 10, -2, c"user", c"name", -1);
    call!(SYS_keyctl, 20, 0x7fff_fff0, &vector, 1, -1);
    call!(SYS_keyctl, 12, 0x7fff_fff0, text, 7, -1);
    call!(SYS_keyctl, 2, 0x7fff_fff0, text, 7);
    call!(SYS_keyctl, 14, 7);
    call!(SYS_keyctl, 23, &[1u32, 2, 3], &mut out, 16, 0);
    call!(SYS_keyctl, 29, -2, c"user", c"restriction");
    let parameters = words32::<16>(&[(0, 5), (1, 3), (2, 4)]);
    for command in [24, 25, 26, 27, 28] {
        call!(SYS_keyctl, command, 5, c"enc=raw", &parameters, text);
    }
    call!(SYS_keyctl, 25, &parameters, c"enc=raw", text, &mut out);
    call!(SYS_keyctl, 31, &mut out, 16);
    call!(SYS_keyctl, 777, 1, 2, 3, 4);
}

/// bpf(2). All are refused without privileges, most for what they ask besides.
fn programs() {
    let name = c"/absent";
    let license = b"GPL\0";
    let instructions = [0x0000_0000_0000_00b7u64, 0x95];
    let at = |text: &[u8]| text.as_ptr() as u64;
    let map = words32::<32>(&[(0, 1), (1, 4), (2, 8), (3, 16), (4, 3), (5, 99), (6, 1), (7, 0x6968_6301), (8, 0x63)]);
    for size in [4, 16, 20, 28, 48, 72, 120] {
        call!(SYS_bpf, 0, &map, size);
    }
    let element = [99u64, at(license), at(license), 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for command in 1..=4 {
        call!(SYS_bpf, command, &element, 32);
        call!(SYS_bpf, command, &element, 24);
    }
    let mut program = [0u64; 20];
    program[0] = 1 | 2 << 32;
    program[1] = instructions.as_ptr() as u64;
    program[2] = at(license);
    program[3] = 1 | 16 << 32;
    program[6] = 1;
    for size in [8, 40, 48, 64, 72, 120, 144] {
        call!(SYS_bpf, 5, &program, size);
    }
    program[0] = 77 | 70_000 << 32;
    call!(SYS_bpf, 5, &program, 48);
    for command in [6, 7] {
        call!(SYS_bpf, command, &[name.as_ptr() as u64, 99, 0x18], 16);
        call!(SYS_bpf, command, &[name.as_ptr() as u64, 99, 0x18], 24);
    }
    let words: [u32; 40] = std::array::from_fn(|i| if i < 12 { i as u32 + 1 } else { 0 });
    for command in (8..=37).chain([77]) {
        for size in [4, 12, 20, 32, 64, 128] {
            call!(SYS_bpf, command, &words, size);
        }
        call!(SYS_bpf, command, NOWHERE, 16);
        call!(SYS_bpf, command, 0, 16);
    }
    call!(SYS_bpf, 0, &map, 0);
    call!(SYS_bpf, 0, &[1u64; 600], 4097);
}

fn counters() {
    let mut attributes = [0u64; 20];
    let config = |i: usize, size: u32, words: &mut [u64; 20]| words[0] = i as u64 | u64::from(size) << 32;
    for kind in [0, 1, 2, 3, 4, 5, 6, 77] {
        config(kind, 112, &mut attributes);
        attributes[1] = 0x1_0003;
        attributes[2] = 4000;
        attributes[3] = 0x1_0107;
        attributes[4] = 0xf;
        attributes[5] = 0x1f_ffff;
        attributes[6] = 1 | 3 << 32;
        attributes[7] = 0x1000;
        attributes[8] = 4;
        call!(SYS_perf_event_open, &attributes, 4_000_000, -1, -1, PERF_FLAGS);
        call!(SYS_perf_event_open, &attributes, -1, -1, 99, 0xf0);
    }
    for size in [0, 16, 64, 72, 80, 96, 104, 112, 120, 128, 136] {
        config(1, size, &mut attributes);
        attributes[5] = 1 << 10 | 1 << 14 | 1 << 15;
        call!(SYS_perf_event_open, &attributes, 4_000_000, 0, -1, 8);
    }
    call!(SYS_perf_event_open, NOWHERE, 0, -1, -1, 0);
    attributes = [0; 20];
    config(1, 120, &mut attributes);
    attributes[1] = 9;
    attributes[5] = 1 | 1 << 5 | 1 << 6;
    let counter = call!(SYS_perf_event_open, &attributes, 0, -1, -1, 8);
    let mut out = [0u64; 4];
    for request in [0x8008_2407u64, 0x4008_2404] {
        call!(SYS_ioctl, counter, request, &mut out);
    }
    call!(SYS_ioctl, counter, 0x4008_2406u64, c"a filter");
    for request in [0x2400u64, 0x2401, 0x2403, 0x2402, 0x2405, 0x4004_2409] {
        call!(SYS_ioctl, counter, request, 1);
    }
    call!(SYS_ioctl, counter, 0x2400, 1);
    call!(SYS_read, counter, &mut [0u64], 0);
}

const PERF_FLAGS: u64 = 0xf;

fn rings() {
    let mut parameters = [0u32; 30];
    let ring = call!(SYS_io_uring_setup, 4, &mut parameters);
    parameters = words32::<30>(&[(2, 0x1ffff), (3, 3), (4, 1000), (6, 99)]);
    call!(SYS_io_uring_setup, 0, &mut parameters);
    call!(SYS_io_uring_setup, 4, NOWHERE);
    call!(SYS_io_uring_enter, ring, 0, 0, 0, 0, 8);
    call!(SYS_io_uring_enter, ring, 0, 0, 1, &[0x4001u64], 8);
    call!(SYS_io_uring_enter, 99, 5, 6, 0xf, NOWHERE, 24);
    call!(SYS_io_uring_enter, 99, 5, 6, 0x8, &[NOWHERE, 8, NOWHERE], 24);
    let memory = [0u64; 512];
    let vector = [memory.as_ptr() as u64, 4096];
    let descriptors = [0u32, 99, u32::MAX];
    // Numbers, not addresses: they are told.
    let numbers = [0x63_0000_0005u64, 4096, 0, 7, 0, 9, 0, 0];
    for code in (0..=36).chain([0x8000_0000u64, 0x8000_0013, 777]) {
        call!(SYS_io_uring_register, 99, code, &numbers, 1);
        call!(SYS_io_uring_register, 99, code, NOWHERE, 2);
        call!(SYS_io_uring_register, 99, code, 0, 0);
    }
    call!(SYS_io_uring_register, ring, 0, &vector, 1);
    call!(SYS_io_uring_register, ring, 1, 0, 0);
    call!(SYS_io_uring_register, 99, 2, &descriptors, 3);
    call!(SYS_io_uring_register, 99, 4, &descriptors, 1);
    call!(SYS_io_uring_register, 99, 6, &[0u64, descriptors.as_ptr() as u64], 3);
    let mut probe = [0u64; 520];
    call!(SYS_io_uring_register, ring, 8, &mut probe, 2);
    call!(SYS_io_uring_register, ring, 8, &mut [1u64; 64], 2);
    let restrictions = [0x0005_0000u64, 0, 0x0003_0001, 0, 0x0007_0002, 0, 0x0001_0063, 0];
    call!(SYS_io_uring_register, 99, 11, &restrictions, 4);
    let tags = [7u64, 8];
    for (data, [register, update]) in [(descriptors.as_ptr() as u64, [13, 14]), (vector.as_ptr() as u64, [15, 16])] {
        let (registered, updated) = ([1u64, 0, data, tags.as_ptr() as u64], [2, data, tags.as_ptr() as u64, 1]);
        for size in [32, 16] {
            call!(SYS_io_uring_register, 99, register, &registered, size);
            call!(SYS_io_uring_register, 99, update, &updated, size);
        }
    }
    call!(SYS_io_uring_register, 99, 14, &[2u64, 0, tags.as_ptr() as u64, 0xffff_ffff], 32);
    call!(SYS_io_uring_register, 99, 17, &[5u64], 8);
    call!(SYS_io_uring_register, 99, 19, &[1u32, 2], 2);
    let rings = words32::<8>(&[(0, 1), (1, 0), (2, 99), (4, 2), (6, 3)]);
    call!(SYS_io_uring_register, ring, 20, &rings, 2);
    call!(SYS_io_uring_register, ring, 21, &rings, 2);
    call!(SYS_io_uring_register, 99, 22, &[NOWHERE, 8 | 3 << 32, 0, 0, 0], 1);
    call!(SYS_io_uring_register, 99, 24, &words32::<16>(&[(0, 1), (2, 99), (3, 1), (4, 5)]), 1);
    call!(SYS_io_uring_register, 99, 25, &[3u32, 2, 0, 0], 0);
}
