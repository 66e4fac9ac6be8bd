//! The printed filters, held against the entries that they are to find: loggers of many kinds, each text in a field of its own.

use serde_json::{Value, json};

use crate::harness::{folder, json as read, run};

/// What a filter of the kinds that are printed says of an entry.
///
/// Source of the rules: <https://cloud.google.com/logging/docs/view/logging-query-language>. Texts are compared without
/// regard to case; `:` asks for a part of a text, `:*` for a field that is there, a text alone for any field.
struct Filter<'f> {
    tokens: Vec<&'f str>,
    at: usize,
}

impl<'f> Filter<'f> {
    fn new(text: &'f str) -> Self {
        let (mut tokens, mut from) = (Vec::new(), 0);
        let bytes = text.as_bytes();
        while from < text.len() {
            let start = from;
            match bytes[from] {
                b' ' => {
                    from += 1;
                    continue;
                }
                b'"' => {
                    from += 1;
                    while bytes[from] != b'"' {
                        from += if bytes[from] == b'\\' { 2 } else { 1 };
                    }
                    from += 1;
                }
                b'(' | b')' | b':' => from += 1,
                b'<' | b'>' | b'=' => from += if bytes.get(from + 1) == Some(&b'=') { 2 } else { 1 },
                _ => from += text[from..].find([' ', '"', '(', ')', ':', '<', '>', '=']).unwrap_or(text.len() - from),
            }
            tokens.push(&text[start..from]);
        }
        Self { tokens, at: 0 }
    }

    fn next(&mut self) -> &'f str {
        self.at += 1;
        self.tokens.get(self.at - 1).copied().unwrap_or_else(|| panic!("{:?} ends early", self.tokens))
    }

    fn peek(&self) -> &'f str {
        self.tokens.get(self.at).copied().unwrap_or("")
    }

    fn holds(text: &'f str, entry: &Value) -> bool {
        let mut filter = Self::new(text);
        let found = filter.all(entry);
        assert_eq!(filter.at, filter.tokens.len(), "{text}");
        found
    }

    fn all(&mut self, entry: &Value) -> bool {
        let mut found = self.any(entry);
        while self.peek() == "AND" {
            self.at += 1;
            found &= self.any(entry);
        }
        found
    }

    fn any(&mut self, entry: &Value) -> bool {
        let mut found = self.one(entry);
        while self.peek() == "OR" {
            self.at += 1;
            found |= self.one(entry);
        }
        found
    }

    fn one(&mut self, entry: &Value) -> bool {
        if self.peek() == "(" {
            self.at += 1;
            let found = self.any(entry);
            assert_eq!(self.next(), ")");
            return found;
        }
        let first = self.next();
        if first.starts_with('"') {
            return texts(entry).iter().any(|text| has(text, &unquoted(first)));
        }
        // A name of several parts, some of them quoted.
        let mut path: Vec<String> = first.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        while !matches!(self.peek(), ":" | "=" | ">=" | "<") {
            let part = self.next();
            if part.starts_with('"') {
                path.push(unquoted(part));
            } else {
                path.extend(part.split('.').filter(|part| !part.is_empty()).map(str::to_owned));
            }
        }
        let (by, value) = (self.next(), self.next());
        let found = path.iter().try_fold(entry, |at, part| at.get(part)).filter(|found| !found.is_null());
        let Some(found) = found else { return path == ["severity"] && value == "DEFAULT" };
        let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
        match by {
            ":" if value == "*" => true,
            ":" => texts(found).iter().any(|text| has(text, &unquoted(value))),
            "=" => text.eq_ignore_ascii_case(&unquoted(value)),
            ">=" => moment(&text) >= moment(&unquoted(value)),
            _ => moment(&text) < moment(&unquoted(value)),
        }
    }
}

fn unquoted(text: &str) -> String {
    if text.starts_with('"') { serde_json::from_str(text).unwrap() } else { text.to_owned() }
}

/// A time of the same zone in a form that orders as it does.
fn moment(text: &str) -> String {
    let (second, fraction) = text.trim_end_matches('Z').split_once('.').unwrap_or((text.trim_end_matches('Z'), ""));
    format!("{second}.{fraction:0<9}")
}

