#!/usr/bin/env bash
# The library's version, from the one place that says it.
set -euo pipefail
cd "$(dirname "$0")/.."
sed -nE 's/.*[vV]ersion.*"([0-9]+\.[0-9]+\.[0-9]+)".*/\1/p' Sources/Espalier/*.swift Sources/EspalierC/*.swift | head -1 | grep .
