import KernelInterface

// Features from some panels to others: ``MoveArguments``.

@inline(__always)
func move<V: SIMD>(_ a: MoveArguments<V.Scalar>, _ begin: Int, _ end: Int, _: V.Type)
where V.Scalar: BinaryFloatingPoint & BitwiseCopyable {
  let width = a.shape.width
  let count = (end - begin) * width
  for p in 0..<a.shape.count {
    let source = a.source + panelRow(p, a.sourceFirst + begin, features: a.sourceFeatures, width: width)
    let destination = a.destination + panelRow(p, a.destinationFirst + begin, features: a.destinationFeatures, width: width)
    guard a.adds else {
      destination.update(from: source, count: count)
      continue
    }
    inVectors(of: V.scalarCount, from: 0, to: count) { at, count in
      let sum: V = loadLanes(destination + at, count) + loadLanes(source + at, count)
      storeLanes(sum, destination + at, count)
    }
  }
}
