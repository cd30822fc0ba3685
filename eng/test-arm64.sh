#!/usr/bin/env bash
# Tests the kernels for ARM64 (NEON) on another processor, under qemu: some tests of kernels and some conformance cases.
# Closes with one line: N passed, N failed, N skipped.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tests=(SoftmaxTests LayerNormTests HalfConversionTests)
cases=(F_math A_modules/pvt_pola A_modules/pp_pola)
fixtures=../shared/fixtures

passed=0 failed=0 skipped=0
finish() { echo "$passed passed, $failed failed, $skipped skipped"; ((failed == 0)); exit; }
skip() { echo "skip  ARM64: $1"; skipped=$((skipped + 1)); }
fail() { echo "FAIL  ARM64: $1"; failed=$((failed + 1)); }

# Builds a project with a runtime of its own into bin/arm64. The lock files of the sources do not know that kind of machine.
publish() {
  dotnet publish "$1" -c Release -r linux-arm64 --self-contained -p:NuGetLockFilePath=obj/arm64.lock.json -o "$1/bin/arm64" -v quiet -nologo 2>&1
}

# Runs a program and adds the counts of its last line.
run() {
  local output summary
  output="$(DOTNET_EnableWriteXorExecute=0 qemu-aarch64-static -L /usr/aarch64-linux-gnu "$@" 2>&1)"
  summary="$(tail -n 1 <<<"$output")"
  if [[ "$summary" =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    grep -iE '^(skip|FAIL) ' <<<"$output"
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
  else
    tail -n 30 <<<"$output"
    fail "$1 did not finish"
  fi
}

if [[ "$(uname -m)" == aarch64 ]]; then skip "this machine is one; the other tests have run its kernels"; finish; fi
for file in "$(command -v qemu-aarch64-static)" /usr/aarch64-linux-gnu/lib/{ld-linux-aarch64.so.1,libstdc++.so.6,libgcc_s.so.1}; do
  [[ -e "$file" ]] || { skip "qemu or the C libraries for ARM64 are missing; eng/install-optional.sh installs them"; finish; }
done
for project in tests/PolaFormer.Tensors.Tests tests/PolaFormer.Conformance; do
  log="$(publish "$project")" && continue
  # The runtime for ARM64 is a package of the registry.
  if grep -qE 'NU110[12]|NU1301' <<<"$log"; then skip "the registry does not give the runtime for ARM64"; finish; fi
  printf '%s\n' "$log"
  fail "$project does not build"
  finish
done

run tests/PolaFormer.Tensors.Tests/bin/arm64/PolaFormer.Tensors.Tests --plain "${tests[@]}"
if [[ -d "$fixtures" ]]; then
  for case in "${cases[@]}"; do run tests/PolaFormer.Conformance/bin/arm64/polaformer-conformance "$fixtures" --filter "$case"; done
else
  skip "the reference tensors are not beside the repository ($fixtures)"
fi
finish
