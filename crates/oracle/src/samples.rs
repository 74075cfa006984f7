//! Many measurements of one thing.

/// Measurements. They grow with the trace, eight bytes each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<i64>);

impl Samples {
    pub(crate) fn add(&mut self, value: i64) {
        self.0.push(value);
    }
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }
    /// All of them, rising once a quantile was asked for.
    pub(crate) fn into_values(self) -> Vec<i64> {
        self.0
    }
    /// The smallest value that at least the share `p` of all does not exceed.
    pub(crate) fn quantile(&mut self, p: f64) -> Option<i64> {
        self.0.sort_unstable();
        let place = (self.0.len() as f64 * p).ceil() as usize;
        self.0.get(place.max(1) - 1).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_value_that_this_share_does_not_exceed() {
        let mut samples = Samples((1..=100).rev().collect());
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|p| samples.quantile(p)), [Some(1), Some(50), Some(99), Some(100)]);
        assert_eq!(Samples::default().quantile(0.5), None);
    }
}
