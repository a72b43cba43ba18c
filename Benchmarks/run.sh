#!/usr/bin/env bash
# Set up build/bench (programs, a virtual environment with the peers) and run bench.py in it.
#   Benchmarks/run.sh [--quick]      build/lib must be there: make lib
# PyTorch's build without CUDA is taken where pip's index has it (PIP_EXTRA_INDEX_URL may name PyTorch's own index).
set -euo pipefail
cd "$(dirname "$0")/.."
out=build/bench
mkdir -p $out

if ! cmp -s Benchmarks/requirements.txt $out/venv/requirements.txt; then
  echo "setting up $out/venv"
  python3 -m venv --clear $out/venv
  pip=($out/venv/bin/python -m pip --disable-pip-version-check --quiet)
  torch=$(grep '^torch==' Benchmarks/requirements.txt)
  if ! "${pip[@]}" install "$torch+cpu" 2>$out/pip.log; then
    echo "no $torch+cpu in pip's index: installing $torch, which brings CUDA along (some gigabytes)"
  fi
  "${pip[@]}" install -r Benchmarks/requirements.txt
  cp Benchmarks/requirements.txt $out/venv/
fi

libraries=(-Lbuild/lib -lespalier "-Wl,-rpath,$PWD/build/lib")
gcc -O2 -Wall -Wextra Benchmarks/machine.c -o $out/machine -lpthread
gcc -O2 -Wall -Wextra -Iinclude Benchmarks/memory.c -o $out/memory "${libraries[@]}"
"${FC:-gfortran}" -O2 -Ibuild/mod Benchmarks/small_step.f90 -o $out/small_step -Lbuild/lib -lespalier_fortran "${libraries[@]}"

exec $out/venv/bin/python Benchmarks/bench.py "$@"
