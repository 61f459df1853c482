//! Resolving, fed with streams as an engine makes them: what is told of each call, and the tables.

mod attempts;
mod descriptors;
mod files;
mod gaps;
mod hostile;
mod moves;
mod names;
#[path = "../random/mod.rs"]
mod random;
mod scene;
mod sockets;
mod tasks;
