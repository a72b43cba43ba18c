#!/bin/bash
# Compile and run the Fortran tests and examples with one compiler, warnings being errors.
#   FC             gfortran (default) or an LLVM flang
#   ESPALIER_LIB   folder of libespalier.so (default: build/lib)
#   BUILD          folder for what is built (default: build/abi-$FC)
#   VALGRIND=1     run the ownership tests under valgrind as well
set -euo pipefail
cd "$(dirname "$0")/../.."
FC=${FC:-gfortran}
lib=$(cd "${ESPALIER_LIB:-build/lib}" && pwd)
build=${BUILD:-build/abi-${FC##*/}}
mkdir -p "$build"

modules=$(scripts/fortran-order.sh)
of_modules=$(scripts/fortran-flags.sh "$FC")
programs="options construction fields stencils samples inputs norms lifecycle copies minimize training lottery presets callbacks arrays failures pruning reconstruct plain_c"

# What is never wanted of the modules' sources alone: an assignment that allocates, which -fno-realloc-lhs would take away.
if "$FC" --version | grep -q 'GNU Fortran'; then
  into=-J
  flags=(-std=f2018 -Wall -Wextra -Wpedantic -Werror -O2 -g "-J$build")
  of_modules+=" -Wrealloc-lhs-all"
else
  into=-module-dir
  flags=(-Werror -O2 -g -module-dir "$build")
fi
objects=()
compile() { # FILE [FLAG...]: its object into $build
  "$FC" "${flags[@]}" "${@:2}" -I"$build" -c "$1" -o "$build/$(basename "$1" .f90).o"
}
link() { # NAME OBJECT...
  "$FC" "${@:2}" -o "$build/$1" -L"$lib" -lespalier -Wl,-rpath,"$lib"
}

for module in $modules; do
  # shellcheck disable=SC2086
  compile "fortran/$module.f90" $of_modules
  objects+=("$build/$module.o")
done
for file in choices digit_images progress_line pictures; do compile "examples/fortran/$file.f90"; done
compile Tests/ABI/testing.f90
for program in $programs stops unallocated; do
  compile "Tests/ABI/$program.f90"
  link "$program" "$build/$program.o" "$build/testing.o" "${objects[@]}"
done
gcc -D_GNU_SOURCE -Wall -Wextra -Werror -O1 -c Tests/ABI/host.c -o "$build/host.o"
for program in environment turkish; do
  compile "Tests/ABI/$program.f90"
  link "$program" "$build/$program.o" "$build/host.o" "$build/testing.o" "${objects[@]}"
done
for program in first transformer subgrid mnist prune_at_start prune_after change_while_training digits_lenet; do
  compile "examples/fortran/$program.f90"
done
compile Tests/ABI/small_mnist.f90
link small_mnist "$build"/{small_mnist,digit_images}.o
rewritten="simple sine quadratic get_set_network_params network_parameters merge_networks mha_simple dense_mnist cnn_mnist cnn_mnist_1d"
for program in $rewritten; do
  compile "examples/fortran/from-neural-fortran/$program.f90"
  link "$program" "$build"/{$program,digit_images}.o "${objects[@]}"
done
# Only compiled: their runs take a quiet machine, or an hour.
for program in small_step sparsity_table; do compile "Benchmarks/$program.f90"; done
for program in prune_at_start prune_after change_while_training digits_lenet; do
  link $program "$build"/{$program,digit_images}.o "${objects[@]}"
done
for program in first transformer subgrid; do link $program "$build/$program.o" "${objects[@]}"; done
link mnist "$build"/{mnist,choices,digit_images,progress_line,pictures}.o "${objects[@]}"

for program in $programs; do timeout 300 "$build/$program"; done

timeout 120 "$build/environment"

# dialect FOLDER FLAG...: the small program with other default kinds, and the modules and their tests' too if the folder is new.
dialect() {
  local folder=$1 file
  shift
  if [ "$folder" != "$build" ]; then
    mkdir -p "$folder"
    for file in $(printf 'fortran/%s.f90 ' $modules) Tests/ABI/testing.f90; do
      "$FC" $(scripts/fortran-flags.sh "$FC") "$@" -O1 $into "$folder" -I"$folder" -c "$file" -o "$folder/$(basename "$file" .f90).o" || return
    done
  fi
  "$FC" "$@" -O1 -I"$folder" -c Tests/ABI/dialects.f90 -o "$folder/dialects.o" &&
    "$FC" "$@" "$folder/dialects.o" "$folder/testing.o" $(printf "$folder/%s.o " $modules) -o "$folder/dialects" -L"$lib" -lespalier \
      -Wl,-rpath,"$lib" && timeout 60 "$folder/dialects"
}
dialect "$build"
dialect "$build" -fdefault-real-8
dialect "$build/integer-8" -fdefault-integer-8 2>"$build/dialect.log" || { cat "$build/dialect.log" >&2; exit 1; }
dialect "$build/all-8" -fdefault-integer-8 -fdefault-real-8
if [ $into = -J ]; then
  dialect "$build/double-8" -fdefault-integer-8 -fdefault-real-8 -fdefault-double-8
  dialect "$build/no-realloc" -fno-realloc-lhs
  # All local variables static: for programs, not for the modules, which threads use.
  dialect "$build" -fno-automatic
  # Flags that give numbers another size than they are declared with: refused.
  for flag in -fno-automatic -freal-4-real-8 -freal-8-real-4 -finteger-4-integer-8; do
    if dialect "$build/kinds$flag" $flag 2>"$build/dialect.log"; then
      echo "dialects: modules compiled with $flag" >&2
      exit 1
    fi
  done
  echo "dialects: other sizes than declared refused, as it must be"
fi
# Modules whose integers have another kind are refused by the compiler, with both kinds.
if dialect "$build" -fdefault-integer-8 2>"$build/dialect.log"; then
  echo "dialects: compiled against modules with integers of another kind" >&2
  exit 1
fi
grep -q 'INTEGER(8).*INTEGER(4)' "$build/dialect.log" || { cat "$build/dialect.log" >&2; exit 1; }
echo "dialects: integers of another kind refused, as it must be"

# In a locale of Turkey "i" has another capital than I.
locale=$build/locale/tr_TR.ISO-8859-9
mkdir -p "$build/locale"
[ -e "$locale" ] || localedef -i tr_TR -f ISO-8859-9 "$locale" 2>"$build/locale.log" || true
LOCPATH=$build/locale timeout 60 "$build/turkish"

# OpenMP is asked for by the one program that has parallel regions; flang's runtime for it is a package of its own.
if echo end | "$FC" -fopenmp -x f95 - -o "$build/has-openmp" 2>"$build/has-openmp.log"; then
  "$FC" -fopenmp "${flags[@]}" -I"$build" Tests/ABI/parallel.f90 "$build/testing.o" "${objects[@]}" -o "$build/parallel" \
    -L"$lib" -lespalier -Wl,-rpath,"$lib"
  timeout 300 "$build/parallel"
else
  echo "parallel: skipped, $FC has no OpenMP runtime here"
fi

# A failure without stat ends the program, with the library's message.
if timeout 60 "$build/stops" >"$build/stops.out" 2>"$build/stops.err"; then
  echo "stops: ended well although its network cannot be" >&2
  exit 1
fi
grep -q 'density must be' "$build/stops.err" || { echo "stops: no message" >&2; cat "$build/stops.err" >&2; exit 1; }
if grep -q 'still running' "$build/stops.out"; then echo "stops: went on after the failure" >&2; exit 1; fi
echo "stops: stopped as it must"

# So does an assignment to a variable that is not allocated; to one that is, it is an assignment.
timeout 60 "$build/unallocated" | grep -q 'still running'
for what in network optimizer; do
  if timeout 60 "$build/unallocated" $what >"$build/unallocated.out" 2>"$build/unallocated.err" ||
    ! grep -q "$what = $what: the left side is not allocated" "$build/unallocated.err"; then
    echo "unallocated: no message for $what" >&2
    exit 1
  fi
done
echo "unallocated: stopped as it must"

if [ "${VALGRIND:-0}" = 1 ]; then
  for program in lifecycle copies minimize pruning; do
    ESPALIER_NUM_THREADS=1 timeout 600 valgrind --suppressions=Tests/ABI/valgrind.supp --quiet --leak-check=full --show-leak-kinds=definite \
      --errors-for-leak-kinds=definite --error-exitcode=9 "$build/$program"
  done
fi

"$build/first" | tail -n 1
"$build/transformer" | tail -n 1 | awk '{ print } END { exit !($NF > 0.95) }'

# Each criterion leaves a twentieth of the connections, which learn something even in five epochs.
"$build/prune_at_start" 5 0.05 | awk '
  { print }
  NR > 2 && ($2 < 0.9499 || $2 > 0.9501) { print $1 ": sparsity is not 0.95"; bad = 1 }
  NR > 1 && !($4 > 0.5) { print $1 ": it has not learned"; bad = 1 }
  END { exit bad || NR != 8 }'

# Each method ends with a tenth of the connections and has learned something; all but static have been elsewhere.
"$build/change_while_training" 5 0.1 | awk '
  { print }
  NR > 1 && ($2 < 0.0995 || $2 > 0.1005) { print $1 ": density is not 0.1"; bad = 1 }
  NR > 1 && ($1 == "static" ? $3 != $2 : $3 <= $2) { print $1 ": explored " $3; bad = 1 }
  NR > 1 && !($6 > 0.5) { print $1 ": it has not learned"; bad = 1 }
  END { exit bad || NR != 8 }'

# A trained network keeps more of what it knows when the weights that stay make up for those that go.
"$build/prune_after" 10 0.1 | awk '
  { print }
  { sparsity[$1] = $(NF - 1); accuracy[$1] = $NF }
  END {
    for (name in sparsity) if (name ~ /magnitude|sparse_gpt|obs|ticket/ && (sparsity[name] < 0.8985 || sparsity[name] > 0.9001)) bad = 1
    exit bad || NR != 7 || !(accuracy["nothing"] > 0.9 && accuracy["sparse_gpt"] > accuracy["magnitude"] &&
                             accuracy["obs"] > accuracy["magnitude"] && accuracy["2"] > 0.85 && accuracy["ticket"] > 0.6)
  }'

# Convolutions and pooling read pictures better than linear layers do after as few epochs.
"$build/digits_lenet" 6 | awk '{ print } { exit !($NF > 0.93) }'

# The coarse model comes nearer to the fine one with the network than without, even after a fifth of the training.
"$build/subgrid" 300 | tail -n 1 | awk '{ print } END { exit !($NF > 1.5) }'

# The examples of neural-fortran: what they print last is near to what they should have found. Those that read MNIST are given the
# bundled digits in its form.
near() { awk -v first="$1" -v second="$2" '{ print } END { exit !(($(NF - 1) - first)^2 + ($NF - second)^2 < 1e-8) }'; }
"$build/simple" | tail -n 1 | near 0.123456 0.246802
"$build/mha_simple" | tail -n 1 | near 0.123456 0.246802
"$build/sine" | tail -n 1 | awk '{ print } END { exit !($NF < 0.01) }'
"$build/merge_networks" | tail -n 1 | awk '{ print } END { exit !($NF < 1e-5) }'
"$build/get_set_network_params" | tail -n 1 | awk '{ print } END { exit $NF != "T" }'
"$build/network_parameters" | awk '/^layer/ { print; weights += $5; biases += $7 } END { exit weights != 25 || biases != 7 }'
"$build/quadratic" 200 | awk '
  / 200 epochs/ { print; fits++; bound = /SGD,|Ada/ ? 0.5 : 0.16; if (!($NF < bound)) bad = 1 }
  END { exit bad || fits != 11 }'
"$build/small_mnist" "$build"
for program in dense_mnist cnn_mnist cnn_mnist_1d; do
  "$build/$program" "$build" | tail -n 1 | sed 's/, loss.*//' | awk '{ print } END { exit !($NF > 0.8) }'
done
