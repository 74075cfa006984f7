//! Median, 99th percentile and maximum of what was measured.

use serde::Serialize;

/// Median, 99th percentile and maximum, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// Half of the values are not larger.
    pub p50: f64,
    /// 99 % of the values are not larger.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

impl Quantiles {
    /// Of values in nanoseconds, each quantile one of the values; `None` when there is none.
    pub fn of_ns(mut values: Vec<i64>) -> Option<Self> {
        values.sort_unstable();
        let at = |part: f64| {
            let rank = (part * values.len() as f64).ceil() as usize;
            values.get(rank.clamp(1, values.len().max(1)) - 1).map(|ns| *ns as f64 / 1e3)
        };
        Some(Self { p50: at(0.5)?, p99: at(0.99)?, max: at(1.0)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let quantiles = Quantiles::of_ns((1..=100).map(|us| us * 1000).collect()).unwrap();
        assert_eq!(quantiles, Quantiles { p50: 50.0, p99: 99.0, max: 100.0 });
        assert_eq!(Quantiles::of_ns(vec![7000]).unwrap(), Quantiles { p50: 7.0, p99: 7.0, max: 7.0 });
        assert_eq!(Quantiles::of_ns(vec![]), None);
    }
}
