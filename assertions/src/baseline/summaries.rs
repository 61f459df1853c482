//! Summaries as they are read: those of a capture in both layouts, and series of times that others keep.

use serde_json::Value;

/// The runs of each workload.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// The machine, where it is told: `x86_64`.
    pub machine: Option<String>,
    /// In the order of the document.
    pub workloads: Vec<Series>,
}

/// The measured runs of a workload.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Its name.
    pub workload: String,
    /// Does the document tell of compilations, too?
    pub compiles: bool,
    /// Its runs.
    pub runs: Vec<SeriesRun>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SeriesRun {
    /// Did it end well?
    pub ok: bool,
    /// Milliseconds.
    pub elapsed_ms: Option<f64>,
    /// Microseconds.
    pub compile_us: Option<f64>,
    /// Bytes.
    pub code_size: Option<f64>,
    /// Its metrics.
    pub metrics_file: Option<String>,
}

impl Summary {
    /// Reads a document; an error is why it is none.
    pub fn read(bytes: &[u8]) -> Result<Summary, String> {
        let document: Value = serde_json::from_slice(bytes).map_err(|error| format!("no JSON: {error}"))?;
        let machine =
            ["/host/machine", "/provenance/host/machine"].iter().find_map(|at| document.pointer(at)?.as_str());
        let workloads = of_results(&document)
            .or_else(|| of_workloads(&document))
            .or_else(|| of_parity(&document))
            .or_else(|| of_series(&document))
            .ok_or("it is no summary of a capture, and no series of times that is known")?;
        if workloads.is_empty() {
            return Err("it holds no workload".to_owned());
        }
        Ok(Summary { machine: machine.map(String::from), workloads })
    }
}

fn list<'a>(value: &'a Value, key: &str) -> Option<&'a Vec<Value>> {
    value.get(key)?.as_array()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(String::from)
}

/// The single layout.
fn of_results(document: &Value) -> Option<Vec<Series>> {
    let results = list(document, "results")?;
    let series = |result: &Value| {
        Some(Series { workload: text(result, "workload")?, compiles: true, runs: vec![captured(result)] })
    };
    results.iter().map(series).collect()
}

/// The repeated layout.
fn of_workloads(document: &Value) -> Option<Vec<Series>> {
    let series = |workload: &Value| {
        let measured = |run: &&Value| run.get("warmup").and_then(Value::as_bool) != Some(true);
        let runs = list(workload, "runs")?.iter().filter(measured).map(captured).collect();
        Some(Series { workload: text(workload, "workload")?, compiles: true, runs })
    };
    list(document, "workloads")?.iter().map(series).collect()
}

fn captured(run: &Value) -> SeriesRun {
    let number = |key: &str| run.get(key).and_then(Value::as_f64);
    let there = run.get("metrics_present").and_then(Value::as_bool) == Some(true);
    let ok = match run.get("status").and_then(Value::as_str) {
        Some(status) => status == "ok",
        None => number("exit_code") == Some(0.0) && there,
    };
    SeriesRun {
        ok,
        elapsed_ms: number("elapsed_ns").map(|ns| ns / 1e6).or_else(|| number("elapsed_ms")),
        compile_us: number("module_compile_us"),
        code_size: number("total_code_size"),
        metrics_file: text(run, "metrics_file").filter(|_| there),
    }
}

/// Two programs over the same workloads.
fn of_parity(document: &Value) -> Option<Vec<Series>> {
    let mut all = Vec::new();
    for workload in list(document, "workloads")? {
        let name = text(workload, "workload")?;
        for program in ["wasmoon", "wasmtime"] {
            let times = list(workload, &format!("{program}_times_sec"))?;
            let runs = times.iter().map(|time| of_seconds(time.as_f64(), true)).collect();
            all.push(Series { workload: format!("{name} ({program})"), compiles: false, runs });
        }
    }
    Some(all)
}

/// Named series of runs, or one.
fn of_series(document: &Value) -> Option<Vec<Series>> {
    if document.get("runs").is_some() {
        return Some(vec![one_series("runs", document)?]);
    }
    // Ratios of two of them may stand between.
    let named = document.as_object()?.iter().filter(|(_, series)| series.get("runs").is_some());
    let all: Vec<Series> = named.map(|(name, series)| one_series(name, series)).collect::<Option<_>>()?;
    (!all.is_empty()).then_some(all)
}

fn one_series(name: &str, series: &Value) -> Option<Series> {
    let run = |run: &Value| {
        let ok = run.get("exit_code").and_then(Value::as_i64) == Some(0);
        Some(of_seconds(Some(run.get("wall_sec")?.as_f64()?), ok))
    };
    let runs = list(series, "runs")?.iter().map(run).collect::<Option<_>>()?;
    Some(Series { workload: name.to_owned(), compiles: false, runs })
}

fn of_seconds(seconds: Option<f64>, ok: bool) -> SeriesRun {
    SeriesRun { ok, elapsed_ms: seconds.map(|seconds| seconds * 1000.0), ..SeriesRun::default() }
}
