import KernelInterface

// RMSprop (Hinton 2012), plain and centered (Graves 2013): ``RMSPropArguments``.

@inline(__always)
private func rmsprop<V: SIMD>(_ raw: UnsafeRawPointer, _ begin: Int, _ end: Int, _: V.Type)
where V.Scalar: BinaryFloatingPoint & BitwiseCopyable {
  let a = raw.load(as: RMSPropArguments<V.Scalar>.self)
  let scale = V(repeating: a.gradientScale)
  let decay = V(repeating: a.weightDecay)
  let rate = V(repeating: a.rate)
  let alpha = V(repeating: a.alpha)
  let fresh = V(repeating: a.oneMinusAlpha)
  let epsilon = V(repeating: a.epsilon)
  let momentum = V(repeating: a.momentum)
  let decays = a.weightDecay != 0
  var outcome = Outcome<V>()

  inVectors(of: V.scalarCount, from: begin, to: end) { at, count in
    let w: V = loadLanes(a.weights + at, count)
    var g = scale * loadLanes(a.gradient + at, count)
    if decays { g += decay * w }
    let v = alpha * loadLanes(a.square + at, count) + fresh * (g * g)
    storeLanes(v, a.square + at, count)
    var variance = v
    if let averages = a.average {
      let mean = interpolate(loadLanes(averages + at, count), g, weight: a.oneMinusAlpha)
      storeLanes(mean, averages + at, count)
      // Rounding may make it negative where the gradient hardly changes.
      variance = larger(V.zero, variance - mean * mean)
    }
    var change = g / (variance.squareRoot() + epsilon)
    if let moments = a.moment {
      change += momentum * loadLanes(moments + at, count)
      storeLanes(change, moments + at, count)
    }
    let changed = w - rate * change
    outcome.look(at: changed)
    storeLanes(changed, a.weights + at, count)
  }
  outcome.report(to: a.nonFinite)
}

func rmsprop32(_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) { rmsprop(arguments, begin, end, SIMD16<Float>.self) }
func rmsprop64(_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) { rmsprop(arguments, begin, end, SIMD8<Double>.self) }
