//! Control messages: descriptors that travel over a UNIX socket (unix(7), cmsg(3)).

use super::word;

const SOL_SOCKET: u64 = 1;
const SCM_RIGHTS: u64 = 1;
/// `struct cmsghdr`: length u64, level i32, type i32.
const HEAD: usize = 16;

/// The descriptors of all `SCM_RIGHTS` in the control bytes of a message.
pub fn passed_descriptors(mut control: &[u8]) -> Vec<i32> {
    let mut found = vec![];
    while let Some(len) = word(control, 0, 8).and_then(|len| usize::try_from(len).ok()).filter(|len| *len >= HEAD) {
        let message = control.get(..len).unwrap_or(control);
        if word(message, 8, 4) == Some(SOL_SOCKET) && word(message, 12, 4) == Some(SCM_RIGHTS) {
            let (fds, _) = message.get(HEAD..).unwrap_or_default().as_chunks();
            found.extend(fds.iter().map(|fd| i32::from_le_bytes(*fd)));
        }
        control = len.checked_next_multiple_of(8).and_then(|next| control.get(next..)).unwrap_or_default();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(level: u32, kind: u32, body: &[u8]) -> Vec<u8> {
        let len = (HEAD + body.len()) as u64;
        let mut bytes = [&len.to_le_bytes()[..], &level.to_le_bytes(), &kind.to_le_bytes(), body].concat();
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    #[test]
    fn rights_are_found_behind_credentials() {
        let control = [message(1, 2, &[0; 12]), message(1, 1, &[5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0])].concat();
        assert_eq!(passed_descriptors(&control), [5, 6, 7]);
    }

    #[test]
    fn lengths_that_lie_end_it() {
        let mut control = message(1, 1, &[5, 0, 0, 0]);
        control[0] = 0xff;
        assert_eq!(passed_descriptors(&control), [5, 0]);
        assert_eq!(passed_descriptors(&[0xff; 40]), Vec::<i32>::new());
        assert_eq!(passed_descriptors(&[0; 40]), Vec::<i32>::new());
    }
}
