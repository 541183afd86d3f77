//! Tests of the whole crate through its public face.
//!
//! [`oracle`] says what an incident means by enumerating all its worlds, [`law`] who answers for it and who knows of it,
//! both written from the documents and not from the code. [`random`] makes estates and incidents. The other modules
//! compare, or hold known cases.

mod agreement;
mod attribution;
mod known;
mod large;
mod law;
mod metamorphic;
mod oracle;
mod random;
mod views;
