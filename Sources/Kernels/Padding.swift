import KernelInterface

// Between fields and their padded planes: three maps of coordinates say what each place of the planes holds.

@inline(never)
func padFields<T: KernelScalar>(_ a: PaddingArguments<T>, _ begin: Int, _ end: Int) {
  let (lanes, planes) = (a.shape.width, a.planes)
  let line = a.width &* lanes
  for unit in begin..<end {
    let source = a.source + unit &* a.depth &* a.height &* line
    var row = a.destination + unit &* planes.places &* lanes
    for z in 0..<planes.depth {
      for y in 0..<planes.height {
        let (fromZ, fromY) = (Int(a.depthMap[z]), Int(a.heightMap[y]))
        if fromZ < 0 || fromY < 0 {
          row.update(repeating: 0, count: planes.row &* lanes)
        } else {
          padLine(a, source + (fromZ &* a.height &+ fromY) &* line, to: row)
        }
        row += planes.row &* lanes
      }
    }
  }
}

@inline(__always)
private func padLine<T: KernelScalar>(_ a: PaddingArguments<T>, _ source: UnsafePointer<T>, to row: UnsafeMutablePointer<T>) {
  let (lanes, planes) = (a.shape.width, a.planes)
  for phase in 0..<planes.phases {
    var (x, place) = (phase, row + phase &* planes.length &* lanes)
    while x < planes.width {
      let from = Int(a.widthMap[x])
      // Places that follow each other in both move together.
      var count = 1
      if planes.phases == 1, from >= 0 {
        while x &+ count < planes.width, Int(a.widthMap[x &+ count]) == from &+ count { count &+= 1 }
      }
      if from < 0 {
        place.update(repeating: 0, count: lanes)
      } else {
        place.update(from: source + from &* lanes, count: count &* lanes)
      }
      place += count &* lanes
      x &+= count &* planes.phases
    }
  }
}

@inline(never)
func foldFields<T: KernelScalar>(_ a: PaddingArguments<T>, _ begin: Int, _ end: Int) {
  let (lanes, planes) = (a.shape.width, a.planes)
  let line = a.width &* lanes
  for unit in begin..<end {
    let field = a.destination + unit &* a.depth &* a.height &* line
    var row = a.source + unit &* planes.places &* lanes
    field.update(repeating: 0, count: a.depth &* a.height &* line)
    for z in 0..<planes.depth {
      for y in 0..<planes.height {
        let (toZ, toY) = (Int(a.depthMap[z]), Int(a.heightMap[y]))
        if toZ >= 0, toY >= 0 {
          let to = field + (toZ &* a.height &+ toY) &* line
          for phase in 0..<planes.phases {
            var place = row + phase &* planes.length &* lanes
            for x in stride(from: phase, to: planes.width, by: planes.phases) {
              let at = Int(a.widthMap[x])
              if at >= 0 { forTiles(of: lanes, AddedRun<T>(source: place, destination: to + at &* lanes)) }
              place += lanes
            }
          }
        }
        row += planes.row &* lanes
      }
    }
  }
}

private struct AddedRun<T: KernelScalar>: RunBody {
  let source: UnsafePointer<T>
  let destination: UnsafeMutablePointer<T>

  @inline(__always)
  func tile<L: Lanes>(_ at: Int, _: L.Type) where L.V.Scalar == T {
    L(UnsafePointer(destination + at)).zip(L(source + at)) { $0 + $1 }.store(to: destination + at)
  }
}

@inline(never)
func fieldEpilogue<T: KernelScalar>(_ a: FieldArguments<T>, _ begin: Int, _ end: Int) {
  let row = a.places &* a.layer.shape.width
  for p in 0..<a.layer.shape.count {
    for unit in begin..<end {
      forTiles(
        of: row,
        FinishedRun<T>(layer: a.layer, bias: a.layer.bias?[unit] ?? 0, first: (p &* a.layer.rows &+ unit) &* row))
    }
  }
}

private struct FinishedRun<T: KernelScalar>: RunBody {
  let layer: LinearArguments<T>
  let bias: T
  let first: Int

  @inline(__always)
  func tile<L: Lanes>(_ at: Int, _: L.Type) where L.V.Scalar == T {
    let bias = L.V(repeating: bias)
    finish(L(UnsafePointer(layer.output + (first &+ at))).map { $0 + bias }, layer, at: first &+ at)
  }
}

@inline(never)
func fieldPrologue<T: KernelScalar>(_ a: FieldArguments<T>, _ begin: Int, _ end: Int) {
  // Then dz is da, and there is nothing to sum.
  if a.layer.biasGradient == nil, a.layer.activation == .identity { return }
  let row = a.places &* a.layer.shape.width
  for unit in begin..<end {
    var sum: T = 0
    withUnsafeMutablePointer(to: &sum) {
      for p in 0..<a.layer.shape.count {
        forTiles(of: row, SlopedRun<T>(layer: a.layer, first: (p &* a.layer.rows &+ unit) &* row, sum: $0))
      }
    }
    if let biasGradient = a.layer.biasGradient {
      biasGradient[unit] = a.layer.accumulate ? biasGradient[unit] + sum : sum
    }
  }
}

private struct SlopedRun<T: KernelScalar>: RunBody {
  let layer: LinearArguments<T>
  let first: Int
  let sum: UnsafeMutablePointer<T>

  @inline(__always)
  func tile<L: Lanes>(_ at: Int, _: L.Type) where L.V.Scalar == T {
    guard let gradient = layer.gradient else { return }
    let dz = backpropagate(layer, at: first &+ at, L.self)
    if layer.activation != .identity { dz.store(to: gradient + (first &+ at)) }
    sum.pointee += total(dz.fold(into: .zero))
  }
}
