//! Modules: a process that compiles several writes a file for each, the first under the name that it was given, then
//! `STEM.2.json`, `STEM.3.json`, ….

use std::io;
use std::path::{Path, PathBuf};

use assertions::baseline::Metrics;

use crate::output::reason;
use crate::perf;

/// The file of a module, from 1 on.
fn file(path: &Path, module: usize) -> PathBuf {
    match module {
        1 => path.to_owned(),
        _ => path.with_extension(format!("{module}.json")),
    }
}

/// The files that are there: of modules without a gap.
fn files(path: &Path) -> impl Iterator<Item = (usize, PathBuf)> {
    (1..).map(|module| (module, file(path, module))).take_while(|(_, path)| path.exists())
}

/// Removes what an earlier process left.
pub fn remove(path: &Path) -> io::Result<()> {
    files(path).try_for_each(|(_, path)| std::fs::remove_file(path))
}

/// What a process wrote; none where it wrote nothing. Beside it whatever makes it incomplete.
pub fn read(path: &Path) -> Option<Result<(Metrics, Vec<String>), String>> {
    let one = |path: &Path| {
        let bytes = perf::bytes(path).map_err(|error| reason(&error))?;
        Metrics::read(&bytes).map_err(|bad| bad.to_string())
    };
    let mut all: Option<(Metrics, Vec<String>)> = None;
    for (module, path) in files(path) {
        let metrics = match one(&path) {
            Ok(metrics) => metrics,
            Err(why) if module == 1 => return Some(Err(why)),
            Err(why) => return Some(Err(format!("module {module}: {why}"))),
        };
        let incomplete = metrics.incomplete();
        match &mut all {
            None => all = Some((metrics, incomplete)),
            Some((joined, known)) => {
                known.extend(incomplete.into_iter().map(|why| format!("module {module}: {why}")));
                joined.join(module, metrics);
            }
        }
    }
    all.map(Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_a_process_are_numbered_from_the_second_on() {
        let path = Path::new("out/a.wasm.metrics.json");
        assert_eq!(file(path, 1), path);
        assert_eq!(file(path, 2), Path::new("out/a.wasm.metrics.2.json"));
    }
}
