import KernelInterface

// Adam (Kingma and Ba 2015), AMSGrad (Reddi, Kale and Kumar 2018), AdamW (Loshchilov and Hutter 2019): ``AdamArguments``.

@inline(__always)
private func adam<V: SIMD>(_ raw: UnsafeRawPointer, _ begin: Int, _ end: Int, _: V.Type)
where V.Scalar: BinaryFloatingPoint & BitwiseCopyable {
  let a = raw.load(as: AdamArguments<V.Scalar>.self)
  let scale = V(repeating: a.gradientScale)
  let keep = V(repeating: a.keep)
  let decay = V(repeating: a.weightDecay)
  let beta2 = V(repeating: a.beta2)
  let fresh = V(repeating: a.oneMinusBeta2)
  let stepSize = V(repeating: a.stepSize)
  let correction = V(repeating: a.inverseRootCorrection2)
  let epsilon = V(repeating: a.epsilon)
  let decays = a.weightDecay != 0
  var outcome = Outcome<V>()

  inVectors(of: V.scalarCount, from: begin, to: end) { at, count in
    var w: V = loadLanes(a.weights + at, count)
    var g = scale * loadLanes(a.gradient + at, count)
    w *= keep
    if decays { g += decay * w }
    let m = interpolate(loadLanes(a.first + at, count), g, weight: a.oneMinusBeta1)
    storeLanes(m, a.first + at, count)
    var v = beta2 * loadLanes(a.second + at, count) + fresh * (g * g)
    storeLanes(v, a.second + at, count)
    if let maxima = a.maximum {
      v = larger(loadLanes(maxima + at, count), v)
      storeLanes(v, maxima + at, count)
    }
    let changed = w - stepSize * (m / (v.squareRoot() * correction + epsilon))
    outcome.look(at: changed)
    storeLanes(changed, a.weights + at, count)
  }
  outcome.report(to: a.nonFinite)
}

func adam32(_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) { adam(arguments, begin, end, SIMD16<Float>.self) }
func adam64(_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) { adam(arguments, begin, end, SIMD8<Double>.self) }
