//! What flags of every command are made of.

use std::path::PathBuf;

use clap::{Arg, ArgAction, value_parser};

/// On or off.
pub fn switch(id: &'static str) -> Arg {
    Arg::new(id).long(id).action(ArgAction::SetTrue)
}

/// A flag with a value.
pub fn value(id: &'static str, name: &'static str) -> Arg {
    Arg::new(id).long(id).value_name(name).action(ArgAction::Set)
}

/// A value that is a path, of any bytes.
pub fn path(id: &'static str, name: &'static str) -> Arg {
    value(id, name).value_parser(value_parser!(PathBuf))
}

/// A finite number from 0 on.
pub fn finite(word: &str) -> Result<f64, String> {
    let number: Option<f64> = word.parse().ok();
    number
        .filter(|number| number.is_finite() && *number >= 0.0)
        .ok_or_else(|| "a finite number from 0 on is needed".into())
}

/// A flag of one letter that says more each time it is given.
pub fn count(id: &'static str, short: char) -> Arg {
    Arg::new(id).short(short).action(ArgAction::Count)
}

/// A whole number between two others, both taken. A refusal names the nearest that would do.
pub fn whole<T: TryFrom<u64>>(word: &str, from: u64, to: u64) -> Result<T, String> {
    let nearest = match word.parse::<i128>() {
        Ok(number) => number.clamp(from.into(), to.into()),
        Err(_) => return Err(format!("it is no whole number; from {from} to {to} are possible")),
    };
    match (u64::try_from(nearest), word.parse::<i128>()) {
        (Ok(value), Ok(asked)) if asked == nearest => {
            T::try_from(value).map_err(|_| format!("it is above what is possible, {to}"))
        }
        _ => Err(format!("from {from} to {to} are possible, the nearest is {nearest}")),
    }
}

/// A time in seconds.
pub fn seconds(word: &str) -> Result<f64, String> {
    word.parse().map_err(|_| "it is no number of seconds, such as 0.5".to_owned())
}
