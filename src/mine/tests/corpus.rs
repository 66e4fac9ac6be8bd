//! Labelled messages made by code: three invented systems, the same lines for the same seed.
//!
//! A template is its text with `{kind}` where a value goes; its label is that text with `<*>` there. Nothing here knows the
//! miner, so its labels can judge it, and the bench reads this file too.
#![allow(dead_code, unreachable_pub, reason = "tests and bench use different parts")]

/// A small generator of numbers (`SplitMix64`).
pub struct Random(pub u64);

impl Random {
    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// A web service, a batch worker, a database; the first of each are the frequent ones.
pub const SYSTEMS: [&[&str]; 3] = [
    &[
        "served {path} to {ip} in {ms}ms",
        "request {uuid} finished with status {num} after {num} ms",
        "login ok user={user} ip={ip}",
        "login refused user={user} ip={ip} reason={word}",
        "session {hex} opened",
        "session {hex} renewed",
        "session {hex} closed",
        "cart {num} saved for {email}",
        "cart {num} emptied for {email}",
        "mail to {email} queued as {hex}",
        "mail to {email} bounced: mailbox full",
        "upstream {service} answered in {ms}ms",
        "upstream {service} timed out after {num} s",
        "upstream {service} is healthy again",
        "circuit to {service} opened, {num} failures within {num} s",
        "circuit to {service} half open",
        "cache hit ratio {fraction} over {num} keys",
        "cannot parse header \"{header}\" of request {uuid}",
        "rate limit reached for key {hex}, {num} calls",
        "upload of {size} stored at {path}",
        "listening on {ip}",
        "shutting down, {num} requests in flight",
        "feature flags loaded: [{list}]",
        "✅ deploy of version {version} complete",
    ],
    &[
        "job {job} started on node-{node}",
        "job {job} paused on node-{node}",
        "job {job} resumed on node-{node}",
        "job {job} ended on node-{node} after {ms}ms",
        "job {job} failed on node-{node}: exit code {num}",
        "fetched {num} rows from {path}",
        "wrote {num} rows to {path} ({size})",
        "retry {num} of {num} for task {task}",
        "task {task} moved from node-{node} to node-{node}",
        "queue depth is {num}, {num} workers busy",
        "worker {num} picked batch {hex}",
        "worker {num} dropped batch {hex}",
        "heartbeat of node-{node} is {num} s late",
        "lost contact with node-{node}, giving its tasks back",
        "checkpoint {num} taken in {ms}ms, {size}",
        "skipping file {path}: already seen",
        "skipping file {path}: empty",
        "disk of node-{node} is {num} percent full",
        "schedule next run at {time}",
        "no work left, going idle",
    ],
    &[
        "query took {ms}ms: plan {hex}",
        "slow query on table {table}: {num} rows scanned",
        "lock on table {table} waited {ms}ms",
        "lock on table {table} granted",
        "deadlock between transactions {num} and {num}",
        "transaction {num} committed",
        "transaction {num} rolled back",
        "connection from {ip} accepted for role {user}",
        "connection from {ip} closed",
        "replica node-{node} lags by {size}",
        "replica node-{node} caught up",
        "vacuum of table {table} removed {num} rows",
        "index {table} rebuilt in {ms}ms",
        "write-ahead log at {hex}/{hex}, {num} segments",
        "configuration reloaded, {num} values changed",
        "checkpoint complete: wrote {num} buffers ({fraction} %)",
    ],
];

/// One message: its system, the label of its template, and its text.
pub struct Line {
    /// Index into [`SYSTEMS`].
    pub system: usize,
    /// The template with `<*>` for every value.
    pub label: String,
    /// The message.
    pub text: String,
}

/// `count` messages; `week` (from 1) says how many names the systems know by then.
pub fn lines(seed: u64, week: u64, count: usize) -> Vec<Line> {
    let mut random = Random(seed.wrapping_mul(0x5851_f42d_4c95_7f2d) ^ week);
    (0..count).map(|_| line(&mut random, week)).collect()
}

fn line(random: &mut Random, week: u64) -> Line {
    let system = random.below(3) as usize;
    let templates = SYSTEMS[system];
    // Of two draws the lesser: the first templates are the frequent ones.
    let n = templates.len() as u64;
    let at = random.below(n).min(random.below(n)) as usize;
    let (label, text) = fill(templates[at], random, week);
    Line { system, label, text }
}

/// Label and text of one message of a template.
pub fn fill(template: &str, random: &mut Random, week: u64) -> (String, String) {
    let (mut label, mut text) = (String::new(), String::new());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (kind, after) = after.split_once('}').unwrap_or((after, ""));
        label.push_str(before);
        label.push_str("<*>");
        text.push_str(before);
        value(&mut text, kind, random, week);
        rest = after;
    }
    label.push_str(rest);
    text.push_str(rest);
    (label, text)
}

