//! Keys: a question at a terminal, answered by one key.

use std::io::{self, IsTerminal, Write};

use console::Term;

/// Can somebody answer? Not when our input or output is no terminal.
pub fn somebody_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Asks, and waits for one of these keys; others are not heard. `None`: no answer will come, the terminal is
/// gone or Ctrl-D was pressed. Ctrl-C ends us as everywhere.
pub fn ask(question: &str, keys: &[char]) -> Option<char> {
    print!("{question}");
    let _ = io::stdout().flush();
    let terminal = Term::stdout();
    let answer = loop {
        match terminal.read_char() {
            Ok(END) | Err(_) => break None,
            Ok(key) if keys.contains(&key) => break Some(key),
            Ok(_) => {}
        }
    };
    // A key is not echoed by the terminal.
    println!("{}", answer.map(String::from).unwrap_or_default());
    answer
}

/// Ctrl-D.
const END: char = '\u{4}';
