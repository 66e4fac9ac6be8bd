use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::record::{LogRecord, Split, hash128};
use crate::store::fixture::{DAY_ONE, Dump, append, folder, input, row, store_of};
use crate::store::manifest::Role;
use crate::store::tests::{blocks_of, contents, messages};

#[test]
fn parts_of_an_audit_entry_say_their_method_once_and_parts_of_a_text_stay_whole() {
    assert_eq!(joined(&["ab", "ab", "c"], Some("app")), "ababc");
    assert_eq!(joined(&["svc.Replace", "svc.Replace", "svc.Replace"], Some("audit")), "svc.Replace");
    assert_eq!(joined(&["", "svc.Replace"], Some("audit")), "svc.Replace");
}

#[test]
fn parts_of_a_split_entry_become_one_row_whenever_they_come() {
    let part = |index: i32, text: &'static str| LogRecord {
        split: Some(Split { uid: "u".into(), index, total: 3 }),
        ..row(DAY_ONE, &format!("a{index}"), text)
    };
    let parts = || [part(0, "one "), part(1, "two "), part(2, "three")];
    let mut digests = Vec::new();
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        let folder = folder();
        let mut store = store_of(&folder, Vec::new());
        for at in order {
            append(&mut store, vec![input(u8::try_from(at).expect("small") + 1, vec![parts()[at].clone()])]);
        }
        assert_eq!(messages(&store), ["one two three"]);
        assert_eq!(blocks_of(&store, Role::Rows)[0].0.int(IntCol::SplitParts, 0), 3);
        let stats = store.snapshot().expect("snapshot").stats();
        assert_eq!((stats.unique, stats.rows, stats.parts_joined), (3, 1, 2));
        digests.push(store.snapshot().expect("snapshot").digest());
    }
    // In one envelope.
    let folder = folder();
    let all = store_of(&folder, vec![vec![input(1, parts().to_vec()).in_envelopes(3)]]);
    assert_eq!(messages(&all), ["one two three"]);
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn parts_of_one_envelope_are_joined_as_others_are(
        inputs in prop::collection::vec(prop::collection::btree_set((0..3_u8, 0..4_i32), 1..8), 1..4),
        rows in 1..5_usize,
        seed in any::<u64>(),
    ) {
        // Parts of the last one have no id.
        let part = |(uid, index): &(u8, i32)| {
            let name = format!("{uid}.{index} ");
            LogRecord {
                split: Some(Split { uid: format!("u{uid}").into(), index: *index, total: 4 }),
                insert_id: (*uid < 2).then(|| name.clone().into()),
                content_hash: hash128(&[name.as_bytes()]),
                message: name.into(),
                ..row(DAY_ONE, "", "")
            }
        };
        let mut expected: BTreeMap<u8, BTreeSet<i32>> = BTreeMap::new();
        for (uid, index) in inputs.iter().flatten() {
            expected.entry(*uid).or_default().insert(*index);
        }
        let joined = |(uid, indexes): (&u8, &BTreeSet<i32>)| {
            indexes.iter().map(|at| format!("{uid}.{at} ")).collect::<Vec<_>>().concat()
        };
        let expected: Vec<String> = expected.iter().map(joined).collect();
        let mut inputs: Vec<Dump> = inputs
            .iter()
            .zip(1_u8..)
            .map(|(parts, number)| input(number, parts.iter().map(part).collect()).in_envelopes(rows))
            .collect();
        let (one, many) = (folder(), folder());
        let once = store_of(&one, vec![inputs.clone()]);
        inputs.sort_by_key(|dump| hash128(&[&seed.to_le_bytes(), dump.read.report.path.as_bytes()]));
        let stepwise = store_of(&many, inputs.into_iter().map(|dump| vec![dump]).collect());
        let mut found = messages(&once);
        found.sort_unstable();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(contents(&once), contents(&stepwise));
        let (a, b) = (once.snapshot().expect("snapshot"), stepwise.snapshot().expect("snapshot"));
        prop_assert_eq!(a.digest(), b.digest());
        prop_assert_eq!(a.stats(), b.stats());
    }
}
