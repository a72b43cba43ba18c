import KernelInterface

// Reference loops of the kernels of sequences.

/// p_ij of one query, sample and head, made of q and k; 0 for keys that it does not see.
private func referenceProbabilities<T: KernelScalar>(
  _ a: AttentionArguments<T>, _ p: Int, _ head: Int, _ i: Int, _ lane: Int
) -> [T] {
  func row(_ feature: Int, _ features: Int) -> Int { panelRow(p, feature, features: features, width: a.shape.width) + lane }
  let channels = a.heads * a.channels
  var scores = [T](repeating: -.infinity, count: a.keys)
  for j in 0..<a.keys where !a.causal || j <= i {
    var sum: T = 0
    for c in head * a.channels..<(head + 1) * a.channels {
      sum += a.query[row(c * a.queries + i, channels * a.queries)] * a.key[row(c * a.keys + j, channels * a.keys)]
    }
    scores[j] = sum * a.scale
  }
  let most = scores.reduce(-T.infinity) { $0 < $1 ? $1 : $0 }
  let powers = scores.map { T.exp($0 - most) }
  let sum = powers.reduce(0, +)
  return powers.map { $0 / sum }
}

/// Calls body(panel, head, place, lane) for all places of the units' blocks.
private func forEachPlace<T>(
  _ a: AttentionArguments<T>, _ begin: Int, _ end: Int, _ length: Int, _ body: (Int, Int, Int, Int) -> Void
) {
  let (block, blocks) = (AttentionArguments<T>.block, AttentionArguments<T>.blocks(length))
  for unit in begin..<end {
    let (p, head, first) = (unit / blocks / a.heads, unit / blocks % a.heads, unit % blocks * block)
    for place in first..<min(first + block, length) { for lane in 0..<a.shape.width { body(p, head, place, lane) } }
  }
}

func referenceAttentionForward<T: KernelScalar>(_ a: AttentionArguments<T>, _ begin: Int, _ end: Int) {
  let channels = a.heads * a.valueChannels
  forEachPlace(a, begin, end, a.queries) { p, head, i, lane in
    let weights = referenceProbabilities(a, p, head, i, lane)
    for c in head * a.valueChannels..<(head + 1) * a.valueChannels {
      var sum: T = 0
      for j in 0..<a.keys {
        let at = panelRow(p, c * a.keys + j, features: channels * a.keys, width: a.shape.width)
        if weights[j] != 0 { sum += weights[j] * a.value[at + lane] }
      }
      a.output[panelRow(p, c * a.queries + i, features: channels * a.queries, width: a.shape.width) + lane] = sum
    }
  }
}

func referenceAttentionBackwardQueries<T: KernelScalar>(_ a: AttentionArguments<T>, _ begin: Int, _ end: Int) {
  guard let dy = a.outputGradient, let scoreGradients = a.scoreGradients else { return }
  let width = a.shape.width
  let (channels, valueChannels) = (a.heads * a.channels, a.heads * a.valueChannels)
  forEachPlace(a, begin, end, a.queries) { p, head, i, lane in
    let weights = referenceProbabilities(a, p, head, i, lane)
    var slopes = [T](repeating: 0, count: a.keys)
    for j in 0..<a.keys {
      for c in head * a.valueChannels..<(head + 1) * a.valueChannels {
        slopes[j] +=
          dy[panelRow(p, c * a.queries + i, features: valueChannels * a.queries, width: width) + lane]
          * a.value[panelRow(p, c * a.keys + j, features: valueChannels * a.keys, width: width) + lane]
      }
    }
    let inner = zip(weights, slopes).reduce(0) { $0 + $1.0 * $1.1 }
    for j in 0..<a.keys {
      let at = (((p * a.heads + head) * a.queries + i) * a.keys + j) * width + lane
      a.probabilities[at] = weights[j]
      scoreGradients[at] = weights[j] * (slopes[j] - inner)
    }
    guard let dq = a.queryGradient else { return }
    for c in head * a.channels..<(head + 1) * a.channels {
      var sum: T = 0
      for j in 0..<a.keys {
        let at = (((p * a.heads + head) * a.queries + i) * a.keys + j) * width + lane
        sum += scoreGradients[at] * a.key[panelRow(p, c * a.keys + j, features: channels * a.keys, width: width) + lane]
      }
      dq[panelRow(p, c * a.queries + i, features: channels * a.queries, width: width) + lane] = sum * a.scale
    }
  }
}

