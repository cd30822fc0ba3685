#!/usr/bin/env bash
# Runs every command line and compiles every C# snippet of the README and the guides, in a folder with small data under the names that they use.
# Training is cut to one epoch, generated data to a few rows; what needs data, weights, a network or a GPU that are not here is named and left out.
# Ends with one line: N passed, N failed, N skipped.
# usage: docs/check.sh [--quick] [PAGE…]   all pages by default; --quick runs the README's command lines alone, and compiles the C# of all pages
set -uo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT
quick=false
if [[ "${1:-}" == --quick ]]; then quick=true; shift; fi
pages=("$@")
((${#pages[@]})) || { cd "$here"; pages=(README.md docs/*.md); }
run_pages=("${pages[@]}")
if $quick; then run_pages=(README.md); fi
passed=0 failed=0 skipped=0
seconds_each=600
pass() { passed=$((passed + 1)); echo "ok: $1"; }
fail() { failed=$((failed + 1)); printf 'FAILED: %s\n%s\n' "$1" "$(tail -n 20 <<<"$2")"; }
skip() { skipped=$((skipped + 1)); echo "skipped: $1 ($2)"; }

# POLAFORMER names another program than the launcher, such as one that is built already.
polaformer="${POLAFORMER:-$here/polaformer}"
"$polaformer" --version >/dev/null || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }

# The names that the pages use.
prepare() {
  cd "$work"
  ln -s "$polaformer" polaformer
  ln -s "$here/samples" "$here/configs" "$here/checkpoints" .
  local image shipped
  shipped="$here/checkpoints/polaformer_pp_photographs.safetensors"
  for image in photo photograph street; do cp "$here/samples/images/airplane.jpg" "$image.jpg"; done
  mkdir -p photographs/cat photographs/bird photos
  local i name
  for i in 1 2 3 4 5 6; do for name in cat bird; do cp "$here/samples/images/$name.jpg" "photographs/$name/$i.jpg"; done; done
  cp "$here"/samples/images/*.jpg photos
  cp "$shipped" model.safetensors
  ./polaformer convert model.safetensors model.pth >/dev/null
  seq -f 'class %g' 0 9 > classes.txt
  local shared="$here/../shared/data"
  if [[ -d "$shared/hymenoptera" ]]; then ln -s "$shared/hymenoptera" hymenoptera; fi
}

# The command lines of a page's blocks without a language, lines that a backslash continues as one.
lines_of() { awk '/^```/ { inside = !open && $0 == "```"; open = !open; next } inside { if (sub(/\\$/, "")) { held = held $0; next } print held $0; held = "" }' "$here/$1" | grep '^\./polaformer ' | sed -E 's/ +#.*$//'; }

# Why a line cannot run here; nothing where it can.
missing() {
  local word before=""
  case "$1" in
    *"hf://"*|*" fetch"*) echo "a network"; return ;;
    *"--device cuda"*) echo "a GPU"; return ;;
    *" conformance "*) echo "recorded cases"; return ;;
    *" serve"*) echo "a client"; return ;;
    *" reproduce table"*|*" train --cfg configs/long_range"*|*"configs/detection/retinanet_shapes"*) echo "hours"; return ;;
  esac
  for word in $1; do
    case "$before" in
      --data|--checkpoint|--pretrained|--cfg|--labels|--plugin|--half|convert|inspect|predict|attention|entropy|gates) [[ "$word" == -* || -e "$word" ]] || { echo "$word"; return; } ;;
    esac
    before="$word"
  done
}

# The same line on few data.
bounded() {
  case "$1" in
    *" train "*"--epochs"*) sed -E 's/--epochs [0-9]+/--epochs 1/' <<<"$1" ;;
    *" train "*) sed -E 's/ train / train --epochs 1 /' <<<"$1" ;;
    *" longrange generate listops"*) echo "$1 --train 64 --val 16 --test 16" ;;
    *" longrange generate pathfinder"*) echo "$1 --count 64" ;;
    *) echo "$1" ;;
  esac
}

run_lines() { # PAGE
  local line reason output
  while IFS= read -r line; do
    reason="$(missing "$line")"
    if [[ -n "$reason" ]]; then skip "$1: $line" "needs $reason"; continue; fi
    if output="$(timeout "$seconds_each" bash -c "$(bounded "$line")" 2>&1 </dev/null)"; then pass "$1: $line"; else fail "$1: $line" "$output"; fi
  done < <(lines_of "$1")
}

# What stands before a snippet that goes on from code of the reader's.
before() {
  case "$1" in
    docs/analysis.md) echo 'VisionModel model = ModelRegistry.Find("polaformer_pp_cifar").Create(); model.Initialize(0); model.Evaluate(); Tensor image = Tensor.Zeros([1, 32, 32, 3]); var photograph = new PolaFormer.Vision.Image(32, 32);' ;;
  esac
}

# Every snippet is a method of a class of its own; types of their own are held by tests.
write_snippets() {
  mkdir -p snippets
  {
    echo '<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net10.0</TargetFramework><OutputType>Library</OutputType><Nullable>enable</Nullable><ImplicitUsings>enable</ImplicitUsings></PropertyGroup><ItemGroup>'
    for project in Analysis Cuda DependencyInjection Detection LongRange Onnx Pipelines Segmentation Training; do echo "<ProjectReference Include=\"$here/src/PolaFormer.$project/PolaFormer.$project.csproj\" />"; done
    echo "<Compile Include=\"$here/tests/PolaFormer.Training.Tests/SequenceTask.cs\" /></ItemGroup></Project>"
  } > snippets/snippets.csproj
  local page number=0 file
  for page in "${pages[@]}"; do
    while IFS= read -r -d '' snippet; do
      grep -qE '^(public|internal|namespace|using OwnAttention)\b' <<<"$snippet" && continue
      number=$((number + 1))
      file="snippets/Snippet$number.cs"
      {
        echo "// $page"
        grep '^using [A-Z][A-Za-z.]*;' <<<"$snippet"
        printf 'using %s;\n' PolaFormer.Analysis PolaFormer.Checkpoints PolaFormer.DependencyInjection PolaFormer.LongRange PolaFormer.Models PolaFormer.NN.Attention PolaFormer.Pipelines PolaFormer.Tensors PolaFormer.Training PolaFormer.Training.Configuration PolaFormer.Training.Optimization PolaFormer.Training.Tests
        echo "internal static class Snippet$number { public static async Task Run(string[] args) {"
        before "$page"
        grep -v '^using [A-Z][A-Za-z.]*;' <<<"$snippet"
        echo "await Task.CompletedTask; } }"
      } | awk '!/^using / || !seen[$0]++' > "$file"
    done < <(awk 'BEGIN { ORS = "" } /^```csharp/ { inside = 1; next } /^```/ { if (inside) printf "%c", 0; inside = 0; next } inside { print $0 "\n" }' "$here/$page")
  done
  echo "$number" > snippets/count
}

check_snippets() {
  write_snippets
  local count output
  count="$(<snippets/count)"
  ((count)) || return 0
  if output="$(cd snippets && dotnet build -c Release -v quiet -nologo -p:NoWarn='CS0105%3BCS8321%3BCS0436' 2>&1)"; then
    passed=$((passed + count)); echo "ok: $count C# snippets compile"
  else
    fail "C# snippets" "$output"
  fi
}

prepare
for page in "${run_pages[@]}"; do run_lines "$page"; done
check_snippets
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
