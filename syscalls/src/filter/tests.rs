//! The language of filters, by example.

use super::*;
use crate::numbers::table;

fn taken(text: &str) -> Vec<&'static str> {
    let filter = Filter::parse(text).expect(text);
    let rows = table(Abi::X86_64).iter().enumerate();
    rows.filter(|(nr, _)| filter.takes(Abi::X86_64, *nr as u64)).filter_map(|(_, row)| row.map(|r| r.name)).collect()
}

fn message(text: &str) -> String {
    Filter::parse(text).expect_err(text).to_string()
}

#[test]
fn names_classes_and_patterns() {
    assert_eq!(taken("openat,close"), ["close", "openat"]);
    assert_eq!(
        taken("/^(open|clos)e?at?/,!/2$/"),
        ["close", "close_range", "openat", "open_tree", "open_tree_attr"]
            .into_iter()
            .filter(|n| taken("/^(open|clos)e?at?/").contains(n))
            .collect::<Vec<_>>()
    );
    assert_eq!(taken("%pure"), ["getpid", "getuid", "getgid", "geteuid", "getegid", "getppid", "getpgrp", "gettid"]);
    assert_eq!(taken("%net"), taken("network"));
    assert_eq!(taken("stat"), ["stat"]);
    assert_eq!(taken("%stat"), ["stat"]);
    assert_eq!(taken("%%stat"), ["stat", "fstat", "lstat", "newfstatat", "statx"]);
    assert_eq!(taken("1,0"), ["read", "write"]);
    assert_eq!(taken("none,read"), ["read"]);
    assert_eq!(taken("none"), Vec::<&str>::new());
    assert_eq!(taken("?nosuch"), Vec::<&str>::new());
    assert_eq!(taken(" read , write "), ["read", "write"]);
}

#[test]
fn exclusion_wins() {
    assert_eq!(taken("read,write,!read"), ["write"]);
    assert_eq!(taken("!read,read,write,/./"), Vec::<&str>::new());
    let all_but = Filter::parse("!close,read").expect("a filter");
    assert!(!all_but.takes_name("close") && !all_but.takes_name("read") && all_but.takes_name("write"));
    assert!(all_but.unknown() && !all_but.is_all());
    assert!(Filter::parse("all").expect("all").is_all());
    assert!(Filter::parse("!none").expect("all").is_all());
    assert_eq!(Filter::parse("!all").expect("none"), Filter::parse("none").expect("none"));
    assert_eq!(Filter::parse("all").expect("all"), Filter::all());
    assert!(taken("file,!close,!%stat").contains(&"openat"));
}

#[test]
fn numbers_without_a_name_follow_all() {
    let some = Filter::parse("read").expect("a filter");
    let rest = Filter::parse("!read").expect("a filter");
    for nr in [400, 511, 512, 10_000, u64::MAX] {
        assert!(!some.takes(Abi::X86_64, nr), "{nr}");
        assert!(rest.takes(Abi::X86_64, nr), "{nr}");
    }
    assert!(Filter::parse("500").expect("a filter").takes(Abi::X86_64, 500));
    assert!(!Filter::parse("!500").expect("a filter").takes(Abi::X86_64, 500));
    assert!(!some.takes_name("a_call_of_tomorrow") && rest.takes_name("a_call_of_tomorrow"));
}

#[test]
fn each_abi_has_its_numbers() {
    let everywhere = Filter::parse("read").expect("a filter");
    assert!(everywhere.takes(Abi::X86_64, 0) && everywhere.takes(Abi::I386, 3));
    assert!(everywhere.takes(Abi::X32, 0x4000_0000) && everywhere.takes(Abi::Aarch64, 63));
    assert!(!everywhere.takes(Abi::I386, 0));
    let one = Filter::parse("read@32").expect("a filter");
    assert!(!one.takes(Abi::X86_64, 0) && one.takes(Abi::I386, 3) && !one.takes(Abi::X32, 0x4000_0000));
    assert!(Filter::parse("ioctl@x32").expect("a filter").takes(Abi::X32, 0x4000_0000 + 514));
    assert_eq!(one.native(), [0; 8]);
    assert_eq!(one.i386(), [1 << 3, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(message("_llseek@64"), "there is no call `_llseek@64` in this ABI");
    assert_eq!(message("read@65"), "there is no ABI `65` (in `read@65`); it is 64, 32 or x32");
}

#[test]
fn errors_name_the_nearest() {
    assert_eq!(message("opnat"), "there is no call `opnat`; the nearest is `openat`");
    assert_eq!(message("read,wirte"), "there is no call `wirte`; the nearest is `write`");
    assert_eq!(message("pread"), "there is no call `pread`; the nearest is `pread64`");
    assert_eq!(message("%netwrk"), "there is no class `%netwrk`; the nearest is `%network`");
    assert_eq!(message("qqqqqqqqqqqqqqqqq"), "there is no call `qqqqqqqqqqqqqqqqq`");
    assert_eq!(message(""), "an empty set of calls; `none` takes none, `all` takes all");
    assert_eq!(message("!"), "a word is missing in `!`");
    assert_eq!(message("read,,write"), "a word is missing in `read,,write`");
    assert_eq!(message("/(/"), "`/(/` is not a pattern: unclosed group");
    assert_eq!(message("?/(/"), "`/(/` is not a pattern: unclosed group");
    assert_eq!(message("//"), "`//` is not a pattern: it is empty");
    assert_eq!(message("/^nothing$/"), "no call's name matches `/^nothing$/`");
    assert_eq!(message("512"), "`512` is no number of a call; these go from 0 to 511");
    assert_eq!(
        message("99999999999999999999"),
        "`99999999999999999999` is no number of a call; these go from 0 to 511"
    );
}

#[test]
fn patterns_are_limited() {
    assert!(message("/(((a{100}){100}){100}){100}/").contains("size limit"));
    let many = vec!["/read/"; 257].join(",");
    assert_eq!(message(&many), "more than 256 patterns");
}

#[test]
fn signal_sets() {
    assert_eq!(signal_set("all"), Ok(u64::MAX));
    assert_eq!(signal_set("none"), Ok(0));
    assert_eq!(signal_set("SIGHUP,int, 9"), Ok(0b1_0000_0011));
    assert_eq!(signal_set("!SIGHUP,INT"), Ok(!0b11));
    assert_eq!(signal_set("!all"), Ok(0));
    let message = |text: &str| signal_set(text).expect_err(text).to_string();
    assert_eq!(message("SIGCLHD"), "there is no signal `SIGCLHD`; the nearest is `SIGCHLD`");
    assert_eq!(message("65"), "there is no signal `65`");
    assert_eq!(message("0"), "there is no signal `0`");
    assert_eq!(message(""), "a word is missing in ``");
}
