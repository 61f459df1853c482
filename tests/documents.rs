//! The documents say what is true: every command that they show is run, every file that they name is there.

mod programs;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use programs::{can_trace, chic_trace, output, room, text};
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

struct Document {
    name: String,
    text: String,
}

fn read(path: &Path) -> Document {
    let name = path.strip_prefix(ROOT).expect("below the root").display().to_string();
    Document { name, text: fs::read_to_string(path).expect("a document") }
}

fn documents() -> Vec<Document> {
    let below = fs::read_dir(Path::new(ROOT).join("docs")).expect("docs/");
    let mut paths: Vec<PathBuf> = below.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.push(Path::new(ROOT).join("README.md"));
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

impl Document {
    /// Blocks of code, indented or fenced, without their indentation.
    fn blocks(&self) -> Vec<Vec<&str>> {
        let mut blocks: Vec<Vec<&str>> = vec![vec![]];
        let (mut fenced, mut after_blank) = (false, true);
        for line in self.text.lines() {
            let inside = blocks.last().is_some_and(|block| !block.is_empty());
            if line.starts_with("```") {
                fenced = !fenced;
                blocks.push(vec![]);
            } else if fenced {
                blocks.last_mut().expect("a block").push(line);
            } else if let Some(code) = line.strip_prefix("    ").filter(|_| inside || after_blank) {
                blocks.last_mut().expect("a block").push(code);
            } else if inside && !line.is_empty() {
                blocks.push(vec![]);
            }
            after_blank = line.is_empty();
        }
        blocks.retain(|block| !block.is_empty());
        blocks
    }

    /// Lines of the blocks that call this program, without their comments.
    fn calls_of(&self, program: &str) -> Vec<String> {
        let lines = self.blocks().concat();
        let calls = lines.iter().map(|line| line.strip_prefix("$ ").unwrap_or(line).trim_start());
        let calls = calls.filter(|line| line.starts_with(&format!("{program} ")));
        calls.map(|line| line.split(" #").next().unwrap_or(line).trim().to_owned()).collect()
    }

    /// Writes the blocks that begin with the name of a file, which the commands then use.
    fn put_files(&self, dir: &Path) {
        for block in self.blocks() {
            let name = block.first().and_then(|line| line.strip_prefix("# ")).filter(|name| name.ends_with(".toml"));
            if let Some(name) = name.filter(|name| !name.contains([' ', '/'])) {
                fs::write(dir.join(name), block.join("\n") + "\n").expect("written");
                let used = self.calls_of("chic-trace").iter().any(|call| call.contains(name));
                assert!(used, "{}: no command uses {name}", self.name);
            }
        }
    }

    /// Calls of ours in the running text that are whole.
    fn inline_calls(&self) -> Vec<String> {
        let words = self.text.split('`').skip(1).step_by(2);
        let whole = |call: &&str| !call.contains(['\n', '[', '|', '…']) && !call.contains("...");
        words.filter(|word| word.starts_with("chic-trace ")).filter(whole).map(String::from).collect()
    }
}

/// What the commands of the documents work on.
struct Stage {
    room: tempfile::TempDir,
    runs: Child,
}

impl Stage {
    fn new() -> Stage {
        let room = room();
        let dir = room.path();
        fs::create_dir(dir.join("path")).expect("made");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_chic-trace"), dir.join("path/chic-trace")).expect("a link");
        for program in ["bin", "cli", "server"] {
            fs::copy("/bin/true", dir.join(program)).expect("copied");
        }
        fs::create_dir(dir.join("fixture")).expect("made");
        fs::write(dir.join("fixture/in"), "hello\n").expect("written");
        fs::write(dir.join("Makefile"), "all: a b\na b:\n\t@true\n").expect("written");
        fs::copy(Path::new(ROOT).join("renacer.toml"), dir.join("renacer.toml")).expect("copied");
        // As hyperfine exports it.
        let times: Vec<f64> = (0..20).map(|run| 0.1 + f64::from(run * 7 % 20) * 1e-5).collect();
        let result = serde_json::json!({"command": "sort fixture/in", "mean": 0.1, "times": times});
        fs::write(dir.join("results.json"), serde_json::json!({"results": [result]}).to_string()).expect("written");
        let runs = Command::new("sleep").arg("300").stdout(Stdio::null()).spawn().expect("it starts");
        Stage { room, runs }
    }

    /// Runs one line as a shell would. `4711` is a program that runs, and is let go after a moment.
    fn run(&self, line: &str) -> Output {
        let attaches = line.contains("4711");
        let line = line.replace("4711", &self.runs.id().to_string());
        let line = if attaches { format!("timeout -s INT 1 {line}; [ $? = 124 ]") } else { line };
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command.args(["-c", &line]).current_dir(self.room.path()).env_remove("CI").env_remove("CHIC_GOLDEN");
        output(command.env("PATH", format!("{}:{path}", self.room.path().join("path").display())))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.runs.kill();
        let _ = self.runs.wait();
    }
}

#[test]
fn every_command_that_a_document_shows_works() {
    if !can_trace() {
        return;
    }
    let has_make = Command::new("make").arg("-v").output().is_ok_and(|run| run.status.success());
    for document in documents() {
        let stage = Stage::new();
        document.put_files(stage.room.path());
        let calls = document.calls_of("chic-trace");
        assert!(document.name != "README.md" || calls.len() >= 8, "{calls:?} is not all of the README");
        for line in calls.into_iter().chain(document.inline_calls()) {
            if line.contains("make") && !has_make {
                println!("skipped: no make here: {line}");
                continue;
            }
            let run = stage.run(&line);
            let (stdout, stderr) = (text(&run.stdout), text(&run.stderr));
            assert!(run.status.success(), "{}: {line}: {}\n{stdout}{stderr}", document.name, run.status);
            // Everything but a trace into a file or a recording shows something.
            let silent = line.contains(" -o ") || line.contains(" record -- ") || line.contains(" -p ");
            assert!(silent || stdout.len() + stderr.len() > 0, "{}: {line} shows nothing", document.name);
        }
    }
}

#[test]
fn the_five_examples_of_the_help_work() {
    if !can_trace() {
        return;
    }
    let stage = Stage::new();
    let help = text(&output(chic_trace().arg("--help")).stdout);
    let examples = help.split("Examples:").nth(1).and_then(|end| end.split("Streams:").next()).unwrap_or_default();
    assert!(stage.run("chic-trace golden record cli -- ./cli").status.success());
    let mut ran = 0;
    for line in examples.lines().filter_map(|line| line.strip_prefix("  chic-trace ")) {
        // What stands behind several blanks explains.
        let line = format!("chic-trace {}", line.split("   ").next().unwrap_or(line));
        let run = stage.run(&line);
        assert!(run.status.success(), "{line}: {}{}", text(&run.stdout), text(&run.stderr));
        ran += 1;
    }
    assert_eq!(ran, 5, "{examples}");
}

#[test]
fn the_readme_has_two_commands_and_ci_runs_the_second() {
    let readme = read(&Path::new(ROOT).join("README.md"));
    let calls = readme.calls_of("cargo");
    let [shows, checks] = calls.as_slice() else { panic!("{calls:?}") };
    assert!(shows.starts_with("cargo run --release -- "), "{shows}");
    let ci = fs::read_to_string(Path::new(ROOT).join(".ci/run")).expect(".ci/run");
    assert!(ci.lines().any(|line| line.trim() == checks), "{checks} is not in .ci/run");
}

#[test]
fn the_output_in_the_readme_is_like_a_real_one() {
    if !can_trace() {
        return;
    }
    let readme = read(&Path::new(ROOT).join("README.md"));
    let shown =
        readme.calls_of("cargo").first().and_then(|line| line.split_once(" -- ").map(|(_, ours)| ours.to_owned()));
    let words: Vec<String> = shown.expect("a command").split(' ').map(String::from).collect();
    let run = output(chic_trace().args(&words));
    let real: Value = serde_json::from_slice(&run.stdout).expect("the document is alone on standard output");
    assert!(!run.stderr.is_empty(), "what the program prints is not seen");

    let blocks = readme.blocks();
    let sample = blocks.iter().find(|block| block.first() == Some(&"{")).expect("the sample").join("\n");
    let (before, after) = sample.split_once('…').expect("lines are left out");
    let sample = format!("{}],{after}", before.trim_end().trim_end_matches(','));
    let sample: Value = serde_json::from_str(&sample).unwrap_or_else(|error| panic!("{error}: {sample}"));
    let keys = |value: &Value| -> BTreeSet<String> { value.as_object().expect("an object").keys().cloned().collect() };
    assert!(keys(&sample).is_subset(&keys(&real)), "{:?} {:?}", keys(&sample), keys(&real));
    assert_eq!(keys(&sample["summary"]), keys(&real["summary"]));
    for name in ["version", "format", "schema", "generator", "command"] {
        assert_eq!(sample[name], real[name], "{name}");
    }
    let calls = |document: &Value| document["syscalls"].as_array().cloned().expect("calls");
    let known: BTreeSet<String> = calls(&real).iter().flat_map(&keys).collect();
    assert!(calls(&sample).len() >= 3);
    for call in calls(&sample) {
        assert!(keys(&call).is_subset(&known), "{call} has keys that no real call has");
        let like = calls(&real).into_iter().find(|real| real["name"] == call["name"]);
        assert!(like.is_some(), "no real run makes {}", call["name"]);
    }
}

#[test]
fn benches_and_fuzz_targets_in_documents_exist() {
    let manifest = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).expect("Cargo.toml");
    for document in documents().iter().filter(|document| document.name != "README.md") {
        for line in document.calls_of("cargo") {
            let words: Vec<&str> = line.split(' ').collect();
            let exists = match words.as_slice() {
                ["cargo", "bench", "--bench", name, ..] => manifest.contains(&format!("[[bench]]\nname = \"{name}\"")),
                ["cargo", "bench", "-p", "chic-trace-rt", ..] => Path::new(ROOT).join("runtime/benches").exists(),
                ["cargo", "fuzz", "run", name, ..] => {
                    Path::new(ROOT).join(format!("fuzz/fuzz_targets/{name}.rs")).exists()
                }
                ["cargo", "run", "-p", "chic-trace-syscalls", "--example", name, ..] => {
                    Path::new(ROOT).join(format!("syscalls/examples/{name}.rs")).exists()
                }
                ["cargo", "test", ..] => true,
                _ => false,
            };
            assert!(exists, "{}: {line}", document.name);
        }
    }
}

#[test]
fn files_that_documents_name_are_there() {
    let mut looked = 0;
    for document in documents() {
        let dir = Path::new(ROOT).join(&document.name);
        let dir = dir.parent().expect("a directory");
        let links = document.text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for link in links.filter(|link| !link.is_empty() && !link.contains("://")) {
            assert!(dir.join(link).exists(), "{} links to {link}", document.name);
            looked += 1;
        }
        let named = document.text.split('`').skip(1).step_by(2);
        for file in
            named.filter(|word| word.ends_with(".schema.json") || (word.starts_with("tests/") && word.ends_with(".rs")))
        {
            assert!(Path::new(ROOT).join(file).exists(), "{} names {file}", document.name);
            looked += 1;
        }
    }
    assert!(looked > 5, "only {looked} files are named");
}
