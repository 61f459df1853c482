//! Folded stacks: any bytes are stacks or a complaint that names a line; any bytes are a frame.

use report::perf::{Folded, frame};

/// Reads them, and what is written of them once more.
pub fn check(bytes: &[u8]) {
    match Folded::read(bytes) {
        Ok(folded) => {
            let text = folded.to_string();
            let again = Folded::read(text.as_bytes()).unwrap_or_else(|bad| panic!("what we wrote is refused: {bad}"));
            assert_eq!(again, folded);
        }
        Err(bad) => assert!(bad.line > 0 && !bad.what.is_empty()),
    }
    let frame = frame(bytes);
    assert!(frame.len() <= 1024 && !frame.is_empty());
    assert!(!frame.contains(|c: char| c.is_control() || c.is_whitespace() || c == ';'), "{frame:?}");
    let line = format!("{frame};{frame} 1\n");
    assert_eq!(Folded::read(line.as_bytes()).map(|folded| folded.to_string()), Ok(line));
}
