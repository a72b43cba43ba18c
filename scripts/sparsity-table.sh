#!/usr/bin/env bash
# Test errors on MNIST, 784-300-100-10, of every way to choose a pattern, at four densities with three seeds: the table of
# docs/Sparsity.md, into build/sparsity/table.md. About three quarters of an hour on 2 cores.
# METHODS, DENSITIES and SEEDS choose less, JOBS how many run at a time. Runs that are in build/sparsity/runs already are not made again.
set -euo pipefail
cd "$(dirname "$0")/.."
out=build/sparsity
mkdir -p $out
program=$out/sparsity_table
"${FC:-gfortran}" -O2 -Ibuild/mod -J$out examples/fortran/digit_images.f90 Benchmarks/sparsity_table.f90 -o $program \
  -Lbuild/lib -lespalier_fortran -lespalier -Wl,-rpath,"$PWD/build/lib"
directory=$(scripts/fetch-mnist.sh)
methods=${METHODS:-static set rigl snfs itop granet mest top_kast snip grasp synflow gradual lottery}
densities=${DENSITIES:-0.01 0.02 0.05 0.1}
seeds=${SEEDS:-1 2 3}

# A line a run: its arguments, to be quoted as a namelist wants it.
runs() {
  local seed density method
  for seed in $seeds; do
    for density in $densities; do
      for method in $methods; do
        grep -qs "^$method  *$density  *$seed  " $out/runs || echo "$method $density $seed"
      done
    done
  done
  # Evci et al. 2020, appendix B: what a network weighs without its dead units, pictures moved by up to a pixel in training.
  for seed in $seeds; do
    grep -qs "^compressed  *$seed  " $out/compressed || echo "compressed 0.0237 $seed"
  done
}

# run METHOD DENSITY SEED: each on one thread.
run() {
  local name=$1 density=$2 seed=$3
  if [ "$name" = compressed ]; then
    "$program" "directory='$directory'" "method='rigl'" density="$density" seed="$seed" shift=1 epochs=150 \
      weight_decay=2e-4 | awk -v s="$seed" '{ print "compressed", s, " ", $4, $5, $6 }' >>$out/compressed
  else
    "$program" "directory='$directory'" "method='$name'" density="$density" seed="$seed" |
      awk -v d="$density" '{ print $1, d, $3, " ", $4, $5, $6 }' >>$out/runs
  fi
}
export -f run
export program directory out
runs | xargs -P "${JOBS:-$(nproc)}" -L 1 bash -c 'run "$@"' run

{
  awk -v methods="$methods" -v densities="$densities" '
    { key = $1 " " $2; n[key]++; sum[key] += $4; if (!(key in worst) || $4 > worst[key]) worst[key] = $4 }
    END {
      m = split(methods, method); d = split(densities, density)
      header = "| method |"; rule = "|---|"
      for (j = 1; j <= d; j++) { header = header " " density[j] " |"; rule = rule "---|" }
      print header; print rule
      for (i = 1; i <= m; i++) {
        row = "| " method[i] " |"
        for (j = 1; j <= d; j++) {
          key = method[i] " " density[j]
          row = row (key in n ? sprintf(" %.2f (%.2f) |", sum[key] / n[key], worst[key]) : " |")
        }
        print row
      }
    }' $out/runs
  echo
  awk '{ printf "RigL without dead units, seed %s: error %.2f %%, %d connections, %d bytes\n", $2, $3, $4, $5 }' $out/compressed
} | tee $out/table.md
