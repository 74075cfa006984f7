//! How many connections each address has: one that opens many leaves room for the others (HUB-6).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections by address; holds as many entries as there are connections, at most.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shares(Arc<Mutex<HashMap<IpAddr, u32>>>);

impl Shares {
    /// One connection more for an address that has fewer than `limit`. The hub's own machine has no limit.
    pub(crate) fn take(&self, ip: IpAddr, limit: u32) -> Option<Share> {
        let ip = ip.to_canonical();
        let mut counts = self.counts();
        let count = counts.entry(ip).or_default();
        let is_allowed = ip.is_loopback() || *count < limit;
        is_allowed.then(|| {
            *count += 1;
            Share { ip, shares: self.clone() }
        })
    }
    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        // Nothing that panics is done under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    ip: IpAddr,
    shares: Shares,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut counts = self.shares.counts();
        if let Some(count) = counts.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HUB-6
    #[test]
    fn an_address_with_its_share_waits_for_itself_and_nobody_else() {
        let shares = Shares::default();
        let [flooder, other] = [IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2])];
        let mapped = "::ffff:10.0.0.1".parse().unwrap();
        let first = shares.take(flooder, 2).unwrap();
        let _second = shares.take(mapped, 2).unwrap();
        assert!(shares.take(flooder, 2).is_none() && shares.take(mapped, 2).is_none());
        let other = shares.take(other, 2);
        assert!(other.is_some());
        drop(first);
        assert!(shares.take(flooder, 2).is_some());
        drop(other);
        assert_eq!(shares.counts().len(), 1, "what is over is forgotten");
    }

    #[test]
    fn the_hubs_own_machine_has_no_limit() {
        let shares = Shares::default();
        let taken: Vec<_> = (0..9).map(|_| shares.take(IpAddr::from([127, 0, 0, 1]), 2)).collect();
        assert!(taken.iter().all(Option::is_some));
    }
}
