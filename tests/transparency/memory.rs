//! Memory: pointers to nowhere, huge claims, every byte, and whatever else a hostile program asks with.

use super::{transparent, transparent_with};
use crate::harness::both::ask_for_anything;
use crate::harness::trace::Call;
use crate::harness::{Tracer, Verdict, ensure};

pub fn edge_of_memory(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent(tracer, "edge_of_memory")?;
    let opened: Vec<&Call> = trace.named("openat").filter(|call| call.result < 0).collect();
    let last = &opened[opened.len().saturating_sub(7)..];
    let errors: Vec<_> = last.iter().filter_map(|call| call.errno()).collect();
    let expected = ["ENOENT", "EFAULT", "ENAMETOOLONG", "EFAULT", "EFAULT", "EFAULT", "EFAULT"];
    ensure!(errors == expected, "the opens failed with {expected:?}, recorded {errors:?}");
    let path = |call: &Call| call.args.get(1).cloned().unwrap_or_default();
    ensure!(path(last[0]) == "no such file", "the path that ends at the edge: {:?}", path(last[0]));
    ensure!(path(last[3]) == "NULL", "the path at NULL: {:?}", path(last[3]));
    ensure!(path(last[4]).starts_with("0x"), "an unreadable path is its address: {:?}", path(last[4]));
    ensure!(last[4].all["unread"] == serde_json::json!([1]), "an unreadable path is said to be so: {}", last[4].all);
    let faults = |name: &str| trace.named(name).filter(|call| call.errno() == Some("EFAULT")).count();
    ensure!(faults("write") == 3, "three writes failed with EFAULT, {} recorded", faults("write"));
    ensure!(faults("writev") == 2, "two writev failed with EFAULT, {} recorded", faults("writev"));
    ensure!(faults("uname") == 1 && faults("read") == 1, "uname and read failed with EFAULT; {}", trace.summary());
    Ok(())
}

/// A page that another thread of the target fills once it is touched: nobody may wait for it for ever.
pub fn slow_page(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent(tracer, "edge_of_memory userfault")?;
    trace.holds("userfaultfd", 1)?;
    let missing = trace.named("openat").filter(|call| call.errno() == Some("ENOENT")).count();
    ensure!(missing >= 1, "the open of a path in the slow page is recorded; {}", trace.summary());
    Ok(())
}

pub fn huge_words(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent(tracer, "huge_words")?;
    let results: Vec<_> = trace.named("execve").map(|call| call.result).collect();
    ensure!(results == [0, -i64::from(libc::E2BIG), 0], "three execve, recorded {results:?}");
    let claims: Vec<_> = trace.named("writev").map(|call| call.result).collect();
    ensure!(claims == [-i64::from(libc::EFAULT), 2_147_479_552], "two writev of terabytes, recorded {claims:?}");
    let long = trace.named("openat").find(|call| call.errno() == Some("ENAMETOOLONG"));
    let kept = long.and_then(|call| call.args.get(1)).map_or(0, String::len);
    ensure!((4000..=4096).contains(&kept), "of a path of 128 KiB at most 4096 bytes are kept, {kept} recorded");
    Ok(())
}

pub fn every_byte(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent_with(tracer, &["-f", "-s", "256"], "every_byte")?;
    let names: Vec<Vec<u8>> = trace.named("unlink").map(|call| content(call, 0)).collect::<Result<_, String>>()?;
    let expected: Vec<Vec<u8>> = (1..=255).filter(|byte| *byte != b'/').map(|byte| vec![b'n', byte, b'm']).collect();
    ensure!(names == expected, "names with every byte, recorded {names:?}");
    let data = trace.named("write").find(|call| call.result == 256).ok_or("no write of 256 bytes".to_string())?;
    let written = content(data, 1)?;
    ensure!(written == (0..=255).collect::<Vec<u8>>(), "all 256 bytes, recorded {written:?}");
    Ok(())
}

/// A few seeds; `tests/hostile_target.rs` goes on, with nothing beside it.
pub fn hostile(tracer: &Tracer) -> Verdict {
    ask_for_anything(tracer, 1..4, 30)
}

/// The bytes of an argument: its string, unless a payload says that the string is not all of them.
fn content(call: &Call, argument: usize) -> Result<Vec<u8>, String> {
    let payloads = call.all["payloads"].as_array().map(Vec::as_slice).unwrap_or_default();
    match payloads.iter().find(|payload| payload["arg"] == argument) {
        Some(payload) => from_base64(payload["base64"].as_str().unwrap_or_default()),
        None => Ok(call.args.get(argument).cloned().unwrap_or_default().into_bytes()),
    }
}

fn from_base64(text: &str) -> Result<Vec<u8>, String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.trim_end_matches('=').bytes();
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for digit in digits {
        let value = ALPHABET.iter().position(|known| *known == digit).ok_or(format!("no base64: {text}"))?;
        bits = bits << 6 | value as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Ok(bytes)
}
