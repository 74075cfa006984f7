//! An axis: what it measures, its scale and range, and where its ticks are.

/// How values become places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally far apart.
    Linear,
    /// Equal ratios are equally far apart. Values of zero and below lie at the axis' beginning.
    Log,
}

/// What an axis measures.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Quantity and unit, as in "clock error, us".
    pub label: String,
    /// How values become places.
    pub scale: Scale,
    /// From and to; what lies beyond is drawn at the edge. `None`: as far as the data goes.
    pub range: Option<(f64, f64)>,
}

impl Axis {
    /// Equal differences are equally far apart.
    pub fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), scale: Scale::Linear, range: None }
    }
    /// Equal ratios are equally far apart.
    pub fn log(label: impl Into<String>) -> Self {
        Self { label: label.into(), scale: Scale::Log, range: None }
    }
    /// The same with a fixed range.
    pub fn within(self, from: f64, to: f64) -> Self {
        Self { range: Some((from, to)), ..self }
    }

    /// The ruler for these values; `None` when none of them is finite (and above zero where the scale is a ratio).
    /// `is_rounded`: it begins and ends at a tick.
    pub(super) fn ruler(&self, values: impl Iterator<Item = f64>, is_rounded: bool) -> Option<Ruler> {
        let is_shown = |v: &f64| v.is_finite() && (self.scale == Scale::Linear || *v > 0.0);
        let (low, high) = match self.range {
            Some(range) => range,
            None => values.filter(is_shown).fold(None, |range: Option<(f64, f64)>, v| {
                Some(range.map_or((v, v), |(low, high)| (low.min(v), high.max(v))))
            })?,
        };
        let (low, high) = self.widened(low, high);
        let ticks = match self.scale {
            Scale::Linear => linear_ticks(low, high),
            Scale::Log => log_ticks(low, high),
        };
        let step = ticks[1] - ticks[0];
        let (from, to) =
            if is_rounded && self.range.is_none() { (ticks[0], ticks[ticks.len() - 1]) } else { (low, high) };
        let labelled = |tick: f64| {
            let decimals = match self.scale {
                Scale::Linear => decimals_of(step),
                Scale::Log => decimals_of(tick),
            };
            (tick, grouped(tick, decimals))
        };
        let ticks = ticks.into_iter().filter(|tick| (from..=to).contains(tick)).map(labelled).collect();
        Some(Ruler { scale: self.scale, from, to, ticks })
    }

    /// A range that is not empty.
    fn widened(&self, low: f64, high: f64) -> (f64, f64) {
        match self.scale {
            Scale::Linear if high - low > f64::EPSILON * high.abs().max(low.abs()) => (low, high),
            Scale::Linear => (low - 1.0, high + 1.0),
            Scale::Log => {
                let low = low.max(f64::MIN_POSITIVE);
                if high / low > 1.01 { (low, high) } else { (low / 2.0, high * 2.0) }
            }
        }
    }
}

/// An axis with its range found.
#[derive(Clone, Debug)]
pub(super) struct Ruler {
    scale: Scale,
    pub(super) from: f64,
    pub(super) to: f64,
    ticks: Vec<(f64, String)>,
}

impl Ruler {
    /// Where a value lies: 0 at the beginning, 1 at the end; never beyond.
    pub(super) fn share(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => (value - self.from) / (self.to - self.from),
            Scale::Log if value <= 0.0 => 0.0,
            Scale::Log => (value / self.from).ln() / (self.to / self.from).ln(),
        };
        share.clamp(0.0, 1.0)
    }
    /// The value at a share of the axis.
    pub(super) fn value(&self, share: f64) -> f64 {
        match self.scale {
            Scale::Linear => self.from + share * (self.to - self.from),
            Scale::Log => self.from * (self.to / self.from).powf(share),
        }
    }
    /// Where the ticks are and what they are called.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, &str)> {
        self.ticks.iter().map(|(tick, label)| (self.share(*tick), label.as_str()))
    }
    pub(super) fn is_log(&self) -> bool {
        self.scale == Scale::Log
    }
}

/// Ticks 1, 2 or 5 times a power of ten apart, four to nine of them, the first at or below `low`, the last at or above
/// `high`.
fn linear_ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 6.0;
    let power = 10f64.powi(rough.log10().floor() as i32);
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= rough).unwrap_or(power * 10.0);
    let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
    (first..=last).map(|i| i as f64 * step).collect()
}

