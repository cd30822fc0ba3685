#!/usr/bin/env bash
# Installs ONNX Runtime for the tests of the exporter, which are skipped without it. The package's own install script is
# left out: it only fetches what graphics cards need.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
npm ci --ignore-scripts
