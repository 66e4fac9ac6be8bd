//! Random numbers that are the same on every machine.
//!
//! A crate such as `rand` may change its streams between versions, and then `data/` would change with
//! a dependency update. Splitmix64 seeds xoshiro256** (both published by Blackman and Vigna, public
//! domain), and each topic of the story draws from a stream of its own, so that a change in one
//! finding leaves the bytes of all others as they were.

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Rng([u64; 4]);

fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Rng {
    /// The stream `topic` of `seed`.
    pub(crate) fn new(seed: u64, topic: &str) -> Self {
        // FNV-1a: any fixed mixing of the topic will do, splitmix64 spreads it.
        let mut state = topic
            .bytes()
            .fold(seed ^ 0xCBF2_9CE4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3));
        Self(std::array::from_fn(|_| splitmix64(&mut state)))
    }

    /// The stream of item `n` of part `part` of `seed`, for items that must not depend on one another.
    pub(crate) fn numbered(seed: u64, part: u64, n: u64) -> Self {
        let mut state =
            (seed ^ part.wrapping_mul(0x9E37_79B9_7F4A_7C15)).rotate_left(23) ^ n.wrapping_mul(0xD1B5_4A32_D192_ED03);
        Self(std::array::from_fn(|_| splitmix64(&mut state)))
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let out = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// A number in `0..n`; the bias of the multiplication is below 2^-32 for the small `n` used here.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        u64::try_from((u128::from(self.next()) * u128::from(n.max(1))) >> 64).unwrap_or(0)
    }

    /// A number in `low..high`.
    pub(crate) fn range(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below(high.abs_diff(low))).unwrap_or(0)
    }

    /// A number in `0.0..1.0`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with probability `p`.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap_or(0)]
    }

    /// An index drawn by weight; the weights are small counts.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let mut left = self.below(weights.clone().map(u64::from).sum());
        for (index, weight) in weights.enumerate() {
            if left < u64::from(weight) {
                return index;
            }
            left -= u64::from(weight);
        }
        0
    }

    /// `len` lower-case hex digits.
    pub(crate) fn hex(&mut self, len: usize) -> String {
        self.digits(b"0123456789abcdef", len)
    }

    /// `len` digits of the alphabet `alphabet`.
    pub(crate) fn digits(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len).map(|_| char::from(self.pick(alphabet))).collect()
    }

    /// A waiting time with a long tail: `scale` times 1 (most of the time) to 20 (rarely).
    pub(crate) fn long_tail(&mut self, scale: f64) -> f64 {
        scale * (1.0 / (0.05 + 0.95 * self.unit())).min(20.0)
    }
}