/// Powers of ten; where there are few of them also 2 and 5 times as much.
fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let stride = usize::try_from((last - first) / 9 + 1).expect("positive");
    if last - first > 2 {
        // The last one is there even when it is not a whole stride away.
        let mut powers: Vec<i32> = (first..=last).step_by(stride).collect();
        if powers.last() != Some(&last) {
            powers.push(last);
        }
        return powers.into_iter().map(|power| 10f64.powi(power)).collect();
    }
    let all: Vec<f64> = (first..=last).flat_map(|power| [1.0, 2.0, 5.0].map(|m| m * 10f64.powi(power))).collect();
    let begin = all.iter().rposition(|tick| *tick <= low).unwrap_or(0);
    let end = all.iter().position(|tick| *tick >= high).unwrap_or(all.len() - 1);
    all[begin..=end].to_vec()
}

/// A number with that many decimals, thousands apart.
fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.find('.').map_or((text.as_str(), ""), |point| text.split_at(point));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::from(sign);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            grouped.push('\u{a0}');
        }
        grouped.push(digit);
    }
    grouped + rest
}

/// Decimals that a value of this size needs for its first digit.
fn decimals_of(size: f64) -> usize {
    // The tiny addend: 0.1 is a little less than a tenth.
    let power = (size.log10() + 1e-9).floor();
    if power < 0.0 { (-power) as usize } else { 0 }
}

/// A number as a label: three digits that count, or all before the point.
pub(super) fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let digits_before = value.abs().log10().floor() as i32 + 1;
    grouped(value, usize::try_from(3 - digits_before).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, values: [f64; 2]) -> Vec<String> {
        axis.ruler(values.into_iter(), true).unwrap().ticks().map(|(_, label)| label.to_owned()).collect()
    }

    #[test]
    fn ticks_are_round_numbers_that_enclose_the_data() {
        assert_eq!(labels(&Axis::linear("x"), [3.0, 97.0]), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(&Axis::linear("x"), [-0.03, 0.02]), ["-0.03", "-0.02", "-0.01", "0.00", "0.01", "0.02"]);
        assert_eq!(
            labels(&Axis::log("x"), [0.2, 30_000.0]),
            ["0.1", "1", "10", "100", "1000", "10\u{a0}000", "100\u{a0}000"]
        );
        assert_eq!(
            labels(&Axis::linear("x"), [1000.0, 1001.0]),
            ["1000.0", "1000.2", "1000.4", "1000.6", "1000.8", "1001.0"]
        );
        assert_eq!(labels(&Axis::log("x"), [30.0, 70.0]), ["20", "50", "100"]);
    }

    #[test]
    fn every_kind_of_range_has_a_few_ticks() {
        for (low, high) in [(0.0, 1e-9), (-1e12, 3.0), (1.0, 1.0), (0.0, 0.0), (1e-12, 1e12)] {
            for axis in [Axis::linear("x"), Axis::log("x")] {
                let Some(ruler) = axis.ruler([low, high].into_iter(), true) else { continue };
                assert!((2..=13).contains(&ruler.ticks.len()), "{low} {high} {axis:?}: {}", ruler.ticks.len());
                assert!(ruler.from < ruler.to);
            }
        }
    }

    #[test]
    fn a_place_on_the_axis_and_its_value_are_inverse() {
        for axis in [Axis::linear("x").within(-5.0, 300.0), Axis::log("x").within(0.1, 1e4)] {
            let ruler = axis.ruler([].into_iter(), false).unwrap();
            for share in [0.0, 0.25, 0.9, 1.0] {
                assert!((ruler.share(ruler.value(share)) - share).abs() < 1e-9);
            }
            assert!(ruler.share(-1e9) <= 0.0 && ruler.share(1e9) >= 1.0);
        }
    }

    #[test]
    fn numbers_are_short_and_grouped() {
        let shown = [0.0, -1234.0, 12_345.6, 0.05, 2.5, 99.75, 1e6, 0.3576].map(short);
        assert_eq!(shown, ["0", "-1234", "12\u{a0}346", "0.0500", "2.50", "99.8", "1\u{a0}000\u{a0}000", "0.358"]);
    }
}
