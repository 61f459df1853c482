//! Risk notes: files in which somebody accepts a regression.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::report::{Row, Verdict};

/// End of the name of a note of version 1.
const SUFFIX: &str = ".risk_note.json";

/// A note as it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// Where it lies.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What a note is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It accepts a regression.
    Used,
    /// It accepts nothing of this comparison.
    Unused,
    /// Its day is over.
    Expired,
    /// It is no note.
    Invalid,
    /// Nobody signed it.
    Unapproved,
    /// Its name fits several benchmarks.
    Ambiguous,
}

impl Status {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Status::Used => "used",
            Status::Unused => "unused",
            Status::Expired => "expired",
            Status::Invalid => "invalid",
            Status::Unapproved => "unapproved",
            Status::Ambiguous => "ambiguous",
        }
    }
}

/// A note and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Noted {
    /// Where it lies.
    pub path: String,
    /// What it is good for.
    pub status: Status,
    /// The benchmarks that it is about.
    pub bench_ids: Vec<String>,
    /// Why it is good for nothing.
    pub message: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "read to see that they are there")]
struct First {
    schema_version: String,
    packet_id: Text,
    generated_at_unix_ms: u64,
    threat_surface_summary: Text,
    risks: Vec<Risk>,
    top_open_risk_id: Text,
    signoff: Signoff,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "read to see that they are there")]
struct Risk {
    risk_id: Text,
    category: Category,
    description: Text,
    likelihood: Likelihood,
    impact: Impact,
    mitigation_status: Mitigation,
    mitigations: Texts,
    residual_risk: Text,
    evidence_refs: Texts,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Category {
    Compatibility,
    Security,
    Performance,
    Correctness,
    Operability,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Likelihood {
    Low,
    Medium,
    High,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Impact {
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mitigation {
    Planned,
    InProgress,
    Mitigated,
    Accepted,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "read to see that they are there")]
struct Signoff {
    author: Text,
    approved: bool,
    signed_at: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "read to see that they are there")]
struct Second {
    schema_version: String,
    bench_ids: Texts,
    max_regression_percent: f64,
    expires_on: Day,
    baseline_blake3: Option<String>,
    reason: Text,
    evidence_refs: Texts,
    signoff: Signoff,
}

/// A string that is not empty.
#[derive(Deserialize, PartialEq)]
#[serde(try_from = "String")]
struct Text(String);

impl TryFrom<String> for Text {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() { Err("a text is empty") } else { Ok(Text(text)) }
    }
}

/// One or more of them.
#[derive(Deserialize)]
#[serde(try_from = "Vec<Text>")]
struct Texts(Vec<Text>);

impl TryFrom<Vec<Text>> for Texts {
    type Error = &'static str;

    fn try_from(texts: Vec<Text>) -> Result<Self, Self::Error> {
        if texts.is_empty() { Err("a list is empty") } else { Ok(Texts(texts)) }
    }
}

/// A day as `2027-01-31`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Day(jiff::civil::Date);

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // A time behind the day would be passed over.
        let day = if text.len() == 10 { text.parse().ok() } else { None };
        day.map(Day).ok_or_else(|| format!("{text:?} is no day"))
    }
}

/// What notes are held against.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The time, seconds since 1970: notes have a last day, in UTC.
    pub now_unix_s: i64,
    /// Hash of the baseline.
    pub baseline_blake3: Option<&'a str>,
}

/// Holds notes against the rows: what one accepts is no regression any more.
pub fn apply(notes: &[Note], rows: &mut [Row], circumstances: Circumstances<'_>) -> Vec<Noted> {
    notes.iter().map(|note| one(note, rows, circumstances)).collect()
}

