//! The recording file, from outside: what goes in comes back, and whatever happens to the file, a
//! reader gives what is whole and says what is not.

mod bytes;
mod damage;
mod follow;
mod session;
mod table;
mod writing;
