//! Pub/Sub envelopes, pushed (`{"message":{"data":…},"subscription":…}`) and pulled (`{"ackId":…,"message":…}`).
//!
//! The entry, or a list of them, is base64 inside `data`, sometimes compressed. Delivery is at least once, so identity is the
//! inner entry's, never the message's. Source: <https://cloud.google.com/pubsub/docs/push>.

use std::io::Read;

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};

use super::Row;

/// Padding may be left out.
const LAX: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LAX);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LAX);

/// The bytes inside an envelope: `None` when the object is none, an error when its data cannot be decoded.
pub(crate) fn data(row: &Row<'_>, limit: usize) -> Option<Result<Vec<u8>, &'static str>> {
    let message = row.message().filter(|message| message.is_object())?;
    let object = row.value();
    let encoded = message.some("data")?.as_str()?;
    let envelope = object.get("subscription").is_some()
        || object.get("ackId").is_some()
        || ["messageId", "message_id"].iter().any(|key| message.get(key).is_some());
    if !envelope {
        return None;
    }
    let mut encoded = encoded.into_owned();
    // Some tools wrap its lines.
    encoded.retain(|c| !c.is_ascii_whitespace());
    let Ok(bytes) = STANDARD.decode(&encoded).or_else(|_| URL_SAFE.decode(&encoded)) else {
        return Some(Err("Pub/Sub data is not base64"));
    };
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        let most = limit as u64 + 1;
        if flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(most).read_to_end(&mut plain).is_err() {
            return Some(Err("Pub/Sub data is a damaged gzip stream"));
        }
        if plain.len() > limit {
            return Some(Err("Pub/Sub data is larger than the limit of row-bytes"));
        }
        plain
    } else {
        bytes
    };
    Some(Ok(bytes))
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Tape;
    use super::*;

    fn of(text: &str) -> Option<Result<Vec<u8>, &'static str>> {
        data(&Row::of(Tape::default().parse(text).expect("valid")), 1_000)
    }

    #[test]
    fn decodes_what_an_envelope_carries_and_nothing_else() {
        for data in ["eyJhIjoxfQ==", "eyJhIjoxfQ", "eyJh\\nIjox\\r\\nfQ==\\n"] {
            let text = format!(r#"{{"message":{{"data":"{data}","messageId":"1"}},"subscription":"s"}}"#);
            assert_eq!(of(&text), Some(Ok("{\"a\":1}".into())));
        }
        assert_eq!(of(r#"{"ackId":"x","message":{"data":"!!"}}"#), Some(Err("Pub/Sub data is not base64")));
        assert_eq!(of(r#"{"message":{"data":"eyJhIjoxfQ=="}}"#), None, "a row that happens to have such keys");
        assert_eq!(of(r#"{"message":"text","subscription":"s"}"#), None);
    }
}
