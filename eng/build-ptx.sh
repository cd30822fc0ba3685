#!/usr/bin/env bash
# Compiles the kernels to PTX with Debian's clang-19 and packs it into src/PolaFormer.Cuda/Ptx. Run it after a change in Kernels/.
# Each file begins with a hash of the headers and its source, which a test compares; files whose hash is right stay as they are.
# What differs from the PTX for 8.0 in nothing but the line that names the target is not kept a second time, nor are comments and blanks
# that separate nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../src/PolaFormer.Cuda"
clang="${CLANG:-clang-19}"
command -v "$clang" >/dev/null || { echo "$clang is missing; install it with: sudo apt-get install clang-19" >&2; exit 1; }

work="$(mktemp -d)"
trap 'rm -r "$work"' EXIT
compile() {
  local source="$1"
  local name hash target; name="$(basename "$source" .cu)"
  hash="$(cat $(ls Kernels/*.h | LC_ALL=C sort) "$source" | sha256sum | cut -d ' ' -f 1)"
  if [[ -f "Ptx/$name.sm_80.ptx.gz" && "$(zcat "Ptx/$name.sm_80.ptx.gz" | head -n 1 || true)" == "// sources: $hash" ]]; then
    cp "Ptx/$name".sm_*.ptx.gz "$work"
    return
  fi
  # Loops over the channels of wide heads become longer than clang unrolls by itself, and arrays indexed in them would lie in memory.
  local unroll=()
  [[ "$name" != *_128 ]] || unroll=(-mllvm -pragma-unroll-threshold=1000000)
  for target in sm_80 sm_90a; do
    "$clang" -x cuda --cuda-device-only --cuda-gpu-arch="$target" --cuda-feature=+ptx80 -nocudainc -nocudalib -O3 -std=c++20 \
      -Wall -Wno-pass-failed "${unroll[@]}" -S -o "$work/$name.body" "$source"
    { echo "// sources: $hash"; sed '/^[[:space:]]*\/\//d;s/^[[:space:]]*//;s/[[:space:]][[:space:]]*/ /g;s/, /,/g' "$work/$name.body"; } >"$work/$name.$target.ptx"
  done
  cmp -s <(sed 's/^\.target sm_80$/.target sm_90a/' "$work/$name.sm_80.ptx") "$work/$name.sm_90a.ptx" && rm "$work/$name.sm_90a.ptx"
  gzip -n -9 "$work/$name".sm_*.ptx
}
export -f compile; export clang work
printf '%s\n' Kernels/*.cu | xargs -P "$(nproc)" -n 1 bash -euo pipefail -c 'compile "$0"'
rm -f Ptx/*.ptx.gz
mkdir -p Ptx
mv "$work"/*.gz Ptx/
du -cb Ptx/*.gz | tail -n 1
