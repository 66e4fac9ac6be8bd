#!/usr/bin/env bash
# Peak memory of a whole ingest, for inputs of any size and shape.
#
#   benches/memory.sh BINARY [DIR]        DIR: target/memory (needs about 18 GiB; what is there already is used again)
#
# Makes a 2 GiB file that is one array, a 1 GiB file that is one line of rows, 100,000 small files, four times the data of the
# speed test, a day of 4,000 rows of 300 kB, which a small late file joins, and entries that have a template, a service and so on
# each of their own; runs `gardener ingest --threads 2` on each; prints wall time and peak memory as a Markdown table. Exits 1 when one needs more than LIMIT MiB (default 512). SCALE=0.01
# makes everything a hundredth, to try the script itself. GENERATE names a generator that is built already.
set -euo pipefail
export LC_ALL=C

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p;}' "$0" >&2
  exit 2
fi
binary=$(realpath -- "$1")
here=$(cd "$(dirname -- "$0")" && pwd)
dir=${2:-$here/../target/memory}
limit=${LIMIT:-512}
scale=${SCALE:-1}
[ -x "$binary" ] || { echo "memory.sh: $1 is no program" >&2; exit 2; }
mkdir -p -- "$dir"

# An entry of the load is about 1.1 kB.
scaled() { python3 -c 'import sys; print(max(200, int(float(sys.argv[1]) * float(sys.argv[2]))))' "$1" "$scale"; }

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

generate array --load "$(scaled 1980000)" --shape array
generate line --load "$(scaled 990000)" --shape line
generate small --load "$(scaled 400000)" --shape small --files "$(scaled 100000)"
generate fourfold --load "$(scaled 4000000)"

# Each entry has something of its own. Of templates a second ingest joins the day that is there.
own() { generate "own-$1" --load "$(scaled "$2")" --days "$3" --own "$1"; }
own template 600000 1
generate own-template-again --load "$(scaled 100000)" --days 1 --own template --seed 43
own service 200000 1
own revision 600000 1
own long 200000 1
for kind in exception route trace instance; do own "$kind" 300000 1; done
generate own-templates --load "$(scaled 3000000)" --days 3 --own template
generate own-services --load "$(scaled 3000000)" --days 3 --own service

long() { # rows of long texts over one day, and a file that comes later with rows of every hour of it
  [ "$(cat -- "$dir/long/made" 2>/dev/null)" = "$1, $1 and 50" ] && return
  rm -rf -- "$dir/long" "$dir/late"
  python3 - "$dir" "$1" <<'PYTHON'
import json, os, random, sys

base, rows = sys.argv[1], int(sys.argv[2])
chance = random.Random(1)
words = [f"w{n:05d}" for n in range(50_000)]


def row(name, second, size):
    text = " ".join(chance.choices(words, k=size // 7))
    at = f"2025-09-01T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.5Z"
    labels = {"service_name": "long"}
    entry = {"insertId": name, "timestamp": at, "severity": "ERROR", "textPayload": text}
    return json.dumps(entry | {"resource": {"type": "cloud_run_revision", "labels": labels}}) + "\n"


for name, count, size in [("long", rows, 300_000), ("late", 50, 300)]:
    os.makedirs(f"{base}/{name}/dumps")
    with open(f"{base}/{name}/dumps/{name}.json", "w") as out:
        out.writelines(row(f"{name}-{n}", n * 86_400 // count, size) for n in range(count))
    json.dump({"totals": {"unique": count}}, open(f"{base}/{name}/truth.json", "w"))
PYTHON
  printf "%s\n" "$1, $1 and 50" >"$dir/long/made"
}
long "$(scaled 4000)"

failed=0 wanted=0
printf '| input | wall | CPU | peak memory | limit %s MiB |\n|---|--:|--:|--:|---|\n' "$limit"
own="own-template own-template-again own-service own-revision own-long own-exception own-route own-trace own-instance"
for name in array line small fourfold long late $own own-templates own-services; do
  size=$(du -sb -- "$dir/$name/dumps" | cut -f1)
  title="$name, $((size >> 20)) MiB in $(find "$dir/$name/dumps" -type f | wc -l) files"
  # These join what the one before left.
  case $name in
    late | own-template-again) ;;
    *) rm -rf -- "$dir/store" && wanted=0 ;;
  esac
  python3 "$here/measure.py" limit "$limit" "$title" \
    "$binary" ingest "$dir/$name/dumps" --store "$dir/store" --threads 2 --quiet || failed=1
  # That it is all there is part of the measurement.
  rows=$("$binary" store stats --store "$dir/store" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["rows"])' || true)
  made=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["totals"]["unique"])' "$dir/$name/truth.json")
  wanted=$((wanted + made))
  if [ "$rows" != "$wanted" ]; then
    printf 'memory.sh: %s: %s distinct entries are stored, %s were made\n' "$name" "${rows:-no}" "$wanted" >&2
    failed=1
  fi
done
rm -rf -- "$dir/store"
exit "$failed"
