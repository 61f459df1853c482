//! Payloads of documents of ours: the bytes that a string can't say.

use std::borrow::Cow;

use super::call::Content;
use super::json::{Node, Value};
use super::shape::{Shaped, said, uint, unfit};

/// The content of argument `arg` that `payloads` holds.
pub(super) type Payload = (u64, Content<'static>);

/// Reads `payloads`: entries of whole arguments. Those of elements of vectors belong to no string.
pub(super) fn read(node: &Node<'_>) -> Shaped<Vec<Payload>> {
    let Value::Array(entries) = &node.value else { return Err(unfit(node, "/payloads", "array")) };
    let mut payloads = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let pointer = format!("/payloads/{index}");
        if let Some(payload) = one(entry, &pointer)? {
            payloads.push(payload);
        }
    }
    Ok(payloads)
}

fn one(entry: &Node<'_>, pointer: &str) -> Shaped<Option<Payload>> {
    let Value::Object(members) = &entry.value else { return Err(unfit(entry, pointer, "object")) };
    let find = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, node)| node);
    if find("element").is_some() {
        return Ok(None);
    }
    let number = |name: &str| match find(name) {
        Some(node) => uint(node, &format!("{pointer}/{name}")).map(Option::unwrap_or_default),
        None => Err(said(entry.at, pointer.to_owned(), format!("`{name}` is missing"))),
    };
    let (arg, len, kept) = (number("arg")?, number("len")?, number("kept")?);
    let bytes = match find("base64").map(|node| &node.value) {
        Some(Value::Text(text)) => base64(text),
        _ => None,
    };
    match bytes {
        Some(bytes) if bytes.len() as u64 == kept && kept <= len => {
            Ok(Some((arg, Content { bytes: Cow::Owned(bytes), len })))
        }
        Some(bytes) => {
            let words = format!("`base64` holds {} bytes, `kept` says {kept} and `len` {len}", bytes.len());
            Err(said(entry.at, pointer.to_owned(), words))
        }
        None => Err(said(entry.at, format!("{pointer}/base64"), "no base64 of RFC 4648 with padding".to_owned())),
    }
}

/// Decodes padded base64 (RFC 4648, section 4).
fn base64(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(4) {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3);
    let groups = bytes.len() / 4;
    for (index, group) in bytes.chunks_exact(4).enumerate() {
        let padding = group.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || (padding > 0 && index + 1 < groups) {
            return None;
        }
        let mut bits = 0;
        for byte in group.get(..4 - padding)? {
            bits = bits << 6 | sextet(*byte)?;
        }
        bits <<= 6 * padding;
        let [_, three @ ..] = bits.to_be_bytes();
        out.extend_from_slice(three.get(..3 - padding)?);
    }
    Some(out)
}

fn sextet(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, bytes) in
            [("", &b""[..]), ("Zg==", b"f"), ("Zm8=", b"fo"), ("Zm9v", b"foo"), ("//4AQQ==", b"\xff\xfe\0A")]
        {
            assert_eq!(base64(text).as_deref(), Some(bytes), "{text}");
        }
        for bad in ["Z", "Zg=", "Zg==Zg==", "====", "Z*==", "Zg=g"] {
            assert_eq!(base64(bad), None, "{bad}");
        }
    }
}
