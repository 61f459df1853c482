//! Verdicts: what a rule says of a run. Not measured is neither zero nor a pass.

use crate::finding::Shown;

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Kept.
    Within,
    /// Broken.
    Over,
    /// The runs disagree.
    Inconclusive,
    /// Nothing could be said, and why.
    NotMeasured(String),
    /// The file says that the rule is not judged.
    Disabled,
    /// It is not about this run, or the run was over before it was its turn, and why.
    NotRun(String),
}

impl Verdict {
    /// The word in reports.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Within => "within",
            Verdict::Over => "over",
            Verdict::Inconclusive => "inconclusive",
            Verdict::NotMeasured(_) => "not-measured",
            Verdict::Disabled => "disabled",
            Verdict::NotRun(_) => "not-run",
        }
    }

    /// The worst first.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Verdict::Over => 0,
            Verdict::Inconclusive => 1,
            Verdict::NotMeasured(_) => 2,
            Verdict::Within => 3,
            Verdict::NotRun(_) => 4,
            Verdict::Disabled => 5,
        }
    }

    /// Why nothing is said.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Verdict::NotMeasured(why) | Verdict::NotRun(why) => Some(why),
            _ => None,
        }
    }
}

/// One rule, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// Its type in the file.
    pub kind: String,
    /// Its line in the file.
    pub line: usize,
    /// What it says.
    pub verdict: Verdict,
    /// Does a broken rule fail the run, or only warn?
    pub fails: bool,
    /// What was measured: the median of several runs.
    pub value: Option<f64>,
    /// `calls`, `ms`, `bytes`, `percent`, `share` (0 to 1); empty where nothing is measured.
    pub unit: &'static str,
    /// The budget.
    pub budget: Option<f64>,
    /// The comparison in words: `Span count 143 exceeds maximum 5`.
    pub message: String,
    /// Where the value is from: `1 traced run`, `recording`.
    pub source: String,
    /// The calls that made it.
    pub found: Shown,
}

impl Judged {
    /// A row about something that is judged elsewhere; it changes nothing.
    pub fn not_run(name: &str, kind: &str, line: usize, why: String) -> Judged {
        Judged {
            name: name.to_owned(),
            kind: kind.to_owned(),
            line,
            verdict: Verdict::NotRun(why),
            fails: false,
            value: None,
            unit: "",
            budget: None,
            message: String::new(),
            source: String::new(),
            found: Shown::default(),
        }
    }
}

/// What all rules together mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Summary {
    /// No rule that fails is broken, and each was measured.
    Within,
    /// A rule that fails is broken.
    Over,
    /// A rule is inconclusive or not measured.
    Undecided,
    /// Every rule is disabled or about another run, or there is none.
    Nothing,
}

impl Summary {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Summary::Within => "within",
            Summary::Over => "over",
            Summary::Undecided => "inconclusive",
            Summary::Nothing => "not-measured",
        }
    }
}

/// All rules, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Name of the run.
    pub run: String,
    /// The rules in the order of the file.
    pub results: Vec<Judged>,
}

impl Report {
    /// What they mean together; the exit code is chosen by this value alone.
    pub fn summary(&self) -> Summary {
        let counted = || self.results.iter().filter(|judged| judged.fails);
        let undecided = |verdict: &Verdict| matches!(verdict, Verdict::Inconclusive | Verdict::NotMeasured(_));
        let silent = |verdict: &Verdict| matches!(verdict, Verdict::Disabled | Verdict::NotRun(_));
        if self.results.iter().all(|judged| silent(&judged.verdict)) {
            Summary::Nothing
        } else if counted().any(|judged| judged.verdict == Verdict::Over) {
            Summary::Over
        } else if counted().any(|judged| undecided(&judged.verdict)) {
            Summary::Undecided
        } else {
            Summary::Within
        }
    }
}
