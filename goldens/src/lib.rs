//! Same? Is this run the same as the accepted ones?
//!
//! In: recordings, live or stored, through `recording::Sink`. Out: a golden that a person can review,
//! and a verdict: `same`, or what is different, in a sentence each. No score and no tolerance.
//! Times and costs are not judged here; see `assertions`.
#![forbid(unsafe_code)]

mod compare;
mod content;
pub mod document;
mod explain;
mod facet;
mod finding;
mod first;
mod form;
mod golden;
mod happens;
mod learn;
mod lower;
mod masks;
mod model;
mod name;
mod options;
mod pattern;
mod project;
mod rename;
pub mod run;
mod scrub;
mod shape;
mod show;
mod store;
mod value;
mod verdict;

pub use first::{
    BadGolden, Check, Code, Exit, Finding, Gap, Golden, LeftOut, Observer, Process, Refused, Run, RunProcess, RunTask,
    Runner, Shape, Step, Task, Verdict, check, compare, json, learn, text,
};
pub use name::valid_name;

// The pipeline that takes the place of `first`, as it grows.
pub mod pipeline {
    //! The parts of the pipeline: `pair → resolve` (in `recording`) `→ scrub → lower → rename → facet → project
    //! → learn | compare → explain`.
    pub use crate::content::{Content, Contents, Hash};
    pub use crate::explain::explain_code;
    pub use crate::finding::{Code, Confirmed, Finding, Severity};
    pub use crate::form::{Call, Form, FormEnd, FormProcess, FormStep, FormStream, FormThread, MachineClass, NodeRef};
    pub use crate::golden::{
        Allow, Asserted, BadContent, BadGolden, CallLine, Class, DurabilityRule, End, EndKind, ExitRule, FactRule,
        Golden, Header, Limits, Mask, MaskAs, MaskWhere, Number, OrderEdge, Presence, ProcLine, ShapeLine, Stdin,
        StepRef, Stream, ThreadStream, Why,
    };
    pub use crate::learn::{HeaderFacts, Learned, NeverMasked, Outlier, Refused, allowable, join, learn};
    pub use crate::model::{
        Arg, Durability, Exit, Fact, Gap, Input, InputKind, Level, ObjectKind, ObjectRef, Platform, ProcKey, Step,
        Verb, VerbClass,
    };
    pub use crate::options::{Options, ProcessRule, RootRule, StderrRule};
    pub use crate::project::forms;
    pub use crate::run::{Observer, Run};
    pub use crate::show::{Report, json, junit, text};
    pub use crate::store::{KEPT, Store, StoreError, folder, valid_full_name, waiting};
    pub use crate::value::Value;
    pub use crate::verdict::{Comparison, Verdict, compare, diff};
}
