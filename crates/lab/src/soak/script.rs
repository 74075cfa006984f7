//! What happens to a show in a soak, and when: drawn from a seed, so that it can happen again.

use cuelight_sim::rng::Rng;

/// Between two scene changes, seconds.
const CHANGE_EVERY_S: (f64, f64) = (2.0, 6.0);
/// Between the end of a spell of loss and the beginning of the next.
const SPELL_EVERY_S: (f64, f64) = (30.0, 90.0);
/// How long a spell lasts.
const SPELL_S: (f64, f64) = (3.0, 15.0);
/// Between two restarts of a node.
const RESTART_EVERY_S: (f64, f64) = (120.0, 300.0);
/// How long a node is off.
const OFF_S: (f64, f64) = (1.0, 5.0);

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// The scene changes.
    Change,
    /// A node's path begins to lose packets.
    SpellBegins(usize),
    /// It does not any more.
    SpellEnds(usize),
    /// A node's power is cut.
    Off(usize),
    /// It is back.
    On(usize),
}

/// The happenings to come.
#[derive(Debug)]
pub(super) struct Script {
    rng: Rng,
    nodes: usize,
    change_at_s: f64,
    spell: Option<Turn>,
    restart: Option<Turn>,
}

/// Something that begins with one node, ends with it, and begins again with another.
#[derive(Clone, Copy, Debug)]
struct Turn {
    at_s: f64,
    /// The node with which it goes on, while it does.
    node: Option<usize>,
}

impl Script {
    /// For so many nodes, with or without spells of loss and restarts of nodes.
    pub(super) fn new(seed: u64, nodes: usize, has_spells: bool, has_restarts: bool) -> Self {
        let mut script = Self { rng: Rng::new(seed), nodes, change_at_s: 0.0, spell: None, restart: None };
        script.change_at_s = script.within(CHANGE_EVERY_S);
        if has_spells {
            script.spell = Some(Turn { at_s: script.within(SPELL_EVERY_S), node: None });
        }
        if has_restarts {
            script.restart = Some(Turn { at_s: script.within(RESTART_EVERY_S), node: None });
        }
        script
    }

    /// When the next thing happens, seconds since the beginning.
    pub(super) fn next_at_s(&self) -> f64 {
        let turns = [self.spell, self.restart].into_iter().flatten().map(|turn| turn.at_s);
        turns.fold(self.change_at_s, f64::min)
    }

    /// Something that is due; ask again until there is nothing.
    pub(super) fn poll(&mut self, at_s: f64) -> Option<Happening> {
        if at_s >= self.change_at_s {
            // What was late is not made up for.
            self.change_at_s = at_s + self.within(CHANGE_EVERY_S);
            return Some(Happening::Change);
        }
        if let Some(turn) = self.spell.filter(|turn| at_s >= turn.at_s) {
            let (node, next) = self.turned(turn, at_s, SPELL_S, SPELL_EVERY_S);
            self.spell = Some(next);
            return Some(if next.node.is_some() { Happening::SpellBegins(node) } else { Happening::SpellEnds(node) });
        }
        let turn = self.restart.filter(|turn| at_s >= turn.at_s)?;
        let (node, next) = self.turned(turn, at_s, OFF_S, RESTART_EVERY_S);
        self.restart = Some(next);
        Some(if next.node.is_some() { Happening::Off(node) } else { Happening::On(node) })
    }

    fn turned(&mut self, turn: Turn, at_s: f64, on_s: (f64, f64), off_s: (f64, f64)) -> (usize, Turn) {
        match turn.node {
            Some(node) => (node, Turn { at_s: at_s + self.within(off_s), node: None }),
            None => {
                let node = (self.rng.bits() % self.nodes as u64) as usize;
                (node, Turn { at_s: at_s + self.within(on_s), node: Some(node) })
            }
        }
    }

    fn within(&mut self, (from, to): (f64, f64)) -> f64 {
        from + (to - from) * (self.rng.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn an_hour(seed: u64, has_spells: bool, has_restarts: bool) -> Vec<(u64, Happening)> {
        let mut script = Script::new(seed, 4, has_spells, has_restarts);
        let mut happened = Vec::new();
        while script.next_at_s() < 3600.0 {
            let at_s = script.next_at_s();
            happened.push(((at_s * 1e3) as u64, script.poll(at_s).unwrap()));
        }
        happened
    }

    #[test]
    fn the_same_seed_makes_the_same_hour() {
        assert_eq!(an_hour(1, true, true), an_hour(1, true, true));
        assert_ne!(an_hour(1, true, true), an_hour(2, true, true));
    }

    #[test]
    fn whatever_begins_ends_with_the_same_node_before_it_begins_again() {
        let hour = an_hour(3, true, true);
        let mut lossy = None;
        let mut off = None;
        for (_, happening) in &hour {
            match *happening {
                Happening::Change => {}
                Happening::SpellBegins(node) => assert_eq!(lossy.replace(node), None),
                Happening::SpellEnds(node) => assert_eq!(lossy.take(), Some(node)),
                Happening::Off(node) => assert_eq!(off.replace(node), None),
                Happening::On(node) => assert_eq!(off.take(), Some(node)),
            }
        }
        let changes = hour.iter().filter(|(_, happening)| *happening == Happening::Change).count();
        // 3600 s, one every 2 to 6 s.
        assert!((600..=1800).contains(&changes), "{changes}");
        assert!(hour.len() > changes + 50, "{}", hour.len());
    }

    #[test]
    fn without_trouble_there_are_changes_only() {
        assert!(an_hour(1, false, false).iter().all(|(_, happening)| *happening == Happening::Change));
    }
}
