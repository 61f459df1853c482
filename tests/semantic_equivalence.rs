//! Two programs that are written differently and do the same are the same; a port that does something
//! else is not, and the finding says what. Both are traced freshly.

mod programs;

use chic_trace::golden;
use programs::{build, can_trace, room};

/// What the port `word` of the program `shout` is found to do differently at this level.
fn findings(word: &str, level: golden::Level) -> Result<Vec<String>, golden::Error> {
    let room = room();
    let fixture = room.path().join("fixture");
    std::fs::create_dir(&fixture).expect("made");
    std::fs::write(fixture.join("in"), "hello\n").expect("an input");
    let case = |program: &std::path::Path| {
        golden::case("shout")
            .command(program)
            .fixture(&fixture)
            .dir(room.path().join("goldens"))
            .level(level)
            .runs(3)
            .tracer(env!("CARGO_BIN_EXE_chic-trace"))
    };
    case(&build("shout", None, room.path())).record()?;
    let outcome = case(&build("shout", Some(word), room.path())).root(golden::Root::Any).check()?;
    assert_eq!(outcome.is_same(), outcome.sentences().is_empty(), "{outcome}");
    Ok(outcome.sentences().to_vec())
}

#[test]
fn a_port_that_makes_the_same_calls_is_the_same() -> Result<(), golden::Error> {
    if can_trace() {
        assert_eq!(findings("port", golden::Level::Outcome)?, Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn a_port_that_keeps_a_file_open_longer_has_the_same_outcome() -> Result<(), golden::Error> {
    if can_trace() {
        assert_eq!(findings("late", golden::Level::Outcome)?, Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn a_port_that_leaves_a_file_behind_is_found() -> Result<(), golden::Error> {
    if can_trace() {
        let found = findings("leaves", golden::Level::Outcome)?;
        assert!(found.iter().any(|sentence| sentence.contains("out.tmp")), "{found:?}");
    }
    Ok(())
}
