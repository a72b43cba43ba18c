#!/usr/bin/env bash
# What a training step costs, in instructions and allocations, against Tests/StepCost/allowed: counts repeat where times do
# not. Fails when a step of the library in build/lib takes over 5 % more instructions than written there, or allocates.
#   scripts/check-step-cost.sh [--record]     --record writes what is found into the file
# The counts are of the AVX2 kernels on one thread; on a machine without AVX2 there is nothing to compare.
set -euo pipefail
cd "$(dirname "$0")/.."
allowed=Tests/StepCost/allowed
out=build/step-cost
margin=5
steps=100

if ! grep -qw avx2 /proc/cpuinfo; then
  echo "check-step-cost: no AVX2 here, nothing to compare"
  exit 0
fi
mkdir -p $out
gcc -std=c99 -O1 -Wall -Wextra -Werror -pedantic -Iinclude Tests/StepCost/step_cost.c -o $out/step_cost \
  -Lbuild/lib -Wl,-rpath,"$PWD/build/lib" -lespalier

# Which kernels run must not depend on the machine.
export ESPALIER_ISA=avx2 ESPALIER_NUM_THREADS=1 OPENBLAS_CORETYPE=Haswell OPENBLAS_NUM_THREADS=1

# instructions NETWORK STEPS
instructions() {
  timeout 300 valgrind --tool=callgrind --callgrind-out-file=/dev/null $out/step_cost "$@" 2>&1 >/dev/null |
    sed -nE 's/.*Collected : ([0-9]+).*/\1/p'
}

found=$out/found
{
  echo "# Instructions and allocations of a training step; scripts/check-step-cost.sh counts them and --record writes them."
  for network in adam-batch-32 sgd-batch-1; do
    few=$(instructions $network $steps)
    many=$(instructions $network $((2 * steps)))
    [ -n "$few" ] && [ -n "$many" ] || { echo "check-step-cost: callgrind counted nothing for $network" >&2; exit 1; }
    echo "$network $(((many - few) / steps)) $($out/step_cost $network $steps)"
  done
} >$found

if [ "${1:-}" = --record ]; then
  cp $found $allowed
  cat $allowed
  exit 0
fi

awk -v margin=$margin '
  /^#/ { next }
  NR == FNR { instructions[$1] = $2; allocations[$1] = $3; next }
  {
    most = int(instructions[$1] * (1 + margin / 100))
    printf "%s: %d instructions a step, %d allowed; ", $1, $2, most
    printf "%d allocations in 100 steps, %d allowed\n", $3, allocations[$1]
    if (!($1 in instructions) || $2 > most || $3 > allocations[$1]) bad = 1
    else if ($2 < instructions[$1] * 0.9) print $1 ": a tenth fewer than written down; --record keeps that"
  }
  END { exit bad }' $allowed $found
