#!/usr/bin/env bash
# Compares the public API of the libraries with the text committed in eng/api, and fails where it differs, with the difference. A change that is
# meant is committed with its text, so that a review sees it; what programs may use and no longer can is written into CHANGELOG.md too.
# usage: eng/check-api.sh [--renew]   writes the text of the libraries as they are
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT
cd "$here"

# The command line refers to all libraries but one. The programs and the package of packages have no API.
dotnet build src/PolaFormer.Cli -c Release -v quiet -nologo
dotnet build src/PolaFormer.DependencyInjection -c Release -v quiet -nologo
libraries=(src/PolaFormer.DependencyInjection/bin/Release/net10.0/PolaFormer.DependencyInjection.dll)
for project in src/*/; do
  name="$(basename "$project")"
  case "$name" in PolaFormer|PolaFormer.Cli|PolaFormer.DependencyInjection|PolaFormer.Server) continue ;; esac
  libraries+=("src/PolaFormer.Cli/bin/Release/net10.0/$name.dll")
done

mkdir "$work/api"
dotnet run --file eng/public-api.cs -- "$work/api" "${libraries[@]}"
if [[ "${1:-}" == --renew ]]; then
  mkdir -p eng/api
  rm -f eng/api/*.txt
  cp "$work"/api/*.txt eng/api/
  echo "eng/api has the API of ${#libraries[@]} libraries; look at what changed: git diff eng/api"
  exit 0
fi
if diff -ru eng/api "$work/api"; then
  echo "${#libraries[@]} libraries have the API of eng/api"
else
  echo "FAILED: the public API differs from eng/api; where that is meant: eng/check-api.sh --renew"
  exit 1
fi
