#!/usr/bin/env bash
# The reference filing step: carries out the calls of apply.list, one action after the other.
#
#   ./apply.sh            dry run: shows every call, changes nothing on the tracker
#   APPLY=1 ./apply.sh    files; run it again after a stop, it goes on where it was
#   ./apply.sh undo results.jsonl    reverses what the rows say was filed, newest first; needs APPLY=1 as well
#
# Needs bash 4, coreutils and gh (logged in, or GH_TOKEN). This text is the same in every run and holds no word of a log.
#
# apply.list, beside this file. Words are split at blanks by `read`, nothing is evaluated, and only the characters
# A-Z a-z 0-9 _ . / : = @ [ ] - and the blank may stand in it, behind an optional # at the start of a line:
#   #run=run_0123456789abcdef              run the actions belong to
#   #valid_until=2025-09-19T14:00:00Z      after this moment nothing is filed; - when unknown
#   #sha256 HEX bodies/act_….md            optional: the file must have this hash
#   #depends act_… act_…                   optional: the first action waits for the others
#   ACTION KIND REPO NUMBER STATE FINGERPRINT STEP WORDS...
# One line a call, calls of one action together and in order. NUMBER: the target issue, or -. STATE: what the target must
# be in (open, closed), or -. STEP: create, comment, edit, state, labels, unlabel. WORDS: what follows `gh api`:
#   act_… create acme/shop - - lgfp1:… create -X POST repos/acme/shop/issues -F title=@bodies/act_….title -F body=@bodies/act_….md -f labels[]=P1
#
# Before an action its target is read: a marker of the action means that it was written before (only what is missing is
# done), another state than STATE is a conflict and nothing is written. A new issue is looked for in the list of issues,
# not in the search index, which lags. {{issue:act_…}} in a body becomes the number of the issue that action made.
# Each action appends one row to results.jsonl, for `gardener results`.
#
# Undo: a new issue is closed as not planned, a comment deleted, an edited comment, a state and labels put back. What
# people changed since (an answer, an edit, another state) is left alone and said. An undone action is not filed again.
#
# Environment: APPLY=1, GARDENER_MIN_INTERVAL_MS (default 3000, between writes), GARDENER_NOW (a moment instead of the clock).
# Exit: 0 done, 1 an action failed or met a conflict, 2 refused (nothing was written by this call).

set -uo pipefail
export LC_ALL=C
umask 077

LIST=apply.list
RESULTS=results.jsonl
LOCK=.apply.lock
SAFE='^#?[][A-Za-z0-9_./:=@ -]*$'

say() { printf '%s\n' "$*"; }
refuse() { printf 'apply.sh: %s\n' "$*" >&2; exit 2; }

mode=filing
case "$#:${1:-}" in
  0:) ;;
  2:undo) mode=undo ;;
  1:-h | 1:--help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) refuse "usage: apply.sh [undo results.jsonl]" ;;
esac
undo_of=""
if [ $mode = undo ]; then
  [ -r "$2" ] || refuse "cannot read $2"
  undo_of=$(cd "$(dirname -- "$2")" && pwd)/$(basename -- "$2")
fi

cd "$(dirname -- "${BASH_SOURCE[0]}")" || refuse "cannot enter its own folder"
[ -r "$LIST" ] || refuse "no $LIST beside this file"
apply=0
[ "${APPLY:-}" = 1 ] && apply=1
interval=${GARDENER_MIN_INTERVAL_MS:-3000}
[[ $interval =~ ^[0-9]{1,7}$ ]] || refuse "GARDENER_MIN_INTERVAL_MS is not a number of milliseconds"

now_text() {
  if [ -n "${GARDENER_NOW:-}" ]; then printf '%s' "$GARDENER_NOW"; else date -u +%Y-%m-%dT%H:%M:%SZ; fi
}
if [ -n "${GARDENER_NOW:-}" ]; then
  [[ $GARDENER_NOW =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$ ]] || refuse "GARDENER_NOW is not of the form 2025-09-19T14:00:00Z"
  say "the clock is GARDENER_NOW=$GARDENER_NOW"
fi

# --- read the list: everything is checked before anything is done

run=""
valid_until="-"
ids=() kinds=() repos=() numbers=() states=() prints=() steps=() calls=()
declare -A sums=() waits=()

