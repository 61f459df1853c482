//! The files of a profile: earlier ones are removed when a program really runs, new ones appear whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use report::perf::svg::{NoPicture, render};
use report::perf::timeline::Reported;
use report::perf::{self, Paths};

use crate::exit::{Code, say};
use crate::message::{Problem, named};
use crate::output::{cannot_write, reason};

/// Removes what an earlier run left under these names.
pub fn remove(paths: &Paths) -> Vec<Problem> {
    let removed = |path: &Path| {
        // A FIFO or a device is nobody's result.
        let is_result = path.symlink_metadata().is_ok_and(|meta| meta.is_file() || meta.is_symlink());
        let error = if is_result { fs::remove_file(path).err()? } else { return None };
        let what = format!("cannot remove {} of an earlier run: {}", named(path), reason(&error));
        (error.kind() != io::ErrorKind::NotFound).then(|| Problem::new(Code::TRACER_FAILED, what))
    };
    // The document first: without it nobody takes the others for those of a run.
    [&paths.document, &paths.summary, &paths.folded, &paths.picture]
        .into_iter()
        .filter_map(|path| removed(path))
        .collect()
}

/// What is to be written.
pub struct Artefacts<'a> {
    /// The run.
    pub reported: &'a Reported,
    /// Where.
    pub paths: &'a Paths,
    /// Of the picture; `None`: no picture.
    pub title: Option<String>,
    /// Only what Chic's own types have?
    pub compat: bool,
}

impl Artefacts<'_> {
    /// Writes all files, the document last, and says where they are. What could not be written is returned.
    pub fn write(&self) -> Vec<Problem> {
        let Paths { document, summary, folded, picture } = self.paths;
        let mut problems = Vec::new();
        for path in [Some(document), self.title.as_ref().map(|_| picture)].into_iter().flatten() {
            if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty())
                && let Err(error) = fs::create_dir_all(dir)
            {
                return vec![cannot_write(path, &error)];
            }
        }
        let mut written = vec![document];
        let reported = self.reported;
        let stacks = if self.compat { &reported.compat_folded } else { &reported.folded };
        let mut write = |path: &'_ Path, bytes: &[u8]| match crate::perf::write(path, bytes) {
            Ok(()) => true,
            Err(problem) => {
                problems.push(problem);
                false
            }
        };
        if let Some(of_run) = reported.document.summary.as_deref() {
            let text = if self.compat { perf::compat_summary(of_run) } else { perf::summary_json(of_run) };
            written.extend(write(summary, text.as_bytes()).then_some(summary));
        }
        written.extend(write(folded, stacks.to_string().as_bytes()).then_some(folded));
        if let Some(title) = &self.title {
            match render(stacks, title) {
                Ok(bytes) => written.extend(write(picture, &bytes).then_some(picture)),
                Err(NoPicture::Empty) => {
                    say(&format_args!("profiling skipped flamegraph generation: no samples found at {}", named(folded)))
                }
                Err(error) => say(&format_args!("chic-trace: cannot draw {}: {error}", named(picture))),
            }
        }
        let text = if self.compat { perf::compat(&reported.document) } else { perf::json(&reported.document) };
        if write(document, text.as_bytes()) {
            say(&format_args!("profiling artefacts written to {} ({})", named(document), names(&written)));
        }
        problems
    }
}

/// Names of the files; of one that does not lie beside the first, where it is.
fn names(paths: &[&PathBuf]) -> String {
    let beside = |path: &Path| path.parent() == paths.first().and_then(|first| first.parent());
    let name = |path: &&PathBuf| match path.file_name().filter(|_| beside(path)) {
        Some(name) => named(Path::new(name)),
        None => named(path),
    };
    paths.iter().map(name).collect::<Vec<_>>().join(", ")
}
