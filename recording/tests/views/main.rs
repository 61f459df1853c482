//! The views, fed with streams as an engine makes them.

mod clock;
mod counts;
mod descriptors;
mod stream;
mod tasks;
