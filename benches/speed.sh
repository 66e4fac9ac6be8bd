#!/usr/bin/env bash
# How fast an ingest is, beside programs that do part of the same work.
#
#   benches/speed.sh BINARY [DIR] [N]     DIR: target/speed (about 6 GiB, what is there already is used again)   N: 5 runs each
#
# Makes a gibibyte of hourly NDJSON with the project's generator, the same in gzip and zstd and as one array; installs DuckDB,
# Polars and ClickHouse (chdb) from PyPI into DIR/venv; runs them and `gardener ingest` in turn (A B, B A, A B …) on the same data,
# as whole processes with a warm page cache; prints medians and ratios as Markdown. Exits 1 when a target of the design is
# missed: ratios within one run count, absolute times drift.
#
# ENTRIES (default 1000000), THREADS (2), GROUPS_ONLY (words of titles, default all), GENERATE (a generator that is built),
# PYTHON (an interpreter that has the three packages).
set -euo pipefail
export LC_ALL=C

if [ $# -lt 1 ] || [ $# -gt 3 ]; then
  sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p;}' "$0" >&2
  exit 2
fi
binary=$(realpath -- "$1")
here=$(cd "$(dirname -- "$0")" && pwd)
dir=${2:-$here/../target/speed}
times=${3:-5}
entries=${ENTRIES:-1000000}
threads=${THREADS:-2}
[ -x "$binary" ] || { echo "speed.sh: $1 is no program" >&2; exit 2; }
mkdir -p -- "$dir"
dir=$(realpath -- "$dir")

generate() { # NAME ARGUMENTS…: makes DIR/NAME unless the same arguments made it
  local name=$1
  shift
  [ "$(cat -- "$dir/$name/made" 2>/dev/null)" = "$*" ] && return
  rm -rf -- "${dir:?}/$name"
  if [ -n "${GENERATE:-}" ]; then
    "$GENERATE" "$@" --out "$dir/$name" >&2
  else
    (cd -- "$here/.." && cargo run --quiet --locked --example generate -- "$@" --out "$dir/$name") >&2
  fi
  printf '%s\n' "$*" >"$dir/$name/made"
}

generate plain --load "$entries"
generate gzip --load "$entries" --compress gzip
generate zstd --load "$entries" --compress zstd
generate array --load "$entries" --shape array

python=${PYTHON:-$dir/venv/bin/python3}
if ! "$python" -c 'import duckdb, polars, chdb' 2>/dev/null; then
  [ -z "${PYTHON:-}" ] || { echo "speed.sh: $PYTHON lacks duckdb, polars or chdb" >&2; exit 2; }
  [ -x "$python" ] || python3 -m venv "$dir/venv"
  "$python" -m pip install --quiet --disable-pip-version-check --only-binary :all: duckdb polars chdb
fi

# What is compared with what; the first of a group is 1.00.
"$python" - "$binary" "$here" "$dir" "$python" "$threads" "${GROUPS_ONLY:-}" >"$dir/plan.json" <<'PLAN'
import json, sys

binary, here, base, python, threads, only = sys.argv[1:]
store, out = f"{base}/store", f"{base}/peer.parquet"


def ours(name, data, *flags, threads=threads):
    command = [binary, "ingest", f"{base}/{data}/dumps", "--store", store, "--threads", threads, "--quiet", *flags]
    return {"name": name, "command": command, "fresh": [store]}


def peer(name, data, *flags):
    script = f"{here}/peers/{name.split()[0].lower()}_ingest.py"
    return {"name": name, "command": [python, script, f"{base}/{data}/dumps", out, "--threads", threads, *flags], "fresh": [out]}


def against(title, ours, peers, wall):
    target = {"of": ours["name"], "to": peers[0]["name"], "wall": wall}
    return {"title": title, "runs": [*peers, ours], "target": target}


def all_peers(data, *flags):
    return [peer(name, data, *flags) for name in ("DuckDB", "chdb", "Polars")]


none, default, whole = (ours(f"gardener, raw {raw}", "plain", "--raw", raw) for raw in ("none", "warning", "all"))
again = {**ours("second ingest, nothing new", "plain"), "fresh": [], "once": default["command"]}
run = {
    "name": "gardener run",
    "command": [binary, "run", f"{base}/plain/dumps", "--store", store, "--out", f"{base}/worklog", "--threads", threads, "--quiet"],
    "fresh": [store, f"{base}/worklog"],
}
groups = [
    against("Hourly NDJSON, no entry kept (--raw none)", none, all_peers("plain"), 0.70),
    against("Hourly NDJSON, as is (--raw warning) against peers that keep none", default, [peer("DuckDB", "plain")], 0.85),
    against("Hourly NDJSON, every entry kept (--raw all)", whole, all_peers("plain", "--raw"), 0.55),
    against("gzip", ours("gardener, gzip", "gzip"), all_peers("gzip"), 0.85),
    against("zstd", ours("gardener, zstd", "zstd"), all_peers("zstd"), 0.85),
    against("One array against hourly files", ours("gardener, array", "array", "--raw", "none"), [none], 1.25),
    against("One array, with peers", ours("gardener, array", "array", "--raw", "none"), all_peers("array"), 0.88),
    against("From dumps to worklog", run, [default], 1.30),
    {"title": "Nothing new", "runs": [again]},
    {
        "title": "Two threads against one",
        "runs": [ours("one thread", "plain", threads="1"), two := ours("two threads", "plain", threads="2")],
        "target": {"of": two["name"], "to": "one thread", "wall": 0.56},
    },
]
print(json.dumps([group for group in groups if not only or any(word in group["title"] for word in only.split(","))]))
PLAN

cat -- "$dir"/*/dumps/* >/dev/null
printf '%s entries, %s MiB of NDJSON, %s threads, %s runs each; %s\n' "$entries" \
  "$(($(du -sb -- "$dir/plain/dumps" | cut -f1) >> 20))" "$threads" "$times" "$("$binary" --version)"
"$python" -c 'import chdb, duckdb, polars; print("DuckDB", duckdb.__version__ + ", chdb", chdb.__version__ + ", Polars", polars.__version__)'
code=0
python3 "$here/measure.py" compare "$times" "$dir/plan.json" || code=$?
rm -rf -- "$dir/store" "$dir/worklog" "$dir/peer.parquet"
exit "$code"
