//! A plain HTML page: one table of calls, with `-c` a second one of counts. It needs no network and no script, and
//! how many elements it has is told by the number of calls and names alone, never by what they hold.

use crate::digits;
use crate::rows::{Cells, Layout, RowOptions, Whole};
use crate::spread::NAMES;
use crate::statistics::Row;
use crate::summary::share;

const STYLE: &str = "\
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fff; --line: #c8c8d0; --head: #f0f0f4; --bad: #a4000f; }\n\
@media (prefers-color-scheme: dark) {\n\
  :root { --ink: #e8e8ee; --paper: #17171b; --line: #44444e; --head: #24242a; --bad: #ff9a9a; }\n\
}\n\
body { margin: 1rem; color: var(--ink); background: var(--paper); font: 14px/1.4 system-ui, sans-serif; }\n\
h1 { font-size: 1.2rem; }\n\
h2 { font-size: 1rem; margin-top: 1.5rem; }\n\
table { border-collapse: collapse; font-family: ui-monospace, monospace; font-size: 13px; }\n\
th, td { padding: .15rem .5rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }\n\
thead th { position: sticky; top: 0; background: var(--head); }\n\
td { white-space: pre-wrap; overflow-wrap: anywhere; }\n\
.syscall, .source { font-weight: 600; overflow-wrap: normal; }\n\
.source { font-weight: 400; }\n\
.duration, .stats-table th, .stats-table td { text-align: right; white-space: pre; }\n\
.stats-table th:last-child, .stats-table td:last-child { text-align: left; }\n\
.result-error { color: var(--bad); font-weight: 600; }\n\
tfoot td { border-top: 2px solid var(--line); }\n\
@media print { thead th { position: static; } }\n";

/// What a browser may load and run.
const POLICY: [&str; 3] = [
    // Nothing,
    "default-src 'none'",
    // but the styles above.
    "style-src 'unsafe-inline'",
    "img-src data:",
];

/// The page.
#[derive(Debug)]
pub(crate) struct Html {
    durations: bool,
    source: bool,
    spread: bool,
}

impl Html {
    pub fn of(options: &RowOptions) -> Self {
        Html {
            durations: options.text.duration.is_some(),
            source: options.source,
            spread: options.table.is_some_and(|table| table.spread),
        }
    }
}

impl Layout for Html {
    fn opening(&self, out: &mut Vec<u8>, command: &[Vec<u8>]) {
        let command = command.join(&b' ');
        let said: &[u8] = if command.is_empty() { b"an attached process" } else { &command };
        out.extend_from_slice(
            b"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
              <meta http-equiv=\"Content-Security-Policy\" content=\"",
        );
        out.extend_from_slice(POLICY.join("; ").as_bytes());
        out.extend_from_slice(
            b"\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>System calls of ",
        );
        escaped(out, said);
        out.extend_from_slice(b"</title>\n<style>\n");
        out.extend_from_slice(STYLE.as_bytes());
        out.extend_from_slice(b"</style>\n</head>\n<body>\n<main>\n<h1>System calls of <code>");
        escaped(out, said);
        out.extend_from_slice(b"</code></h1>\n<table class=\"calls\">\n<thead>\n<tr>");
        let columns = [
            ("Syscall", true),
            ("Arguments", true),
            ("Result", true),
            ("Duration", self.durations),
            ("Source", self.source),
        ];
        heads(out, columns.iter().filter(|(_, there)| *there).map(|(name, _)| *name));
        out.extend_from_slice(b"</tr>\n</thead>\n<tbody>\n");
    }

    fn row(&self, out: &mut Vec<u8>, cells: &Cells) {
        out.extend_from_slice(b"<tr>");
        cell(out, "syscall", &cells.name);
        cell(out, "args", &cells.arguments);
        result(out, cells);
        if self.durations {
            out.extend_from_slice(b"<td class=\"duration\">");
            if let Some(took) = cells.took_ns {
                digits::dec(out, took / 1000);
                out.extend_from_slice("\u{a0}µs".as_bytes());
            }
            out.extend_from_slice(b"</td>");
        }
        if self.source {
            cell(out, "source", &cells.source);
        }
        out.extend_from_slice(b"</tr>\n");
    }

    fn closing(&self, out: &mut Vec<u8>, whole: &Whole) {
        out.extend_from_slice(b"</tbody>\n</table>\n<p>");
        let (calls, errors) = (plural(whole.calls, "call"), plural(whole.errors, "error"));
        out.extend_from_slice(format!("{calls}, {errors}. ").as_bytes());
        match &whole.incomplete {
            None => out.extend_from_slice(b"The recording is complete."),
            Some(reason) => {
                out.extend_from_slice(b"The recording is incomplete: ");
                escaped(out, reason.as_bytes());
                out.push(b'.');
            }
        }
        out.extend_from_slice(b"</p>\n");
        if let Some(rows) = &whole.rows {
            statistics(out, rows, self.spread);
        }
        out.extend_from_slice(b"</main>\n</body>\n</html>\n");
    }
}

