//! Substitutions: folders and names that differ from machine to machine.

use crate::options::Options;
use crate::run::Run;
use crate::value::Value;

/// What stands for what: `$CWD` for the working folder of the root, and so on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Substitutions {
    /// Value and name (`$CWD`), the longest value first.
    rows: Vec<(Vec<u8>, Box<str>)>,
    /// Values of fewer than two components: only as a whole argument.
    whole: Vec<(Vec<u8>, Box<str>)>,
    /// Names in force, with the values that a user gave.
    pub listed: Vec<(Box<str>, Option<Value>)>,
}

impl Substitutions {
    /// Of this run: built-in ones by its header and environment, those of a user by the options.
    pub fn of(run: &Run, options: &Options) -> Substitutions {
        let mut all = Substitutions::default();
        for (name, value) in &options.substs {
            all.add(&format!("${}", name.trim_start_matches('$')), value, Some(Value::literal(value)));
        }
        let cwd = folder(run);
        all.add("$CWD", &cwd, None);
        for (name, variable) in [("$HOME", "HOME"), ("$TMPDIR", "TMPDIR"), ("$TARGET", "CARGO_TARGET_DIR")] {
            if let Some(value) = environment(run, variable) {
                all.add(name, value, None);
            }
        }
        if let Some(target) = target_folder(run) {
            all.add("$TARGET", &target, None);
        }
        if let Some(host) = run.host.as_deref().filter(|host| host.len() > 3 && *host != b"localhost") {
            all.add("$HOST", host, None);
        }
        all.ancestors(&cwd);
        if let Some(name) = cwd.rsplit(|byte| *byte == b'/').next().filter(|name| !name.is_empty()) {
            all.whole.push((name.to_vec(), "$CWDNAME".into()));
        }
        all.rows.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.1.cmp(&b.1)));
        all.listed.sort();
        all.listed.dedup_by(|a, b| a.0 == b.0);
        all
    }

    fn add(&mut self, name: &str, value: &[u8], user: Option<Value>) {
        let value = value.strip_suffix(b"/").unwrap_or(value);
        if value.is_empty() {
            return;
        }
        let known = |rows: &[(Vec<u8>, Box<str>)]| rows.iter().any(|row| row.0 == value);
        if known(&self.rows) || known(&self.whole) {
            return;
        }
        let short = value.first() == Some(&b'/') && value.iter().filter(|byte| **byte == b'/').count() < 2;
        let rows = if short { &mut self.whole } else { &mut self.rows };
        rows.push((value.to_vec(), name.into()));
        if !short {
            self.listed.push((name.trim_start_matches('$').into(), user));
        }
    }

    /// Folders above the working folder are seen from it: their names say where the run was made.
    fn ancestors(&mut self, cwd: &[u8]) {
        let mut path = cwd;
        let mut name = String::from("$CWD");
        while let Some(slash) = path.iter().rposition(|byte| *byte == b'/') {
            path = path.get(..slash).unwrap_or_default();
            name.push_str("/..");
            if path.iter().filter(|byte| **byte == b'/').count() < 2 {
                break;
            }
            if !self.rows.iter().any(|row| row.0 == path) {
                self.rows.push((path.to_vec(), name.as_str().into()));
            }
        }
    }

    /// The substitution of the beginning of a path, and how long that beginning is.
    pub fn prefix(&self, path: &[u8]) -> Option<(&str, usize)> {
        let begins =
            |row: &&(Vec<u8>, Box<str>)| path.starts_with(&row.0) && matches!(path.get(row.0.len()), None | Some(b'/'));
        self.rows.iter().find(begins).map(|row| (&*row.1, row.0.len()))
    }

    /// The substitution of a whole argument.
    pub fn whole(&self, text: &[u8]) -> Option<&str> {
        self.rows.iter().chain(&self.whole).find(|row| row.0 == text).map(|row| &*row.1)
    }

    /// Those that apply within texts; `outside`: within texts from outside of the run.
    pub fn within(&self, outside: bool) -> impl Iterator<Item = (&[u8], &str)> {
        let applies = move |name: &str| !outside || name == "$CWD" || name == "$TMPDIR";
        let rows = self.rows.iter().filter(move |row| applies(&row.1) && !row.1.contains('.'));
        rows.map(|row| (row.0.as_slice(), &*row.1))
    }
}

/// The working folder of the root.
fn folder(run: &Run) -> Vec<u8> {
    let image = run.tables.processes.first().and_then(|root| root.images.first());
    let told = image.map(|image| image.cwd.clone()).filter(|cwd| cwd.first() == Some(&b'/'));
    told.unwrap_or_else(|| run.header.cwd.as_bytes().to_vec())
}

/// A variable of the root's environment.
pub(crate) fn environment<'a>(run: &'a Run, name: &str) -> Option<&'a [u8]> {
    let image = run.tables.processes.first()?.images.first()?;
    image.env.as_ref()?.iter().find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

/// The folder into which cargo builds, where the program lies in one: `…/target` above `debug` or `release`.
fn target_folder(run: &Run) -> Option<Vec<u8>> {
    let exe = &run.tables.processes.first()?.images.first()?.exe;
    let end = exe.windows(8).position(|part| part == b"/target/")?;
    exe.get(..end.checked_add(7)?).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn substitutions() -> Substitutions {
        let mut all = Substitutions::default();
        all.add("$CWD", b"/tmp/runs/here", None);
        all.add("$HOME", b"/root", None);
        all.ancestors(b"/tmp/runs/here");
        all
    }

    #[test]
    fn only_whole_components_are_substituted() {
        let all = substitutions();
        assert_eq!(all.prefix(b"/tmp/runs/here/x"), Some(("$CWD", 14)));
        assert_eq!(all.prefix(b"/tmp/runs/here"), Some(("$CWD", 14)));
        assert_eq!(all.prefix(b"/tmp/runs/hereafter"), Some(("$CWD/..", 9)));
        assert_eq!(all.prefix(b"/tmp/other"), None);
    }

    #[test]
    fn a_short_value_is_only_a_whole_argument() {
        let all = substitutions();
        assert_eq!(all.prefix(b"/root/x"), None);
        assert_eq!(all.whole(b"/root"), Some("$HOME"));
    }
}
