//! What is said about shows that cannot be played as they are.

use cuelight_show::{Address, Cue, Fixture, FixtureNumber, Group, Show, Target};

use crate::rig::{cue, fixture, list, number, set, slot, spots};

fn told(show: &Show) -> Vec<String> {
    show.problems().iter().map(ToString::to_string).collect()
}

#[test]
fn fixtures_that_share_slots_are_both_named_with_their_addresses() {
    let mut show = spots();
    show.fixtures[0].label = "front left".into();
    show.fixtures[1].addresses = vec![slot(105)];
    assert_eq!(
        told(&show),
        ["fixture 2: fixture 2 at 1.105 to 1.111 and fixture 1 (front left) at 1.101 to 1.107 share 1.105 to 1.107: \
         move one of them, 1.1 has room for fixture 2"]
    );
    // The same slots of another universe are others.
    show.fixtures[1].addresses = vec![Address::new(2, 105).unwrap()];
    assert_eq!(told(&show), [""; 0]);
}

#[test]
fn one_long_fixture_over_several_short_ones_is_told_for_each() {
    let mut show = spots();
    let short = |n, at| Fixture {
        number: FixtureNumber(n),
        label: String::new(),
        kind: "Dimmer".into(),
        mode: "Standard".into(),
        addresses: vec![slot(at)],
    };
    show.fixtures.extend([short(10, 102), short(11, 104), short(12, 108)]);
    assert_eq!(
        told(&show),
        [
            "fixture 10: fixture 10 at 1.102 to 1.102 and fixture 1 at 1.101 to 1.107 share 1.102 to 1.102: move one of them, 1.1 has room for fixture 10",
            "fixture 11: fixture 11 at 1.104 to 1.104 and fixture 1 at 1.101 to 1.107 share 1.104 to 1.104: move one of them, 1.2 has room for fixture 11",
        ]
    );
}

#[test]
fn a_fixture_that_does_not_fit_is_told_where_it_would() {
    let mut show = spots();
    show.fixtures[2].addresses = vec![slot(507)];
    assert_eq!(
        told(&show),
        ["fixture 3: it takes 7 slots from 1.507 on, but universe 1 ends at slot 512: patch it at 1.506 or lower"]
    );
    show.fixtures[2].addresses = vec![slot(506)];
    assert_eq!(told(&show), [""; 0]);
}

#[test]
fn names_that_lead_nowhere_are_told_with_those_there_are() {
    let mut show = spots();
    show.fixtures[0].mode = "Basic".into();
    show.fixtures[1].kind = "Wash".into();
    show.groups.push(Group { name: "all".into(), fixtures: vec![FixtureNumber(9)] });
    let zoom = Target::Fixture { fixture: FixtureNumber(3), cell: 2, attribute: show.attributes().id("Pan").unwrap() };
    let mut bad = Cue::new(number("4"));
    bad.look.set(set(zoom, 1));
    show.lists.push(list(1, [bad]));
    assert_eq!(
        told(&show),
        [
            "fixture 1: \"Spot\" has no mode \"Basic\"; it has \"Standard\"",
            "fixture 2: there is no fixture type \"Wash\": define or import it",
            "group \"all\": there is no fixture 9: patch it or take it out",
            "list 1 cue 4: fixture 3 in mode \"Standard\" has no Pan in cell 2; it has ColorAdd_B, ColorAdd_G, ColorAdd_R, \
         Dimmer, Gobo1, Pan",
        ]
    );
}

#[test]
fn a_slot_of_a_fixture_is_set_by_its_attribute() {
    let mut show = spots();
    let mut both = cue("1", 0, &[(5, 100), (103, 20)]);
    both.look.set(set(fixture(&show, 1, "Pan"), 50));
    show.lists.push(list(1, [both]));
    assert_eq!(told(&show), ["list 1 cue 1: slot 1.103 belongs to fixture 1: set an attribute of that"]);
}
