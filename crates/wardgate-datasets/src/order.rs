//! Work on all cores whose results come in the order of the items.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

/// The work on an item ended in a fault of the program. Nothing of it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panicked;

/// Does the work on all items on as many threads, and hands the results over in the order of the items.
///
/// Items are drawn when there is room: at most three a thread are under way. A fault of the program in one
/// item is that item's result and does not end the others.
///
/// # Errors
/// The first that `keep` gives; nothing more is drawn then.
pub fn in_order<T: Send, R: Send, E: Send>(
    items: impl Iterator<Item = T> + Send,
    threads: usize,
    work: impl Fn(T) -> R + Sync,
    mut keep: impl FnMut(Result<R, Panicked>) -> Result<(), E>,
) -> Result<(), E> {
    let guarded = |item| panic::catch_unwind(AssertUnwindSafe(|| work(item))).map_err(|_| Panicked);
    if threads <= 1 {
        return items.map(guarded).try_for_each(keep);
    }
    let room = threads * ITEMS_PER_THREAD;
    let (give_room, take_room) = mpsc::channel();
    let (give_item, take_item) = mpsc::channel();
    let (give_done, take_done) = mpsc::channel();
    let take_item = Mutex::new(take_item);
    thread::scope(|scope| {
        // Ends with this closure, also after an error: whoever waits for room then stops.
        let give_room = give_room;
        scope.spawn(move || {
            for item in items.enumerate() {
                if take_room.recv().is_err() || give_item.send(item).is_err() {
                    return;
                }
            }
        });
        for _ in 0..threads {
            let (take_item, guarded, give_done) = (&take_item, &guarded, give_done.clone());
            scope.spawn(move || {
                loop {
                    let next = match take_item.lock() {
                        Ok(items) => items.recv(),
                        Err(_) => return,
                    };
                    let Ok((at, item)) = next else { return };
                    if give_done.send((at, guarded(item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(give_done);
        for _ in 0..room {
            // Whoever takes the room may have drawn everything already.
            let _ = give_room.send(());
        }
        let (mut next, mut early) = (0, BTreeMap::new());
        for (at, done) in take_done {
            early.insert(at, done);
            while let Some(done) = early.remove(&next) {
                keep(done)?;
                next += 1;
                let _ = give_room.send(());
            }
        }
        Ok(())
    })
}

/// The results of work on items that are all in memory, in their order.
///
/// # Errors
/// [`Panicked`] when the work on one of them ended in a fault of the program.
pub fn map_in_order<T: Send, R: Send>(
    items: Vec<T>,
    threads: usize,
    work: impl Fn(T) -> R + Sync,
) -> Result<Vec<R>, Panicked> {
    let threads = threads.min(items.len());
    let mut results = Vec::with_capacity(items.len());
    in_order(items.into_iter(), threads, work, |done| {
        results.push(done?);
        Ok::<_, Panicked>(())
    })?;
    Ok(results)
}

const ITEMS_PER_THREAD: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        for threads in [1, 2, 7] {
            let squares = map_in_order((0..1000_u64).collect(), threads, |n| n * n).unwrap();
            assert!(
                squares
                    .iter()
                    .enumerate()
                    .all(|(n, s)| *s == (n * n) as u64)
            );
        }
    }

    #[test]
    fn a_fault_of_the_program_stays_with_its_item() {
        for threads in [1, 3] {
            let mut kept = Vec::new();
            let work = |n: u32| if n == 5 { panic!("bad item") } else { n };
            let keep = |done| {
                kept.push(done);
                Ok::<_, ()>(())
            };
            in_order(0..10, threads, work, keep).unwrap();
            assert_eq!(kept.len(), 10);
            assert_eq!((kept[5], kept[6]), (Err(Panicked), Ok(6)));
        }
    }

    #[test]
    fn nothing_more_is_drawn_after_an_error() {
        for threads in [1, 4] {
            let ended = in_order(
                0_u64..,
                threads,
                |n| n,
                |done| match done {
                    Ok(20) => Err("enough"),
                    _ => Ok(()),
                },
            );
            assert_eq!(ended, Err("enough"));
        }
    }
}
