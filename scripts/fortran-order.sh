#!/usr/bin/env bash
# The modules of fortran/, one a line, each after those that it uses. Every file is named like its module.
set -euo pipefail
cd "$(dirname "$0")/../fortran"
for source in *.f90; do
  name=${source%.f90}
  echo "$name $name"
  sed -nE 's/^ *use *(::|,|) *(espalier[a-z0-9_]*).*/\2/p' "$source" | while read -r used; do echo "$used $name"; done
done | tsort
