//! Settings of the golden commands: a flag, else renacer.toml, else the default.

use std::time::Duration;

use assertions::Configuration;
use goldens::{Code as FindingCode, Level, Options, ProcessRule, RootRule, Runs, Severity, StderrRule};

use crate::cli::ask::CompareAs;
use crate::config;
use crate::message::Problem;

/// Runs that a golden is learned from.
const RUNS: u32 = config::GOLDEN_RUNS;
/// Further runs of `golden more`.
pub const MORE_RUNS: u32 = 3;
/// Runs that must confirm a difference.
const CONFIRM: u32 = 2;
/// How long a run may take, seconds.
const TIMEOUT: f64 = 60.0;

/// What renacer.toml says of goldens.
pub struct Settings<'c>(pub Option<&'c Configuration>);

impl Settings<'_> {
    /// A value of `[goldens]`.
    fn value(&self, key: &str) -> Option<&str> {
        self.0?.settings.get(&format!("goldens.{key}")).map(|setting| setting.value.as_str())
    }

    fn parsed<T: std::str::FromStr>(&self, flag: Option<T>, key: &str, default: T) -> Result<T, Problem> {
        match (flag, self.value(key)) {
            (Some(value), _) => Ok(value),
            (None, None) => Ok(default),
            (None, Some(text)) => text.parse().map_err(|_| {
                Problem::usage(format!("cannot take {text:?} for {key} of [goldens]: it is no number that fits"))
            }),
        }
    }

    /// How many runs are learned from: as many as are asked for, or the default and up to twice as many.
    pub fn runs(&self, flag: Option<u32>) -> Result<Runs, Problem> {
        let asked = flag.is_some() || self.value("runs").is_some();
        let count = self.parsed(flag, "runs", RUNS)?;
        match count {
            1..=100 => Ok(if asked { Runs::exactly(count) } else { Runs { count, most: 2 * count } }),
            _ => Err(Problem::usage(format!("cannot make {count} runs: 1 to 100 are possible"))),
        }
    }

    /// How many runs must confirm a difference.
    pub fn confirm(&self, flag: Option<u32>) -> Result<u32, Problem> {
        Ok(self.parsed(flag, "confirm", CONFIRM)?.min(2))
    }

    /// Bytes of an output that are kept.
    pub fn keep_content(&self, flag: Option<u64>) -> Result<u64, Problem> {
        self.parsed(flag, "keep_content", goldens::KEPT)
    }

    /// How long a run may take.
    pub fn timeout(&self, flag: Option<f64>) -> Result<Duration, Problem> {
        let seconds = self.parsed(flag, "timeout_s", TIMEOUT)?;
        let timeout = Duration::try_from_secs_f64(seconds).ok().filter(|timeout| !timeout.is_zero());
        timeout.ok_or_else(|| Problem::usage(format!("cannot wait {seconds} seconds for a run")).hint("60, or 0.5"))
    }

    /// What is varied.
    pub fn vary(&self, flag: Option<&str>) -> String {
        flag.or_else(|| self.value("vary")).unwrap_or("all").to_owned()
    }

    /// Variables that `[goldens] env` adds.
    pub fn env(&self) -> Vec<String> {
        let listed = self.value("env").unwrap_or_default();
        listed
            .split(',')
            .map(|word| word.trim().trim_matches(['[', ']', '"', ' ']))
            .filter(|w| !w.is_empty())
            .map(String::from)
            .collect()
    }

    /// The options of a comparison that nothing is recorded for yet.
    pub fn options(&self, asked: &CompareAs) -> Result<Options, Problem> {
        let word = |flag: &Option<String>, key: &str| flag.clone().or_else(|| self.value(key).map(String::from));
        let level = match word(&asked.level, "level") {
            Some(level) => level_of(&level)?,
            None => Level::Protocol,
        };
        let mut options = Options::at(level);
        for (name, flag) in words(asked) {
            if let Some(value) = word(flag, name) {
                set(&mut options, name, &value);
            }
        }
        self.severities(&mut options)?;
        comparable(&options)?;
        Ok(options)
    }

    /// The options that a golden was recorded with, made weaker where that is asked.
    ///
    /// # Errors
    /// A level or option stronger than the golden's.
    pub fn recorded(
        &self,
        asked: &CompareAs,
        golden: &goldens::Golden,
        fail_on: Option<&str>,
    ) -> Result<Options, Problem> {
        let held = golden.header.level;
        let level = asked.level.as_deref().map(level_of).transpose()?.unwrap_or(held);
        if level > held {
            let problem = Problem::usage(format!("cannot check at level {level}: the golden holds {held}"));
            return Err(problem
                .hint(format!("{held} or a weaker level; golden record --level {level} --force records it anew")));
        }
        let mut options = Options::at(level);
        for (name, value) in &golden.header.options {
            set(&mut options, name, value);
        }
        for (name, flag) in words(asked) {
            let Some(value) = flag else { continue };
            let mut wanted = options.clone();
            set(&mut wanted, name, value);
            if strength(&wanted, name) > strength(&options, name) {
                return Err(Problem::usage(format!("cannot take --{name} {value}: the golden was recorded with less"))
                    .hint("options can only be made weaker at a check"));
            }
            options = wanted;
        }
        if self.fail_on(fail_on) {
            options.fail_on = Severity::Warning;
        }
        self.severities(&mut options)?;
        comparable(&options)?;
        Ok(options)
    }

    /// Does a warning fail?
    pub fn fail_on(&self, flag: Option<&str>) -> bool {
        flag.or_else(|| self.value("fail_on")) == Some("warning")
    }

    /// `[goldens.severity]`.
    fn severities(&self, options: &mut Options) -> Result<(), Problem> {
        let Some(configuration) = self.0 else { return Ok(()) };
        let unchecked: [(&str, &[&str]); 3] = [
            ("check_write_patterns", &["io."]),
            ("check_file_operations", &["file.", "dur."]),
            ("check_output_correctness", &["out."]),
        ];
        for (key, families) in unchecked {
            if configuration.get(&format!("semantic_equivalence.{key}")) == Some("false") {
                let all = FindingCode::ALL.iter().filter(|code| families.iter().any(|of| code.word().starts_with(of)));
                options.severities.extend(all.map(|code| (*code, Severity::Info)));
            }
        }
        for (key, setting) in &configuration.settings {
            let Some(code) = key.strip_prefix("goldens.severity.") else { continue };
            let code = code.trim_matches('"');
            let unknown = || {
                let problem = Problem::usage(format!(
                    "cannot read {}:{}: there is no code {code:?}",
                    configuration.name, setting.line
                ));
                match syscalls::nearest(code, FindingCode::ALL.iter().map(|code| code.word())) {
                    Some(near) => problem.hint(format!("the nearest is {near}")),
                    None => problem,
                }
            };
            let code = FindingCode::from_word(code).ok_or_else(unknown)?;
            let severity = match setting.value.as_str() {
                "error" => Severity::Error,
                "warning" => Severity::Warning,
                _ => Severity::Info,
            };
            options.severities.insert(code, severity);
        }
        Ok(())
    }
}

