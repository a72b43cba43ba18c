import KernelInterface

// Kernels on fields: ``StencilArguments``, ``MaximumArguments``, ``ProductArguments``. A row of a panel, one feature of many
// samples, is held in registers while its entries go by.

/// A kernel over features that is specialised for the width of a panel.
protocol RowKernel {
  associatedtype Arguments
  associatedtype T: KernelScalar
  static func shape(_ arguments: Arguments) -> PanelShape
  static func run<L: Lanes>(_ arguments: Arguments, _ begin: Int, _ end: Int, _: L.Type) where L.V.Scalar == T
}

@inline(__always)
func run<K: RowKernel>(_: K.Type, _ raw: UnsafeRawPointer, _ begin: Int, _ end: Int) {
  let arguments = raw.assumingMemoryBound(to: K.Arguments.self).pointee
  switch bytesOfRow(K.shape(arguments), K.T.self) {
  case MemoryLayout<K.T>.stride: K.run(arguments, begin, end, One<Lane<K.T>>.self)
  case 16: K.run(arguments, begin, end, K.T.Lanes16Bytes.self)
  case 32: K.run(arguments, begin, end, K.T.Lanes32Bytes.self)
  case 64: K.run(arguments, begin, end, K.T.Lanes64Bytes.self)
  case 128: K.run(arguments, begin, end, K.T.Lanes128Bytes.self)
  default: K.run(arguments, begin, end, K.T.Lanes256Bytes.self)
  }
}

/// `body(row, source, destination)` for some features of a field: the row of the stencil, where the channel begins among the
/// source's elements, and where the feature's row is among the destination's.
@inline(__always)
func eachRow<T>(
  _ stencil: Stencil<T>, channels: Int, _ shape: PanelShape, _ begin: Int, _ end: Int, _ body: (Int, Int, Int) -> Void
) {
  let width = shape.width
  for p in 0..<shape.count {
    var channel = begin / stencil.rows
    var row = begin &- channel &* stencil.rows
    for feature in begin..<end {
      body(
        row, panelRow(p, channel &* stencil.columns, features: channels &* stencil.columns, width: width),
        panelRow(p, feature, features: channels &* stencil.rows, width: width))
      row &+= 1
      if row == stencil.rows { (channel, row) = (channel &+ 1, 0) }
    }
  }
}

enum StencilKernel<T: KernelScalar>: RowKernel {
  static func shape(_ arguments: StencilArguments<T>) -> PanelShape { arguments.shape }

  @inline(never)
  static func run<L: Lanes>(_ a: StencilArguments<T>, _ begin: Int, _ end: Int, _: L.Type) where L.V.Scalar == T {
    let (width, stencil) = (a.shape.width, a.stencil)
    eachRow(stencil, channels: a.channels, a.shape, begin, end) { row, from, to in
      for lane in stride(from: 0, to: width, by: L.count) {
        var sum = L(repeating: 0)
        for k in Int(stencil.start[row])..<Int(stencil.start[row &+ 1]) {
          let factor = L.V(repeating: stencil.coefficients?[k] ?? 1)
          sum.add(factor, times: a.source + (from &+ Int(stencil.index[k]) &* width &+ lane))
        }
        sum.store(to: a.destination + (to &+ lane))
      }
    }
  }
}

enum MaximumKernel<T: KernelScalar>: RowKernel {
  static func shape(_ arguments: MaximumArguments<T>) -> PanelShape { arguments.shape }

  /// Vector by vector, because the largest value, its number and NaN are held beside each other.
  @inline(never)
  static func run<L: Lanes>(_ a: MaximumArguments<T>, _ begin: Int, _ end: Int, _: L.Type) where L.V.Scalar == T {
    let (width, stencil) = (a.shape.width, a.stencil)
    eachRow(stencil, channels: a.channels, a.shape, begin, end) { row, from, to in
      let (first, last) = (Int(stencil.start[row]), Int(stencil.start[row &+ 1]))
      for lane in stride(from: 0, to: width, by: L.V.scalarCount) {
        let source = a.source + (from &+ lane)
        var most = L.V(source + Int(stencil.index[first]) &* width)
        var winner = L.V.zero
        // NaN where there is one, for no comparison with it is true.
        var invalid = most.replacing(with: .zero, where: most, isAtMost: most)
        for k in first &+ 1..<last {
          let x = L.V(source + Int(stencil.index[k]) &* width)
          winner = winner.replacing(with: L.V(repeating: T(k &- first)), where: most, isBelow: x)
          most = most.replacing(with: x, where: most, isBelow: x)
          invalid = x.replacing(with: invalid, where: x, isAtMost: x)
        }
        invalid.replacing(with: most, where: invalid, isAtMost: invalid).store(to: a.destination + (to &+ lane))
        if let winners = a.winners { winner.store(to: winners + (to &+ lane)) }
      }
    }
  }
}

enum MaximumBackwardKernel<T: KernelScalar>: RowKernel {
  static func shape(_ arguments: MaximumArguments<T>) -> PanelShape { arguments.shape }

  @inline(never)
  static func run<L: Lanes>(_ a: MaximumArguments<T>, _ begin: Int, _ end: Int, _: L.Type) where L.V.Scalar == T {
    guard let winners = a.winners, let numbers = a.stencil.number else { return }
    let (width, stencil) = (a.shape.width, a.stencil)
    eachRow(stencil, channels: a.channels, a.shape, begin, end) { row, from, to in
      for lane in stride(from: 0, to: width, by: L.V.scalarCount) {
        var sum = L.V.zero
        for k in Int(stencil.start[row])..<Int(stencil.start[row &+ 1]) {
          let at = from &+ Int(stencil.index[k]) &* width &+ lane
          let (winner, number) = (L.V(UnsafePointer(winners + at)), L.V(repeating: numbers[k]))
          sum += L.V(a.source + at).replacing(with: .zero, where: winner, isBelow: number)
            .replacing(with: .zero, where: number, isBelow: winner)
        }
        sum.store(to: a.destination + (to &+ lane))
      }
    }
  }
}

@inline(__always)
func multiply<V: SIMD>(_ a: ProductArguments<V.Scalar>, _ begin: Int, _ end: Int, _: V.Type)
where V.Scalar: BinaryFloatingPoint & BitwiseCopyable {
  let width = a.shape.width
  for p in 0..<a.shape.count {
    let first = panelRow(p, begin, features: a.features, width: width)
    inVectors(of: V.scalarCount, from: first, to: first &+ (end &- begin) &* width) { at, count in
      var product: V = a.factor.map { loadLanes($0 + at, count) } ?? V(repeating: 1)
      for i in 0..<a.count where i != a.skipped { product *= loadLanes(a.inputs[i] + at, count) }
      storeLanes(product, a.destination + at, count)
    }
  }
}
