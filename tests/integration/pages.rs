//! The HTML worklog stands alone and fits a telephone and a desk.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::{folder, need, sample};

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

/// What a browser says of a page.
#[derive(Debug)]
pub(crate) struct Look {
    inner: u32,
    scroll: u32,
    wide: Vec<String>,
    /// The page was asked in the dark colour scheme.
    dark: bool,
    /// Loaded from anywhere, the page itself aside.
    loaded: Vec<String>,
    /// Errors and everything written to the console.
    console: Vec<String>,
}

/// Opens a page at a width and in a colour scheme. It is measured in a frame: a headless window is never narrower than
/// 500 px by itself.
pub(crate) fn look(chromium: &Path, page: &str, width: u32, dark: bool) -> Look {
    let scratch = folder();
    let listen = "<head><script>window.said=[];for(const name of ['log','info','warn','error','debug'])console[name]=(...words)=>window.said.push(name+': '+words.join(' '));\
        addEventListener('error',e=>window.said.push('error: '+e.message));addEventListener('securitypolicyviolation',e=>window.said.push('policy: '+e.violatedDirective+' '+e.blockedURI))</script>";
    let probe = "<script>addEventListener('load',()=>{const d=document.documentElement,wide=[];\
        for(const e of document.querySelectorAll('body *')){const r=e.getBoundingClientRect();if(r.width&&r.right>innerWidth+1&&!e.closest('svg')){let p=e.parentElement,ok=false;\
        while(p&&p!==document.body){const o=getComputedStyle(p).overflowX;if(o==='auto'||o==='scroll'||o==='hidden'){ok=true;break}p=p.parentElement}\
        if(!ok)wide.push(e.tagName+'.'+e.className)}}\
        parent.postMessage({scroll:d.scrollWidth,inner:innerWidth,wide:wide.slice(0,8),dark:matchMedia('(prefers-color-scheme: dark)').matches,\
        loaded:performance.getEntriesByType('resource').map(r=>r.name),console:window.said},'*')})</script></body>";
    let page = page.replacen("<head>", listen, 1).replacen("</body>", probe, 1);
    fs::write(scratch.path().join("page.html"), page).unwrap();
    fs::write(
        scratch.path().join("frame.html"),
        format!(
            "<!doctype html><body style=\"margin:0\"><pre id=said></pre><script>addEventListener('message',e=>{{document.getElementById('said').textContent=JSON.stringify(e.data)}})</script><iframe src=\"page.html\" style=\"border:0;width:{width}px;height:900px\"></iframe></body>"
        ),
    )
    .unwrap();
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--allow-file-access-from-files",
            "--virtual-time-budget=20000",
            "--window-size=1400,1000",
            "--dump-dom",
        ])
        .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!dark)))
        .arg(format!("--user-data-dir={}", scratch.path().join("profile").display()))
        .arg(format!("file://{}", scratch.path().join("frame.html").display()))
        .output()
        .expect("chromium starts");
    let dom = String::from_utf8_lossy(&output.stdout);
    let said = dom
        .split("<pre id=\"said\">")
        .nth(1)
        .and_then(|rest| rest.split("</pre>").next())
        .unwrap_or_default()
        .replace("&gt;", ">")
        .replace("&lt;", "<")
        .replace("&amp;", "&");
    let value: serde_json::Value = serde_json::from_str(&said).unwrap_or_else(|error| {
        panic!("the page answered {said:?} ({error}); {}", String::from_utf8_lossy(&output.stderr))
    });
    let number = |key: &str| u32::try_from(value[key].as_u64().unwrap()).unwrap();
    let words =
        |key: &str| value[key].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect();
    Look {
        inner: number("inner"),
        scroll: number("scroll"),
        wide: words("wide"),
        dark: value["dark"].as_bool().unwrap(),
        loaded: words("loaded"),
        console: words("console"),
    }
}

/// A page fits a telephone and a desk, in the light and in the dark, loads nothing and says nothing.
pub(crate) fn fits(page: &str) {
    let Some(chromium) = need(&["chromium", "chromium-browser", "google-chrome"]) else { return };
    for (width, dark) in [(390, false), (390, true), (1280, false), (1280, true)] {
        let look = look(&chromium, page, width, dark);
        assert_eq!((look.inner, look.dark), (width, dark), "the frame has that width and scheme");
        assert!(look.scroll <= look.inner && look.wide.is_empty(), "at {width} px too wide: {look:?}");
        assert!(look.loaded.is_empty() && look.console.is_empty(), "{look:?}");
    }
}

#[test]
fn the_page_fits_a_telephone_and_a_desk() {
    fits(&page());
}
