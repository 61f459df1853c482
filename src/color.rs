//! Colour: the verdict words of a report. Every state has its word; colour only repeats it.

use anstyle::{AnsiColor, Style};

/// Words that are coloured where they stand alone between blanks.
const WORDS: &[(&str, AnsiColor)] = &[
    ("within", AnsiColor::Green),
    ("same", AnsiColor::Green),
    ("over", AnsiColor::Red),
    ("different", AnsiColor::Red),
    ("inconclusive", AnsiColor::Yellow),
    ("not-measured", AnsiColor::Yellow),
    ("disabled", AnsiColor::BrightBlack),
    ("not-run", AnsiColor::BrightBlack),
];

/// Colours the first verdict word of each line, if colour is wanted.
pub fn verdicts(text: &str, colored: bool) -> String {
    if !colored {
        return text.to_owned();
    }
    text.split_inclusive('\n').map(line).collect()
}

fn line(line: &str) -> String {
    let stands_alone = |at: usize, word: &str| {
        let before = line[..at].ends_with(' ');
        let after = line[at + word.len()..].starts_with([' ', '\n', ',', ':']);
        before && after
    };
    let found = WORDS.iter().filter_map(|(word, color)| {
        line.match_indices(word).map(|(at, _)| at).find(|at| stands_alone(*at, word)).map(|at| (at, *word, *color))
    });
    match found.min_by_key(|(at, ..)| *at) {
        Some((at, word, color)) => {
            let style = Style::new().fg_color(Some(color.into()));
            format!("{}{style}{word}{style:#}{}", &line[..at], &line[at + word.len()..])
        }
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_verdict_is_coloured_and_the_text_stays() {
        let text = "over_quick  within  all over it\nls: over\n";
        assert_eq!(verdicts(text, false), text);
        let colored = verdicts(text, true);
        assert_eq!(colored, "over_quick  \u{1b}[32mwithin\u{1b}[0m  all over it\nls: \u{1b}[31mover\u{1b}[0m\n");
    }
}
