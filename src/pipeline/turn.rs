//! Who may take a name first: items that want the same name get it in the order in which they were listed.
//!
//! An item's final name needs its extension, which the bytes decide at the end. So that a parallel run names as a serial
//! one would, an item waits with its commit for those listed before it that want the same name but for the extension.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// The names that are wanted at the moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    groups: Arc<Mutex<HashMap<String, Group>>>,
}

#[derive(Debug)]
struct Group {
    /// The number of the next turn to be given out.
    next: u64,
    /// Turns that are over although an earlier one is not.
    over: BTreeSet<u64>,
    /// The turn that is on.
    current: watch::Sender<u64>,
}

/// An item's turn for a name. Dropping it lets the next one go on.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    name: String,
    number: u64,
    current: watch::Receiver<u64>,
}

impl Turns {
    /// Gives out the next turn for this name, which has been folded.
    pub(super) fn next(&self, name: String) -> Turn {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let group = groups.entry(name.clone()).or_insert_with(|| Group {
            next: 0,
            over: BTreeSet::new(),
            current: watch::Sender::new(0),
        });
        group.next += 1;
        Turn {
            turns: self.clone(),
            name,
            number: group.next - 1,
            current: group.current.subscribe(),
        }
    }
}

impl Turn {
    /// Waits until all that were listed before are over.
    pub(super) async fn comes(&mut self) {
        let number = self.number;
        // The sender is dropped only with the last turn, so this one keeps it.
        let _ = self.current.wait_for(|current| *current >= number).await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut groups = self
            .turns
            .groups
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(group) = groups.get_mut(&self.name) else {
            return;
        };
        group.over.insert(self.number);
        let mut current = *group.current.borrow();
        while group.over.remove(&current) {
            current += 1;
        }
        if current == group.next {
            groups.remove(&self.name);
        } else {
            group.current.send_replace(current);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn is_on(turn: &mut Turn) -> bool {
        tokio::time::timeout(Duration::from_millis(1), turn.comes())
            .await
            .is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_in_order_whoever_finishes_first() {
        let turns = Turns::default();
        let mut first = turns.next("cat".into());
        let second = turns.next("cat".into());
        let mut third = turns.next("cat".into());
        let mut other = turns.next("dog".into());
        assert!(is_on(&mut first).await && is_on(&mut other).await);
        drop(second);
        assert!(!is_on(&mut third).await, "the first is not over");
        drop(first);
        assert!(is_on(&mut third).await);
        drop((third, other));
        assert!(turns.groups.lock().unwrap().is_empty());
    }
}
