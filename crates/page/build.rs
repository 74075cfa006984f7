//! Takes the pages in, where `cargo xtask dashboard` has built them. Nothing is built here: without them the hub has its small
//! page, and nodes have none.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = |name: &str| env::var_os(name).ok_or_else(|| io::Error::other(format!("cargo sets {name}")));
    let built = Path::new(&folder("CARGO_MANIFEST_DIR")?).join("../../dashboard/built");
    println!("cargo:rerun-if-changed={}", built.display());
    let mut list = String::from("&[\n");
    for (shown, path) in files(&built.join("page"), "")? {
        let packed = path.with_added_extension("gz");
        let packed = packed.exists().then(|| format!("include_bytes!({packed:?})"));
        let packed = packed.map_or("None".to_owned(), |bytes| format!("Some({bytes})"));
        let _ = writeln!(list, "    File {{ path: {shown:?}, bytes: include_bytes!({path:?}), gzip: {packed} }},");
    }
    list.push_str("]\n");
    fs::write(Path::new(&folder("OUT_DIR")?).join("files.rs"), list)
}

/// Files below a folder, each with its address; none when there is no such folder. Packed ones go with those they stand for.
fn files(folder: &Path, address: &str) -> io::Result<Vec<(String, std::path::PathBuf)>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let shown = format!("{address}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path(), &shown)?);
        } else if !shown.ends_with(".gz") {
            found.push((shown, entry.path().canonicalize()?));
        }
    }
    found.sort();
    Ok(found)
}
