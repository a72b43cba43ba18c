#!/usr/bin/env bash
# Compile fortran/*.f90 in the order in which the modules use each other: FOLDER/lib/libespalier_fortran.a and FOLDER/mod.
#   scripts/build-fortran.sh COMPILER FOLDER [flag...]
set -euo pipefail
cd "$(dirname "$0")/.."
compiler=$1
folder=$2
shift 2
archive=$folder/lib/libespalier_fortran.a
modules=$folder/mod

case $("$compiler" --version 2>/dev/null | head -1) in
  GNU*) into=(-J "$modules") ;;
  *) into=(-module-dir "$modules") ;;
esac
# The command is part of what was built.
command="$compiler $*"
if [ -e "$archive" ] && [ "$(cat "$modules/command" 2>/dev/null)" = "$command" ] &&
  [ -z "$(find fortran -type f -newer "$archive")" ]; then
  exit 0
fi
rm -rf "$modules" "$archive"
mkdir -p "$modules" "$folder/lib"

order=$(scripts/fortran-order.sh)
flags=$(scripts/fortran-flags.sh "$compiler")
objects=()
for name in $order; do
  "$compiler" $flags -O2 -fPIC "$@" -I"$modules" "${into[@]}" -c "fortran/$name.f90" -o "$modules/$name.o"
  objects+=("$modules/$name.o")
done
ar rcs "$archive" "${objects[@]}"
rm "${objects[@]}"
echo "$command" >"$modules/command"
