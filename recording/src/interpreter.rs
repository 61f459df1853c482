//! Interpreters: programs whose program is a file that they are given.
//!
//! In: the path of an executable, its arguments, paths of files. Out: which interpreter it is, which argument is
//! the script, and what it looks for of its own accord. The rows are those of the manual pages python(1),
//! perl(1), ruby(1), node(1) and sh(1).

/// How an interpreter reads its command line, and what it looks for beside its executable.
#[derive(Debug)]
pub struct Interpreter {
    /// Name of the executable, without a version.
    name: &'static str,
    /// Options after which no file is the program: its text follows.
    inline: &'static [u8],
    /// Options after which the name of a module is the program.
    module: &'static [u8],
    /// Options followed by a value, in the same word or the next.
    valued: &'static [u8],
    /// Options whose value is the rest of the word.
    attached: &'static [u8],
    /// Names looked for in the directory of the executable.
    beside: &'static [&'static str],
    /// And in the directory above it.
    above: &'static [&'static str],
}

const PLAIN: Interpreter =
    Interpreter { name: "", inline: b"", module: b"", valued: b"", attached: b"", beside: &[], above: &[] };

const PYTHON: Interpreter = Interpreter {
    name: "python",
    inline: b"c",
    module: b"m",
    valued: b"WX",
    beside: &["pyvenv.cfg", "pybuilddir.txt", "Modules", "Modules/Setup", "Modules/Setup.local", "._pth"],
    above: &["pyvenv.cfg"],
    ..PLAIN
};

const SHELL: Interpreter = Interpreter { inline: b"cs", valued: b"oO", ..PLAIN };

const INTERPRETERS: &[Interpreter] = &[
    PYTHON,
    Interpreter { name: "pypy", ..PYTHON },
    Interpreter { name: "perl", inline: b"eE", valued: b"I", attached: b"0CDFMVilmx", ..PLAIN },
    Interpreter { name: "ruby", inline: b"e", valued: b"EIr", attached: b"0CFKTWix", ..PLAIN },
    Interpreter { name: "node", inline: b"ep", valued: b"Cr", ..PLAIN },
    Interpreter { name: "nodejs", inline: b"ep", valued: b"Cr", ..PLAIN },
    Interpreter { name: "sh", ..SHELL },
    Interpreter { name: "dash", ..SHELL },
    Interpreter { name: "bash", ..SHELL },
];

/// The interpreter that this executable is: `python3.11` is one as `python` is.
pub fn interpreter(exe: &str) -> Option<&'static Interpreter> {
    let file = exe.rsplit('/').next()?;
    let version = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    INTERPRETERS.iter().find(|known| file.strip_prefix(known.name).is_some_and(version))
}

/// A place of packages installed for an interpreter, or of its own library: `…/lib/python3/dist-packages/yaml`.
pub fn is_interpreter_file(path: &str) -> bool {
    PLACES.iter().any(|place| path.starts_with(place)) || path.split('/').any(|part| part == "__pycache__") || {
        let after_library = path.split('/').zip(path.split('/').skip(1));
        after_library.into_iter().any(|(before, part)| {
            let version = ["python", "pypy"].iter().find_map(|name| part.strip_prefix(name)).unwrap_or_default();
            matches!(before, "lib" | "lib64" | "etc") && version.starts_with(|digit: char| digit.is_ascii_digit())
        })
    }
}

/// Where distributions install what belongs to an interpreter and not to one program.
const PLACES: &[&str] = &[
    "/etc/perl/",
    "/usr/lib/ruby/",
    "/usr/local/lib/site_ruby",
    "/usr/share/perl",
    "/usr/share/ruby",
    "/var/lib/gems",
];

