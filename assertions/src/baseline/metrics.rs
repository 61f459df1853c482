//! The metrics document (`schema_version` 1): what a compiler measured while it compiled one module.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};

/// What is known of each function, in the order of the document. Names that end in `_us` are times.
pub const COLUMNS: [&str; 12] = [
    "ir_insts_before",
    "ir_insts_after",
    "optimize_us",
    "lower_us",
    "regalloc_us",
    "emit_us",
    "code_size",
    "spill_slots",
    "spills",
    "reloads",
    "reg_moves",
    "spill_to_spill",
];

/// The stages among the columns, none within another.
pub const STAGES: [&str; 4] = ["optimize_us", "lower_us", "regalloc_us", "emit_us"];

/// What only e-graph passes have.
pub const EGRAPH: [&str; 3] = ["egraph_classes", "egraph_nodes", "egraph_rule_apps"];

/// A module. Keys that are not known are kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metrics {
    /// Functions with code.
    pub expected_functions: u64,
    /// Wall time, microseconds.
    pub module_compile_us: u64,
    /// One for each function that was compiled.
    pub functions: Vec<Function>,
    extra: Map<String, Value>,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Function {
    /// Its index, imports counted.
    pub func_idx: u64,
    /// Its name.
    pub func_name: String,
    /// 0 to 3.
    pub opt_level: u64,
    /// By [`COLUMNS`].
    pub values: [u64; COLUMNS.len()],
    /// In the order in which they were made.
    pub ir_passes: Vec<Pass>,
    extra: Map<String, Value>,
}

/// A pass over a function.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pass {
    /// Its name.
    pub name: String,
    /// Microseconds.
    pub duration_us: u64,
    /// Instructions before.
    pub before_insts: u64,
    /// Instructions after.
    pub after_insts: u64,
    /// May be true with as many instructions as before.
    pub changed: bool,
    /// By [`EGRAPH`].
    pub egraph: [Option<u64>; EGRAPH.len()],
    extra: Map<String, Value>,
}

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// As numbers.
    Numbers,
    /// As strings of digits, as Wasmoon does.
    Strings,
}

/// Why a document is none: where in it (RFC 6901), and what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {what}")]
pub struct BadMetrics {
    /// Where.
    pub pointer: String,
    /// What.
    pub what: String,
}

impl Function {
    /// A value by its column.
    pub fn value(&self, column: &str) -> Option<u64> {
        COLUMNS.iter().position(|known| *known == column).and_then(|at| self.values.get(at)).copied()
    }

    /// All stages, microseconds.
    pub fn stages_us(&self) -> u64 {
        STAGES.iter().filter_map(|stage| self.value(stage)).fold(0, u64::saturating_add)
    }
}

impl Metrics {
    /// Takes in those of a further module of the same process, whose functions get its number in front.
    pub fn join(&mut self, module: usize, other: Metrics) {
        self.expected_functions = self.expected_functions.saturating_add(other.expected_functions);
        self.module_compile_us = self.module_compile_us.saturating_add(other.module_compile_us);
        self.functions.extend(
            other
                .functions
                .into_iter()
                .map(|function| Function { func_name: format!("module {module}: {}", function.func_name), ..function }),
        );
    }

    /// Reads a document.
    pub fn read(bytes: &[u8]) -> Result<Metrics, BadMetrics> {
        let whole = |what: String| BadMetrics { pointer: "/".to_owned(), what };
        let value: Value = serde_json::from_slice(bytes).map_err(|error| whole(format!("no JSON: {error}")))?;
        let mut module = Object::of(value, String::new())?;
        if module.count("schema_version")? != 1 {
            return Err(module.bad("schema_version", "only version 1 is known"));
        }
        let expected_functions = module.count("expected_functions")?;
        let module_compile_us = module.time("module_compile_us")?;
        let functions = module.objects("functions")?.into_iter().map(function).collect::<Result<_, _>>()?;
        Ok(Metrics { expected_functions, module_compile_us, functions, extra: module.map })
    }

    /// What keeps the numbers from being judged, a line each.
    pub fn incomplete(&self) -> Vec<String> {
        let mut found = Vec::new();
        let (held, expected) = (self.functions.len(), self.expected_functions);
        if held as u64 != expected {
            found.push(format!("incomplete-metrics: {held} functions of {expected}"));
        }
        let mut indices: Vec<u64> = self.functions.iter().map(|function| function.func_idx).collect();
        indices.sort_unstable();
        if let Some(twice) =
            indices.windows(2).find_map(|pair| if let [a, b] = pair { (a == b).then_some(*a) } else { None })
        {
            found.push(format!("incomplete-metrics: function {twice} is there twice"));
        }
        found
    }

    /// A key of the module that is not of this format.
    pub fn extra(&self, key: &str) -> Option<&Value> {
        self.extra.get(key)
    }

    /// The document, with a line feed at its end.
    pub fn write(&self, times: Times) -> String {
        serde_json::to_string_pretty(&Written(self, times)).map(|text| text + "\n").unwrap_or_default()
    }
}

fn function(mut object: Object) -> Result<Function, BadMetrics> {
    let mut values = [0; COLUMNS.len()];
    for (value, column) in values.iter_mut().zip(COLUMNS) {
        *value = if column.ends_with("_us") { object.time(column)? } else { object.count(column)? };
    }
    let passes = object.objects("ir_passes")?.into_iter().map(pass).collect::<Result<_, _>>()?;
    Ok(Function {
        func_idx: object.count("func_idx")?,
        func_name: object.text("func_name")?,
        opt_level: object.count("opt_level")?,
        values,
        ir_passes: passes,
        extra: object.map,
    })
}

