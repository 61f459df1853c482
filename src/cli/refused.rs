//! Flags and words that people bring along and that we do not take, with what to use instead.

use crate::exit::Code;
use crate::message::Problem;

/// Why a flag is not taken.
enum Why {
    /// Of renacer; what it does there is not sound.
    Renacer(&'static str),
    /// Of strace or renacer; not built in this version.
    NotYet,
}

struct Row {
    /// Long names; one that ends in `-` stands for all that begin so.
    names: &'static [&'static str],
    why: Why,
    instead: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        names: &["anomaly-"],
        why: Why::Renacer("its z-score has the value inside its own baseline"),
        instead: "use `-c --stats-extended`, or `gate check` against a saved baseline",
    },
    Row {
        names: &["ml-", "explain", "dl-", "save-model", "load-model"],
        why: Why::Renacer("on some twenty values it always reports something, and models are never read"),
        instead: "use `-c --stats-extended`, or `gate check` against a saved baseline",
    },
    Row {
        names: &["baseline"],
        why: Why::Renacer("the file is never read"),
        instead: "use `golden check NAME -- CMD`, or `gate check --baseline NAME`",
    },
    Row {
        names: &["hpu-analysis", "hpu-cpu-only"],
        why: Why::Renacer("it prints sorted counts and calls them clusters"),
        instead: "use `-c`, or `-c --clusters FILE`",
    },
    Row {
        names: &["otlp-endpoint", "otlp-service-name", "trace-parent"],
        why: Why::Renacer("this program has no network code"),
        instead: "use `record`; what is in the recording can be shown by `report`",
    },
    Row {
        names: &["trace-compute", "trace-compute-all", "trace-compute-threshold"],
        why: Why::Renacer("it is never read"),
        instead: "mark what is computed with tracepoints (docs/RUNTIME.md), and use `profile -- CMD`",
    },
    Row {
        names: &["rewrite-stacktrace", "rewrite-errors"],
        why: Why::Renacer("it prints the map itself"),
        instead: "use `-k --transpiler-map FILE`",
    },
    Row {
        names: &["trace-transpiler-decisions"],
        why: Why::Renacer("it parses what the target prints"),
        instead: "use `-e write=2`",
    },
    Row {
        names: &["chaos", "chaos-"],
        why: Why::Renacer("its time-out and signals have no effect"),
        instead: "use `-e inject=SET:error=…` or `-e inject=SET:signal=…`; put `prlimit` or `timeout` before the command",
    },
    Row {
        names: &["trace-fn", "trace-fn-libs", "trace-fn-by", "list-fns", "trace-usdt"],
        why: Why::NotYet,
        instead: "`profile --trace-fn REGEX -- CMD` counts calls of functions",
    },
    Row { names: &["kernel-stack"], why: Why::NotYet, instead: "`-k` shows the frames of the program itself" },
    Row {
        names: &["kvm"],
        why: Why::NotYet,
        instead: "`-e trace=ioctl` shows KVM_RUN, not why a virtual CPU came back",
    },
    Row { names: &["secontext"], why: Why::NotYet, instead: "`-y` shows the paths whose labels `ls -Z` shows" },
    Row {
        names: &["namespace"],
        why: Why::NotYet,
        instead: "`-e trace=clone,clone3,unshare,setns` shows who changes them",
    },
    Row { names: &["pidns-translation"], why: Why::NotYet, instead: "`-Y` shows the name of each task" },
];

fn find(name: &str) -> Option<&'static Row> {
    let fits =
        |row: &&Row| row.names.iter().any(|known| *known == name || (known.ends_with('-') && name.starts_with(known)));
    ROWS.iter().find(fits)
}

/// What to say of a long flag, without its dashes, that is not taken; `None` when we do not know it at all.
pub fn long(name: &str) -> Option<Problem> {
    find(name).map(|row| say(&format!("--{name}"), row))
}

/// The same for a qualifier of `-e`.
pub fn qualifier(name: &str) -> Option<Problem> {
    find(name).map(|row| say(&format!("-e {name}="), row))
}

/// `-s` with a word behind it that is neither a number nor a flag.
pub fn source(word: &str) -> Problem {
    Problem::usage(format!("cannot take {word:?} for -s: neither a number of bytes nor a flag"))
        .hint("`-s 64` limits strings to 64 bytes (strace); `-s` alone is --source (renacer)")
}

fn say(flag: &str, row: &Row) -> Problem {
    let what = match row.why {
        Why::Renacer(why) => format!("cannot take {flag}: it is a flag of renacer that is not taken over: {why}"),
        Why::NotYet => format!("cannot take {flag}: not built in this version"),
    };
    Problem::usage(what).hint(row.instead)
}

/// A first word that renacer knows as a command.
pub fn word(word: &str) -> Option<Problem> {
    match word {
        // Scripts of renacer read its 2 as "no baseline, skip": this has to be another number.
        "validate" => Some(
            Problem::new(Code::NOT_STARTED, "cannot run validate: it is a word of renacer that is not taken over")
                .hint("`validate --generate DIR -- CMD` is here: chic-trace golden record NAME --dir DIR -- CMD")
                .hint("`validate --baseline DIR -- CMD` is here: chic-trace golden check NAME --dir DIR -- CMD"),
        ),
        "visualize" => Some(
            Problem::usage("cannot run visualize: it is a word of renacer that is not taken over")
                .hint("chic-trace record -o FILE.ctrace -- CMD, then chic-trace report FILE.ctrace"),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_renacer_names_a_way() {
        let flags = [
            "anomaly-threshold",
            "anomaly-realtime",
            "anomaly-window-size",
            "ml-anomaly",
            "ml-clusters",
            "ml-compare",
            "ml-outliers",
            "ml-outlier-threshold",
            "ml-outlier-trees",
            "explain",
            "dl-anomaly",
            "dl-threshold",
            "dl-hidden-size",
            "dl-epochs",
            "save-model",
            "load-model",
            "baseline",
            "hpu-analysis",
            "hpu-cpu-only",
            "otlp-endpoint",
            "otlp-service-name",
            "trace-parent",
            "trace-compute",
            "trace-compute-all",
            "trace-compute-threshold",
            "rewrite-stacktrace",
            "rewrite-errors",
            "trace-transpiler-decisions",
            "chaos",
            "chaos-memory-limit",
            "chaos-cpu-limit",
            "chaos-timeout",
            "chaos-signals",
        ];
        for flag in flags {
            let problem = long(flag).unwrap_or_else(|| panic!("{flag} is not in the table"));
            assert_eq!(problem.code, Code::USAGE, "{flag}");
            assert!(problem.what.contains(&format!("--{flag}: it is a flag of renacer")), "{}", problem.what);
            assert_eq!(problem.hints.len(), 1, "{flag}");
        }
        assert_eq!(long("frobnicate"), None);
    }

    #[test]
    fn a_word_behind_s_is_nobodys() {
        let both = source("ls").to_string();
        assert!(both.contains("strace") && both.contains("renacer"), "{both}");
    }

    #[test]
    fn validate_is_not_mistaken_for_a_missing_baseline() {
        assert_eq!(word("validate").map(|p| p.code), Some(Code::NOT_STARTED));
        assert_eq!(word("visualize").map(|p| p.code), Some(Code::USAGE));
        assert_eq!(word("ls"), None);
    }
}
