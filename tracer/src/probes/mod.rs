//! Probes on functions of programs that nobody changed.
//!
//! In: points (what is counted, and at which instructions). Out: `Tracepoint` events. Nothing replaces a return address: exits
//! are probes on each `ret` and each jump out of the function, so that unwinders and exceptions find the stack as it is.
//!
//! Breakpoints of ptrace need no privilege. One is `int3` in the first byte of an instruction. It stays there: the instruction
//! runs as a copy in a page that the target has been given (`slot`). The kernel's own probes (`uprobes`) stop nobody.
//!
//! | file | its question |
//! |---|---|
//! | `find`, `body` | which functions, where they are entered and left |
//! | `usdt` | which probes a program has by itself |
//! | `chic` | where programs that Chic built tell their own runtime of their tracepoints |
//! | `slot` | how an instruction runs in another place |
//! | `plant` | when an image gets its breakpoints, and loses them |
//! | `hit` | where a task that stops at one goes on |
//! | `uprobes/` | what the kernel's probes can stand at, how they are defined, what it tells of their hits |
//! | `tell` | what is told of a hit |
//! | `open` | which functions a task is in |

mod body;
pub mod chic;
mod find;
mod hit;
mod open;
mod plant;
mod slot;
mod tell;
pub mod uprobes;
pub mod usdt;

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

use recording::event::{Record, TracepointSource};

use crate::symbols::Layout;
use crate::sys::Tid;
use crate::sys::ptrace::General;
use crate::task::ByNumber;
use body::Site;
use find::Image;
pub use find::{Found, MOST, Marked, Search, functions, libraries, marked, program_of};
use open::Open;
pub(crate) use plant::Freed;

const PAGE: u64 = 4096;

/// What sets probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mechanism {
    /// Breakpoints of ptrace.
    #[default]
    Breakpoints,
    /// The kernel (uprobes). Where it refuses, breakpoints do, or it is an error before the target runs.
    Uprobes {
        /// Do they?
        or_breakpoints: bool,
    },
}

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
    /// A place of its own that is no end of anything.
    Hit,
    /// The function that Chic's programs call with a tracepoint, its label and budgets, or with one that ends.
    ChicEnter,
    ChicExit,
}

/// An instruction with a probe.
#[derive(Debug, Clone)]
struct Planned {
    site: Site,
    edges: Vec<(u32, Edge)>,
    /// A jump to one of these is none out of the function.
    body: Option<Rc<body::Body>>,
    /// Address in the file of the word of 16 bits that counts who listens.
    semaphore: Option<u64>,
}

/// Probes of one program and of the libraries that it is loaded with, and of programs of Chic that it executes.
#[derive(Debug, Clone, Default)]
pub struct Program {
    points: Vec<Point>,
    /// The program, then libraries; programs of Chic as they are found.
    parts: Vec<Part>,
}

/// Probes in one file.
#[derive(Debug, Clone)]
struct Part {
    image: Image,
    file: PathBuf,
    layout: Layout,
    sites: Vec<Planned>,
    is_library: bool,
    /// What is known of the tracepoints of a program that Chic built.
    chic: Option<Rc<chic::Known>>,
}

/// An instruction with a probe: which part, which of its sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    part: usize,
    site: usize,
}

impl Program {
    /// None yet, in the file that was searched.
    pub fn of(search: &Search) -> Program {
        Program { points: Vec::new(), parts: vec![Part::of(search)] }
    }

    /// What is added from now on is in this library.
    pub fn add_library(&mut self, search: &Search) {
        self.parts.push(Part { is_library: true, ..Part::of(search) });
    }

    /// How many things are counted.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Is nothing counted?
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Libraries in which nothing is counted need not be looked at.
    pub fn drop_idle(&mut self) {
        let mut number = 0;
        self.parts.retain(|part| {
            number += 1;
            number == 1 || !part.sites.is_empty()
        });
    }

    fn planned(&self, place: Place) -> Option<&Planned> {
        self.parts.get(place.part)?.sites.get(place.site)
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
        self.add_marks(begins, number, Edge::Begin);
        self.add_marks(ends, number, Edge::End);
        true
    }

    /// Counts how often a probe is passed that the program has by itself, in all of its places; false as above.
    pub fn add_counter(&mut self, point: Point, places: &[&Marked]) -> bool {
        if places.iter().any(|marked| marked.site.is_none()) {
            return false;
        }
        let number = self.add_point(point);
        self.add_marks(places, number, Edge::Hit);
        true
    }

    /// Records the tracepoints of the program, which Chic built.
    pub fn add_chic(&mut self, hooks: &chic::Hooks) {
        self.add_hooks(0, hooks);
    }

    /// And of another one that is executed.
    fn add_chic_program(&mut self, hooks: &chic::Hooks) -> usize {
        self.parts.push(Part::of(&hooks.search));
        let part = self.parts.len() - 1;
        self.add_hooks(part, hooks);
        part
    }

    fn add_hooks(&mut self, part: usize, hooks: &chic::Hooks) {
        let label = b"chic_rt_trace_enter, chic_rt_trace_exit".to_vec();
        let point = Point { id: 0, label, source: TracepointSource::Chic, address: hooks.enter.address };
        let number = self.add_point(point);
        self.plan(part, hooks.enter, number, Edge::ChicEnter, None);
        self.plan(part, hooks.exit, number, Edge::ChicExit, None);
        if let Some(part) = self.parts.get_mut(part) {
            part.chic = Some(Rc::clone(&hooks.known));
        }
    }

