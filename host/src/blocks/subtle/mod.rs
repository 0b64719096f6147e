//! Web Cryptography for functions: the calls of `crypto.subtle` that are faster here than in the guest. Not a block of Dapr's, so it has
//! no grants and no API. Keys come with each call and are gone after it.
pub mod guest;
