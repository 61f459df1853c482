//! The environment of a judged program: what is passed on, what is set, what of it a golden holds.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use goldens::Value;
use tracer::EnvChange;

use super::variation::Order;
use crate::message::Problem;

/// Passed on and not stored.
const PASSED: &[&str] = &["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"];

/// Variables of a golden: name, value (`None`: passed on, written `*`).
pub type Stored = Vec<(Box<str>, Option<Value>)>;

/// What a program's environment is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// Passed on beside the usual ones.
    passed: Vec<String>,
    /// Set to a value.
    set: Vec<(String, OsString)>,
    /// Set, and not shown in the golden.
    redacted: Vec<String>,
    /// Is everything passed on?
    all: bool,
}

impl Environment {
    /// As `--env NAME`, `--env NAME=VALUE`, `--redact NAME` and `--env-all` say.
    pub fn of(env: &[OsString], redact: &[String], all: bool) -> Result<Environment, Problem> {
        let mut environment = Environment { redacted: redact.to_vec(), all, ..Environment::default() };
        for word in env {
            let bytes = word.as_bytes();
            let (name, value) = match bytes.iter().position(|byte| *byte == b'=') {
                Some(at) => (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..)),
                None => (bytes, None),
            };
            let name = valid(name)?;
            match value {
                Some(value) => environment.set(name, OsStr::from_bytes(value)),
                None => environment.passed.push(name),
            }
        }
        match environment.redacted.iter().find(|name| !environment.set.iter().any(|(set, _)| set == *name)) {
            Some(name) => Err(Problem::usage(format!("cannot redact {name}: it is not set"))
                .hint(format!("--env {name}=VALUE sets it; --env {name} passes it on, unseen in the golden"))),
            None => Ok(environment),
        }
    }

    fn set(&mut self, name: String, value: &OsStr) {
        self.set.retain(|(set, _)| *set != name);
        self.set.push((name, value.to_owned()));
    }

    /// As a golden holds it, changed by what was given for this check.
    pub fn recorded(stored: &Stored, given: Environment) -> Environment {
        let mut environment = Environment { all: given.all, ..Environment::default() };
        for (name, value) in stored {
            match value.as_ref().and_then(literal) {
                Some(value) => environment.set(name.to_string(), &value),
                None => environment.passed.push(name.to_string()),
            }
        }
        for (name, value) in given.set {
            environment.set(name, &value);
        }
        environment.passed.extend(given.passed);
        environment.redacted.extend(given.redacted);
        environment
    }

    /// What a golden holds of it, sorted.
    pub fn stored(&self) -> Stored {
        let set = self.set.iter().map(|(name, value)| {
            let hidden = self.redacted.contains(name);
            (name.as_str().into(), (!hidden).then(|| Value::literal(value.as_bytes())))
        });
        let is_set = |name: &String| self.set.iter().any(|(set, _)| set == name);
        let passed = self.passed.iter().filter(|name| !is_set(name)).map(|name| (name.as_str().into(), None));
        let mut stored: Stored = set.chain(passed).collect();
        stored.sort();
        stored.dedup_by(|a, b| a.0 == b.0);
        stored
    }

    /// The variables of one run, in this order; with a directory for temporary files of its own.
    pub fn changes(&self, order: Order, tmpdir: Option<&OsStr>) -> Vec<EnvChange> {
        let passes = |name: &OsStr| {
            let Some(name) = name.to_str() else { return self.all };
            self.all || PASSED.contains(&name) || name.starts_with("LC_") || self.passed.iter().any(|p| p == name)
        };
        let is_set = |name: &OsStr| self.set.iter().any(|(set, _)| OsStr::new(set) == name);
        let mut variables: Vec<(OsString, OsString)> =
            std::env::vars_os().filter(|(name, _)| passes(name) && !is_set(name)).collect();
        variables.extend(self.set.iter().map(|(name, value)| (OsString::from(name), value.clone())));
        if let Some(tmpdir) = tmpdir.filter(|_| !is_set(OsStr::new("TMPDIR"))) {
            variables.retain(|(name, _)| name != "TMPDIR");
            variables.push(("TMPDIR".into(), tmpdir.to_owned()));
        }
        match order {
            Order::Given => {}
            Order::Reversed => variables.reverse(),
            Order::Sorted => variables.sort(),
        }
        let sets = variables.into_iter().map(|(name, value)| EnvChange::Set(name, value));
        std::iter::once(EnvChange::Clear).chain(sets).collect()
    }
}

/// Names as a golden can hold them.
fn valid(name: &[u8]) -> Result<String, Problem> {
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    if !name.is_empty() && name.iter().all(allowed) {
        return Ok(String::from_utf8_lossy(name).into_owned());
    }
    Err(Problem::usage(format!("cannot take {:?} as the name of a variable", String::from_utf8_lossy(name)))
        .hint("letters, digits, dot, underscore and dash"))
}

/// The bytes of a value without substitutions, classes and holes.
fn literal(value: &Value) -> Option<OsString> {
    value.literal_bytes().map(|bytes| OsStr::from_bytes(&bytes).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(env: &[&str], redact: &[&str]) -> Environment {
        let env: Vec<OsString> = env.iter().map(OsString::from).collect();
        let redact: Vec<String> = redact.iter().map(|name| name.to_string()).collect();
        Environment::of(&env, &redact, false).expect("an environment")
    }

    fn stored(environment: &Environment) -> Vec<String> {
        let line = |(name, value): (Box<str>, Option<Value>)| {
            format!("{name}={}", value.map_or("*".into(), |value| value.to_string()))
        };
        environment.stored().into_iter().map(line).collect()
    }

    #[test]
    fn what_is_set_is_stored_and_what_is_redacted_is_not() {
        let made = environment(&["LANG=C", "TOKEN=s3cret", "EXTRA", "A=", "LANG=de a"], &["TOKEN"]);
        assert_eq!(stored(&made), ["A=\"\"", "EXTRA=*", "LANG=de%20a", "TOKEN=*"]);
        let again = Environment::recorded(&made.stored(), environment(&["LANG=C"], &[]));
        assert_eq!(stored(&again), ["A=\"\"", "EXTRA=*", "LANG=C", "TOKEN=*"]);
        let refused = Environment::of(&[], &["X".into()], false).expect_err("not set");
        assert!(refused.to_string().contains("cannot redact X"), "{refused}");
        assert!(Environment::of(&["a b=c".into()], &[], false).is_err());
    }

    #[test]
    fn a_run_gets_what_is_passed_on_in_the_order_asked_for() {
        let made = environment(&["ZED=1", "ALPHA=2"], &[]);
        let names = |order, tmpdir: Option<&str>| -> Vec<String> {
            let changes = made.changes(order, tmpdir.map(OsStr::new));
            assert_eq!(changes.first(), Some(&EnvChange::Clear));
            let name = |change: &EnvChange| match change {
                EnvChange::Set(name, _) => Some(name.to_string_lossy().into_owned()),
                _ => None,
            };
            changes.iter().filter_map(name).collect()
        };
        let given = names(Order::Given, None);
        assert!(given.ends_with(&["ZED".into(), "ALPHA".into()]) && given.contains(&"PATH".into()), "{given:?}");
        assert!(!given.iter().any(|name| name.starts_with("CARGO")), "{given:?}");
        let mut reversed = given.clone();
        reversed.reverse();
        assert_eq!(names(Order::Reversed, None), reversed);
        let sorted = names(Order::Sorted, Some("/tmp/x"));
        assert!(sorted.is_sorted() && sorted.iter().filter(|name| *name == "TMPDIR").count() == 1, "{sorted:?}");
    }
}
