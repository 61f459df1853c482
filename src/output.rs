//! Outputs: where printers write, opened before the target starts and closed after it has ended.
//!
//! A document is written without a name and takes its own when it is whole; text and lines grow
//! in place, readable at any moment; pipes, FIFOs and devices are written directly.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use recording::file::{Beside, OpenError, WriteOptions, Writer};
use report::Destination;

use crate::cli::ask::{Format, Out};
use crate::exit::{Code, Ending};
use crate::message::{Problem, named};

/// Our standard output in messages.
pub const STDOUT: &str = "standard output";
/// Our standard error in messages.
pub const STDERR: &str = "standard error";

/// How long a FIFO may be without a reader before we give up.
const FIFO_PATIENCE: Duration = Duration::from_secs(5);

/// Where one output goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// Our standard error.
    Stderr,
    /// Our standard output.
    Stdout,
    /// A file, FIFO or device.
    File(PathBuf),
    /// The standard input of a shell command.
    Pipe(String),
    /// One file per task.
    PerTask(PathBuf),
}

impl Where {
    /// By `-o`, `-ff` and the form.
    pub fn of(out: &Out, format: Format) -> Where {
        match out.to.as_deref() {
            None if format.is_document() => Where::Stdout,
            None => Where::Stderr,
            Some(to) => match Where::named(Path::new(to)) {
                Where::File(base) if out.separately => Where::PerTask(base),
                to => to,
            },
        }
    }

    /// By the word behind `-o`: `-`, `|command`, or a file.
    pub fn named(to: &Path) -> Where {
        match to.to_str() {
            Some("-") => Where::Stdout,
            Some(text) if text.starts_with(['|', '!']) => Where::Pipe(text.get(1..).unwrap_or_default().to_owned()),
            _ => Where::File(to.into()),
        }
    }

    /// Does somebody read it as it comes, beside what the target writes?
    pub fn is_terminal(&self) -> bool {
        match self {
            Where::Stderr => io::stderr().is_terminal(),
            Where::Stdout => io::stdout().is_terminal(),
            Where::File(_) | Where::Pipe(_) | Where::PerTask(_) => false,
        }
    }

    /// Must the target's standard output make room?
    pub fn takes_stdout(&self, format: Format) -> bool {
        *self == Where::Stdout && format.is_document()
    }
}

/// An open output.
#[derive(Debug)]
pub struct Output {
    /// The name in messages, as the user gave it.
    pub name: String,
    stream: Stream,
    finish: Finish,
}

#[derive(Debug)]
enum Stream {
    One(File),
    PerTask { base: PathBuf, append: bool },
}

/// What is left to do when the printers have ended.
#[derive(Debug)]
enum Finish {
    Nothing,
    /// The document gets its name.
    TakeName(Beside, PathBuf),
    /// The command is waited for.
    Wait(Child),
}

impl Output {
    /// Opens it. `whole`: nobody may see half of it.
    pub fn open(to: Where, whole: bool) -> Result<Output, Problem> {
        Output::open_as(to, whole, false)
    }

    /// The same; `append`: behind what a file holds already.
    pub fn open_as(to: Where, whole: bool, append: bool) -> Result<Output, Problem> {
        let (name, stream, finish) = match to {
            Where::Stderr => (STDERR.into(), duplicate(&io::stderr(), 2, STDERR)?, Finish::Nothing),
            Where::Stdout => (STDOUT.into(), duplicate(&io::stdout(), 1, STDOUT)?, Finish::Nothing),
            Where::PerTask(base) => {
                parent_exists(&base)?;
                (named(&base), Stream::PerTask { base, append }, Finish::Nothing)
            }
            Where::Pipe(command) => {
                let (stream, child) = pipe(&command)?;
                (format!("|{command}"), stream, Finish::Wait(child))
            }
            Where::File(path) => {
                let name = named(&path);
                let (file, finish) = open_file(&path, whole, append).map_err(|error| cannot_write(&path, &error))?;
                (name, Stream::One(file), finish)
            }
        };
        Ok(Output { name, stream, finish })
    }

    /// A destination for one printer; several share the stream.
    pub fn destination(&self) -> Result<Destination, Problem> {
        match &self.stream {
            Stream::One(file) => Ok(Destination::one(self.shared(file)?, self.name.clone())),
            Stream::PerTask { base, append } => Ok(Destination::PerTask { base: base.clone(), append: *append }),
        }
    }

    /// Columns of the terminal that it leads to: what COLUMNS says, else the terminal. `None` where it is none, or
    /// neither says.
    pub fn columns(&self) -> Option<usize> {
        let Stream::One(file) = &self.stream else { return None };
        if !file.is_terminal() {
            return None;
        }
        let said =
            std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
        said.or_else(|| tracer::columns(file).map(usize::from))
    }

