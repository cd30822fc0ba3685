#!/usr/bin/env bash
# Measures a classifier of CIFAR-10's classes on ordinary photographs of them (photographs.tsv).
# usage: measure.sh DATA [CHECKPOINT] [OPTION…]   DATA: a folder with imagenet_samples/ and coco_tiny/, such as ../shared/data;
#        CHECKPOINT: the shipped network by default; options go to eval: --views mirrored, --device cuda
set -euo pipefail
here=$(dirname "$(realpath "$0")")
[[ $# -ge 1 && -d $1 ]] || { sed -n 3,4p "$0" >&2; exit 2; }
data=$(realpath "$1"); shift
checkpoint=()
if [[ $# -ge 1 && $1 != -* ]]; then checkpoint=(--checkpoint "$(realpath "$1")"); shift; fi
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
while IFS=$'\t' read -r class file; do
  [[ $class == class ]] && continue
  [[ -f $data/$file ]] || { echo "measure.sh: $data/$file is not there" >&2; exit 1; }
  mkdir -p "$folder/val/$class"
  ln -s "$data/$file" "$folder/val/$class/${file//\//_}"
done < "$here/photographs.tsv"
"${POLAFORMER:-$here/../../polaformer}" eval --data "$folder" ${checkpoint[@]+"${checkpoint[@]}"} "$@"
