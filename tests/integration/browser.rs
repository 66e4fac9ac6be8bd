//! A page as a browser shows it: opened in headless Chromium at a width and in a colour scheme, asked, and photographed.
//!
//! The page stands in a frame, because a headless window is never narrower than 500 px by itself. A probe is added to it
//! that answers after the page has loaded; everything that the page says on the console counts as a fault.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::harness::{folder, need};

/// What every page must be held against, whatever its document.
const PROBE: &str = r#"
const table = document.querySelector("table.sortable");
const heads = table ? Array.from(table.tHead.rows[0].cells) : [];
const column = index => Array.from(table.tBodies[0].rows).map(row => row.cells[index].textContent.trim());
const sorted = [];
heads.forEach((head, index) => {
  const button = head.querySelector("button");
  if (!button) return;
  button.click(); const up = column(index);
  button.click(); const down = column(index);
  sorted.push({ head: head.textContent.trim(), rows: up.length, turned: JSON.stringify(up) !== JSON.stringify(down) || new Set(up).size < 2,
    kept: JSON.stringify(up.slice().sort()) === JSON.stringify(down.slice().sort()) });
});
let copied = null;
document.execCommand = () => { copied = document.querySelector("body > textarea").value; return true; };
Object.defineProperty(navigator, "clipboard", { value: undefined, configurable: true });
const copy = Array.from(document.querySelectorAll("button")).find(button => button.textContent === "Copy as TSV");
if (copy) copy.click();
let saved = null;
HTMLAnchorElement.prototype.click = function () { saved = this.href; };
const save = Array.from(document.querySelectorAll("button")).find(button => button.textContent === "Save SVG");
if (save) save.click();
const wide = [];
for (const element of document.querySelectorAll("body *")) {
  const box = element.getBoundingClientRect();
  if (!box.width || box.right <= innerWidth + 1 || element.closest("svg")) continue;
  let parent = element.parentElement, held = false;
  while (parent && parent !== document.body) {
    if (["auto", "scroll", "hidden"].includes(getComputedStyle(parent).overflowX)) { held = true; break; }
    parent = parent.parentElement;
  }
  if (!held) wide.push(element.tagName + "." + element.className);
}
// Text against what stands behind it, as WCAG 2 defines contrast.
const rgb = colour => { const m = colour.match(/[\d.]+/g).map(Number); return { c: m.slice(0, 3), a: m.length > 3 ? m[3] : 1 }; };
const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const behind = element => { for (let e = element; e; e = e.parentElement) { const b = rgb(getComputedStyle(e).backgroundColor); if (b.a > 0.99) return b.c; } return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255]; };
const faint = new Set();
for (const element of document.querySelectorAll("p, li, td, th, h1, h2, h3, code, a, summary, span, button")) {
  if (!element.firstChild || element.firstChild.nodeType !== 3 || !element.firstChild.textContent.trim() || element.closest("svg") || !element.getClientRects().length) continue;
  const front = light(rgb(getComputedStyle(element).color).c), back = light(behind(element));
  const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
  if (contrast < 4.5) faint.add(element.tagName + "." + element.className + " " + contrast.toFixed(2));
}
const words = svg => (svg.getAttribute("aria-label") || "") + (svg.querySelector("title") ? svg.querySelector("title").textContent : "");
parent.postMessage({
  inner: innerWidth, scroll: document.documentElement.scrollWidth, wide: wide.slice(0, 8), faint: Array.from(faint).slice(0, 8),
  dark: matchMedia("(prefers-color-scheme: dark)").matches, loaded: Array.from(document.querySelectorAll("[src], link, object, embed, image, use[href]")).filter(e => !/^(data:|#)/.test(e.getAttribute("src") || e.getAttribute("href") || "")).map(e => e.outerHTML.slice(0, 80)),
  sorted, copied, saved: saved && decodeURIComponent(saved.split(",")[1]).slice(0, 200),
  firstRow: table ? Array.from(table.tBodies[0].rows[0].cells).map(cell => cell.textContent.replace(/\s+/g, " ").trim()) : [],
  mute: Array.from(document.querySelectorAll("svg")).filter(svg => svg.getAttribute("aria-hidden") !== "true" && !words(svg)).length,
  focusable: document.querySelectorAll("a[href], button, summary, input").length,
}, "*");
"#;

/// The browser, or `None` where it is missing and may be.
pub(crate) fn chromium() -> Option<PathBuf> {
    need(&["chromium", "chromium-browser", "google-chrome"])
}

fn start(chromium: &Path, scratch: &Path, dark: bool, size: &str, what: &[&str]) -> Output {
    Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync", "--allow-file-access-from-files", "--hide-scrollbars"])
        .args(["--virtual-time-budget=20000", "--enable-logging=stderr"])
        .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!dark)))
        .arg(format!("--window-size={size}"))
        .args(what)
        .arg(format!("--user-data-dir={}", scratch.join("profile").display()))
        .arg(format!("file://{}", scratch.join("frame.html").display()))
        .output()
        .expect("chromium starts")
}

