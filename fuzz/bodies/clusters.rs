//! Files of clusters: any text is groups of calls or a complaint that can be printed.

use syscalls::Abi;

/// Reads it, and asks each cluster for calls and descriptors.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match assertions::Clusters::read("clusters.toml", text) {
        Ok(read) => {
            assert!(!read.clusters.is_empty(), "no cluster, and no complaint");
            for cluster in &read.clusters {
                assert!((0.0..=1.0).contains(&cluster.threshold), "{}", cluster.threshold);
                for nr in [0, 59, 257, u64::MAX] {
                    let _ = cluster.calls.takes(Abi::X86_64, nr);
                }
                if let Some(path) = &cluster.fd_path {
                    let _ = path.takes(b"/dev/null") || path.takes(b"") || path.takes(bytes);
                }
            }
        }
        Err(bad) => assert!(!bad.to_string().is_empty()),
    }
}
