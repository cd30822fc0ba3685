#!/usr/bin/env bash
# Whether CIFAR-10 trained by 2 workers ends with the bits of 1: weights and state of an epoch, and the accuracy.
# usage: same-workers.sh DATA [EPOCHS]   (DATA: CIFAR-10, as train --data takes it; needs mpirun)
set -euo pipefail
cd "$(dirname "$0")/.."
data=$1 epochs=${2:-1}
program=src/PolaFormer.Cli/bin/Release/net10.0/polaformer.dll
[[ -f $program ]] || dotnet build src/PolaFormer.Cli -c Release -v quiet -nologo
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
for workers in 1 2; do
  mpirun --allow-run-as-root --oversubscribe --bind-to none -n $workers dotnet "$program" train --cfg configs/polaformer_pp_cifar_2m.yaml --data "$data" --output "$work/$workers" \
    --threads 1 --opts TRAIN.MICRO_BATCHES 2 TRAIN.EPOCHS "$epochs" TRAIN.WARMUP_EPOCHS 0 | tail -n 3
done
for file in last resume; do
  cmp "$work/1/$file.safetensors" "$work/2/$file.safetensors" && echo "$file: the same bytes"
done
