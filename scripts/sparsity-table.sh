#!/usr/bin/env bash
# Errors on MNIST of ways to choose a pattern, for 784-300-100-10 and LeNet-5: what docs/Sparsity.md shows. Results go into
# build/sparsity.
#   scripts/sparsity-table.sh
#     Test errors of three seeds, trained on all 60,000 training images: about three quarters of an hour on 2 cores.
#   scripts/sparsity-table.sh choose
#     Errors of the candidates for each recipe on 10,000 training images that are held out.
#   METHODS="lenet_5 lenet_5_unmoved" DENSITIES="0.01 0.02 0.05" scripts/sparsity-table.sh
#     Those of LeNet-5, which no other call makes: 24 minutes each on two cores that had other work too.
# METHODS, DENSITIES and SEEDS choose less of the first, RECIPES and SEEDS of the second; JOBS is how many run at a time. A
# recipe of a method's own has densities of its own. Runs that are in build/sparsity/runs already are not made again.
set -euo pipefail
cd "$(dirname "$0")/.."
out=build/sparsity
mkdir -p $out
program=$out/sparsity_table
"${FC:-gfortran}" -O2 -Ibuild/mod -J$out examples/fortran/digit_images.f90 Benchmarks/sparsity_table.f90 -o $program \
  -Lbuild/lib -lespalier_fortran -lespalier -Wl,-rpath,"$PWD/build/lib"
directory=$(scripts/fetch-mnist.sh)
methods=${METHODS:-static set rigl snfs itop granet mest top_kast snip grasp grasp_redrawn synflow gradual lottery snip_own rigl_own}
densities=${DENSITIES:-0.01 0.02 0.05 0.1}

# recipe NAME: what differs from the common recipe, which is the program's own, as words of a namelist.
recipe() {
  case $1 in
    grasp_redrawn) echo "method='grasp' redraw=t" ;;
    snip_own) echo "method='snip' shift=1 epochs=100 weight_decay=1e-4" ;;
    rigl_own) echo "method='rigl' shift=1 epochs=150 weight_decay=2e-4" ;;
    lenet_5) echo "architecture='lenet_5' method='snfs' epochs=30 learning_rate=0.1 warmup=1000 shift=1" ;;
    lenet_5_unmoved) echo "architecture='lenet_5' method='snfs' epochs=30 learning_rate=0.1 warmup=1000" ;;
    *) echo "method='$1'" ;;
  esac
}

# densities NAME: those of the table, but for recipes of a method's own (Lee et al. 2019; Evci et al. 2020, appendix B).
densities() {
  case $1 in
    snip_own) echo 0.02 ;;
    rigl_own) echo 0.0215 ;;
    *) echo "$densities" ;;
  esac
}

# A line a run of the table: name, density and seed, a tab, the program's arguments.
table() {
  local seed density name
  for seed in ${SEEDS:-11 12 13}; do
    for name in $methods; do
      for density in $(densities "$name"); do
        printf '%s %s %s\t%s\n' "$name" "$density" "$seed" "$(recipe "$name") density=$density seed=$seed"
      done
    done
  done
}

# candidates NAME: those for a recipe, a line each.
candidates() {
  local rate decay
  case $1 in
    common)
      for rate in 0.1 0.2 0.4; do
        for decay in 1e-4 5e-4 1e-3; do echo "learning_rate=$rate weight_decay=$decay"; done
      done
      ;;
    snip_own)
      for rate in 0.1 0.2; do
        for decay in 1e-4 5e-4; do echo "learning_rate=$rate weight_decay=$decay epochs=100 shift=1"; done
      done
      echo "learning_rate=0.2 weight_decay=1e-4 epochs=100 input_dropout=0.1"
      ;;
    rigl_own)
      for rate in 0.1 0.2; do
        for decay in 1e-4 2e-4 5e-4; do echo "learning_rate=$rate weight_decay=$decay epochs=150 shift=1"; done
      done
      echo "learning_rate=0.2 weight_decay=2e-4 epochs=150 input_dropout=0.1"
      ;;
    lenet_5)
      for rate in 0.025 0.05; do echo "method='rigl' learning_rate=$rate weight_decay=1e-3"; done
      for rate in 0.05 0.1 0.2; do
        for decay in 1e-4 5e-4; do echo "method='rigl' learning_rate=$rate weight_decay=$decay"; done
      done
      echo "method='rigl' learning_rate=0.05 weight_decay=5e-4 shift=1"
      for rate in 0.05 "0.1 warmup=1000"; do
        for shift in 0 1; do echo "method='snfs' learning_rate=$rate weight_decay=5e-4 shift=$shift"; done
      done
      ;;
    rigl_density) printf 'density=%s\n' 0.0215 0.0225 ;;
  esac
}