/// The register as other forms have it, and what it means for a call that failed; else strace's text.
fn result(out: &mut Vec<u8>, cells: &Cells) {
    if !cells.failed {
        return cell(out, "result", &cells.outcome);
    }
    out.extend_from_slice(b"<td class=\"result-error\">");
    digits::signed(out, cells.result.unwrap_or(-1));
    // Behind the -1 or ? of strace stands the name of the error.
    let named = cells.outcome.iter().position(|byte| *byte == b' ').map_or(0, |at| at + 1);
    out.push(b' ');
    escaped(out, cells.outcome.get(named..).unwrap_or_default());
    out.extend_from_slice(b"</td>");
}

fn statistics(out: &mut Vec<u8>, rows: &[Row], spread: bool) {
    let sum = |of: fn(&Row) -> u64| rows.iter().map(of).fold(0, u64::saturating_add);
    let (total_ns, calls, errors) = (sum(|row| row.total_ns), sum(|row| row.calls), sum(|row| row.errors));
    out.extend_from_slice(b"<h2>Calls by name</h2>\n<table class=\"stats-table\">\n<thead>\n<tr>");
    let base = ["% time", "seconds", "usecs/call", "calls", "errors"];
    let spread_names = NAMES.iter().copied().filter(|_| spread);
    heads(out, base.into_iter().chain(spread_names).chain(["syscall"]));
    out.extend_from_slice(b"</tr>\n</thead>\n<tbody>\n");
    for row in rows {
        let part = share(row.total_ns, total_ns);
        let values = row.spread_values().map(|values| values.map(|value| value.to_string()));
        numbers(out, part, row.total_ns, row.calls, row.errors);
        for column in (0..NAMES.len()).filter(|_| spread) {
            let value = values.as_ref().and_then(|values| values.get(column));
            cell(out, "spread", value.map(String::as_bytes).unwrap_or_default());
        }
        cell(out, "syscall", row.name.as_bytes());
        out.extend_from_slice(b"</tr>\n");
    }
    out.extend_from_slice(b"</tbody>\n<tfoot>\n");
    numbers(out, if rows.is_empty() { 0 } else { 10_000 }, total_ns, calls, errors);
    (0..NAMES.len()).filter(|_| spread).for_each(|_| cell(out, "spread", b""));
    cell(out, "syscall", b"total");
    out.extend_from_slice(b"</tr>\n</tfoot>\n</table>\n");
}

fn numbers(out: &mut Vec<u8>, share: u64, total_ns: u64, calls: u64, errors: u64) {
    let micros = (u128::from(total_ns) + 500) / 1000;
    out.extend_from_slice(b"<tr>");
    let errors = if errors == 0 { String::new() } else { errors.to_string() };
    for text in [
        format!("{}.{:02}", share / 100, share % 100),
        format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000),
        (total_ns / calls.max(1) / 1000).to_string(),
        calls.to_string(),
        errors,
    ] {
        cell(out, "number", text.as_bytes());
    }
}

fn heads<'n>(out: &mut Vec<u8>, names: impl Iterator<Item = &'n str>) {
    for name in names {
        out.extend_from_slice(b"<th scope=\"col\">");
        escaped(out, name.as_bytes());
        out.extend_from_slice(b"</th>");
    }
}

fn cell(out: &mut Vec<u8>, class: &str, text: &[u8]) {
    out.extend_from_slice(b"<td class=\"");
    out.extend_from_slice(class.as_bytes());
    out.extend_from_slice(b"\">");
    escaped(out, text);
    out.extend_from_slice(b"</td>");
}

fn plural(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// Appends bytes as text of the page: valid UTF-8 as it is but for what HTML or a reader of it would obey.
fn escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '&' => out.extend_from_slice(b"&amp;"),
                '<' => out.extend_from_slice(b"&lt;"),
                '>' => out.extend_from_slice(b"&gt;"),
                '"' => out.extend_from_slice(b"&quot;"),
                '\'' => out.extend_from_slice(b"&#39;"),
                ' '..='~' => out.push(character as u8),
                character if is_obeyed(character) => out.extend(character.escape_unicode().map(|c| c as u8)),
                character => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        for byte in chunk.invalid() {
            out.extend_from_slice(b"\\x");
            digits::hex_zeros(out, u64::from(*byte), 2);
        }
    }
}

/// Controls, what turns the direction of text, and what HTML forbids.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || (character as u32) & 0xfffe == 0xfffe
        || matches!(character, '\u{fdd0}'..='\u{fdef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        escaped(&mut out, bytes);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn no_text_becomes_an_element_or_a_control() {
        assert_eq!(text(b"<b onload='x'>&\"</td>"), "&lt;b onload=&#39;x&#39;&gt;&amp;&quot;&lt;/td&gt;");
        assert_eq!(
            text("h\u{e4}\u{202e}\0\n\u{85}\u{ffff}".as_bytes()),
            "h\u{e4}\\u{202e}\\u{0}\\u{a}\\u{85}\\u{ffff}"
        );
        assert_eq!(text(b"\xff<"), "\\xff&lt;");
    }
}
