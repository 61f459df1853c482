//! Settings of the gate: flag, `[gate]`, `[regression]`, budgets file, default, in this order.

use std::path::{Path, PathBuf};

use assertions::Configuration;
use assertions::gate::{Budgets, Design, Inconclusive, Metric, Parameters, Row, Rule};

use super::failed;
use crate::cli::General;
use crate::cli::gate::{Check, Results};
use crate::config;
use crate::emit::Place;
use crate::message::{Problem, named};
use crate::output::reason;
use crate::perf;

/// The name that a baseline has when nobody names it.
const BASELINE: &str = "main";

/// How much of the time may be taken when nobody says so.
const MAX_STEAL_PERCENT: f64 = 2.0;

/// What every command of the gate needs.
#[derive(Debug)]
pub struct Settings {
    /// Where baselines lie.
    pub store: PathBuf,
    /// What stands for the samples of a run.
    pub metric: Metric,
    configuration: Option<Configuration>,
}

/// What a check needs beside.
#[derive(Debug)]
pub struct CheckSettings {
    /// Name of the baseline.
    pub baseline: String,
    /// Which benchmarks.
    pub filter: String,
    /// Where notes lie.
    pub risk_notes: PathBuf,
    /// What all calls together may grow by, percent.
    pub calls_percent: f64,
    /// Do regressions fail?
    pub regressions_fail: bool,
    /// How much of the time another guest of the machine may take while programs are run in turns, percent.
    pub max_steal_percent: f64,
    /// What counts as a change.
    pub parameters: Parameters,
}

impl Settings {
    /// By flags and `renacer.toml`.
    pub fn of(general: &General, results: &Results) -> Result<Settings, Problem> {
        Settings::with_store(general, results.store.as_deref())
    }

    /// The same, where there are no results.
    pub fn with_store(general: &General, store: Option<&Path>) -> Result<Settings, Problem> {
        let configuration = config::read(general)?;
        let mut settings = Settings { store: PathBuf::new(), metric: Metric::default(), configuration };
        let store = store.map(Path::to_owned).or_else(|| settings.text("gate.store").map(PathBuf::from));
        settings.store = store.unwrap_or_else(|| "artifacts/performance/baselines".into());
        if let Some(word) = settings.text("gate.metric") {
            let known = Metric::ALL.into_iter().find(|metric| metric.word() == word);
            settings.metric = known.ok_or_else(|| {
                let words: Vec<&str> = Metric::ALL.map(Metric::word).to_vec();
                Problem::usage(format!("cannot take gate.metric {word:?}: there is no such metric"))
                    .hint(format!("known are {}", words.join(", ")))
            })?;
        }
        Ok(settings)
    }

    /// The `renacer.toml` in force.
    pub fn configuration(&self) -> Option<&Configuration> {
        self.configuration.as_ref()
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.configuration.as_ref().and_then(|configuration| configuration.get(key))
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.text(key).and_then(|text| text.parse().ok())
    }

    /// The baseline that is meant when none is named.
    pub fn baseline(&self) -> &str {
        self.text("gate.baseline").unwrap_or(BASELINE)
    }

