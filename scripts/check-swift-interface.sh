#!/usr/bin/env bash
# A Swift program that depends on the product Espalier sees what is meant for it and no more: examples/swift and the Swift
# programs of README.md compile against the built modules from outside of the package, and each line of `hidden` does not.
# Needs build/lib (make lib).   scripts/check-swift-interface.sh
set -euo pipefail
cd "$(dirname "$0")/.."
built=$(find -L build/swift -path '*/release/Modules' -print -quit)
[ -n "$built" ] || { echo "check-swift-interface: nothing is built; make lib first"; exit 1; }
built=$(dirname "$built")
out=build/swift-interface
rm -rf $out && mkdir -p $out
maps=()
while read -r map; do maps+=(-Xcc "-fmodule-map-file=$map"); done < <(find "$built"/C*.build -name module.modulemap)
typecheck() { swiftc -typecheck -swift-version 6 -package-name program -module-name program -I "$built/Modules" "${maps[@]}" "$@"; }

awk -v out=$out '/^```swift/ { inside = 1; next } /^```/ { if (inside && complete) print text > (out "/main.swift"); inside = complete = 0; text = ""; next }
  inside { text = text $0 "\n"; if (/^import Espalier/) complete = 1 }' README.md
typecheck $out/main.swift
typecheck examples/swift/Sources/*/*.swift

# Declarations that other modules of the library use.
hidden=(
  'let buffer = try Buffer<Float>(count: 1, of: "")'
  'let values = Optimizer(.adam).options'
  'let row = LayerKind.linear.row'
  'let plan = TopologyMethod(.rigl).plan'
  'let instance: OptimizerInstance<Float>? = nil'
  'let pattern: Pattern? = nil'
  'let layer: (any Layer<Float>)? = nil'
  'let kernels = Float.kernels'
  'let bits = Double.bits'
  'let gemm = Float.gemm'
  'let pool = try ThreadPool(threads: 1)'
  'let shape = PanelShape(batch: 1, elementSize: 4)'
  'let arguments: SoftmaxArguments<Float>? = nil'
  'let clamped = Int(clamping: 1.5)'
  'let pointer: UnsafePointer<Float>? = nil; let bits = pointer?.bits(UInt32.self)'
)
found=0
for line in "${hidden[@]}"; do
  printf 'import Espalier\n%s\n' "$line" >$out/main.swift
  if typecheck $out/main.swift >$out/log 2>&1; then
    echo "a program can say: $line"
    found=1
  elif ! grep -qE 'cannot find|inaccessible|no exact matches|has no member|not convertible|no .* is available|requires|protection level' $out/log; then
    cat $out/log
    found=1
  fi
done
exit $found
