//! Sets as they are written on a command line: words between commas, `!` for all but these.
//!
//! If the first word has `!`, all that follow are excluded too (`!close,read`), as in strace; a `!`
//! further on excludes its own word only (`file,!close`). What is excluded wins. A word between
//! slashes is a pattern and may hold commas.

/// One word of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    /// Left out rather than taken in.
    pub excluded: bool,
    /// Marked by `?`: no error if it is unknown.
    pub optional: bool,
    /// The word without its marks.
    pub word: &'a str,
}

/// The words of a set, in order. Words may be empty: what that means is for the caller to say.
pub(crate) fn elements(text: &str) -> Vec<Element<'_>> {
    let mut found = Vec::new();
    let mut all_excluded = false;
    let mut rest = Some(text);
    while let Some(text) = rest {
        let (element, after) = first(text);
        if found.is_empty() {
            all_excluded = element.excluded;
        }
        found.push(Element { excluded: element.excluded || all_excluded, ..element });
        rest = after;
    }
    found
}

/// The first word, and what follows its comma.
fn first(text: &str) -> (Element<'_>, Option<&str>) {
    let mut start = text.trim_start();
    let (mut excluded, mut optional) = (false, false);
    loop {
        if let Some(after) = start.strip_prefix('!').filter(|_| !excluded) {
            (excluded, start) = (true, after.trim_start());
        } else if let Some(after) = start.strip_prefix('?').filter(|_| !optional) {
            (optional, start) = (true, after.trim_start());
        } else {
            break;
        }
    }
    let end = pattern_end(start).or_else(|| start.find(','));
    let (word, after) = match end {
        Some(end) => (start.get(..end).unwrap_or(start), start.get(end + 1..)),
        None => (start, None),
    };
    (Element { excluded, optional, word: word.trim() }, after)
}

/// Where the comma behind a pattern `/…/` stands, or the end. `None` if `text` does not begin with a
/// pattern that has a closing slash: strace's own form `/regex` has none and ends at its first comma.
fn pattern_end(text: &str) -> Option<usize> {
    let body = text.strip_prefix('/')?;
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        if c == '/' && !escaped {
            let after = body.get(at + 1..)?;
            let end = after.find(',').unwrap_or(after.len());
            let tail = after.get(..end)?.trim();
            if tail.is_empty() || tail.starts_with('@') {
                return Some(1 + at + 1 + end);
            }
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Vec<String> {
        elements(text)
            .iter()
            .map(|e| format!("{}{}{}", if e.excluded { "-" } else { "+" }, if e.optional { "?" } else { "" }, e.word))
            .collect()
    }

    #[test]
    fn a_leading_mark_excludes_all_that_follow() {
        assert_eq!(written("!close,read"), ["-close", "-read"]);
        assert_eq!(written("!close, !read"), ["-close", "-read"]);
        assert_eq!(written("file,!close,read"), ["+file", "-close", "+read"]);
    }

    #[test]
    fn blanks_and_optional_words() {
        assert_eq!(written(" read , ?new , ! ?old "), ["+read", "+?new", "-?old"]);
        assert_eq!(written(""), ["+"]);
        assert_eq!(written("a,,b,"), ["+a", "+", "+b", "+"]);
        assert_eq!(written("!"), ["-"]);
    }

    #[test]
    fn patterns_hold_commas_and_end_at_their_slash() {
        assert_eq!(written("/a{1,2}b/,read"), ["+/a{1,2}b/", "+read"]);
        assert_eq!(written("!/a,b/@64,read"), ["-/a,b/@64", "-read"]);
        assert_eq!(written(r"/a\/,b/"), [r"+/a\/,b/"]);
        assert_eq!(written("/^read,/^write"), ["+/^read", "+/^write"]);
        assert_eq!(written("/"), ["+/"]);
    }
}
