//! Whole recordings: what may be judged.

use super::{Recording, State};
use crate::session::EndedBy;
use crate::{Sink, SinkError};

/// Why nothing is judged by a recording.
#[derive(Debug, thiserror::Error)]
pub enum NotWhole {
    /// Its target never ran.
    #[error("its program could not be started")]
    NeverRan,
    /// There is nothing in it.
    #[error("it holds no calls")]
    NoCalls,
    /// Its calls were tampered with.
    #[error("it was made with `{how}`: it shows what the program does then, not what it does")]
    Tampered {
        /// The flags that asked for it.
        how: String,
    },
    /// Its writer was killed or could not go on.
    #[error("it is incomplete: it ends at byte {at_byte} without saying how the run ended")]
    Incomplete {
        /// Where it ends.
        at_byte: u64,
    },
    /// Parts of it can't be read.
    #[error("it is damaged")]
    Damaged,
    /// What it was read into failed.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

impl Recording {
    /// Gives everything to the sink, as [`Recording::replay`] does; what is there of a recording that is not
    /// whole is given, too.
    ///
    /// # Errors
    /// [`NotWhole`]: of this recording nothing may be judged.
    pub fn replay_whole(self, sink: &mut dyn Sink) -> Result<(), NotWhole> {
        let tampered = self.header().tampered.clone();
        let read = self.replay(sink)?;
        let never_ran = read.trailer.as_ref().is_some_and(|trailer| trailer.ended == EndedBy::NotStarted);
        if let Some(how) = tampered {
            return Err(NotWhole::Tampered { how });
        }
        match read.state {
            State::Complete if never_ran => Err(NotWhole::NeverRan),
            State::Complete if read.calls == 0 => Err(NotWhole::NoCalls),
            State::Complete => Ok(()),
            State::Incomplete { at_byte } => Err(NotWhole::Incomplete { at_byte }),
            State::Damaged => Err(NotWhole::Damaged),
        }
    }
}
