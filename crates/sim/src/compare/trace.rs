//! One filter's run over one stream, looked at a hundred times a second.

use super::filter::Kind;
use super::stream::Stream;

/// Between two looks, nanoseconds: a tick of the hub.
pub(super) const TICK_NS: i64 = 10_000_000;

/// What a filter said at one tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tick {
    /// Its show time minus what can be known of show time, nanoseconds; `None` while it says nothing.
    pub error_ns: Option<i64>,
    /// Whether it called itself locked.
    pub is_locked: bool,
}

/// What a filter said at every tick of a stream, from true time 0 on.
pub fn trace(kind: Kind, stream: &mut Stream) -> Vec<Tick> {
    let mut filter = kind.filter(stream.frequency_file());
    let exchanges = stream.exchanges().to_vec();
    let mut exchanges = exchanges.into_iter().peekable();
    let ticks = stream.seconds() * 1_000_000_000 / TICK_NS;
    let look = |i: i64| {
        let at = i * TICK_NS;
        let local = stream.local_at(at);
        while let Some(exchange) = exchanges.next_if(|exchange| exchange.t4 <= local) {
            filter.handle_exchange(exchange);
        }
        let reading = filter.read(local);
        let error_ns = reading.show.map(|show| show.since(stream.knowable_show_at(at)).as_ns());
        Tick { error_ns, is_locked: reading.is_locked }
    };
    (0..ticks).map(look).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oscillator::OscillatorProfile;
    use crate::profiles;

    #[test]
    fn errors_are_against_what_can_be_known() {
        let clock = OscillatorProfile { offset_ns: -5_000_000_000, ..OscillatorProfile::default() };
        let mut stream = Stream::record(&profiles::UNEQUAL_FLOORS, clock, 5, 30, 1);
        for kind in Kind::ALL {
            let ticks = trace(kind, &mut stream);
            assert_eq!((ticks.len(), ticks[0].is_locked), (3_000, false));
            let last = ticks[2_999];
            // 1.5 ms off what is true, which nobody can know.
            assert!(last.is_locked && last.error_ns.unwrap().abs() < 1_000_000, "{} {last:?}", kind.name());
        }
    }
}
