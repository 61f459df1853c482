//! Open spans of a task. A function that was left by an exception or a long jump did not come by any of its exits: that is
//! seen by the stack pointer, which is above where the function began.

/// Stacks that are further apart are different ones (sigaltstack(2), coroutines), bytes.
const ONE_STACK: u64 = 8 << 20;

/// A function that a task is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Which point.
    pub point: u32,
    /// Its stack pointer when it was entered: where its return address is.
    pub sp: u64,
}

/// Takes off what lies below `sp`, and what lies at it, too, when `entering`; innermost first.
pub fn left_behind(open: &mut Vec<Open>, sp: u64, entering: bool, mut left: impl FnMut(Open)) {
    while let Some(last) = open.last() {
        let above = sp.wrapping_sub(last.sp);
        if above >= ONE_STACK || above == 0 && !entering {
            break;
        }
        left(*last);
        open.pop();
    }
}

/// Takes off the span that a function leaves with this stack pointer, if it is known; what lies in it is left, too.
pub fn close(open: &mut Vec<Open>, point: u32, sp: u64, mut left: impl FnMut(Open)) -> bool {
    let Some(at) = open.iter().rposition(|known| *known == Open { point, sp }) else { return false };
    for inner in open.drain(at + 1..).rev() {
        left(inner);
    }
    open.pop();
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack() -> Vec<Open> {
        [(0, 0x7000), (1, 0x6000), (1, 0x5000)].map(|(point, sp)| Open { point, sp }).into()
    }

    #[test]
    fn what_an_exception_left_lies_below_the_stack_pointer() {
        let (mut open, mut left) = (stack(), Vec::new());
        left_behind(&mut open, 0x6000, false, |span| left.push(span.sp));
        assert_eq!((left, open.len()), (vec![0x5000], 2));
        assert!(close(&mut open, 1, 0x6000, |_| panic!("nothing lies in it")));
        assert!(!close(&mut open, 1, 0x6000, |_| ()), "it is closed");
    }

    #[test]
    fn another_stack_leaves_nothing() {
        let mut open = stack();
        left_behind(&mut open, 0x6000 + ONE_STACK, true, |span| panic!("{span:?}"));
        left_behind(&mut open, 0x4000, true, |span| panic!("{span:?}"));
        assert_eq!(open, stack());
    }

    #[test]
    fn a_call_at_the_same_depth_ends_what_was_there() {
        let (mut open, mut left) = (stack(), Vec::new());
        left_behind(&mut open, 0x5000, true, |span| left.push(span.sp));
        assert_eq!(left, [0x5000]);
    }
}
