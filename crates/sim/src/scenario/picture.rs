//! A run, drawn: clocks, changes, losses and states over the time of the show.

use super::Scenario;
use super::play::{Moment, NodeState, Outcome};
use crate::plot::{Axis, Bands, Figure, Histogram, Lines, Row, Series, Stretch};

/// Curves that can be told apart; of more nodes the worst are drawn.
const MOST_CURVES: usize = 6;

/// The SVG text of a run.
pub fn picture(scenario: &Scenario, outcome: &Outcome) -> String {
    let title = format!("{} {}: {} (seed {})", scenario.number, scenario.name, scenario.shows, outcome.seed);
    let spreads: Vec<f64> = outcome.figures.apply_spreads_ns().iter().map(|ns| *ns as f64 / 1e3).collect();
    let mut figure = Figure::new(title.trim_start()).with(clocks(outcome));
    if !spreads.is_empty() {
        let x = Axis::linear("between the first and the last node (us)");
        let mut changes = Histogram::new("How far apart the nodes first show a change", x);
        changes.series.push(("changes".to_owned(), spreads));
        figure = figure.with(changes);
    }
    figure.with(losses(outcome)).with(states(outcome)).svg()
}

fn name(n: usize) -> String {
    format!("node {}", n + 1)
}

/// The nodes with the largest values of `measure`, in their order.
fn worst(nodes: usize, measure: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut ranked: Vec<(f64, usize)> = (0..nodes).map(|n| (measure(n), n)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut worst: Vec<usize> = ranked.into_iter().take(MOST_CURVES).map(|(_, n)| n).collect();
    worst.sort_unstable();
    worst
}

fn clocks(outcome: &Outcome) -> Lines {
    let nodes = &outcome.course.nodes;
    let errors = |n: usize| nodes[n].iter().filter_map(|moment| Some((moment.at_s, moment.error_us?)));
    let largest = |n: usize| errors(n).map(|(_, us)| us.abs()).fold(0.0, f64::max);
    let mut lines = Lines::new(
        "Clock error: a node's show time minus the hub's",
        Axis::linear("true time (s)"),
        Axis::linear("us"),
    );
    for n in worst(nodes.len(), largest) {
        lines.series.push(Series::new(name(n), errors(n).collect()));
    }
    lines
}

fn losses(outcome: &Outcome) -> Lines {
    let losses = &outcome.course.losses;
    let share = |(sent, lost): (u32, u32)| 100.0 * f64::from(lost) / f64::from(sent.max(1));
    let all = |n: usize| losses[n].iter().map(|second| f64::from(second.1)).sum::<f64>();
    let mut lines =
        Lines::new("Datagrams lost on the way, in each second", Axis::linear("true time (s)"), Axis::linear("%"));
    for n in worst(losses.len(), all) {
        let points = losses[n].iter().enumerate().map(|(second, counts)| (second as f64 + 0.5, share(*counts)));
        lines.series.push(Series::new(name(n), points.collect()));
    }
    lines
}

fn states(outcome: &Outcome) -> Bands {
    let mut bands = Bands::new("What each node does", Axis::linear("true time (s)"));
    bands.states = ["in the show", "no usable clock", "no stream", "off"].map(str::to_owned).to_vec();
    bands.rows = outcome
        .course
        .nodes
        .iter()
        .enumerate()
        .map(|(n, moments)| Row { name: name(n), stretches: stretches(moments) })
        .collect();
    bands
}

/// Moments in a row with one state, as one stretch.
fn stretches(moments: &[Moment]) -> Vec<Stretch> {
    let number = |state| match state {
        NodeState::InShow => 0,
        NodeState::NoClock => 1,
        NodeState::NoStream => 2,
        NodeState::Off => 3,
    };
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut from = 0.0;
    for moment in moments {
        let state = number(moment.state);
        match stretches.last_mut() {
            Some(last) if last.state == state => last.to = moment.at_s,
            _ => stretches.push(Stretch { from, to: moment.at_s, state }),
        }
        from = moment.at_s;
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_one_state_are_one_stretch_without_gaps_between() {
        let moment = |at_s, state| Moment { at_s, error_us: None, state };
        let moments =
            [(0.1, NodeState::NoClock), (0.2, NodeState::InShow), (0.3, NodeState::InShow), (0.4, NodeState::Off)];
        let told: Vec<(f64, f64, usize)> =
            stretches(&moments.map(|(at, state)| moment(at, state))).iter().map(|s| (s.from, s.to, s.state)).collect();
        assert_eq!(told, [(0.0, 0.1, 1), (0.1, 0.3, 0), (0.3, 0.4, 3)]);
    }
}
