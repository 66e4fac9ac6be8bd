//! How many people a cluster reached, where its rows name none in a field of their own.
//!
//! Many programs write the user into the message: `user=ann`, `userId: 17`, a mail address. Where a variable of the template
//! is one by its name or its form, its distinct values are the users. It is a count, never an estimate: what was not read to
//! the end (more messages than a report reads, more values than are kept) stays unknown.

use super::parameters::{DISTINCT, Parameter};
use super::{AnalyzeError, Cluster};
use crate::query::Engine;

/// Names of variables that hold a user, without case and separators.
const NAMES: [&str; 9] = ["user", "userid", "username", "uid", "useremail", "email", "login", "enduserid", "principal"];

/// Fills in the users of clusters whose rows name none; `parameters` are the variables of each, in their order.
pub fn name_users(
    engine: &Engine,
    clusters: &mut [Cluster],
    parameters: &[Vec<Parameter>],
) -> Result<(), AnalyzeError> {
    // Of messages past the limit nobody knows whom they name.
    if engine.messages_cut()?.is_some() {
        return Ok(());
    }
    for (cluster, own) in clusters.iter_mut().zip(parameters).filter(|(cluster, _)| cluster.users.is_none()) {
        cluster.users = own.iter().filter_map(|parameter| users(cluster, parameter)).max();
    }
    Ok(())
}

/// Distinct users in a variable that names one in every entry of WARNING and above.
fn users(cluster: &Cluster, parameter: &Parameter) -> Option<u64> {
    let name = parameter.name.as_deref().unwrap_or_default();
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let is_user = NAMES.contains(&name.as_str()) || parameter.kind == "email";
    let is_whole = parameter.n >= cluster.entries && parameter.distinct < DISTINCT as u64;
    Some(parameter.distinct).filter(|n| is_user && is_whole && *n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: Option<&str>, kind: &str, n: u64, distinct: u64) -> Option<u64> {
        let cluster = Cluster { entries: 100, ..Cluster::default() };
        let name = name.map(str::to_owned);
        users(&cluster, &Parameter { name, kind: kind.into(), n, distinct, ..Parameter::default() })
    }

    #[test]
    fn a_variable_that_names_a_user_or_is_an_address_counts_users() {
        assert_eq!(of(Some("user_id"), "num", 100, 7), Some(7));
        assert_eq!(of(Some("userId"), "text", 100, 7), Some(7));
        assert_eq!(of(None, "email", 100, 1), Some(1));
        assert_eq!(of(Some("to"), "email", 100, 3), Some(3));
        assert_eq!(of(Some("order"), "num", 100, 90), None);
        assert_eq!(of(None, "text", 100, 90), None);
    }

    #[test]
    fn what_was_not_read_to_the_end_stays_unknown() {
        assert_eq!(of(Some("user"), "text", 99, 7), None, "an entry without one");
        assert_eq!(of(Some("user"), "text", 100, DISTINCT as u64), None, "more than are kept");
        assert_eq!(of(Some("user"), "text", 100, 0), None);
    }
}