is_file_word() { # one word of a call that names a file
  [[ $1 =~ ^(title|body|labels\[\])=@bodies/act_[0-9a-f]+\.[a-z0-9-]+$ ]]
}

read_call() { # line number, words of one call
  local at=$1
  shift
  [ $# -ge 10 ] || refuse "$LIST line $at: too few words"
  local id=$1 kind=$2 repo=$3 number=$4 state=$5 print=$6 step=$7
  shift 7
  [[ $id =~ ^act_[0-9a-f]+$ ]] || refuse "$LIST line $at: no action id"
  [[ $kind =~ ^[a-z_]+$ ]] || refuse "$LIST line $at: no kind"
  [[ $repo =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*$ ]] || refuse "$LIST line $at: no repository"
  [[ $number =~ ^([0-9]+|-)$ && $state =~ ^(open|closed|-)$ ]] || refuse "$LIST line $at: no target"
  [[ $step =~ ^(create|comment|edit|state|labels|unlabel)$ ]] || refuse "$LIST line $at: unknown step"
  local call="$*" path="repos/$repo/issues"
  [[ $1 == -X && $2 =~ ^(POST|PATCH|DELETE)$ ]] || refuse "$LIST line $at: no method"
  [[ ($3 == "$path" || $3 == "$path"/*) && $3 != *..* ]] || refuse "$LIST line $at: not a call on issues of $repo"
  shift 3
  [ $(($# % 2)) = 0 ] || refuse "$LIST line $at: a field without a value"
  while [ $# -gt 0 ]; do
    case $1 in
      -f) [[ $2 =~ ^(state=(open|closed)|state_reason=[a-z_]+|labels\[\]=.+)$ ]] || refuse "$LIST line $at: unexpected field" ;;
      -F) is_file_word "$2" || refuse "$LIST line $at: unexpected file" ;;
      *) refuse "$LIST line $at: unexpected option" ;;
    esac
    shift 2
  done
  ids+=("$id") kinds+=("$kind") repos+=("$repo") numbers+=("$number") states+=("$state") prints+=("$print") steps+=("$step") calls+=("$call")
}

line_at=0
while IFS= read -r line || [ -n "$line" ]; do
  line_at=$((line_at + 1))
  [[ $line =~ $SAFE ]] || refuse "$LIST line $line_at holds a character that is never written there: it was changed"
  case $line in
    '') ;;
    '#run='*) run=${line#\#run=} ;;
    '#valid_until='*) valid_until=${line#\#valid_until=} ;;
    '#sha256 '*)
      IFS=' ' read -r _ sum file _ <<<"$line"
      sums[$file]=$sum
      ;;
    '#depends '*)
      IFS=' ' read -r _ first rest <<<"$line"
      waits[$first]="${waits[$first]:-} $rest"
      ;;
    '#'*) ;;
    *)
      IFS=' ' read -r -a words <<<"$line"
      read_call "$line_at" "${words[@]}"
      ;;
  esac
done <"$LIST"
[[ $run =~ ^[A-Za-z0-9_]*$ ]] || refuse "$LIST: the run id is not one"
total=${#ids[@]}

for file in "${!sums[@]}"; do
  [[ $file =~ ^bodies/act_[0-9a-f]+\.[a-z0-9-]+$ ]] || refuse "$LIST: a hash of a file that is not a body"
  [ -r "$file" ] || refuse "$file is missing"
  IFS=' ' read -r sum _ < <(sha256sum -- "$file")
  [ "$sum" = "${sums[$file]}" ] || refuse "$file was changed after the list was written: render again, or decide anew"
done
for call in ${calls[@]+"${calls[@]}"}; do
  IFS=' ' read -r -a words <<<"$call"
  for word in "${words[@]}"; do
    [[ $word == *=@* ]] && ! [ -r "${word#*=@}" ] && refuse "${word#*=@} is missing"
  done
done

late=0
since=""
if [ "$valid_until" != - ]; then
  limit=$(date -u -d "$valid_until" +%s 2>/dev/null) || refuse "$LIST: valid_until is no moment"
  moment=$(date -u -d "$(now_text)" +%s 2>/dev/null) || refuse "GARDENER_NOW is no moment"
  [ "$moment" -gt "$limit" ] && late=1
  # What changed after the export may hold what the plan could not know.
  since=$(date -u -d "@$((limit - 90000))" +%Y-%m-%dT%H:%M:%SZ)
fi
if [ $late = 1 ] && [ $mode = filing ]; then
  [ $apply = 1 ] && refuse "the list was valid until $valid_until: export the issues again and plan anew"
  say "note: the list was valid until $valid_until; with APPLY=1 it would be refused"
fi
if [ $apply = 1 ]; then
  command -v gh >/dev/null || refuse "gh is not installed"
fi

# A call that was killed leaves its lock behind. It is taken over where its process is gone, one call at a time.
take_over() {
  local host="" holder="" taken=1
  mkdir "$LOCK.take" 2>/dev/null || return 1
  { IFS=' ' read -r host holder <"$LOCK/holder"; } 2>/dev/null
  if [ "$host" = "${HOSTNAME:-}" ] && [[ $holder =~ ^[0-9]+$ && $(kill -0 "$holder" 2>&1) == *'No such process'* ]]; then
    printf '%s %s\n' "${HOSTNAME:-}" $$ >"$LOCK/holder" && taken=0
  fi
  rmdir "$LOCK.take"
  return $taken
}
if mkdir "$LOCK" 2>/dev/null; then
  printf '%s %s\n' "${HOSTNAME:-}" $$ >"$LOCK/holder" || refuse "cannot write $LOCK"
else
  take_over || refuse "another call holds $LOCK; if none is running, remove it and $LOCK.take"
  say "a call that was stopped is carried on"
fi
trap 'rm -f -- "$LOCK/error" "$LOCK/body.md" "$LOCK/holder"; rmdir "$LOCK" 2>/dev/null' EXIT
trap 'exit 130' INT TERM

# --- results

text_or_null() { # a text of unknown origin as JSON: what might end it is blanked
  local text=${1:0:300}
  if [ -z "$text" ]; then printf null; else printf '"%s"' "${text//[^A-Za-z0-9 ._:\/@=#(),?&%+-]/ }"; fi
}

failed=0
declare -A tally=() made=()
finish() { # status error
  local status=$1 error=${2:-}
  printf '{"schema":"log-gardener/results","schema_version":"1.0","run_id":"%s","action_id":"%s","status":"%s","number":%s,"url":%s,"comment_id":%s,"comment_url":%s,"before":%s,"error":%s,"at":"%s"}\n' \
    "$run" "$id" "$status" "${number:-null}" "$(text_or_null "$url")" "$(text_or_null "$comment_id")" "$(text_or_null "$comment_url")" \
    "${before:-null}" "$(text_or_null "$error")" "$(now_text)" >>"$RESULTS" || refuse "cannot write $RESULTS"
  tally[$status]=$((${tally[$status]:-0} + 1))
  case $status in failed | conflict) failed=1 ;; esac
  case $status in applied | already_done) made[$id]=${number:-} ;; esac
  say "$status: $id $kind ${repo}${number:+ no. $number}${error:+: $error}"
}

was_undone() { # whether the last word on an action is that it was undone
  local row
  [ -r "$RESULTS" ] || return 1
  row=$(grep -F "\"action_id\":\"$1\",\"status\":" "$RESULTS" | grep -E '"status":"(applied|undone)"' | tail -n 1)
  [[ $row == *'"status":"undone"'* ]]
}

filed_row() { # the last row that says that an action was filed
  [ -r "$RESULTS" ] && grep -F "\"action_id\":\"$1\",\"status\":\"applied\"" "$RESULTS" | tail -n 1
}

filed_number() { # the number that an earlier call of this file filed an action under
  local row
  row=$(filed_row "$1")
  [[ $row =~ \"number\":([0-9]+) ]] && printf '%s' "${BASH_REMATCH[1]}"
}

# --- calls

wrote=0
stop=""
pause() { # the least time between two writes
  if [ $wrote = 1 ] && [ "$interval" -gt 0 ]; then sleep "$((interval / 1000)).$(printf '%03d' $((interval % 1000)))"; fi
  wrote=1
}

fail() { # a row with what gh said; a limit or a refused login ends the run
  local said
  said=$(tr '\n\r\t' '   ' <"$LOCK/error")
  case $said in
    *'rate limit'* | *'abuse detection'* | *'HTTP 429'*) stop="the tracker asks to slow down: wait and run this again" ;;
    *'HTTP 401'* | *'auth login'* | *GH_TOKEN*) stop="gh is not logged in" ;;
  esac
  finish failed "${said:-no answer that can be read}"
}

ask() { : >"$LOCK/error"; gh api "$@" 2>"$LOCK/error"; }

list_issues() { # REPO TEXT STATE: "number address" of issues in STATE (open, all) whose first lines hold TEXT
  local query="repos/$1/issues?state=$3&per_page=100"
  [ -n "$since" ] && query="$query&since=$since"
  ask --paginate "$query" --jq ".[] | select(.pull_request | not) | select((.body // \"\")[0:2000] | contains(\"$2\")) | \"\(.number) \(.html_url)\""
}

body_word() { # the word that names a body, with numbers of issues filled in
  local file=${1#body=@} text other filled
  text=$(cat -- "$file" && printf x) || return 1
  text=${text%x}
  if [[ $text != *'{{issue:act_'* ]]; then
    printf '%s' "$1"
    return 0
  fi
  while [[ $text =~ \{\{issue:(act_[0-9a-f]+)\}\} ]]; do
    other=${BASH_REMATCH[1]}
    filled=${made[$other]:-}
    [ -n "$filled" ] || filled=$(filed_number "$other") || return 1
    text=${text//"#{{issue:$other}}"/"#$filled"}
    text=${text//"{{issue:$other}}"/"#$filled"}
  done
  printf '%s' "$text" >"$LOCK/body.md" || return 1
  printf 'body=@%s' "$LOCK/body.md"
}

has_label() { # NAME: whether the target carries it; names stand one a line
  [[ $'\n'"$labels"$'\n' == *$'\n'"$1"$'\n'* ]]
}

step_done() { # step, words of the call: whether the target is already as the step would leave it
  local step=$1 word
  shift
  case $step in
    comment | edit) [ -n "$comment_id" ] ;;
    state)
      for word in "$@"; do [ "$word" = "state=$state" ] && return 0; done
      return 1
      ;;
    labels)
      for word in "$@"; do
        case $word in
          'labels[]=@'*) has_label "$(cat -- "${word#*=@}")" || return 1 ;;
          'labels[]='*) has_label "${word#*=}" || return 1 ;;
        esac
      done
      ;;
    unlabel) ! has_label "${3##*/}" ;;
    *) return 1 ;;
  esac
}

look_at_target() { # reads state, labels, title and our marker; sets before, state, labels, url, comment_id, comment_url
  local marker=$1 answer
  # state, address, then labels one a line; the row for the results on the first line
  answer=$(ask "repos/$repo/issues/$number" --jq '({state: .state, labels: [.labels[]?.name], title: .title, body_file: null} | tojson), .state, (.html_url // ""), (.labels[]?.name)') || return 1
  { IFS= read -r before && IFS= read -r state && IFS= read -r url; } <<<"$answer" || return 1
  labels=$(tail -n +4 <<<"$answer")
  answer=$(ask --paginate "repos/$repo/issues/$number/comments?per_page=100" --jq ".[] | select((.body // \"\")[0:2000] | contains(\"$marker\")) | \"\(.id) \(.html_url)\"") || return 1
  IFS=' ' read -r comment_id comment_url <<<"$answer"
  return 0
}

keep_old_body() { # an edited comment is kept, so that it can be put back
  local path=$1 old
  old=$(ask "$path" --jq .body) || return 1
  mkdir -p before && printf '%s' "$old" >"before/$id.md" || return 1
  before="${before%\"body_file\":null*}\"body_file\":\"before/$id.md\"${before##*\"body_file\":null}"
}

run_step() { # step, words of the call
  local step=$1 answer word
  shift
  local words=()
  for word in "$@"; do
    if [[ $word == body=@* ]]; then
      word=$(body_word "$word") || { printf 'it names an issue that was not filed' >"$LOCK/error"; return 1; }
    fi
    words+=("$word")
  done
  [ "$step" = edit ] && { keep_old_body "$3" || return 1; }
  pause
  case $step in
    create)
      answer=$(ask "${words[@]}" --jq '"\(.number) \(.html_url)"') || return 1
      IFS=' ' read -r number url <<<"$answer"
      [[ $number =~ ^[0-9]+$ ]] || { number=""; printf 'the answer holds no number' >"$LOCK/error"; return 1; }
      ;;
    comment | edit)
      answer=$(ask "${words[@]}" --jq '"\(.id) \(.html_url)"') || return 1
      IFS=' ' read -r comment_id comment_url <<<"$answer"
      [[ $comment_id =~ ^[0-9]+$ ]] || comment_id=""
      ;;
    *) ask "${words[@]}" --silent >/dev/null || return 1 ;;
  esac
}

