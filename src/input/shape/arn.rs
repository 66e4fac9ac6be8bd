//! Names of AWS resources: `arn:partition:service:region:account:resource`.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.

use std::borrow::Cow;

use super::part;

/// A part of a name, counted from 0; none where it is empty or the text is no such name.
pub(super) fn field<'a>(name: &Cow<'a, str>, at: usize) -> Option<Cow<'a, str>> {
    let is_filled = name.starts_with("arn:") && name.splitn(6, ':').nth(at).is_some_and(|text| !text.is_empty());
    is_filled.then(|| part(name.clone(), |text| text.splitn(6, ':').nth(at).unwrap_or_default()))
}

/// Where the region stands.
pub(super) const REGION: usize = 3;
/// Where the account stands.
pub(super) const ACCOUNT: usize = 4;
/// Where the resource stands, which may hold more colons.
pub(super) const RESOURCE: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_six_parts() {
        let name = Cow::Borrowed("arn:aws:states:eu-west-1:123456789012:execution:till:run-7");
        let of = |at| field(&name, at);
        assert_eq!(of(REGION).as_deref(), Some("eu-west-1"));
        assert_eq!(of(ACCOUNT).as_deref(), Some("123456789012"));
        assert_eq!(of(RESOURCE).as_deref(), Some("execution:till:run-7"));
        assert_eq!(field(&Cow::Borrowed("arn:aws:s3:::shop"), REGION), None);
        assert_eq!(field(&Cow::Borrowed("a:b:c:d:e:f"), REGION), None);
    }
}