/// The file in force, with its warnings already told elsewhere.
pub fn configuration(general: &crate::cli::General) -> Result<Option<Configuration>, Problem> {
    config::read(general)
}

/// A level by its word.
pub fn level_of(word: &str) -> Result<Level, Problem> {
    Level::from_word(word).ok_or_else(|| {
        Problem::usage(format!("cannot compare at level {word:?}: there is no such level"))
            .hint("exact, calls, protocol, hermetic or outcome")
    })
}

/// Options that contradict each other are refused: silence would say that both hold.
fn comparable(options: &Options) -> Result<(), Problem> {
    if options.merged && options.stderr != StderrRule::Exact {
        let what = "cannot compare with interleave merged: what stands on standard error is not compared";
        return Err(Problem::usage(what).hint("--stderr exact, or --interleave per-stream"));
    }
    Ok(())
}

fn words(asked: &CompareAs) -> [(&'static str, &Option<String>); 5] {
    [
        ("root", &asked.root),
        ("processes", &asked.processes),
        ("stderr", &asked.stderr),
        ("interleave", &asked.interleave),
        ("inputs", &asked.inputs),
    ]
}

/// Sets one option; words were checked when they were read.
fn set(options: &mut Options, name: &str, value: &str) {
    match name {
        "root" => options.root = RootRule::from_word(value).unwrap_or_default(),
        "processes" => options.processes = ProcessRule::from_word(value).unwrap_or_default(),
        "stderr" => options.stderr = StderrRule::from_word(value).unwrap_or_default(),
        "interleave" => options.merged = value == "merged",
        "cpus" => options.one_cpu = value == "1",
        _ => options.no_runtime_inputs = value == "no-runtime",
    }
}

/// How much an option asserts, to be compared with the same option only.
fn strength(options: &Options, name: &str) -> u8 {
    match name {
        "root" => u8::from(options.root == RootRule::Same),
        "processes" => match options.processes {
            ProcessRule::Exact => 2,
            ProcessRule::Commands => 1,
            ProcessRule::Ignore => 0,
        },
        "stderr" => match options.stderr {
            StderrRule::Exact => 2,
            StderrRule::NonEmpty => 1,
            StderrRule::Ignore => 0,
        },
        "interleave" => u8::from(options.merged),
        _ => u8::from(!options.no_runtime_inputs),
    }
}
