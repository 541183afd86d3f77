//! Tests of the whole crate through its public face.
//!
//! [`oracle`] says what an incident means by enumerating all its worlds, [`law`] who answers for it and who knows of it,
//! both written from the documents and not from the code. [`random`] makes estates and incidents. The other modules
//! compare, or hold known cases.

// A test binary exports nothing; its modules still say what they offer to each other. The oracle is plain arithmetic
// on small counts, and compares figures that must be equal to the last bit.
#![allow(unreachable_pub)]
#![allow(clippy::float_cmp, clippy::cast_possible_wrap, clippy::cast_sign_loss, clippy::needless_range_loop)]
#![allow(clippy::range_plus_one)]

mod advice;
mod agreement;
mod aralia;
mod attribution;
mod cut_sets;
mod dispute;
mod doubt;
mod hand_off;
mod importance;
mod jaeger;
mod known;
mod large;
mod law;
mod metamorphic;
mod onsets;
mod oracle;
mod random;
mod scale;
mod sensitivity;
mod snapshot;
mod split;
mod suppose;
mod views;
