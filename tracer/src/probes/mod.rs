//! Probes on functions of programs that nobody changed, by breakpoints of ptrace.
//!
//! In: points (what is counted, and at which instructions). Out: `Tracepoint` events. A breakpoint is `int3` in the first byte
//! of an instruction. It stays there: the instruction runs as a copy in a page that the target has been given
//! (`slot`). Nothing replaces a return address: exits are breakpoints on each `ret` and each jump out of the
//! function, so that unwinders and exceptions find the stack as it is.
//!
//! | file | its question |
//! |---|---|
//! | `find`, `body` | which functions, where they are entered and left |
//! | `usdt` | which probes a program has by itself |
//! | `slot` | how an instruction runs in another place |
//! | `plant` | when an image gets its breakpoints, and loses them |
//! | `hit` | what a task that stops at one is told, and what is told of it |
//! | `open` | which functions a task is in |

mod body;
mod find;
mod hit;
mod open;
mod plant;
mod slot;
pub mod usdt;

use std::collections::HashMap;
use std::rc::Rc;

use recording::event::{Record, TracepointSource};

use crate::sys::Tid;
use crate::sys::ptrace::General;
use crate::task::ByNumber;
use body::Site;
use find::Image;
pub use find::{Found, MOST, Marked, Search, functions, marked, program_of};
use open::Open;
pub(crate) use plant::Freed;

/// What is counted.
#[derive(Debug, Clone)]
pub struct Point {
    /// Its id.
    pub id: u64,
    /// Its label.
    pub label: Vec<u8>,
    /// A function, or a probe that the program has.
    pub source: TracepointSource,
    /// Address of its first instruction in the file.
    pub address: u64,
}

/// What a probe at an instruction says of its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    Enter,
    Exit,
    /// One of its own ends: the stack pointer says nothing.
    Begin,
    End,
}

/// An instruction with a probe.
#[derive(Debug, Clone)]
struct Planned {
    site: Site,
    edges: Vec<(u32, Edge)>,
    /// A jump to one of these is none out of the function.
    body: Option<Rc<body::Body>>,
}

/// Probes of one program.
#[derive(Debug, Clone)]
pub struct Program {
    image: Image,
    points: Vec<Point>,
    sites: Vec<Planned>,
    /// Words of 16 bits that count who listens.
    semaphores: Vec<u64>,
}

impl Program {
    /// None yet, in the file that was searched.
    pub fn of(search: &Search) -> Program {
        Program { image: search.image, points: Vec::new(), sites: Vec::new(), semaphores: Vec::new() }
    }

    /// How many things are counted.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Is nothing counted?
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Counts calls of a function.
    pub fn add_function(&mut self, point: Point, body: &body::Body) {
        let number = self.add_point(point);
        let body = Rc::new(body.clone());
        self.add_site(body.entry, number, Edge::Enter, &body);
        for exit in &body.exits {
            self.add_site(*exit, number, Edge::Exit, &body);
        }
    }

    /// Counts spans between two probes that the program has by itself; false when no breakpoint can stand at one.
    pub fn add_span(&mut self, point: Point, begins: &[&Marked], ends: &[&Marked]) -> bool {
        if begins.iter().chain(ends).any(|marked| marked.site.is_none()) {
            return false;
        }
        let number = self.add_point(point);
        for (marks, edge) in [(begins, Edge::Begin), (ends, Edge::End)] {
            for marked in marks {
                let Some(site) = marked.site else { continue };
                self.plan(site, number, edge, None);
                let new = marked.probe.semaphore.filter(|at| !self.semaphores.contains(at));
                self.semaphores.extend(new);
            }
        }
        true
    }

    fn add_point(&mut self, point: Point) -> u32 {
        self.points.push(point);
        (self.points.len() - 1) as u32
    }

    fn add_site(&mut self, site: Site, number: u32, edge: Edge, body: &Rc<body::Body>) {
        self.plan(site, number, edge, Some(Rc::clone(body)));
    }

    fn plan(&mut self, site: Site, number: u32, edge: Edge, body: Option<Rc<body::Body>>) {
        match self.sites.binary_search_by_key(&site.address, |planned| planned.site.address) {
            // A function is entered before it is left by the same instruction.
            Ok(at) => {
                if let Some(known) = self.sites.get_mut(at) {
                    known.edges.push((number, edge));
                }
            }
            Err(at) => self.sites.insert(at, Planned { site, edges: vec![(number, edge)], body }),
        }
    }
}

/// The probes of a session.
pub(crate) struct Probes {
    program: Rc<Program>,
    images: HashMap<Tid, Planted, ByNumber>,
    tasks: HashMap<Tid, OfTask, ByNumber>,
    rates: Vec<Rate>,
    record: Record,
    words: Vec<[u64; 4]>,
    /// Processes that lost them.
    freed: std::collections::HashSet<Tid, ByNumber>,
    /// When the first image began.
    began: Option<u64>,
    /// What is missing, for the trailer.
    missing: Vec<recording::session::NotMeasured>,
}

/// A process whose image has probes, or will have them.
#[derive(Debug, Clone, Copy)]
enum Planted {
    /// When it begins: where it does, and the byte that stands there.
    Waiting { entry: u64, byte: u8 },
    /// It has them.
    Done { bias: u64, slots: u64 },
}

#[derive(Debug, Clone, Default)]
struct OfTask {
    open: Vec<Open>,
    /// Points that were described in events of this task.
    described: Vec<bool>,
    /// Its registers where it was led back to before signals: the breakpoints there were counted. Handlers may be
    /// interrupted, too.
    counted: Vec<General>,
}

/// How often a point is entered.
#[derive(Debug, Clone, Copy, Default)]
struct Rate {
    since: u64,
    count: u32,
    /// It has no probes from this time on.
    lost: Option<u64>,
}

impl Probes {
    /// Those of this program.
    pub fn new(program: Program) -> Probes {
        Probes {
            rates: vec![Rate::default(); program.points.len()],
            program: Rc::new(program),
            images: HashMap::default(),
            tasks: HashMap::default(),
            record: Record::default(),
            words: Vec::new(),
            freed: Default::default(),
            began: None,
            missing: Vec::new(),
        }
    }

    /// What is missing.
    pub fn not_measured(&self) -> &[recording::session::NotMeasured] {
        &self.missing
    }

    fn miss(&mut self, what: &str, reason: String) {
        self.missing.push(recording::session::NotMeasured { what: what.into(), reason });
    }
}
