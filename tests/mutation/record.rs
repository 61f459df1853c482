//! One run of a guest, recorded as a golden wants it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Guest;

/// Names of working directories: their lengths must not matter.
const NAMES: [&str; 5] =
    ["aworkdir", "wrk", "a-name-of-sixty-four-letters-so-that-lengths-differ-in-every-run", "directory-four", "w5"];

/// Records a run of an installed guest in a fresh copy of its fixture; `nth` chooses the directory's name.
pub fn run(guest: Guest, program: &Path, room: &Path, nth: usize) -> PathBuf {
    let dir = room.join(format!("{}-{nth}", NAMES[nth % NAMES.len()]));
    fixture(guest, &dir);
    let recording = room.join(format!("{}-{nth}.ctrace", guest.name()));
    let outputs = [room.join(format!("{nth}.out")), room.join(format!("{nth}.err"))];
    let [out, err] = outputs.each_ref().map(|path| File::create(path).expect("a file"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_chic-trace"));
    command.args(["record", "--golden", "-o"]).arg(&recording).arg("--").arg(program).arg("base");
    command.current_dir(&dir).env_clear().env("PATH", "/usr/bin:/bin").env("LANG", "C");
    command.stdin(stdin(guest, room)).stdout(out).stderr(err);
    command.status().expect("chic-trace runs");
    std::fs::remove_dir_all(&dir).expect("the directory goes");
    for path in outputs {
        let _ = std::fs::remove_file(path);
    }
    recording
}

fn stdin(guest: Guest, room: &Path) -> Stdio {
    match guest {
        Guest::Mut => Stdio::null(),
        Guest::Order => {
            let path = room.join("stdin");
            std::fs::write(&path, "name\n").expect("a file");
            File::open(path).expect("it is there").into()
        }
    }
}

/// What a guest finds.
fn fixture(guest: Guest, dir: &Path) {
    let _ = std::fs::remove_dir_all(dir);
    std::fs::create_dir_all(dir).expect("a directory");
    if guest == Guest::Mut {
        std::fs::write(dir.join("conf"), "key=value\n".repeat(40)).expect("conf");
        std::fs::write(dir.join("data"), vec![b'd'; 100]).expect("data");
        std::fs::create_dir(dir.join("exists")).expect("exists");
    }
}
