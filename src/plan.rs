//! From what was asked to what the engine does: limits, the launch, the policies.

use recording::session::{PayloadLimits, TargetStdout};
use report::columns::Column;
use report::summary::SortBy;
use tracer::{Launch, Plan, Stdio, Tracepoints};

use crate::cli::ask::{Calls, Look, Session, Target};
use crate::exit::{Code, say};
use crate::message::Problem;
use crate::selection::Selection;
use crate::show::USUAL_STRINGS;

/// Elements of an array that are kept at most where the run is shown at once.
const ELEMENTS_MOST: u64 = 1024;

/// Bytes of one buffer that are kept at most where data is dumped.
const DUMPS_MOST: u64 = 1 << 20;

/// A session that is shown while it runs.
pub fn shown(target: Target, selection: &Selection, session: &Session, look: &Look, moved: bool) -> Plan {
    let strings = look.strings.unwrap_or(USUAL_STRINGS);
    let verbose = look.verbose || look.decoding.calls.short.is_some();
    let dumps = !look.decoding.read_dumps.is_none() || !look.decoding.write_dumps.is_none();
    // As many elements of an array are shown as bytes of a string.
    let elements = if verbose { ELEMENTS_MOST } else { strings.clamp(USUAL_STRINGS, ELEMENTS_MOST) };
    let limits = PayloadLimits {
        data: if dumps { DUMPS_MOST.max(strings) } else { strings },
        environment: verbose,
        // What stands behind a descriptor decides whether its calls are shown.
        notes: look.notes.level().max(u8::from(selection.accesses().is_some())),
        argv_elements: elements,
        elements,
        cpu_time: look.columns.contains(&Column::CpuTime) || look.sort == SortBy::Other(Column::CpuTime),
        ..PayloadLimits::live()
    };
    plan(target, selection, session, limits, moved)
}

/// A session that is stored.
pub fn stored(
    target: Target,
    selection: &Selection,
    session: &Session,
    strings: Option<u64>,
    notes: u8,
    golden: bool,
    moved: bool,
) -> Plan {
    let usual = if golden { PayloadLimits::golden(session.content_max) } else { PayloadLimits::stored() };
    let limits = PayloadLimits { data: strings.unwrap_or(usual.data), notes: usual.notes.max(notes), ..usual };
    Plan { golden, ..plan(target, selection, session, limits, moved) }
}

/// A session that is profiled; `calls`: its system calls are recorded, too.
pub fn profiled(target: Target, session: &Session, calls: bool) -> Result<Plan, Problem> {
    let trace = (!calls).then(|| "none".to_owned());
    let selection = Selection::of(&Calls { trace, ..Calls::default() })?;
    // Descriptors are told apart by what stands behind them.
    let notes = if calls { 2 } else { 0 };
    let limits =
        PayloadLimits { data: 0, environment: false, notes, argv_elements: 0, elements: 0, ..PayloadLimits::live() };
    Ok(plan(target, &selection, session, limits, false))
}

/// A program with the runtime library finds its recorder, too, when nobody profiles: it writes its documents as it would
/// alone, its tracepoints are kept, and what the library does for itself is none of its calls.
pub fn take_tracepoints(plan: &mut Plan) {
    let takes_calls = plan.wanted.as_ref().is_none_or(|wanted| !wanted.is_empty());
    plan.tracepoints = (plan.launch.is_some() && takes_calls).then(|| Tracepoints {
        writes_family: false,
        count_allocations: true,
        ..Tracepoints::default()
    });
}

fn plan(target: Target, selection: &Selection, session: &Session, limits: PayloadLimits, moved: bool) -> Plan {
    // Where nothing is started, nobody's output moves.
    let moved = moved && !target.argv.is_empty();
    Plan {
        attach: target.attach.clone(),
        on_refusal: |error| say(&Problem::of_tracer(Code::TRACER_FAILED, error)),
        launch: launch(target, moved),
        follow: session.follow,
        wanted: selection.wanted(),
        limits,
        golden: false,
        placement: session.placement,
        counters: session.counters,
        interval: session.interval,
        samples: None,
        samples_required: false,
        call_stacks: false,
        tracepoints: None,
        probes: None,
        chic: None,
        probes_by: Default::default(),
        injections: selection.injections().to_vec(),
        injects_only: selection.accesses().cloned(),
        tampered: selection.tampered().map(String::from),
        detach_on_exec: session.detach_on_exec,
        interruptible: session.interruptible,
        left: session.left,
        grace: session.grace,
        kill_on_exit: session.kill_on_exit,
        deadline: None,
        max_events: session.max_events,
        max_bytes: session.max_bytes,
        max_calls: session.max_calls,
        read_along: false,
        helpers: Vec::new(),
        filter_text: selection.text(),
        target_stdout: if moved { TargetStdout::Stderr } else { TargetStdout::Inherited },
        version: env!("CARGO_PKG_VERSION").into(),
    }
}

fn launch(target: Target, moved: bool) -> Option<Launch> {
    let Target { argv, env, user, argv0, step_aside, .. } = target;
    (!argv.is_empty()).then(|| Launch {
        argv,
        argv0,
        env,
        user,
        step_aside,
        stdio: [Stdio::Inherit, if moved { Stdio::Same(2) } else { Stdio::Inherit }, Stdio::Inherit],
        ..Launch::default()
    })
}
