#!/usr/bin/env bash
# What `make test` runs, after scripts/setup.sh. Everything is counted; the last line is "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/tally.sh

# The Swift tests are built for debugging, so that overflow and bounds are checked; the kernels are compiled unchecked and
# optimised in every build. All other tests use the library as it is shipped, from a build of its own.
loud "swift tests" swift test
one "the library" make --no-print-directory lib
many "C programs" Tests/ABI/run-c.sh
# One program after the other prints how many checks passed, or the run ends with the first that fails.
fortran() {
  local status=0
  FC=$1 VALGRIND=1 Tests/ABI/run-fortran.sh 2>&1 | tee build/log/fortran-run || status=1
  echo "$(grep -cE 'checks passed|as it must' build/log/fortran-run) passed, $status failed"
  return $status
}
many "Fortran programs, gfortran" fortran gfortran
many "Fortran programs, flang" fortran flang-new-19
many "installation" Tests/Install/run.sh
many "programs in the documents" scripts/readme-snippets.sh

# The demonstration as a user runs it, not on a terminal.
demo() {
  local last
  make --no-print-directory demo | tee /dev/stderr | tail -1 >build/log/demo-last-line
  last=$(cat build/log/demo-last-line)
  echo "last line: $last"
  [[ $last =~ ^test\ accuracy\ (0\.9[6-9]|1\.0)[0-9]*\ sparsity\ 0\.90[0-9]*\ seconds\ [0-9.]+$ ]]
}
one "make demo" demo

finish