fn one(note: &Note, rows: &mut [Row], circumstances: Circumstances<'_>) -> Noted {
    let noted =
        |status, bench_ids, message: Option<String>| Noted { path: note.path.clone(), status, bench_ids, message };
    let invalid = |why: String| noted(Status::Invalid, Vec::new(), Some(why));
    let document: Value = match serde_json::from_slice(&note.bytes) {
        Ok(document) => document,
        Err(error) => return invalid(format!("no JSON: {error}")),
    };
    let covered = match document.get("schema_version").and_then(Value::as_str) {
        Some("frankenjax.risk-note.v1") => First::deserialize(&document)
            .map_err(|error| (Status::Invalid, Vec::new(), error.to_string()))
            .and_then(|first| of_first(&first, &note.path, rows)),
        Some("chic-trace.risk-note.v2") => Second::deserialize(&document)
            .map_err(|error| (Status::Invalid, Vec::new(), error.to_string()))
            .and_then(|second| of_second(&second, circumstances)),
        Some(other) => return invalid(format!("schema_version {other:?} is not known")),
        None => return invalid("there is no schema_version".to_owned()),
    };
    let (ids, most) = match covered {
        Ok(covered) => covered,
        Err((status, ids, why)) => return noted(status, ids, Some(why)),
    };
    let mut used = false;
    let mut beyond = None;
    for row in rows.iter_mut().filter(|row| ids.contains(&row.bench_id)) {
        match (row.verdict, row.delta_percent) {
            (Verdict::Regressed, Some(change)) if change > most => {
                beyond = Some(format!("it accepts {most} %, {} became slower by {change:.2} %", row.bench_id));
            }
            (Verdict::Regressed, _) => {
                row.verdict = Verdict::RiskNoted;
                row.risk_note_ref = Some(note.path.clone());
                used = true;
            }
            (Verdict::RiskNoted, _) => used = true,
            _ => {}
        }
    }
    match (used, beyond) {
        (true, _) => noted(Status::Used, ids, None),
        (false, Some(why)) => noted(Status::Unused, ids, Some(why)),
        (false, None) => noted(Status::Unused, ids, Some("no regression that it is about".to_owned())),
    }
}

/// Ids and the largest change that is accepted, or why nothing is.
type Covered = Result<(Vec<String>, f64), (Status, Vec<String>, String)>;

/// Its name says which benchmark it is about.
fn of_first(note: &First, path: &str, rows: &[Row]) -> Covered {
    let refused = |status, why: &str| Err((status, Vec::new(), why.to_owned()));
    if note.risks.is_empty() {
        return refused(Status::Invalid, "there are no risks");
    }
    if !note.risks.iter().any(|risk| risk.category == Category::Performance) {
        return refused(Status::Invalid, "no risk is of category performance");
    }
    if !note.risks.iter().any(|risk| risk.risk_id == note.top_open_risk_id) {
        return refused(Status::Invalid, "top_open_risk_id is none of the risks");
    }
    if !note.signoff.approved {
        return refused(Status::Unapproved, "signoff.approved is false");
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.strip_suffix(SUFFIX).unwrap_or(name);
    let mut ids: Vec<String> =
        rows.iter().filter(|row| row.bench_id.replace('/', "_") == stem).map(|row| row.bench_id.clone()).collect();
    ids.dedup();
    match ids.len() {
        0 => refused(Status::Unused, "no benchmark has its name"),
        1 => Ok((ids, f64::INFINITY)),
        _ => Err((Status::Ambiguous, ids, "its name is that of several benchmarks".to_owned())),
    }
}

fn of_second(note: &Second, circumstances: Circumstances<'_>) -> Covered {
    let ids: Vec<String> = note.bench_ids.0.iter().map(|id| id.0.clone()).collect();
    let refused = |status, why: String| Err((status, ids.clone(), why));
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !(note.max_regression_percent.is_finite() && note.max_regression_percent >= 0.0) {
        return refused(Status::Invalid, "max_regression_percent is no percentage".to_owned());
    }
    if note.baseline_blake3.as_deref().is_some_and(|hash| !hex(hash)) {
        return refused(Status::Invalid, "baseline_blake3 is neither 64 hex digits nor null".to_owned());
    }
    if !note.signoff.approved {
        return refused(Status::Unapproved, "signoff.approved is false".to_owned());
    }
    let now = jiff::Timestamp::from_second(circumstances.now_unix_s).unwrap_or(jiff::Timestamp::MAX);
    if now.to_zoned(jiff::tz::TimeZone::UTC).date() > note.expires_on.0 {
        return refused(Status::Expired, format!("it was good until {}", note.expires_on.0));
    }
    if let Some(hash) = note.baseline_blake3.as_deref()
        && !circumstances.baseline_blake3.is_some_and(|found| found.eq_ignore_ascii_case(hash))
    {
        let found = circumstances.baseline_blake3.unwrap_or("not known");
        return refused(Status::Unused, format!("it is about another baseline: this one is {found}"));
    }
    Ok((ids, note.max_regression_percent))
}