/// What an interpreter was told to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program<'a> {
    /// This file.
    Script(&'a str),
    /// The module of this name, `json.tool`.
    Module(&'a str),
}

impl Interpreter {
    /// The program, of the arguments after the interpreter's name; `None` where it is a text or standard input.
    pub fn program<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Option<Program<'a>> {
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            match arg.strip_prefix(['-', '+']) {
                None => return Some(Program::Script(arg)),
                Some("") => return None,
                Some("-") => return args.next().map(Program::Script),
                Some(long) if long.starts_with('-') => {}
                Some(letters) => match self.letters(letters) {
                    Next::Text => return None,
                    Next::Module("") => return args.next().map(Program::Module),
                    Next::Module(name) => return Some(Program::Module(name)),
                    Next::Value => drop(args.next()),
                    Next::Argument => {}
                },
            }
        }
        None
    }

    /// Options in one word.
    fn letters<'a>(&self, word: &'a str) -> Next<'a> {
        let letters = word.as_bytes();
        for (at, letter) in letters.iter().enumerate() {
            match letter {
                letter if self.inline.contains(letter) => return Next::Text,
                letter if self.module.contains(letter) => return Next::Module(word.get(at + 1..).unwrap_or_default()),
                letter if self.valued.contains(letter) && at + 1 == letters.len() => return Next::Value,
                letter if self.valued.contains(letter) || self.attached.contains(letter) => return Next::Argument,
                _ => {}
            }
        }
        Next::Argument
    }

    /// Does this interpreter, as this executable, look for this file whatever its program is?
    pub fn looks_for(&self, exe: &str, path: &str) -> bool {
        // What it looked for along a path is known by its name alone.
        if !path.contains('/') {
            return self.beside.contains(&path) || self.above.contains(&path);
        }
        let Some((directory, _)) = exe.rsplit_once('/') else { return false };
        let beside = within(directory, path).is_some_and(|name| {
            self.beside.contains(&name) || self.beside.iter().any(|end| end.starts_with('.') && self.own(name, end))
        });
        let above = directory.rsplit_once('/').and_then(|(above, _)| within(above, path));
        beside || above.is_some_and(|name| self.above.contains(&name))
    }

    /// Is this the interpreter's own name with this ending: `python3.11._pth`?
    fn own(&self, name: &str, end: &str) -> bool {
        name.strip_suffix(end).is_some_and(|stem| stem.starts_with(self.name) && !stem.contains('/'))
    }
}

/// What comes after a word of options.
enum Next<'a> {
    /// The text of the program.
    Text,
    /// The name of a module, or in the next argument when this is empty.
    Module(&'a str),
    /// A value.
    Value,
    /// Another argument.
    Argument,
}

fn within<'a>(directory: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(directory)?.strip_prefix('/')
}

#[cfg(test)]
mod tests {
    use super::{Program, interpreter, is_interpreter_file};

    #[test]
    fn the_program_is_the_first_argument_that_is_no_option_or_a_module() {
        use Program::{Module, Script};
        let cases: &[(&str, &[&str], Option<Program<'_>>)] = &[
            ("/usr/bin/python3", &["-I", "-S", "wc.py", "in"], Some(Script("wc.py"))),
            ("python3.11", &["-X", "dev", "-Wonce", "wc.py"], Some(Script("wc.py"))),
            ("python", &["-Ic", "print(1)", "in"], None),
            ("python", &["-m", "json.tool", "in"], Some(Module("json.tool"))),
            ("python", &["-Bmjson.tool", "in"], Some(Module("json.tool"))),
            ("python", &["-m"], None),
            ("pypy3", &["-", "in"], None),
            ("/usr/bin/perl", &["-Mstrict", "-I", "lib", "-w", "x.pl"], Some(Script("x.pl"))),
            ("perl", &["-ne", "print", "in"], None),
            ("bash", &["-o", "pipefail", "--", "-x"], Some(Script("-x"))),
            ("sh", &["-c", "cat in"], None),
            ("node", &[], None),
        ];
        for (exe, args, program) in cases {
            let known = interpreter(exe).expect("an interpreter");
            assert_eq!(known.program(args.iter().copied()), *program, "{exe} {args:?}");
        }
        for exe in ["/usr/bin/shasum", "/usr/bin/python3-config", "perldoc", "/bin/cat", "", "/"] {
            assert!(interpreter(exe).is_none(), "{exe}");
        }
    }

    #[test]
    fn it_looks_for_its_own_files_and_for_no_others() {
        let python = interpreter("/opt/py/bin/python3").expect("an interpreter");
        for path in ["/opt/py/bin/pyvenv.cfg", "/opt/py/pyvenv.cfg", "/opt/py/bin/python3.11._pth", "pyvenv.cfg"] {
            assert!(python.looks_for("/opt/py/bin/python3", path), "{path}");
        }
        for path in ["/opt/py/bin/data", "/opt/py/data", "/opt/pyvenv.cfg", "/opt/py/bin/x._pth", "/pyvenv.cfg"] {
            assert!(!python.looks_for("/opt/py/bin/python3", path), "{path}");
        }
    }

    #[test]
    fn packages_belong_to_the_interpreter_and_data_does_not() {
        for path in [
            "/usr/lib/python3/dist-packages/yaml/__init__.py",
            "$HOME/.local/lib/python3.11/site-packages",
            "/opt/py/lib/python311.zip",
            "/etc/python3.11/sitecustomize.py",
            "/etc/perl/sitecustomize.pl",
        ] {
            assert!(is_interpreter_file(path), "{path}");
        }
        for path in ["$CWD/settings", "/etc/python-app.conf", "/usr/lib/pythonic", "/home/me/python3/in", "/etc/hosts"]
        {
            assert!(!is_interpreter_file(path), "{path}");
        }
    }
}
