//! Ratios of what two runs took, beside what `[semantic_equivalence]` of renacer.toml expects of a port. No verdict
//! depends on them: both runs were traced once, and the times of one run decide nothing.

use std::fmt::Write as _;
use std::path::Path;

use assertions::Configuration;
use assertions::gate::amount;
use recording::document::{self, Brought, Spent};

use crate::brought::{self, File};
use crate::cli::ask::Compare;
use crate::message::{Problem, named, safe};

/// What a port is expected to gain: from, to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    speed_up: (Option<f64>, Option<f64>),
    memory: (Option<f64>, Option<f64>),
}

impl Expected {
    /// As the file says; `None`: it expects nothing.
    pub fn of(configuration: Option<&Configuration>) -> Option<Expected> {
        let get = |key: &str| configuration?.get(&format!("semantic_equivalence.{key}"));
        let number = |key: &str| get(key)?.parse().ok();
        let expected = Expected {
            speed_up: (number("expected_speedup_min"), number("expected_speedup_max")),
            memory: (number("expected_memory_reduction_min"), None),
        };
        let any = [expected.speed_up.0, expected.speed_up.1, expected.memory.0].iter().any(Option::is_some);
        (any && get("enabled") != Some("false")).then_some(expected)
    }
}

/// Both ratios, a line each; or why there are none.
pub fn told(expected: &Expected, ask: &Compare) -> String {
    let [before, after] = [&ask.files[0], &ask.files[1]].map(|file| match spent(file, &ask.reading) {
        Ok(Some(spent)) => Ok(spent),
        Ok(None) => Err(format!("{} is a golden and holds neither times nor memory", named(file))),
        Err(problem) => Err(problem.what),
    });
    let (before, after) = match (before, after) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(why), _) | (_, Err(why)) => return format!("ratios are not known: {}\n", safe(&why).replace('\n', "\\n")),
    };
    let mut out = String::from("ratios of these runs, on which no verdict depends:\n");
    out.push_str(&line("speed-up", times(before, after), "ns", expected.speed_up));
    let memory = before.max_rss_bytes.zip(after.max_rss_bytes).map(|both| ("peak resident set", both));
    out.push_str(&line("memory reduction", memory, "bytes", expected.memory));
    out
}

/// The best time that both sides hold, ns.
fn times(before: Spent, after: Spent) -> Option<(&'static str, (u64, u64))> {
    let both = |of: fn(&Spent) -> Option<u64>| {
        let (before, after) = of(&before).zip(of(&after))?;
        Some((before.saturating_mul(1000), after.saturating_mul(1000)))
    };
    let wall = both(|spent| spent.wall_us).map(|both| ("wall time while traced", both));
    wall.or_else(|| both(|spent| spent.calls_us).map(|both| ("time in calls", both)))
}

fn line(
    name: &str,
    values: Option<(&str, (u64, u64))>,
    unit: &str,
    (least, most): (Option<f64>, Option<f64>),
) -> String {
    let expected = match (least, most) {
        (Some(least), Some(most)) => format!(", expected {least} to {most}"),
        (Some(least), None) => format!(", expected at least {least}"),
        (None, Some(most)) => format!(", expected at most {most}"),
        (None, None) => String::new(),
    };
    let Some((what, (before, after))) = values.filter(|(_, (before, after))| *before > 0 && *after > 0) else {
        return format!("  {name} not known on one side{expected}\n");
    };
    let (before, after) = (before as f64, after as f64);
    let ratio = before / after;
    let mut out = format!("  {name} {ratio:.2}{expected}");
    if least.is_some_and(|least| ratio < least) {
        out.push_str(": it is less");
    } else if most.is_some_and(|most| ratio > most) {
        out.push_str(": it is more");
    }
    let _ = writeln!(out, " ({what} {} -> {})", amount(before, unit), amount(after, unit));
    out
}

/// What one side took; a golden does not say.
fn spent(path: &Path, reading: &document::Options) -> Result<Option<Spent>, Problem> {
    let golden = path.extension().is_some_and(|ending| ending == "golden" || ending == "new");
    if golden || !path.exists() {
        return Ok(None);
    }
    let bytes = match brought::open(path, reading)? {
        File::Bytes(bytes) => bytes,
        File::Recording => brought::as_document(path)?,
    };
    Ok(Some(match brought::read(path, &bytes, reading)? {
        Brought::Document(document) => document.spent,
        Brought::Table(table) => {
            Spent { calls_us: Some(table.total.total_ns / 1000).filter(|us| *us > 0), ..Spent::default() }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_stands_beside_what_is_expected() {
        let speed = |both, from, to| line("speed-up", Some(("wall time", both)), "ns", (from, to));
        assert_eq!(
            speed((9_000_000, 3_000_000), Some(3.0), Some(20.0)),
            "  speed-up 3.00, expected 3 to 20 (wall time 9 ms -> 3 ms)\n"
        );
        assert!(speed((2, 1), Some(3.0), None).contains("2.00, expected at least 3: it is less ("));
        assert!(speed((40, 1), None, Some(20.0)).contains("40.00, expected at most 20: it is more ("));
        assert_eq!(speed((0, 1), Some(3.0), None), "  speed-up not known on one side, expected at least 3\n");
        assert_eq!(line("x", None, "ns", (None, None)), "  x not known on one side\n");
    }

    #[test]
    fn only_who_expects_something_is_told() {
        let expected = |text: &str| {
            let file = Configuration::read("renacer.toml", text).unwrap_or_else(|bad| panic!("{bad}"));
            Expected::of(Some(&file))
        };
        let keys = "[semantic_equivalence]\nexpected_memory_reduction_min = 2.0\n";
        assert_eq!(expected(keys).map(|expected| expected.memory), Some((Some(2.0), None)));
        assert_eq!(expected(&format!("{keys}enabled = false\n")), None);
        assert_eq!((expected("[semantic_equivalence]\nenabled = true\n"), Expected::of(None)), (None, None));
    }
}
