//! Prints the JSON schema of show files.

fn main() {
    print!("{}", cuelight_showfile::schema());
}
