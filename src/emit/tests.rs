use super::*;

fn hostile() -> Findings {
    let found = |outcome, message: &str| Found {
        rule: "a:b,c".to_owned(),
        outcome,
        message: message.to_owned(),
        details: vec!["]]><x>".to_owned()],
        place: Some(Place { file: "a b,%:|.toml".to_owned(), line: 3 }),
    };
    let case = |name: &str, outcome, message: &str| Case {
        name: name.to_owned(),
        outcome,
        found: vec![found(outcome, message)],
        value: Some(Value {
            of: name.to_owned(),
            measure: LATENCY.to_owned(),
            unit: "ns".to_owned(),
            value: 1.5,
            between: Some((1.0, 2.0)),
        }),
        accept: Some("accept `it`".to_owned()),
    };
    Findings {
        command: "gate check",
        status: "fail".to_owned(),
        cases: vec![
            case("new\n::error::line", Outcome::Failed, "100 %\r\n<b>&\"\u{1b}[31m |@all`"),
            case("open", Outcome::Undecided, "too wide"),
            case("none", Outcome::NotMeasured, "no counter"),
            Case { name: "good".to_owned(), ..Case::default() },
        ],
        took_ms: 7,
    }
}

#[test]
fn annotations_are_one_line_each_whatever_is_in_them() {
    let text = github::annotations(&hostile());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(
        lines[0],
        "::error file=a b%2C%25%3A|.toml,line=3,title=new%0A%3A%3Aerror%3A%3Aline%3A a%3Ab%2Cc::100 \
         %25\\u{d}%0A<b>&\"\\u{1b}[31m |@all`%0Aaccept with: accept `it`"
    );
    assert!(lines[1].starts_with("::warning ") && lines[2].starts_with("::warning "), "{text}");
    let case = hostile().cases[0].clone();
    let many = Findings { cases: vec![case; 30], ..hostile() };
    let text = github::annotations(&many);
    assert_eq!(text.lines().count(), 10);
    assert!(text.ends_with("::error title=chic-trace gate check::and 21 more\n"), "{text}");
}

#[test]
fn markdown_keeps_text_in_its_cells_and_ends_in_time() {
    let text = markdown::markdown(&hostile());
    assert!(text.starts_with("## chic-trace gate check: fail\n"), "{text}");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
    assert_eq!(rows.len(), 4, "{text}");
    assert!(rows[1].contains("&lt;b&gt;&amp;") && rows[1].contains("\\|&#64;all\\`"), "{text}");
    assert!(text.contains("`` accept `it` ``") && text.ends_with("\n1 of 4 passed.\n"), "{text}");
    let mut many = hostile();
    let case = many.cases[0].clone();
    many.cases = vec![case; 10_000];
    let text = markdown::markdown(&many);
    assert!(text.len() <= 200_000 && text.ends_with("the reports hold the rest_\n"), "{} bytes", text.len());
    let passed = Findings { command: "assert", status: "within".into(), ..Findings::default() };
    assert!(markdown::markdown(&passed).ends_with("0 of 0 passed.\n"));
    let warned = Case { name: "w".to_owned(), outcome: Outcome::Warned, ..Case::default() };
    let passed = Findings { cases: vec![warned, Case::default()], ..passed };
    assert!(markdown::markdown(&passed).ends_with("\n2 of 2 passed, 1 with a warning.\n"));
}

#[test]
fn sarif_has_what_the_standard_requires() {
    let document: serde_json::Value = serde_json::from_str(&sarif::sarif(&hostile())).expect("JSON");
    let run = &document["runs"][0];
    assert_eq!(
        (&document["version"], run["tool"]["driver"]["rules"][0]["id"].as_str()),
        (&"2.1.0".into(), Some("a:b,c"))
    );
    let results = run["results"].as_array().expect("results");
    let kinds: Vec<_> = results.iter().map(|one| (one["kind"].as_str(), one["level"].as_str())).collect();
    let expected = [("fail", "error"), ("open", "none"), ("notApplicable", "none")];
    assert_eq!(kinds, expected.map(|(kind, level)| (Some(kind), Some(level))));
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "./a%20b,%25:%7C.toml");
    assert_eq!(place["region"]["startLine"], 3);
}

#[test]
fn values_are_those_of_benchmarks_and_nothing_is_made_up() {
    let bmf: serde_json::Value = serde_json::from_str(&values::bmf(&hostile())).expect("JSON");
    assert_eq!(bmf["open"]["latency"], serde_json::json!({"value": 1.5, "lower_value": 1.0, "upper_value": 2.0}));
    assert_eq!(bmf.get("good"), None, "nothing was measured of it");
    let all: serde_json::Value = serde_json::from_str(&values::action_benchmark(&hostile())).expect("JSON");
    assert_eq!(
        all[1],
        serde_json::json!({"name": "open", "unit": "ns", "value": 1.5, "range": "1 to 2", "extra": "undecided"})
    );
    let row: serde_json::Value = serde_json::from_str(&values::gate_row(&hostile())).expect("JSON");
    let expected = serde_json::json!({"gate_id": "G6", "name": "performance_regression", "status": "fail",
        "duration_ms": 7, "failure_count": 3});
    assert_eq!(row, expected);
}

#[test]
fn what_is_wanted_is_read_before_anything_runs() {
    let wanted = |word: &str, forms| wanted(&[word.into()], forms);
    assert_eq!(
        wanted("sarif:a:b", VERDICTS),
        Ok(vec![Wanted { kind: Kind::Sarif, path: "a:b".into(), folder: false }])
    );
    for (word, forms) in
        [("bmf:x", VERDICTS), ("gate-row:x", MEASURES), ("yaml:x", GATE), ("json:", GATE), ("json", GATE)]
    {
        assert!(wanted(word, forms).is_err_and(|problem| problem.code == crate::exit::Code::USAGE), "{word}");
    }
    assert_eq!(Place::of("src/a.rs:12"), Some(Place { file: "src/a.rs".into(), line: 12 }));
    assert_eq!((Place::of("src/a.rs:0"), Place::of("src/a.rs"), Place::of(":4")), (None, None, None));
}
