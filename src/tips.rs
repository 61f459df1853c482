//! Tips (`--tips`): one thing that is worth knowing, said at the end of a run.

use crate::cli::ask::Tip;
use crate::exit;

const TIPS: [&str; 14] = [
    "-e trace=%file,%desc shows what a program does with files; with -f the kernel itself leaves the rest out.",
    "-P FILE shows the calls that name a file or use a descriptor of it.",
    "-c -U calls,p50,p99,name shows how long calls take at the median and at the worst.",
    "`record` stores a run; `report` shows it again with other flags, and nothing has to be run anew.",
    "`golden record NAME -- CMD` keeps what a program does, `golden check NAME -- CMD` says whether it still does.",
    "-e inject=openat:error=EMFILE:when=3+ shows what a program makes of running out of descriptors.",
    "-k shows where in the program a call is made, --source its file and line.",
    "-o '|CMD' hands the lines to a command; what the program prints is left alone.",
    "-D makes the tracer a grandchild: the program stays the child of its caller.",
    "--format json -o FILE writes a document; `schema renacer-json` prints its schema.",
    "`profile -- CMD` shows where the time goes, from samples and from calls of functions.",
    "-yy shows both ends of a socket, the numbers of a device and the process behind a pidfd.",
    "`assert -- CMD` judges the budgets of renacer.toml: time, memory, calls, files.",
    "-e status=unfinished shows the calls that a program never came back from.",
];

/// Columns of the text in a frame.
const WIDTH: usize = 48;

/// Says one on standard error.
pub fn say(tip: Tip) {
    let id = tip.id.unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().map_or(0, |now| now.subsec_nanos().into()));
    let text = TIPS[(id % TIPS.len() as u64) as usize];
    match tip.full {
        true => exit::say(&framed(text)),
        false => exit::say(&format_args!("chic-trace: tip: {text}")),
    }
}

fn framed(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let edge = format!("+{}+", "-".repeat(WIDTH + 2));
    let inside = lines.iter().map(|line| format!("| {line:<WIDTH$} |"));
    std::iter::once(edge.clone()).chain(inside).chain([edge]).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_holds_every_tip() {
        for tip in TIPS {
            let framed = framed(tip);
            assert!(framed.lines().all(|line| line.chars().count() == WIDTH + 4), "{framed}");
            let words: Vec<&str> = framed.split_whitespace().filter(|word| !word.starts_with(['|', '+'])).collect();
            assert_eq!(words.join(" "), tip);
        }
    }
}
