#!/usr/bin/env bash
# Detectors' time and memory on two threads, the dense part in turns with ONNX Runtime on our export of it; about five minutes on a
# machine where nothing else runs. Build the two programs before:
#   dotnet build -c Release benchmarks/PolaFormer.DetectionSpeed && dotnet build -c Release benchmarks/PolaFormer.OnnxRuntimePeer
set -euo pipefail
cd "$(dirname "$0")/.."
ours() { dotnet PolaFormer.DetectionSpeed/bin/Release/net10.0/PolaFormer.DetectionSpeed.dll "$@"; }
peer() { dotnet PolaFormer.OnnxRuntimePeer/bin/Release/net10.0/PolaFormer.OnnxRuntimePeer.dll "$@"; }
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
ours export --output "$folder/dense.onnx" > /dev/null
for turn in 1 2 3; do
  echo "turn $turn"; ours dense --seconds 12 || true; peer "$folder/dense.onnx" --size 800 1216 --seconds 12 || true
done
echo "detection, 800 x 1216"; ours detect --seconds 20 || true
echo "training step, batch 2, 512 x 640"; ours train --size 512 640 --seconds 10 || true
echo "evaluation, 5,000 images x 100 detections"; ours evaluate || true
