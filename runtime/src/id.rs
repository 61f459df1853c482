//! Trace ids: the same number for the same place in every run.

/// First eight bytes, little-endian, of BLAKE3 over function and label, with nothing between them
/// (so that `ab`, `c` and `a`, `bc` share an id).
pub fn trace_id(function: &[u8], label: &[u8]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(function).update(label);
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(hasher.finalize().as_bytes()) {
        *to = *from;
    }
    u64::from_le_bytes(first)
}
