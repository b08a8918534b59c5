//! Which range and reservations a host had better have, and what that would change.

mod solve;
