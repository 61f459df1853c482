//! Shared: what several tasks may have in common (their descriptors, their working directory).

use super::numbers::NumberMap;

/// Values by task, each owned by one task or by several.
#[derive(Debug)]
pub(crate) struct Shared<T> {
    of: NumberMap<u32, u64>,
    slots: NumberMap<u64, (T, u32)>,
    next: u64,
}

impl<T> Default for Shared<T> {
    fn default() -> Shared<T> {
        Shared { of: NumberMap::default(), slots: NumberMap::default(), next: 0 }
    }
}

impl<T: Clone + Default> Shared<T> {
    /// The task's value.
    pub fn get(&self, task: u32) -> Option<&T> {
        self.slots.get(self.of.get(&task)?).map(|slot| &slot.0)
    }

    /// The task's value to change, an empty one when it had none. Whoever shares it sees the change.
    pub fn get_mut(&mut self, task: u32) -> &mut T {
        let next = &mut self.next;
        let id = *self.of.entry(task).or_insert_with(|| {
            *next += 1;
            *next
        });
        &mut self.slots.entry(id).or_insert_with(|| (T::default(), 1)).0
    }

    /// Gives a task a value of its own.
    pub fn set(&mut self, task: u32, value: T) {
        self.drop(task);
        self.next += 1;
        self.of.insert(task, self.next);
        self.slots.insert(self.next, (value, 1));
    }

    /// A new task has the value of its maker: the same one, or a copy.
    pub fn inherit(&mut self, maker: u32, task: u32, same: bool) {
        if !same {
            let copy = self.get(maker).cloned().unwrap_or_default();
            return self.set(task, copy);
        }
        self.get_mut(maker);
        self.drop(task);
        if let Some(id) = self.of.get(&maker).copied()
            && let Some(slot) = self.slots.get_mut(&id)
        {
            slot.1 += 1;
            self.of.insert(task, id);
        }
    }

    /// From now on the task's value is its own.
    pub fn unshare(&mut self, task: u32) {
        let shared = self.of.get(&task).and_then(|id| self.slots.get(id)).is_some_and(|slot| slot.1 > 1);
        if shared {
            let copy = self.get(task).cloned().unwrap_or_default();
            self.set(task, copy);
        }
    }

    /// The task goes on under another id.
    pub fn rename(&mut self, old: u32, new: u32) {
        if let Some(id) = self.of.remove(&old) {
            self.drop(new);
            self.of.insert(new, id);
        }
    }

    /// The task is gone.
    pub fn drop(&mut self, task: u32) {
        let Some(id) = self.of.remove(&task) else { return };
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.1 -= 1;
            if slot.1 == 0 {
                self.slots.remove(&id);
            }
        }
    }
}
