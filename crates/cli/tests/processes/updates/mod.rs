//! Updates of real nodes under the real launcher.
//!
//! The image of a version is the program under test with that version written behind it: an ELF file runs whatever follows
//! its end, has another digest, and a node tells the version of its slot's signed manifest. Images that misbehave are the same
//! program, started wrongly by a script.

mod doorman;
mod images;
mod machine;
mod offers;
mod restarts;
mod rollouts;
mod server;
mod site;
