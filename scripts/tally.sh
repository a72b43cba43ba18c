# Sourced by the test scripts: counts what passes and what fails, and shows the output of what fails only.
passed=0
failed=0
logs=$PWD/build/log
mkdir -p "$logs"

# one NAME COMMAND...: a test that passes when the command succeeds.
one() {
  local name=$1 log status=0
  shift
  log=$logs/${name//[^A-Za-z0-9.-]/-}.log
  # In a shell of its own: where a test goes is no other test's business.
  ("$@") >"$log" 2>&1 </dev/null || status=$?
  if [ $status -eq 0 ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $name (status $status); the end of ${log#"$PWD"/}:"
    tail -30 "$log" | sed 's/^/  | /'
  fi
}

# many NAME COMMAND...: a program whose last line of the form "N passed, N failed" says how its tests went; it is shown only
# when one of them failed. Ending otherwise is a failure too.
many() {
  local name=$1 log status=0 seconds=$SECONDS
  shift
  log=$logs/${name//[^A-Za-z0-9.-]/-}.log
  ("$@") >"$log" 2>&1 </dev/null || status=$?
  add "$name" "$log" "$status" "$seconds" show
}

# loud NAME COMMAND...: as many, but everything it prints is seen as it comes.
loud() {
  local name=$1 log status=0 seconds=$SECONDS
  shift
  log=$logs/${name//[^A-Za-z0-9.-]/-}.log
  "$@" </dev/null 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  add "$name" "$log" "$status" "$seconds" quiet
}

add() {
  local name=$1 log=$2 status=$3 seconds=$((SECONDS - $4)) counts p f
  # The plain line, or the closing line of swift test.
  counts=$(sed -nE -e 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' \
    -e 's/.*Test run with ([0-9]+) tests?.* passed after.*/\1 0/p' \
    -e 's/.*Test run with ([0-9]+) tests?.* failed after .* with ([0-9]+) issues?.*/\1 \2/p' "$log" | tail -1)
  read -r p f <<<"${counts:-0 0}"
  if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
  if [ "$status" -eq 0 ] && [ "$p" -eq 0 ] && [ "$f" -eq 0 ]; then f=1; echo "$name ran no test"; fi
  if [ "$f" -gt 0 ] && [ "$5" = show ]; then
    echo "FAILED: $name (status $status); the end of ${log#"$PWD"/}:"
    tail -60 "$log" | sed 's/^/  | /'
  fi
  passed=$((passed + p))
  failed=$((failed + f))
  printf '%-34s %6d passed %4d failed %5d s\n' "$name" "$p" "$f" "$seconds"
}

# finish: the closing line; its status is the script's.
finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
