//! How a run is profiled: flag, environment, `renacer.toml`, default.

use std::ffi::OsString;
use std::path::PathBuf;

use assertions::Configuration;
use report::perf::Paths;
use report::perf::timeline::{Roots, Weight};

use crate::cli::profile::How;
use crate::config::{Effective, Origin};
use crate::message::{Problem, named};

/// Where perf.json goes when nobody says anything.
const USUAL_PLACE: &str = "profiling/latest/perf.json";
/// ns between samples when nobody says anything.
const USUAL_INTERVAL: u64 = 1_000_000;
/// The kernel's clock of samples has no smaller period, ns.
const LEAST_INTERVAL: u64 = 10_000;

/// How stacks are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stacks {
    /// By frame pointers where that works, else by tables.
    Auto,
    /// By frame pointers.
    FramePointers,
    /// By unwinding tables.
    Tables,
    /// Not at all: only where the task was.
    None,
}

/// How a run is profiled.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The files.
    pub paths: Paths,
    /// ns between samples; `None`: no samples.
    pub interval: Option<u64>,
    /// How stacks are followed.
    pub stacks: Stacks,
    /// With what the kernel does for a task?
    pub kernel: bool,
    /// Are system calls recorded?
    pub calls: bool,
    /// What stacks weigh.
    pub weight: Weight,
    /// What stands at their root.
    pub roots: Roots,
    /// Is a picture drawn?
    pub picture: bool,
    /// Name of the profile.
    pub name: String,
    /// Target triple.
    pub target: String,
    /// Only what Chic's own types have?
    pub compat: bool,
    /// Is a run without samples none?
    pub require_samples: bool,
    /// Do tracepoints count by the fake clock?
    pub fake: bool,
    /// Where the run log goes beside the document.
    pub run_log: Option<PathBuf>,
}

impl Settings {
    /// What is in force.
    pub fn of(how: &How, configuration: Option<&Configuration>) -> Result<Settings, Problem> {
        let (out, origin) = place(how, configuration);
        let mut paths = Paths::of(&out).map_err(|bad| {
            Problem::usage(format!("cannot write a profile to {}: {bad}", named(&out)))
                .hint(format!("the name is from {origin}; name the document, the others are named after it"))
        })?;
        // Whoever says where the document goes has the picture beside it.
        if origin == Origin::Default
            && let Some((dir, _)) =
                of_file("profiling.flamegraph_dir", configuration).filter(|(dir, _)| !dir.is_empty())
            && let Some(name) = paths.picture.file_name()
        {
            paths.picture = PathBuf::from(dir).join(name);
        }
        let wants_picture =
            || of_file("profiling.enable_flamegraphs", configuration).is_none_or(|(word, _)| word == "true");
        Ok(Settings {
            paths,
            interval: interval(how, configuration)?.0,
            stacks: match stacks(how, configuration)?.value.as_str() {
                "fp" => Stacks::FramePointers,
                "dwarf" => Stacks::Tables,
                "none" => Stacks::None,
                _ => Stacks::Auto,
            },
            kernel: how.kernel,
            calls: how.syscalls.as_deref() == Some("on"),
            weight: if weight(how, configuration).value == "cpu" { Weight::Cpu } else { Weight::Wall },
            roots: match how.roots.as_deref() {
                Some("none") => Roots::None,
                Some("process") => Roots::Process,
                Some("thread") => Roots::Thread,
                Some("tid") => Roots::Tid,
                _ => Roots::Auto,
            },
            picture: how.picture.unwrap_or_else(wants_picture),
            name: name(how)?.value,
            target: target(how)?.value,
            compat: how.compat,
            require_samples: how.require_samples,
            fake: text("CHIC_TRACE_FAKE_CLOCK")?.is_some_and(|(word, _)| is_true(&word)),
            run_log: variable("CHIC_RUN_LOG").map(|(path, _)| path.into()),
        })
    }

    /// Of a run that was recorded on this kind of machine (`uname -m`): without samples.
    pub fn of_recording(machine: &str) -> Result<Settings, Problem> {
        let how = How::default();
        let here = target(&how)?;
        let of_machine = || format!("{machine}-{}", here.value.split_once('-').map_or("", |(_, rest)| rest));
        let target = if here.origin == Origin::Default { of_machine() } else { here.value.clone() };
        Ok(Settings {
            paths: Paths::beside(USUAL_PLACE.into()),
            interval: None,
            stacks: Stacks::None,
            kernel: false,
            calls: true,
            weight: Weight::default(),
            roots: Roots::default(),
            picture: false,
            name: name(&how)?.value,
            target,
            compat: false,
            require_samples: false,
            fake: false,
            run_log: None,
        })
    }
}

/// What is in force, each with its origin: for `config`.
pub fn effective(configuration: Option<&Configuration>) -> Result<Vec<Effective>, Problem> {
    let how = How::default();
    let (out, origin) = place(&how, configuration);
    let (interval, from) = interval(&how, configuration)?;
    // Exact: an interval is a whole number of nanoseconds.
    let milliseconds = interval.unwrap_or(0) as f64 / 1e6;
    Ok(vec![
        Effective { name: "profile.out".into(), value: named(&out), origin },
        Effective { name: "profile.sample_ms".into(), value: milliseconds.to_string(), origin: from },
        stacks(&how, configuration)?,
        weight(&how, configuration),
        name(&how)?,
        target(&how)?,
    ])
}

