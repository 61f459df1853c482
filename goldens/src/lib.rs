//! Same? Is this run the same as the accepted ones?
//!
//! In: recordings, live or stored, through `recording::Sink` ([`Observer`]), handed in by a [`Runner`]. Out: a
//! [`Golden`] that a person can review, and a [`Comparison`]: `same`, or what is different, in a sentence each. No
//! score and no tolerance.
//! Times and costs are not judged here; see `assertions`.
//!
//! `pair → resolve` (in `recording`) `→ scrub → lower → rename → facet → project` make a [`Form`] of a run;
//! `learn` joins forms into a golden, `compare` and `explain` hold forms against one.
#![forbid(unsafe_code)]

mod compare;
mod content;
pub mod document;
mod explain;
mod facet;
mod finding;
mod form;
mod golden;
mod happens;
mod inputs;
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
mod runner;
mod scrub;
mod shape;
mod show;
mod store;
mod value;
mod verdict;

pub use content::{Content, Contents, Hash};
pub use explain::explain_code;
pub use finding::{Code, Confirmed, Finding, Severity};
pub use form::{Call, Form, FormEnd, FormProcess, FormStep, FormStream, FormThread, MachineClass, NodeRef};
pub use golden::{
    Allow, Asserted, BadContent, BadGolden, CallLine, Class, DurabilityRule, End, EndKind, ExitRule, FactRule, Golden,
    Header, Limits, Mask, MaskAs, MaskWhere, Number, OrderEdge, Presence, ProcLine, ShapeLine, Stdin, StepRef, Stream,
    ThreadStream, Why,
};
pub use learn::{HeaderFacts, Learned, NeverMasked, Outlier, Refused, allowable, join, learn};
pub use model::{
    Arg, Durability, Exit, Fact, Gap, Input, InputKind, Level, ObjectKind, ObjectRef, Platform, ProcKey, Step, Verb,
    VerbClass,
};
pub use name::valid_name;
pub use options::{Options, ProcessRule, RootRule, StderrRule};
pub use project::forms;
pub use run::{Observer, Run};
pub use runner::{NotLearned, Runner, Runs, check, hold_against, learn_from};
pub use show::{Report, json, junit, text, xml_text};
pub use store::{KEPT, Store, StoreError, folder, valid_full_name, waiting};
pub use value::Value;
pub use verdict::{Comparison, Verdict, compare, compare_goldens, diff};
