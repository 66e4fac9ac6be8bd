//! The HTML worklog stands alone and fits a telephone and a desk.

use std::fs;

use crate::browser::assert_good_page;
use crate::harness::sample;

fn page() -> String {
    fs::read_to_string(sample().out.join("worklog.html")).unwrap()
}

/// The values of one attribute, unescaped.
fn attributes(page: &str, name: &str) -> Vec<String> {
    let opening = format!(" {name}=\"");
    let values = page.split(opening.as_str()).skip(1).filter_map(|rest| rest.split('"').next());
    values.map(|value| value.replace("&#x2f;", "/").replace("&quot;", "\"").replace("&amp;", "&")).collect()
}

#[test]
fn the_page_loads_nothing_from_anywhere() {
    stands_alone(&page());
}

/// Nothing is loaded, and each link leads to a place of the page, the tracker or the log explorer.
pub(crate) fn stands_alone(page: &str) {
    for tag in ["<link", "<iframe", "<img", "<object", "<embed", "<base", "@import", "url("] {
        assert!(!page.contains(tag), "{tag}");
    }
    for name in ["src", "srcset", "poster", "action", "formaction", "background", "data"] {
        let values = attributes(page, name);
        assert!(values.is_empty(), "{name}: {values:?}");
    }
    for target in attributes(page, "href") {
        let (local, known) = (
            target.starts_with('#'),
            target.starts_with("https://console.cloud.google.com/logs/")
                || target.starts_with("https://github.com/acme/shop/issues/"),
        );
        assert!(local || known || !target.contains(':'), "a link to {target}");
    }
    for target in attributes(page, "href").iter().filter_map(|target| target.strip_prefix('#')) {
        assert!(page.contains(&format!("id=\"{target}\"")), "a link to #{target}, which is nowhere");
    }
}

#[test]
fn no_text_of_a_log_becomes_markup() {
    let page = page();
    let scripts = page.matches("<script").count();
    assert!(scripts <= 1, "{scripts} scripts");
    for handler in [" onclick=", " onload=", " onerror=", "javascript:"] {
        assert!(!page.contains(handler), "{handler}");
    }
    // A placeholder of a template must not be taken for a tag.
    assert!(!page.contains("<num>") && page.contains("&lt;num&gt;"));
}

#[test]
fn the_page_works_on_a_telephone_and_a_desk_by_day_and_by_night() {
    assert_good_page("worklog", &page());
}

#[test]
fn each_logs_explorer_link_decodes_to_the_filter_beside_it() {
    let report = &sample().report;
    let page = page();
    let links = attributes(&page, "href");
    let mut seen = 0;
    for cluster in report["clusters"].as_array().unwrap() {
        let Some(address) = cluster["explorer_url"].as_str() else { continue };
        let query = address.split(";query=").nth(1).unwrap_or_else(|| panic!("{address}"));
        let query = query.split([';', '?']).next().unwrap();
        let decoded = percent_decoded(query);
        assert_eq!(decoded, cluster["filter"].as_str().unwrap(), "{address}");
        seen += u32::from(links.iter().any(|link| link == address));
    }
    assert!(seen > 10, "only {seen} links on the page");
}

/// A percent-encoded word as it was.
fn percent_decoded(word: &str) -> String {
    let mut bytes = word.bytes();
    let mut text = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
            text.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
        } else {
            text.push(byte);
        }
    }
    String::from_utf8(text).unwrap()
}
