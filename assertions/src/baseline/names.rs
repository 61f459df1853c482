//! Names: under which files the runs of each workload are kept.

use std::collections::BTreeMap;

/// Bytes that a name may have before it is cut and told apart by its hash.
const MOST: usize = 200;

/// A name for each workload, none twice. Those that would be the same, hidden, empty or too long get a part of their
/// hash, whatever order they come in.
pub fn names(workloads: &[String]) -> Vec<String> {
    let plain: Vec<String> = workloads.iter().map(|workload| plain(workload.trim_start_matches("./"))).collect();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    plain.iter().for_each(|name| *seen.entry(name).or_insert(0) += 1);
    let name = |(workload, plain): (&String, &String)| {
        let alone = seen.get(plain.as_str()) == Some(&1);
        if alone && !plain.is_empty() && !plain.starts_with('.') && plain.len() <= MOST {
            return plain.clone();
        }
        let hash: String = blake3::hash(workload.as_bytes()).to_hex().chars().take(8).collect();
        let shown = match plain.strip_prefix('.') {
            Some(rest) => format!("_{rest}"),
            None => plain.clone(),
        };
        let end = (0..=MOST.min(shown.len())).rev().find(|end| shown.is_char_boundary(*end)).unwrap_or(0);
        format!("{}.{hash}", shown.get(..end).unwrap_or_default())
    };
    workloads.iter().zip(&plain).map(name).collect()
}

/// The names that Wasmoon gives; an error is two workloads that have the same.
pub fn original_names(workloads: &[String]) -> Result<Vec<String>, [String; 2]> {
    let names: Vec<String> = workloads.iter().map(|workload| plain(workload)).collect();
    let mut seen: BTreeMap<&str, &String> = BTreeMap::new();
    for (name, workload) in names.iter().zip(workloads) {
        if let Some(other) = seen.insert(name, workload) {
            return Err([other.clone(), workload.clone()]);
        }
    }
    Ok(names)
}

fn plain(workload: &str) -> String {
    workload.replace(['/', '\\'], "__")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(workloads: &[&str]) -> Vec<String> {
        names(&workloads.iter().map(|workload| workload.to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn no_two_workloads_have_one_name() {
        assert_eq!(of(&["a/b.wasm", "./c.wasm", "d\\e"]), ["a__b.wasm", "c.wasm", "d__e"]);
        let both = of(&["a/b", "a__b", "x"]);
        assert!(both[0] != both[1] && both.iter().take(2).all(|name| name.starts_with("a__b.")), "{both:?}");
        assert_eq!(of(&["x", "a__b", "a/b"]).last(), both.first(), "whatever the order");
        assert!(of(&["c", "./c"]).iter().all(|name| name.len() == 10 && name.starts_with("c.")));
    }

    #[test]
    fn names_are_seen_and_short() {
        let hidden = of(&[".hidden", "", &"é".repeat(150)]);
        assert!(hidden[0].starts_with("_hidden.") && hidden[1].starts_with('.') && hidden[1].len() == 9, "{hidden:?}");
        assert!(hidden[2].len() == 209, "{}", hidden[2].len());
        let original = |words: &[&str]| original_names(&words.iter().map(|word| word.to_string()).collect::<Vec<_>>());
        assert_eq!(original(&["./c.wasm"]), Ok(vec![".__c.wasm".to_owned()]));
        assert_eq!(original(&["a/b", "a__b"]), Err(["a/b".to_owned(), "a__b".to_owned()]));
    }
}
