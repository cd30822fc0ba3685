#!/usr/bin/env bash
# Checks and times the CUDA device on the GPU of a machine that has NVIDIA's driver and needs neither .NET nor a network:
#   eng/device-check.sh bundle FILE.tar.xz         here: programs, .NET's runtime and this script in an archive of about 30 MB
#   FOLDER/device-check.sh all [CASES [SECONDS]]   there, where it is unpacked: the following two, in so many seconds together (460)
#   FOLDER/device-check.sh check [CASES]           registers and spills of the kernels, kernels against double precision, operators,
#                                                  networks and 50 steps of training against the processor and as CUDA graphs, and the
#                                                  recorded cases below CASES (tests/Fixtures); beside each other, two to four minutes
#   FOLDER/device-check.sh measure [SECONDS]       times of ours and, where PyTorch is installed, of the same in PyTorch
# It ends with exit code 0 where everything passed, 1 where a check failed, 2 where there is no GPU that can be used.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
program=PolaFormer.Cuda.DeviceCheck
networks="pola_pvt_tiny polaformer_pp_b2"
deadline=0

# Seconds until the end, 0 after it; as many as are wanted at most.
left() {
  local rest=$((deadline - SECONDS))
  ((rest < $1)) || rest="$1"
  echo "$((rest > 0 ? rest : 0))"
}

# A program of the archive with a limit in seconds.
run() { timeout "$1" "$here/dotnet/dotnet" "$here/app/$2.dll" "${@:3}"; }

# Tells what is timed, or that no time is left for it, and goes on whatever becomes of it.
step() {
  local most="$1" seconds status=0
  seconds="$(left "$most")"
  echo "== ${*:2} (at most $seconds s)"
  if ((seconds < 5)); then
    echo "skipped: no time is left"
    return 0
  fi
  case "$2" in
    *.py) timeout "$seconds" python3 "$here/peers/$2" "${@:3}" || status=$? ;;
    *) run "$seconds" "${@:2}" || status=$? ;;
  esac
  case "$status" in
    0) ;;
    124) echo "ended after $seconds s" ;;
    *) echo "FAILED, exit code $status" ;;
  esac
}

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
    tar cf - -C "$name/bin/Release/net10.0" --exclude='*.pdb' --exclude='*.xml' --exclude=./runtimes --exclude=./launcher --exclude='./[Ff]ixtures' --exclude='./linux-*' . | tar xf - -C "$work/app"
  done
  cp src/PolaFormer.Cli/bin/Release/net10.0/runtimes/linux-x64/native/*.so "$work/app"
  cp -r "$shared/$version" "$work/dotnet/shared/Microsoft.NETCore.App"
  # What only debuggers need, and what none of the programs loads.
  rm -f "$work"/dotnet/shared/Microsoft.NETCore.App/*/{libmscordbi,libmscordaccore,libcoreclrtraceptprovider,libclrgc,libclrgcexp}.so \
    "$work"/dotnet/shared/Microsoft.NETCore.App/*/{Microsoft.CSharp,Microsoft.VisualBasic,Microsoft.VisualBasic.Core,System.Data.Common}.dll \
    "$work"/dotnet/shared/Microsoft.NETCore.App/*/System.{Linq.AsyncEnumerable,Linq.Parallel,Threading.Tasks.Dataflow}.dll \
    "$work"/dotnet/shared/Microsoft.NETCore.App/*/System.{Net.HttpListener,Net.Mail,Net.Quic,Private.DataContractSerialization,Private.Xml,Private.Xml.Linq}.dll
  cp -r "$root/host" "$root/dotnet" "$work/dotnet"
  cp benchmarks/peers/cuda_*.py benchmarks/peers/torch_*.py "$work/peers"
  cp eng/device-check.sh "$work"
  tar cf - -C "$work" . | xz -6 -T0 >"$target"
  rm -rf "$work"
  du -h "$target"
}

# Which GPU there is; without one, its line and exit code 2.
device() {
  run 60 "$program" device || exit 2
  nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null || true
}

check() {
  local logs part status=0 seconds
  logs="$(mktemp -d)" seconds="$(left 240)"
  job() { if run "$seconds" "${@:2}" >"$logs/$1" 2>&1; then echo "passed" >>"$logs/$1"; else echo "FAILED, exit code $?" >>"$logs/$1"; fi; }
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
  local sizes="196 784 3136 12544 50176" tables seconds
  tables="$(mktemp -d)"
  export PYTHONPATH="$here/peers${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
  # What says most comes first, as the time may not suffice for all.
  # shellcheck disable=SC2086
  {
    step 60 "$program" speed $networks
    step 60 "$program" time bf16 $sizes
    if python3 -c 'import torch' 2>/dev/null; then
      # Compilation may take what the measurements leave.
      seconds="$(left 180)"
      step 180 cuda_networks.py --prepare "$((seconds > 90 ? seconds - 70 : 20))" --models $networks
      step 60 cuda_attention.py bf16 eager,compile,softmax $sizes
    else
      echo "PyTorch is not installed: no peers"
    fi
    step 90 polaformer reproduce table6 --device cuda --minutes 1 -o "$tables"
    step 60 "$program" time float $sizes
    if python3 -c 'import torch' 2>/dev/null; then
      step 90 cuda_sequences.py
      step 60 cuda_attention.py float eager,compile $sizes
    fi
  }
  rm -rf "$tables"
}

# Where the driver's machine has cuBLASLt in PyTorch's packages alone.
library="$(python3 -c 'import nvidia, pathlib; print(next(pathlib.Path(nvidia.__path__[0]).rglob("libcublasLt.so*")).parent)' 2>/dev/null || true)"
[[ -z "$library" ]] || export LD_LIBRARY_PATH="$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
case "${1:-}" in
  check | measure | all)
    [[ -x "$here/dotnet/dotnet" ]] || { echo "$here holds no programs: make the archive with 'device-check.sh bundle FILE.tar.xz', unpack it and run the script in it." >&2; exit 2; }
    export DOTNET_ROOT="$here/dotnet" DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
    device
    ;;
esac
case "${1:-}" in
  bundle) bundle "${2:?name the archive}" ;;
  check)
    deadline=$((SECONDS + 300))
    check "${2:-}"
    ;;
  measure)
    deadline=$((SECONDS + ${2:-460}))
    measure
    ;;
  all)
    deadline=$((SECONDS + ${3:-460})) failed=0
    check "${2:-}" || failed=1
    measure
    exit "$failed"
    ;;
  *)
    sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac
