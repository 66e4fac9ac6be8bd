#!/usr/bin/env bash
# What reports take over a store that is there already: wall, CPU and peak memory of whole processes.
#
#   benches/reports.sh BINARY [DIR]        DIR: target/reports (needs about 2 GiB; what is there already is used again)
#
# Makes ENTRIES (default 1000000) entries of DAYS (default 8) days, ingests them, and runs each verb RUNS (default 3) times in
# turn; prints a Markdown table of medians. DUMPS names a folder of dumps to take instead, GENERATE a generator that is built
# already. Then the same window once with `--last 1d`, which has a time before it, and `run` beside its own ingest.
set -euo pipefail
export LC_ALL=C

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p;}' "$0" >&2
  exit 2
fi
binary=$(realpath -- "$1")
here=$(cd "$(dirname -- "$0")" && pwd)
dir=${2:-$here/../target/reports}
[ -x "$binary" ] || { echo "reports.sh: $1 is no program" >&2; exit 2; }
mkdir -p -- "$dir"
dir=$(realpath -- "$dir")

dumps=${DUMPS:-$dir/load/dumps}
if [ -z "${DUMPS:-}" ] && [ ! -d "$dumps" ]; then
  if [ -n "${GENERATE:-}" ]; then
    "$GENERATE" --load "${ENTRIES:-1000000}" --days "${DAYS:-8}" --out "$dir/load" >&2
  else
    (cd -- "$here/.." && cargo run --quiet --locked --example generate -- --load "${ENTRIES:-1000000}" --days "${DAYS:-8}" --out "$dir/load") >&2
  fi
fi
store=$dir/store
[ -d "$store" ] || "$binary" ingest "$dumps" --store "$store" --quiet --no-progress
# The loudest cluster of the last report, to explain and to show.
"$binary" worklog --store "$store" --out "$dir/out" --force --quiet
cluster=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["clusters"][0]["id"])' "$dir/out/report.json")

python3 - "$binary" "$store" "$dir" "$dumps" "$cluster" >"$dir/runs.json" <<'PYTHON'
import json, sys

binary, store, out, dumps, cluster = sys.argv[1:]
verb = lambda name, *words: {"name": name, "command": [binary, *words, "--store", store, "--quiet"]}
report = lambda name, *words: verb(name, "worklog", "--out", out + "/out", "--force", *words)
again = lambda name, words: {
    "name": name, "fresh": [out + "/fresh", out + "/fresh-out"], "command": [binary, *words, "--store", out + "/fresh", "--quiet"]}
json.dump([
    {"title": "Reports over a warm store", "runs": [
        report("`worklog`, everything"), report("`worklog --last 1d`", "--last", "1d"),
        verb("`explain`", "explain", cluster), verb("`show`", "show", cluster), verb("`templates`", "templates"),
        verb("`query hours`", "query", "hours"), verb("`query clusters`", "query", "clusters"),
        verb("`query top_templates`", "query", "top_templates")]},
    {"title": "From dumps", "runs": [
        again("`ingest`", ["ingest", dumps]), again("`run`", ["run", dumps, "--out", out + "/fresh-out"]),
        {"name": "`ingest` again", "command": [binary, "ingest", dumps, "--store", store, "--quiet"]}]},
], sys.stdout)
PYTHON
python3 "$here/measure.py" compare "${RUNS:-3}" "$dir/runs.json"
