//! Work on pieces side by side whose results are put together in their order, none of them waiting for a whole batch.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Pieces that may be ahead of the one to be added next, per thread: adding may be slower than making on many threads.
const AHEAD_PER_THREAD: usize = 4;

/// Makes something of each piece on all threads, and adds what was made in the order of the pieces.
///
/// Adding goes on one thread at a time, beside the making of the next; the first piece in order that fails is answered, and
/// nothing behind it is added.
pub(super) fn in_turn<T: Sync, P: Send, E: Send>(
    pieces: &[T],
    make: impl Fn(&T) -> Result<P, E> + Sync,
    add: impl FnMut(P) + Send,
) -> Result<(), E> {
    let threads = rayon::current_num_threads().min(pieces.len());
    let turn = Turn {
        pieces,
        make,
        threads,
        state: Mutex::new(State { next: 0, done: 0, working: threads, made: BTreeMap::new() }),
        adder: Mutex::new(Adder { add, failed: None }),
    };
    rayon::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|scope| turn.work(scope));
        }
    });
    let adder = turn.adder.into_inner().unwrap_or_else(PoisonError::into_inner);
    adder.failed.map_or(Ok(()), Err)
}

struct Turn<'a, T, P, E, M, A> {
    pieces: &'a [T],
    make: M,
    threads: usize,
    state: Mutex<State<P, E>>,
    adder: Mutex<Adder<A, E>>,
}

struct State<P, E> {
    /// The piece to be made next.
    next: usize,
    /// Pieces added so far.
    done: usize,
    /// Threads that make or add.
    working: usize,
    made: BTreeMap<usize, Result<P, E>>,
}

struct Adder<A, E> {
    add: A,
    failed: Option<E>,
}

impl<T: Sync, P: Send, E: Send, M: Fn(&T) -> Result<P, E> + Sync, A: FnMut(P) + Send> Turn<'_, T, P, E, M, A> {
    fn state(&self) -> MutexGuard<'_, State<P, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the pieces end that may be made before more is added.
    fn limit(&self, state: &State<P, E>) -> usize {
        self.pieces.len().min(state.done + AHEAD_PER_THREAD * self.threads)
    }

    fn work<'s>(&'s self, scope: &rayon::Scope<'s>) {
        loop {
            let at = {
                let mut state = self.state();
                if state.next >= self.limit(&state) {
                    // Too far ahead. A thread of the pool must not sleep until another has added, as that one may be further
                    // down on its own stack: it goes, and who adds calls for it.
                    state.working -= 1;
                    return;
                }
                state.next += 1;
                state.next - 1
            };
            let result = (self.make)(&self.pieces[at]);
            self.state().made.insert(at, result);
            self.add(scope);
        }
    }

    /// Adds what is made and comes next. Who finds it taken leaves the result to the one that adds, who looks again before it
    /// goes.
    fn add<'s>(&'s self, scope: &rayon::Scope<'s>) {
        while let Ok(mut adder) = self.adder.try_lock() {
            loop {
                let mut state = self.state();
                let done = state.done;
                let Some(result) = state.made.remove(&done) else { break };
                drop(state);
                match result {
                    Ok(part) if adder.failed.is_none() => (adder.add)(part),
                    Ok(_) => {}
                    Err(error) => {
                        adder.failed.get_or_insert(error);
                    }
                }
                let mut state = self.state();
                state.done += 1;
                if adder.failed.is_some() {
                    state.next = self.pieces.len();
                }
                let free = self.limit(&state).saturating_sub(state.next);
                let called = free.min(self.threads - state.working);
                state.working += called;
                drop(state);
                for _ in 0..called {
                    scope.spawn(|scope| self.work(scope));
                }
            }
            drop(adder);
            let state = self.state();
            if !state.made.contains_key(&state.done) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

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

    #[test]
    fn no_more_is_made_than_may_wait_and_who_went_ahead_comes_back() {
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
            let (made, added) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let most = AtomicUsize::new(0);
            let pieces: Vec<usize> = (0..200).collect();
            let make = |piece: &usize| {
                let ahead = made.fetch_add(1, Ordering::SeqCst) - added.load(Ordering::SeqCst);
                most.fetch_max(ahead, Ordering::SeqCst);
                Ok::<usize, ()>(*piece)
            };
            let mut all = Vec::new();
            let slow = |piece| {
                std::thread::sleep(std::time::Duration::from_micros(100));
                added.fetch_add(1, Ordering::SeqCst);
                all.push(piece);
            };
            pool.install(|| in_turn(&pieces, make, slow)).expect("none fails");
            assert_eq!(all, pieces);
            assert!(most.into_inner() <= AHEAD_PER_THREAD * threads, "of {threads} threads");
        }
    }
}
