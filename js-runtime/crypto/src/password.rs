//! PBKDF2 (RFC 8018 §5.2), in steps: the crate `pbkdf2` has one function that returns when all iterations are done, and a million of
//! them must be something that a host can interrupt.
use crate::hash::{Hash, keyed, with_hash};
use crate::{Failure, Parts, Random, Work};
use hmac::digest::Output;
use hmac::{Hmac, KeyInit, Mac};

/// Iterations of one step: about a millisecond.
const STEP: u32 = 2048;

/// Derives `length` bytes.
pub fn pbkdf2(hash: Hash, password: &[u8], salt: &[u8], iterations: u32, length: usize) -> Box<dyn Work> {
    with_hash!(hash, D => Box::new(Derivation::<Hmac<D>>::new(password, salt, iterations, length)))
}

struct Derivation<M: Mac> {
    keyed: M,
    salt: Vec<u8>,
    iterations: u32,
    length: usize,
    /// What is derived already.
    derived: Vec<u8>,
    /// Iterations of the current block that are left.
    left: u32,
    last: Output<M>,
    block: Output<M>,
}

impl<M: Mac + KeyInit + Clone> Derivation<M> {
    fn new(password: &[u8], salt: &[u8], iterations: u32, length: usize) -> Derivation<M> {
        Derivation {
            keyed: keyed(password),
            salt: salt.to_vec(),
            iterations,
            length,
            derived: Vec::new(),
            left: 0,
            last: Output::<M>::default(),
            block: Output::<M>::default(),
        }
    }

    fn begin(&mut self) {
        let number = (self.derived.len() / self.block.len() + 1) as u32;
        let first = self.keyed.clone().chain_update(&self.salt).chain_update(number.to_be_bytes());
        self.last = first.finalize().into_bytes();
        self.block = self.last.clone();
        self.left = self.iterations - 1;
    }
}

impl<M: Mac + KeyInit + Clone + Send> Work for Derivation<M> {
    fn step(&mut self, _: &mut Random) -> Option<Result<Parts, Failure>> {
        if self.iterations == 0 {
            return Some(Err(Failure::Operation("PBKDF2 needs at least one iteration")));
        }
        let mut room = STEP;
        while self.derived.len() < self.length {
            if self.left == 0 {
                self.begin();
            }
            for _ in 0..self.left.min(room) {
                self.last = self.keyed.clone().chain_update(&self.last).finalize().into_bytes();
                self.block.iter_mut().zip(&self.last).for_each(|(sum, byte)| *sum ^= byte);
            }
            let done = self.left.min(room);
            self.left -= done;
            room -= done;
            if self.left > 0 {
                return None;
            }
            self.derived.extend_from_slice(&self.block);
            if room == 0 {
                break;
            }
            // A block of one iteration is work too.
            room -= 1;
        }
        if self.derived.len() < self.length {
            return None;
        }
        self.derived.truncate(self.length);
        Some(Ok(vec![std::mem::take(&mut self.derived)]))
    }
}
