//! What comes late: the rings of tasks, the kernel's samples, the hits of its probes. Nobody stops for them.
//!
//! They are looked at together, tasks' rings first, so that the sink can be told up to when it knows all.

use std::time::Duration;

use crate::sampling;
use crate::session::Session;

/// Between looks. Rings of the kernel hold some tenths of a second; whose own is full, stops.
const PAUSE: Duration = Duration::from_millis(10);

impl Session<'_> {
    /// Looks at all that comes late, when it is time.
    pub(crate) fn look_at_what_is_late(&mut self) {
        let uprobes = self.probes.as_ref().is_some_and(|probes| probes.uprobes.is_some());
        let rings = self.rings.as_ref().is_some_and(|rings| rings.are_used());
        if !(rings || uprobes || self.profile.comes_late()) {
            return;
        }
        if self.now >= self.next_look {
            let pause = PAUSE.as_nanos() as u64;
            self.next_look = self.now.saturating_add(pause - pause / 5);
            // Read before anything is looked at: what happens meanwhile may be missed.
            let until = sampling::recorded_until();
            self.drain_rings();
            self.drain_samples(until);
            self.drain_hits(until);
            self.stream.told(until);
        }
        self.tick(PAUSE);
    }
}
