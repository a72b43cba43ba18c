#!/bin/bash
# Train on MNIST with 3 seeds, 3 sparsities and 3 methods and tabulate the test accuracies of the final epoch.
# Takes about half an hour on 2 cores. SEEDS, DENSITIES and METHODS choose less; other arguments go to the program: with
# validate=t the accuracies are those on training pictures that are held out, by which the program's recipe was chosen, with
# other seeds than these.
set -euo pipefail
cd "$(dirname "$0")/.."
program=build/bin/mnist
[ -x "$program" ] || { echo "mnist-table: build it first: make $program" >&2; exit 1; }
directory=$(scripts/fetch-mnist.sh)
for density in ${DENSITIES:-0.1 0.05 0.02}; do
  for method in ${METHODS:-static set rigl}; do
    for seed in ${SEEDS:-11 12 13}; do
      last=$("$program" data=mnist directory="$directory" pictures= density="$density" method="$method" seed="$seed" "$@" |
        tail -n 1)
      echo "$density $method $seed: $last" >&2
      echo "$density $method $last"
    done
  done
done | awk '
  # density method test accuracy A sparsity S seconds T
  { key = sprintf("%.2f  %-8s", 1 - $1, $2)
    if (!(key in runs)) { order[++keys] = key; worst[key] = 1 }
    runs[key]++; sum[key] += $5; time[key] += $9
    if ($5 < worst[key]) worst[key] = $5 }
  END {
    print "sparsity method   runs  mean    worst   seconds"
    for (i = 1; i <= keys; i++) {
      k = order[i]
      printf "%s  %6d  %.4f  %.4f  %7.1f\n", k, runs[k], sum[k] / runs[k], worst[k], time[k] / runs[k]
    }
  }'
