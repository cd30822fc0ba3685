#!/usr/bin/env bash
# Fetches the chart library of the training report, uPlot (MIT), in the version named here, checks it, and puts what the report
# embeds into src/PolaFormer.Training/Reporting/Assets. Run it to renew the files; a build needs only those committed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=1.6.32
sha512='KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw=='
assets=src/PolaFormer.Training/Reporting/Assets

folder="$(mktemp -d)"
trap 'rm -r "$folder"' EXIT
(cd "$folder" && npm pack --silent "uplot@$version" >/dev/null)
archive="$folder/uplot-$version.tgz"
[[ "$(openssl dgst -sha512 -binary "$archive" | base64 -w 0)" == "$sha512" ]] || { echo "uplot $version is not the archive expected; nothing was changed" >&2; exit 1; }
tar -xzf "$archive" -C "$folder"
install -m 644 "$folder/package/dist/uPlot.iife.min.js" "$folder/package/dist/uPlot.min.css" "$assets"
install -m 644 "$folder/package/LICENSE" "$assets/uPlot.LICENSE"