/// What the probe answers for a page at a width and in a scheme, and what the page said on the console.
fn ask(chromium: &Path, page: &str, width: u32, dark: bool) -> (Value, Vec<String>) {
    let scratch = folder();
    let probe = format!("<script>addEventListener('load',()=>{{{PROBE}}})</script></body>");
    fs::write(scratch.path().join("page.html"), page.replacen("</body>", &probe, 1)).expect("a page");
    let frame = format!(
        "<!doctype html><body style=\"margin:0\"><pre id=said></pre><script>addEventListener('message',e=>{{document.getElementById('said').textContent=JSON.stringify(e.data)}})</script><iframe src=\"page.html\" style=\"border:0;width:{width}px;height:900px\"></iframe></body>"
    );
    fs::write(scratch.path().join("frame.html"), frame).expect("a frame");
    let output = start(chromium, scratch.path(), dark, "1400,1000", &["--dump-dom"]);
    let (dom, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let said = dom.split("<pre id=\"said\">").nth(1).and_then(|rest| rest.split("</pre>").next()).unwrap_or_default();
    let said = said.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&");
    let value =
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("the page answered {said:?} ({error}); {log}"));
    (value, log.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect())
}

/// Keeps a picture of the page below Cargo's folder for test files, to be looked at.
fn photograph(chromium: &Path, page: &str, name: &str, width: u32, dark: bool) {
    let (scratch, pictures) = (folder(), Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages"));
    fs::create_dir_all(&pictures).expect("a folder of pictures");
    fs::write(scratch.path().join("page.html"), page).expect("a page");
    let frame = format!(
        "<!doctype html><body style=\"margin:0\"><iframe src=\"page.html\" style=\"border:0;width:{width}px;height:2400px\"></iframe></body>"
    );
    fs::write(scratch.path().join("frame.html"), frame).expect("a frame");
    let file = pictures.join(format!("{name}-{width}-{}.png", if dark { "dark" } else { "light" }));
    let _ = fs::remove_file(&file);
    let size = format!("{},2400", width.max(500));
    let output = start(chromium, scratch.path(), dark, &size, &[&format!("--screenshot={}", file.display())]);
    assert!(file.is_file(), "no picture: {}", String::from_utf8_lossy(&output.stderr));
}

/// Opens a page at both widths and in both schemes and holds it against everything that a page must do.
///
/// # Panics
/// Where it does not.
#[track_caller]
pub(crate) fn assert_good_page(name: &str, page: &str) {
    let Some(chromium) = chromium() else { return };
    for (width, dark) in [(390, false), (390, true), (1280, false), (1280, true)] {
        let (said, console) = ask(&chromium, page, width, dark);
        let place = format!("{name} at {width} px, {}", if dark { "dark" } else { "light" });
        assert!(console.is_empty(), "{place}: {console:#?}");
        assert_eq!((said["inner"].as_u64(), said["dark"].as_bool()), (Some(u64::from(width)), Some(dark)), "{place}");
        assert!(
            said["scroll"].as_u64() <= Some(u64::from(width)),
            "{place} is {} px wide: {}",
            said["scroll"],
            said["wide"]
        );
        assert_eq!(said["wide"].as_array().map(Vec::len), Some(0), "{place}: too wide: {}", said["wide"]);
        assert_eq!(said["loaded"].as_array().map(Vec::len), Some(0), "{place} loads {}", said["loaded"]);
        assert_eq!(said["faint"].as_array().map(Vec::len), Some(0), "{place}: contrast below 4.5: {}", said["faint"]);
        assert_eq!(said["mute"].as_u64(), Some(0), "{place}: charts without words");
        let sorted = said["sorted"].as_array().expect("a list");
        assert!(!sorted.is_empty(), "{place}: no table sorts");
        for column in sorted {
            assert!(column["turned"] == true && column["kept"] == true, "{place}: sorting by {column} does nothing");
        }
        let copied = said["copied"].as_str().unwrap_or_default();
        let mut lines = copied.lines();
        let columns = lines.next().unwrap_or_default().split('\t').count();
        assert!(columns > 1, "{place}: copied {copied:?}");
        for line in lines {
            assert_eq!(line.split('\t').count(), columns, "{place}: a row of the copied table: {line:?}");
        }
        if page.contains("class=\"figure") {
            let saved = said["saved"].as_str().unwrap_or_default();
            assert!(
                saved.starts_with("<svg") && saved.contains("http://www.w3.org/2000/svg"),
                "{place}: saved {saved:?}"
            );
        }
    }
    for (width, dark) in [(390, false), (1280, false), (1280, true)] {
        photograph(&chromium, page, name, width, dark);
    }
}

#[test]
fn the_probe_notices_what_is_wrong_with_a_page() {
    let Some(chromium) = chromium() else { return };
    let page = "<!doctype html><meta charset=utf-8><body style=\"background:#fff\"><p style=\"color:#bbb\">faint</p>\
        <div class=broad style=\"width:2000px\">wide</div><svg width=9 height=9></svg>\
        <table class=sortable><thead><tr><th><button>n</button></th></tr></thead><tbody><tr><td>b</td></tr><tr><td>a</td></tr></tbody></table>\
        <img src=\"frame.html\"><script>console.error('said')</script></body>";
    let (said, console) = ask(&chromium, page, 390, false);
    let told = |key: &str| said[key].to_string();
    assert!(told("faint").contains("P."), "{said}");
    assert!(told("wide").contains("DIV.broad") && said["scroll"].as_u64() >= Some(2000), "{said}");
    assert!(told("loaded").contains("frame.html"), "{said}");
    assert_eq!((said["mute"].as_u64(), said["sorted"][0]["turned"].as_bool()), (Some(1), Some(false)), "{said}");
    assert!(said["copied"].is_null(), "{said}");
    assert!(console.iter().any(|line| line.contains("said")), "{console:?}");
}