    /// The bare stream, for what is no printer.
    pub fn stream(&self) -> Result<File, Problem> {
        match &self.stream {
            Stream::One(file) => self.shared(file),
            Stream::PerTask { base, .. } => Err(cannot_write(base, &io::ErrorKind::InvalidInput.into())),
        }
    }

    fn shared(&self, file: &File) -> Result<File, Problem> {
        file.try_clone().map_err(|error| cannot_write(Path::new(&self.name), &error))
    }

    /// Processes of ours that the tracer must leave alone.
    pub fn helper(&self) -> Option<u32> {
        match &self.finish {
            Finish::Wait(child) => Some(child.id()),
            _ => None,
        }
    }

    /// Ends the output after all printers have been dropped; `good`: everything was written.
    pub fn close(self, good: bool) -> Result<(), Problem> {
        let Output { stream, finish, .. } = self;
        drop(stream);
        match finish {
            Finish::Nothing => Ok(()),
            Finish::TakeName(mut document, path) if good => {
                let done = match document.take_free_name() {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => document.replace(),
                    done => done,
                };
                done.map_err(|error| cannot_write(&path, &error))
            }
            // Half a document is kept under no name: what the caller has there stays as it was.
            Finish::TakeName(..) => Ok(()),
            Finish::Wait(mut child) => {
                // How the command ends is its own affair, as with strace.
                let _ = child.wait();
                Ok(())
            }
        }
    }
}

fn duplicate(stream: &impl AsFd, number: i32, name: &str) -> Result<Stream, Problem> {
    not_closed(number, name)?;
    match stream.as_fd().try_clone_to_owned() {
        Ok(fd) => Ok(Stream::One(File::from(fd))),
        Err(error) => Err(cannot_write(Path::new(name), &error)),
    }
}

/// What was closed when we were started is /dev/null by now: what is written there would be lost.
fn not_closed(number: i32, name: &str) -> Result<(), Problem> {
    if tracer::was_closed(number) {
        return Err(Problem::new(Code::TRACER_FAILED, format!("cannot write {name}: it is closed"))
            .hint("name a file with -o, or do not close it (>&-)"));
    }
    Ok(())
}

fn pipe(command: &str) -> Result<(Stream, Child), Problem> {
    let refused = |why: io::Error| {
        Problem::new(Code::TRACER_FAILED, format!("cannot start |{command}: {why}")).hint("it is run by /bin/sh")
    };
    let mut child = Command::new("/bin/sh").arg("-c").arg(command).stdin(Stdio::piped()).spawn().map_err(refused)?;
    match child.stdin.take() {
        Some(stdin) => Ok((Stream::One(File::from(std::os::fd::OwnedFd::from(stdin))), child)),
        None => Err(refused(io::ErrorKind::BrokenPipe.into())),
    }
}

fn open_file(path: &Path, whole: bool, append: bool) -> io::Result<(File, Finish)> {
    let existing = path.metadata().ok();
    if existing.as_ref().is_some_and(|meta| meta.file_type().is_fifo()) {
        return Ok((open_fifo(path)?, Finish::Nothing));
    }
    if append {
        return Ok((OpenOptions::new().append(true).create(true).open(path)?, Finish::Nothing));
    }
    if !whole || existing.as_ref().is_some_and(|meta| !meta.is_file()) {
        return Ok((File::create(path)?, Finish::Nothing));
    }
    // A link that the user named is followed to where the document then really goes.
    let path = if existing.is_some() { path.canonicalize()? } else { path.to_owned() };
    if existing.is_some() {
        // Refused now rather than by a rename that asks nobody.
        OpenOptions::new().write(true).open(&path)?;
    }
    let document = Beside::new(&path, Some(tracer::give_name))?;
    if let Some(meta) = existing {
        let mode = meta.permissions().mode() & 0o777;
        document.file().set_permissions(std::fs::Permissions::from_mode(mode))?;
    }
    Ok((document.file().try_clone()?, Finish::TakeName(document, path)))
}

/// Opening a FIFO waits for its reader. That a reader may never come must not hang us for ever.
fn open_fifo(path: &Path) -> io::Result<File> {
    let (opened, answer) = mpsc::channel();
    let path = path.to_owned();
    std::thread::spawn(move || opened.send(OpenOptions::new().write(true).open(path)));
    answer.recv_timeout(FIFO_PATIENCE).unwrap_or_else(|_| {
        Err(io::Error::new(io::ErrorKind::TimedOut, "nobody opened this FIFO for reading within 5 s"))
    })
}

