import KernelInterface

// Reference loops of the norms, in double.

func referenceAffine<T: KernelScalar>(_ a: AffineArguments<T>, _ begin: Int, _ end: Int) {
  let width = a.shape.width
  for p in 0..<a.shape.count {
    for feature in begin * a.rows..<end * a.rows {
      let k = feature / a.rows
      let row = panelRow(p, feature, features: a.parameters * a.rows, width: width)
      for i in row..<row + width {
        let centered = Double(a.source[i]) - Double(a.center?[k] ?? 0)
        a.destination[i] = T(centered * Double(a.factor[k]) + Double(a.shift?[k] ?? 0))
      }
    }
  }
}

extension ChannelArguments where T: KernelScalar {
  /// Elements of a channel's real samples.
  fileprivate func elements(_ channel: Int) -> [Int] {
    (0..<shape.batch).flatMap { s in
      (0..<places).map { place in
        panelRow(s / shape.width, channel * places + place, features: channels * places, width: shape.width) + s % shape.width
      }
    }
  }
}

func referenceChannelMoments<T: KernelScalar>(_ a: ChannelArguments<T>, _ begin: Int, _ end: Int) {
  for channel in begin..<end {
    let x = a.elements(channel).map { Double(a.source[$0]) }
    let mean = x.reduce(0, +) / Double(x.count)
    a.mean[channel] = mean
    a.second[channel] = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
  }
}

func referenceChannelProducts<T: KernelScalar>(_ a: ChannelArguments<T>, _ begin: Int, _ end: Int) {
  guard let gradient = a.gradient, let sums = a.sums else { return }
  for channel in begin..<end {
    sums[channel] = 0
    a.second[channel] = 0
    for i in a.elements(channel) {
      sums[channel] += Double(gradient[i])
      a.second[channel] += Double(gradient[i]) * (Double(a.source[i]) - a.mean[channel])
    }
  }
}

func referenceChannelGradient<T: KernelScalar>(_ a: ChannelGradientArguments<T>, _ begin: Int, _ end: Int) {
  for p in 0..<a.shape.count {
    for feature in begin * a.places..<end * a.places {
      let k = feature / a.places
      let row = panelRow(p, feature, features: a.channels * a.places, width: a.shape.width)
      for lane in 0..<a.shape.width {
        let (x, dy) = (Double(a.source[row + lane]), Double(a.gradient[row + lane]))
        let dx = dy * Double(a.factor[k]) + (x - Double(a.center[k])) * Double(a.slope[k]) + Double(a.shift[k])
        a.inputGradient[row + lane] = p * a.shape.width + lane < a.shape.batch ? T(dx) : 0
      }
    }
  }
}

extension SampleNormArguments where T: KernelScalar {
  /// The features of a set, and the parameter of each.
  fileprivate func members(_ set: Int) -> [(feature: Int, parameter: Int)] {
    (0..<sets.parameters).flatMap { k in
      (0..<sets.rows).map { row in
        (
          set * sets.setStride + k * sets.parameterStride + row,
          sets.sharesParameters ? k : set * sets.parameters + k
        )
      }
    }
  }

  fileprivate func element(_ panel: Int, _ feature: Int, _ lane: Int) -> Int {
    panelRow(panel, feature, features: sets.features, width: shape.width) + lane
  }

  /// Where the mean is, and 1 / sqrt(variance + epsilon).
  fileprivate func places(_ panel: Int, _ set: Int, _ lane: Int) -> (Int, Int) {
    let place = (panel * sets.sets + set) * shape.width + lane
    return (place, shape.count * sets.sets * shape.width + place)
  }

  fileprivate func normal(_ panel: Int, _ set: Int, _ lane: Int, _ feature: Int) -> Double {
    let (mean, inverse) = places(panel, set, lane)
    return (Double(source[element(panel, feature, lane)]) - statistics[mean]) * statistics[inverse]
  }
}

