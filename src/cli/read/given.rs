//! What was given of a flag, in clap's matches; a flag that the command does not have was not given.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;

pub(super) fn text<'a>(m: &'a ArgMatches, id: &str) -> Option<&'a str> {
    m.try_get_one::<String>(id).ok().flatten().map(String::as_str)
}

pub(super) fn path(m: &ArgMatches, id: &str) -> Option<PathBuf> {
    m.try_get_one::<PathBuf>(id).ok().flatten().cloned()
}

pub(super) fn on(m: &ArgMatches, id: &str) -> bool {
    m.try_get_one::<bool>(id).ok().flatten().copied().unwrap_or(false)
}

pub(super) fn times(m: &ArgMatches, id: &str) -> u8 {
    m.try_get_one::<u8>(id).ok().flatten().copied().unwrap_or(0)
}

pub(super) fn number(m: &ArgMatches, id: &str) -> Option<u64> {
    m.try_get_one::<u64>(id).ok().flatten().copied()
}

pub(super) fn argv(m: &ArgMatches) -> Vec<OsString> {
    m.try_get_many::<OsString>("argv").ok().flatten().map(|words| words.cloned().collect()).unwrap_or_default()
}
