//! Plays a script of enters and exits: `play SCRIPT.json`. A script of several threads runs them one after the other.

use serde_json::Value;

unsafe extern "C" {
    fn chic_rt_trace_enter(id: u64, label: *const u8, len: u64, cpu: u64, mem: u64, gpu: u64);
    fn chic_rt_trace_exit(id: u64);
    fn chic_trace_id(function: *const u8, function_len: u64, label: *const u8, label_len: u64) -> u64;
    fn chic_trace_thread_name(name: *const u8, len: u64);
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn play(thread: &Value) {
    let name = text(&thread["thread"]);
    // SAFETY: the strings outlive the calls.
    unsafe { chic_trace_thread_name(name.as_ptr(), name.len() as u64) };
    for event in thread["events"].as_array().expect("events") {
        let (function, label) = (text(&event[1]), text(&event[2]));
        let (label_at, len) = (label.as_ptr(), label.len() as u64);
        // SAFETY: the strings outlive the calls.
        unsafe {
            let id = chic_trace_id(function.as_ptr(), function.len() as u64, label_at, len);
            match text(&event[0]) {
                "enter" => chic_rt_trace_enter(id, label_at, len, 0, 0, 0),
                _ => chic_rt_trace_exit(id),
            }
        }
    }
}

// The library is linked by its C names only.
use chic_trace_rt as _;

fn main() {
    let path = std::env::args_os().nth(1).expect("a script");
    let script = std::fs::read_to_string(path).expect("the script is readable");
    let script: Value = serde_json::from_str(&script).expect("a script is JSON");
    let threads = script.as_array().expect("threads");
    if let [only] = threads.as_slice() {
        return play(only);
    }
    for thread in threads {
        let thread = thread.clone();
        std::thread::Builder::new()
            .name(text(&thread["thread"]).to_owned())
            .spawn(move || play(&thread))
            .expect("a thread")
            .join()
            .expect("the thread ends");
    }
}
