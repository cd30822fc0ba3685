#!/usr/bin/env bash
# The figures of docs/serving.md: builds, then measures the server against the library and a minimal server on ONNX Runtime, under mixed load,
# killed and swapped. Takes about half an hour of a quiet machine.
# usage: benchmarks/serving.sh [NETWORK]   a registered network with random weights, pola_pvt_tiny by default
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
network="${1:-pola_pvt_tiny}"
work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT
build() { dotnet build "benchmarks/$1" -c Release -v quiet -nologo >&2; }
build PolaFormer.ServerLoad
build PolaFormer.OnnxRuntimeServer
load() { dotnet benchmarks/PolaFormer.ServerLoad/bin/Release/net10.0/PolaFormer.ServerLoad.dll "$@"; }
./polaformer serve --help >/dev/null
./polaformer models >/dev/null
server=src/PolaFormer.Server/bin/launcher/polaformer-server
peer=benchmarks/PolaFormer.OnnxRuntimeServer/bin/Release/net10.0/PolaFormer.OnnxRuntimeServer
shipped=checkpoints/polaformer_pp_photographs.safetensors
load make "$network" "$work/net.safetensors"
./polaformer export --onnx "$work/net.onnx" --checkpoint "$work/net.safetensors" >/dev/null
echo "## $network"
load speed --server $server --peer $peer --onnx "$work/net.onnx" --checkpoint "$work/net.safetensors" --images samples/images
load restart --server $server --checkpoint "$work/net.safetensors" --images samples/images
load swap --server $server --checkpoint "$work/net.safetensors" --images samples/images
echo "## the shipped model"
load mixed --server $server --checkpoint $shipped --images samples/images
load restart --server $server --checkpoint $shipped --images samples/images
load swap --server $server --checkpoint $shipped --images samples/images
echo "## fuzzing"
dotnet build tests/PolaFormer.Server.Tests -c Release -v quiet -nologo >&2
POLAFORMER_FUZZ=200000 dotnet tests/PolaFormer.Server.Tests/bin/Release/net10.0/PolaFormer.Server.Tests.dll -noColor -noLogo -class "*FuzzTests"
