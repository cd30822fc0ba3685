#!/usr/bin/env bash
# Training by 1 and by 2 workers of one thread each, and by 2 runs that know nothing of each other, in turns: the rate after a minute,
# what the messages took, and the rate of 2 workers and of 2 runs apart over that of 1. Two runs apart are what two workers can reach:
# processors share caches, memory and units.
# usage: workers.sh DATA [ROUNDS]   (DATA: CIFAR-10, as train --data takes it; needs mpirun)
set -euo pipefail
cd "$(dirname "$0")/.."
data=$1 rounds=${2:-3}
program=src/PolaFormer.Cli/bin/Release/net10.0/polaformer.dll
[[ -f $program ]] || dotnet build src/PolaFormer.Cli -c Release -v quiet -nologo
# Stopped within the first epoch: a step under way is finished, and the run says what it has to say.
# Without --bind-to none mpirun gives both runs apart the same core.
train() { # WORKERS OUTPUT
  timeout --signal=TERM 60 mpirun --allow-run-as-root --oversubscribe --bind-to none -n "$1" dotnet "$program" train --cfg configs/polaformer_pp_cifar_2m.yaml --data "$data" --output "$2" \
    --threads 1 --opts TRAIN.MICRO_BATCHES 2 PRINT_FREQ 10 SAVE_MINUTES 0 > "$2/printed" 2>&1 || true
}
rate() { # the last one, as a number; 0 where the run printed none
  grep -o '[0-9]* images/s' "$1/printed" | tail -n 1 | grep -o '^[0-9]*' || { cat "$1/printed" >&2; echo 0; }
}
times() { awk "BEGIN { printf \"%.2f\", $1 / ($2 ? $2 : 1) }"; }
for round in $(seq "$rounds"); do
  rates=()
  for workers in 1 2; do
    output=$(mktemp -d)
    train "$workers" "$output"
    rates+=("$(rate "$output")")
    echo "round $round, $workers workers: ${rates[-1]} images/s; $(grep 'workers: messages' "$output/printed" || true)"
    rm -rf "$output"
  done
  first=$(mktemp -d) second=$(mktemp -d)
  train 1 "$first" & train 1 "$second" & wait
  apart=($(rate "$first") $(rate "$second"))
  echo "round $round, two runs apart: ${apart[0]} and ${apart[1]} images/s"
  echo "round $round, over one: two workers $(times "${rates[1]}" "${rates[0]}"), two runs apart $(times $((apart[0] + apart[1])) "${rates[0]}")"
  rm -rf "$first" "$second"
done
