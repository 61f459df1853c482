//! A value for each task, found fast: most events come from the task of the event before.

use std::collections::HashMap;

/// Values by task. A task that was never named has the default.
#[derive(Debug)]
pub(crate) struct PerTask<T> {
    slots: Vec<(u32, T)>,
    index: HashMap<u32, usize>,
    last: usize,
}

impl<T> Default for PerTask<T> {
    fn default() -> Self {
        PerTask { slots: Vec::new(), index: HashMap::new(), last: 0 }
    }
}

impl<T: Default> PerTask<T> {
    /// The value of a task.
    pub(crate) fn of(&mut self, task: u32) -> &mut T {
        if self.slots.get(self.last).is_none_or(|slot| slot.0 != task) {
            let slots = &mut self.slots;
            self.last = *self.index.entry(task).or_insert_with(|| {
                slots.push((task, T::default()));
                slots.len() - 1
            });
        }
        &mut self.slots[self.last].1
    }

    /// Forgets a task.
    pub(crate) fn remove(&mut self, task: u32) -> Option<T> {
        let at = self.index.remove(&task)?;
        let (_, value) = self.slots.swap_remove(at);
        if let Some((moved, _)) = self.slots.get(at) {
            self.index.insert(*moved, at);
        }
        self.last = 0;
        Some(value)
    }

    /// All tasks that have a value, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.slots.iter().map(|(task, value)| (*task, value))
    }

    /// All tasks that have a value, in no order.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut T)> {
        self.slots.iter_mut().map(|(task, value)| (*task, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_with_their_tasks_when_others_go() {
        let mut tasks = PerTask::<u32>::default();
        for task in 1..=50 {
            *tasks.of(task) = task * 10;
        }
        for task in (1..=50).step_by(3) {
            assert_eq!(tasks.remove(task), Some(task * 10));
            assert_eq!(tasks.remove(task), None);
        }
        for task in 1..=50 {
            assert_eq!(*tasks.of(task), if task % 3 == 1 { 0 } else { task * 10 });
        }
        assert_eq!(tasks.iter().count(), 50);
    }
}