func referenceSampleNormForward<T: KernelScalar>(_ a: SampleNormArguments<T>, _ begin: Int, _ end: Int) {
  guard let destination = a.destination else { return }
  for unit in begin..<end {
    let (panel, set) = (unit / a.sets.sets, unit % a.sets.sets)
    let members = a.members(set)
    for lane in 0..<a.shape.width {
      let x = members.map { Double(a.source[a.element(panel, $0.feature, lane)]) }
      let mean = x.reduce(0, +) / Double(x.count)
      let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
      let places = a.places(panel, set, lane)
      a.statistics[places.0] = mean
      a.statistics[places.1] = 1 / (variance + a.epsilon).squareRoot()
      for (feature, k) in members {
        let y = a.normal(panel, set, lane, feature) * Double(a.scale?[k] ?? 1) + Double(a.shift?[k] ?? 0)
        destination[a.element(panel, feature, lane)] = T(y)
      }
    }
  }
}

func referenceSampleNormBackward<T: KernelScalar>(_ a: SampleNormArguments<T>, _ begin: Int, _ end: Int) {
  guard let gradient = a.gradient, let inputGradient = a.inputGradient else { return }
  for unit in begin..<end {
    let (panel, set) = (unit / a.sets.sets, unit % a.sets.sets)
    let members = a.members(set)
    for lane in 0..<a.shape.width {
      let d = members.map { Double(gradient[a.element(panel, $0.feature, lane)]) * Double(a.scale?[$0.parameter] ?? 1) }
      let normal = members.map { a.normal(panel, set, lane, $0.feature) }
      let mean = d.reduce(0, +) / Double(d.count)
      let product = zip(d, normal).reduce(0) { $0 + $1.0 * $1.1 } / Double(d.count)
      for (i, member) in members.enumerated() {
        let dx = (d[i] - mean - normal[i] * product) * a.statistics[a.places(panel, set, lane).1]
        inputGradient[a.element(panel, member.feature, lane)] = panel * a.shape.width + lane < a.shape.batch ? T(dx) : 0
      }
    }
  }
}

func referenceSampleNormProducts<T: KernelScalar>(_ a: SampleNormArguments<T>, _ begin: Int, _ end: Int) {
  guard let gradient = a.gradient, let scaleGradient = a.scaleGradient, let shiftGradient = a.shiftGradient else { return }
  var sums = [(scale: Double, shift: Double)](repeating: (0, 0), count: a.sets.parametersInAll)
  for sample in 0..<a.shape.batch {
    let (panel, lane) = (sample / a.shape.width, sample % a.shape.width)
    for set in 0..<a.sets.sets {
      for (feature, k) in a.members(set) {
        let dy = Double(gradient[a.element(panel, feature, lane)])
        sums[k].scale += dy * a.normal(panel, set, lane, feature)
        sums[k].shift += dy
      }
    }
  }
  for k in begin..<end {
    scaleGradient[k] = T(sums[k].scale) + (a.accumulate ? scaleGradient[k] : 0)
    shiftGradient[k] = T(sums[k].shift) + (a.accumulate ? shiftGradient[k] : 0)
  }
}

func referenceNorms<T: KernelScalar>(_: T.Type) -> NormKernels {
  NormKernels(
    affine: { referenceAffine($0.load(as: AffineArguments<T>.self), $1, $2) },
    channelMoments: { referenceChannelMoments($0.load(as: ChannelArguments<T>.self), $1, $2) },
    channelProducts: { referenceChannelProducts($0.load(as: ChannelArguments<T>.self), $1, $2) },
    channelGradient: { referenceChannelGradient($0.load(as: ChannelGradientArguments<T>.self), $1, $2) },
    sampleNormForward: { referenceSampleNormForward($0.load(as: SampleNormArguments<T>.self), $1, $2) },
    sampleNormBackward: { referenceSampleNormBackward($0.load(as: SampleNormArguments<T>.self), $1, $2) },
    sampleNormProducts: { referenceSampleNormProducts($0.load(as: SampleNormArguments<T>.self), $1, $2) })
}
