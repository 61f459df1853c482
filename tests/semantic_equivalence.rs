//! Two programs that are written differently and do the same are the same; a port that does something
//! else is not, and the finding says what. Both are traced freshly.

mod programs;

use chic_trace::golden;
use programs::{build, can_trace, room};

/// What the port `word` of the program `shout` is found to do differently.
fn findings(word: &str) -> Result<Vec<String>, golden::Error> {
    let room = room();
    std::fs::write(room.path().join("in"), "hello\n").expect("an input");
    let case = |program: &std::path::Path| {
        golden::case("shout")
            .command(program)
            .current_dir(room.path())
            .dir(room.path())
            .tracer(env!("CARGO_BIN_EXE_chic-trace"))
    };
    case(&build("shout", None, room.path())).record()?;
    let outcome = case(&build("shout", Some(word), room.path())).check()?;
    let out = std::fs::read_to_string(room.path().join("out")).expect("an output");
    assert_eq!(out, "HELLO\n", "the port itself is broken");
    assert_eq!(outcome.is_same(), outcome.sentences().is_empty(), "{outcome}");
    Ok(outcome.sentences())
}

#[test]
fn a_port_that_makes_the_same_calls_is_the_same() -> Result<(), golden::Error> {
    if can_trace() {
        assert_eq!(findings("port")?, Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn a_port_that_keeps_a_file_open_longer_is_found() -> Result<(), golden::Error> {
    if can_trace() {
        let found = findings("late")?;
        assert!(found.iter().any(|sentence| sentence.contains("in another order")), "{found:?}");
    }
    Ok(())
}

#[test]
fn a_port_that_leaves_a_file_behind_is_found() -> Result<(), golden::Error> {
    if can_trace() {
        let found = findings("leaves")?;
        assert!(found.iter().any(|sentence| sentence.contains("calls openat")), "{found:?}");
    }
    Ok(())
}