file_action() { # first and last index of the calls of one action
  local from=$1 to=$2 i marker twins other expected
  local labels="" state=""
  id=${ids[from]} kind=${kinds[from]} repo=${repos[from]} number=${numbers[from]#-} expected=${states[from]}
  url="" comment_id="" comment_url="" before=""
  marker="<!-- log-gardener:act=$id -->"

  if was_undone "$id"; then
    finish skipped "it was undone"
    return
  fi
  if [ $apply = 0 ]; then
    for ((i = from; i <= to; i++)); do say "  gh api ${calls[i]}"; done
    finish dry_run
    return
  fi
  for other in ${waits[$id]:-}; do
    if [ -z "${made[$other]+x}" ] && ! filed_number "$other" >/dev/null; then
      finish skipped "waits for $other, which was not filed"
      return
    fi
  done

  if [ "${steps[from]}" = create ]; then
    if number=$(filed_number "$id"); then finish already_done; return; fi
    number=""
    twins=$(list_issues "$repo" "$marker" all) || { fail; return; }
    if [ -n "$twins" ]; then
      IFS=' ' read -r number url <<<"$twins"
      finish already_done
      return
    fi
    twins=$(list_issues "$repo" "log-gardener:fp=${prints[from]}" open) || { fail; return; }
    if [ -n "$twins" ]; then
      IFS=' ' read -r number url <<<"$twins"
      finish conflict "an open issue with this fingerprint came up after the export"
      return
    fi
  else
    look_at_target "$marker" || { fail; return; }
    # A later action may have edited our comment, and a person may have deleted it: it is not written twice.
    if [ -z "$comment_id" ] && [[ $(filed_row "$id") =~ \"comment_id\":\"([0-9]+)\" ]]; then comment_id=${BASH_REMATCH[1]}; fi
    if [ -z "$comment_id" ] && [ "$expected" != - ] && [ "$state" != "$expected" ]; then
      finish conflict "expected $expected, is $state"
      return
    fi
  fi

  local done_before=1
  for ((i = from; i <= to; i++)); do
    local words=()
    IFS=' ' read -r -a words <<<"${calls[i]}"
    step_done "${steps[i]}" "${words[@]}" && continue
    done_before=0
    run_step "${steps[i]}" "${words[@]}" || { fail; return; }
  done
  if [ $done_before = 1 ]; then finish already_done; return; fi

  if [ "${steps[from]}" = create ]; then
    # Two filing steps at once cannot be excluded; a twin must at least be seen.
    twins=$(list_issues "$repo" "$marker" all | grep -v "^$number " | cut -d ' ' -f 1 | tr '\n' ' ')
    if [ -n "$twins" ]; then finish applied "twins: $twins"; return; fi
  fi
  finish applied
}

# --- undo

changed="" # what people changed since, in words
undid=0
undo_step() { # step, words of the call; leaves alone what is not as this action left it
  local step=$1 path=$4 word name now
  shift
  case $step in
    create)
      now=$(ask "repos/$repo/issues/$number" --jq '"\(.state) \(.comments)"') || return 1
      if [ "$now" = "open 0" ]; then
        pause
        ask -X PATCH "repos/$repo/issues/$number" -f state=closed -f state_reason=not_planned --silent || return 1
        undid=1
      else changed="$changed the issue is closed or was answered;"; fi
      ;;
    comment | edit)
      [[ $comment_id =~ ^[0-9]+$ ]] || return 0
      path="repos/$repo/issues/comments/$comment_id"
      now=$(ask "$path" --jq .body) || return 1
      word=$(for word in "$@"; do [[ $word == body=@* ]] && printf '%s' "$word"; done)
      word=$(body_word "$word") || return 1
      if [ "$now" != "$(cat -- "${word#*=@}")" ]; then
        changed="$changed the comment was edited;"
      elif [ "$step" = comment ]; then
        pause
        ask -X DELETE "$path" --silent || return 1
        undid=1
      elif [ -r "before/$id.md" ]; then
        pause
        ask -X PATCH "$path" -F "body=@before/$id.md" --silent || return 1
        undid=1
      fi
      ;;
    state)
      if [[ " $* " != *" state=$state "* ]]; then
        changed="$changed the state was changed;"
      elif [[ $before =~ \"state\":\"(open|closed)\" ]]; then
        pause
        ask -X PATCH "repos/$repo/issues/$number" -f "state=${BASH_REMATCH[1]}" --silent || return 1
        undid=1
      fi
      ;;
    labels)
      for word in "$@"; do
        [[ $word == 'labels[]='* ]] || continue
        name=${word#*=}
        [[ $name == @* ]] && name=$(cat -- "${name#@}")
        [[ $labels_before == *"\"$name\""* ]] || ! has_label "$name" && continue
        if [[ $name =~ ^[A-Za-z0-9_.-]+$ ]]; then
          pause
          ask -X DELETE "repos/$repo/issues/$number/labels/$name" --silent || return 1
          undid=1
        else changed="$changed a label has to be taken off by hand;"; fi
      done
      ;;
    unlabel)
      name=${path##*/}
      if [[ $labels_before == *"\"$name\""* ]] && ! has_label "$name"; then
        pause
        ask -X POST "repos/$repo/issues/$number/labels" -f "labels[]=$name" --silent || return 1
        undid=1
      fi
      ;;
  esac
}

undo_action() { # one row of the results
  local row=$1 i labels="" state="" labels_before="" at=()
  [[ $row =~ \"action_id\":\"(act_[0-9a-f]+)\",\"status\":\"applied\",\"number\":([0-9]+) ]] || return 0
  id=${BASH_REMATCH[1]} number=${BASH_REMATCH[2]} url="" comment_id="" comment_url="" before="" changed="" undid=0
  was_undone "$id" && return 0
  [[ $row =~ \"comment_id\":\"([0-9]+)\" ]] && comment_id=${BASH_REMATCH[1]}
  [[ $row =~ \"before\":(\{.*\}),\"error\": ]] && before=${BASH_REMATCH[1]}
  [[ $before =~ \"labels\":\[([^]]*)\] ]] && labels_before=${BASH_REMATCH[1]}
  for ((i = total - 1; i >= 0; i--)); do [ "${ids[i]}" = "$id" ] && at+=("$i"); done
  if [ ${#at[@]} = 0 ]; then
    kind="" repo=""
    finish skipped "it is not in $LIST"
    return
  fi
  kind=${kinds[at[0]]} repo=${repos[at[0]]}
  if [ $apply = 0 ]; then
    say "would undo: $id $kind $repo no. $number"
    return
  fi
  local answer
  answer=$(ask "repos/$repo/issues/$number" --jq '.state, (.html_url // ""), (.labels[]?.name)') || { fail; return; }
  { IFS= read -r state && IFS= read -r url; } <<<"$answer"
  labels=$(tail -n +3 <<<"$answer")
  for i in "${at[@]}"; do
    local words=()
    IFS=' ' read -r -a words <<<"${calls[i]}"
    undo_step "${steps[i]}" "${words[@]}" || { fail; return; }
  done
  changed=${changed# }
  if [ -n "$changed" ] && [ $undid = 0 ]; then finish skipped "${changed%;}"; else finish undone "${changed%;}"; fi
}

# Also when there is nothing to do, so that whoever takes results back finds that out.
: >>"$RESULTS" || refuse "cannot write $RESULTS"
from=0
if [ $mode = undo ]; then
  while IFS= read -r row; do
    undo_action "$row"
    [ -n "$stop" ] && break
  done < <(tac -- "$undo_of" | grep -F '"status":"applied"')
  total=0
fi
while [ $from -lt "$total" ]; do
  to=$from
  while [ $((to + 1)) -lt "$total" ] && [ "${ids[to + 1]}" = "${ids[from]}" ]; do to=$((to + 1)); done
  file_action $from $to
  [ -n "$stop" ] && break
  from=$((to + 1))
done

summary=""
for status in applied already_done undone skipped conflict failed dry_run; do
  [ -n "${tally[$status]:-}" ] && summary="$summary${summary:+, }${tally[$status]} $status"
done
if [ -n "$summary" ]; then
  say "$summary; rows are in $RESULTS"
elif [ $mode = undo ]; then
  say "nothing to take back: no row of that file says that something was filed"
else
  say "nothing to file: the plan holds no call, and $RESULTS got no row"
fi
if [ $apply = 0 ] && [ -n "$summary" ]; then say "this was a dry run: with APPLY=1 it is carried out"; fi
[ -n "$stop" ] && refuse "$stop"
exit $failed
