//! Profiles: where the time of a run went, as files of the perf.json family.
//!
//! In: what was seen of a run. Out: its timeline, which `report` turns into documents, and the files.
//!
//! | file | its question |
//! |---|---|
//! | `settings` | what was asked for, by whom |
//! | `gather` | what was seen of each task |
//! | `names` | which functions a stack shows |
//! | `facts` | what is known of the run beside its timeline |
//! | `artefacts` | which files are written, which removed |

mod artefacts;
mod facts;
mod gather;
mod names;
mod settings;

pub use artefacts::{Artefacts, remove};
pub use facts::Facts;
pub use gather::Gather;
pub use names::Names;
pub use settings::{Settings, Stacks, effective};
