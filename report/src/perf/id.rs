//! Ids of tracepoints.

/// The id of a tracepoint: the first 8 bytes, little-endian, of BLAKE3 over the function and the label, with nothing
/// between them. Two pairs whose texts joined are equal have one id, as in Chic.
pub fn trace_id(function: &[u8], label: &[u8]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(function).update(label);
    let hash = hasher.finalize();
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
