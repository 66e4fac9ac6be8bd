#!/usr/bin/env bash
# A worker dies in the middle of a write: a real Spark standalone cluster on loopback, one master and two workers.
#
#   distributed/cluster_test.sh GARDENER DUMPS WORK
#
# GARDENER is the binary, DUMPS a folder of dumps that make several tasks, WORK a folder that is replaced. Needs Java 17 and
# a python3 with pyspark, pyarrow and pandas. The first task that is in the middle of writing a part waits there (a hook of the
# binary for this test); its whole worker is then killed, and what it left half written is spoiled. Asserts: one registered
# app, two executors, one task started twice and the others once, nothing named a temporary file, and the rows, sketches and
# digest of one machine.
set -euo pipefail
gardener=$(realpath "$1") dumps=$(realpath "$2")
rm -rf "$3" && mkdir -p "$3" && work=$(realpath "$3")
here=$(cd "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
python=$(command -v python3)
spark=$("$python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')
export SPARK_HOME=$spark PYSPARK_PYTHON=$python PYSPARK_DRIVER_PYTHON=$python SPARK_LOCAL_IP=127.0.0.1
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
began=() # processes of ours

say() { printf 'cluster_test: %s\n' "$*"; }
die() {
  say "$*" >&2
  tail -n 20 "$work"/*.log >&2 || true
  exit 1
}
tree() { # PID: it and all below it
  local child
  echo "$1"
  for child in $(ps -o pid= --ppid "$1" 2>/dev/null); do tree "$child"; done
}
finish() {
  local pid
  for pid in "${began[@]}"; do
    # shellcheck disable=SC2046 # several numbers
    kill -9 $(tree "$pid") 2>/dev/null || true
  done
}
trap finish EXIT
wait_for() { # SECONDS WHAT COMMAND…
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    [ $SECONDS -lt $until ] || die "no $what"
    sleep 0.2
  done
}

say "one machine"
"$gardener" ingest "$dumps" --store "$work/one" --quiet --no-progress
one=$("$gardener" store digest --store "$work/one")

# The binary as tasks see it: it notes each start, and pauses the first half-written part.
cat >"$work/gardener" <<END
#!/usr/bin/env bash
if [ "\$1" = shard ]; then echo "\$\$ \$*" >>"$work/starts"; fi
echo "\$*" >>"$work/calls"
export GARDENER_TEST_PAUSE_IN_SHARD=$work/paused
exec "$gardener" "\$@"
END
chmod +x "$work/gardener"
: >"$work/starts"

say "master and two workers on port $port"
"$spark/bin/spark-class" org.apache.spark.deploy.master.Master --host 127.0.0.1 --port "$port" --webui-port 0 >"$work/master.log" 2>&1 &
began+=($!)
wait_for 180 "master" grep -q "Starting Spark master" "$work/master.log"
workers=()
for name in a b; do
  "$spark/bin/spark-class" org.apache.spark.deploy.worker.Worker --host 127.0.0.1 -c 1 -m 1g --webui-port 0 \
    --work-dir "$work/work-$name" "spark://127.0.0.1:$port" >"$work/worker-$name.log" 2>&1 &
  workers+=($!) began+=($!)
done
# A worker may ask twice when the master is slow to answer.
both() { [ "$(grep -o "Registering worker [^ ]*" "$work/master.log" | sort -u | wc -l)" = 2 ]; }
wait_for 180 "two workers" both

say "driver"
"$spark/bin/spark-submit" --master "spark://127.0.0.1:$port" --conf spark.ui.enabled=false --conf spark.executor.memory=512m \
  --conf spark.scheduler.minRegisteredResourcesRatio=1 --conf spark.cores.max=2 \
  "$here/gardener_spark.py" --bin "$work/gardener" --store "$work/garden" --task-bytes 1 "$dumps" >"$work/driver.out" 2>"$work/driver.log" &
driver=$!
began+=("$driver")

wait_for 600 "task in the middle of a write" test -s "$work/paused"
victim=$(cat "$work/paused")
half=$(find "$work/garden/raw" -type f -name '.partial-*' | head -n 1)
[ -n "$half" ] || die "no temporary file of the write"
dying=
for worker in "${workers[@]}"; do
  # No pipe: grep would end it at the first match, and what `tree` still has to say would fail it.
  if grep -qx "$victim" <<<"$(tree "$worker")"; then dying=$worker; fi
done
[ -n "$dying" ] || die "process $victim belongs to no worker"
say "killing worker $dying while its gardener $victim writes ${half#"$work/"}"
# shellcheck disable=SC2046 # several numbers
kill -9 $(tree "$dying")
# A killed process stays in the table until its new parent has asked for it: what counts is that it runs no more.
for _ in $(seq 50); do
  case "$(ps -o stat= -p "$victim" || true)" in "" | Z*) break ;; esac
  sleep 0.1
done
case "$(ps -o stat= -p "$victim" || true)" in "" | Z*) ;; *) die "the task lives on" ;; esac
echo "spoiled: whoever reads this has read a stale file" >"$half"
mark=$(sha256sum <"$half")

code=0
wait "$driver" || code=$?
[ $code = 0 ] || die "the driver ended with $code"

apps=$(grep -c "Registered app gardener" "$work/master.log" || true)
[ "$apps" = 1 ] || die "$apps registered apps, not 1"
executors=$(grep -o "Launching executor app-[0-9-]*/[0-9]* on worker [^ ]*" "$work/master.log" | sort -u)
[ "$(wc -l <<<"$executors")" = 2 ] || die "not two executors: $executors"
[ "$(awk '{ print $NF }' <<<"$executors" | sort -u | wc -l)" = 2 ] || die "both executors on one worker"
mine=$(grep "^$victim " "$work/starts" | cut -d' ' -f2-)
twice=$(cut -d' ' -f2- "$work/starts" | sort | uniq -d)
[ "$twice" = "$mine" ] || die "started twice: ${twice:-nothing}; not: $mine"
[ "$(grep -cF -- "$mine" "$work/starts")" = 2 ] || die "the task of the victim did not start twice"
grep -q '\.partial-' "$work/calls" && die "a temporary file was named to a task"
if [ -e "$half" ]; then [ "$mark" = "$(sha256sum <"$half")" ] || die "the stale file was written to"; fi

two=$("$gardener" store digest --store "$work/garden")
[ "$one" = "$two" ] || die "digest $two, on one machine $one"
"$gardener" store verify --store "$work/garden"
for store in one garden; do
  "$gardener" worklog --store "$work/$store" --out "$work/report-$store" --quiet
done
diff -r "$work/report-one" "$work/report-garden" >/dev/null || die "the reports differ"
say "one app, two executors, $(wc -l <"$work/starts") starts for $(cut -d' ' -f2- "$work/starts" | sort -u | wc -l) shards, equal digest $two, equal reports"
cat "$work/driver.out"
