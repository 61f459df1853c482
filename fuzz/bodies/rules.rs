//! Every type of rule, judged by whatever a recording or a target holds.

use std::convert::Infallible;
use std::sync::OnceLock;

use assertions::{Bench, Configuration, Measured, Peak, Places, Seen, Untraced, Watch, Watcher, judge};

const RULES: &str = include_str!("rules.toml");

fn rules() -> &'static Configuration {
    static RULES_READ: OnceLock<Configuration> = OnceLock::new();
    RULES_READ.get_or_init(|| Configuration::read("rules", RULES).unwrap_or_else(|bad| panic!("{bad}")))
}

/// Looks at what comes for all of them.
pub fn watcher() -> Watcher {
    Watcher::new(&Watch::of(rules(), "fuzz"), Places::default())
}

/// Judges what was seen; what is told of it can be shown at a terminal.
pub fn check(watcher: Watcher) {
    let mut bench = Once(Some(watcher.into_seen()));
    let report = judge(rules(), "fuzz", &mut bench).unwrap_or_else(|never| match never {});
    let text = assertions::text(&report);
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    serde_json::from_str::<serde::de::IgnoredAny>(&assertions::json(&report)).expect("the document is JSON");
}

struct Once(Option<Seen>);

impl Bench for Once {
    type Error = Infallible;

    fn traced(&mut self, _watch: &Watch) -> Result<Measured<Seen>, Infallible> {
        Ok(self.0.take().ok_or_else(|| "it is judged once".into()))
    }

    fn can_repeat(&self) -> bool {
        false
    }

    fn untraced(&mut self, _labels: bool) -> Result<Measured<Vec<Untraced>>, Infallible> {
        Ok(Err("nothing is run".into()))
    }

    fn peaks(&mut self) -> Result<Measured<Vec<Peak>>, Infallible> {
        Ok(Err("nothing is run".into()))
    }

    fn source(&self) -> &'static str {
        "recording"
    }
}
