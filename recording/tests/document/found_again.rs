//! The published goldens: program output before the document, in registers notation.

use recording::document::{Argument, Notation};

use crate::samples::{document, sample};

const PAIRS: [(&str, usize, usize, usize, usize); 6] = [
    // Name, calls in Rust and Python, bytes of standard output in Rust and Python.
    ("trivial_cli", 65, 1220, 20, 20),
    ("git_clone", 65, 1266, 36, 36),
    ("flag_parser", 69, 1223, 79, 79),
    ("positional_args", 66, 1222, 51, 51),
    ("complex_cli", 69, 1223, 82, 72),
    ("config_manager", 128, 1500, 34, 34),
];

fn all() -> impl Iterator<Item = (String, usize, usize, usize)> {
    let rust = PAIRS.iter().map(|it| (format!("golden/rust/{}_golden.json", it.0), it.1, it.3, 4));
    let python = PAIRS.iter().map(|it| (format!("golden/python/{}_golden.json.gz", it.0), it.2, it.4, 2));
    rust.chain(python).chain([("golden/python/pattern_matcher_golden.json.gz".to_owned(), 1315, 19, 2)])
}

#[test]
fn standard_output_is_found_again_in_thirteen_of_fifteen() {
    let mut found = 0;
    for (name, calls, bytes, unknown) in all() {
        let Some(text) = sample(&name) else { return };
        let document = document(&text);
        assert_eq!(document.notation, Notation::Registers, "{name}");
        assert!(document.is_complete(), "{name}: {:?}", document.incomplete);
        assert_eq!(document.calls.len(), calls, "{name}");
        assert_eq!(document.calls.iter().filter(|call| call.name == "unknown").count(), unknown, "{name}");
        assert_eq!(document.stdout.map(<[u8]>::len), Some(bytes), "{name}");
        assert!(document.warnings.iter().any(|it| it.contains("found again")), "{name}: {:?}", document.warnings);
        let translated =
            document.warnings.iter().any(|it| it.contains("names translated") || it.contains("name translated"));
        assert_eq!(translated, name.contains("python"), "{name}: {:?}", document.warnings);
        found += 1;
    }
    assert_eq!(found, 13);
}

#[test]
fn the_other_two_keep_theirs() {
    let Some(text) = sample("golden/trivial_cli_rust.json") else { return };
    let plain = document(&text);
    assert_eq!((plain.calls.len(), plain.notation, plain.stdout), (65, Notation::Registers, None));
    assert!(plain.warnings.is_empty(), "{:?}", plain.warnings);

    let Some(text) = sample("golden/trivial_cli_rust_source.json") else { return };
    let banner = document(&text);
    assert_eq!((banner.calls.len(), banner.stdout), (65, None));
    assert_eq!(banner.warnings, ["1 line, 114 bytes before the document are no part of it; 1 is renacer's own"]);
}

#[test]
fn output_is_cut_where_the_writes_are() {
    let Some(text) = sample("golden/rust/complex_cli_golden.json") else { return };
    let document = document(&text);
    let writes: Vec<&[u8]> = document
        .calls
        .iter()
        .filter(|call| call.name == "write")
        .filter_map(|call| match call.args.as_deref()?.get(1)? {
            Argument::Bytes(content) => Some(&*content.bytes),
            _ => None,
        })
        .collect();
    assert_eq!(writes.iter().map(|bytes| bytes.len()).collect::<Vec<_>>(), [19, 17, 15, 18, 13]);
    assert!(writes.iter().all(|bytes| bytes.ends_with(b"\n")), "{writes:?}");
}

#[test]
fn what_registers_do_not_say_is_not_known() {
    let Some(text) = sample("golden/trivial_cli_rust.json") else { return };
    let document = document(&text);
    let call = |name: &str| document.calls.iter().find(|call| call.name == name).expect("a call");
    let mmap = call("mmap");
    assert_eq!(mmap.args.as_ref().map(Vec::len), Some(3));
    assert_eq!((mmap.word(1), mmap.word(3)), (Some(0x2000), None), "arguments 4 to 6 are not known");
    assert!(matches!(call("openat").argument(1), Argument::Bytes(path) if &*path.bytes == b"/etc/ld.so.cache"));
    assert!(matches!(call("access").argument(0), Argument::Word(_)), "only the address is known");
    assert_eq!(call("close").args.as_ref().map(Vec::len), Some(1));
}

#[test]
fn output_that_something_else_may_have_written_is_not_taken() {
    let call = |name: &str, args: [&str; 3], result: i64| {
        format!(r#"{{"name": "{name}", "args": ["{}", "{}", "{}"], "result": {result}}}"#, args[0], args[1], args[2])
    };
    let write = |fd: &str, length: usize| call("write", [fd, "0x7f00", &format!("{length:#x}")], length as i64);
    let read = |calls: &[String]| {
        let text = format!(
            "ab\ncd\n{{\"format\": \"renacer-json-v1\", \"syscalls\": [{}], \"summary\": {{\"total_syscalls\": {}, \"exit_code\": 0}}}}",
            calls.join(", "),
            calls.len()
        );
        document(text.as_bytes()).stdout.map(<[u8]>::to_vec)
    };
    assert_eq!(read(&[write("0x1", 3), write("0x1", 3)]).as_deref(), Some(&b"ab\ncd\n"[..]));
    assert_eq!(read(&[write("0x1", 3)]), None, "three bytes are of nobody");
    assert_eq!(read(&[write("0x1", 3), write("0x1", 3), write("0x2", 0)]).map(|out| out.len()), Some(6));
    assert_eq!(read(&[write("0x1", 6), write("0x2", 1)]), None, "standard error stands there too");
    assert_eq!(read(&[call("close", ["0x1", "0x0", "0x0"], 0), write("0x1", 6)]), None);
    assert_eq!(read(&[call("dup2", ["0x3", "0x1", "0x0"], 1), write("0x1", 6)]), None);
    assert_eq!(read(&[call("close", ["0x1", "0x0", "0x0"], -9), write("0x1", 6)]).map(|out| out.len()), Some(6));
}
