#!/usr/bin/env bash
# Measures the figures of docs/fine-tuning.md again, by its own command, and fails where the page has others. Takes some minutes on two processors.
# Other vector widths give other bits, so a figure may be three photographs of the 85 away. The photographs lie outside the repository.
# usage: eng/check-figures.sh HYMENOPTERA_FOLDER
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
data="${1:?usage: eng/check-figures.sh HYMENOPTERA_FOLDER}"
page="$here/docs/fine-tuning.md"
work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT
polaformer="${POLAFORMER:-$here/polaformer}"

cd "$here"
"$polaformer" train --cfg configs/finetune_hymenoptera.yaml --data "$data" --pretrained checkpoints/polaformer_pp_photographs.safetensors --output "$work" --json > "$work/log" 2> "$work/errors" || { cat "$work/errors"; exit 1; }

# The log's epochs: their evaluation's top-1.
mapfile -t top1 < <(grep '"kind": *"epoch"' "$work/log" | sed -nE 's/.*"top1": *([0-9.]+).*/\1/p')
((${#top1[@]})) || { echo "FAILED: the log has no epochs"; exit 1; }
best="$(printf '%s\n' "${top1[@]}" | sort -g | tail -n 1)" last="${top1[-1]}"
epoch=0; for i in "${!top1[@]}"; do if [[ "${top1[$i]}" == "$best" ]]; then epoch=$((i + 1)); break; fi; done

written_best="$(sed -nE 's/.*told apart with \*\*([0-9.]+) %\*\*.*/\1/p' "$page")"
written_last="$(sed -nE 's/.*\(([0-9.]+) % after the last epoch.*/\1/p' "$page")"
[[ -n "$written_best" && -n "$written_last" ]] || { echo "FAILED: docs/fine-tuning.md has no figures where they are looked for"; exit 1; }
echo "best  $best after epoch $epoch; written $written_best %"
echo "last  $last; written $written_last %"
near() { awk -v a="$1" -v b="$2" 'BEGIN { a = a <= 1 ? 100 * a : a; d = a - b; exit !(d * d <= (300 / 85 + 0.1) ^ 2) }'; }
near "$best" "$written_best" && near "$last" "$written_last" || { echo "FAILED: docs/fine-tuning.md is stale"; exit 1; }
echo "docs/fine-tuning.md has the figures of this build"
