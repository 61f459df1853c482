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
