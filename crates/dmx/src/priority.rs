//! Which of several sources of a slot is obeyed.

/// A source's priority, 0..=200: the highest wins (E1.31-2018, 6.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

impl Priority {
    /// The lowest there is.
    pub const MIN: Self = Self(0);
    /// What a source has that says nothing.
    pub const DEFAULT: Self = Self(100);
    /// The highest there is.
    pub const MAX: Self = Self(200);

    /// `None` above 200.
    pub const fn new(number: u8) -> Option<Self> {
        if number <= Self::MAX.0 { Some(Self(number)) } else { None }
    }
    /// 0..=200.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_end_at_200() {
        assert_eq!(Priority::new(200), Some(Priority::MAX));
        assert_eq!(Priority::new(201), None);
        assert_eq!(Priority::default().number(), 100);
    }
}
