//! `cuelight ctl tempo` and `cuelight ctl tap`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::Ask;
use super::call::{Call, done, put};
use super::words::word;

const MORE: &str = "\
Examples:
  cuelight ctl tempo                  what it is
  cuelight ctl tempo 128
  cuelight ctl tempo 0                no beat
  cuelight ctl tempo --downbeat       the bar begins now
  cuelight ctl tempo --beats-per-bar 3";

/// `cuelight ctl tempo`.
#[derive(Args, Debug, Default)]
#[command(after_long_help = MORE)]
pub(super) struct Tempo {
    /// Beats per minute, 20 to 600 and to the hundredth; 0 is no beat.
    #[arg(value_name = "BPM", value_parser = bpm)]
    bpm: Option<f64>,
    /// Beats of a bar.
    #[arg(long, value_name = "1..32", value_parser = clap::value_parser!(u8).range(1..=32))]
    beats_per_bar: Option<u8>,
    /// The bar begins now.
    #[arg(long, conflicts_with_all = ["bpm", "beats_per_bar"])]
    downbeat: bool,
}

fn bpm(text: &str) -> Result<f64, &'static str> {
    let bpm = text.parse().ok().filter(|bpm: &f64| (20.0..=600.0).contains(bpm) || bpm.abs() < 0.005);
    bpm.ok_or("expected 20 to 600 beats per minute, or 0 for no beat")
}

impl Tempo {
    fn is_question(&self) -> bool {
        self.bpm.is_none() && self.beats_per_bar.is_none() && !self.downbeat
    }
}

impl Ask for Tempo {
    fn call(&self) -> Call {
        if self.is_question() {
            return Call::get("/api/v1/show");
        }
        let mut body = Map::new();
        put(&mut body, "bpm", self.bpm);
        put(&mut body, "beats_per_bar", self.beats_per_bar);
        put(&mut body, "downbeat", self.downbeat.then_some(true));
        Call::post("/api/v1/tempo", body)
    }
    fn words(&self, answer: &Value) -> String {
        if self.is_question() { described(&answer["tempo"]) } else { done(answer) }
    }
}

/// `cuelight ctl tap`.
#[derive(Args, Debug)]
pub(super) struct Tap {}

impl Ask for Tap {
    fn call(&self) -> Call {
        Call::post("/api/v1/tempo", Map::from_iter([("tap".to_owned(), json!(true))]))
    }
    fn words(&self, answer: &Value) -> String {
        done(answer)
    }
}

/// The tempo for people.
pub(super) fn described(tempo: &Value) -> String {
    let beat = tempo["beat"].as_f64().unwrap_or_default().floor();
    let per_bar = tempo["beats_per_bar"].as_f64().unwrap_or(4.0).max(1.0);
    match tempo["bpm"].as_f64() {
        Some(bpm) if bpm > 0.0 => {
            format!(
                "{bpm} bpm, beat {} of {per_bar} in bar {}",
                beat.rem_euclid(per_bar) + 1.0,
                (beat / per_bar).floor()
            )
        }
        Some(_) => "no beat".to_owned(),
        None => word(tempo),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tempo_a_tap_and_a_downbeat_are_sent_as_such() {
        let tempo = Tempo { bpm: Some(120.5), beats_per_bar: Some(3), ..Tempo::default() };
        assert_eq!(tempo.call().body, Some(json!({"bpm": 120.5, "beats_per_bar": 3})));
        assert_eq!(Tempo { downbeat: true, ..Tempo::default() }.call().body, Some(json!({"downbeat": true})));
        assert_eq!(Tap {}.call().body, Some(json!({"tap": true})));
        assert_eq!(Tempo::default().call(), Call::get("/api/v1/show"));
    }

    #[test]
    fn beats_are_counted_within_the_bar() {
        let tempo = json!({"bpm": 120.0, "beat": 9.75, "beats_per_bar": 4});
        assert_eq!(described(&tempo), "120 bpm, beat 2 of 4 in bar 2");
        assert_eq!(described(&json!({"bpm": 0.0})), "no beat");
    }

    #[test]
    fn tempos_out_of_range_are_refused() {
        assert_eq!(bpm("0"), Ok(0.0));
        for bad in ["19", "601", "x", "NaN", "-1"] {
            assert!(bpm(bad).is_err(), "{bad}");
        }
    }
}
