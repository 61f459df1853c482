//! Content: canonical bytes, known by their hash.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// blake3, first 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 16]);

impl Hash {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Hash {
        Hash::of_digest(blake3::hash(bytes).as_bytes())
    }

    /// The first half of a blake3-256.
    pub fn of_digest(digest: &[u8; 32]) -> Hash {
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        Hash(half)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b3:{self}")
    }
}

/// Bytes that several hold; made of a vector without a copy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shared(Arc<Vec<u8>>);

impl Shared {
    /// These, which somebody else holds, too.
    pub fn held(bytes: Arc<Vec<u8>>) -> Shared {
        Shared(bytes)
    }
}

impl Deref for Shared {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<T: Into<Vec<u8>>> From<T> for Shared {
    fn from(bytes: T) -> Shared {
        Shared(Arc::new(bytes.into()))
    }
}

/// Bytes, or only how many and their hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// How many.
    pub len: u64,
    /// Their hash; `None` when the content is not known.
    pub hash: Option<Hash>,
    /// The bytes, where they were kept.
    pub bytes: Option<Shared>,
}

impl Content {
    /// These bytes.
    pub fn known(bytes: impl Into<Vec<u8>>) -> Content {
        Content::of(bytes.into().into())
    }

    /// These bytes, which somebody else holds, too.
    pub fn of(bytes: Shared) -> Content {
        Content { len: bytes.len() as u64, hash: Some(Hash::of(&bytes)), bytes: Some(bytes) }
    }

    /// So many bytes, of which nothing is known.
    pub fn unknown(len: u64) -> Content {
        Content { len, hash: None, bytes: None }
    }
}

/// The bytes behind hashes, as far as they were kept: steps and end entries hold hashes only.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    by_hash: HashMap<Hash, Shared>,
}

impl Contents {
    /// Keeps the bytes of a content.
    pub fn keep(&mut self, content: &Content) {
        if let (Some(hash), Some(bytes)) = (content.hash, &content.bytes) {
            self.by_hash.entry(hash).or_insert_with(|| bytes.clone());
        }
    }

    /// The bytes of this hash.
    pub fn get(&self, hash: Hash) -> Option<&Shared> {
        self.by_hash.get(&hash)
    }
}

#[cfg(test)]
mod tests {
    use super::Hash;

    #[test]
    fn hashes_are_the_published_ones() {
        assert_eq!(Hash::of(b"").to_string(), "af1349b9f5f9a1a6a0404dea36dcc949");
        assert_eq!(Hash::of(b"payload-1234\n").to_string(), "600edbfc3ecb0150ce94d7a6fa1d8287");
        assert_eq!(Hash::of("key=value\n".repeat(40).as_bytes()).to_string(), "f4f0961587a1bef20e565ca1d3df7b01");
    }
}
