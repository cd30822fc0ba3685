#!/usr/bin/env bash
# Training steps of Long Range Arena on this machine, each comparison in turns, about ten minutes: the attention layer and the whole step
# fused against composed, then the whole step against PyTorch's with rows that are full and with rows that are half padding.
set -euo pipefail
cd "$(dirname "$0")"
dotnet build PolaFormer.Benchmarks -c Release -v quiet -nologo
mechanisms=('polarity(alpha=3)' elu 'focused(convolution=false,encoding=false)')
sequences() { dotnet PolaFormer.Benchmarks/bin/Release/net10.0/PolaFormer.Benchmarks.dll --quick sequences "$@"; }
echo 'Attention layer, full rows'
sequences layer "${mechanisms[@]}"
echo 'Whole step, a third of each row padding'
sequences "${mechanisms[@]}" softmax
for filled in 1 0.5; do
    echo "Beside PyTorch, $filled of each row filled"
    peers/compare.py --sequences --filled "$filled" --rounds 3 --seconds 2
done