const SYLLABLES: [&str; 16] =
    ["ka", "mo", "ri", "ten", "lu", "sa", "vo", "ne", "fi", "dor", "pel", "wi", "gan", "zu", "hel", "bo"];

/// An invented word; the same number gives the same word.
pub fn word(mut n: u64) -> String {
    let mut out = String::new();
    loop {
        out.push_str(SYLLABLES[(n % 16) as usize]);
        n /= 16;
        if n == 0 && out.len() > 3 {
            return out;
        }
    }
}

fn value(out: &mut String, kind: &str, random: &mut Random, week: u64) {
    // Names grow with the weeks; the first week knows enough of them to be believed.
    let names = 16 + 4 * week;
    let mut n = |limit: u64| random.below(limit);
    let text = match kind {
        "num" => n(100_000).to_string(),
        "fraction" => format!("{}.{:02}", n(100), n(100)),
        "ms" => (n(9000) + 1).to_string(),
        "size" => format!("{} {}", n(900) + 1, ["B", "KB", "MB", "GB"][n(4) as usize]),
        "ip" => format!("10.{}.{}.{}:{}", n(256), n(256), n(256), n(60_000) + 1024),
        "hex" => format!("{:08x}{:02x}a7", n(1 << 32), n(256)),
        "uuid" => {
            format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", n(1 << 32), n(1 << 16), n(4096), n(4096), n(1 << 48))
        }
        "time" => format!("2031-0{}-1{}T0{}:{:02}:{:02}Z", n(9) + 1, n(10), n(10), n(60), n(60)),
        "path" => format!("/{}/{}/{}.{}", word(n(20)), word(n(names)), word(n(1 << 20)), ["bin", "txt"][n(2) as usize]),
        "email" => format!("{}@{}.example", word(n(1 << 16)), word(n(names))),
        "version" => format!("{}.{}.{}", n(4), n(20), n(30)),
        "user" | "word" => word(n(names)),
        "service" | "header" => format!("{}-{}", word(n(names)), ["api", "web"][n(2) as usize]),
        "table" => format!("{}_{}", word(n(names)), word(n(names))),
        "job" => format!("{}_{}", word(n(names)), n(10_000)),
        "node" => n(40 * week.max(1)).to_string(),
        "task" => format!("{}.{}/{}", word(n(names)), word(n(names)), n(500)),
        "list" => {
            let items: Vec<String> = (0..=n(4)).map(|_| word(n(names))).collect();
            items.join(", ")
        }
        other => system_value(other, &mut n, names),
    };
    out.push_str(&text);
}

/// Values of the formats of operating systems and clusters.
fn system_value(kind: &str, n: &mut impl FnMut(u64) -> u64, names: u64) -> String {
    match kind {
        "account" => {
            let known = ["root", "admin", "guest", "backup", "deploy", "git"];
            known.get(n(12) as usize).map_or_else(|| word(n(names)), |name| (*name).to_owned())
        }
        "host" => format!("{}.{}.example", word(n(names)), word(n(names))),
        "ip4" => format!("10.{}.{}.{}", n(256), n(256), n(256)),
        "register" => format!("{:08x}", n(1 << 32)),
        "device" => format!("eth{}", n(4)),
        "port" => format!("{}-{}.{}", n(4) + 1, n(8) + 1, n(4)),
        "axis" => format!("{}{}", ["x", "y", "z"][n(3) as usize], ["+", "-"][n(2) as usize]),
        "place" => format!("R{:02}-M{}-N{:x}-C:J{:02}-U{:02}", n(64), n(2), n(16), n(18), n(12)),
        "attempt" => format!("attempt_20310405{:04}_{:04}_m_{:06}_{}", n(10_000), n(100), n(1_000_000), n(4)),
        "container" => format!("container_20310405{:04}_{:04}_01_{:06}", n(10_000), n(100), n(1_000_000)),
        "package" => format!("Package_for_KB{}~31bf3856ad364e35~amd64~~6.{}.1.{}", n(9_000_000), n(3), n(20)),
        "client" => ["UpdateAgent", "DiskCleaner", "SetupHost", "StoreInstaller"][n(4) as usize].to_owned(),
        other => other.to_owned(),
    }
}

/// As many different messages of about 71 bytes as asked for, of a few hundred shapes.
pub fn unique(count: usize) -> Vec<String> {
    let mut random = Random(7);
    let mut seen = std::collections::BTreeSet::new();
    let mut out = Vec::with_capacity(count);
    while out.len() < count {
        let line = line(&mut random, 0);
        let id = random.below(1 << 40);
        let width = 67_usize.saturating_sub(line.text.len()).max(12);
        let text = format!("[{id:0width$}] {}", line.text);
        // Lists and pairs of names make a shape of every message; that is what `lines` is for.
        let shapes = ["[<*>]", "table <*>", "index <*>", "task <*>"].iter().any(|l| line.label.contains(l));
        if text.len() < 90 && !shapes && seen.insert(text.clone()) {
            out.push(text);
        }
    }
    out
}
