//! The nearest known word, for messages about unknown ones.

/// The candidate that `word` was probably meant to be: the one with the fewest letters added, left
/// out, replaced or swapped, if these are at most a third of the word's length, and two for short words.
/// Among equals the first wins.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(2).min(word.chars().count().saturating_sub(1));
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        // Words of very different length can't be near; this also bounds the work on hostile input.
        if candidate.len().abs_diff(word.len()) > limit * 4 {
            continue;
        }
        let distance = strsim::damerau_levenshtein(word, candidate);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn typos_find_their_word_and_strangers_do_not() {
        let words = ["record", "report", "golden", "config"];
        for (word, near) in [
            ("recrod", Some("record")),
            ("reprot", Some("report")),
            ("goldn", Some("golden")),
            ("ls", None),
            ("x", None),
            ("", None),
            ("cat", None),
            ("konfik", Some("config")),
        ] {
            assert_eq!(nearest(word, words), near, "{word}");
        }
    }
}
