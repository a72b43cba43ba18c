#!/usr/bin/env bash
# Compiles and runs the complete programs in README.md and docs/*.md, and configures their CMake and fpm files. A block is
# complete when it has a `program`, an `int main(`, an `import Espalier`, a `project(` or a `name =`. Blocks that show a
# part, or another library, are passed over. Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/tally.sh
root=$PWD
out=build/snippets
rm -rf $out
mkdir -p $out

# Every fenced block of a known language into a file: DOCUMENT-NUMBER.LANGUAGE.
for document in README.md docs/*.md; do
  [ -f "$document" ] || continue
  awk -v stem="$out/$(basename "$document" .md)" '
    /^```/ && !inside {
      language = substr($0, 4); sub(/[ {].*/, "", language); inside = 1
      wanted = language ~ /^(fortran|c|swift|cmake|toml|make|makefile)$/
      if (wanted) file = sprintf("%s-%02d.%s", stem, ++number, language)
      next
    }
    /^```/ && inside { inside = 0; if (wanted) close(file); next }
    inside && wanted { print > file }' "$document"
done

libraries=(-L"$root/build/lib" -Wl,-rpath,"$root/build/lib")
# Each program runs in a folder of its own, on the data of the examples.
in_folder() {
  local folder=$root/$1.run
  mkdir -p "$folder" && ln -sfn "$root/examples" "$folder/examples" && cd "$folder"
}

fortran() {
  in_folder "$1" || return
  cp "$root/$1" program.f90
  gfortran -Wall -I"$root/build/mod" program.f90 -o program "${libraries[@]}" -lespalier_fortran -lespalier && timeout 120 ./program
}

c() {
  in_folder "$1" || return
  cp "$root/$1" program.c
  gcc -std=c99 -Wall -Wextra -Werror -I"$root/include" program.c -o program "${libraries[@]}" -lespalier -lm && timeout 120 ./program
}

# All Swift programs together are one package that depends on this one; so is examples/swift, which is built with them.
swift_programs() {
  local package=$root/$out/package file name targets=
  mkdir -p "$package/Sources/example"
  cp "$root"/examples/swift/Sources/*/*.swift "$package/Sources/example"
  for file in "$@"; do
    name=$(basename "$file" .swift)
    mkdir -p "$package/Sources/$name" && cp "$root/$file" "$package/Sources/$name/main.swift"
  done
  for name in "$package"/Sources/*; do
    targets="$targets .executableTarget(name: \"${name##*/}\", dependencies: [.product(name: \"Espalier\", package: \"Espalier\")]),"
  done
  cat >"$package/Package.swift" <<END
// swift-tools-version: 6.1
import PackageDescription
let package = Package(
  name: "programs", dependencies: [.package(name: "Espalier", path: "$root")], targets: [$targets])
END
  swift build -c release --package-path "$package" --scratch-path "$root/build/swift-programs"
}

swift_program() { in_folder "$1" && timeout 120 "$root/build/swift-programs/release/$2"; }

# The installed files, with the first Fortran and C programs of the documents as their sources.
project() {
  local name
  in_folder "$1" || return
  for name in main.f90 app/main.f90; do mkdir -p "$(dirname $name)" && cp "$first_fortran" "$name"; done
  case $1 in
    *.cmake)
      cp "$first_c" main.c
      cp "$root/$1" CMakeLists.txt
      cmake -S . -B out -DCMAKE_PREFIX_PATH="$root/build/snippet-prefix" && cmake --build out
      ;;
    *.toml)
      cp "$root/$1" fpm.toml
      ln -sfn "$root/build/snippet-prefix/share/espalier/fortran" espalier
      "$root/build/fpm/bin/fpm" build --compiler gfortran --link-flag "-L$root/build/lib -lespalier"
      ;;
    *)
      cp "$root/$1" Makefile
      PKG_CONFIG_PATH=$root/build/snippet-prefix/lib/pkgconfig make
      ;;
  esac
}

complete() { grep -lE "$1" $out/*."$2" 2>/dev/null; }

first_fortran=$root/$(complete '^ *program ' fortran | head -1)
first_c=$root/$(complete 'int main\(' c | head -1)
one "install for the documents" make --no-print-directory install PREFIX="$root/build/snippet-prefix"
for file in $(complete '^ *program ' fortran); do grep -qE '^ *use +espalier' "$file" && one "${file#"$out"/}" fortran "$file"; done
for file in $(complete 'int main\(' c); do one "${file#"$out"/}" c "$file"; done
mapfile -t programs < <(complete '^import Espalier' swift)
one "build the Swift programs" swift_programs "${programs[@]}"
for file in "${programs[@]}"; do one "${file#"$out"/}" swift_program "$file" "$(basename "$file" .swift)"; done
one "examples/swift" swift_program "$out/example" example
for file in $(complete '^project\(' cmake) $(complete '^name *=' toml) $(complete '^[^#]*:' make) $(complete '^[^#]*:' makefile); do
  one "${file#"$out"/}" project "$file"
done
finish
