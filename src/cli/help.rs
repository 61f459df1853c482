//! The texts of the help that are more than a line.

/// How the command is called.
pub const USAGE: &str = "chic-trace [OPTIONS] [--] PROG [ARGS]...
       chic-trace [OPTIONS] -p PID
       chic-trace COMMAND ...";

/// End of `-h`.
pub const SHORT_END: &str = "Everything behind `--`, or behind the first word that is no flag, belongs to the program.
`--help` has all flags, examples and exit codes.";

/// The language of `-e`.
pub const EXPR: &str = "trace=SET, signal=SET, status=SET, quiet=SET, fd=SET, decode-fds=SET, inject=… or fault=…; a SET alone is trace=SET.

trace: names, %classes (%file %desc %network %process %signal %memory %ipc %creds %clock %pure %stat …), \
/regular expressions/, all, none; !NAME leaves out; ?NAME may be unknown. Only what is shown costs anything.
signal: names with or without SIG, all, none, !SET.
status: successful, failed, unfinished, unavailable, detached.
quiet: attach, exit, path-resolution, personality, thread-execve, all.
fd: numbers of descriptors, all, none, !SET: only calls that use them.
decode-fds: path, socket, dev, pidfd, eventfd, signalfd, all, none: what is told of descriptors.
inject: SET[:error=ERRNO|:retval=VALUE][:syscall=NAME][:signal=SIG][:delay_enter=TIME][:delay_exit=TIME]\
[:poke_enter=@argN=HEX,…][:poke_exit=@argN=HEX,…][:when=WHEN], WHEN is FIRST[..LAST][+[STEP]], counted in each task: calls are tampered with, and such a run is never judged.
fault: SET[:error=ERRNO][:when=WHEN], ENOSYS without error=.
raw, verbose, abbrev: sets of calls, as of trace: words as they are, structures decoded (all), structures shortened (all).
read, write: descriptors whose data is dumped in hex: numbers, all, none, !SET.";

/// End of `--help`.
pub const LONG_END: &str = "Examples:
  chic-trace ls /                        every call of ls, on standard error
  chic-trace -f -o trace.txt -- make     all tasks into a file, as strace -f -o
  chic-trace --format json -- ./server > trace.json
                                         a document; the program's own output
                                         goes to standard error
  chic-trace -c -e trace=%file -p 4711   which file calls a running program
                                         makes, until Ctrl-C
  chic-trace golden check cli -- ./cli   is this still what was accepted?

Streams:
  Text and tables go to standard error, or to -o FILE. Documents (--format
  json, jsonl, csv, html) go to standard output, or to -o FILE. A document on
  standard output is alone there: the program's standard output is then a
  duplicate of standard error.

Exit codes of a traced run:
  the program's own, or its death by a signal
  2    the command line makes no sense
  125  could not trace, or could not write what was asked
  126  found, not executable
  127  not found
  141  the reader of our output went away

Exit codes of golden, assert, gate, perf report and seed:
  0  same, within
  1  different, over, refused
  2  usage, configuration, unreadable input
  3  undecided or not measured
  4  nothing to judge
  5  the program could not be started or traced";
