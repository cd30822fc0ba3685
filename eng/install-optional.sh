#!/usr/bin/env bash
# Installs what makes programs faster, and what tests need that are skipped without it (Debian's packages). Warns and goes on where that is not possible.
set -uo pipefail

# One line a package: its name, and which tests need it.
packages="
libturbojpeg0         # PolaFormer.Vision: decodes JPEG faster than SkiaSharp does
libspng0              # PolaFormer.Vision: decodes PNG faster than managed code does
libwebp7              # PolaFormer.Vision: decodes WebP faster than SkiaSharp does
qemu-user-static      # eng/test-arm64.sh: runs programs for ARM64
libc6-arm64-cross     # eng/test-arm64.sh: the C library of those programs
libgcc-s1-arm64-cross # eng/test-arm64.sh: the same, compiler support
libstdc++6-arm64-cross # eng/test-arm64.sh: the same, C++
openmpi-bin           # PolaFormer.Cli.Tests: training by several workers
libopenmpi3           # PolaFormer.Distributed: the library of Open MPI
chromium              # tests of the pages of reports
clang-19              # PolaFormer.Cuda.Tests: the CUDA kernels as host code
lld-19                # PolaFormer.Cuda.Tests: its linker
python3-torch         # PolaFormer.Training.Tests: PyTorch goes on from what training saved
"

missing=()
for package in $(sed 's/#.*//' <<<"$packages"); do
  [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

if ((EUID == 0)) && command -v apt-get >/dev/null; then
  echo "installing ${missing[*]} …" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update >/dev/null 2>&1
  # One at a time: a package that is not to be had must not keep the others out.
  for package in "${missing[@]}"; do
    apt-get install -y --no-install-recommends "$package" >/dev/null 2>&1 || echo "warning: $package cannot be installed; the tests that need it are skipped" >&2
  done
else
  echo "warning: some tests are skipped without ${missing[*]}; install them with: sudo apt-get install ${missing[*]}" >&2
fi
exit 0
