#!/usr/bin/env bash
# Compares the public API of every package with that of an earlier commit, by the SDK's package validation, and fails where something that
# programs may use is gone or different. What is meant to break is written into CHANGELOG.md, and the commit named then is a later one.
# usage: eng/check-api.sh COMMIT
set -uo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
commit="${1:?usage: eng/check-api.sh COMMIT}"
work="$(mktemp -d)"
trap 'git -C "$here" worktree remove --force "$work/before" 2>/dev/null; rm -rf "$work"' EXIT
git -C "$here" worktree add -q --detach "$work/before" "$commit" || exit 1
dotnet pack "$work/before/PolaFormer.slnx" -c Release -o "$work/packages" -p:PackageVersion=0.0.1-baseline -v quiet -nologo || { echo "0 passed, 1 failed"; exit 1; }

passed=0 failed=0
for project in "$here"/src/*/; do
  name="$(basename "$project")"
  baseline="$work/packages/$name.0.0.1-baseline.nupkg"
  # The tool and the package of packages have no API; a new package has no baseline.
  [[ "$name" == PolaFormer || ! -e "$baseline" ]] && continue
  # The build takes for done what was validated without a baseline.
  rm -f "$project"/obj/Release/net10.0/Microsoft.NET.ApiCompat.ValidatePackage.semaphore
  if output="$(dotnet pack "$project" -c Release -o "$work/now" -p:PackageValidationBaselinePath="$baseline" -p:PackageVersion=0.0.2-now -v quiet -nologo 2>&1)"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$name:"
    grep -oE 'CP[0-9]+: .*' <<<"$output" | sed -E 's/ \[.*$//' | sort -u | head -n 50 || true
    grep -qE 'CP[0-9]+' <<<"$output" || tail -n 20 <<<"$output"
  fi
done
echo "$passed passed, $failed failed"
((failed == 0))
