//! One unit for the numbers of a variable: a program that writes `900 ms` and then `1.2 s` wrote of one thing.

use std::collections::BTreeMap;

/// What a unit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dimension {
    Time,
    Bytes,
}

/// A unit in seconds or bytes.
fn scale(unit: &str) -> Option<(Dimension, f64)> {
    let time = |scale| Some((Dimension::Time, scale));
    match unit {
        "ns" => return time(1e-9),
        "us" | "µs" => return time(1e-6),
        "ms" => return time(1e-3),
        "s" | "sec" | "secs" | "second" | "seconds" => return time(1.0),
        "m" | "min" | "mins" | "minutes" => return time(60.0),
        "h" | "hours" => return time(3_600.0),
        _ => {}
    }
    let bytes = match unit {
        "B" | "byte" | "bytes" => 1.0,
        "KB" | "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        "KiB" => 1_024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        "TiB" => 1_099_511_627_776.0,
        _ => return None,
    };
    Some((Dimension::Bytes, bytes))
}

/// The unit of most numbers (the first by name of equals), and all that can be said in it; the others are left out.
pub(super) fn common(
    units: &BTreeMap<String, u64>,
    numbers: &[(i64, f64, String)],
) -> (Option<String>, Vec<(i64, f64)>) {
    let best = units.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
    let Some((unit, _)) = best else { return (None, Vec::new()) };
    let own = scale(unit);
    let said = numbers.iter().filter_map(|(ts_ns, number, from)| {
        if from == unit {
            return Some((*ts_ns, *number));
        }
        let ((dimension, from), (wanted, to)) = (scale(from)?, own?);
        (dimension == wanted).then(|| (*ts_ns, number * from / to))
    });
    (Some(unit.clone()).filter(|unit| !unit.is_empty()), said.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: &[(f64, &str)]) -> (Option<String>, Vec<f64>) {
        let rows: Vec<(i64, f64, String)> = numbers.iter().map(|(number, unit)| (0, *number, (*unit).into())).collect();
        let mut units = BTreeMap::new();
        for (_, _, unit) in &rows {
            *units.entry(unit.clone()).or_default() += 1;
        }
        let (unit, said) = common(&units, &rows);
        (unit, said.into_iter().map(|(_, number)| number).collect())
    }

    #[test]
    fn numbers_are_said_in_the_unit_of_most_of_them() {
        let (unit, said) = of(&[(900.0, "ms"), (850.0, "ms"), (1.2, "s")]);
        assert_eq!(unit.as_deref(), Some("ms"));
        assert!((said[2] - 1_200.0).abs() < 1e-9, "{said:?}");
        assert_eq!(of(&[(1.0, "KiB"), (2.0, "KiB"), (2_048.0, "B")]).1, [1.0, 2.0, 2.0]);
    }

    #[test]
    fn what_cannot_be_converted_is_left_out() {
        assert_eq!(of(&[(5.0, "ms"), (6.0, "ms"), (7.0, "B"), (8.0, "%"), (9.0, "")]).1, [5.0, 6.0]);
        assert_eq!(of(&[]), (None, vec![]));
        assert_eq!(of(&[(3.0, "")]), (None, vec![3.0]));
    }
}
