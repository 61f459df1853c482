//! Children that are gone before anybody has heard of their birth.
//!
//! `early_child PARENTS ROUNDS`: each parent forks ROUNDS children that leave at once.
//! PARENTS x ROUNDS + PARENTS births and as many deaths.

use crate::posix::{Ending, check, fork, say, wait};
use crate::words::Words;

pub fn run(words: &Words) -> i32 {
    let (parents, rounds) = (words.number(0, 8), words.number(1, 100));
    let parents: Vec<_> = (0..parents).map(|_| fork(|| parent(rounds))).collect();
    let ended = parents.iter().filter(|parent| wait(**parent) == Ending::Exited(0)).count();
    check(ended == parents.len(), "every parent must see all its children end well");
    say!("{ended} parents, {} children", ended * rounds);
    0
}

fn parent(rounds: usize) -> i32 {
    for round in 0..rounds {
        let code = (round % 200) as i32;
        if wait(fork(|| code)) != Ending::Exited(code) {
            return 1;
        }
    }
    0
}
