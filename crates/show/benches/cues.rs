//! A list of 2000 cues over 512 universes: GO in its last cues, a go-to across it, all levels in mid-fade and at rest. Must:
//! GO below 5 ms; goal: below 1 ms.
//!
//! Cue 1 sets all 262,144 slots, every other cue moves 2 % of them. GO is what a machine does from the command to the slots:
//! the new state, its levels at that instant, and the slots that moved. The 65th GO finds the list's memory full.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, SamplingMode, criterion_group, criterion_main};
use cuelight_show::{
    Address, Cue, CueList, CueNumber, Curve, Instruction, Level, ListNumber, Playbacks, Score, Show, Stage, Target,
    Timing, Value,
};
use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::{Show as ShowClock, Time};

const UNIVERSES: u16 = 512;
const SLOTS: u32 = UNIVERSES as u32 * 512;
const CUES: u32 = 2_000;
/// 2 % of all slots.
const MOVES: u32 = SLOTS / 50;
const LIST: ListNumber = ListNumber(1);

fn number(cue: u32) -> CueNumber {
    CueNumber::from_milli(cue * 1_000).expect("2000 cues have numbers")
}

fn line(slot: u32, level: u32) -> Instruction {
    let address = Address::new((slot / 512) as u16 + 1, (slot % 512) as u16 + 1).expect("a slot of 512 universes");
    Instruction { target: Target::Slot(address), value: Value::Level(Level(level as u16)) }
}

fn cue(n: u32) -> Cue {
    let mut cue = Cue::new(number(n));
    cue.timing = Timing::even(3_000, Curve::SCurve);
    // The last but one moves everything again. A stride that is prime to the number of slots scatters the others.
    let all = n == 1 || n == CUES - 1;
    let slots = if all { 0..SLOTS } else { n * MOVES..(n + 1) * MOVES };
    let lines = slots.map(|i| {
        let slot = if all { i } else { (u64::from(i) * 48_271 % u64::from(SLOTS)) as u32 };
        line(slot, n * 7_919 + i * 31)
    });
    cue.look = cuelight_show::Look::from_instructions(lines.collect());
    cue
}

fn show() -> Show {
    let mut list = CueList::new(LIST);
    for n in 1..=CUES {
        list.insert(cue(n)).expect("each number once");
    }
    Show::of_lists(vec![list])
}

fn s(s: i64) -> Time<ShowClock> {
    Time::from_ns(s * 1_000_000_000)
}

struct Play<'a> {
    score: &'a Score,
    stage: Stage,
    playbacks: Playbacks,
}

impl<'a> Play<'a> {
    /// Ten seconds in cue `n`.
    fn at(score: &'a Score, n: u32) -> Self {
        let mut play = Self { score, stage: Stage::new(score), playbacks: Playbacks::default() };
        play.playbacks.go_to(score, LIST, number(n), None, s(0)).expect("the cue is there");
        play.levels(s(0));
        play.levels(s(10));
        play
    }
    fn levels(&mut self, at: Time<ShowClock>) {
        let levels = self.stage.levels(self.score, &self.playbacks, &Master::DEFAULT, &Tempo::DEFAULT, at);
        black_box(levels.slot(Address { universe: 1, slot: 1 }));
    }
}

fn cues(c: &mut Criterion) {
    let show = show();
    // Every sample is one pass: a pass takes too long for the growing samples that are usual.
    let mut group = c.benchmark_group("score");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.bench_function("resolve 2000 cues", |b| b.iter(|| Score::new(black_box(&show))));
    group.finish();
    let score = Score::new(&show);
    let mut go = |name: &str, n| {
        c.bench_function(name, |b| {
            b.iter_batched_ref(
                || Play::at(&score, n),
                |play| {
                    play.playbacks.go(&score, LIST, s(10)).expect("there is a next cue");
                    play.levels(s(10));
                },
                BatchSize::PerIteration,
            );
        });
    };
    go("go/2 % of 262144 slots", CUES - 3);
    go("go/all of 262144 slots", CUES - 2);
    c.bench_function("go/the 65th, all of 262144 slots", |b| {
        b.iter_batched_ref(
            || {
                // A list full of runs that moved everything: it forgets at the next one.
                let mut play = Play::at(&score, CUES - 2);
                for n in 1..cuelight_show::playback::MAX_RUNS as i64 {
                    play.playbacks
                        .go_to(&score, LIST, number(CUES - 1 - (n % 2) as u32), None, s(10 * n))
                        .expect("it is there");
                }
                play.levels(s(1_000));
                play
            },
            |play| {
                play.playbacks.go_to(&score, LIST, number(CUES - 1), None, s(1_000)).expect("the cue is there");
                play.levels(s(1_000));
            },
            BatchSize::PerIteration,
        );
    });
    c.bench_function("go-to/across 1998 cues", |b| {
        b.iter_batched_ref(
            || Play::at(&score, 2),
            |play| {
                play.playbacks.go_to(&score, LIST, number(CUES - 2), None, s(10)).expect("the cue is there");
                play.levels(s(10));
            },
            BatchSize::PerIteration,
        );
    });
    c.bench_function("join/a new stage in the middle of the show", |b| {
        let play = Play::at(&score, CUES / 2);
        b.iter(|| {
            let mut stage = Stage::new(&score);
            stage.levels(&score, &play.playbacks, &Master::DEFAULT, &Tempo::DEFAULT, s(11));
        });
    });
    let mut levels = |name: &str, n, from, period_ns| {
        let mut play = Play::at(&score, n);
        play.playbacks.go(&score, LIST, s(10)).expect("there is a next cue");
        let mut at = s(from);
        c.bench_function(name, |b| {
            b.iter(|| {
                // Back to the beginning of the fade before it ends; the stage begins anew then, once in 3000 frames.
                at = Time::from_ns(at.as_ns() + period_ns);
                play.levels(at);
            });
        });
    };
    // A nanosecond a frame: the fade outlasts the benchmark.
    levels("levels/512 universes, all fading", CUES - 2, 11, 1);
    levels("levels/512 universes, 2 % fading", CUES - 3, 11, 1);
    levels("levels/512 universes at rest", CUES - 3, 20, 22_727_273);
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = cues
}
criterion_main!(benches);
