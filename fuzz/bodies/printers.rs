//! What the targets that print have in common: every printer at once, and what each may write; every rule besides.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use recording::Tee;
use report::Destination;
use report::json::{Json, JsonOptions};
use report::jsonl::JsonLines;
use report::summary::{Summary, SummaryOptions};
use report::text::{Notes, Text, TextOptions};

use super::rules;

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("one thread").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Memory {
    fn destination(&self) -> Destination {
        Destination::one(self.clone(), "memory")
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().expect("one thread"))
    }
}

/// Lets `give` feed all printers. Text must hold no control byte, documents must be JSON.
pub fn check(verbose: bool, notes: u8, give: impl FnOnce(&mut Tee<'_>)) {
    let (text, json, lines, table) = (Memory::default(), Memory::default(), Memory::default(), Memory::default());
    let notes = [Notes::NONE, Notes::PATHS, Notes::ALL][usize::from(notes.min(2))];
    let texts = TextOptions { verbose, notes, ..TextOptions::default() };
    let documents = || JsonOptions { verbose, durations: true, by_syscall: true, ..JsonOptions::default() };
    let mut to_text = Text::new(texts, text.destination());
    let mut to_json = Json::new(documents(), json.destination());
    let mut to_lines = JsonLines::new(documents(), lines.destination());
    let mut to_table = Summary::new(SummaryOptions::default(), table.destination());
    let mut tee = Tee::new();
    tee.push(&mut to_text);
    tee.push(&mut to_json);
    tee.push(&mut to_lines);
    tee.push(&mut to_table);
    let mut judged = rules::watcher();
    tee.push(&mut judged);
    give(&mut tee);
    assert!(tee.into_failures().is_empty(), "memory took no more");
    drop((to_text, to_json, to_lines, to_table));
    rules::check(judged);
    for shown in [text.take(), table.take()] {
        let bad = shown.iter().position(|b| (*b < 0x20 && *b != b'\n') || *b >= 0x7f);
        assert_eq!(bad.map(|at| shown[at.saturating_sub(80)..=at].escape_ascii().to_string()), None);
    }
    serde_json::from_slice::<serde::de::IgnoredAny>(&json.take()).expect("the document is JSON");
    for line in lines.take().split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        serde_json::from_slice::<serde::de::IgnoredAny>(line).expect("every line is JSON");
    }
}
