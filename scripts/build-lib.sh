#!/usr/bin/env bash
# build/lib/libespalier.so: the Swift runtime inside, the names of the header and no others outside. It has a build folder
# of its own, because its flags would make `swift build` and `swift test` start over.
# Its symbol table stays (2.6 MB of 9): debuggers and profilers then name the functions of a user's backtrace. Debugging
# information goes: valgrind cannot read Swift's, and would refuse the user's whole program.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(scripts/version.sh)
soname=libespalier.so.${version%%.*}
mkdir -p build/lib

{
  echo "{ global:"
  scripts/header-names.sh | sed 's/.*/  &;/'
  echo "  local: *; };"
} >build/espalier.map.new
cmp -s build/espalier.map.new build/espalier.map || cp build/espalier.map.new build/espalier.map

# The Swift runtime's locks, which fork.c puts under one lock, and its memory, for which reserve.c has a reserve.
wrap=()
for name in pthread_mutex_lock pthread_mutex_unlock __cxa_guard_acquire __cxa_guard_release \
  _ZN5swift14threading_impl9once_slowERNS0_6once_tEPFvPvES3_ \
  malloc calloc realloc posix_memalign free malloc_usable_size \
  _Znwm _ZdlPvm _ZnwmSt11align_val_t _ZdlPvmSt11align_val_t; do
  wrap+=(-Xlinker "--wrap=$name")
done

# It is never unloaded: threads of the host's call a destructor of the library's when they end, each load would take another of
# the process's few keys for that, and the workers of live networks would lose their code.
flags=("${wrap[@]}" -c release --product espalier --scratch-path build/swift -Xswiftc -static-stdlib
  -Xlinker "--version-script=$PWD/build/espalier.map" -Xlinker "-soname=$soname" -Xlinker -z -Xlinker defs
  -Xlinker -z -Xlinker nodelete -Xswiftc -use-ld=lld)
swift build "${flags[@]}"
built=$(swift build "${flags[@]}" --show-bin-path)/libespalier.so
# The linker does not notice that only its version script is newer.
if [ build/espalier.map -nt "$built" ]; then
  rm "$built"
  swift build "${flags[@]}"
fi

if [ "$built" -nt "build/lib/libespalier.so.$version" ]; then
  strip --strip-debug -o build/lib/libespalier.so.new "$built"
  mv build/lib/libespalier.so.new "build/lib/libespalier.so.$version"
fi
ln -sf "libespalier.so.$version" "build/lib/$soname"
ln -sf "$soname" build/lib/libespalier.so
