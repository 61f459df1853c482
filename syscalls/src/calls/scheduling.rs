//! Scheduling: policies, priorities, processors.

use super::{exchange, input, output};
use crate::Kind::*;
use crate::kind::Dir::*;
use crate::{layout, names};

calls! {
    sched_yield [] () -> Int;
    sched_setparam [] (pid: Tid, param: input(&layout::SCHED_PARAM)) -> Int;
    sched_getparam [] (pid: Tid, param: output(&layout::SCHED_PARAM)) -> Int;
    sched_setscheduler [] (pid: Tid, policy: Enum(&names::SCHED_POLICIES), param: input(&layout::SCHED_PARAM)) -> Int;
    sched_getscheduler [] (pid: Tid) -> Int;
    sched_get_priority_max [] (policy: Enum(&names::SCHED_POLICIES)) -> Int;
    sched_get_priority_min [] (policy: Enum(&names::SCHED_POLICIES)) -> Int;
    sched_rr_get_interval [] (pid: Tid, interval: output(&layout::TIMESPEC)) -> Int;
    sched_setaffinity [] (pid: Tid, len: UInt, user_mask_ptr: CpuSet(In, 1)) -> Int;
    sched_getaffinity [] (pid: Tid, len: UInt, user_mask_ptr: CpuSet(Out, 1)) -> Int;
    sched_setattr [] (pid: Tid, uattr: exchange(&layout::SCHED_ATTR), flags: UInt) -> Int;
    sched_getattr [] (pid: Tid, uattr: Sized(&layout::SCHED_ATTR, Out, 2), usize: UInt, flags: UInt) -> Int;
    getpriority [] (which: Enum(&names::PRIORITY_WHICH), who: Int) -> Int;
    setpriority [] (which: Enum(&names::PRIORITY_WHICH), who: Int, niceval: Int) -> Int;
    ioprio_set [] (which: Enum(&names::IOPRIO), who: Int, ioprio: IoPriority) -> Int;
    ioprio_get [] (which: Enum(&names::IOPRIO), who: Int) -> Int;
    getcpu [] (cpup: IntRef(Out), nodep: IntRef(Out), unused: Ptr) -> Int;
}
