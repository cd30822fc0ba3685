#!/usr/bin/env bash
# Packs the libraries and the tool as built, installs them from a folder into empty projects, and runs there what the README shows: predict,
# train, C#; the C# again trimmed and compiled ahead of time, a detector too, without a warning of either. Ends with one line: N passed, N failed, N skipped.
# usage: eng/test-packages.sh [--no-native]   leaves out trimming and ahead-of-time compilation, which take minutes
set -uo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT
# A version of its own, so that no package of another build is taken from NuGet's cache.
version="0.2.0-test.$(date +%s)"
passed=0 failed=0 skipped=0
check() { # NAME COMMAND…: runs it, and shows its output where it fails
  local name="$1" output; shift
  if output="$("$@" 2>&1)"; then passed=$((passed + 1)); echo "ok: $name"; else failed=$((failed + 1)); printf 'FAILED: %s\n%s\n' "$name" "$output" | tail -n 40; fi
}
finish() { rm -rf "$HOME"/.nuget/packages/polaformer*/"$version"; echo "$passed passed, $failed failed, $skipped skipped"; ((failed == 0)); exit; }

pack() { dotnet pack "$here/PolaFormer.slnx" -c Release --no-build -o "$work/packages" -p:PackageVersion="$version" -v quiet -nologo; }
check "pack" pack
((failed)) && finish

expected="PolaFormer PolaFormer.Analysis PolaFormer.Checkpoints PolaFormer.Cuda PolaFormer.DependencyInjection PolaFormer.Detection PolaFormer.Distributed PolaFormer.Files PolaFormer.Hub PolaFormer.LongRange PolaFormer.Measurement PolaFormer.Models PolaFormer.NN PolaFormer.Onnx PolaFormer.Pipelines PolaFormer.Reproduction PolaFormer.Segmentation PolaFormer.Server PolaFormer.Tensors PolaFormer.Tool PolaFormer.Training PolaFormer.Vision"
packed="$(cd "$work/packages" && ls *.nupkg | sed "s/\.$version\.nupkg//" | tr '\n' ' ' | sed 's/ $//')"
check "only what should be is packed: $packed" test "$packed" = "$expected"

cat > "$work/nuget.config" <<END
<configuration>
  <packageSources>
    <add key="built" value="$work/packages" />
  </packageSources>
</configuration>
END

project() { # FOLDER PACKAGE: an empty program with the README's lines
  mkdir -p "$work/$1"
  cat > "$work/$1/$1.csproj" <<END
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
    <InvariantGlobalization>true</InvariantGlobalization>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="$2" Version="$version" />
  </ItemGroup>
</Project>
END
  # The snippet as it stands in the README, on a file that is there.
  sed -n '/^```csharp/,/^```/p' "$here/README.md" | sed '1d;$d' |
    sed "s#\"model.safetensors\"#\"$here/checkpoints/polaformer_pp_photographs.safetensors\"#; s#\"photo.jpg\"#\"$here/samples/images/airplane.jpg\"#" > "$work/$1/Program.cs"
}
names_airplane() { local output; output="$("$@")" && echo "$output" && grep -q airplane <<<"${output%%$'\n'*}"; }
finds_shapes() { local output; output="$("$@")" && echo "$output" && grep -q '^star ' <<<"$output" && grep -q '^cross ' <<<"$output"; }
builds() { (cd "$work/$1" && dotnet build -c Release -v quiet -nologo); }
publishes() { # FOLDER OPTION…: with no warning
  local output; (cd "$work/$1" && output="$(dotnet publish -c Release -o out "${@:2}" -v quiet -nologo 2>&1)"; code=$?; echo "$output"; ((code == 0)) && ! grep -q 'warning IL' <<<"$output"); }

project Whole PolaFormer
check "PolaFormer installs" builds Whole
check "C#" names_airplane dotnet "$work/Whole/bin/Release/net10.0/Whole.dll"

# The guide's host, whole.
mkdir -p "$work/Hosted"
sed 's#Microsoft.NET.Sdk"#Microsoft.NET.Sdk.Web"#; s#PackageReference Include="PolaFormer"#PackageReference Include="PolaFormer.DependencyInjection"#' "$work/Whole/Whole.csproj" > "$work/Hosted/Hosted.csproj"
awk '/^```csharp/ { text = ""; inside = 1; next } /^```/ { if (inside && text ~ /AddPolaFormer/) printf "%s", text; inside = 0 } inside { text = text $0 "\n" }' "$here/docs/from-csharp.md" > "$work/Hosted/Program.cs"
check "AddPolaFormer() in a host" builds Hosted

tool() { (cd "$work" && dotnet tool install PolaFormer.Tool --tool-path "$work/tool" --version "$version" --configfile "$work/nuget.config"); }
check "the tool installs" tool
check "predict" names_airplane bash -c "'$work/tool/polaformer' predict '$here/samples/images/airplane.jpg' | tail -n +2"
mkdir -p "$work/photographs/cat" "$work/photographs/bird"
for i in 1 2 3 4; do for name in cat bird; do cp "$here/samples/images/$name.jpg" "$work/photographs/$name/$i.jpg"; done; done
check "train" "$work/tool/polaformer" train --data "$work/photographs" --output "$work/mine" --epochs 1

if [[ "${1:-}" == --no-native ]]; then
  skipped=$((skipped + 6))
else
  kind="linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')"
  for form in Trimmed Aot; do
    project $form PolaFormer.Pipelines
    check "publish, $form" publishes $form -r "$kind" -p:Publish$form=true --self-contained
    check "C#, $form" names_airplane "$work/$form/out/$form"
  done

  # What a detector's checkpoint says of it is read by code that the compiler made.
  project Detect PolaFormer.Detection
  cat > "$work/Detect/Program.cs" <<END
using PolaFormer.Detection;

var detector = ObjectDetector.Load("$here/checkpoints/retinanet_shapes.safetensors");
ImageDetections found = detector.Detect("$here/samples/scenes/shapes.png");
for (int i = 0; i < found.Count; i++)
    Console.WriteLine(\$"{detector.Categories[found.Labels[i]].Name} {found.Scores[i]:P0}");
END
  check "publish, a detector ahead of time" publishes Detect -r "$kind" -p:PublishAot=true --self-contained
  check "a detector ahead of time" finds_shapes "$work/Detect/out/Detect"
fi
finish
