#!/usr/bin/env bash
# usage: benchmarks/bits/compare.sh CHECKOUT [CHECKOUT]
# Compares the bits that two checkouts compute (logits, inference, gradients, steps of training, states of runs); the second is this one.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

digests() {
  dotnet publish "$here" -c Release -o "$work/$2" --artifacts-path "$work/build-$2" -p:Checkout="$1" -v quiet -nologo >&2
  dotnet "$work/$2/bits.dll" "$1" >"$work/$2.txt"
}

digests "$(realpath "$1")" old
digests "$(realpath "${2:-$here/../..}")" new
# What only the newer one has is no difference.
changed="$(awk '{ digest = $NF; $NF = "" } NR == FNR { digests[$0] = digest; next } digests[$0] != digest' "$work/new.txt" "$work/old.txt")"
if [[ -n "$changed" ]]; then
  printf 'these have other bits, or are gone:\n%s\n' "$changed" >&2
  exit 1
fi
echo "$(wc -l <"$work/old.txt") digests are the same"
