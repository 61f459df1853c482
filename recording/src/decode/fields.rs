//! Fields of a structure by its layout.

use syscalls::layout::{Field, FieldKind, Layout};

use super::word;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// A signed number.
    Signed(i64),
    /// An unsigned number, a set of flags, an address.
    Unsigned(u64),
    /// Text without the NUL bytes behind it.
    Text(&'a [u8]),
    /// Anything else: an array, a structure inside.
    Bytes(&'a [u8]),
}

impl Value<'_> {
    /// The number, sign-extended to 64 bits; `None` for what is no number.
    pub fn number(self) -> Option<u64> {
        match self {
            Value::Signed(value) => Some(value as u64),
            Value::Unsigned(value) => Some(value),
            Value::Text(_) | Value::Bytes(_) => None,
        }
    }
}

/// The fields of which all bytes are there, in the order of the layout.
pub fn fields<'a>(
    layout: &'static Layout,
    bytes: &'a [u8],
) -> impl Iterator<Item = (&'static Field, Value<'a>)> + use<'a> {
    layout.fields.iter().filter_map(|field| Some((field, value(field, bytes)?)))
}

/// One field by its C name; of a structure inside by `it_value.tv_sec`.
pub fn field<'a>(layout: &'static Layout, bytes: &'a [u8], name: &str) -> Option<Value<'a>> {
    let (first, inner) = name.split_once('.').map_or((name, None), |(first, inner)| (first, Some(inner)));
    let known = layout.fields.iter().find(|field| field.name == first)?;
    match (inner, known.kind) {
        (None, _) => value(known, bytes),
        (Some(inner), FieldKind::Nested(nested)) => field(nested, part(known, bytes)?, inner),
        (Some(_), _) => None,
    }
}

/// One field that is a number.
pub fn number(layout: &'static Layout, bytes: &[u8], name: &str) -> Option<u64> {
    field(layout, bytes, name)?.number()
}

fn part<'a>(field: &Field, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let at = field.at as usize;
    bytes.get(at..at.checked_add(field.width as usize)?)
}

fn value<'a>(field: &Field, bytes: &'a [u8]) -> Option<Value<'a>> {
    let part = part(field, bytes)?;
    Some(match field.kind {
        FieldKind::Text => Value::Text(part.split(|byte| *byte == 0).next().unwrap_or_default()),
        FieldKind::Nested(_) | FieldKind::Array(_) | FieldKind::Bytes => Value::Bytes(part),
        _ if part.len() > 8 => Value::Bytes(part),
        FieldKind::Int | FieldKind::Fd | FieldKind::Signal => Value::Signed(signed(part)?),
        _ => Value::Unsigned(word(part, 0, part.len())?),
    })
}

fn signed(part: &[u8]) -> Option<i64> {
    let unused = 64 - 8 * u32::try_from(part.len()).ok()?;
    let raw = word(part, 0, part.len())?;
    Some((raw.checked_shl(unused)? as i64) >> unused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use syscalls::layout::{ITIMERSPEC, POLLFD, STAT};

    #[test]
    fn fields_are_found_by_name_also_inside() {
        let mut spec = [0; 32];
        spec[16] = 7;
        spec[24..32].copy_from_slice(&(-1i64).to_le_bytes());
        assert_eq!(number(&ITIMERSPEC, &spec, "it_value.tv_sec"), Some(7));
        assert_eq!(field(&ITIMERSPEC, &spec, "it_value.tv_nsec"), Some(Value::Signed(-1)));
        assert_eq!(field(&ITIMERSPEC, &spec, "it_value"), Some(Value::Bytes(&spec[16..])));
        assert_eq!(field(&ITIMERSPEC, &spec, "it_other.tv_sec"), None);
        assert_eq!(field(&ITIMERSPEC, &spec, "it_value.tv_sec.more"), None);
    }

    #[test]
    fn a_short_structure_has_the_fields_that_fit() {
        let poll = [0xff, 0xff, 0xff, 0xff, 1, 0];
        let known: Vec<_> = fields(&POLLFD, &poll).map(|(field, value)| (field.name, value)).collect();
        assert_eq!(known, [("fd", Value::Signed(-1)), ("events", Value::Unsigned(1))]);
        assert_eq!(number(&STAT, &[], "st_size"), None);
    }
}
