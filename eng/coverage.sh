#!/usr/bin/env bash
# Lines of the libraries that the tests run, by library and in all, as a table in Markdown. Takes as long as the tests, and half as long again.
# usage: eng/coverage.sh [TEST_PROJECT…]   such as PolaFormer.Files.Tests; all of them without
set -uo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT
cd "$here"
projects=("$@")
((${#projects[@]})) || mapfile -t projects < <(cd tests && ls -d *.Tests)
for project in "${projects[@]}"; do
  echo "$project" >&2
  dotnet test -c Release --project "tests/$project" --coverlet --coverlet-output-format cobertura --results-directory "$work/$project" >"$work/$project.log" 2>&1 || { tail -n 5 "$work/$project.log" >&2; }
done

# A line that several projects run counts once; it is known by its type, for paths depend on the project.
find "$work" -name '*.cobertura*.xml' -print0 | xargs -0 -r cat | sed 's/>/>\n/g' | awk '
  match($0, /<package name="[^"]*"/) { library = substr($0, RSTART + 15, RLENGTH - 16) }
  match($0, /<class name="[^"]*"/) { type = substr($0, RSTART + 13, RLENGTH - 14) }
  match($0, /<line number="[0-9]+"/) {
    key = library " " type " " substr($0, RSTART + 14, RLENGTH - 15)
    if (!(key in seen)) { seen[key] = 1; all[library]++ }
    if (match($0, /hits="[0-9]+"/) && substr($0, RSTART + 6, RLENGTH - 7) + 0 > 0 && !(key in hit)) { hit[key] = 1; run[library]++ }
  }
  END {
    print "| library | lines | run by tests |\n|---|---|---|"
    for (library in all) { printf "| %s | %d | %.1f %% |\n", library, all[library], 100 * run[library] / all[library] | "sort"; lines += all[library]; hits += run[library] }
    close("sort")
    if (lines) printf "| all | %d | %.1f %% |\n", lines, 100 * hits / lines
  }' | grep -v '\.Tests |'