fn parent_exists(base: &Path) -> Result<(), Problem> {
    let dir = base.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match dir.metadata() {
        Ok(meta) if meta.is_dir() => Ok(()),
        Ok(_) => Err(cannot_write(base, &io::ErrorKind::NotADirectory.into())),
        Err(error) => Err(cannot_write(base, &error)),
    }
}

/// A recording that is to be made under this name.
pub fn recording(path: &Path) -> Result<Writer, Problem> {
    let options = WriteOptions { give_name: Some(tracer::give_name), ..WriteOptions::default() };
    Writer::create(path, options).map_err(|error| cannot_write(path, &error.source))
}

/// What can't be opened for writing.
pub fn cannot_write(path: &Path, error: &io::Error) -> Problem {
    let problem = Problem::new(Code::TRACER_FAILED, format!("cannot write {}: {}", named(path), reason(error)));
    match error.kind() {
        io::ErrorKind::NotFound => problem.hint("its directory does not exist"),
        io::ErrorKind::StorageFull => problem.hint("make room, or name a file on another file system with -o"),
        _ => problem,
    }
}

/// What can't be read as a recording.
pub fn cannot_open(path: &Path, error: &OpenError) -> Problem {
    let name = named(path);
    match error {
        OpenError::Io { source, .. } => Problem::usage(format!("cannot read {name}: {}", reason(source))),
        OpenError::NotARecording { looks_like, .. } => {
            Problem::usage(format!("cannot read {name} as a recording: {looks_like}"))
                .hint("chic-trace record -o FILE -- PROG makes one")
        }
        OpenError::Newer { found, known, .. } => {
            Problem::usage(format!("cannot read {name}: it has format version {found}, this build reads up to {known}"))
                .hint("read it with the version of chic-trace that wrote it, or a later one")
        }
    }
}

/// The system's words without Rust's `(os error N)`.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

/// Did the reader of our own standard output or standard error go away?
pub fn is_our_closed_pipe(failure: &recording::SinkError) -> bool {
    failure.source.kind() == io::ErrorKind::BrokenPipe && (failure.what == STDOUT || failure.what == STDERR)
}

/// Prints a finished text on standard output.
pub fn print(text: &str) -> Result<Ending, Problem> {
    use io::Write;
    not_closed(1, STDOUT)?;
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(Code::OK.into()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Ending::BrokenPipe),
        Err(error) => Err(cannot_write(Path::new(STDOUT), &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(name: &str, separately: bool) -> Out {
        Out { to: Some(name.into()), separately, append: false }
    }

    #[test]
    fn text_goes_to_stderr_and_documents_to_stdout() {
        assert_eq!(Where::of(&Out::default(), Format::Text), Where::Stderr);
        assert_eq!(Where::of(&Out::default(), Format::Summary), Where::Stderr);
        assert_eq!(Where::of(&Out::default(), Format::JsonLines), Where::Stdout);
        assert_eq!(Where::of(&to("-", false), Format::Text), Where::Stdout);
        assert_eq!(Where::of(&to("|cat -n", false), Format::Text), Where::Pipe("cat -n".into()));
        assert_eq!(Where::of(&to("x", true), Format::Text), Where::PerTask("x".into()));
        assert_eq!(Where::of(&to("!cat", true), Format::Text), Where::Pipe("cat".into()));
        assert_eq!(Where::named(Path::new("./-")), Where::File("./-".into()));
        assert!(Where::Stdout.takes_stdout(Format::Json));
        assert!(!Where::Stdout.takes_stdout(Format::Text));
    }

    #[test]
    fn a_document_appears_whole_or_not_at_all() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("trace.json");
        std::fs::write(&path, "old").expect("a file");
        for (good, expected) in [(false, "old"), (true, "new")] {
            let output = Output::open(Where::File(path.clone()), true).expect("an output");
            let Ok(Destination::One { mut to, .. }) = output.destination() else { panic!("one stream") };
            to.write_all(b"new").expect("written");
            drop(to);
            assert_eq!(std::fs::read_to_string(&path).expect("read"), "old", "half a document is seen");
            output.close(good).expect("closed");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), expected);
        }
        assert_eq!(std::fs::read_dir(&dir).expect("listed").count(), 1, "a temporary file is left");
    }

    #[test]
    fn a_directory_that_is_gone_is_named() {
        let problem = Output::open(Where::File("/no/such/dir/x".into()), true).expect_err("no directory");
        assert!(problem.to_string().contains("cannot write /no/such/dir/x"), "{problem}");
        assert_eq!(problem.code, Code::TRACER_FAILED);
    }
}
