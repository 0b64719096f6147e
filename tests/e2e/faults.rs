//! What goes wrong outside the functions: the process is killed, the disk is full, files are damaged, memory runs out, clocks jump.
//!
//! After each fault: a named error or a rebuild, never a wrong answer, and nothing acknowledged is lost.
mod clock;
mod disk;
mod kill;
mod memory;

/// A number from the environment, for longer runs than CI's.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|e| panic!("{name}={text}: {e}")))
}

/// Pseudo-random numbers (splitmix64) that a seed repeats.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
