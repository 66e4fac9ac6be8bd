#!/usr/bin/env bash
# Exports the logs of a Google Cloud project, one file an hour, in a form that states what it covers.
#
#   scripts/export-logs.sh PROJECT SINCE UNTIL FILTER [DIR]      DIR: exports/PROJECT
#
#   SINCE, UNTIL   UTC: 2025-09-15, 2025-09-15T17:00Z or 2025-09-15T17:00:00Z; SINCE is inside, UNTIL is not
#   FILTER         of the Logging query language, without times; '' for everything
#
#   scripts/export-logs.sh acme-shop-prod 2025-09-15 2025-09-16 'resource.type="cloud_run_revision"'
#
# Needs gcloud, logged in (`gcloud auth login`), with the role Logs Viewer, and gzip.
#
# Each hour is asked for without --limit and oldest first, so no row cap can cut it. DIR/2025-09-15T17Z.json.gz appears only
# when gcloud has succeeded, and beside it 2025-09-15T17Z.json.gz.meta.json, which says since, until and filter: that turns
# an empty hour into evidence that nothing was there. A stopped export goes on where it was when started again with the
# same arguments: hours with both files are not asked for again.
set -euo pipefail
export LC_ALL=C

die() { # EXIT MESSAGE…
  local code=$1
  shift
  printf 'export-logs.sh: %s\n' "$*" >&2
  exit "$code"
}

case ${1:-} in
  -h | --help)
    sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p;}' "$0"
    exit 0
    ;;
esac
if [ $# -lt 4 ] || [ $# -gt 5 ]; then die 2 "usage: export-logs.sh PROJECT SINCE UNTIL FILTER [DIR]"; fi
project=$1
# Control characters would break the sidecar; a line break in a filter means no more than a space.
filter=${4//[[:cntrl:]]/ }
dir=${5:-exports/${project//:/_}}
[[ $project =~ ^[a-z0-9.:-]+$ ]] || die 2 "$project is no project id"
[[ $filter != *timestamp* ]] || die 2 "FILTER holds a timestamp: say SINCE and UNTIL instead"
for program in gcloud gzip; do
  command -v "$program" >/dev/null || die 2 "$program is missing"
done

# GNU and BSD date differ in how they read and print a moment.
if date -u -d @0 >/dev/null 2>&1; then
  to_seconds() { date -u -d "$1" +%s; }
  to_text() { date -u -d "@$1" "$2"; }
else
  to_seconds() { date -u -j -f %Y-%m-%dT%H:%M:%SZ "$1" +%s; }
  to_text() { date -u -r "$1" "$2"; }
fi

seconds() { # MOMENT: seconds since 1970
  local text=$1
  case $text in
    [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]) text=${text}T00:00:00Z ;;
    [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]Z) text=${text%Z}:00Z ;;
    [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]Z) ;;
    *) die 2 "cannot read $1: write 2025-09-15 or 2025-09-15T17:00:00Z (UTC)" ;;
  esac
  to_seconds "$text" 2>/dev/null || die 2 "cannot read $1 as a time"
}

since=$(seconds "$2")
until=$(seconds "$3")
[ "$since" -lt "$until" ] || die 2 "SINCE $2 is not before UNTIL $3"
# An hour that is not over must not be stated as covered.
[ "$until" -le "$(date -u +%s)" ] || die 2 "UNTIL $3 is still to come: end at the last full hour"
mkdir -p -- "$dir"

# A stopped export leaves no half file behind that somebody might read.
part=
clean() { [ -z "$part" ] || rm -f -- "$part"; }
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

escaped=${filter//\\/\\\\}
escaped=${escaped//\"/\\\"}
new=0
kept=0
start=$since
while [ "$start" -lt "$until" ]; do
  end=$((start - start % 3600 + 3600))
  [ "$end" -le "$until" ] || end=$until
  from=$(to_text "$start" +%Y-%m-%dT%H:%M:%SZ)
  to=$(to_text "$end" +%Y-%m-%dT%H:%M:%SZ)
  if [ $((end - start)) -eq 3600 ]; then
    file=$dir/$(to_text "$start" +%Y-%m-%dT%HZ).json.gz
  else
    file=$dir/$(to_text "$start" +%Y-%m-%dT%H%M%SZ)-$(to_text "$end" +%H%M%SZ).json.gz
  fi
  meta='{"since":"'$from'","until":"'$to'","filter":"'$escaped'","limit":null,"exit":0}'
  start=$end
  if [ -e "$file" ] && [ -e "$file.meta.json" ]; then
    [ "$(cat -- "$file.meta.json")" = "$meta" ] || die 2 "$file was exported with another filter: choose another DIR"
    kept=$((kept + 1))
    continue
  fi
  asked="timestamp>=\"$from\" AND timestamp<\"$to\""
  [ -z "$filter" ] || asked="$asked AND ($filter)"
  part=$file.part
  if ! gcloud logging read "$asked" --project="$project" --order=asc --format=json </dev/null | gzip -n >"$part"; then
    die 1 "gcloud failed for $from to $to; $new files are new, run the same command again to go on"
  fi
  # Success without a word is an hour without a row; a file of 0 bytes would look like an export that went wrong.
  if [ -z "$(gzip -dc -- "$part" | head -c 1 | tr -d '\0')" ]; then echo '[]' | gzip -n >"$part"; fi
  mv -- "$part" "$file"
  part=$file.meta.json.part
  printf '%s\n' "$meta" >"$part"
  mv -- "$part" "$file.meta.json"
  part=
  new=$((new + 1))
  printf '%s\n' "$file" >&2
done
printf '%s: %d files new, %d were there\n' "$dir" "$new" "$kept" >&2