# trials NAME: the methods and densities by which candidates are compared. The density of RigL's own recipe is chosen last, by
# the bytes that remain.
trials() {
  case $1 in
    common) printf "method='%s' density=%s\n" rigl 0.02 rigl 0.1 snip 0.02 snip 0.1 ;;
    snip_own) echo "method='snip' density=$(densities snip_own)" ;;
    rigl_own) echo "method='rigl' density=0.0225" ;;
    lenet_5) echo "architecture='lenet_5' density=0.01 epochs=30" ;;
    rigl_density) recipe rigl_own ;;
  esac
}

# seeds NAME: those of the choice, none of which is a seed of the table.
seeds() {
  case $1 in
    common | lenet_5) echo "${SEEDS:-1}" ;;
    rigl_density) echo "${SEEDS:-1 2 3 4 5}" ;;
    *) echo "${SEEDS:-1 2}" ;;
  esac
}

# A line a run of the choices: recipe and candidate, a tab, the program's arguments.
choices() {
  local name seed candidate trial
  for name in ${RECIPES:-common snip_own rigl_own rigl_density lenet_5}; do
    for seed in $(seeds "$name"); do
      candidates "$name" | while read -r candidate; do
        trials "$name" | while read -r trial; do
          printf '%s %s\t%s\n' "$name" "$candidate" "$trial seed=$seed $candidate validate=t"
        done
      done
    done
  done
}

# run ARGUMENTS: on one thread; into the file go the arguments, a tab, error, connections and bytes. A failure ends them all.
run() {
  local printed
  if cut -f 1 $out/runs | grep -Fqx "$1"; then return; fi
  # Not quoted, as it is several arguments.
  # shellcheck disable=SC2086
  printed=$("$program" "directory='$directory'" $1) || exit 255
  awk -v arguments="$1" '{ printf "%s\t%s %s %s\n", arguments, $4, $5, $6 }' <<<"$printed" >>$out/runs
}
export -f run
export program directory out

make_runs() { # FILE
  touch $out/runs
  cut -f 2 "$1" | xargs -d '\n' -P "${JOBS:-$(nproc)}" -n 1 bash -c 'run "$1"' run
}

case ${1:-} in
  choose)
    choices >$out/choices
    make_runs $out/choices
    awk -F '\t' '
      NR == FNR { result[$1] = $2; next }
      {
        split(result[$2], value, " ")
        if (!($1 in runs)) order[++recipes] = $1
        runs[$1]++; logarithms[$1] += log(value[1]); errors[$1] = errors[$1] " " value[1]
        if (value[3] > bytes[$1]) bytes[$1] = value[3]
      }
      END {
        print "| recipe | error, % | of each run | most bytes |\n|---|---|---|---|"
        for (i = 1; i <= recipes; i++) {
          r = order[i]
          printf "| %s | %.3f |%s | %d |\n", r, exp(logarithms[r] / runs[r]), errors[r], bytes[r]
        }
      }' $out/runs $out/choices | tee $out/choices.md
    ;;
  "")
    table >$out/table
    make_runs $out/table
    awk -F '\t' -v densities="$densities" '
      NR == FNR { result[$1] = $2; next }
      {
        split($1, asked, " "); split(result[$2], value, " ")
        if (asked[1] ~ /_own$/) {
          own[++owns] = sprintf("- %s, own recipe, density %s, seed %s: error %.2f %%, %d connections, %d bytes without dead units",
            substr(asked[1], 1, length(asked[1]) - 4), asked[2], asked[3], value[1], value[2], value[3])
          next
        }
        if (!(asked[1] in known)) { known[asked[1]]; method[++methods] = asked[1] }
        key = asked[1] " " asked[2]
        n[key]++; sum[key] += value[1]; if (value[1] > worst[key]) worst[key] = value[1]
      }
      END {
        d = split(densities, density, " ")
        header = "| method |"; rule = "|---|"
        for (j = 1; j <= d; j++) { header = header " " density[j] " |"; rule = rule "---|" }
        if (methods) print header "\n" rule
        for (i = 1; i <= methods; i++) {
          row = "| " method[i] " |"
          for (j = 1; j <= d; j++) {
            key = method[i] " " density[j]
            row = row sprintf(" %.2f (%.2f) |", sum[key] / n[key], worst[key])
          }
          print row
        }
        if (owns) print ""
        for (i = 1; i <= owns; i++) print own[i]
      }' $out/runs $out/table | tee $out/table.md
    ;;
  *)
    echo "sparsity-table: $1 is neither choose nor nothing" >&2
    exit 1
    ;;
esac
