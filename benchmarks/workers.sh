#!/usr/bin/env bash
# Training by 1 and by 2 workers of one thread each, in turns: the rate after a minute, and what the messages of gradients took.
# usage: workers.sh DATA [ROUNDS]   (DATA: CIFAR-10, as train --data takes it; needs mpirun)
set -euo pipefail
cd "$(dirname "$0")/.."
data=$1 rounds=${2:-3}
program=src/PolaFormer.Cli/bin/Release/net10.0/polaformer.dll
[[ -f $program ]] || dotnet build src/PolaFormer.Cli -c Release -v quiet -nologo
for round in $(seq "$rounds"); do
  for workers in 1 2; do
    output=$(mktemp -d)
    # Stopped within the first epoch: a step under way is finished, and the run says what it has to say.
    timeout --signal=TERM 60 mpirun --allow-run-as-root --oversubscribe -n "$workers" dotnet "$program" train --cfg configs/polaformer_pp_cifar_2m.yaml --data "$data" --output "$output" \
      --threads 1 --opts TRAIN.MICRO_BATCHES 2 PRINT_FREQ 10 SAVE_MINUTES 0 > "$output/printed" 2>&1 || true
    echo "round $round, $workers workers: $(grep -o '[0-9]* images/s' "$output/printed" | tail -n 1); $(grep 'messages' "$output/printed" || true)"
    rm -rf "$output"
  done
done
