//! Several inputs as one intake: which universes of the show come from where.

use std::collections::BTreeMap;

use cuelight_dmx::artnet::PortAddress;
use cuelight_dmx::priority::Priority;
use cuelight_dmx::sacn::Universe;
use cuelight_dmx::universe::Settings;

use crate::{Door, InputSetting, MAX_UNIVERSES, Protocol, Wanted};

/// What an intake is to be opened with.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The show's universes, rising.
    pub numbers: Vec<u16>,
    /// The same, as they come.
    pub wanted: Vec<Wanted>,
    /// What the show counts in each.
    pub show: Vec<Priority>,
    /// Where sACN comes in, if it does.
    pub sacn: Option<Door>,
    /// Where Art-Net comes in, if it does.
    pub artnet: Option<Door>,
}

/// Why inputs do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPlan {
    /// One universe of the show from two of a protocol.
    #[error("universe {universe} of the show comes twice by {}: give each input its own with as=", protocol.word())]
    Twice {
        /// The show's number.
        universe: u16,
        /// By which protocol.
        protocol: Protocol,
    },
    /// Two inputs of a protocol at different addresses, or from different senders.
    #[error("the inputs by {} differ in at or from: there is one port for all of them", .0.word())]
    Doors(Protocol),
    /// Two inputs of one universe that merge in different ways.
    #[error("universe {0} of the show is merged as htp by one input and as ltp by another")]
    Modes(u16),
    /// Two inputs of one universe that say different things of the show, or of what is left on loss.
    #[error("the inputs of universe {0} of the show differ in show or loss: both hold for the universe")]
    Shows(u16),
    /// More than there is room for.
    #[error("{0} universes are too many: at most {MAX_UNIVERSES}")]
    TooMany(usize),
}

impl Plan {
    /// The plan of these inputs. A universe that comes by both protocols counts at most as the lower of their highest
    /// priorities.
    ///
    /// # Errors
    /// [`BadPlan`].
    pub fn of(inputs: &[InputSetting]) -> Result<Self, BadPlan> {
        let mut universes: BTreeMap<u16, (Wanted, Priority)> = BTreeMap::new();
        let mut doors: [Option<Door>; 2] = [None, None];
        for input in inputs {
            let door = Door { at: input.at, from: input.from.clone(), ..Door::default() };
            let place = &mut doors[usize::from(input.protocol == Protocol::ArtNet)];
            if place.get_or_insert_with(|| door.clone()) != &door {
                return Err(BadPlan::Doors(input.protocol));
            }
            for (universe, number) in input.shown().iter().zip(input.range.iter()) {
                add(&mut universes, universe, input, number)?;
            }
        }
        if universes.len() > MAX_UNIVERSES {
            return Err(BadPlan::TooMany(universes.len()));
        }
        let [sacn, artnet] = doors;
        let (numbers, wanted): (_, Vec<_>) = universes.into_iter().unzip();
        let (wanted, show) = wanted.into_iter().unzip();
        Ok(Self { numbers, wanted, show, sacn, artnet })
    }
}

fn add(
    universes: &mut BTreeMap<u16, (Wanted, Priority)>,
    universe: u16,
    input: &InputSetting,
    number: u16,
) -> Result<(), BadPlan> {
    let of_input = Settings {
        mode: input.mode,
        on_loss: input.loss,
        artnet_priority: input.priority,
        highest_priority: input.highest,
        ..Settings::default()
    };
    let is_new = !universes.contains_key(&universe);
    let new = (Wanted { names: Default::default(), settings: of_input }, input.show);
    let (wanted, show) = universes.entry(universe).or_insert(new);
    if wanted.settings.mode != of_input.mode {
        return Err(BadPlan::Modes(universe));
    }
    if (wanted.settings.on_loss, *show) != (of_input.on_loss, input.show) {
        return Err(BadPlan::Shows(universe));
    }
    let settings = &mut wanted.settings;
    settings.highest_priority = settings.highest_priority.min(of_input.highest_priority);
    let is_taken = match input.protocol {
        Protocol::Sacn => std::mem::replace(&mut wanted.names.sacn, Universe::new(number)).is_some(),
        Protocol::ArtNet => {
            settings.artnet_priority = of_input.artnet_priority;
            std::mem::replace(&mut wanted.names.artnet, PortAddress::new(number)).is_some()
        }
    };
    if is_taken && !is_new { Err(BadPlan::Twice { universe, protocol: input.protocol }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(inputs: &[&str]) -> Result<Plan, BadPlan> {
        Plan::of(&inputs.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn universes_of_both_protocols_meet_under_their_number_in_the_show() {
        let plan = plan(&["sacn:101..102?as=1&max=120", "artnet:0..2?as=2&max=150&priority=90"]).unwrap();
        assert_eq!(plan.numbers, [1, 2, 3, 4]);
        let names = |i: usize| {
            let names = plan.wanted[i].names;
            (names.sacn.map(Universe::number), names.artnet.map(PortAddress::number))
        };
        assert_eq!(
            [names(0), names(1), names(2), names(3)],
            [(Some(101), None), (Some(102), Some(0)), (None, Some(1)), (None, Some(2))]
        );
        let both = plan.wanted[1].settings;
        assert_eq!((both.highest_priority.number(), both.artnet_priority.number()), (120, 90));
        assert!(plan.sacn.is_some() && plan.artnet.is_some());
    }

    #[test]
    fn what_does_not_go_together_is_said() {
        let twice = BadPlan::Twice { universe: 2, protocol: Protocol::Sacn };
        assert_eq!(plan(&["sacn:1..2", "sacn:7?as=2"]).unwrap_err(), twice);
        assert_eq!(plan(&["sacn:1", "sacn:2?at=10.0.0.1"]).unwrap_err(), BadPlan::Doors(Protocol::Sacn));
        assert_eq!(plan(&["sacn:1", "artnet:1?mode=ltp"]).unwrap_err(), BadPlan::Modes(1));
        assert_eq!(plan(&["sacn:1..2000"]).unwrap_err(), BadPlan::TooMany(2000));
        assert_eq!(plan(&["sacn:1?show=120", "artnet:1"]).unwrap_err(), BadPlan::Shows(1));
        assert_eq!(plan(&["sacn:1?show=120", "artnet:1?show=120"]).unwrap().show.len(), 1);
        assert!(plan(&[]).unwrap().numbers.is_empty());
    }
}
