//! Synchronisation in virtual time: the machines that ship, every delay profile, faults.

mod faults;
mod profiles;
mod world;
