#!/usr/bin/env bash
# Compiles the kernels to PTX with Debian's clang-19 and packs it into src/PolaFormer.Cuda/Ptx. Run it after a change in Kernels/.
# Each file begins with a hash of the headers and its source, which a test compares; files whose hash is right stay as they are.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../src/PolaFormer.Cuda"
clang="${CLANG:-clang-19}"
command -v "$clang" >/dev/null || { echo "$clang is missing; install it with: sudo apt-get install clang-19" >&2; exit 1; }

work="$(mktemp -d)"
trap 'rm -r "$work"' EXIT
compile() {
  local source="$1" target="$2"
  local name hash; name="$(basename "$source" .cu).$target.ptx"
  hash="$(cat $(ls Kernels/*.h | LC_ALL=C sort) "$source" | sha256sum | cut -d ' ' -f 1)"
  if [[ -f "Ptx/$name.gz" && "$(zcat "Ptx/$name.gz" | head -n 1 || true)" == "// sources: $hash" ]]; then
    cp "Ptx/$name.gz" "$work/$name.gz"
    return
  fi
  "$clang" -x cuda --cuda-device-only --cuda-gpu-arch="$target" --cuda-feature=+ptx80 -nocudainc -nocudalib -O3 -std=c++20 \
    -Wall -Wno-pass-failed -S -o "$work/$name.body" "$source"
  { echo "// sources: $hash"; grep -v '^[[:space:]]*//' "$work/$name.body"; } | gzip -n -9 >"$work/$name.gz"
}
export -f compile; export clang work
for target in sm_80 sm_90a; do for source in Kernels/*.cu; do echo "$source $target"; done; done |
  xargs -P "$(nproc)" -n 2 bash -euo pipefail -c 'compile "$0" "$1"'
rm -f Ptx/*.ptx.gz
mkdir -p Ptx
mv "$work"/*.gz Ptx/
du -cb Ptx/*.gz | tail -n 1
