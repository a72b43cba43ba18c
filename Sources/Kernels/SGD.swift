import KernelInterface

// Stochastic gradient descent with momentum: ``SGDArguments``.

@inline(__always)
private func sgd<V: SIMD>(_ raw: UnsafeRawPointer, _ begin: Int, _ end: Int, _: V.Type)
where V.Scalar: BinaryFloatingPoint & BitwiseCopyable {
  let a = raw.load(as: SGDArguments<V.Scalar>.self)
  let scale = V(repeating: a.gradientScale)
  let decay = V(repeating: a.weightDecay)
  let rate = V(repeating: a.rate)
  let momentum = V(repeating: a.momentum)
  let fresh = V(repeating: 1 - a.dampening)
  let decays = a.weightDecay != 0
  var outcome = Outcome<V>()

  guard let moments = a.moment else {
    inVectors(of: V.scalarCount, from: begin, to: end) { at, count in
      let w: V = loadLanes(a.weights + at, count)
      var g = scale * loadLanes(a.gradient + at, count)
      if decays { g += decay * w }
      let changed = w - rate * g
      outcome.look(at: changed)
      storeLanes(changed, a.weights + at, count)
    }
    return outcome.report(to: a.nonFinite)
  }
  inVectors(of: V.scalarCount, from: begin, to: end) { at, count in
    let w: V = loadLanes(a.weights + at, count)
    var g = scale * loadLanes(a.gradient + at, count)
    if decays { g += decay * w }
    let m = a.first ? g : momentum * loadLanes(moments + at, count) + fresh * g
    storeLanes(m, moments + at, count)
    g = a.nesterov ? g + momentum * m : m
    let changed = w - rate * g
    outcome.look(at: changed)
    storeLanes(changed, a.weights + at, count)
  }
  outcome.report(to: a.nonFinite)
}

func sgd32(_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) { sgd(arguments, begin, end, SIMD16<Float>.self) }
func sgd64(_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) { sgd(arguments, begin, end, SIMD8<Double>.self) }
