//! Chance that can be had again: everything a test throws comes from one number, which a failure prints.

/// A generator of numbers that are as good as random (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice {
    seed: u64,
    state: u64,
}

impl Dice {
    /// Dice with the seed in `CONFMOD_SEED`, else one of the hour.
    pub fn new() -> Self {
        let given = std::env::var("CONFMOD_SEED").ok().and_then(|text| text.parse().ok());
        let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
        Self::seeded(given.unwrap_or_else(now))
    }

    /// Dice that always throw the same.
    pub fn seeded(seed: u64) -> Self {
        Self { seed, state: seed }
    }

    /// How to have the same again, for the sentence of a failure.
    pub fn again(&self) -> String {
        format!("have it again with CONFMOD_SEED={}", self.seed)
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a bound; 0 below 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.any() % (bound.max(1) as u64)) as usize
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}
