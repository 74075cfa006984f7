//! Who this machine is: a MAC address that stays, and numbers nobody can guess.

use std::fs;
use std::io;
use std::path::Path;

use cuelight_wire::ids::{Mac, Token};

/// Random bytes of a session token: 160 bits, above the protocol's least of 128 (CTRL-23). In hex 40 characters, below the 63 that
/// deployed nodes keep.
const TOKEN_BYTES: usize = 20;

/// The MAC address of this machine: that of its first network interface, by name, with hardware behind it, else of the
/// first with an address at all. `None` where there is only loopback; then the caller keeps a [`random_mac`] in a file.
pub fn machine_mac() -> Option<Mac> {
    mac_under(Path::new("/sys/class/net"))
}

fn mac_under(interfaces: &Path) -> Option<Mac> {
    let mut found: Vec<(bool, String, Mac)> = fs::read_dir(interfaces)
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let path = entry.path();
            let mac: Mac = fs::read_to_string(path.join("address")).ok()?.trim().parse().ok()?;
            let is_virtual = !path.join("device").exists();
            (mac != Mac([0; 6])).then(|| (is_virtual, entry.file_name().to_string_lossy().into_owned(), mac))
        })
        .collect();
    found.sort();
    found.first().map(|(_, _, mac)| *mac)
}

/// A random, locally administered unicast MAC address.
///
/// # Errors
/// When the system gives no random numbers.
pub fn random_mac() -> io::Result<Mac> {
    let mut bytes: [u8; 6] = random()?;
    // Bit 1 of the first byte: locally administered; bit 0: group address.
    bytes[0] = (bytes[0] | 0b10) & !0b1;
    Ok(Mac(bytes))
}

/// A fresh session token, 40 hex digits.
///
/// # Errors
/// When the system gives no random numbers.
pub fn random_token() -> io::Result<Token> {
    let bytes: [u8; TOKEN_BYTES] = random()?;
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Ok(digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect())
}

/// A number for this run of a process, never 0.
///
/// # Errors
/// When the system gives no random numbers.
pub fn random_boot_id() -> io::Result<u32> {
    random().map(|bytes| u32::from_ne_bytes(bytes).max(1))
}

/// A seed for what has to differ between machines but not to be secret.
///
/// # Errors
/// When the system gives no random numbers.
pub fn random_seed() -> io::Result<u64> {
    random().map(u64::from_ne_bytes)
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(format!("no random numbers: {error}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// CTRL-23
    #[test]
    fn tokens_are_40_hex_digits_and_differ() {
        let tokens: HashSet<String> = (0..100).map(|_| random_token().unwrap().to_string()).collect();
        assert_eq!(tokens.len(), 100);
        assert!(tokens.iter().all(|t| t.len() == 40 && t.bytes().all(|b| b.is_ascii_hexdigit())));
    }

    #[test]
    fn a_random_mac_is_local_and_unicast() {
        for _ in 0..50 {
            assert_eq!(random_mac().unwrap().0[0] & 0b11, 0b10);
        }
    }

    #[test]
    fn the_first_interface_with_hardware_names_the_machine() {
        let root = tempfile::tempdir().unwrap();
        for (name, address, hardware) in [
            ("lo", "00:00:00:00:00:00", false),
            ("br0", "02:00:00:00:00:01", false),
            ("wlan0", "02:00:00:00:00:03", true),
            ("eth1", "02:00:00:00:00:02", true),
            ("tun0", "none", false),
        ] {
            let path = root.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("address"), format!("{address}\n")).unwrap();
            if hardware {
                fs::create_dir(path.join("device")).unwrap();
            }
        }
        assert_eq!(mac_under(root.path()), Some(Mac([2, 0, 0, 0, 0, 2])));
        fs::remove_dir_all(root.path().join("eth1")).unwrap();
        fs::remove_dir_all(root.path().join("wlan0")).unwrap();
        assert_eq!(mac_under(root.path()), Some(Mac([2, 0, 0, 0, 0, 1])));
        fs::remove_dir_all(root.path().join("br0")).unwrap();
        assert_eq!(mac_under(root.path()), None);
        assert_eq!(mac_under(&root.path().join("missing")), None);
    }
}
