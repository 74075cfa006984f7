//! `cuelight key`, `cuelight account` and `cuelight audit`: who may do what on a hub, and who did.

mod account;
mod audit;
mod key;
mod password;
mod role;

pub(crate) use account::Account;
pub(crate) use audit::Audit;
pub(crate) use key::Key;
