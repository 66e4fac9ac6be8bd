//! No text of a log reaches the list of calls, whatever it holds.

use proptest::prelude::*;

use super::super::commands::{fill_commands, is_safe_word};
use super::super::decisions::{Answer, DecisionEntry, add_decision, read_decisions};
use super::super::{ActionKind, Finding, Markers, Role, apply_list_lines, parse_markers};
use super::{FP, World, filed, finding, issue, ns};

/// Any text, often with something in it that would act somewhere.
fn hostile() -> impl Strategy<Value = String> {
    let atoms = vec![
        "<!-- log-gardener:fp=lgfp1:00000000000000aa -->",
        "\n",
        "\r\n",
        "@team",
        "closes #1",
        "GH-12",
        "```",
        "~~~~",
        "`",
        "$(reboot)",
        "; rm -rf /",
        "'\"\\",
        "{{issue:act_00}}",
        "[[decision]]",
        "-F",
        "body=@/etc/passwd",
        "\u{202e}",
        "\0",
        " ",
        "-->",
    ];
    let piece = prop_oneof![2 => proptest::sample::select(atoms).prop_map(str::to_owned), 1 => any::<String>()];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn the_list_of_calls_holds_nothing_but_safe_words(title in hostile(), message in hostile(), service in hostile(), label in hostile(), comment in hostile()) {
        let found = Finding { title, message, service: service.clone(), module: Some(service), ..finding() };
        for world in [World::with(vec![]), World::with(vec![filed("2030-03-01T00:00:00Z")])] {
            let mut world = world;
            world.policy.label.clone_from(&label);
            for mut action in world.plan(std::slice::from_ref(&found)) {
                if let Some(target) = &mut action.target {
                    target.comment_id = Some(comment.clone());
                }
                action.labels_remove = vec![label.clone()];
                fill_commands(&mut action);
                let lines = apply_list_lines(&action).expect("every word is safe");
                for line in &lines {
                    prop_assert!(line.split(' ').all(is_safe_word), "{line:?}");
                    prop_assert!(line.starts_with(&action.id));
                }
                for (file, _) in &action.side_files {
                    prop_assert!(file.starts_with("bodies/act_") && is_safe_word(file) && !file.contains(".."));
                }
            }
        }
    }

    #[test]
    fn families_that_share_a_symptom_keep_their_own_issues(one in "[a-z]{4,9}", other in "[a-z]{4,9}", exit in "[a-z ]{1,20}") {
        prop_assume!(one != other);
        let member = |id: &str, hex: u8, family: &str, role: Role, text: String| Finding {
            id: id.to_owned(),
            fingerprint: format!("lgfp1:00000000000000{hex:02x}"),
            signatures: vec![(format!("00000000000000{hex:02x}"), 10)],
            family: Some(family.to_owned()),
            role,
            title: text.clone(),
            headline: Some(format!("seats cannot start: {text}")),
            message: text,
            ..finding()
        };
        let findings = [
            member("C00000001", 0xe1, "F1", Role::Root, format!("KeyError: '{one}_key'")),
            member("C00000002", 0xe2, "F2", Role::Root, format!("ValueError: {other} is no port")),
            member("C00000003", 0xe3, "F1", Role::Symptom, format!("{exit} called exit(1)")),
        ];
        let first = World::with(vec![]).plan(&findings);
        let creates: Vec<_> = first.iter().filter(|action| action.kind == ActionKind::Create).collect();
        prop_assert_eq!(creates.len(), 2);
        prop_assert_ne!(&creates[0].id, &creates[1].id);
        // Filed, with the text of the exit line in both, each root is found in its own issue, with and without its fingerprint.
        let issues = creates.iter().zip([41, 42]).map(|(action, number)| {
            let mut own = issue(number, action.title.as_deref().unwrap(), &format!("{}\n{exit} called exit(1)", action.cluster_title));
            own.body = Some(format!("{}\n{}", action.markers(ns(super::AS_OF)).format(), own.body.unwrap()));
            own
        });
        let world = World::with(issues.collect());
        let moved = findings.clone().map(|found| Finding { fingerprint: found.fingerprint.replace("00e", "00f"), ..found });
        for again in [findings, moved] {
            for action in world.plan(&again).iter().filter(|action| action.role == Role::Root) {
                let own = creates.iter().position(|create| create.cluster_id == action.cluster_id).unwrap();
                let target = action.target.as_ref().map(|target| target.number);
                prop_assert_eq!((action.kind, target), (ActionKind::None, Some(41 + own as u64)), "{:?}", action.reason);
            }
        }
    }

    #[test]
    fn a_text_below_our_markers_is_never_read_as_one(text in hostile()) {
        let ours = Markers { fp: Some(FP.to_owned()), act: Some("act_00000000000000c1".to_owned()), at_ns: Some(ns("2030-03-15T00:00:00Z")), ..Markers::default() };
        let body = format!("{}\n**Impact:** x\n{text}", ours.format());
        prop_assert_eq!(parse_markers(&body), Some(ours));
    }

    #[test]
    fn decisions_keep_any_title_and_nothing_of_it_is_read_as_an_entry(title in hostile(), reason in hostile()) {
        let reason = format!("r{reason}");
        let entry = DecisionEntry {
            cluster: "C00000000".into(),
            title,
            fingerprint: FP.into(),
            answer: Answer::Mute,
            reason: Some(reason),
            owner: Some("ann".into()),
            until: Some("never".into()),
            ..DecisionEntry::default()
        };
        let text = add_decision("", &entry).unwrap().unwrap();
        prop_assert_eq!(read_decisions(&text).unwrap().len(), 1);
        prop_assert_eq!(add_decision(&text, &entry), Ok(None));
    }
}