fn pass(mut object: Object) -> Result<Pass, BadMetrics> {
    let mut egraph = [None; EGRAPH.len()];
    for (value, key) in egraph.iter_mut().zip(EGRAPH) {
        *value = if object.map.contains_key(key) { Some(object.count(key)?) } else { None };
    }
    Ok(Pass {
        name: object.text("name")?,
        duration_us: object.time("duration_us")?,
        before_insts: object.count("before_insts")?,
        after_insts: object.count("after_insts")?,
        changed: object.bool("changed")?,
        egraph,
        extra: object.map,
    })
}

/// An object of the document, whose keys are taken one by one; what is left is not known.
struct Object {
    map: Map<String, Value>,
    pointer: String,
}

impl Object {
    fn of(value: Value, pointer: String) -> Result<Object, BadMetrics> {
        match value {
            Value::Object(map) => Ok(Object { map, pointer }),
            _ => Err(BadMetrics {
                pointer: if pointer.is_empty() { "/".to_owned() } else { pointer },
                what: "it is no object".to_owned(),
            }),
        }
    }

    fn bad(&self, key: &str, what: &str) -> BadMetrics {
        BadMetrics { pointer: format!("{}/{key}", self.pointer), what: what.to_owned() }
    }

    fn take(&mut self, key: &str) -> Result<Value, BadMetrics> {
        self.map.remove(key).ok_or_else(|| self.bad(key, "it is missing"))
    }

    fn count(&mut self, key: &str) -> Result<u64, BadMetrics> {
        self.take(key)?.as_u64().ok_or_else(|| self.bad(key, "a whole number from 0 on is needed"))
    }

    /// A number, or the digits of one.
    fn time(&mut self, key: &str) -> Result<u64, BadMetrics> {
        let value = self.take(key)?;
        let digits = |text: &str| {
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| text.parse().ok()).flatten()
        };
        let time = value.as_u64().or_else(|| value.as_str().and_then(digits));
        time.ok_or_else(|| {
            self.bad(key, "microseconds are needed: a whole number from 0 on, or its digits as a string")
        })
    }

    fn text(&mut self, key: &str) -> Result<String, BadMetrics> {
        match self.take(key)? {
            Value::String(text) => Ok(text),
            _ => Err(self.bad(key, "a string is needed")),
        }
    }

    fn bool(&mut self, key: &str) -> Result<bool, BadMetrics> {
        self.take(key)?.as_bool().ok_or_else(|| self.bad(key, "true or false is needed"))
    }

    fn objects(&mut self, key: &str) -> Result<Vec<Object>, BadMetrics> {
        let Value::Array(values) = self.take(key)? else { return Err(self.bad(key, "a list is needed")) };
        let pointer = |at: usize| format!("{}/{key}/{at}", self.pointer);
        values.into_iter().enumerate().map(|(at, value)| Object::of(value, pointer(at))).collect()
    }
}

/// Something that is written with times in a form.
struct Written<'a, T>(&'a T, Times);

impl Times {
    fn entry<M: SerializeMap>(self, map: &mut M, key: &str, value: u64) -> Result<(), M::Error> {
        if self == Times::Strings && key.ends_with("_us") {
            return map.serialize_entry(key, &value.to_string());
        }
        map.serialize_entry(key, &value)
    }
}

struct List<'a, T>(&'a [T], Times);

impl<'a, T> Serialize for List<'a, T>
where
    Written<'a, T>: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for one in self.0 {
            list.serialize_element(&Written(one, self.1))?;
        }
        list.end()
    }
}

fn rest<M: SerializeMap>(map: &mut M, extra: &Map<String, Value>) -> Result<(), M::Error> {
    extra.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))
}

impl Serialize for Written<'_, Metrics> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Written(module, times) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema_version", &1)?;
        map.serialize_entry("expected_functions", &module.expected_functions)?;
        times.entry(&mut map, "module_compile_us", module.module_compile_us)?;
        map.serialize_entry("functions", &List(&module.functions, *times))?;
        rest(&mut map, &module.extra)?;
        map.end()
    }
}

impl Serialize for Written<'_, Function> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Written(function, times) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("func_idx", &function.func_idx)?;
        map.serialize_entry("func_name", &function.func_name)?;
        map.serialize_entry("opt_level", &function.opt_level)?;
        for (column, value) in COLUMNS.iter().zip(function.values) {
            times.entry(&mut map, column, value)?;
        }
        map.serialize_entry("ir_passes", &List(&function.ir_passes, *times))?;
        rest(&mut map, &function.extra)?;
        map.end()
    }
}

impl Serialize for Written<'_, Pass> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Written(pass, times) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &pass.name)?;
        times.entry(&mut map, "duration_us", pass.duration_us)?;
        map.serialize_entry("before_insts", &pass.before_insts)?;
        map.serialize_entry("after_insts", &pass.after_insts)?;
        map.serialize_entry("changed", &pass.changed)?;
        for (key, value) in EGRAPH.iter().zip(pass.egraph) {
            if let Some(value) = value {
                map.serialize_entry(key, &value)?;
            }
        }
        rest(&mut map, &pass.extra)?;
        map.end()
    }
}
