//! Globs: which paths, and which names of runs, a rule means.
//!
//! ```text
//! *   any text within one component     **   any text across components
//! ?   one character of a component      [ab] [a-c] [!a]   one of these
//! ```

use regex::bytes::{Regex, RegexBuilder};

/// Bytes of a compiled glob.
const LIMIT: usize = 1 << 20;

/// Directories that stand for themselves at the beginning of a glob.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// What relative globs lie below: the target's working directory.
    pub cwd: Vec<u8>,
    /// `$HOME` of the target.
    pub home: Option<Vec<u8>>,
    /// `$TMPDIR` of the target; `/tmp` where it has none.
    pub tmpdir: Option<Vec<u8>>,
}

/// A glob as it was written, known to be whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
}

impl Glob {
    /// Reads a glob.
    ///
    /// # Errors
    /// Why it is none.
    pub fn new(text: &str) -> Result<Glob, String> {
        if text.is_empty() {
            return Err("it is empty".into());
        }
        compile(b"", text)?;
        Ok(Glob { text: text.to_owned() })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// For names that are no paths: `*` stands for any text.
    pub fn takes_name(&self, name: &str) -> bool {
        compile(b"", &self.text).is_ok_and(|regex| regex.is_match(name.as_bytes()))
    }

    /// Ready to be asked about what stands behind descriptors, which may be no path: nothing stands in front of it.
    pub fn bare(&self) -> PathGlob {
        PathGlob { regex: compile(b"", &self.text).ok() }
    }

    /// Ready to be asked about absolute paths.
    pub fn at(&self, places: &Places) -> PathGlob {
        let (base, rest) = self.base(places);
        // It was compiled before, and a literal beginning can't make it wrong, at most too long.
        PathGlob { regex: compile(&base, rest).ok() }
    }

    fn base(&self, places: &Places) -> (Vec<u8>, &str) {
        let variables =
            [("$HOME", places.home.as_deref()), ("$TMPDIR", Some(places.tmpdir.as_deref().unwrap_or(b"/tmp")))];
        for (name, value) in variables {
            if let (Some(rest), Some(value)) = (self.text.strip_prefix(name), value)
                && (rest.is_empty() || rest.starts_with('/'))
            {
                return (value.strip_suffix(b"/").unwrap_or(value).to_vec(), rest);
            }
        }
        let text = self.text.strip_prefix("./").unwrap_or(&self.text);
        if text.starts_with('/') {
            return (vec![], text);
        }
        let cwd = places.cwd.strip_suffix(b"/").unwrap_or(&places.cwd);
        if text == "." { (cwd.to_vec(), "") } else { ([cwd, b"/"].concat(), text) }
    }
}

/// A glob whose beginning is known.
#[derive(Debug, Clone)]
pub struct PathGlob {
    regex: Option<Regex>,
}

impl PathGlob {
    /// Is it about this absolute path?
    pub fn takes(&self, path: &[u8]) -> bool {
        self.regex.as_ref().is_some_and(|regex| regex.is_match(path))
    }
}

fn compile(base: &[u8], glob: &str) -> Result<Regex, String> {
    let mut pattern = String::from("(?s-u)^");
    for byte in base {
        literal(*byte, &mut pattern);
    }
    let bytes = glob.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'*' if bytes.get(at) == Some(&b'*') => {
                at += 1;
                // `a/**/b` is about `a/b`, too.
                let whole = at < 3 || bytes.get(at - 3) == Some(&b'/');
                if whole && bytes.get(at) == Some(&b'/') {
                    at += 1;
                    pattern.push_str("(?:.*/)?");
                } else {
                    pattern.push_str(".*");
                }
            }
            b'*' => pattern.push_str("[^/]*"),
            b'?' => pattern.push_str("[^/]"),
            b'[' => at = class(bytes, at, &mut pattern)?,
            other => literal(*other, &mut pattern),
        }
    }
    pattern.push('$');
    RegexBuilder::new(&pattern)
        .size_limit(LIMIT)
        .build()
        .map_err(|_| "a range in it runs backwards, or it is too long".into())
}

/// From behind a `[` to behind its `]`.
fn class(bytes: &[u8], mut at: usize, pattern: &mut String) -> Result<usize, String> {
    pattern.push('[');
    if matches!(bytes.get(at), Some(b'!' | b'^')) {
        pattern.push_str("^/");
        at += 1;
    }
    let first = at;
    loop {
        match bytes.get(at) {
            None => return Err("a `[` is not closed".into()),
            Some(b']') if at > first => break,
            Some(b'-') if at > first && bytes.get(at + 1).is_some_and(|next| *next != b']') => pattern.push('-'),
            Some(byte) => literal(*byte, pattern),
        }
        at += 1;
    }
    pattern.push(']');
    Ok(at + 1)
}

fn literal(byte: u8, pattern: &mut String) {
    if byte.is_ascii_alphanumeric() || byte == b'/' || byte == b'_' {
        pattern.push(char::from(byte));
    } else {
        pattern.push_str(&format!("\\x{byte:02x}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(glob: &str, path: &str) -> bool {
        let places = Places { cwd: b"/work/a+b".to_vec(), home: Some(b"/home/me".to_vec()), tmpdir: None };
        Glob::new(glob).expect("a glob").at(&places).takes(path.as_bytes())
    }

    #[test]
    fn globs_are_about_whole_paths() {
        for (glob, path) in [
            ("in/**", "/work/a+b/in/a/b"),
            ("./in/*", "/work/a+b/in/a"),
            ("**/x.log", "/work/a+b/x.log"),
            ("**/x.log", "/work/a+b/c/d/x.log"),
            ("/etc/*.conf", "/etc/a.conf"),
            ("$HOME/**", "/home/me/.cache/x"),
            ("$TMPDIR/*", "/tmp/x"),
            ("[!a]?[x-z]", "/work/a+b/bcy"),
            (".", "/work/a+b"),
            ("/**", "/etc/passwd"),
            ("final", "/work/a+b/final"),
        ] {
            assert!(takes(glob, path), "{glob} {path}");
        }
        for (glob, path) in [
            ("in/**", "/work/a+b/in"),
            ("in/*", "/work/a+b/in/a/b"),
            ("in/**", "/work/aab/in/a"),
            ("*", "/etc/passwd"),
            ("$HOME/**", "/home/you/x"),
            ("[!a]", "/work/a+b/a"),
            ("a?b", "/work/a+b/a/b"),
            ("final", "/work/a+b/final2"),
        ] {
            assert!(!takes(glob, path), "{glob} {path}");
        }
    }

    #[test]
    fn a_broken_glob_is_none() {
        for glob in ["", "[a", "a[", "[z-a]"] {
            assert!(Glob::new(glob).is_err(), "{glob}");
        }
        assert!(Glob::new("gpu_*").is_ok_and(|glob| glob.takes_name("gpu_add") && !glob.takes_name("cpu")));
    }
}
