#!/usr/bin/env bash
# Builds everything and runs every test project; closes with one line: N passed, N failed, N skipped.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

dotnet build PolaFormer.slnx -c Release -v quiet -nologo || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }

passed=0 failed=0 skipped=0
for project in tests/*.Tests; do
  name="$(basename "$project")"
  output="$(dotnet "$project/bin/Release/net10.0/$name.dll" -noColor -noLogo "$@" 2>&1)"
  code=$?
  summary="$(grep -E 'Total: [0-9]+' <<<"$output" | tail -n 1)"
  number() { sed -nE "s/.*$1: ([0-9]+).*/\1/p" <<<"$summary"; }
  total="$(number Total)" errors="$(number Errors)" failures="$(number Failed)" skips="$(number Skipped)"
  if [[ -z "$total" ]] || ((code != 0 && errors + failures == 0)); then
    printf '%s\n' "$output" | tail -n 60
    echo "$name did not finish (exit code $code)"
    failed=$((failed + 1))
    continue
  fi
  ((errors + failures == 0)) || printf '%s\n' "$output" | tail -n 200
  grep -E '\[SKIP\]' -A1 <<<"$output" | grep -v '^--' || true
  echo "$name: $summary" | sed -E 's/: +[A-Za-z.]+ +Total/: Total/'
  passed=$((passed + total - failures - skips)) failed=$((failed + failures + errors)) skipped=$((skipped + skips))
done

# The kernels for ARM64, emulated; a run of chosen tests leaves them out.
if (($# == 0)); then
  output="$(eng/test-arm64.sh)"
  sed '$d' <<<"$output"
  summary="$(tail -n 1 <<<"$output")"
  echo "ARM64: $summary"
  if [[ "$summary" =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
  else
    failed=$((failed + 1))
  fi
fi

echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
