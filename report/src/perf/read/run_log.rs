//! Streams of random numbers: the form of Chic's document, the form of its code, and both at once.

use recording::json::{Parsed, Parser, What};

use super::fields::{self, begins, need, not_null, unfit, within};
use super::{Notes, exact};
use crate::perf::model::{Event, EventKind, RunLog, Stream, seed_hex};

/// A run log.
pub(super) fn run_log(parser: &mut Parser<'_>, notes: &mut Notes) -> Parsed<RunLog> {
    let at = begins(parser);
    let (mut version, mut streams) = (None, None);
    parser.object(|parser, key| {
        match &*key {
            "version" => version = fields::text(parser)?,
            "rng_streams" => streams = fields::array(parser, |parser| stream(parser, notes))?,
            _ => parser.pass_over()?,
        }
        Ok(())
    })?;
    let rng_streams = need(parser, at, streams, "rng_streams")?;
    Ok(RunLog { version: version.unwrap_or_else(|| RunLog::default().version), rng_streams })
}

fn stream(parser: &mut Parser<'_>, notes: &mut Notes) -> Parsed<Stream> {
    let at = begins(parser);
    let (mut id, mut seed, mut hex, mut events, mut dropped_events) = (None, None, None, None, None);
    parser.object(|parser, key| {
        match &*key {
            "id" => id = Some(not_null(parser, fields::count)?),
            "seed" => seed = Some(fields::exact(parser, u128::MAX)?),
            "seed_hex" => {
                let at = begins(parser);
                hex = fields::text(parser)?.map(|text| (at, text));
            }
            "events" => {
                let mut next = 0;
                events = fields::array(parser, |parser| {
                    next += 1;
                    event(parser, next - 1)
                })?;
            }
            "dropped_events" => dropped_events = fields::count(parser)?,
            _ => parser.pass_over()?,
        }
        Ok(())
    })?;
    let id = need(parser, at, id, "id")?;
    let (seed_at, seed) = need(parser, at, seed, "seed")?;
    let hex = match hex {
        None => None,
        Some((at, text)) => match text.strip_prefix("0x").and_then(|text| exact::hex(text, 32)) {
            Some(value) => Some((at, value)),
            None => {
                let words = "seed_hex is not 0x and 32 hex digits".to_owned();
                return Err(within(parser, at, "seed_hex", words));
            }
        },
    };
    let seed =
        exact::settle(parser, notes, exact::Pair { key: "seed", hex_key: "seed_hex", at: seed_at, text: seed, hex })?;
    Ok(Stream { id, seed, seed_hex: seed_hex(seed), events: events.unwrap_or_default(), dropped_events })
}

/// What a kind needs, as far as it was read.
#[derive(Default)]
struct Op {
    kind: Option<(usize, String)>,
    bits: Option<u64>,
    by: Option<u64>,
    child: Option<u64>,
}

impl Op {
    /// Takes a key; `false` when it is none of an event.
    fn take(&mut self, parser: &mut Parser<'_>, key: &str) -> Parsed<bool> {
        match key {
            "kind" => {
                let at = begins(parser);
                let word = not_null(parser, fields::text)?;
                if !["next", "advance", "split"].contains(&word.as_str()) {
                    let found = format!("\"{}\"", word.escape_debug());
                    return Err(unfit(parser, at, &found, "next, advance or split is needed"));
                }
                self.kind = Some((at, word));
            }
            "bits" => self.bits = fields::whole(parser, u32::MAX.into())?.and_then(|bits| u64::try_from(bits).ok()),
            "by" => self.by = fields::count(parser)?,
            "child" => self.child = fields::count(parser)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn settle(self, parser: &Parser<'_>, at: usize) -> Parsed<Option<EventKind>> {
        let Some((_, word)) = self.kind else { return Ok(None) };
        let kind = match word.as_str() {
            "next" => {
                let bits = need(parser, at, self.bits, "bits")?;
                EventKind::Next { bits: u32::try_from(bits).unwrap_or(u32::MAX) }
            }
            "advance" => EventKind::Advance { by: need(parser, at, self.by, "by")? },
            _ => EventKind::Split { child: need(parser, at, self.child, "child")? },
        };
        Ok(Some(kind))
    }
}

fn event(parser: &mut Parser<'_>, expected: u64) -> Parsed<Event> {
    let at = begins(parser);
    let (mut index, mut flat, mut op) = (None, Op::default(), None);
    parser.object(|parser, key| {
        match &*key {
            "index" => index = Some((begins(parser), not_null(parser, fields::count)?)),
            "op" => op = fields::object(parser, inner)?.flatten(),
            key => {
                if !flat.take(parser, key)? {
                    parser.pass_over()?;
                }
            }
        }
        Ok(())
    })?;
    let (index_at, index) = need(parser, at, index, "index")?;
    if index != expected {
        let words = format!("index is {index} where {expected} is expected: events are missing or out of order");
        return Err(within(parser, index_at, "index", words));
    }
    match (flat.settle(parser, at)?, op) {
        (Some(flat), Some(op)) if flat != op => {
            let words = format!("the event is {} and its op is {}: which of them holds?", flat.word(), op.word());
            Err(parser.fault_at(at, What::Unfit(words)))
        }
        (Some(kind), _) | (None, Some(kind)) => Ok(Event::new(index, kind)),
        (None, None) => Err(within(parser, at, "kind", "kind is missing, and there is no op either".to_owned())),
    }
}

fn inner(parser: &mut Parser<'_>) -> Parsed<Option<EventKind>> {
    let at = begins(parser);
    let mut op = Op::default();
    parser.object(|parser, key| {
        if !op.take(parser, &key)? {
            parser.pass_over()?;
        }
        Ok(())
    })?;
    op.settle(parser, at)
}
