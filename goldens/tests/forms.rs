//! Forms of the published recordings.

mod form_text;
mod strace_text;

use goldens::pipeline::{Form, Level, Observer, Options, Run, forms};

/// A sample, lowered; `None` where the samples are not here.
fn run(name: &str, options: &Options) -> Option<Run> {
    let (text, cwd, argv) = strace_text::sample(name)?;
    let mut observer = Observer::new(options);
    strace_text::replay(&strace_text::Text { text: &text, cwd: &cwd, argv }, &mut observer);
    Some(observer.into_run())
}

fn pair(names: [&str; 2]) -> Option<Vec<Form>> {
    let options = Options::at(Level::Protocol);
    let runs: Option<Vec<Run>> = names.iter().map(|name| run(name, &options)).collect();
    let runs = runs?;
    Some(forms(&runs.iter().collect::<Vec<_>>(), None, &options))
}

#[test]
fn two_good_runs_have_one_form() {
    let Some(forms) = pair(["mut_base.01", "mut_base.02"]) else { return println!("skipped: samples not here") };
    let texts: Vec<String> = forms.iter().map(|form| form_text::text(form, true)).collect();
    println!("{}", texts[0]);
    assert_eq!(texts[0], texts[1]);
}
