//! `cuelight ota keygen`.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use cuelight_update::key::SecretKey;

use crate::print;

/// `cuelight ota keygen`.
#[derive(Args, Debug)]
pub(super) struct Keygen {
    /// Name of the two files, NAME.secret and NAME.public; may have a path
    name: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Keygen {
    /// Makes the files. Neither may exist: a key that is written over is lost.
    pub(super) fn run(self) -> Result<()> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).context("the system gives no random numbers")?;
        let key = SecretKey::from_seed(seed);
        let (secret, public) = (with_ending(&self.name, "secret"), with_ending(&self.name, "public"));
        write_new(&secret, &key.to_text(), 0o600)?;
        write_new(&public, &key.public().to_string(), 0o644)?;
        let id = key.public().id();
        if self.json {
            return print::json(&serde_json::json!({
                "key": id.to_string(), "public": key.public().to_string(),
                "secret_file": secret, "public_file": public,
            }));
        }
        print::text(&format!(
            "key {id}\n{}   sign with it; keep it off every machine of a show, and keep a copy\n{}   nodes are set up with \
             it: {}",
            secret.display(),
            public.display(),
            key.public()
        ))
    }
}

fn with_ending(name: &Path, ending: &str) -> PathBuf {
    let mut path = name.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    path.into()
}

fn write_new(path: &Path, line: &str, mode: u32) -> Result<()> {
    let open = OpenOptions::new().create_new(true).write(true).mode(mode).open(path);
    let mut file = open.with_context(|| format!("{} cannot be made", path.display()))?;
    writeln!(file, "{line}")
        .and_then(|()| file.sync_all())
        .with_context(|| format!("{} is not written", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use cuelight_update::key::PublicKey;

    use super::*;

    #[test]
    fn a_pair_is_made_once_and_only_its_owner_reads_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("release.2026");
        let keygen = || Keygen { name: name.clone(), json: false }.run();
        keygen().unwrap();
        let (secret, public) = (with_ending(&name, "secret"), with_ending(&name, "public"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&secret), 0o600);
        let key: SecretKey = fs::read_to_string(&secret).unwrap().parse().unwrap();
        let line = fs::read_to_string(&public).unwrap();
        assert_eq!(line.parse::<PublicKey>().unwrap(), key.public());
        let refused = format!("{:#}", keygen().unwrap_err());
        assert!(refused.contains("release.2026.secret") && refused.contains("exists"), "{refused}");
        assert_eq!(fs::read_to_string(&public).unwrap(), line);
    }
}
