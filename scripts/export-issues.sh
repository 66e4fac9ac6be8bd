#!/usr/bin/env bash
# Exports all issues of a GitHub repository, with their comments, for `gardener run --issues`.
#
#   scripts/export-issues.sh OWNER/REPO [FILE]      FILE: issues.json
#
# Needs gh, logged in (`gh auth login`) or with GH_TOKEN; its own --jq does the JSON work. Read access is enough.
#
# Writes {"exported_at", "repo", "state": "all", "issues": […], "comments": […]}. `exported_at` is taken before the first
# call: what changed while the pages were read counts as newer than the export. Pull requests stay in the list, marked as
# such; gardener drops them. FILE is replaced only when every call has succeeded.
set -euo pipefail
export LC_ALL=C

die() { # EXIT MESSAGE…
  local code=$1
  shift
  printf 'export-issues.sh: %s\n' "$*" >&2
  exit "$code"
}

case ${1:-} in
  -h | --help)
    sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p;}' "$0"
    exit 0
    ;;
esac
if [ $# -lt 1 ] || [ $# -gt 2 ]; then die 2 "usage: export-issues.sh OWNER/REPO [FILE]"; fi
repo=$1
file=${2:-issues.json}
[[ $repo =~ ^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$ ]] || die 2 "$repo is not of the form OWNER/REPO"
command -v gh >/dev/null || die 2 "gh is missing: https://cli.github.com, then gh auth login"

exported_at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
part=$file.part
trap 'rm -f -- "$part" "$part.rows"' EXIT

rows() { # PATH JQ: the rows of all pages, one a line, as the elements of a JSON array
  gh api --paginate "$1" --jq "$2" >"$part.rows" || die 1 "gh api $1 failed; $file is as it was"
  sed '$!s/$/,/' "$part.rows" >>"$part"
}

printf '{"exported_at":"%s","repo":"%s","state":"all","issues":[\n' "$exported_at" "$repo" >"$part"
rows "repos/$repo/issues?state=all&per_page=100&sort=created&direction=asc" \
  '.[] | {number, title, body, state, state_reason, labels: [.labels[].name], created_at, updated_at, closed_at, html_url, user: {login: .user.login}, author_association, pull_request}'
issues=$(wc -l <"$part.rows")
printf '],"comments":[\n' >>"$part"
rows "repos/$repo/issues/comments?per_page=100&sort=created&direction=asc" \
  '.[] | {id, issue_url, html_url, body, created_at, updated_at, user: {login: .user.login}, author_association}'
comments=$(wc -l <"$part.rows")
printf ']}\n' >>"$part"
mv -- "$part" "$file"
printf '%s: %d issues and pull requests, %d comments of %s as of %s\n' "$file" "$issues" "$comments" "$repo" "$exported_at" >&2
