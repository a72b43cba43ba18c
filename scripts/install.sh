#!/usr/bin/env bash
# What `make install` and `make uninstall` do to PREFIX. Every installed file finds the others from its own place, so the
# whole prefix may be moved.
#   scripts/install.sh install | uninstall PREFIX
set -euo pipefail
cd "$(dirname "$0")/.."
action=$1
prefix=$2
version=$(scripts/version.sh)
major=${version%%.*}

files() {
  echo include/espalier.h
  echo include/espalier/module.modulemap
  echo lib/libespalier.so
  echo "lib/libespalier.so.$major"
  echo "lib/libespalier.so.$version"
  echo lib/libespalier_fortran.a
  echo lib/pkgconfig/espalier.pc
  echo lib/pkgconfig/espalier-fortran.pc
  echo lib/cmake/Espalier/EspalierConfig.cmake
  echo lib/cmake/Espalier/EspalierConfigVersion.cmake
  echo share/espalier/fortran/fpm.toml
  for source in fortran/*.f90 fortran/*.inc; do echo "share/espalier/fortran/src/${source##*/}"; done
  for module in build/mod/*.mod; do echo "include/espalier/${module##*/}"; done
}

# put FROM TO: with the version filled in when FROM is a template.
put() {
  mkdir -p "$prefix/$(dirname "$2")"
  case $1 in
    *.in)
      sed -e "s/@VERSION@/$version/g" -e "s/@MAJOR@/$major/g" "$1" >"$prefix/$2"
      chmod 644 "$prefix/$2"
      ;;
    *.so.*) install -m 755 "$1" "$prefix/$2" ;;
    *) install -m 644 "$1" "$prefix/$2" ;;
  esac
}

case $action in
  install)
    for file in $(files); do
      case $file in
        include/espalier.h) put "$file" "$file" ;;
        include/espalier/module.modulemap)
          # In a folder of its own: include/ may hold another library's map.
          put include/module.modulemap "$file"
          sed -i 's|"espalier.h"|"../espalier.h"|' "$prefix/$file"
          ;;
        include/espalier/*)
          put "build/mod/${file##*/}" "$file"
          ;;
        lib/libespalier.so)
          mkdir -p "$prefix/lib"
          ln -sf "libespalier.so.$major" "$prefix/$file"
          ;;
        "lib/libespalier.so.$major")
          mkdir -p "$prefix/lib"
          ln -sf "libespalier.so.$version" "$prefix/$file"
          ;;
        lib/libespalier*) put "build/$file" "$file" ;;
        *.f90 | *.inc) put "fortran/${file##*/}" "$file" ;;
        *) put "packaging/${file##*/}.in" "$file" ;;
      esac
    done
    echo "installed Espalier $version in $prefix"
    ;;
  uninstall)
    for file in $(files); do rm -f "$prefix/$file"; done
    for folder in lib/cmake/Espalier share/espalier/fortran/src share/espalier/fortran share/espalier include/espalier; do
      [ -d "$prefix/$folder" ] && rmdir --ignore-fail-on-non-empty "$prefix/$folder"
    done
    ;;
  *) echo "usage: scripts/install.sh install | uninstall PREFIX" >&2; exit 2 ;;
esac
