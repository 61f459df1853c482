//! Goldens without a tracer: learned from stored recordings, checked by stored recordings.

mod programs;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use goldens::{Golden, HeaderFacts, Learned, Level, NotLearned, Options, Refused, Run, Runner, Runs, Verdict};
use programs::{can_trace, chic_trace, room};
use recording::file::{NotWhole, Recording};

/// Hands out recordings, the first one first.
struct Stored(VecDeque<PathBuf>);

impl Runner for Stored {
    type Error = String;

    fn run(&mut self, options: &Options) -> Result<Run, String> {
        let path = self.0.pop_front().ok_or("no recording is left")?;
        let recording = Recording::open(&path).map_err(|error| error.to_string())?;
        Run::of(recording, options).map_err(|why| why.to_string())
    }
}

/// So many recordings of a script, each made in an empty directory of its own.
fn stored(dir: &Path, script: &str, count: usize) -> Vec<PathBuf> {
    let record = |nth: usize| {
        let cwd = room();
        let path = dir.join(format!("{}-{nth}.ctrace", script.len()));
        let out = std::fs::File::create(dir.join("printed")).expect("a file");
        let mut command = chic_trace();
        command.args(["record", "--golden", "-o"]).arg(&path).args(["--", "sh", "-c", script]);
        let status = command.current_dir(cwd.path()).stdin(std::process::Stdio::null()).stdout(out).status();
        assert!(status.is_ok_and(|status| status.success()), "{script}");
        path
    };
    (0..count).map(record).collect()
}

fn runner(recordings: &[&PathBuf]) -> Stored {
    Stored(recordings.iter().map(|path| path.to_path_buf()).collect())
}

fn learned(recordings: &[&PathBuf], options: &Options) -> Result<Learned, NotLearned<String>> {
    let mut runs = Vec::new();
    let wanted = Runs::exactly(recordings.len() as u32);
    goldens::learn_from(&mut runner(recordings), &mut runs, wanted, false, options, |_| HeaderFacts::default())
}

#[test]
fn a_golden_is_learned_and_checked_by_whoever_hands_in_runs() {
    if !can_trace() {
        return;
    }
    let room = room();
    let right = stored(room.path(), "echo one", 4);
    let wrong = stored(room.path(), "echo other", 3);
    let [a, b, c, d] = right.as_slice() else { panic!("four recordings") };
    let [x, y, z] = wrong.as_slice() else { panic!("three recordings") };
    let options = Options { root: goldens::RootRule::Any, ..Options::at(Level::Outcome) };
    let Ok(Learned { golden, contents, .. }) = learned(&[a, b, c], &options) else { panic!("nothing is learned") };
    assert_eq!(Golden::parse(&golden.to_string()).as_ref(), Ok(&golden), "what is printed is what is read");

    let check = |recordings: &[&PathBuf], confirm| {
        let (mut runner, mut runs) = (runner(recordings), Vec::new());
        let comparison = goldens::check(&mut runner, &mut runs, (&golden, &contents), &options, confirm);
        (comparison.map(|comparison| comparison.verdict), runs.len(), runner.0.len())
    };
    assert_eq!(check(&[d, x], 2), (Ok(Verdict::Same), 1, 1), "what is the same is run once");
    assert_eq!(check(&[x, y, z], 2), (Ok(Verdict::Different), 3, 0));
    assert_eq!(check(&[x, y, z], 0), (Ok(Verdict::Different), 1, 2));
    assert_eq!(check(&[x, d, z], 2), (Ok(Verdict::Flaky), 2, 1), "what did not come back is flaky");
    assert_eq!(check(&[x], 2).0, Err("no recording is left".into()));
}

#[test]
fn what_is_not_whole_or_too_little_is_refused() {
    if !can_trace() {
        return;
    }
    let room = room();
    let recordings = stored(room.path(), "echo one", 2);
    let [a, b] = recordings.as_slice() else { panic!("two recordings") };
    let options = Options::at(Level::Outcome);
    assert!(matches!(learned(&[a, b], &options), Err(NotLearned::Refused(Refused::TooFew(2)))));
    let bytes = std::fs::read(a).expect("a recording");
    let cut = room.path().join("cut.ctrace");
    std::fs::write(&cut, &bytes[..bytes.len() - 100]).expect("written");
    let run = Run::of(Recording::open(&cut).expect("its beginning is there"), &options);
    assert!(matches!(run, Err(NotWhole::Incomplete { .. } | NotWhole::Damaged)), "{:?}", run.err());
    let why = learned(&[a, b, &cut], &options).err();
    assert!(matches!(&why, Some(NotLearned::NoRun(why)) if why.starts_with("it is ")), "{why:?}");
}
