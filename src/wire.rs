//! The JSON contract. Each version has structs of its own, so that the insides can change and the
//! contract can't.

pub mod v1;
