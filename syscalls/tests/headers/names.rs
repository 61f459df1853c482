//! The tables of names against the headers that they come from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use syscalls::ioctl;
use syscalls::names::{self, Names};

use super::compiler::{preprocessed, run_what_compiles};

/// Differences that are right: the number a 64-bit program passes is not the one the header gives.
const EXCEPTIONS: &[&str] = &[
    // glibc maps them to the plain commands; these are the numbers of 32-bit programs.
    "F_GETLK64",
    "F_SETLK64",
    "F_SETLKW64",
    // 0 in the library's headers, since 64-bit programs need not ask.
    "O_LARGEFILE",
];

/// Ends of names that count or cut something instead of being a value.
const NO_VALUES: [&str; 10] = ["_MAX", "_LAST", "_END", "_MASK", "_SHIFT", "_BITS", "_SIZE", "_VALID", "_NR", "_COUNT"];

/// What the comparison found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Names that a header has with our value.
    pub checked: usize,
    /// Names that a header has with another one.
    pub wrong: Vec<String>,
    /// Names that none of their headers has, by table: ours are newer, or only the kernel's source has them.
    pub absent: Vec<String>,
    /// Names of the headers that none of our tables has, as rows, by header.
    pub further: Vec<String>,
}

/// What a header gives to names.
type Values = BTreeMap<String, u64>;

/// Compares all tables with the headers below `root`, or those of this machine. `None` without a compiler.
pub fn compare(root: Option<&Path>) -> Option<Findings> {
    let mut headers: BTreeMap<&str, Vec<&Names>> = BTreeMap::new();
    for table in names::tables() {
        for header in table.headers.iter().filter(|header| !is_of_the_source(header)) {
            headers.entry(header).or_default().push(table);
        }
    }
    let seen = ask(headers.keys().copied(), |header| values(header, root, &headers[header]))?;
    let mut found = findings(&headers, &seen);
    requests(&ask(ioctl::HEADERS.iter().copied(), |header| request_values(header, root))?, &mut found);
    Some(found)
}

/// Asks all headers, as many at once as there are processors.
fn ask<'h>(
    headers: impl Iterator<Item = &'h str> + Send,
    values: impl Fn(&'h str) -> Option<Values> + Sync,
) -> Option<BTreeMap<&'h str, Values>> {
    let queue = Mutex::new(headers);
    let seen = Mutex::new(vec![]);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("no panic").next();
                    let Some(header) = next else { return };
                    let values = values(header);
                    seen.lock().expect("no panic").push((header, values));
                }
            });
        }
    });
    seen.into_inner().expect("no panic").into_iter().map(|(header, values)| Some((header, values?))).collect()
}

/// The requests of a header, and whatever it gives one of our names to.
fn request_values(header: &str, root: Option<&Path>) -> Option<Values> {
    let text = preprocessed(header, root)?;
    let is_request = |value: &str| ["_IO(", "_IOR(", "_IOW(", "_IOWR("].iter().any(|begin| value.starts_with(begin));
    let definitions = text.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    let theirs = definitions.filter(|(name, value)| {
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && (is_request(value.trim_start_matches('(').trim()) || request_of(name).is_some())
    });
    let wanted: BTreeSet<&str> = theirs.map(|(name, _)| name).collect();
    evaluate(header, root, wanted.into_iter().map(str::to_owned).collect())
}

/// The request of this name; where two drivers took one number, both names stand there.
fn request_of(name: &str) -> Option<u64> {
    ioctl::all().find(|row| row.1.split(" or ").any(|own| own == name)).map(|row| u64::from(row.0))
}

fn requests(seen: &BTreeMap<&str, Values>, found: &mut Findings) {
    let mut named = BTreeSet::new();
    for (header, values) in seen {
        let mut further = vec![];
        for (name, theirs) in values {
            match request_of(name) {
                Some(ours) if is_same(ours, *theirs) => {
                    named.insert(name);
                    found.checked += 1;
                }
                Some(ours) => found.wrong.push(format!("ioctl: {name} is {ours:#x} here, {theirs:#x} in {header}")),
                None if ioctl::name(*theirs as u32).is_none() => further.push(format!("{theirs:#x} {name}")),
                None => {}
            }
        }
        if !further.is_empty() {
            found.further.push(format!("{header}: {}", further.join(", ")));
        }
    }
    let all = ioctl::all().flat_map(|row| row.1.split(" or "));
    let absent: Vec<&str> = all.filter(|name| !named.iter().any(|seen| seen == name)).collect();
    if !absent.is_empty() {
        found.absent.push(format!("ioctl: {}", absent.join(" ")));
    }
}

