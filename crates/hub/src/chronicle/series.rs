//! Figures of the nodes over the last hour and the last day, in the table `figures`.

use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Time, Wall};
use rusqlite::Connection;

use super::figures::Rows;

/// How far back one looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stretch {
    /// The last hour: 360 points.
    Hour,
    /// The last day: 720 points. A thousand nodes then have a million rows of 40 bytes.
    Day,
}

impl Stretch {
    pub(crate) const ALL: [Self; 2] = [Self::Hour, Self::Day];

    /// Seconds of a point.
    pub(crate) const fn period_s(self) -> i64 {
        match self {
            Self::Hour => 10,
            Self::Day => 120,
        }
    }

    /// Seconds in all.
    pub(crate) const fn span_s(self) -> i64 {
        match self {
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

/// The figures of a node, oldest first: one place a period in which it was there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Series {
    pub(crate) at_s: Vec<i64>,
    pub(crate) sigma_ns: Vec<Option<i64>>,
    pub(crate) bound_ns: Vec<Option<i64>>,
    pub(crate) late_ns: Vec<Option<i64>>,
    pub(crate) frames_mhz: Vec<i64>,
    pub(crate) loss_ppm: Vec<i64>,
}

/// A MAC address as a number.
fn number(mac: Mac) -> i64 {
    mac.0.iter().fold(0, |number, byte| number << 8 | i64::from(*byte))
}

/// Writes a period, and lets go of what is too old; also of what a clock that was set back left in the future.
pub(super) fn add(connection: &Connection, rows: &Rows, now: Time<Wall>) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO figures (period_s, at_s, mac, sigma_ns, bound_ns, late_ns, frames_mhz, loss_ppm)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (mac, figures) in &rows.nodes {
        let (sigma, bound, late) = (figures.sigma_ns, figures.bound_ns, figures.late_ns);
        let (frames, loss) = (figures.frames_mhz, figures.loss_ppm);
        insert.execute((rows.period_s, rows.at_s, number(*mac), sigma, bound, late, frames, loss))?;
    }
    let now_s = now.as_ns().div_euclid(1_000_000_000);
    for stretch in Stretch::ALL.into_iter().filter(|stretch| stretch.period_s() == rows.period_s) {
        let (oldest, newest) = (now_s - stretch.span_s(), now_s + stretch.span_s());
        // Two statements, each a stretch of the key.
        for (sql, at_s) in [
            ("DELETE FROM figures WHERE period_s = ?1 AND at_s < ?2", oldest),
            ("DELETE FROM figures WHERE period_s = ?1 AND at_s > ?2", newest),
        ] {
            connection.prepare_cached(sql)?.execute((rows.period_s, at_s))?;
        }
    }
    Ok(())
}

/// Reads the figures of a node: one look into the table for each point there can be, because a period's rows lie side by side.
pub(super) fn read(connection: &Connection, mac: Mac, stretch: Stretch, now: Time<Wall>) -> rusqlite::Result<Series> {
    let period_s = stretch.period_s();
    let newest = now.as_ns().div_euclid(1_000_000_000).div_euclid(period_s) * period_s;
    let mut select = connection.prepare_cached(
        "WITH RECURSIVE grid (at_s) AS (SELECT ?3 UNION ALL SELECT at_s + ?1 FROM grid WHERE at_s < ?4)
         SELECT at_s, sigma_ns, bound_ns, late_ns, frames_mhz, loss_ppm
         FROM grid CROSS JOIN figures USING (at_s) WHERE period_s = ?1 AND mac = ?2 ORDER BY at_s",
    )?;
    let mut rows = select.query((period_s, number(mac), newest - stretch.span_s() + period_s, newest))?;
    let mut series = Series::default();
    while let Some(row) = rows.next()? {
        series.at_s.push(row.get(0)?);
        series.sigma_ns.push(row.get(1)?);
        series.bound_ns.push(row.get(2)?);
        series.late_ns.push(row.get(3)?);
        series.frames_mhz.push(row.get::<_, Option<i64>>(4)?.unwrap_or(0));
        series.loss_ppm.push(row.get::<_, Option<i64>>(5)?.unwrap_or(0));
    }
    Ok(series)
}

#[cfg(test)]
mod tests {
    use super::super::figures::Figures;
    use super::*;
    use crate::database::{HAPPENED, Opened};

    fn at(s: i64) -> Time<Wall> {
        Time::from_ns(s * 1_000_000_000)
    }

    /// STORE-7
    #[test]
    fn a_node_has_an_hour_of_ten_seconds_and_a_day_of_two_minutes_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Opened::open(folder.path(), &HAPPENED).unwrap().connection;
        let (mac, other) = (Mac([0x02, 0, 0, 0, 0, 0xff]), Mac([0xff; 6]));
        let start = 1_800_000_000;
        let mut late = 0;
        // Two hours; every point of the one node is another.
        for at_s in (start..start + 7_200).step_by(10) {
            late += 1;
            let figures = Figures { late_ns: Some(late), ..Figures::default() };
            let rows = Rows { period_s: 10, at_s, nodes: vec![(mac, figures), (other, Figures::default())] };
            add(&connection, &rows, at(at_s + 10)).unwrap();
        }
        let now = at(start + 7_195);
        let hour = read(&connection, mac, Stretch::Hour, now).unwrap();
        assert_eq!((hour.at_s.len(), hour.at_s[0], hour.at_s[359]), (360, start + 3_600, start + 7_190));
        assert_eq!((hour.late_ns[0], hour.late_ns[359], hour.sigma_ns[0]), (Some(361), Some(720), None));
        let count: i64 = connection.query_row("SELECT count(*) FROM figures", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 2 * 360);
        assert_eq!(read(&connection, mac, Stretch::Day, now).unwrap(), Series::default());
        assert_eq!(read(&connection, Mac([3; 6]), Stretch::Hour, now).unwrap(), Series::default());
        // The clock is set back by a day: what it left in the future goes.
        let rows = Rows { period_s: 10, at_s: start - 86_400, nodes: vec![(mac, Figures::default())] };
        add(&connection, &rows, at(start - 86_390)).unwrap();
        let count: i64 = connection.query_row("SELECT count(*) FROM figures", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 1);
    }
}
