#!/usr/bin/env bash
# What a compiler needs to be told to compile the modules of fortran/: nothing, but that flang 19 may have arguments of any rank,
# which it compiles well and asks to be told for.
#   scripts/fortran-flags.sh COMPILER
set -euo pipefail
if "$1" --version 2>/dev/null | grep -qE 'flang.* version 19\.'; then echo "-mllvm -allow-assumed-rank"; fi
