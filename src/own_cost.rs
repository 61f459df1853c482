//! Our own cost (`--profile-self`): what tracing took, counted beside the printers and told when the run is over.

use std::time::{Duration, Instant};

use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};

use crate::exit::say;

/// Counts while the session runs.
#[derive(Debug)]
pub struct OwnCost {
    begun: Instant,
    before: (Duration, Duration),
    events: u64,
    stops: u64,
}

impl OwnCost {
    /// Counts from now on.
    pub fn new() -> OwnCost {
        OwnCost { begun: Instant::now(), before: tracer::own_times(), events: 0, stops: 0 }
    }

    /// Says what it was until now.
    pub fn tell(&self) {
        let (user, system) = tracer::own_times();
        let (user, system) = (user.saturating_sub(self.before.0), system.saturating_sub(self.before.1));
        say(&format_args!(
            "chic-trace: own cost: {}",
            words(self.events, self.stops, (user, system), self.begun.elapsed())
        ));
    }
}

fn words(events: u64, stops: u64, (user, system): (Duration, Duration), wall: Duration) -> String {
    let each = (user + system).as_nanos().checked_div(u128::from(stops));
    let each = each.map_or_else(|| "no".to_owned(), |ns| ns.to_string());
    let share = (user + system).as_nanos().saturating_mul(1000).checked_div(wall.as_nanos()).unwrap_or(0);
    format!(
        "{events} events, {stops} stops, {each} ns a stop, {} user, {} system, {}.{} % of {} wall time",
        seconds(user),
        seconds(system),
        share / 10,
        share % 10,
        seconds(wall)
    )
}

fn seconds(time: Duration) -> String {
    format!("{}.{:06} s", time.as_secs(), time.subsec_micros())
}

impl Sink for OwnCost {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.events += batch.events().filter(|event| !event.is_announcement()).count() as u64;
        Ok(())
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        self.stops = trailer.stops;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_in_words() {
        let ms = Duration::from_millis;
        assert_eq!(
            words(10, 20, (ms(1), ms(3)), ms(16)),
            "10 events, 20 stops, 200000 ns a stop, 0.001000 s user, 0.003000 s system, 25.0 % of 0.016000 s wall time"
        );
        assert!(words(0, 0, (ms(0), ms(0)), ms(0)).contains("no ns a stop"));
    }
}
