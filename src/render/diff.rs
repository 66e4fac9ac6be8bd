//! What a comment that is rewritten said before, line by line.

use std::fmt::Write as _;

/// Lines around a change that a diff shows.
const CONTEXT: usize = 3;

/// Lines taken out and added with those around them, from the longest common subsequence; long texts are compared as whole.
pub(super) fn diff(old: &str, new: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    if a.len() * b.len() > 1_000_000 {
        return format!("the last comment had {} lines, this one has {}", a.len(), b.len());
    }
    let mut common = vec![vec![0_u32; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] = if a[i] == b[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    // Sign, text, line number in the old and in the new text.
    let mut lines: Vec<(char, &str, usize, usize)> = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            lines.push((' ', a[i], i, j));
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && (j == b.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(('-', a[i], i, j));
            i += 1;
        } else {
            lines.push(('+', b[j], i, j));
            j += 1;
        }
    }
    hunks(&lines)
}

/// The changed lines of a comparison, each run of them with its place and the lines around it.
fn hunks(lines: &[(char, &str, usize, usize)]) -> String {
    let near = |at: usize| {
        let around = at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(lines.len());
        lines[around].iter().any(|line| line.0 != ' ')
    };
    let mut out = String::new();
    let mut at = 0;
    while at < lines.len() {
        if !near(at) {
            at += 1;
            continue;
        }
        let end = (at..lines.len()).find(|line| !near(*line)).unwrap_or(lines.len());
        let hunk = &lines[at..end];
        let of = |sign: char| hunk.iter().filter(|line| line.0 != sign).count();
        let (old, new) = (of('+'), of('-'));
        let place = |first: usize, count: usize| if count == 0 { first } else { first + 1 };
        let _ = writeln!(out, "@@ -{},{old} +{},{new} @@", place(hunk[0].2, old), place(hunk[0].3, new));
        for (sign, text, ..) in hunk {
            let _ = writeln!(out, "{sign}{text}");
        }
        at = end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_what_changed_and_the_lines_around_it() {
        assert_eq!(diff("a\nb\nc", "a\nx\nc"), "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
        assert_eq!(diff("", "a"), "@@ -0,0 +1,1 @@\n+a\n");
        assert_eq!(diff("a\nb", "a\nb"), "");
        let old: Vec<String> = (1..=20).map(|n| n.to_string()).collect();
        let mut new = old.clone();
        (new[1], new[18]) = ("two".into(), "nineteen".into());
        let text = diff(&old.join("\n"), &new.join("\n"));
        let heads: Vec<&str> = text.lines().filter(|line| line.starts_with("@@")).collect();
        assert_eq!(heads, ["@@ -1,5 +1,5 @@", "@@ -16,5 +16,5 @@"], "{text}");
        assert!(!text.contains(" 10\n"), "what is far from a change stays out: {text}");
    }
}