/// A variable that is set and not empty.
fn variable(name: &'static str) -> Option<(OsString, Origin)> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(|value| (value, Origin::Environment(name)))
}

/// The same as text without white space around it.
fn text(name: &'static str) -> Result<Option<(String, Origin)>, Problem> {
    let Some((value, origin)) = variable(name) else { return Ok(None) };
    match value.to_str().map(str::trim) {
        Some("") => Ok(None),
        Some(text) => Ok(Some((text.to_owned(), origin))),
        None => Err(Problem::usage(format!("cannot read {name}: its value is not UTF-8"))),
    }
}

fn is_true(word: &str) -> bool {
    ["1", "true", "yes", "on"].contains(&word.to_lowercase().as_str())
}

fn of_file(key: &str, configuration: Option<&Configuration>) -> Option<(String, Origin)> {
    let configuration = configuration?;
    let setting = configuration.settings.get(key)?;
    Some((setting.value.clone(), Origin::File(configuration.name.clone(), setting.line)))
}

fn place(how: &How, configuration: Option<&Configuration>) -> (PathBuf, Origin) {
    if let Some(out) = &how.out {
        return (out.clone(), Origin::Flag("--profile-out"));
    }
    if let Some((out, origin)) = variable("CHIC_TRACE_OUTPUT") {
        return (out.into(), origin);
    }
    match of_file("profile.out", configuration).filter(|(out, _)| !out.is_empty()) {
        Some((out, origin)) => (out.into(), origin),
        None => (USUAL_PLACE.into(), Origin::Default),
    }
}

/// ns between samples.
fn interval(how: &How, configuration: Option<&Configuration>) -> Result<(Option<u64>, Origin), Problem> {
    if let Some(word) = &how.sample_hz {
        return Ok((of_hertz(word)?, Origin::Flag("--profile-sample-hz")));
    }
    if let Some(word) = &how.sample_ms {
        return Ok((of_milliseconds(word)?, Origin::Flag("--profile-sample-ms")));
    }
    if let Some((word, origin)) = text("CHIC_TRACE_SAMPLE_NS")? {
        return Ok((of_nanoseconds(&word)?, origin));
    }
    if let Some((word, origin)) = text("CHIC_TRACE_SAMPLE_HZ")? {
        return Ok((of_hertz(&word)?, origin));
    }
    if let Some((word, origin)) = text("CHIC_TRACE_SAMPLE_MS")? {
        return Ok((of_milliseconds(&word)?, origin));
    }
    match of_file("profile.sample_ms", configuration) {
        Some((word, origin)) => Ok((of_milliseconds(&word)?, origin)),
        None => Ok((Some(USUAL_INTERVAL), Origin::Default)),
    }
}

fn of_milliseconds(word: &str) -> Result<Option<u64>, Problem> {
    let bad = || Problem::usage(format!("unable to parse sample interval `{word}` (expected milliseconds)"));
    let milliseconds: u64 = word.trim().parse().map_err(|_| bad())?;
    Ok(Some(milliseconds.checked_mul(1_000_000).ok_or_else(bad)?).filter(|interval| *interval > 0))
}

fn of_nanoseconds(word: &str) -> Result<Option<u64>, Problem> {
    let interval: u64 = word
        .parse()
        .map_err(|_| Problem::usage(format!("unable to parse sample interval `{word}` (expected nanoseconds)")))?;
    at_least(word, interval)
}

fn of_hertz(word: &str) -> Result<Option<u64>, Problem> {
    let hertz: Option<f64> = word.trim().parse().ok().filter(|hertz: &f64| hertz.is_finite() && *hertz >= 0.0);
    let hertz = hertz
        .ok_or_else(|| Problem::usage(format!("unable to parse sample rate `{word}` (expected samples a second)")))?;
    at_least(word, if hertz > 0.0 { (1e9 / hertz).round() as u64 } else { 0 }.max(u64::from(hertz > 0.0)))
}

fn at_least(word: &str, interval: u64) -> Result<Option<u64>, Problem> {
    if (1..LEAST_INTERVAL).contains(&interval) {
        return Err(Problem::usage(format!("cannot sample as often as {word} asks for"))
            .hint(format!("the kernel takes one each {LEAST_INTERVAL} ns at most, 100000 a second")));
    }
    Ok(Some(interval).filter(|interval| *interval > 0))
}

fn stacks(how: &How, configuration: Option<&Configuration>) -> Result<Effective, Problem> {
    let chosen = match &how.stacks {
        Some(word) => Some((word.clone(), Origin::Flag("--profile-stacks"))),
        None => of_file("profile.stacks", configuration),
    };
    Ok(effective_of("profile.stacks", chosen, "auto"))
}

