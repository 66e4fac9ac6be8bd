//! One unit for the numbers of a variable: a program that writes `900 ms` and then `1.2 s` wrote of one thing.

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

/// The unit of most numbers (the first by name of equals), and all that can be said in it; the others are left out. Each
/// number is a time, a value and the place of its unit among `units`, which are told with how many numbers have each.
pub(super) fn common(units: &[(String, u64)], numbers: &[(i64, f64, usize)]) -> (Option<String>, Vec<(i64, f64)>) {
    let best = (0..units.len()).max_by(|a, b| units[*a].1.cmp(&units[*b].1).then(units[*b].0.cmp(&units[*a].0)));
    let Some(best) = best else { return (None, Vec::new()) };
    let own = scale(&units[best].0);
    // What a number of each unit is multiplied with.
    let factor = |at: usize| {
        let ((dimension, from), (wanted, to)) = (scale(&units[at].0)?, own?);
        (dimension == wanted).then_some((from, to))
    };
    let factors: Vec<Option<(f64, f64)>> = (0..units.len()).map(factor).collect();
    let said = numbers.iter().filter_map(|(ts_ns, number, unit)| {
        if *unit == best {
            return Some((*ts_ns, *number));
        }
        factors[*unit].map(|(from, to)| (*ts_ns, number * from / to))
    });
    (Some(units[best].0.clone()).filter(|unit| !unit.is_empty()), said.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: &[(f64, &str)]) -> (Option<String>, Vec<f64>) {
        let mut units: Vec<(String, u64)> = Vec::new();
        let mut rows: Vec<(i64, f64, usize)> = Vec::new();
        for (number, unit) in numbers {
            let place = units.iter().position(|(known, _)| known == unit).unwrap_or(units.len());
            if place == units.len() {
                units.push(((*unit).to_owned(), 0));
            }
            units[place].1 += 1;
            rows.push((0, *number, place));
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
