#!/usr/bin/env bash
# Training by 1 and by 2 workers of one thread each, and by 2 runs that know nothing of each other, in turns: the rate at the end,
# what the messages took, and the rate of 2 workers and of 2 runs apart over that of 1. Two runs apart are what two workers can reach:
# processors share caches, memory and units. At last, latency and rate of messages by shared memory and by TCP, and the rate of 2 workers
# that these let expect: that of 2 runs apart, but for the messages that the backward pass does not hide.
# usage: workers.sh DATA [ROUNDS [SECONDS]]   (DATA: CIFAR-10, as train --data takes it; needs mpirun; SECONDS of each run, else 60)
set -euo pipefail
cd "$(dirname "$0")/.."
data=$1 rounds=${2:-3} seconds=${3:-60}
program=src/PolaFormer.Cli/bin/Release/net10.0/polaformer.dll
[[ -f $program ]] || dotnet build src/PolaFormer.Cli -c Release -v quiet -nologo
# Stopped within the first epoch: a step under way is finished, and the run says what it has to say.
# Without --bind-to none mpirun gives both runs apart the same core.
train() { # WORKERS OUTPUT
  timeout --signal=TERM "$seconds" mpirun --allow-run-as-root --oversubscribe --bind-to none -n "$1" dotnet "$program" train --cfg configs/polaformer_pp_cifar_2m.yaml --data "$data" --output "$2" \
    --threads 1 --opts TRAIN.MICRO_BATCHES 2 PRINT_FREQ 10 SAVE_MINUTES 0 > "$2/printed" 2>&1 || true
}
rate() { # the last one, as a number; 0 where the run printed none
  grep -o '[0-9]* images/s' "$1/printed" | tail -n 1 | grep -o '^[0-9]*' || { cat "$1/printed" >&2; echo 0; }
}
messages() { # OPTION …
  mpirun --allow-run-as-root --oversubscribe --bind-to none -n 2 "$@" dotnet "$program" bench messages
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
echo "messages by shared memory"
messages | tee "$(dirname "$program")/messages"
echo "messages by TCP on this machine"
messages --mca btl tcp,self
# A step of 128 images of two runs apart, 64 each; then: an agreement of all before and after it (two latencies each), the last part of
# the gradients, 64 KiB, and half of the 31 matrices (8 MB), a message each, after Muon's update.
grep -o 'α = .*' "$(dirname "$program")/messages" | sed 's/[^0-9. ]//g' | awk -v apart=$((apart[0] + apart[1])) -v measured="${rates[1]}" '{
  alpha = $1 * 1e-6; beta = $2 * 1e-9; messages = 4 * alpha + 2 * alpha + 65536 * beta + 16 * alpha + 4e6 * beta
  printf "last round, 2 workers: expected %.0f images/s (%.1f ms of messages in a step of %.0f ms), measured %.0f\n", 128 / (128 / apart + messages), 1e3 * messages, 128e3 / apart, measured }'
rm -f "$(dirname "$program")/messages"