/// Not installed: only the kernel itself includes it.
fn is_of_the_source(header: &str) -> bool {
    header.starts_with("include/")
}

/// The values that a header gives to the names of these tables, and to those like them.
fn values(header: &str, root: Option<&Path>, tables: &[&Names]) -> Option<Values> {
    let text = preprocessed(header, root)?;
    let ours = tables.iter().flat_map(|table| table.rows).map(|row| row.1.to_owned());
    let like = constants(&text).filter(|name| tables.iter().any(|table| is_like(table, name))).map(str::to_owned);
    let wanted: BTreeSet<String> = ours.chain(like).collect();
    evaluate(header, root, wanted.into_iter().collect())
}

/// The values of those names that stand for a number.
fn evaluate(header: &str, root: Option<&Path>, names: Vec<String>) -> Option<Values> {
    let (printed, _) = run_what_compiles(header, root, &[header], names, |name| {
        // A label must be an integer: text has no value here.
        format!("printf(\"{name} %llu\\n\", (unsigned long long)({name})); switch (0) {{ case ({name}):; }}")
    })?;
    let pairs = printed.lines().filter_map(|line| line.split_once(' '));
    Some(pairs.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect())
}

/// Is this a name as those of the table are, by how they begin?
fn is_like(table: &Names, name: &str) -> bool {
    let (prefix, rest) = table.unknown.split_once("??").unwrap_or((table.unknown, ""));
    prefix.len() > 2
        && prefix.ends_with('_')
        && rest.trim_start_matches('?').is_empty()
        && name.starts_with(prefix)
        && !NO_VALUES.iter().any(|end| name.ends_with(end))
}

/// Macros without arguments, and enumerators.
fn constants(text: &str) -> impl Iterator<Item = &str> {
    let macros = text.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' ').map(|pair| pair.0));
    let bodies = text.split("enum").skip(1).filter_map(|rest| {
        let (head, behind) = rest.split_once('{')?;
        (!head.contains([';', '(', ')'])).then(|| behind.split('}').next().unwrap_or_default())
    });
    let entries = bodies.flat_map(|body| body.lines().filter(|line| !line.starts_with('#')));
    let enumerators = entries.flat_map(|line| line.split(',')).filter_map(|entry| {
        let name = entry.trim().split([' ', '=']).next()?;
        name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_').then_some(name)
    });
    macros.filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')).chain(enumerators)
}

fn findings(headers: &BTreeMap<&str, Vec<&Names>>, seen: &BTreeMap<&str, Values>) -> Findings {
    let mut found = Findings::default();
    for table in names::tables() {
        let values = |name: &str| {
            let of = |header: &&'static str| Some((*header, *seen.get(header)?.get(name)?));
            table.headers.iter().filter_map(of).collect::<Vec<_>>()
        };
        let mut absent = vec![];
        for (value, name) in table.rows.iter().filter(|row| !EXCEPTIONS.contains(&row.1)) {
            let theirs = values(name);
            for (header, theirs) in &theirs {
                if is_same(*value, *theirs) {
                    found.checked += 1;
                } else {
                    found.wrong.push(format!("{}: {name} is {value:#x} here, {theirs:#x} in {header}", table.title));
                }
            }
            if theirs.is_empty() {
                absent.push(*name);
            }
        }
        if !absent.is_empty() {
            found.absent.push(format!("{}: {}", table.title, absent.join(" ")));
        }
    }
    for (header, tables) in headers {
        let known = |name: &str| names::tables().any(|table| table.rows.iter().any(|row| row.1 == name));
        // Another name of a value that has one says nothing.
        let named = |name: &str, value: u64| {
            tables
                .iter()
                .filter(|table| is_like(table, name))
                .all(|table| table.rows.iter().any(|row| is_same(row.0, value)))
        };
        let further =
            seen.get(header).into_iter().flatten().filter(|(name, value)| !known(name) && !named(name, **value));
        let rows: Vec<String> = further.map(|(name, value)| format!("{value:#x} {name}")).collect();
        if !rows.is_empty() {
            found.further.push(format!("{header}: {}", rows.join(", ")));
        }
    }
    found
}

/// An `int` below 0 is held as its 32 bits.
fn is_same(ours: u64, theirs: u64) -> bool {
    theirs == ours || (theirs as u32 == ours as u32 && (theirs as i64) < 0)
}
