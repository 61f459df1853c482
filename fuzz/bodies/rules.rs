//! Every type of rule, judged by whatever a recording or a target holds.

use std::convert::Infallible;
use std::sync::OnceLock;

use assertions::{Bench, Configuration, Measured, Peak, Places, Seen, Untraced, Watch, Watcher, judge};

const RULES: &str = r#"
[[assertion]]
name = "1"
type = "span_count"
max_spans = 0
[[assertion]]
name = "2"
type = "critical_path"
max_duration_ms = 0
[[assertion]]
name = "3"
type = "memory_usage"
max_bytes = 0
[[assertion]]
name = "4"
type = "memory_usage"
max_bytes = 0
tracking_mode = "rss"
[[assertion]]
name = "5"
type = "anti_pattern"
pattern = "GodProcess"
threshold = 0.1
[[assertion]]
name = "6"
type = "anti_pattern"
pattern = "TightLoop"
threshold = 0.1
[[assertion]]
name = "7"
type = "anti_pattern"
pattern = "PcieBottleneck"
threshold = 0.1
[[assertion]]
name = "8"
type = "custom"
expression = 'calls - errors < bytes_read / bytes_written || p99_us("all") > time_ms("!read") && exit_code == 0'
[[assertion]]
name = "9"
type = "must_call"
calls = ["%file"]
path = "**"
[[assertion]]
name = "10"
type = "must_not_call"
calls = ["all"]
path = "/**"
[[assertion]]
name = "11"
type = "no_network"
allow = []
[[assertion]]
name = "12"
type = "reads_only"
paths = ["in/**"]
[[assertion]]
name = "13"
type = "writes_only"
paths = ["out/**"]
[[assertion]]
name = "14"
type = "durable_replace"
path = "/**"
[[assertion]]
name = "15"
type = "count_budget"
calls = ["all"]
max = 0
process_name_pattern = "."
[[assertion]]
name = "16"
type = "byte_budget"
max_bytes = 0
[[assertion]]
name = "17"
type = "byte_budget"
max_bytes = 0
path = "/**"
[[assertions]]
name = "18"
check = "syscall_percentage"
syscall = "write"
max_percentage = 0
"#;

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
