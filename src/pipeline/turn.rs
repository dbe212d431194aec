//! Who may take a name first: items that want the same name get it in listing order.
//!
//! An item's final name needs its extension, which the bytes decide only at the end. So that a parallel run names files
//! as a serial one would, an item delays its commit until the items listed before it that may take its name are done. A
//! numbered copy may take it too: `x (2)` is a copy of `x`. Items that want different copies of the same name do not
//! wait for each other.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The names that are currently wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    lines: Arc<Mutex<HashMap<String, Line>>>,
}

/// The items that may take one name, in listing order.
#[derive(Debug, Default)]
struct Line {
    next: u64,
    waiting: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    /// Whether it wants the name of a copy, so that it blocks only those that want the name itself.
    is_copy: bool,
    woken: Arc<Notify>,
}

/// An item's turn for a name. Dropping it lets the next one proceed.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    /// Its places in line: for its own name, and for the name that it is a copy of.
    places: Vec<(String, u64)>,
    woken: Arc<Notify>,
}

impl Turns {
    /// Issues the next turn for this name, which must already be folded.
    pub(super) fn next(&self, name: String) -> Turn {
        let woken = Arc::new(Notify::new());
        let copied = copied(&name).map(str::to_owned);
        let mut lines = self.lines();
        let mut join = |name: String, is_copy| {
            let line = lines.entry(name.clone()).or_default();
            let number = line.next;
            line.next += 1;
            line.waiting.push_back(Waiter {
                number,
                is_copy,
                woken: woken.clone(),
            });
            (name, number)
        };
        let mut places = vec![join(name, false)];
        places.extend(copied.map(|name| join(name, true)));
        drop(lines);
        Turn {
            turns: self.clone(),
            places,
            woken,
        }
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<String, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Waits until all items that were listed earlier and may take this name are done.
    pub(super) async fn comes(&mut self) {
        // A wake-up that comes before the wait is not lost.
        while !self.is_on() {
            self.woken.notified().await;
        }
    }

    fn is_on(&self) -> bool {
        let lines = self.turns.lines();
        let mut places = self.places.iter();
        places.all(|(name, number)| lines.get(name).is_none_or(|line| line.is_on(*number)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut lines = self.turns.lines();
        for (name, number) in &self.places {
            let Some(line) = lines.get_mut(name) else {
                continue;
            };
            line.leave(*number);
            if line.waiting.is_empty() {
                lines.remove(name);
            }
        }
    }
}

impl Line {
    fn place(&self, number: u64) -> Option<usize> {
        let place = self.waiting.binary_search_by_key(&number, |one| one.number);
        place.ok()
    }

    fn is_on(&self, number: u64) -> bool {
        self.place(number).is_none_or(|place| self.is_first(place))
    }

    /// Checks whether nobody ahead of this place blocks it.
    fn is_first(&self, place: usize) -> bool {
        match self.waiting[place].is_copy {
            true => self.waiting.iter().take(place).all(|other| other.is_copy),
            false => place == 0,
        }
    }

    /// Leaves the line, and wakes those that only this waiter was blocking.
    fn leave(&mut self, number: u64) {
        let Some(place) = self.place(number) else {
            return;
        };
        let Some(gone) = self.waiting.remove(place) else {
            return;
        };
        for next in place..self.waiting.len() {
            let waiter = &self.waiting[next];
            // A copy did not block other copies.
            if !self.is_first(next) || gone.is_copy && waiter.is_copy {
                break;
            }
            waiter.woken.notify_one();
        }
    }
}

/// Returns the name that this one may be a numbered copy of: `x` for `x (2)`.
fn copied(name: &str) -> Option<&str> {
    let (first, number) = name.strip_suffix(')')?.rsplit_once(" (")?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit())
        && !matches!(number, "" | "1")
        && !number.starts_with('0');
    (is_number && !first.is_empty() && !first.ends_with('/')).then_some(first)
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
    async fn turns_are_taken_in_order() {
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
        assert!(turns.lines().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_become_a_copy_and_what_is_called_so_wait_for_each_other() {
        let turns = Turns::default();
        let [mut copy, mut other, mut first, mut late] =
            ["x (2)", "x (3)", "x", "x (4)"].map(|name| turns.next(name.into()));
        assert!(is_on(&mut copy).await && is_on(&mut other).await);
        assert!(!is_on(&mut first).await && !is_on(&mut late).await);
        drop(other);
        assert!(!is_on(&mut first).await);
        drop(copy);
        assert!(is_on(&mut first).await && !is_on(&mut late).await);
        // A copy of a copy is not a copy of the first.
        let mut deep = turns.next("x (4) (2)".into());
        assert!(!is_on(&mut deep).await);
        drop(late);
        assert!(is_on(&mut deep).await);
        drop((first, deep));
        assert!(turns.lines().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_is_woken() {
        let turns = Turns::default();
        for (before, waiting) in [
            (vec!["x"], "x"),
            (vec!["x"], "x (2)"),
            (vec!["x (2)", "x (3)"], "x"),
            (vec!["x (2)", "x"], "x (3)"),
            (vec!["x", "x (2)"], "x (2)"),
        ] {
            let before: Vec<_> = before
                .into_iter()
                .map(|name| turns.next(name.into()))
                .collect();
            let mut waiting = turns.next(waiting.into());
            let task = tokio::spawn(async move { waiting.comes().await });
            tokio::task::yield_now().await;
            assert!(!task.is_finished());
            drop(before);
            let woken = tokio::time::timeout(Duration::from_secs(1), task);
            woken.await.unwrap().unwrap();
        }
    }

    #[test]
    fn copies_are_called_as_they_are_numbered() {
        let table = [
            ("a/x (2)", Some("a/x")),
            ("x (13)", Some("x")),
            ("x (2) (3)", Some("x (2)")),
            ("x (1)", None),
            ("x (02)", None),
            ("x ()", None),
            ("x (b)", None),
            ("x(2)", None),
            ("a/ (2)", None),
            (" (2)", None),
        ];
        for (name, expected) in table {
            assert_eq!(copied(name), expected, "{name}");
        }
    }
}
