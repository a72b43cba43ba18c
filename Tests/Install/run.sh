#!/usr/bin/env bash
# Programs that know Espalier only as it is installed: a C and a Fortran one built through pkg-config, CMake and fpm, from a
# prefix outside the tree, and once more after the prefix has been moved. Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/../.."
. scripts/tally.sh
here=$PWD/Tests/Install
outside=$(mktemp -d)
trap 'rm -rf "$outside"' EXIT
unset LD_LIBRARY_PATH PKG_CONFIG_PATH CMAKE_PREFIX_PATH CFLAGS FFLAGS LDFLAGS

# From here on nothing is taken from the tree but the programs' own sources.
prefix=
pc() { PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config "$@"; }

pkgconfig_c() {
  pc --exact-version="$(scripts/version.sh)" espalier || return
  # shellcheck disable=SC2046
  gcc -Wall -Wextra -Werror "$here/consumer.c" -o "$outside/pc-c" $(pc --cflags --libs espalier) || return
  LD_LIBRARY_PATH=$prefix/lib "$outside/pc-c"
}

pkgconfig_fortran() {
  # shellcheck disable=SC2046
  gfortran -Wall -Werror "$here/consumer.f90" -o "$outside/pc-f" -J"$outside" $(pc --cflags --libs espalier-fortran) || return
  LD_LIBRARY_PATH=$prefix/lib "$outside/pc-f"
}

with_cmake() {
  local build=$outside/cmake-$1
  mkdir -p "$build" && cp "$here/CMakeLists.txt" "$here"/consumer.* "$build" || return
  cmake -S "$build" -B "$build/out" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_Fortran_COMPILER="$1" || return
  cmake --build "$build/out" || return
  "$build/out/consumer_c" && "$build/out/consumer_f" || return
  rm -rf "$build"
}

# A project that cannot be served must be told so.
cmake_refuses() {
  local build=$outside/cmake-refuses
  mkdir -p "$build"
  printf 'cmake_minimum_required(VERSION 3.16)\nproject(p LANGUAGES C)\n%s\n' "$1" >"$build/CMakeLists.txt"
  ! cmake -S "$build" -B "$build/out" -DCMAKE_PREFIX_PATH="$prefix" || return
  rm -rf "$build"
}

get_fpm() {
  [ -x build/fpm/bin/fpm ] && return
  python3 -m venv build/fpm && build/fpm/bin/pip install --quiet --disable-pip-version-check fpm==0.12.0
}

with_fpm() {
  local project=$outside/fpm
  mkdir -p "$project/app" && cp "$here/consumer.f90" "$project/app" || return
  # fpm joins a dependency's path to the project's, so an absolute one will not do.
  cp "$here/fpm.toml" "$project" && ln -s "$prefix/share/espalier/fortran" "$project/espalier" || return
  (cd "$project" && "$fpm" build --compiler gfortran --link-flag "$(pc --libs espalier)") || return
  (cd "$project" && LD_LIBRARY_PATH=$prefix/lib "$fpm" run --compiler gfortran --link-flag "$(pc --libs espalier)") || return
  rm -rf "$project"
}

# The installed map: what a Swift program without the package would import.
module_map() {
  printf 'import CEspalier\nprint(String(cString: espalier_version()))\n' >"$outside/main.swift"
  swiftc -I "$prefix/include/espalier" -L "$prefix/lib" -lespalier "$outside/main.swift" -o "$outside/main" || return
  LD_LIBRARY_PATH=$prefix/lib "$outside/main"
}

paths_in_files() { ! grep -rn --include='*.pc' --include='*.cmake' --include='*.toml' -e "$PWD" -e "$prefix" "$prefix"; }

all_consumers() {
  one "$1: C by pkg-config" pkgconfig_c
  one "$1: Fortran by pkg-config" pkgconfig_fortran
  one "$1: C and Fortran by CMake" with_cmake gfortran
  one "$1: Fortran by fpm" with_fpm
  one "$1: no path is written down" paths_in_files
}

fpm=$PWD/build/fpm/bin/fpm
one "fpm" get_fpm
prefix=$outside/first
one "make install" make --no-print-directory install PREFIX="$prefix"
all_consumers "installed"
one "C and Fortran by CMake, flang" with_cmake flang-new-19
one "module map" module_map
one "CMake refuses another version" cmake_refuses 'find_package(Espalier 1.0 REQUIRED)'
one "CMake refuses Fortran without Fortran" cmake_refuses 'find_package(Espalier REQUIRED COMPONENTS fortran)'

mv "$outside/first" "$outside/second"
prefix=$outside/second
all_consumers "moved"

staged() {
  make --no-print-directory install PREFIX=/usr DESTDIR="$outside/stage" || return
  [ -e "$outside/stage/usr/lib/libespalier.so" ] && [ -e "$outside/stage/usr/include/espalier.h" ] || return
  make --no-print-directory uninstall PREFIX=/usr DESTDIR="$outside/stage" || return
  # What is left are folders that others may use.
  [ -z "$(find "$outside/stage" ! -type d)" ] && [ ! -e "$outside/stage/usr/share/espalier" ]
}
one "DESTDIR and uninstall" staged

finish
