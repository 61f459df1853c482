//! Profiles: where the time of a run went, as files of the perf.json family.
//!
//! In: the events of a run, by a sink. Out: its timeline, which `report` turns into documents, and the files.
//!
//! | file | its question |
//! |---|---|
//! | `settings` | what was asked for, by whom |
//! | `gather/` | what was seen of each task |
//! | `names` | which functions a stack shows |
//! | `functions` | which functions are traced by probes |
//! | `facts` | what is known of the run beside its timeline |
//! | `artefacts` | which files are written, which removed |
//! | `run` | all of it, around one run |
//! | `stored` | the same of a run that was recorded |

mod artefacts;
mod facts;
pub mod functions;
mod gather;
mod names;
mod run;
mod settings;
mod stored;

pub use run::{Profiling, ending};
pub use settings::{Settings, effective};
pub use stored::of_recording;
