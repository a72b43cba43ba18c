#!/usr/bin/env bash
# No conversion may end the host's process: the standard library's `Int(x)` traps where x is no number that fits. Finds, by
# type, each one from a floating-point number or from an integer that may be too wide, or negative: what remains are
# `Int(clamping:)` (Sources/Base/Numbers.swift, for floating-point numbers too), `exactly:` and `truncatingIfNeeded:`.
#
# Every module is type-checked once more together with declarations that stand in the standard library's place and are
# deprecated: the warning about one of them is a conversion found, whatever its argument looks like. Needs build/lib (make lib).
#   scripts/check-conversions.sh [module...]
set -euo pipefail
cd "$(dirname "$0")/.."
built=$(find -L build/swift -path '*/release/Modules' -print -quit)
[ -n "$built" ] || { echo "check-conversions: nothing is built; make lib first"; exit 1; }
built=$(dirname "$built")
out=build/conversions
mkdir -p $out

reason="ends the process when the value does not fit"
refused="@available(*, deprecated, message: \"$reason\")"
{
  integers=(Int Int8 Int16 Int32 Int64 UInt UInt8 UInt16 UInt32 UInt64)
  bits() { case $1 in *8) echo 8 ;; *16) echo 16 ;; *32) echo 32 ;; *) echo 64 ;; esac; }
  # Whether every value of one type fits the other.
  fits() {
    local from to
    from=$(bits "$1") to=$(bits "$2")
    case $1,$2 in
      UInt*,UInt*) [ "$from" -le "$to" ] ;;
      UInt*,*) [ "$from" -lt "$to" ] ;;
      *,UInt*) false ;;
      *) [ "$from" -le "$to" ] ;;
    esac
  }
  for to in "${integers[@]}"; do
    echo "extension $to {"
    for from in Double Float "${integers[@]}"; do
      [ "$from" = "$to" ] && continue
      case $from in Double | Float) ;; *) fits "$from" "$to" && continue ;; esac
      echo "  $refused public init(_ value: $from) { self = 0 }"
    done
    echo "}"
  done
  echo "extension FixedWidthInteger { $refused public init<T: BinaryFloatingPoint>(_ value: T) { self = 0 } }"
} >$out/Refused.swift

modules=("$@")
[ $# -gt 0 ] || modules=(Base Machine Sparse Layers Optimizers Topology Pruning Network Espalier EspalierC)
package=$(sed -nE 's/.*"-package-name","([^"]*)".*/\1/p' build/swift/release.yaml | head -1)
maps=()
for folder in "$built/COpenBLAS.build" "$built/CSystem.build" include; do
  maps+=(-Xcc "-fmodule-map-file=$PWD/$folder/module.modulemap")
done
found=0
for module in "${modules[@]}"; do
  swiftc -typecheck -parse-as-library -swift-version 6 -package-name "$package" -module-name "$module" \
    -I "$built/Modules" "${maps[@]}" Sources/"$module"/*.swift $out/Refused.swift >$out/log 2>&1 || { cat $out/log; found=1; }
  ! sed -nE "s/^(Sources[^ ]*): (warning|error): .*$reason.*/\\1: $reason/p" $out/log | grep . || found=1
done
exit $found
