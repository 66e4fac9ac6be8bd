//! Work on pieces side by side whose results are put together in their order, none of them waiting for a whole batch.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Results that may wait to be added, per thread: adding may be slower than making on many threads.
const WAITING_PER_THREAD: usize = 4;

/// Makes something of each piece on all threads, and adds what was made in the order of the pieces.
///
/// Adding goes on one thread at a time, beside the making of the next; the first piece in order that fails is answered, and
/// nothing behind it is added.
pub(super) fn in_turn<T: Sync, P: Send, E: Send>(
    pieces: &[T],
    make: impl Fn(&T) -> Result<P, E> + Sync,
    mut add: impl FnMut(P) + Send,
) -> Result<(), E> {
    // All that may wait is added before more is made: a thread of the pool must not sleep until another has added, as that
    // one may be further down on its own stack.
    pieces.chunks(WAITING_PER_THREAD * rayon::current_num_threads()).try_for_each(|some| these(some, &make, &mut add))
}

fn these<T: Sync, P: Send, E: Send>(
    pieces: &[T],
    make: &(impl Fn(&T) -> Result<P, E> + Sync),
    add: impl FnMut(P) + Send,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let made: Mutex<BTreeMap<usize, Result<P, E>>> = Mutex::new(BTreeMap::new());
    let adder = Mutex::new(Adder { add, done: 0, failed: None });
    let first_of = |at: usize| made.lock().unwrap_or_else(PoisonError::into_inner).remove(&at);
    let has = |at: usize| made.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&at);
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = pieces.get(at) else { return };
            let result = make(piece);
            made.lock().unwrap_or_else(PoisonError::into_inner).insert(at, result);
            // Who finds it taken leaves the result to the one that adds, who looks again before it goes.
            while let Ok(mut adder) = adder.try_lock() {
                while adder.failed.is_none() {
                    match first_of(adder.done) {
                        Some(Ok(part)) => (adder.add)(part),
                        Some(Err(error)) => adder.failed = Some(error),
                        None => break,
                    }
                    adder.done += 1;
                }
                if adder.failed.is_some() {
                    next.store(pieces.len(), Ordering::Relaxed);
                    return;
                }
                let done = adder.done;
                drop(adder);
                if !has(done) {
                    break;
                }
            }
        }
    };
    rayon::scope(|scope| {
        for _ in 0..rayon::current_num_threads().min(pieces.len()) {
            scope.spawn(|_| work());
        }
    });
    let adder = adder.into_inner().unwrap_or_else(PoisonError::into_inner);
    adder.failed.map_or(Ok(()), Err)
}

struct Adder<A, E> {
    add: A,
    /// Pieces added so far.
    done: usize,
    failed: Option<E>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_added_in_order_whatever_takes_longest() {
        for n in [0, 1, 2, 7, 300] {
            let pieces: Vec<u64> = (0..n).collect();
            let mut added = Vec::new();
            let slow_first = |piece: &u64| {
                if piece.is_multiple_of(7) {
                    std::thread::sleep(std::time::Duration::from_micros(200));
                }
                Ok::<u64, ()>(*piece)
            };
            in_turn(&pieces, slow_first, |piece| added.push(piece)).expect("none fails");
            assert_eq!(added, pieces);
        }
    }

    #[test]
    fn the_first_failure_in_order_is_answered_and_nothing_behind_it_added() {
        for _ in 0..50 {
            let mut added = Vec::new();
            let pieces: Vec<u64> = (0..100).collect();
            let make = |piece: &u64| if *piece == 40 || *piece == 41 { Err(*piece) } else { Ok(*piece) };
            assert_eq!(in_turn(&pieces, make, |piece| added.push(piece)), Err(40));
            assert_eq!(added, pieces[..40]);
        }
    }
}