fn has(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// All texts in a value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// What one service writes, entry by entry: the fields of an entry but its time, id and resource.
type Writes = fn(usize) -> Value;

const PRODUCERS: [(&str, Writes); 26] = [
    (
        "zap",
        |i| json!({"jsonPayload": {"level": "error", "msg": "no stock", "error": format!("cart {i}: pick: no rows")}}),
    ),
    ("zap", |_| json!({"jsonPayload": {"level": "error", "msg": "no stock", "error": "json: wrong kind of value"}})),
    (
        "bunyan",
        |_| json!({"jsonPayload": {"msg": "job crashed", "err": {"name": "AxisError", "message": "status 503"}}}),
    ),
    (
        "bunyan",
        |_| json!({"jsonPayload": {"msg": "job crashed", "err": {"name": "RangeError", "message": "too long"}}}),
    ),
    (
        "serilog",
        |_| json!({"jsonPayload": {"@mt": "Not handled", "@x": "Acme.LateException: late\n   at Acme.Db.Get() in /a.cs:line 9"}}),
    ),
    (
        "serilog",
        |_| json!({"jsonPayload": {"@mt": "Not handled", "@x": "Acme.FormException: form\n   at Acme.P.Get() in /a.cs:line 3"}}),
    ),
    (
        "structlog",
        |i| json!({"jsonPayload": {"event": format!("task {i} failed"), "exception": "Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\nKeyError: 'q'"}}),
    ),
    (
        "pino",
        |_| json!({"jsonPayload": {"msg": "refused", "err": {"type": "TypeError", "stack": "TypeError: x\n    at f (/a.js:1:1)"}}}),
    ),
    (
        "php",
        |i| json!({"textPayload": format!("PHP Fatal error:  Uncaught PDOException: refused {i} in /db.php:7\nStack trace:\n#0 /db.php(7): f()\n#1 {{main}}\n  thrown in /db.php on line 7")}),
    ),
    (
        "elixir",
        |_| json!({"textPayload": "** (Acme.ConstraintError) constraint \"mail\" is broken\n    (app 0.1.0) lib/app/a.ex:12: App.A.b/1"}),
    ),
    (
        "ruby",
        |_| json!({"textPayload": "app/user.rb:5:in `plan': undefined method `plan' for nil (NoMethodError)\n\tfrom app/users.rb:9:in `show'"}),
    ),
    (
        "rust",
        |i| json!({"textPayload": format!("thread 'main' panicked at src/main.rs:{i}:9:\ncalled `Option::unwrap()` on a `None` value\nstack backtrace:\n   0: app::f\n             at ./src/main.rs:5:9")}),
    ),
    ("colours", |i| json!({"textPayload": format!("\u{1b}[31mERROR\u{1b}[0m the shelf is nearly empty, {i} left")})),
    ("short", |i| json!({"textPayload": format!("{} end {i}", "x".repeat(9000))})),
    ("short", |i| json!({"textPayload": format!("pretend {i}{i}")})),
    ("short", |_| json!({"textPayload": "-"})),
    ("fence", |i| json!({"textPayload": format!("```\nfence {i}\n```\n# heading")})),
    ("quotes", |i| json!({"textPayload": format!("it's \"broken\" at C:\\temp by ann{i}@example.com, says the till")})),
    ("keys", |i| json!({"jsonPayload": {"code": i, "detail": {"why": format!("q{i}")}}})),
    ("keys", |i| json!({"jsonPayload": {"shelf": i}})),
    ("text", |i| json!({"textPayload": format!("{{\"level\":\"error\",\"msg\":\"late by {i} s\",\"x\":1}}")})),
    (
        "web",
        |i| json!({"httpRequest": {"requestMethod": "GET", "requestUrl": format!("https://a.example/v1/carts/{i}?x=1"), "status": 503}}),
    ),
    (
        "web",
        |i| json!({"httpRequest": {"requestMethod": "GET", "requestUrl": format!("https://a.example/v1/carts/{i}?x=1"), "status": 500}}),
    ),
    (
        "audit",
        |_| json!({"protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "methodName": "acme.carts.Delete", "serviceName": "carts.example.com"}}),
    ),
    ("moved", |i| {
        if i % 2 == 0 {
            json!({"textPayload": "the field has moved"})
        } else {
            json!({"jsonPayload": {"msg": "the field has moved"}})
        }
    }),
    ("empty", |_| json!({"textPayload": ""})),
];

fn entries() -> Vec<Value> {
    let mut all = Vec::new();
    for (number, (service, writes)) in PRODUCERS.iter().enumerate() {
        for i in 0..4 {
            let mut entry = writes(i + 1);
            let (labels, kind) = match number % 3 {
                0 => (json!({"service_name": service, "revision_name": format!("r{}", i % 2)}), "cloud_run_revision"),
                1 => (json!({"container_name": service, "pod_name": "p"}), "k8s_container"),
                _ => (json!({"module_id": service, "version_id": "v"}), "gae_app"),
            };
            entry["insertId"] = json!(format!("{service}{number}-{i}"));
            entry["timestamp"] = json!(format!("2025-03-04T05:{number:02}:{:02}Z", i * 7));
            entry["severity"] = json!("ERROR");
            let log = if *service == "web" { "requests" } else { "stderr" };
            entry["logName"] = json!(format!("projects/acme/logs/{log}"));
            entry["resource"] = json!({"type": kind, "labels": labels});
            all.push(entry);
        }
    }
    all
}

#[test]
fn every_printed_filter_finds_the_entries_of_its_cluster_and_few_others() {
    let folder = folder();
    let entries = entries();
    let (dump, store, out) = (folder.path().join("a.json"), folder.path().join("garden"), folder.path().join("out"));
    std::fs::write(&dump, serde_json::to_vec(&entries).unwrap()).unwrap();
    run(["run", dump.to_str().unwrap(), "--store", store.to_str().unwrap(), "--out", out.to_str().unwrap()]).exits(0);
    let report = read(&out.join("report.json"));
    let page = std::fs::read_to_string(out.join("worklog.md")).unwrap();
    let mut exact = 0;
    for cluster in report["clusters"].as_array().unwrap() {
        let (filter, template) = (cluster["filter"].as_str().unwrap(), cluster["template"].as_str().unwrap());
        let found = entries.iter().filter(|entry| Filter::holds(filter, entry)).count() as u64;
        let own = cluster["entries"].as_u64().unwrap();
        // Of payloads without a constant text, and of no payload, only the keys can be asked for.
        let is_vague = template.starts_with('{') || template.starts_with("<no payload>");
        assert!(found == own || is_vague && found > own, "{found} of {own}: {template}\n{filter}");
        exact += u32::from(found == own);
        let quoted = filter.replace('\'', "'\\''");
        assert!(page.contains(&format!("gcloud logging read '{quoted}'")), "{filter} stands in the worklog");
        let said = run(["explain", cluster["id"].as_str().unwrap(), "--store", store.to_str().unwrap()]).exits(0);
        assert!(said.out.contains(&format!("gcloud logging read '{quoted}'")), "{}", said.out);
    }
    assert!(exact >= 24, "only {exact} are exact");
}

#[test]
fn entries_of_another_system_have_no_filter_of_cloud_logging() {
    let folder = folder();
    let (dump, store, out) = (folder.path().join("a.ndjson"), folder.path().join("garden"), folder.path().join("out"));
    let row = |i: usize| json!({"@timestamp": format!("2025-03-04T05:06:{i:02}Z"), "log.level": "error", "service.name": "till", "message": "the drawer is stuck"});
    let rows: Vec<String> = (0..5).map(|i| row(i).to_string()).collect();
    std::fs::write(&dump, rows.join("\n")).unwrap();
    run(["run", dump.to_str().unwrap(), "--store", store.to_str().unwrap(), "--out", out.to_str().unwrap()]).exits(0);
    let report = read(&out.join("report.json"));
    let cluster = &report["clusters"][0];
    assert_eq!((&cluster["filter"], &cluster["explorer_url"]), (&json!(""), &Value::Null));
    for name in ["worklog.md", "worklog.html"] {
        let page = std::fs::read_to_string(out.join(name)).unwrap();
        assert!(!page.contains("gcloud logging read"), "{name}");
        assert!(page.contains(&format!("gardener explain {}", cluster["id"].as_str().unwrap())), "{name}");
    }
    let bodies = std::fs::read_dir(out.join("bodies"))
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let bodies: Vec<String> = bodies.filter(|body| body.contains("## Reproduction Steps")).collect();
    assert!(
        !bodies.is_empty() && bodies.iter().all(|body| !body.contains("gcloud") && body.contains("gardener explain C"))
    );
}
