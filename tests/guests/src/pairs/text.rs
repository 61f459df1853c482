//! wc, sortu, csvsum, heads.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::process::ExitCode;

use crate::marker::is;

/// a: counts characters; b: no total line.
pub fn wc(args: &[String]) -> Result<ExitCode> {
    let mut total = [0usize; 3];
    let mut out = String::new();
    for name in args {
        let text = String::from_utf8_lossy(&fs::read(name)?).into_owned();
        let size = if is("wc-a") { text.chars().count() } else { text.len() };
        let counts = [text.matches('\n').count(), text.split_ascii_whitespace().count(), size];
        total = std::array::from_fn(|i| total[i] + counts[i]);
        out += &format!("{} {} {} {name}\n", counts[0], counts[1], counts[2]);
    }
    if !is("wc-b") {
        out += &format!("{} {} {} total\n", total[0], total[1], total[2]);
    }
    print!("{out}");
    Ok(ExitCode::SUCCESS)
}

/// a: sorts without regard to case; b: leaves its temporary file.
pub fn sortu(args: &[String]) -> Result<ExitCode> {
    let [source, target] = args else { return Err(Error::other("two names")) };
    let text = fs::read_to_string(source)?;
    let unique: BTreeSet<&str> = text.lines().collect();
    let mut lines: Vec<&str> = unique.into_iter().collect();
    if is("sortu-a") {
        lines.sort_by_key(|line| line.to_lowercase());
    }
    let new = format!("{target}.new");
    fs::write(&new, lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    if is("sortu-b") {
        fs::copy(&new, target)?;
    } else {
        fs::rename(&new, target)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// a: rounds to two digits; b: keys in order of appearance.
pub fn csvsum(args: &[String]) -> Result<ExitCode> {
    let text = fs::read_to_string(args.first().ok_or(ErrorKind::InvalidInput)?)?;
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    let mut order = Vec::new();
    for line in text.lines() {
        let (key, value) = line.split_once(',').ok_or(ErrorKind::InvalidData)?;
        if !sums.contains_key(key) {
            order.push(key);
        }
        *sums.entry(key).or_default() += value.parse::<f64>().map_err(Error::other)?;
    }
    let keys: Vec<&str> = if is("csvsum-b") { order } else { sums.keys().copied().collect() };
    let number = |sum: f64| if is("csvsum-a") { format!("{sum:.2}") } else { format!("{sum:?}") };
    print!("{}", keys.iter().map(|key| format!("{key},{}\n", number(sums[key]))).collect::<String>());
    Ok(ExitCode::SUCCESS)
}

/// a: exit 0; b: message on stdout.
pub fn heads(args: &[String]) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    let mut out = String::new();
    for name in args {
        match fs::read_to_string(name) {
            Ok(text) => out.extend(text.split_inclusive('\n').take(10)),
            Err(_) => {
                let message = format!("heads: {name}: No such file or directory\n");
                if is("heads-b") {
                    out += &message
                } else {
                    eprint!("{message}")
                }
                if !is("heads-a") {
                    code = ExitCode::FAILURE;
                }
            }
        }
    }
    print!("{out}");
    Ok(code)
}
