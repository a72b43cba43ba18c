#!/usr/bin/env bash
# The functions that include/espalier.h declares, one a line, sorted.
set -euo pipefail
header=$(dirname "$0")/../include/espalier.h
sed -nE 's/^[a-z][a-z0-9_ ]*[ *](espalier_[a-z0-9_]+)\(.*/\1/p' "$header" | LC_ALL=C sort
