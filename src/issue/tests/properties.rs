//! No text of a log reaches the list of calls, whatever it holds.

use proptest::prelude::*;

use super::super::commands::{fill_commands, is_safe_word};
use super::super::decisions::{Answer, DecisionEntry, add_decision, read_decisions};
use super::super::{Finding, Markers, apply_list_lines, parse_markers};
use super::{FP, World, filed, finding, ns};

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
