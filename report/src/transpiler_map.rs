//! `--transpiler-map FILE`: where generated code came from (renacer's format, version 1).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Component, Path};

use serde_json::Value;

use crate::stacks::Original;

/// A map from lines and functions of a generated file to those of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranspilerMap {
    /// The generated file; a file of debug information is it when it ends in these components.
    pub generated_file: String,
    source_file: String,
    language: String,
    lines: HashMap<u32, Original>,
    functions: HashMap<String, String>,
    /// Lines that have more than one mapping; the first counts.
    pub twice: Vec<u32>,
}

impl TranspilerMap {
    /// Reads the text of a map.
    ///
    /// # Errors
    /// Why it is none, with the place in it.
    pub fn parse(bytes: &[u8]) -> Result<TranspilerMap, String> {
        let map: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if !map.is_object() {
            return Err("it is no JSON object".into());
        }
        let version = key(&map, "", "version")?;
        if version.as_u64() != Some(1) {
            return Err(format!("it has version {version}, 1 is read"));
        }
        let language = text(&map, "", "source_language")?;
        let source_file = text(&map, "", "source_file")?;
        let generated_file = text(&map, "", "generated_file")?;
        if components(&generated_file).next().is_none() {
            return Err("/generated_file: empty, a file is needed".into());
        }
        let rows = key(&map, "", "mappings")?.as_array().ok_or("/mappings: an array is needed")?;
        let (mut lines, mut twice) = (HashMap::new(), Vec::new());
        for (i, row) in rows.iter().enumerate() {
            let at = format!("/mappings/{i}");
            if !row.is_object() {
                return Err(format!("{at}: an object is needed"));
            }
            let generated = line(row, &at, "rust_line")?;
            text(row, &at, "rust_function")?;
            let original = Original {
                file: source_file.clone(),
                line: Some(line(row, &at, "python_line")?),
                function: text(row, &at, "python_function")?,
                language: language.clone(),
                context: Some(text(row, &at, "python_context")?),
            };
            match lines.entry(generated) {
                Entry::Vacant(place) => drop(place.insert(original)),
                Entry::Occupied(_) => twice.push(generated),
            }
        }
        let named = key(&map, "", "function_map")?.as_object().ok_or("/function_map: an object is needed")?;
        let mut functions = HashMap::new();
        for (name, original) in named {
            let original = original.as_str().ok_or_else(|| format!("/function_map/{name}: a string is needed"))?;
            functions.insert(name.clone(), original.to_owned());
        }
        Ok(TranspilerMap { generated_file, source_file, language, lines, functions, twice })
    }

    /// Is this file the generated one?
    pub fn generated(&self, file: &str) -> bool {
        let mut of_file = components(file).rev();
        components(&self.generated_file).rev().all(|component| of_file.next() == Some(component))
    }

    /// What a line of the generated file, inside this function, came from.
    pub fn original(&self, line: u32, function: Option<&str>) -> Option<Original> {
        if let Some(original) = self.lines.get(&line) {
            return Some(original.clone());
        }
        let function = function?;
        let short = function.rsplit("::").next().unwrap_or(function);
        let original = self.functions.get(function).or_else(|| self.functions.get(short))?;
        Some(Original {
            file: self.source_file.clone(),
            line: None,
            function: original.clone(),
            language: self.language.clone(),
            context: None,
        })
    }
}

fn components(file: &str) -> impl DoubleEndedIterator<Item = Component<'_>> {
    Path::new(file).components().filter(|component| *component != Component::CurDir)
}

fn key<'v>(value: &'v Value, at: &str, name: &str) -> Result<&'v Value, String> {
    let missing = || format!("{}: `{name}` missing", if at.is_empty() { "/" } else { at });
    value.get(name).ok_or_else(missing)
}

fn text(value: &Value, at: &str, name: &str) -> Result<String, String> {
    let text = key(value, at, name)?.as_str();
    text.map(str::to_owned).ok_or_else(|| format!("{at}/{name}: a string is needed"))
}

fn line(value: &Value, at: &str, name: &str) -> Result<u32, String> {
    let number = key(value, at, name)?.as_u64().and_then(|line| u32::try_from(line).ok());
    number.filter(|line| *line > 0).ok_or_else(|| format!("{at}/{name}: a line, from 1, is needed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = r#"{"version": 1, "source_language": "lisp", "source_file": "a.lisp", "generated_file": "gen/a.rs",
        "mappings": [
            {"rust_line": 7, "rust_function": "f", "python_line": 3, "python_function": "eff", "python_context": "(f)"},
            {"rust_line": 7, "rust_function": "f", "python_line": 4, "python_function": "g", "python_context": "(g)"}],
        "function_map": {"helper": "the helper"}}"#;

    #[test]
    fn lines_come_before_functions_and_the_first_counts() {
        let map = TranspilerMap::parse(MAP.as_bytes()).expect("a map");
        assert_eq!(map.twice, [7]);
        let original = map.original(7, Some("a::helper")).expect("by its line");
        assert_eq!(
            (original.line, original.function.as_str(), original.context.as_deref()),
            (Some(3), "eff", Some("(f)"))
        );
        let original = map.original(8, Some("a::helper")).expect("by its function");
        assert_eq!((original.line, original.function.as_str(), original.context), (None, "the helper", None));
        assert_eq!(map.original(8, Some("other")), None);
        assert_eq!(map.original(8, None), None);
    }

    #[test]
    fn a_file_is_compared_by_whole_components() {
        let map = TranspilerMap::parse(MAP.as_bytes()).expect("a map");
        for (file, is) in
            [("/x/gen/a.rs", true), ("gen/a.rs", true), ("/x/regen/a.rs", false), ("a.rs", false), ("", false)]
        {
            assert_eq!(map.generated(file), is, "{file}");
        }
    }

    #[test]
    fn a_bad_map_is_told_by_its_place() {
        for (from, to, says) in [
            ("\"version\": 1", "\"version\": 2", "version 2, 1 is read"),
            ("\"python_line\": 3, ", "", "/mappings/0: `python_line` missing"),
            ("\"rust_line\": 7", "\"rust_line\": 0", "/mappings/0/rust_line: a line"),
            ("\"the helper\"", "5", "/function_map/helper: a string"),
            ("\"source_file\": \"a.lisp\", ", "", "/: `source_file` missing"),
            ("gen/a.rs", "", "/generated_file: empty"),
            ("}]", "}", "line"),
        ] {
            let error = TranspilerMap::parse(MAP.replacen(from, to, 1).as_bytes()).expect_err(says);
            assert!(error.contains(says), "{says}: {error}");
        }
        assert!(TranspilerMap::parse(b"[]").is_err());
    }
}