    /// Under what it stands that a point is not counted.
    fn key(&self, point: u32) -> &'static str {
        let mut sites = self.parts.iter().flat_map(|part| &part.sites);
        let is_counter = sites.any(|planned| planned.edges.contains(&(point, Edge::Hit)));
        match self.points.get(point as usize).map(|point| point.source) {
            Some(TracepointSource::Chic) => "tracepoints",
            _ if is_counter => "counters",
            _ => "functions",
        }
    }

    fn add_marks(&mut self, marks: &[&Marked], number: u32, edge: Edge) {
        for marked in marks {
            let Some(site) = marked.site else { continue };
            let planned = self.plan(self.parts.len() - 1, site, number, edge, None);
            if let (Some(planned), Some(at)) = (planned, marked.probe.semaphore) {
                planned.semaphore = Some(at);
            }
        }
    }

    fn add_point(&mut self, point: Point) -> u32 {
        self.points.push(point);
        (self.points.len() - 1) as u32
    }

    fn add_site(&mut self, site: Site, number: u32, edge: Edge, body: &Rc<body::Body>) {
        self.plan(self.parts.len() - 1, site, number, edge, Some(Rc::clone(body)));
    }

    fn plan(
        &mut self,
        part: usize,
        site: Site,
        number: u32,
        edge: Edge,
        body: Option<Rc<body::Body>>,
    ) -> Option<&mut Planned> {
        let sites = &mut self.parts.get_mut(part)?.sites;
        let at = match sites.binary_search_by_key(&site.address, |planned| planned.site.address) {
            // A function is entered before it is left by the same instruction.
            Ok(at) => {
                sites.get_mut(at)?.edges.push((number, edge));
                at
            }
            Err(at) => {
                sites.insert(at, Planned { site, edges: vec![(number, edge)], body, semaphore: None });
                at
            }
        };
        sites.get_mut(at)
    }
}

impl Part {
    fn of(search: &Search) -> Part {
        let (file, layout) = (search.file.clone(), search.layout.clone());
        Part { image: search.image, file, layout, sites: Vec::new(), is_library: false, chic: None }
    }

    /// Addresses in the file of the words that count who listens, each once.
    fn semaphores(&self) -> Vec<u64> {
        let mut all: Vec<u64> = self.sites.iter().filter_map(|planned| planned.semaphore).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Bytes for the copies of its instructions, whole pages.
    fn bytes(&self) -> u64 {
        ((self.sites.len() * slot::SLOT) as u64).next_multiple_of(PAGE).max(PAGE)
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
    /// Are times counted, not measured?
    fake_clock: bool,
    /// Processes that lost them.
    freed: std::collections::HashSet<Tid, ByNumber>,
    /// When the first image began.
    began: Option<u64>,
    /// What is missing, for the trailer.
    missing: Vec<recording::session::NotMeasured>,
    /// Does the kernel set them? Then these are they, while it does.
    by_kernel: bool,
    pub(crate) uprobes: Option<Box<uprobes::Uprobes>>,
    /// Looks for programs of Chic that are executed.
    later: Option<chic::Later>,
}

/// A process whose image has probes, or will have them.
#[derive(Debug, Clone)]
enum Planted {
    /// When it begins: which program it is, where it does, and the byte that stands there.
    Waiting { part: usize, entry: u64, byte: u8 },
    /// It has them; those parts that are loaded.
    Done(Rc<[Option<Placed>]>),
}

/// Where a part is in a process.
#[derive(Debug, Clone, Copy)]
struct Placed {
    /// By how much the file lies higher.
    bias: u64,
    /// Where the copies of its instructions are.
    slots: u64,
}

#[derive(Debug, Clone, Default)]
struct OfTask {
    open: Vec<Open>,
    /// Points that were described in events of this task.
    described: Vec<bool>,
    /// The same of tracepoints that Chic's programs told.
    told: chic::Told,
    /// Its fake clock, ns.
    fake: u64,
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
    /// Those of this program; by the fake clock each event takes the same time. `later`: those of Chic's that are executed,
    /// too.
    pub fn new(program: Program, fake_clock: bool, later: Option<&chic::Executed>) -> Probes {
        Probes {
            fake_clock,
            later: later.map(chic::Later::new),
            rates: vec![Rate::default(); program.points.len()],
            program: Rc::new(program),
            images: HashMap::default(),
            tasks: HashMap::default(),
            record: Record::default(),
            words: Vec::new(),
            freed: Default::default(),
            began: None,
            missing: Vec::new(),
            by_kernel: false,
            uprobes: None,
        }
    }

    /// Is the code of the target changed for them by us? Then it can't live without its tracer.
    pub fn are_breakpoints(&self) -> bool {
        !self.by_kernel
    }

    /// Are there any from the start?
    pub fn has_any(&self) -> bool {
        !self.program.is_empty()
    }

    /// A program with a runtime library that asks for its recorder needs nobody to look at its calls: that of this process.
    pub fn leave_chic(&mut self, pid: Tid, now: u64) {
        let program = Rc::clone(&self.program);
        let is_of_it = |number: usize| match self.images.get(&pid) {
            Some(Planted::Waiting { part, .. }) => *part == number,
            Some(Planted::Done(placed)) => placed.get(number).is_some_and(Option::is_some),
            None => false,
        };
        let parts = program.parts.iter().enumerate().filter(|(number, part)| part.chic.is_some() && is_of_it(*number));
        let sites = parts.flat_map(|(_, part)| &part.sites);
        let points = sites.flat_map(|planned| &planned.edges).map(|(point, _)| *point as usize);
        let is_chic =
            |point: &usize| program.points.get(*point).is_some_and(|point| point.source == TracepointSource::Chic);
        let mut lost = false;
        for point in points.filter(is_chic).collect::<Vec<_>>() {
            lost |= self.rates.get_mut(point).is_some_and(|rate| rate.lost.replace(now).is_none());
        }
        if lost {
            self.lift_lost();
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
