#!/usr/bin/env bash
# Checks and times the CUDA kernels on the GPU of this machine, beside PyTorch where it is installed. The machine needs no .NET:
#   eng/device-check.sh publish FOLDER   makes what has to be carried there, at most 64 MiB
#   FOLDER/device-check.sh check         resources of the kernels, their results against double precision, operators, networks and
#                                        50 steps of training against the processor, in a few minutes
#   FOLDER/device-check.sh measure       times, ours and the peers', in a few minutes
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
sizes="196 784 3136 12544 50176"
case "${1:-}" in
  publish)
    cd "$here/.."
    dotnet publish benchmarks/PolaFormer.Cuda.DeviceCheck -c Release -r linux-x64 --self-contained -p:PublishTrimmed=true \
      -p:TrimMode=partial -p:EnableTrimAnalyzer=false -p:SuppressTrimAnalysisWarnings=true -p:JsonSerializerIsReflectionEnabledByDefault=true \
      -p:PublishSingleFile=true -p:NuGetLockFilePath=obj/linux-x64.lock.json -p:DebugType=none -o "$2" -v quiet -nologo
    cp eng/device-check.sh benchmarks/peers/cuda_attention.py "$2"
    du -sh "$2"
    ;;
  check)
    status=0
    for part in resources check operators networks; do
      timeout 240 "$here/PolaFormer.Cuda.DeviceCheck" "$part" || status=1
    done
    exit "$status"
    ;;
  measure)
    nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
    for type in bf16 float; do
      # shellcheck disable=SC2086
      "$here/PolaFormer.Cuda.DeviceCheck" time "$type" $sizes || true
    done
    timeout 120 "$here/PolaFormer.Cuda.DeviceCheck" speed pola_pvt_tiny pvt_tiny || true
    peers="eager,compile,softmax"
    [[ -d "$here/flash_bla" ]] && peers="triton,$peers"
    export PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
    # shellcheck disable=SC2086
    python3 "$here/cuda_attention.py" bf16 "$peers" $sizes
    # shellcheck disable=SC2086
    python3 "$here/cuda_attention.py" float "eager,compile" $sizes
    ;;
  *)
    sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac
