//! `cuelight key` and `cuelight account`: who may do what on a hub.

mod account;
mod key;
mod password;
mod role;

pub(crate) use account::Account;
pub(crate) use key::Key;
