//! Fingerprints, ids, markers, titles.

use super::super::marker::{Trust, last_action};
use super::super::title::{make_title, title_key};
use super::super::{
    Fingerprint, FingerprintParts, FingerprintText, Markers, action_id, cluster_ids, issue_signature, parse_markers,
    top_signatures,
};
use super::{FP, filed, issue, our_comment};
use proptest::prelude::*;

fn parts(service: &str) -> FingerprintParts<'_> {
    FingerprintParts {
        project: "acme",
        service,
        kind: "app",
        exception: Some("LeaseError"),
        text: FingerprintText::Template("lease of <*> lost"),
    }
}

#[test]
fn fingerprints_are_stable_and_ignore_the_case_of_the_service() {
    let print = Fingerprint::of(&parts("ledger"));
    assert_eq!(print, Fingerprint::of(&parts("Ledger")));
    let expected = blake3::hash(br#"["acme","ledger","app","LeaseError","lease of <*> lost"]"#).to_hex();
    assert_eq!(print.as_str(), format!("lgfp1:{}", &expected.as_str()[..16]));
    assert_eq!(Fingerprint::parse(print.as_str()), Some(print));
}

#[test]
fn a_request_is_known_by_method_route_and_status() {
    let request = |status| {
        let text = FingerprintText::Request { method: "GET", route: "/orders/<*>", status };
        Fingerprint::of(&FingerprintParts { exception: None, kind: "request", text, ..parts("shop") })
    };
    assert_ne!(request("503"), request("404"));
    let expected = blake3::hash(br#"["acme","shop","request","-","GET","/orders/<*>","503"]"#).to_hex();
    assert_eq!(request("503").hex(), &expected.as_str()[..16]);
}

#[test]
fn cluster_ids_grow_only_where_they_collide() {
    let prints: Vec<Fingerprint> = ["1111111122222222", "1111111122233333", "9111111122222222", "1111111122222222"]
        .iter()
        .map(|hex| Fingerprint::parse(&format!("lgfp1:{hex}")).unwrap())
        .collect();
    assert_eq!(cluster_ids(&prints), ["C111111112222", "C111111112223", "C91111111", "C111111112222"]);
}

#[test]
fn the_eight_signatures_with_most_entries_are_kept() {
    let many: Vec<(String, u64)> = (0..20).map(|at| (format!("{at:016x}"), at / 2)).collect();
    let top = top_signatures(&many);
    assert_eq!(top.len(), 8);
    assert_eq!((top[0].0.as_str(), top[1].0.as_str()), ("0000000000000012", "0000000000000013"));
    let id = issue_signature("acme", "Ledger", "app", None, "sig");
    assert_eq!(id, issue_signature("acme", "ledger", "app", Some(""), "sig"));
}

#[test]
fn action_ids_depend_on_what_is_written_and_not_on_the_run() {
    let id = |kind, target, change: &[String]| action_id("acme/shop", FP, kind, target, 5, change);
    assert_eq!(id("create", None, &[]), id("create", None, &[]));
    let keys = ["events=5".to_owned()];
    let all = [
        id("create", None, &[]),
        id("comment", Some(7), &[]),
        id("comment", Some(7), &keys),
        id("comment", Some(8), &keys),
    ];
    let distinct: std::collections::BTreeSet<&String> = all.iter().collect();
    assert_eq!(distinct.len(), 4);
}

#[test]
fn markers_below_other_text_are_not_read() {
    let marker = "<!-- log-gardener:fp=lgfp1:00000000000000aa -->";
    assert!(parse_markers(marker).is_some());
    assert!(parse_markers(&format!("Hello\n{marker}")).is_none());
    assert!(parse_markers(&format!(" {marker}")).is_none());
    assert!(parse_markers(&format!("{marker} ")).is_none());
    let twice = format!("{marker}\n<!-- log-gardener:fp=lgfp1:00000000000000ff -->");
    assert_eq!(parse_markers(&twice).unwrap().fp.unwrap(), FP);
    let windows = format!("{marker}\r\n<!-- log-gardener:act=act_00000000000000c1 -->\r\ntext");
    assert_eq!(parse_markers(&windows).unwrap().act.as_deref(), Some("act_00000000000000c1"));
}

#[test]
fn malformed_markers_are_no_markers() {
    for bad in [
        "<!-- log-gardener:fp=lgfp1:00000000000000AA -->",
        "<!-- log-gardener:fp=lgfp2:00000000000000aa -->",
        "<!-- log-gardener:fp=lgfp1:00000000000000aa sig= -->",
        "<!-- log-gardener:act=act_1 -->",
        "<!-- log-gardener:at=yesterday -->",
        "<!-- log-gardener:note=hello -->",
        "<!--log-gardener:act=act_00000000000000c1-->",
    ] {
        assert_eq!(parse_markers(bad), None, "{bad}");
    }
}

#[test]
fn the_newest_believed_marker_is_the_last_action() {
    let mut known = filed("2030-03-01T00:00:00Z");
    known.comments =
        vec![our_comment("2030-03-15T00:00:00Z", Some("991")), our_comment("2030-03-12T00:00:00Z", Some("990"))];
    let mut forged = our_comment("2030-03-19T00:00:00Z", Some("992"));
    forged.author_association = Some("NONE".to_owned());
    known.comments.push(forged);
    let trust = Trust { authors: Vec::new(), label: "log-gardener".to_owned() };
    assert_eq!(last_action(&known, &trust).unwrap().comment_id.as_deref(), Some("991"));
    let named = Trust { authors: vec!["Robin".to_owned()], ..trust };
    assert_eq!(last_action(&known, &named).unwrap().comment_id.as_deref(), Some("992"));
}

#[test]
fn without_authors_only_our_label_is_believed() {
    let mut known = filed("2030-03-01T00:00:00Z");
    known.author = None;
    known.author_association = None;
    let trust = Trust { authors: Vec::new(), label: "log-gardener".to_owned() };
    assert!(last_action(&known, &trust).is_some());
    known.labels.clear();
    assert!(last_action(&known, &trust).is_none());
}

#[test]
fn title_keys_drop_category_priority_numbers_and_emoji() {
    let key = "lease of the ledger writer is lost";
    for title in [
        "Lease of the ledger writer is lost",
        "GCP-regression | P0 | Lease of the ledger writer is lost (25)",
        "GCP-active-dev-P1-lease-of-the-ledger-writer-is-lost",
        "🚨 P2 Lease of the Ledger Writer is lost",
        "GCP-new | 🔥 | Lease of the ledger writer is lost!",
    ] {
        assert_eq!(title_key(title).as_deref(), Some(key), "{title}");
    }
    assert_eq!(title_key("P0 | 17"), None);
    assert_eq!(title_key("Timeout"), None);
}

#[test]
fn titles_hold_nothing_that_acts() {
    let title =
        make_title("GCP-{category} | {priority} | {name}", "new", "P1", "ask @robin about #12,\nGH-12 <!-- x -->");
    assert_eq!(title, "GCP-new | P1 | ask robin about 12, GH 12 x");
    let long = make_title("GCP-{category} | {priority} | {name}", "new", "P1", &"word ".repeat(60));
    assert!(long.chars().count() <= 120 && long.ends_with('…'));
    let _ = issue(1, "", "");
}

proptest! {
    #[test]
    fn markers_survive_being_written_and_read(
        fp in "[0-9a-f]{16}",
        sigs in prop::collection::vec("[0-9a-f]{16}", 0..8),
        also in prop::collection::vec("lgfp1:[0-9a-f]{16}", 0..5),
        act in "act_[0-9a-f]{16}",
        at in 0_i64..4_000_000_000_000_000_000,
        closed in prop::option::of(0_i64..4_000_000_000_000_000_000),
        text in any::<String>(),
    ) {
        let markers = Markers { fp: Some(format!("lgfp1:{fp}")), sigs, also, act: Some(act), at_ns: Some(at), closed_ns: closed };
        let body = format!("{}\n{text}", markers.format());
        // Text that is itself a marker line of a kind that is there already is not read either.
        prop_assert_eq!(parse_markers(&body), Some(markers));
    }

    #[test]
    fn reading_markers_never_panics(text in any::<String>()) {
        let _ = parse_markers(&text);
        let _ = parse_markers(&format!("<!-- log-gardener:{text} -->"));
        let _ = title_key(&text);
    }
}
