//! Formats of logs that no one here has tuned for: invented messages in the manner of kernels, daemons, clusters and devices.

use std::collections::{BTreeMap, BTreeSet};

use super::super::*;
use super::corpus;
use super::quality::{bare, scores};

/// Name of the format and its templates, written as those of [`corpus::SYSTEMS`].
const FORMATS: [(&str, &[&str]); 8] = [
    (
        "kernel",
        &[
            "{device}: link is up at {num} Mbps, full duplex",
            "{device}: link is down",
            "usb {port}: new high speed device number {num} found",
            "usb {port}: device gone",
            "out of memory: killed process {num} ({word}) total-vm:{num}kB",
            "check pass; user unknown",
            "authentication failure; logname= uid={num} euid={num} tty=console ruser= rhost={host}",
            "authentication failure; logname= uid={num} euid={num} tty=console ruser= rhost={host}  user={account}",
            "session opened for user {account} by (uid={num})",
            "session closed for user {account}",
            "connection from {ip4} ({host}) at Sat Jun 18 02:08:{num} 2031",
            "mapped region 0x{register} to 0x{register}, {num} pages",
        ],
    ),
    (
        "sshd",
        &[
            "Accepted publickey for {account} from {ip4} port {num} ssh2",
            "Failed password for {account} from {ip4} port {num} ssh2",
            "Failed password for invalid user {account} from {ip4} port {num} ssh2",
            "Invalid user {account} from {ip4}",
            "Connection reset by {ip4} port {num} [preauth]",
            "Connection closed by {ip4} port {num} [preauth]",
            "Disconnecting: too many tries for {account} [preauth]",
            "Received disconnect from {ip4}: {num}: Bye [preauth]",
            "subsystem request for sftp by user {account}",
        ],
    ),
    (
        "servicing",
        &[
            "Session: {num}_{num} opened by client {client}.",
            "Session: {num}_{num} closed by client {client}.",
            "Read state of package: {package}, state: {num}, wanted: {num}",
            "Cannot read the store [HRESULT = 0x80070005 - E_ACCESSDENIED]",
            "Cannot read the store [HRESULT = 0x80004005 - E_FAIL]",
            "Uploaded {num} file(s) with pattern: C:\\Logs\\servicing\\*_std.dat, flags: 0x{num}",
            "Worker thread ended normally",
            "Warning: attribute {word}_{word} is not known",
        ],
    ),
    (
        "health",
        &[
            "onStep {num}",
            "onTimer",
            "totals of the day = {num}##{num}##{num}##{num}",
            "SUMMARY : {num} {num} {num}",
            "caloriesFromCache total={num}",
            "altitudeFromCache total={num}",
            "screen turned on",
            "screen turned off",
        ],
    ),
    (
        "nodes",
        &[
            "CE row {num}, at 0x{register}, mask 0x{num}",
            "{num} memory errors found on rank {num}, symbol {num}",
            "lr:{num} cr:{num} xer:{num}",
            "core saved as core.{num}",
            "{num} receiver {axis} input pipe errors found and corrected",
            "cannot read prefix of message on control socket to {ip}, link is gone",
            "power module of {place} is not ready",
            "instruction address: 0x{register}",
            "floating point enabled.....{num}",
        ],
    ),
    (
        "jobs",
        &[
            "{attempt} attempt moved from NEW to WAITING",
            "{attempt} attempt moved from WAITING to RUNNING",
            "{attempt} attempt moved from RUNNING to DONE",
            "Gave {container} to {attempt}",
            "Progress of {attempt} is : {fraction}",
            "Started {attempt} on {host}",
            "Trying again to reach {host}/{ip}. Tried {num} time(s); limit={num}",
            "Tasks done: {num}",
            "Size of headroom: <memory:{num}, vCores:{num}>",
        ],
    ),
    (
        "cluster",
        &[
            "node-{node} is down",
            "node-{node} is up",
            "temperature ({num}C) is above the limit",
            "speeds of fans ( {num} {num} {num} )",
            "boot (command {num})",
            "command {num} is for domains:node-D{num} and nodes:node-[{num}-{num}]",
            "ambient={num}",
        ],
    ),
    (
        "access",
        &[
            "{ip4} - - [{day}/Jul/2031:04:37:49 +0000] \"GET {path} HTTP/1.1\" 200 {num} \"-\" \"Mozilla/5.0 (X11; {word}) Gecko/{num}\"",
            "{ip4} - - [{day}/Jul/2031:04:37:49 +0000] \"GET {path} HTTP/1.1\" 500 {num} \"-\" \"curl/8.{num}\"",
            "{ip4} - - [{day}/Aug/2031:04:37:49 +0000] \"POST {path} HTTP/1.1\" 404 {num} \"-\" \"Mozilla/5.0 ({word}) like {word}/{num}\"",
        ],
    ),
];

#[test]
fn formats_unseen_are_told_apart_as_labelled() {
    let mut report = String::new();
    let mut low = BTreeSet::new();
    for (name, templates) in FORMATS {
        let mut random = corpus::Random(11);
        let lines: Vec<(String, String)> = (0..1500)
            .map(|_| {
                let n = templates.len() as u64;
                let at = random.below(n).min(random.below(n)) as usize;
                let (label, text) = corpus::fill(templates[at], &mut random, 1);
                (if name == "access" { templates[at].to_owned() } else { label }, text)
            })
            .collect();
        let found = mine_lines(lines.iter().map(|(_, text)| text.as_str()));
        let judged: Vec<_> = lines.iter().zip(found).map(|((l, _), (id, text))| (l.clone(), id, bare(&text))).collect();
        let [ga, _, fga, _] = scores(&judged);
        let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (label, _, text) in &judged {
            groups.entry(label).or_default().insert(text);
        }
        report.push_str(&format!("{name}: GA {ga:.3} FGA {fga:.3}\n{groups:#?}\n"));
        if ga < 0.99 || fga < 0.95 {
            low.insert(name);
        }
    }
    assert!(low.is_empty(), "{low:?}\n{report}");
}
