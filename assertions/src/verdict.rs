//! Verdicts: what a rule says of a run. Not measured is neither zero nor a pass.

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
    /// What it says.
    pub verdict: Verdict,
    /// Does a broken rule fail the run, or only warn?
    pub fails: bool,
    /// What was measured: the median of several runs.
    pub value: Option<f64>,
    /// `calls`, `ms`; empty where nothing is measured.
    pub unit: &'static str,
    /// The budget.
    pub budget: Option<f64>,
    /// The comparison in words: `Span count 143 exceeds maximum 5`.
    pub message: String,
    /// Where the value is from: `1 traced run`, `recording`.
    pub source: String,
    /// The calls that made it, most first: name and count.
    pub calls: Vec<(String, u64)>,
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
    /// Every rule is disabled, or there is none.
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
        if self.results.iter().all(|judged| judged.verdict == Verdict::Disabled) {
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
