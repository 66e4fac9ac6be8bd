//! Rows of a day per service, as far as they are listed.

use std::collections::BTreeMap;

use crate::record::listed::{self, Floor, SERVICES_LISTED};

/// Rows per service, of those that are listed of too many.
#[derive(Debug, Default)]
pub(in crate::store) struct ServiceCounts {
    rows: BTreeMap<String, u64>,
    more: u64,
    unlisted: Floor,
    /// Services when some were left out last.
    kept: usize,
}

impl ServiceCounts {
    /// Counts rows of a service.
    pub(in crate::store) fn add(&mut self, service: &str, rows: u64) {
        if let Some(sum) = self.rows.get_mut(service) {
            *sum += rows;
        } else if !self.unlisted.is_none() && self.unlisted.leaves_out(listed::rank([service])) {
            self.more += rows;
        } else {
            self.rows.insert(service.to_owned(), rows);
            if self.rows.len() > 2 * SERVICES_LISTED.max(self.kept) {
                self.leave_out();
            }
        }
    }

    fn leave_out(&mut self) {
        self.unlisted.lower(self.rows.keys().map(|name| listed::rank([name])).collect(), SERVICES_LISTED);
        let (unlisted, more) = (self.unlisted, &mut self.more);
        self.rows.retain(|name, rows| {
            let stays = !unlisted.leaves_out(listed::rank([name]));
            *more += if stays { 0 } else { *rows };
            stays
        });
        self.kept = self.rows.len();
    }

    /// The counts, and how many rows are of other services.
    pub(in crate::store) fn finish(mut self) -> (BTreeMap<String, u64>, u64) {
        if self.rows.len() > SERVICES_LISTED {
            self.leave_out();
        }
        (self.rows, self.more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_services_the_same_are_listed_in_any_order_and_all_rows_are_counted() {
        let many = 3 * SERVICES_LISTED as u64;
        let count = |numbers: &mut dyn Iterator<Item = u64>| {
            let mut counts = ServiceCounts::default();
            numbers.for_each(|number| counts.add(&format!("service-{}", number % many), number % 5));
            counts.finish()
        };
        let (rows, more) = count(&mut (0..2 * many));
        assert_eq!(rows.len(), SERVICES_LISTED);
        assert_eq!(rows.values().sum::<u64>() + more, (0..2 * many).map(|number| number % 5).sum::<u64>());
        assert_eq!(count(&mut (0..2 * many).rev()), (rows, more));
        let (rows, more) = count(&mut (0..SERVICES_LISTED as u64));
        assert_eq!((rows.len(), more), (SERVICES_LISTED, 0));
    }
}