    /// Those of a check.
    pub fn check(&self, ask: &Check) -> Result<CheckSettings, Problem> {
        let budgets = self.budgets(ask.budgets.as_deref())?;
        let text = |flag: &Option<String>, key: &str, budget: &Option<String>| {
            let configured = || self.text(key).map(String::from);
            flag.clone().or_else(configured).or_else(|| budget.clone())
        };
        let limit = ask.threshold.or_else(|| self.number("gate.limit_percent"));
        let limit = limit.or_else(|| self.number("regression.time_threshold_percent"));
        let margin = ask.margin.or_else(|| self.number("gate.margin_percent"));
        let usual = Parameters::default();
        let inconclusive = match self.text("gate.inconclusive") {
            Some("pass") => Inconclusive::Pass,
            Some("fail") => Inconclusive::Fail,
            _ => Inconclusive::Code,
        };
        let parameters = Parameters {
            margin_percent: margin.unwrap_or(usual.margin_percent),
            limit_percent: limit.or(budgets.max_p95_regression_percent).unwrap_or(usual.limit_percent),
            alpha: self.number("gate.alpha").unwrap_or(usual.alpha),
            family_alpha: self.number("gate.family_alpha").unwrap_or(usual.family_alpha),
            metric: self.metric,
            inconclusive: ask.inconclusive.unwrap_or(inconclusive),
            seed: ask.seed,
            sigma_between: self.number("gate.sigma_between").unwrap_or(usual.sigma_between),
            rule: ask.rule,
            overrides: self.configuration.as_ref().map(|all| all.benches.clone()).unwrap_or_default(),
            allow_mixed_hosts: ask.results.allow_mixed_hosts,
            ..usual
        };
        // The rule of the origin has no margin.
        let margin_counts = ask.rule != Rule::CiUpper || margin.is_some();
        possible(&parameters, margin_counts)?;
        for own in &parameters.overrides {
            possible(&parameters.with(own), margin_counts)?;
        }
        let notes = ask.risk_notes.clone().or_else(|| self.text("gate.risk_notes").map(PathBuf::from));
        Ok(CheckSettings {
            baseline: text(&ask.baseline, "gate.baseline", &budgets.baseline_save_name)
                .unwrap_or_else(|| BASELINE.to_owned()),
            filter: text(&ask.results.filter, "gate.bench_filter", &budgets.bench_filter).unwrap_or_default(),
            risk_notes: notes.unwrap_or_else(|| "artifacts/performance/risk_notes".into()),
            calls_percent: self.number("regression.syscall_threshold_percent").unwrap_or(0.0),
            regressions_fail: budgets.fail_on_unjustified_regression
                && self.text("ci.fail_on_regression") != Some("false"),
            max_steal_percent: self.number("gate.max_steal_percent").unwrap_or(MAX_STEAL_PERCENT),
            parameters,
        })
    }

    /// The line of `renacer.toml` that sets the limit of a row, where no flag does.
    pub fn limit_place(&self, ask: &Check, row: &Row) -> Option<Place> {
        let configuration = self.configuration.as_ref()?;
        let place = |line| Place { file: configuration.name.clone(), line };
        let counted = matches!(row.design, Design::CounterExact | Design::CounterNoisy | Design::CounterMin);
        if counted {
            let all = (row.metric == "calls").then_some("regression.syscall_threshold_percent")?;
            return configuration.settings.get(all).map(|setting| place(setting.line));
        }
        let own = configuration.benches.iter().find(|own| own.is_about(&row.bench_id));
        if let Some(own) = own.filter(|own| own.limit_percent.or(own.margin_percent).is_some()) {
            return Some(place(own.line));
        }
        let keys = ["gate.limit_percent", "regression.time_threshold_percent", "gate.margin_percent"];
        let set = keys.iter().find_map(|key| configuration.settings.get(*key)).filter(|_| ask.threshold.is_none());
        set.map(|setting| place(setting.line))
    }

    /// The budgets file; one that was named has to be there.
    fn budgets(&self, flag: Option<&Path>) -> Result<Budgets, Problem> {
        let given = flag.map(Path::to_owned).or_else(|| self.text("gate.budgets").map(PathBuf::from));
        let path = given.clone().unwrap_or_else(|| "artifacts/ci/reliability_budgets.v1.json".into());
        let bytes = match perf::bytes(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && given.is_none() => {
                return Ok(Budgets::default());
            }
            Err(error) => return Err(failed(format!("cannot read budgets {}: {}", named(&path), reason(&error)))),
        };
        Budgets::read(&bytes).map_err(|why| Problem::usage(format!("cannot read budgets {}: {why}", named(&path))))
    }
}

fn possible(parameters: &Parameters, margin_counts: bool) -> Result<(), Problem> {
    let Parameters { margin_percent, limit_percent, alpha, family_alpha, sigma_between, .. } = parameters;
    if !(*limit_percent < 100.0 && (!margin_counts || margin_percent < limit_percent)) {
        let what = format!("cannot judge with margin {margin_percent} and limit {limit_percent} percent");
        return Err(Problem::usage(format!("{what}: 0 <= margin < limit < 100 is needed")));
    }
    if !(*alpha > 0.0 && alpha <= family_alpha && *family_alpha <= 0.2) {
        let what = format!("cannot judge with alpha {alpha} and family_alpha {family_alpha}");
        return Err(Problem::usage(format!("{what}: 0 < alpha <= family_alpha <= 0.2 is needed")));
    }
    if !sigma_between.is_finite() {
        return Err(Problem::usage("cannot judge with sigma_between: it has no end"));
    }
    Ok(())
}
