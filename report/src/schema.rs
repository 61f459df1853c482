//! The JSON Schemas of what this crate writes.

/// The JSON Schema of a format by the name that `chic-trace schema` takes.
pub fn schema(name: &str) -> Option<&'static str> {
    SCHEMAS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names that [`schema`] knows.
pub fn names() -> impl Iterator<Item = &'static str> {
    SCHEMAS.iter().map(|(name, _)| *name)
}

const SCHEMAS: &[(&str, &str)] = &[("renacer-json", include_str!("../../schemas/renacer-json-v1.schema.json"))];
