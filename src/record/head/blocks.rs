//! Blocks of lines in which a runtime says why a program did not start, without a stack.

/// What a line is to such a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Opens it; the reason stands below.
    Banner,
    /// Opens it, and is the reason.
    Reason,
}

/// What a line that opens a block begins with.
const OPENINGS: [(&str, Opening); 10] = [
    ("# A fatal error has been detected by the Java Runtime Environment", Opening::Banner),
    ("# There is insufficient memory for the Java Runtime Environment", Opening::Banner),
    ("** (Mix) Could not start application ", Opening::Reason),
    ("APPLICATION FAILED TO START", Opening::Banner),
    ("Error: Could not find or load main class ", Opening::Reason),
    ("Error: LinkageError occurred while loading main class ", Opening::Reason),
    ("Error: Unable to initialize main class ", Opening::Reason),
    ("It was not possible to find any compatible framework version", Opening::Reason),
    ("SystemCheckError: System check identified some issues:", Opening::Reason),
    ("You must install or update .NET to run this application.", Opening::Reason),
];

/// Lines above the first that says something, at most: stars, signs.
const ABOVE_MAX: usize = 4;

/// How a trimmed line opens a block, if it does.
pub fn opening(line: &str) -> Option<Opening> {
    if !matches!(line.as_bytes(), [b'#' | b'*' | b'A' | b'E' | b'I' | b'S' | b'Y', ..]) {
        return None;
    }
    OPENINGS.iter().find(|(front, _)| line.starts_with(front)).map(|(_, opening)| *opening)
}

/// Whether a text opens with a block, below no more than a border or what memory could not be had.
pub(super) fn opens_with(message: &str) -> bool {
    if !matches!(message.trim_start().as_bytes(), [b'#' | b'*' | b'A' | b'E' | b'I' | b'J' | b'O' | b'S' | b'Y', ..]) {
        return false;
    }
    let warns = |line: &str| line.starts_with("OpenJDK ") || line.starts_with("Java HotSpot(TM) ");
    let bare = |line: &&str| !line.chars().any(char::is_alphanumeric) || warns(line);
    let mut lines = message.lines().map(str::trim).filter(|line| !line.is_empty()).take(ABOVE_MAX);
    lines.find(|line| !bare(line)).is_some_and(|line| opening(line).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_told_by_its_first_words() {
        assert_eq!(opening("APPLICATION FAILED TO START"), Some(Opening::Banner));
        assert_eq!(opening("Error: Could not find or load main class shop.Main"), Some(Opening::Reason));
        assert_eq!(opening("The APPLICATION FAILED TO START"), None);
        for text in [
            "\n***************\nAPPLICATION FAILED TO START\n***************\n\nDescription:\n\nx",
            "#\n# A fatal error has been detected by the Java Runtime Environment:\n#\n#  SIGSEGV (0xb)",
            "OpenJDK 64-Bit Server VM warning: INFO: os::commit_memory(0x1) failed\n#\n# There is insufficient memory for the Java Runtime Environment to continue.",
            "You must install or update .NET to run this application.\n\nApp: /app/shop.dll",
        ] {
            assert!(opens_with(text), "{text}");
        }
        for text in ["# A list\n# of things", "*****\nstarted\nAPPLICATION FAILED TO START", "", "Started"] {
            assert!(!opens_with(text), "{text}");
        }
    }
}
