//! The C compiler of this machine: what a program prints that includes some headers.

use std::path::Path;
use std::process::Command;

/// What became of a C program.
pub enum Ran {
    /// It printed this.
    Printed(String),
    /// The compiler stumbled over these lines of the body, counted from 1.
    Stumbled(Vec<usize>),
    /// There is no compiler, or no C library to link with.
    NoCompiler,
}

/// A preamble that includes the headers, as far as they are there.
fn preamble(includes: &[&str]) -> String {
    let mut source = String::from("#define _GNU_SOURCE\n");
    for header in includes {
        source += &format!("#if __has_include(<{header}>)\n#include <{header}>\n#endif\n");
    }
    source
}

/// Headers are looked for below `root` before the usual places.
fn compiler(root: Option<&Path>) -> Command {
    let mut command = Command::new("gcc");
    command.args(root.map(|root| format!("-I{}", root.display())));
    command
}

fn in_directory<T>(stem: &str, work: impl FnOnce(&Path) -> T) -> T {
    let stem = stem.replace('/', "-");
    let dir = std::env::temp_dir().join(format!("chic-trace-headers-{}-{stem}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory of our own");
    let done = work(&dir);
    let _ = std::fs::remove_dir_all(&dir);
    done
}

/// Compiles and runs the lines of a `main`.
pub fn run(stem: &str, root: Option<&Path>, includes: &[&str], body: &[String]) -> Ran {
    in_directory(stem, |dir| {
        let mut source = preamble(includes);
        source += "int printf(const char *, ...);\nint main(void) {\n#line 1 \"body\"\n";
        source += &body.concat();
        source += "return 0;\n}\n";
        let (file, program) = (dir.join("headers.c"), dir.join("headers"));
        std::fs::write(&file, source).expect("a file in our directory");
        let made = compiler(root).args(["-w", "-fmax-errors=0", "-o"]).arg(&program).arg(&file).output();
        let Ok(made) = made else { return Ran::NoCompiler };
        if made.status.success() {
            let ran = Command::new(&program).output().expect("a program just made");
            return Ran::Printed(String::from_utf8(ran.stdout).expect("ASCII"));
        }
        let errors = String::from_utf8_lossy(&made.stderr).into_owned();
        let lines = errors.lines().filter_map(|line| line.strip_prefix("body:")?.split(':').next()?.parse().ok());
        let lines: Vec<usize> = lines.collect();
        if lines.is_empty() {
            println!("{}", errors.lines().take(5).collect::<Vec<_>>().join("\n"));
            return Ran::NoCompiler;
        }
        Ran::Stumbled(lines)
    })
}

/// Runs a `main` of one line for each item, without the items over which the compiler stumbles: what it
/// printed, and which items are left.
pub fn run_what_compiles<T>(
    stem: &str,
    root: Option<&Path>,
    includes: &[&str],
    mut items: Vec<T>,
    line: impl Fn(&T) -> String,
) -> Option<(String, Vec<T>)> {
    loop {
        let body: Vec<String> = items.iter().map(|item| line(item) + "\n").collect();
        match run(stem, root, includes, &body) {
            Ran::Printed(text) => return Some((text, items)),
            Ran::Stumbled(lines) => {
                let mut at = 0;
                items.retain(|_| {
                    at += 1;
                    !lines.contains(&at)
                });
            }
            Ran::NoCompiler => return None,
        }
    }
}

/// The text of a header with all that it includes, and its definitions.
pub fn preprocessed(header: &str, root: Option<&Path>) -> Option<String> {
    in_directory(&format!("text-{header}"), |dir| {
        let file = dir.join("header.c");
        std::fs::write(&file, preamble(&[header])).expect("a file in our directory");
        let made = compiler(root).args(["-w", "-E", "-P", "-dD"]).arg(&file).output().ok()?;
        made.status.success().then(|| String::from_utf8_lossy(&made.stdout).into_owned())
    })
}
