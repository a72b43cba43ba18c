#!/usr/bin/env bash
# What `make demo` and `make test` need beside a Swift toolchain: say nothing when it is all there, install what is missing
# with apt-get where that is allowed, or stop with the one line to type.
#   scripts/setup.sh lib | demo | test | bench
set -euo pipefail

# package:how to tell that it is there (a command, or header+library)
lib=(gcc:gcc libc6-dev:stdio.h+c gfortran:gfortran libopenblas-dev:cblas.h+openblas liblapacke-dev:lapacke.h+lapacke)
demo=("${lib[@]}" gnuplot-nox:gnuplot)
test=("${demo[@]}" libopenblas64-dev:stdio.h+openblas64 pkg-config:pkg-config cmake:cmake valgrind:valgrind
  flang-19:flang-new-19 python3-venv:venv)
bench=("${demo[@]}" g++:g++ python3-venv:venv python3-dev:Python.h)

present() {
  case $1 in
    venv) python3 -c 'import ensurepip, venv' ;;
    g++) command -v g++ ;;
    Python.h) [ -f "$(python3 -c 'import sysconfig; print(sysconfig.get_paths()["include"])')/Python.h" ] ;;
    *+*) printf '#include <%s>\nint main(void) { return 0; }\n' "${1%+*}" | gcc -x c - -l"${1#*+}" -o /dev/null ;;
    *) command -v "$1" ;;
  esac >/dev/null 2>&1
}

find_missing() {
  missing=()
  for entry in "$@"; do present "${entry#*:}" || missing+=("${entry%%:*}"); done
}

case ${1:-test} in
  lib) wanted=("${lib[@]}") ;;
  demo) wanted=("${demo[@]}") ;;
  test) wanted=("${test[@]}") ;;
  bench) wanted=("${bench[@]}") ;;
  *) echo "usage: scripts/setup.sh lib | demo | test | bench" >&2; exit 2 ;;
esac

version=$({ swift --version 2>/dev/null || true; } | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p')
if [ -z "$version" ] || [ "$(printf '6.3\n%s\n' "$version" | sort -V | head -1)" != 6.3 ]; then
  echo "Espalier needs Swift 6.3 or later on the PATH (found: ${version:-none}). Get it from swift.org/install." >&2
  exit 1
fi

find_missing "${wanted[@]}"
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "Missing, by Debian's package names: ${missing[*]}. Install them with your system's package manager." >&2
  exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
else
  echo "Missing: ${missing[*]}. Type this, then run the command again:" >&2
  echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

echo "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    >"$log" 2>&1 </dev/null
}
# The package lists may be new enough already; they are fetched only when the first try fails.
if ! install; then
  if ! "${as_root[@]}" apt-get update -qq >"$log" 2>&1 </dev/null || ! install; then
    tail -20 "$log" >&2
    echo "apt-get could not install ${missing[*]}" >&2
    exit 1
  fi
fi
find_missing "${wanted[@]}"
if [ ${#missing[@]} -gt 0 ]; then
  echo "still missing after installation: ${missing[*]}" >&2
  exit 1
fi
