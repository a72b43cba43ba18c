#!/usr/bin/env bash
# The gates of `make check`. Each prints what it finds and nothing else; then comes one line with the count.
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/tally.sh

format() { swift format lint --strict --recursive Package.swift Sources Tests examples; }

# A module may import those that stand before it; these are the direct ones. Nothing but EspalierC sees the header, and the
# library uses no Foundation.
layers() {
  local -A allowed=(
    [Base]="CSystem" [KernelInterface]=""
    [Kernels]="KernelInterface CSystem" [KernelsAVX2]="KernelInterface CSystem" [KernelsAVX512]="KernelInterface CSystem"
    [Machine]="Base KernelInterface Kernels KernelsAVX2 KernelsAVX512 CSystem COpenBLAS"
    [Sparse]="Base KernelInterface Machine"
    [Layers]="Base KernelInterface Machine Sparse"
    [Optimizers]="Base KernelInterface Machine Sparse"
    [Topology]="Base KernelInterface Machine Sparse CSystem"
    [Pruning]="Base KernelInterface Machine Sparse Layers Graphs"
    [Graphs]="Base KernelInterface Machine Sparse Layers"
    [Network]="Base KernelInterface Machine Sparse Layers Graphs Optimizers Topology Pruning"
    [Espalier]="Base KernelInterface Machine Sparse Layers Graphs Optimizers Topology Pruning Network"
    [EspalierC]="Base KernelInterface Machine Sparse Layers Graphs Optimizers Topology Pruning Network Espalier CEspalier CSystem"
  )
  local everywhere=" Glibc Musl Synchronization " found=0 folder module file imported
  for folder in Sources/*/; do
    module=$(basename "$folder")
    [ -n "$(ls "$folder"/*.swift 2>/dev/null)" ] || continue # C, or a module map
    if [ -z "${allowed[$module]+known}" ]; then
      echo "$module has no place in the order of the layers"
      found=1
      continue
    fi
    while IFS=: read -r file imported; do
      [[ "$everywhere${allowed[$module]} " == *" $imported "* ]] && continue
      echo "$file imports $imported"
      found=1
    done < <(grep -HoE '^[[:space:]]*(@[A-Za-z_]+(\([^)]*\))? +)*((public|package|internal|private|fileprivate) +)?import +((struct|class|enum|protocol|func|var|let|typealias) +)?[A-Za-z0-9_]+' \
      "$folder"/*.swift "$folder"/*/*.swift 2>/dev/null | sed -E 's/:.* ([A-Za-z0-9_]+)$/:\1/')
  done
  return $found
}

# Every import is a declared dependency: what is only reached through another module is not rebuilt when it changes, and
# objects of two different layouts then meet in one process.
declared() {
  swift package dump-package 2>/dev/null | python3 -c '
import json, pathlib, re, sys
known = {target["name"]: target for target in json.load(sys.stdin)["targets"]}
bad = 0
for name, target in known.items():
    folder = pathlib.Path(target.get("path") or ("Tests/" if target["type"] == "test" else "Sources/") + name)
    listed = {next(iter(entry.values()))[0] for entry in target["dependencies"]}
    for file in sorted(folder.glob("**/*.swift")):
        for module in re.findall(r"^\s*(?:@\w+(?:\(.*?\))? +)*(?:\w+ +)?import +(\w+)", file.read_text(), re.M):
            if module in known and module != name and module not in listed:
                print(f"{file} imports {module}, which Package.swift does not list for {name}")
                bad = 1
sys.exit(bad)'
}

# What the library exports is what the header declares.
names() {
  nm -D --defined-only build/lib/libespalier.so | awk '{ print $NF }' | LC_ALL=C sort |
    diff --label 'the header' --label 'the library' -u0 <(scripts/header-names.sh) -
}

# No Swift library is needed at run time, no BLAS is bound by the program's symbols, the library is never unloaded, and the
# soname is the version's.
needs() {
  local found=0 library soname
  for library in $(ldd build/lib/libespalier.so | grep -oE 'lib(swift|Foundation|dispatch|BlocksRuntime|openblas|blas|lapack)[^ ]*'); do
    echo "libespalier.so needs $library"
    found=1
  done
  if ! readelf -d build/lib/libespalier.so | grep -q NODELETE; then
    echo "libespalier.so can be unloaded"
    found=1
  fi
  soname=$(readelf -d build/lib/libespalier.so | sed -n 's/.*soname: \[\(.*\)\]/\1/p')
  if [ ! -e "build/lib/$soname" ] || [ "${soname##*.}" != "$(scripts/version.sh | cut -d. -f1)" ]; then
    echo "soname is $soname"
    found=1
  fi
  return $found
}

# No lock that a fork could leave taken: Swift's Mutex is not there, and who locks a mutex of POSIX goes through fork.c.
locks() {
  local found
  found=$(nm build/lib/libespalier.so | grep -E '_swift_stdlib_gettid| U pthread_mutex_(un)?lock| U __cxa_guard')
  [ -z "$found" ] || { echo "$found"; false; }
}

sources() { git ls-files -- "$@" | while read -r file; do [ -f "$file" ] && [ ! -L "$file" ] && echo "$file"; done; }

# include/espalier.h is exempt: it is the one page where the whole contract stands.
sizes() {
  local long
  long=$(sources 'Sources/*' 'fortran/*' 'Tests/*.swift' 'Tests/*.c' 'Tests/*.h' 'Tests/*.f90' 'Tests/*.sh' 'Tests/*.py' \
    'examples/*.f90' 'examples/*.c' 'examples/*.swift' 'scripts/*' 'Benchmarks/*' Makefile |
    while read -r file; do awk -v file="$file" 'END { if (NR > 400) print file ": " NR " lines" }' "$file"; done)
  [ -z "$long" ] || { echo "$long"; false; }
}

