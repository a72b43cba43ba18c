import KernelInterface

// Adagrad (Duchi, Hazan and Singer 2011): ``AdagradArguments``.

@inline(__always)
private func adagrad<V: SIMD>(_ raw: UnsafeRawPointer, _ begin: Int, _ end: Int, _: V.Type)
where V.Scalar: BinaryFloatingPoint & BitwiseCopyable {
  let a = raw.load(as: AdagradArguments<V.Scalar>.self)
  let scale = V(repeating: a.gradientScale)
  let decay = V(repeating: a.weightDecay)
  let rate = V(repeating: a.rate)
  let epsilon = V(repeating: a.epsilon)
  let most = V(repeating: .greatestFiniteMagnitude)
  let decays = a.weightDecay != 0
  var outcome = Outcome<V>()

  inVectors(of: V.scalarCount, from: begin, to: end) { at, count in
    let w: V = loadLanes(a.weights + at, count)
    var g = scale * loadLanes(a.gradient + at, count)
    if decays { g += decay * w }
    let s = smaller(loadLanes(a.sum + at, count) + g * g, most)
    storeLanes(s, a.sum + at, count)
    let changed = w - rate * (g / (s.squareRoot() + epsilon))
    outcome.look(at: changed)
    storeLanes(changed, a.weights + at, count)
  }
  outcome.report(to: a.nonFinite)
}

func adagrad32(_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) { adagrad(arguments, begin, end, SIMD16<Float>.self) }
func adagrad64(_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) { adagrad(arguments, begin, end, SIMD8<Double>.self) }