fn weight(how: &How, configuration: Option<&Configuration>) -> Effective {
    let chosen = match &how.weight {
        Some(word) => Some((word.clone(), Origin::Flag("--profile-weight"))),
        None => of_file("profile.weight", configuration),
    };
    effective_of("profile.weight", chosen, "wall")
}

fn name(how: &How) -> Result<Effective, Problem> {
    let chosen = match &how.name {
        Some(name) => Some((name.clone(), Origin::Flag("--profile-name"))),
        None => text("CHIC_TRACE_PROFILE")?,
    };
    Ok(effective_of("profile.name", chosen, "default"))
}

fn target(how: &How) -> Result<Effective, Problem> {
    let chosen = match &how.target {
        Some(target) => Some((target.clone(), Origin::Flag("--profile-target"))),
        None => text("CHIC_TRACE_TARGET")?,
    };
    Ok(effective_of("profile.target", chosen, &crate::platform::triple()))
}

fn effective_of(name: &str, chosen: Option<(String, Origin)>, usual: &str) -> Effective {
    let (value, origin) = chosen.unwrap_or_else(|| (usual.to_owned(), Origin::Default));
    Effective { name: name.to_owned(), value, origin }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn intervals_are_whole_nanoseconds() {
        assert_eq!(of_milliseconds("1"), Ok(Some(1_000_000)));
        assert_eq!(of_milliseconds("0"), Ok(None));
        assert_eq!(of_hertz("1000"), Ok(Some(1_000_000)));
        assert_eq!(of_hertz("997"), Ok(Some(1_003_009)));
        assert_eq!(of_hertz("0"), Ok(None));
        assert_eq!(of_nanoseconds("250000"), Ok(Some(250_000)));
        for bad in ["x", "-1", "1.5", "", "99999999999999999999"] {
            let problem = of_milliseconds(bad).expect_err(bad);
            assert_eq!(
                problem.what,
                format!("unable to parse sample interval `{bad}` (expected milliseconds)"),
                "{bad}"
            );
        }
        for bad in ["nan", "inf", "-3", "fast"] {
            assert!(of_hertz(bad).expect_err(bad).what.contains("expected samples a second"), "{bad}");
        }
        for bad in ["1e9", "200000"] {
            assert!(of_hertz(bad).expect_err(bad).what.contains("as often as"), "{bad}");
        }
    }

    #[test]
    fn the_name_of_a_sibling_is_no_place() {
        for bad in ["-", "a/x.svg", "perf.folded", "b.summary.json"] {
            let how = How { out: Some(bad.into()), ..How::default() };
            let problem = Settings::of(&how, None).expect_err(bad);
            assert!(problem.to_string().contains("flag --profile-out"), "{problem}");
        }
    }

    #[test]
    fn the_picture_goes_where_the_file_says_unless_the_document_has_a_place() {
        let settings = |how: How, text: &str| {
            let configuration = Configuration::read("renacer.toml", text).unwrap_or_else(|bad| panic!("{bad}"));
            Settings::of(&how, Some(&configuration)).expect("they hold")
        };
        let dir = "[profiling]\nflamegraph_dir = \"flames\"\n";
        let found = settings(How::default(), dir);
        assert_eq!(found.paths.picture, Path::new("flames/perf.svg"));
        assert_eq!((found.paths.document.as_path(), found.picture), (Path::new(USUAL_PLACE), true));
        let found = settings(How::default(), &format!("{dir}[profile]\nout = \"p/run.json\"\n"));
        assert_eq!(found.paths.picture, Path::new("p/run.svg"));
        let found = settings(How { out: Some("q/run.json".into()), ..How::default() }, dir);
        assert_eq!(found.paths.picture, Path::new("q/run.svg"));
        let off = "[profiling]\nenable_flamegraphs = false\n";
        assert!(!settings(How::default(), off).picture);
        assert!(settings(How { picture: Some(true), ..How::default() }, off).picture);
        assert!(!settings(How { picture: Some(false), ..How::default() }, dir).picture);
    }

    #[test]
    fn a_file_sets_what_no_flag_does() {
        let text = "[profile]\nout = \"p/\"\nsample_ms = 5\nstacks = \"fp\"\nweight = \"cpu\"\n";
        let configuration = Configuration::read("renacer.toml", text).unwrap_or_else(|bad| panic!("{bad}"));
        let settings = Settings::of(&How::default(), Some(&configuration)).expect("they hold");
        assert_eq!(settings.interval, Some(5_000_000));
        assert_eq!((settings.stacks, settings.weight), (Stacks::FramePointers, Weight::Cpu));
        let how = How { sample_ms: Some("0".into()), stacks: Some("dwarf".into()), ..How::default() };
        let settings = Settings::of(&how, Some(&configuration)).expect("they hold");
        assert_eq!((settings.interval, settings.stacks), (None, Stacks::Tables));
        let bad = Configuration::read("renacer.toml", "[profile]\nsampel_ms = 5\nweight = \"cup\"\n");
        let said = bad.map_or_else(|bad| bad.to_string(), |_| panic!("it was taken"));
        assert!(said.contains("sample_ms") && said.contains("cpu"), "{said}");
    }
}
