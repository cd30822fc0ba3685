#!/usr/bin/env bash
# Training by 1 and by 2 workers of one thread each, and by 2 runs that know nothing of each other, in turns: the rate after the first
# third of the time, what the messages took, and the rate of 2 workers and of 2 runs apart over that of 1. Two runs apart are what two workers can reach:
# processors share caches, memory and units. At last, latency and rate of messages by shared memory and by TCP, and the rate of 2 workers
# that these let expect: that of 2 runs apart, but for the messages that the backward pass does not hide.
# usage: workers.sh DATA [ROUNDS [SECONDS [BATCH]]]   (DATA: CIFAR-10, as train --data takes it; needs mpirun; SECONDS of each run, else 60;
#   BATCH: images of a step, of all workers together, else 128)
set -euo pipefail
cd "$(dirname "$0")/.."
data=$1 rounds=${2:-3} seconds=${3:-60} batch=${4:-128}
program=src/PolaFormer.Cli/bin/Release/net10.0/polaformer.dll
[[ -f $program ]] || dotnet build src/PolaFormer.Cli -c Release -v quiet -nologo
# Stopped within the first epoch: a step under way is finished, and the run says what it has to say.
# Each worker has a core, as mpirun has it by default; of runs apart it would give all the same one.
train() { # WORKERS OUTPUT [CORE]
  local binding=(--bind-to core)
  [[ $# -lt 3 ]] || binding=(--bind-to none taskset -c "$3")
  timeout --signal=TERM "$seconds" mpirun --allow-run-as-root --oversubscribe -n "$1" "${binding[@]}" dotnet "$program" train --cfg configs/polaformer_pp_cifar_2m.yaml --data "$data" --output "$2" \
    --threads 1 --opts TRAIN.MICRO_BATCHES 2 DATA.BATCH_SIZE "$batch" PRINT_FREQ 1 SAVE_MINUTES 0 > "$2/printed" 2>&1 || true
}
rate() { # of the steps after the first third of the time, in whole images/s
  [[ -f $1/log.jsonl ]] || { cat "$1/printed" >&2; return 1; }
  sed -n 's/.*"global_step":\([0-9]*\),"seconds":\([0-9.]*\).*/\1 \2/p' "$1/log.jsonl" | awk -v batch="$batch" '{ step[NR] = $1; at[NR] = $2 }
    END { if (NR < 3) { print 0; exit } first = 1; while (at[first] < at[NR] / 3) first++; printf "%.0f\n", batch * (step[NR] - step[first]) / (at[NR] - at[first]) }'
}
messages() { # OPTION …
  mpirun --allow-run-as-root --oversubscribe --bind-to core -n 2 "$@" dotnet "$program" bench messages
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
  train 1 "$first" 0 & train 1 "$second" 1 & wait
  apart=($(rate "$first") $(rate "$second"))
  echo "round $round, two runs apart: ${apart[0]} and ${apart[1]} images/s"
  echo "round $round, over one: two workers $(times "${rates[1]}" "${rates[0]}"), two runs apart $(times $((apart[0] + apart[1])) "${rates[0]}")"
  rm -rf "$first" "$second"
done
echo "messages by shared memory"
messages | tee "$(dirname "$program")/messages"
echo "messages by TCP on this machine"
messages --mca btl tcp,self
# A step of two runs apart, half of its images each; then: an agreement of all before and after it (two latencies each), the last part of
# the gradients, 64 KiB, and half of the 31 matrices (8 MB), a message each, after Muon's update.
grep -o 'α = .*' "$(dirname "$program")/messages" | sed 's/[^0-9. ]//g' | awk -v apart=$((apart[0] + apart[1])) -v measured="${rates[1]}" -v batch="$batch" '{
  alpha = $1 * 1e-6; beta = $2 * 1e-9; messages = 4 * alpha + 2 * alpha + 65536 * beta + 16 * alpha + 4e6 * beta
  printf "last round, 2 workers: expected %.0f images/s (%.1f ms of messages in a step of %.0f ms), measured %.0f\n", batch / (batch / apart + messages), 1e3 * messages, 1e3 * batch / apart, measured }'
rm -f "$(dirname "$program")/messages"
