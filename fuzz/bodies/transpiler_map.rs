//! `--transpiler-map`: any bytes are a map or a complaint, and a map answers for every line and function.

use report::transpiler_map::TranspilerMap;

/// Reads it, and asks it for places.
pub fn check(bytes: &[u8]) {
    match TranspilerMap::parse(bytes) {
        Ok(map) => {
            assert!(map.generated(&map.generated_file), "a file is not itself");
            for line in [0, 1, 192, u32::MAX] {
                for function in [None, Some("main"), Some("a::helper"), Some("")] {
                    let _ = map.original(line, function);
                }
            }
        }
        Err(bad) => assert!(!bad.is_empty()),
    }
}
