//! Prints the description of the hub's HTTP API, as `cargo xtask openapi` commits it to `docs/api/openapi.json`.

fn main() {
    print!("{}", cuelight_hub::openapi());
}
