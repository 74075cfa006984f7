//! A text and its signatures, and a list of keys.

use cuelight_update::key::{PublicKey, SecretKey};
use cuelight_update::signed::{MAX_LEN, MAX_SIGNATURES, Purpose, Signed};
use cuelight_update::trust::Trust;

/// Nothing is believed but what a trusted key has signed for its purpose, and what is understood survives being written.
pub fn run(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(key) = text.parse::<PublicKey>()
    {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    let Ok(mut document) = Signed::parse(data) else { return };
    assert!(data.len() <= MAX_LEN && document.signers().count() <= MAX_SIGNATURES);
    assert_eq!(
        Signed::parse(document.to_json().as_bytes()).ok().map(|again| again == document),
        (document.to_json().len() <= MAX_LEN).then_some(true)
    );
    // Keys whose secrets nobody can have put into an input: made here, from what the input is.
    let mut seed = [0x5a_u8; 32];
    data.iter().enumerate().for_each(|(i, byte)| seed[i % 32] = seed[i % 32].rotate_left(3) ^ byte);
    let (key, other) = (SecretKey::from_seed(seed), SecretKey::from_seed([0xa5; 32]));
    let trust = Trust::new(vec![key.public(), other.public()], 1).expect("two keys");
    let both = Trust::new(vec![key.public(), other.public()], 2).expect("two keys");
    assert!(document.open(Purpose::Image, &trust).is_err() && trust.replaced_by(&document).is_err());
    document.sign(Purpose::Image, &key);
    if document.signers().count() <= MAX_SIGNATURES {
        assert_eq!(document.open(Purpose::Image, &trust), Ok(document.unverified()));
    }
    assert!(document.open(Purpose::Keys, &trust).is_err(), "a signature for one purpose is worth nothing for another");
    assert!(document.open(Purpose::Image, &both).is_err(), "one key counts once");
}
