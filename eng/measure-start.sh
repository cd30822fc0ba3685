#!/usr/bin/env bash
# Size and time of start of a program that names one photograph (samples/ClassifyImage), built three ways: just-in-time, ahead of time for the
# runtime (ReadyToRun), and as native code. Prints a table in Markdown: megabytes of the folder, and the median of the runs, process start to end.
# usage: eng/measure-start.sh [RUNS]
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
runs="${1:-15}"
work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) kind=linux-x64 ;;
  Linux-aarch64) kind=linux-arm64 ;;
  Darwin-arm64) kind=osx-arm64 ;;
  *) echo "no such kind of machine is measured" >&2; exit 1 ;;
esac
checkpoint="$here/checkpoints/polaformer_pp_photographs.safetensors"
image="$here/samples/images/airplane.jpg"

publish() { # NAME OPTION…
  dotnet publish "$here/samples/ClassifyImage" -c Release -r "$kind" -o "$work/$1" -p:NuGetLockFilePath="$work/$1.lock.json" -p:DebugType=none -v quiet -nologo "${@:2}" >"$work/$1.log" 2>&1 || { tail -n 20 "$work/$1.log" >&2; return 1; }
}
median_ms() { # COMMAND…
  "$@" >/dev/null
  local i start
  for ((i = 0; i < runs; i++)); do
    start="$(date +%s%N)"
    "$@" >/dev/null
    echo "$((($(date +%s%N) - start) / 1000))"
  done | sort -n | awk '{ t[NR] = $1 } END { printf "%.0f", t[int((NR + 1) / 2)] / 1000 }'
}
row() { # TITLE FOLDER
  local program
  program="$(du -k "$work/$2/ClassifyImage" | cut -f 1)"
  echo "| $1 | $(du -sk "$work/$2" | awk '{ printf "%.1f", $1 / 1024 }') | $(awk -v k="$program" 'BEGIN { printf "%.1f", k / 1024 }') | $(median_ms "$work/$2/ClassifyImage" "$checkpoint" "$image") |"
}

echo "| build | folder, MB | executable, MB | start to answer, ms |"
echo "|---|---|---|---|"
publish jit --self-contained false && row "just-in-time" jit
publish ready --self-contained false -p:PublishReadyToRun=true && row "ReadyToRun" ready
# What the program does not reach may use reflection; what it reaches is checked where the packages are tried out.
publish native -p:PublishAot=true -p:EnableTrimAnalyzer=false -p:EnableAotAnalyzer=false -p:EnableSingleFileAnalyzer=false -p:IlcTreatWarningsAsErrors=false && row "native (AOT)" native
