//! hostapd: its configuration, and what its lines mean.

use std::fmt::Write;

use super::settings::{AccessPointSettings, Radio};

/// The configuration file's text. It holds the password: the file is readable by its owner only (AP-2).
pub(super) fn config(settings: &AccessPointSettings, max_stations: usize) -> String {
    let AccessPointSettings { interface, radio, ssid, passphrase, channel, country } = settings;
    let is_real = *radio == Radio::Nl80211;
    let mut text = String::from("# Written by the Cuelight hub at every start.\n");
    let mut line = |key: &str, value: &str| {
        // Values are checked when settings are read: none has a line break.
        writeln!(text, "{key}={value}").expect("writing to a String succeeds");
    };
    line("interface", interface.as_str());
    line("driver", if is_real { "nl80211" } else { "none" });
    // As hexadecimal digits, which need no quoting.
    line("ssid2", &ssid.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    line("utf8_ssid", "1");
    if let Some(country) = country.filter(|_| is_real) {
        line("country_code", &country.to_string());
        line("ieee80211d", "1");
    }
    line("hw_mode", if channel.is_5_ghz() { "a" } else { "g" });
    line("channel", &channel.to_string());
    line("ieee80211n", "1");
    // Without WMM the marks of stream and time exchange mean nothing on the air, and 802.11n is not used.
    line("wmm_enabled", "1");
    line("max_num_sta", &max_stations.to_string());
    line("auth_algs", "1");
    line("wpa", "2");
    line("wpa_key_mgmt", "WPA-PSK");
    line("rsn_pairwise", "CCMP");
    line("wpa_passphrase", passphrase.secret());
    text
}

/// What a line of hostapd tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The network is on the air.
    Enabled,
    /// It is no more.
    Disabled,
    /// A device joined.
    Joined(String),
    /// A device left.
    Left(String),
}

/// Reads a line like `wlan0: AP-STA-CONNECTED 02:00:00:00:00:01`.
pub(super) fn told(line: &str) -> Option<Told> {
    let mut words = line.split_whitespace().skip(1);
    let (event, device) = (words.next()?, words.next());
    match (event, device) {
        ("AP-ENABLED", _) => Some(Told::Enabled),
        ("AP-DISABLED" | "INTERFACE-DISABLED", _) => Some(Told::Disabled),
        ("AP-STA-CONNECTED", Some(device)) => Some(Told::Joined(device.to_owned())),
        ("AP-STA-DISCONNECTED", Some(device)) => Some(Told::Left(device.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(settings: &AccessPointSettings) -> Vec<String> {
        config(settings, 49).lines().map(str::to_owned).collect()
    }

    /// AP-1
    #[test]
    fn the_appliance_network_is_what_deployed_devices_look_for() {
        let lines = lines(&AccessPointSettings::new("wlan0".parse().unwrap()));
        for line in [
            "interface=wlan0",
            "driver=nl80211",
            "ssid2=4b312d4c69676874776176654f53",
            "hw_mode=g",
            "channel=6",
            "wpa=2",
            "wpa_passphrase=SpectraSynq",
        ] {
            assert!(lines.iter().any(|l| l == line), "{line} is missing: {lines:?}");
        }
        assert!(!lines.iter().any(|line| line.starts_with("country_code")));
    }

    /// AP-2
    #[test]
    fn a_strange_name_cannot_add_a_setting() {
        let settings = AccessPointSettings {
            ssid: "a\"#=driver".parse().unwrap(),
            passphrase: "#wpa=0 \"x".parse().unwrap(),
            ..AccessPointSettings::new("wlan0".parse().unwrap())
        };
        let lines = lines(&settings);
        assert!(lines.contains(&"ssid2=6122233d647269766572".to_owned()), "{lines:?}");
        assert_eq!(lines.last().unwrap(), "wpa_passphrase=#wpa=0 \"x");
        assert_eq!(lines.iter().filter(|line| line.starts_with("wpa=")).count(), 1);
    }

    #[test]
    fn a_channel_above_5_ghz_changes_mode_and_a_country_is_told_to_real_radios_only() {
        let settings = AccessPointSettings {
            channel: 36.try_into().unwrap(),
            country: Some("DE".parse().unwrap()),
            ..AccessPointSettings::new("wlan0".parse().unwrap())
        };
        let real = lines(&settings);
        assert!(real.contains(&"hw_mode=a".to_owned()) && real.contains(&"country_code=DE".to_owned()), "{real:?}");
        let wired = lines(&AccessPointSettings { radio: Radio::None, ..settings });
        assert!(wired.contains(&"driver=none".to_owned()), "{wired:?}");
        assert!(!wired.iter().any(|line| line.starts_with("country_code")), "{wired:?}");
    }

    #[test]
    fn lines_of_hostapd_are_understood() {
        let device = "02:00:00:00:00:01".to_owned();
        assert_eq!(told("wlan0: AP-ENABLED "), Some(Told::Enabled));
        assert_eq!(told("wlan0: AP-DISABLED "), Some(Told::Disabled));
        assert_eq!(told("wlan0: AP-STA-CONNECTED 02:00:00:00:00:01"), Some(Told::Joined(device.clone())));
        assert_eq!(told("wlan0: AP-STA-DISCONNECTED 02:00:00:00:00:01"), Some(Told::Left(device)));
        for other in ["", "wlan0:", "wlan0: AP-STA-CONNECTED", "wlan0: interface state UNINITIALIZED->ENABLED"] {
            assert_eq!(told(other), None, "{other}");
        }
    }
}
