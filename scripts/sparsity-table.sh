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
methods=${METHODS:-static set rigl snfs itop granet mest top_kast snip grasp grasp_redrawn synflow gradual lottery}
densities=${DENSITIES:-0.01 0.02 0.05 0.1}
seeds=${SEEDS:-1 2 3}

# recipe NAME: what differs from the common recipe, words of a namelist.
recipe() {
  case $1 in
    grasp_redrawn) echo "method='grasp' redraw=t" ;;
    snip_own) echo "method='snip' shift=1 epochs=100 weight_decay=1e-4" ;;
    rigl_own) echo "method='rigl' shift=1 epochs=150 weight_decay=2e-4" ;;
    *) echo "method='$1'" ;;
  esac
}

# A line a run; SNIP and RigL's small network (Evci et al. 2020, appendix B) once more with recipes of their own.
runs() {
  local seed density method
  for seed in $seeds; do
    for density in $densities; do
      for method in $methods; do echo "$method $density $seed"; done
    done
    echo "snip_own 0.02 $seed"
    echo "rigl_own 0.0237 $seed"
  done
}

# run NAME DENSITY SEED: on one thread.
run() {
  local name=$1 density=$2 seed=$3
  if grep -qs "^$name  *$density  *$seed  " $out/runs; then return; fi
  # Not quoted, as a recipe is several arguments.
  # shellcheck disable=SC2046
  "$program" "directory='$directory'" $(recipe "$name") density="$density" seed="$seed" |
    awk -v n="$name" -v d="$density" '{ print n, d, $3, " ", $4, $5, $6 }' >>$out/runs
}
export -f recipe run
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
  sort $out/runs | awk 'sub(/_own/, ", own recipe,") {
    printf "%s %s %s density %s, seed %s: error %.2f %%, ", $1, $2, $3, $4, $5, $6
    printf "%d connections, %d bytes without dead units\n", $7, $8
  }'
} | tee $out/table.md
