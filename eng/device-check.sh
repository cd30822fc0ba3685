#!/usr/bin/env bash
# Checks and times the CUDA device on the GPU of a machine that has NVIDIA's driver and needs neither .NET nor a network:
#   eng/device-check.sh bundle FILE.tar.xz      here: programs, .NET's runtime and this script in an archive of about 30 MB
#   FOLDER/device-check.sh check [CASES]        there, where it is unpacked: registers and spills of the kernels, kernels against double precision,
#                                               operators, networks and 50 steps of training against the processor, and the recorded
#                                               cases below CASES (tests/Fixtures); beside each other, two to four minutes
#   FOLDER/device-check.sh measure [SECONDS]    there: times of ours and, where PyTorch is installed, of the same in PyTorch
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
program=PolaFormer.Cuda.DeviceCheck
networks="pola_pvt_tiny polaformer_pp_b2"

# A program of the archive with a limit in seconds.
run() { timeout "$1" "$here/dotnet/dotnet" "$here/app/$2.dll" "${@:3}"; }

bundle() {
  local target work version shared root name
  target="$(realpath -m "$1")" work="$(mktemp -d)"
  # The newest runtime of this machine: its version and its folder.
  read -r version shared < <(dotnet --list-runtimes | sed -n 's/^Microsoft\.NETCore\.App \(10\.[^ ]*\) \[\(.*\)\]$/\1 \2/p' | sort -V | tail -1)
  root="$(dirname "$(dirname "$shared")")"
  cd "$here/.."
  mkdir -p "$work/app" "$work/dotnet/shared/Microsoft.NETCore.App" "$work/peers"
  for name in benchmarks/$program src/PolaFormer.Cli tests/PolaFormer.Conformance; do
    dotnet build "$name" -c Release -v quiet -nologo
    tar cf - -C "$name/bin/Release/net10.0" --exclude='*.pdb' --exclude='*.xml' --exclude=./runtimes --exclude=./launcher --exclude='./[Ff]ixtures' --exclude=./linux-x64 . | tar xf - -C "$work/app"
  done
  cp src/PolaFormer.Cli/bin/Release/net10.0/runtimes/linux-x64/native/*.so "$work/app"
  cp -r "$shared/$version" "$work/dotnet/shared/Microsoft.NETCore.App"
  # What only debuggers need.
  rm -f "$work"/dotnet/shared/Microsoft.NETCore.App/*/{libmscordbi,libmscordaccore,libcoreclrtraceptprovider,libclrgc,libclrgcexp}.so
  cp -r "$root/host" "$root/dotnet" "$work/dotnet"
  cp benchmarks/peers/cuda_*.py benchmarks/peers/torch_*.py "$work/peers"
  cp eng/device-check.sh "$work"
  tar cf - -C "$work" . | xz -6 -T0 >"$target"
  rm -rf "$work"
  du -h "$target"
}

check() {
  local logs part status=0
  logs="$(mktemp -d)"
  job() { if run 240 "${@:2}" >"$logs/$1" 2>&1; then echo "passed" >>"$logs/$1"; else echo "FAILED, exit code $?" >>"$logs/$1"; fi; }
  for part in resources check operators networks; do
    job "$part" "$program" "$part" &
  done
  [[ -z "${1:-}" ]] || job conformance polaformer-conformance "$1" --device cuda &
  wait
  for part in "$logs"/*; do
    echo "== ${part##*/}"
    cat "$part"
    [[ "$(tail -1 "$part")" == passed ]] || status=1
  done
  rm -rf "$logs"
  return "$status"
}

measure() {
  local sizes="196 784 3136 12544 50176" limit="${1:-400}" type
  export PYTHONPATH="$here/peers${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
  # shellcheck disable=SC2086
  {
    run 60 "$program" speed $networks || true
    run 90 polaformer reproduce table6 --device cuda --minutes 1 -o "$(mktemp -d)" || true
    for type in bf16 float; do
      run 60 "$program" time "$type" $sizes || true
    done
    python3 -c 'import torch' 2>/dev/null || { echo "PyTorch is not installed: no peers"; return 0; }
    timeout "$limit" python3 "$here/peers/cuda_networks.py" --models $networks || true
    timeout "$limit" python3 "$here/peers/cuda_sequences.py" || true
    timeout "$limit" python3 "$here/peers/cuda_attention.py" bf16 eager,compile,softmax $sizes || true
    timeout "$limit" python3 "$here/peers/cuda_attention.py" float eager,compile $sizes || true
  }
}

# Where the driver's machine has cuBLASLt in PyTorch's packages alone.
library="$(python3 -c 'import nvidia, pathlib; print(next(pathlib.Path(nvidia.__path__[0]).rglob("libcublasLt.so*")).parent)' 2>/dev/null || true)"
[[ -z "$library" ]] || export LD_LIBRARY_PATH="$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export DOTNET_ROOT="$here/dotnet" DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
case "${1:-}" in
  bundle) unset DOTNET_ROOT && bundle "${2:?name the archive}" ;;
  check) check "${2:-}" ;;
  measure)
    nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
    measure "${2:-}"
    ;;
  *)
    sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac
