//! The program still does what was accepted: the file that it leaves, how it was made durable, what it prints.
//!
//! The first run fails and leaves `tests/goldens/words.golden.new`; `chic-trace golden review` shows it,
//! `chic-trace golden accept words` accepts it, and it belongs into the repository.

use chic_trace::assert_golden;

#[test]
fn words_are_counted_as_before() {
    assert_golden!("words", [env!("CARGO_BIN_EXE_golden-from-cargo")], fixture = "fixture");
}
