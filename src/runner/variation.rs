//! Variations: what is made different on purpose from run to run, so that what a program takes from its
//! surroundings is learned as such.

use crate::message::Problem;

/// One thing that is varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Name of the working directory.
    Cwd,
    /// Process ids.
    Pid,
    /// A busy competitor.
    Load,
    /// One CPU or all.
    Cpus,
    /// Randomised addresses or not.
    Aslr,
    /// Order of the environment.
    Env,
    /// The directory of temporary files.
    Tmpdir,
    /// Pieces in which standard input comes.
    Stdin,
}

impl What {
    const ALL: &[(&str, What)] = &[
        ("cwd", What::Cwd),
        ("pid", What::Pid),
        ("load", What::Load),
        ("cpus", What::Cpus),
        ("aslr", What::Aslr),
        ("env", What::Env),
        ("tmpdir", What::Tmpdir),
        ("stdin", What::Stdin),
    ];
}

/// What may be varied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vary(Vec<What>);

impl Default for Vary {
    fn default() -> Self {
        Vary(What::ALL.iter().map(|(_, what)| *what).collect())
    }
}

impl Vary {
    /// `all`, `none`, or names separated by commas.
    pub fn read(list: &str) -> Result<Vary, Problem> {
        match list {
            "all" => return Ok(Vary::default()),
            "none" => return Ok(Vary(Vec::new())),
            _ => {}
        }
        let words = list.split(',').map(|word| {
            let found = What::ALL.iter().find(|(name, _)| *name == word).map(|(_, what)| *what);
            found.ok_or_else(|| {
                let problem = Problem::usage(format!("cannot vary {word:?}: there is no such thing to vary"));
                let known: Vec<&str> = What::ALL.iter().map(|(name, _)| *name).collect();
                match syscalls::nearest(word, known.iter().copied()) {
                    Some(near) => problem.hint(format!("the nearest is {near}")),
                    None => problem.hint(format!("none, or of {}", known.join(", "))),
                }
            })
        });
        words.collect::<Result<_, _>>().map(Vary)
    }

    /// May this be varied?
    pub fn has(&self, what: What) -> bool {
        self.0.contains(&what)
    }
}

/// Order of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As it is.
    Given,
    /// The other way round.
    Reversed,
    /// By name.
    Sorted,
}

/// The directory of temporary files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temporary {
    /// As it is.
    Given,
    /// One of its own.
    Own,
    /// One of its own in memory.
    InMemory,
}

/// How standard input comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pieces {
    /// At once.
    Whole,
    /// The first byte, and after a moment the rest.
    FirstByte,
    /// One half, and after a moment the other.
    Halves,
}

/// How one run is made different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variation {
    /// Bytes of the working directory's name.
    pub cwd_name: usize,
    /// Process ids that are used up before.
    pub pids: u32,
    /// Does something else keep a CPU busy?
    pub busy: bool,
    /// One CPU only?
    pub one_cpu: bool,
    /// Addresses that are not randomised?
    pub no_aslr: bool,
    /// Order of the environment.
    pub env: Order,
    /// Where temporary files go.
    pub tmpdir: Temporary,
    /// How standard input comes.
    pub stdin: Pieces,
}

/// The first five runs; further ones repeat them, with other names.
const RUNS: [Variation; 5] = [
    row(8, 0, false, false, false, Order::Given, Temporary::Given, Pieces::Whole),
    row(3, 7, true, false, false, Order::Reversed, Temporary::Own, Pieces::Whole),
    row(64, 23, false, true, false, Order::Sorted, Temporary::Own, Pieces::FirstByte),
    row(14, 41, true, true, true, Order::Given, Temporary::Given, Pieces::Whole),
    row(200, 3, false, false, false, Order::Sorted, Temporary::InMemory, Pieces::Halves),
];

#[allow(clippy::too_many_arguments)]
const fn row(
    cwd_name: usize,
    pids: u32,
    busy: bool,
    one_cpu: bool,
    no_aslr: bool,
    env: Order,
    tmpdir: Temporary,
    stdin: Pieces,
) -> Variation {
    Variation { cwd_name, pids, busy, one_cpu, no_aslr, env, tmpdir, stdin }
}

impl Variation {
    /// Of the n-th run, from 0, as far as it may be varied.
    pub fn of_run(n: usize, vary: &Vary) -> Variation {
        let [plain, ..] = RUNS;
        let row = RUNS.into_iter().cycle().nth(n % 5).unwrap_or(plain.clone());
        let when = |what| vary.has(what);
        Variation {
            cwd_name: if when(What::Cwd) { row.cwd_name } else { plain.cwd_name },
            pids: if when(What::Pid) { row.pids } else { 0 },
            busy: row.busy && when(What::Load),
            one_cpu: row.one_cpu && when(What::Cpus),
            no_aslr: row.no_aslr && when(What::Aslr),
            env: if when(What::Env) { row.env } else { Order::Given },
            tmpdir: if when(What::Tmpdir) { row.tmpdir } else { Temporary::Given },
            stdin: if when(What::Stdin) { row.stdin } else { Pieces::Whole },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_repeats_and_none_varies_nothing() {
        let all = Vary::default();
        assert_eq!(Variation::of_run(4, &all).cwd_name, 200);
        assert_eq!(Variation::of_run(5, &all), Variation::of_run(0, &all));
        let none = Vary::read("none").expect("a word");
        for n in 0..5 {
            assert_eq!(Variation::of_run(n, &none), RUNS[0]);
        }
        let some = Vary::read("cwd,aslr").expect("words");
        let fourth = Variation::of_run(3, &some);
        assert!(fourth.no_aslr && !fourth.busy && fourth.cwd_name == 14);
        assert!(Vary::read("cdw").expect_err("unknown").to_string().contains("the nearest is cwd"));
    }
}
