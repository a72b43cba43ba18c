import KernelInterface

// Reference loops of what moves data: packing, unpacking, moving, dropout.

func referenceMove<T: KernelScalar>(_ a: MoveArguments<T>, _ begin: Int, _ end: Int) {
  let width = a.shape.width
  for p in 0..<a.shape.count {
    for feature in begin..<end {
      let from = panelRow(p, a.sourceFirst + feature, features: a.sourceFeatures, width: width)
      let to = panelRow(p, a.destinationFirst + feature, features: a.destinationFeatures, width: width)
      for lane in 0..<width {
        a.destination[to + lane] = a.adds ? a.destination[to + lane] + a.source[from + lane] : a.source[from + lane]
      }
    }
  }
}

func referencePack<T: KernelScalar>(_ arguments: PackArguments<T>, _ begin: Int, _ end: Int) {
  let shape = arguments.shape
  for block in begin..<end {
    var allFinite = true
    for feature in 16 * block..<min(16 * block + 16, arguments.features) {
      for s in 0..<shape.count * shape.width {
        var value: T = 0
        if s < shape.batch {
          let sample = arguments.samples.map { Int($0[s]) } ?? s
          value = arguments.source[sample * arguments.features + feature]
        }
        if !value.isFinite { allFinite = false }
        let row = panelRow(s / shape.width, feature, features: arguments.features, width: shape.width)
        arguments.panels[row + s % shape.width] = value
      }
    }
    arguments.nonFinite?[block] = allFinite ? 0 : 1
  }
}

func referenceUnpack<T: KernelScalar>(_ arguments: UnpackArguments<T>, _ begin: Int, _ end: Int) {
  let shape = arguments.shape
  for feature in 16 * begin..<min(16 * end, arguments.features) {
    for s in 0..<shape.batch {
      let row = panelRow(s / shape.width, feature, features: arguments.features, width: shape.width)
      arguments.destination[s * arguments.features + feature] = arguments.panels[row + s % shape.width]
    }
  }
}

/// The finaliser of splitmix64, as Base's RandomSource.mix: this module stands below Base.
@inline(__always)
func mix(_ value: UInt64) -> UInt64 {
  var z = value
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}

/// Values whose 32 random bits are below this are dropped.
@inline(__always)
func dropThreshold(_ probability: Double) -> UInt64 { UInt64((probability * 0x1p32).rounded(.up)) }

/// The random bits of dropout's values number 2 pair (the low half) and 2 pair + 1 (the high half).
@inline(__always)
func dropBits(key: UInt64, pair: UInt64) -> UInt64 { mix(key &+ pair &* 0x9E37_79B9_7F4A_7C15) }

func referenceDropout<T: KernelScalar>(_ arguments: DropoutArguments<T>, _ begin: Int, _ end: Int) {
  let width = arguments.shape.width
  let threshold = dropThreshold(arguments.probability)
  let scale = T(1 / (1 - arguments.probability))
  for p in 0..<arguments.shape.count {
    for feature in begin..<end {
      let row = panelRow(p, feature, features: arguments.features, width: width)
      for i in row..<row + width {
        let bits = dropBits(key: arguments.key, pair: UInt64(i / 2))
        let dropped = (i % 2 == 0 ? bits & 0xFFFF_FFFF : bits >> 32) < threshold
        arguments.destination[i] = arguments.source[i] * (dropped ? 0 : scale)
      }
    }
  }
}