# nothing PATTERN FILE...: no line of the files matches.
nothing() {
  local pattern=$1
  shift
  [ $# -gt 0 ] || return 0
  ! grep -IHnE "$pattern" "$@"
}

# No trap may be reached from a caller's argument. The boundary is written without the words that could make one; comments
# may name them, and `x!` in a signature is how Swift imports a C pointer.
traps() {
  local lines
  lines=$(grep -Hn '' Sources/EspalierC/*.swift |
    sed -E -e '/^[^:]*:[0-9]+: *\/\//d' -e 's/(OpaquePointer|Unsafe(Mutable)?(Raw)?Pointer(<[A-Za-z0-9_]+>)?|espalier_(progress|score_f32|score_f64|reduction_f32|reduction_f64|densities))!/\1/g' \
      -e 's/(Unsafe(Mutable)?Pointer<[A-Za-z<>]*\?>)!/\1/g' |
    grep -E 'fatalError|precondition|assert|try!|as!|unowned|[])A-Za-z0-9_>"]!($|[^=])')
  [ -z "$lines" ] || { echo "$lines"; false; }
}

unfinished() { nothing 'TODO|FIXME|XXX|HACK' $(sources Sources fortran include Tests examples docs scripts packaging Makefile README.md | grep -v '^scripts/check.sh$'); }

machine_paths() { nothing '(^|[^A-Za-z0-9_.$}/-])/(work|home|root|opt|tmp|Users)/' $(sources . | grep -vE '^(scripts/check.sh|examples/data/.*)$'); }

# gfortran's library reads a format with the locale's capitals, and in Turkey "i" has another one than I.
formats() {
  nothing "[\"']\\([0-9A-Zabdefgilnopstxz*,. /:()]*[abdefgilnopstxz][0-9A-Zabdefgilnopstxz*,. /:()]*\\)[\"']" $(sources '*.f90' '*.inc' '*.md' '*.sh' | grep -v '^scripts/check.sh$')
}

foundation() { nothing '^ *(@[A-Za-z_]+ +)*import +Foundation' $(sources 'Sources/*.swift'); }

# A sum over layers of sizes that need not be in memory (positions, capacities that are asked for), and a size of memory with
# more than two factors, may be no Int: Sources/Base/Numbers.swift has functions for both.
sums() {
  nothing 'reduce\(0, *\+|reduce\(0[,)] *\{ *\$0 *[+*]|\+= *[A-Za-z.$0-9]*\b(positions|positionCount)\b|Buffer(<[A-Za-z0-9]+>)?\(count: [^,]*\*[^,]*\*' \
    $(sources 'Sources/*.swift' | grep -v Sources/Kernels)
}

# Every function of the header stands under a comment that says what it does; twins (_f32 and _f64, with targets or labels) share one.
documented() {
  awk '
    /\*\/ *$/ && comment { comment = 0; fresh = 1; next }
    /^\/\*\*/ { comment = 1; if (/\*\/ *$/) { comment = 0; fresh = 1 }; next }
    comment { next }
    /^[a-z].*espalier_[a-z0-9_]+\(/ && !/^typedef/ {
      name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
      stem = name; sub(/_[fi](32|64)$/, "", stem); sub(/_(coo|csr|labels)$/, "", stem)
      if (!fresh && stem != last && name !~ /_get_|_get$/) { print "include/espalier.h: " name " has no comment"; bad = 1 }
      last = stem; fresh = 0
    }
    END { exit bad }' include/espalier.h
}

# Each function is called from the C tests.
covered() {
  local name stem found=0
  for name in $(scripts/header-names.sh); do
    stem=${name%_f??}
    grep -qE "\\b$name\\b|(F|OTHER)\\($stem\\)" Tests/ABI/*.c || { echo "$name is not called in Tests/ABI/*.c"; found=1; }
  done
  return $found
}

# Each function is called in every floating-point environment.
everywhere() {
  local name stem found=0
  for name in $(scripts/header-names.sh); do
    stem=${name%_f??}
    grep -qE "\\b$name\\(|(F|OTHER)\\($stem\\)" Tests/ABI/floating_point.c || { echo "$name is not called in Tests/ABI/floating_point.c"; found=1; }
  done
  return $found
}

one "the library" make --no-print-directory lib
one format format
one layers layers
one "declared dependencies" declared
one "exported names" names
one "needed libraries" needs
one "locks and forks" locks
one "file sizes" sizes
one "no traps at the boundary" traps
one "sums of sizes" sums
one "nothing unfinished" unfinished
one "no machine paths" machine_paths
one "capitals in formats" formats
one "no Foundation" foundation
one "header documented" documented
one "functions covered" covered
one "floating-point environments" everywhere
# Scripts of their own: only the modules that are chosen at run time hold instructions that not every processor has; no
# conversion of a number can end the process; the Fortran interfaces say what the header says; every door has the same options; Swift shows
# what is meant for programs and nothing else.
one "instruction sets" scripts/check-isa.sh build/lib/libespalier.so
one "cost of a step" scripts/check-step-cost.sh
one "conversions of numbers" scripts/check-conversions.sh
one "Fortran interface" scripts/check-fortran-interface.sh
one "options at the doors" scripts/check-options.py
one "Swift interface" scripts/check-swift-interface.sh
finish
