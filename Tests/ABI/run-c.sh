#!/usr/bin/env bash
# The C tests: programs that see include/ and build/lib only, each in both precisions, compiled by gcc and, when it is there,
# by the Swift toolchain's clang, with warnings as errors. Prints what fails and ends with "N passed, N failed".
#   Tests/ABI/run-c.sh [test...]
set -uo pipefail
cd "$(dirname "$0")/../.."
. scripts/tally.sh
out=build/c-tests
mkdir -p $out

warnings=(-Wall -Wextra -Werror -pedantic)
programs=(lifecycle finite losses twins owners options catalogue patterns training phases graph inputs convolution local stencils kernels norms recorded fields sequences optimizers topology presets callbacks ranks
  outcomes getters distributions accounting pruning lottery reconstruct nulls handles values decimals instruction_sets allocations exhaustion threads forks
  openmp environment floating_point memory limits own_blas own_blas64 wrong_blas wrong_blas64 unload fuzz extremes sizes)
[ $# -gt 0 ] && programs=("$@")
helpers=(Tests/ABI/test.c Tests/ABI/fixture.c Tests/ABI/calls.c Tests/ABI/children.c)

# compile COMPILER PRECISION: every program.
compile() {
  local program source options with libraries
  for program in "${programs[@]}"; do
    source=$program
    options=()
    with=("${helpers[@]}")
    libraries=(-lespalier -lopenblas)
    case $program in
      openmp)
        # Clang has no OpenMP runtime of its own everywhere.
        [ "$1" = gcc ] || continue
        options=(-fopenmp)
        ;;
      limits | own_blas) libraries=(-lespalier) ;; # OpenBLAS is what the library opens
      own_blas64)
        source=own_blas
        options=(-DILP64)
        libraries=(-lopenblas64 -lespalier)
        ;;
      wrong_blas) libraries=(-Wl,--no-as-needed -lopenblas -llapacke -lespalier) ;;
      wrong_blas64)
        source=wrong_blas
        options=(-DILP64)
        libraries=(-Wl,--no-as-needed -lopenblas64 -lopenblas -lespalier)
        ;;
      unload)
        with=()
        libraries=()
        ;;
    esac
    grep -q '"layers.h"' "Tests/ABI/$source.c" && with+=(Tests/ABI/layers.c)
    "$1" "${options[@]}" -std=c99 -D_GNU_SOURCE -DPRECISION="$2" -O1 -g "${warnings[@]}" -Iinclude "Tests/ABI/$source.c" \
      "${with[@]}" -o "$out/$program-f$2-$1" -rdynamic -Lbuild/lib -Wl,-rpath,"$PWD/build/lib" "${libraries[@]}" -lm ||
      return
  done
}

# The header by itself: strict C99, and C++.
header() { echo '#include <espalier.h>' | "$1" -x "$2" "-std=$3" "${warnings[@]}" -Iinclude -fsyntax-only -; }

compilers=(gcc)
command -v clang >/dev/null && compilers+=(clang)
for compiler in "${compilers[@]}"; do
  one "header alone, $compiler" header "$compiler" c c99
  one "header in C++, $compiler" header "$compiler" c++ c++11
  for precision in 32 64; do one "compile f$precision with $compiler" compile "$compiler" $precision; done
done

# What one compiler made is run; that the other one accepts it is enough.
for program in "${programs[@]}"; do
  for precision in 32 64; do many "$program f$precision" timeout 300 "$out/$program-f$precision-gcc"; done
done

if command -v valgrind >/dev/null; then
  check=(timeout 600 valgrind --suppressions=Tests/ABI/valgrind.supp --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite)
  for precision in 32 64; do
    [ -x $out/fuzz-f$precision-gcc ] && many "valgrind fuzz f$precision" "${check[@]}" $out/fuzz-f$precision-gcc 3000
  done
  for program in lifecycle pruning; do
    [ -x $out/$program-f32-gcc ] && many "valgrind $program f32" "${check[@]}" $out/$program-f32-gcc
  done
fi

finish
