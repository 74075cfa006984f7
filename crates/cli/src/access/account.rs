//! `cuelight account`: accounts of people.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::password;
use super::role::{PersonRole, word as role_word};
use crate::ctl::call::{Call, Method, escaped};
use crate::ctl::client::Asking;
use crate::ctl::words::word;
use crate::print;

const MORE: &str = "\
Examples:
  cuelight account add anna --role operator
  cuelight account role anna admin
  cuelight account password anna < file
  cuelight account list

Passwords are asked for in the terminal or read from standard input, never taken from the command line.";

/// `cuelight account`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(crate) struct Account {
    #[command(flatten)]
    asking: Asking,
    #[command(subcommand)]
    what: What,
}

/// What to do about accounts.
#[derive(Debug, Subcommand)]
enum What {
    /// List the accounts
    List,
    /// Make an account
    Add {
        /// Its name: letters, digits, dots, hyphens, underscores, @.
        account: String,
        /// What it may do.
        #[arg(long, value_enum)]
        role: PersonRole,
    },
    /// Give an account another role, at once
    Role {
        /// The account.
        account: String,
        /// What it may do.
        #[arg(value_enum)]
        role: PersonRole,
    },
    /// Give an account another password; its sessions end
    Password {
        /// The account.
        account: String,
    },
    /// Remove an account and end its sessions
    Remove {
        /// The account.
        account: String,
    },
}

impl What {
    /// The account whose password is to be read.
    fn new_password_of(&self) -> Option<&str> {
        match self {
            Self::Add { account, .. } | Self::Password { account } => Some(account),
            Self::List | Self::Role { .. } | Self::Remove { .. } => None,
        }
    }

    fn call(&self, password: Option<&str>) -> Call {
        let path = |account: &str| format!("/api/v1/accounts/{}", escaped(account));
        let change = |account: &str, body| Call { method: Method::Patch, path: path(account), body: Some(body) };
        match self {
            Self::List => Call::get("/api/v1/accounts"),
            Self::Add { account, role } => {
                let body = json!({ "name": account, "role": role_word(*role), "password": password });
                Call { method: Method::Post, path: "/api/v1/accounts".to_owned(), body: Some(body) }
            }
            Self::Role { account, role } => change(account, json!({ "role": role_word(*role) })),
            Self::Password { account } => change(account, json!({ "password": password })),
            Self::Remove { account } => Call { method: Method::Delete, path: path(account), body: None },
        }
    }

    fn words(&self, answer: &Value) -> String {
        match self {
            Self::List => {
                let row =
                    |account: &Value| ["name", "role", "sessions", "created_at"].map(|field| word(&account[field]));
                let rows: Vec<_> = answer.as_array().into_iter().flatten().map(row).collect();
                if rows.is_empty() {
                    return "no accounts; make one with `cuelight account add NAME --role admin`".to_owned();
                }
                print::table(["account", "role", ">sessions", "made"], &rows)
            }
            Self::Add { account, role } => format!("{account} is made and has the role {}", role_word(*role)),
            Self::Role { account, role } => format!("{account} has the role {}", role_word(*role)),
            Self::Password { account } => format!("{account} has another password; its sessions have ended"),
            Self::Remove { account } => format!("{account} is removed; its sessions have ended"),
        }
    }
}

impl Account {
    /// Asks the hub and prints its answer.
    pub(crate) fn run(self) -> Result<()> {
        let password = self.what.new_password_of().map(password::read_new).transpose()?;
        let answer = self.asking.client().ask(&self.what.call(password.as_deref()))?;
        if self.asking.json { print::json(&answer) } else { print::text(&self.what.words(&answer)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_changed_by_name_and_only_new_passwords_are_read() {
        let role = What::Role { account: "a b".into(), role: PersonRole::Operator };
        let call = role.call(None);
        assert_eq!((call.method, call.path.as_str()), (Method::Patch, "/api/v1/accounts/a%20b"));
        assert_eq!((call.body, role.new_password_of()), (Some(json!({"role": "operator"})), None));
        let add = What::Add { account: "anna".into(), role: PersonRole::Admin };
        assert_eq!(add.new_password_of(), Some("anna"));
        let body = json!({"name": "anna", "role": "admin", "password": "x"});
        assert_eq!(add.call(Some("x")).body, Some(body));
        assert!(!add.words(&Value::Null).contains('x'));
    }

    #[test]
    fn accounts_are_listed() {
        let account = json!({"name": "anna", "role": "admin", "sessions": 2, "created_at": "2026"});
        let list = What::List.words(&json!([account]));
        assert_eq!(list.lines().last(), Some("anna     admin         2  2026"));
        assert!(What::List.words(&json!([])).contains("account add"));
    }
}
