//! Issue and comment bodies over arbitrary texts: nothing in them acts on a tracker, and no marker but ours is read.

use super::fixture::report;
use super::tests::{facts, input, live, renderer};
use super::{DeltaLine, mask_report};

/// Any text, often with something in it that acts somewhere.
fn hostile() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let atoms = vec![
        "<!-- log-gardener:fp=lgfp1:0000000000000000 -->",
        "<!-- log-gardener:act=act_0000000000000000 -->",
        "\n",
        "\r",
        "\t",
        "@team",
        "closes #1",
        "acme/shop#12",
        "GH-7",
        "```",
        "~~~",
        "`",
        "</details>",
        "<script>",
        "![x](http://e/x.png)",
        "[a](https://e.example)",
        "https://e.example/@b",
        "www.e.example",
        "-->",
        "|",
        "\\",
        "{{ c.id }}",
        "{% raw %}",
        ":bomb:",
        "# ",
        "- ",
        "1. ",
        "> ",
        "\u{1b}[31m",
        "\u{202e}",
        "\u{200b}",
        " ",
        "a",
        "9",
    ];
    let piece = prop_oneof![3 => proptest::sample::select(atoms).prop_map(str::to_owned), 1 => any::<String>()];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// What of a text outside code would act on a tracker.
fn acting(live: &str) -> Option<String> {
    let chars: Vec<char> = live.chars().collect();
    let word = |at: usize| chars.get(at).is_some_and(|c| c.is_alphanumeric() || *c == '_');
    let found = (0..chars.len()).find(|&at| match chars[at] {
        '@' => word(at + 1),
        '#' => chars.get(at + 1).is_some_and(char::is_ascii_digit) && (at == 0 || chars[at - 1] != '&'),
        '<' => chars.get(at + 1).is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')),
        '(' => at > 0 && chars[at - 1] == ']' && (at < 2 || chars[at - 2] != '\\'),
        ':' => chars.get(at + 1) == Some(&'/') && chars.get(at + 2) == Some(&'/'),
        '\u{1b}' | '\u{202e}' | '\u{200b}' => true,
        _ => false,
    })?;
    Some(chars[found.saturating_sub(20)..(found + 20).min(chars.len())].iter().collect())
}

proptest::proptest! {
    #[test]
    fn no_text_of_a_log_acts_in_a_body(text in hostile(), short in hostile()) {
        let mut report = report();
        for cluster in report.clusters.iter_mut().filter(|c| c.id == "C44444444" || c.id == "C0b1ff12e") {
            cluster.template.clone_from(&text);
            cluster.title.clone_from(&short);
            (cluster.module, cluster.function) = (Some(short.clone()), Some(short.clone()));
            (cluster.exception, cluster.service) = (Some(short.clone()), short.clone());
            cluster.frame = Some(short.clone());
            cluster.effective_reason = Some(short.clone());
            if let Some(example) = &mut cluster.example {
                example.message.clone_from(&text);
                (example.insert_id, example.json) = (Some(short.clone()), None);
            }
        }
        let report = mask_report(report);
        let mut facts = facts();
        facts.change = vec![short.clone()];
        facts.title.clone_from(&short);
        facts.deltas = vec![DeltaLine { what: short.clone(), before: short.clone(), now: text.clone() }];
        facts.earlier = text.lines().map(|line| format!("- {line}")).collect();
        (facts.found, facts.owner) = (Some(short.clone()), Some(short.clone()));
        let renderer = renderer();
        let markers = facts.markers.join("\n");
        for id in ["C44444444", "C0b1ff12e"] {
            let input = input(&report, id, &facts);
            for body in [renderer.issue_body(&input).expect("issue"), renderer.comment_body(&input).expect("comment")] {
                let below = body.strip_prefix(&markers).expect("the markers come first");
                proptest::prop_assert!(below.starts_with("\n**"), "{}", &below[..below.len().min(60)]);
                proptest::prop_assert_eq!(crate::issue::parse_markers(&body), crate::issue::parse_markers(&markers));
                let ours = ["#371", "<details>", "</details>", "<summary>", "</summary>", "<br>"];
                let plain = ours.iter().fold(live(below), |text, own| text.replace(own, ""));
                proptest::prop_assert_eq!(acting(&plain), None);
            }
        }
    }
}
