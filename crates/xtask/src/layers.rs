//! `cargo xtask layers`: the shape of the architecture, kept by a machine.
//!
//! Crates import only what the table lets them; the pure ones name no clock, socket, file or thread; `unsafe` is where it
//! is listed; and the ones for firmware build for bare metal, one by one.

use anyhow::{Result, bail};

use crate::workspace::{self, PREFIX, Package};
use crate::{bare_metal, purity};

/// Arguments of `cargo xtask layers`.
#[derive(Default, clap::Args)]
pub(crate) struct Args {
    /// Build the bare-metal core library from source, as where rustup cannot add a target
    #[arg(long)]
    build_std: bool,
}

/// What each crate may import of the others (the order of ARCHITECTURE.md). Tests may import anything.
const MAY_IMPORT: [(&str, &[&str]); 25] = [
    ("wire", &[]),
    ("proto", &["wire"]),
    ("render", &["wire"]),
    ("dmx", &["wire"]),
    ("show", &["wire", "render"]),
    ("showfile", &["wire", "render", "show"]),
    ("fixtures", &["show"]),
    ("conductor", &["wire", "proto", "show"]),
    ("disk", &[]),
    ("trust", &["disk"]),
    ("net", &["wire", "proto", "trust"]),
    ("pattern", &["wire", "proto", "net", "trust"]),
    ("input", &["wire", "dmx", "net"]),
    ("output", &["wire", "render", "dmx", "show", "net"]),
    ("fetch", &["trust"]),
    ("page", &[]),
    ("update", &["disk", "fetch"]),
    (
        "node",
        &[
            "wire", "trust", "fetch", "update", "proto", "render", "dmx", "show", "showfile", "net", "pattern",
            "input", "output", "page",
        ],
    ),
    (
        "hub",
        &[
            "wire",
            "disk",
            "trust",
            "fetch",
            "update",
            "proto",
            "render",
            "dmx",
            "show",
            "showfile",
            "conductor",
            "net",
            "pattern",
            "output",
            "page",
        ],
    ),
    ("oracle", &["wire"]),
    ("sim", &["wire", "proto", "render", "conductor", "oracle"]),
    ("measure", &["wire", "net"]),
    ("lab", &["wire", "net", "sim", "measure"]),
    (
        "cli",
        &[
            "wire",
            "trust",
            "fetch",
            "proto",
            "render",
            "dmx",
            "conductor",
            "net",
            "pattern",
            "input",
            "output",
            "node",
            "hub",
            "oracle",
            "show",
            "showfile",
            "fixtures",
            "sim",
            "measure",
            "update",
        ],
    ),
    ("xtask", &[]),
];

/// Checks imports, purity and bare-metal builds.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = workspace::read()?;
    let mut wrong = imports(&workspace.packages);
    wrong.extend(purity::check()?);
    if !wrong.is_empty() {
        bail!("the layers do not hold:\n  {}", wrong.join("\n  "));
    }
    bare_metal::build(&workspace.target, args.build_std)
}

/// Every import that the table does not have, one sentence each.
fn imports(packages: &[Package]) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in packages {
        let name = package.short_name();
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(of, _)| *of == name) else {
            wrong.push(format!("{} has no row in crates/xtask/src/layers.rs: say what it may import", package.name));
            continue;
        };
        for dependency in package.dependencies.iter().filter_map(|d| d.strip_prefix(PREFIX)) {
            if !allowed.contains(&dependency) {
                let list = if allowed.is_empty() { "nothing of the workspace".into() } else { allowed.join(", ") };
                wrong.push(format!("crates/{name}/Cargo.toml imports {dependency}; {name} may import {list}"));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[&str]) -> Package {
        let dependencies = dependencies.iter().map(|d| d.to_string()).collect();
        Package { name: name.into(), dependencies, targets: Vec::new() }
    }

    #[test]
    fn an_import_against_the_order_is_named_with_what_would_be_allowed() {
        let allowed = package("cuelight-proto", &["cuelight-wire", "heapless"]);
        assert_eq!(imports(&[allowed]), Vec::<String>::new());
        let upwards = package("cuelight-wire", &["cuelight-proto"]);
        assert_eq!(
            imports(&[upwards]),
            ["crates/wire/Cargo.toml imports proto; wire may import nothing of the workspace"]
        );
        assert_eq!(imports(&[package("cuelight-new", &[])]).len(), 1);
    }

    #[test]
    fn the_table_itself_has_no_circles() {
        for (i, (_, allowed)) in MAY_IMPORT.iter().enumerate() {
            for import in *allowed {
                assert!(MAY_IMPORT.iter().position(|(name, _)| name == import).is_some_and(|at| at < i), "{import}");
            }
        }
    }
}
