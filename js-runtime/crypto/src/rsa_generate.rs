//! New RSA keys (FIPS 186-5 §A.1.3), the search for primes in steps.
use crate::rsa_keys::{ENCODING, integer};
use crate::{Failure, Parts, Random, Work};
use ::rsa::pkcs8::EncodePrivateKey;
use ::rsa::{BoxedUint, PrivateKey, PublicKey};
use crypto_bigint::{BitOps, Integer, RandomBits};
use crypto_primes::hazmat::SmallFactorsSieve;
use crypto_primes::{Flavor, is_prime};
use std::num::NonZeroU32;

/// Begins to look for two primes.
pub fn generate(length: usize, exponent: &[u8]) -> Result<Box<dyn Work>, Failure> {
    let exponent = integer(exponent);
    let fits = |bits: u32| exponent.bit_width() > 1 && exponent.bit_width() <= bits;
    if !fits(33) || !exponent.is_odd().to_bool() {
        return Err(Failure::Operation("the public exponent must be odd, and from 3 to 2^33 - 1"));
    }
    let half = u32::try_from(length / 2).ok().and_then(NonZeroU32::new);
    match half {
        Some(half) if length.is_multiple_of(2) && (PublicKey::MIN_SIZE..=PublicKey::MAX_SIZE).contains(&length) => {
            Ok(Box::new(Search { exponent, half, found: None, sieve: None }))
        }
        _ => Err(Failure::Operation("the modulus must have 1024 to 8192 bits, an even number")),
    }
}

/// The search for two primes, one candidate a step: `PrivateKey::new` of the library searches until it has both, and a host must be able to
/// give up. Candidates are its own: FIPS 186-5 §A.1.3 asks for the two highest bits.
struct Search {
    exponent: BoxedUint,
    half: NonZeroU32,
    found: Option<BoxedUint>,
    sieve: Option<SmallFactorsSieve<BoxedUint>>,
}

impl Work for Search {
    fn step(&mut self, random: &mut Random) -> Option<Result<Parts, Failure>> {
        let Some(candidate) = self.sieve.as_mut().and_then(Iterator::next) else {
            return match self.start(random) {
                Ok(sieve) => {
                    self.sieve = Some(sieve);
                    None
                }
                Err(failure) => Some(Err(failure)),
            };
        };
        if !is_prime(Flavor::Any, &candidate) {
            return None;
        }
        self.sieve = None;
        let Some(first) = self.found.take() else {
            self.found = Some(candidate);
            return None;
        };
        // The exponent may have a factor in common with one of the primes less one: then the search begins again.
        let key = PrivateKey::from_p_q(first, candidate, self.exponent.clone()).ok()?;
        Some(key.to_pkcs8_der().map(|der| vec![der.as_bytes().to_vec()]).map_err(|_| ENCODING))
    }
}

impl Search {
    fn start(&self, random: &mut Random) -> Result<SmallFactorsSieve<BoxedUint>, Failure> {
        const NO_RANDOM: Failure = Failure::Operation("there are no random bytes");
        let bits = self.half.get();
        let mut start = BoxedUint::try_random_bits(random, bits).map_err(|_| NO_RANDOM)?;
        for bit in [0, bits - 1, bits - 2] {
            start.set_bit_vartime(bit, true);
        }
        SmallFactorsSieve::new(start, self.half, false).map_err(|_| NO_RANDOM)
    }
}