func referenceAttentionBackwardKeys<T: KernelScalar>(_ a: AttentionArguments<T>, _ begin: Int, _ end: Int) {
  guard let dy = a.outputGradient, let scoreGradients = a.scoreGradients else { return }
  let width = a.shape.width
  func sum(
    _ source: UnsafePointer<T>, _ scores: UnsafeMutablePointer<T>, channels: Int, scale: T,
    into gradient: UnsafeMutablePointer<T>
  ) {
    forEachPlace(a, begin, end, a.keys) { p, head, j, lane in
      for c in head * channels..<(head + 1) * channels {
        var sum: T = 0
        for i in 0..<a.queries {
          let from = panelRow(p, c * a.queries + i, features: a.heads * channels * a.queries, width: width) + lane
          sum += scores[(((p * a.heads + head) * a.queries + i) * a.keys + j) * width + lane] * source[from]
        }
        gradient[panelRow(p, c * a.keys + j, features: a.heads * channels * a.keys, width: width) + lane] = sum * scale
      }
    }
  }
  if let dv = a.valueGradient { sum(dy, a.probabilities, channels: a.valueChannels, scale: 1, into: dv) }
  if let dk = a.keyGradient { sum(a.query, scoreGradients, channels: a.channels, scale: a.scale, into: dk) }
}

func referenceEmbeddingForward<T: KernelScalar>(_ a: EmbeddingArguments<T>, _ begin: Int, _ end: Int) {
  for unit in begin..<end {
    let (p, place) = (unit / a.length, unit % a.length)
    for lane in 0..<a.shape.width where p * a.shape.width + lane < a.shape.batch {
      let number = Int(a.numbers[panelRow(p, place, features: a.length, width: a.shape.width) + lane]) - a.base
      for c in 0..<a.channels {
        let at = panelRow(p, c * a.length + place, features: a.channels * a.length, width: a.shape.width)
        a.output[at + lane] = a.table[number * a.channels + c]
      }
    }
  }
}

func referenceEmbeddingBackward<T: KernelScalar>(_ a: EmbeddingArguments<T>, _ begin: Int, _ end: Int) {
  guard let dy = a.outputGradient, let tableGradient = a.tableGradient else { return }
  for c in EmbeddingArguments<T>.block * begin..<min(EmbeddingArguments<T>.block * end, a.channels) {
    for p in 0..<a.shape.count {
      for place in 0..<a.length {
        for lane in 0..<a.shape.width where p * a.shape.width + lane < a.shape.batch {
          let number = Int(a.numbers[panelRow(p, place, features: a.length, width: a.shape.width) + lane])
          let at = panelRow(p, c * a.length + place, features: a.channels * a.length, width: a.shape.width)
          if number != a.padding { tableGradient[(number - a.base) * a.channels + c] += dy[at + lane] }
        }
      }
    }
  }
}

func referenceSequences<T: KernelScalar>(_: T.Type) -> SequenceKernels {
  SequenceKernels(
    attentionForward: { referenceAttentionForward($0.load(as: AttentionArguments<T>.self), $1, $2) },
    attentionBackwardQueries: { referenceAttentionBackwardQueries($0.load(as: AttentionArguments<T>.self), $1, $2) },
    attentionBackwardKeys: { referenceAttentionBackwardKeys($0.load(as: AttentionArguments<T>.self), $1, $2) },
    embeddingForward: { referenceEmbeddingForward($0.load(as: EmbeddingArguments<T>.self), $1, $2) },
    embeddingBackward: { referenceEmbeddingBackward($0.load(as: EmbeddingArguments<T>.self), $1, $2) })
}
