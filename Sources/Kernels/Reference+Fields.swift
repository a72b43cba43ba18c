import KernelInterface

// Reference loops of the kernels on fields.

func referenceStencil<T: KernelScalar>(_ a: StencilArguments<T>, _ begin: Int, _ end: Int) {
  let width = a.shape.width
  for p in 0..<a.shape.count {
    for feature in begin..<end {
      let (channel, row) = (feature / a.stencil.rows, feature % a.stencil.rows)
      for lane in 0..<width {
        var sum: T = 0
        for k in Int(a.stencil.start[row])..<Int(a.stencil.start[row + 1]) {
          let from = channel * a.stencil.columns + Int(a.stencil.index[k])
          let x = a.source[panelRow(p, from, features: a.channels * a.stencil.columns, width: width) + lane]
          sum += (a.stencil.coefficients?[k] ?? 1) * x
        }
        a.destination[panelRow(p, feature, features: a.channels * a.stencil.rows, width: width) + lane] = sum
      }
    }
  }
}

func referenceMaximum<T: KernelScalar>(_ a: MaximumArguments<T>, _ begin: Int, _ end: Int) {
  let width = a.shape.width
  for p in 0..<a.shape.count {
    for feature in begin..<end {
      let (channel, row) = (feature / a.stencil.rows, feature % a.stencil.rows)
      let to = panelRow(p, feature, features: a.channels * a.stencil.rows, width: width)
      for lane in 0..<width {
        var (most, winner) = (-T.infinity, 0)
        for (number, k) in (Int(a.stencil.start[row])..<Int(a.stencil.start[row + 1])).enumerated() {
          let from = channel * a.stencil.columns + Int(a.stencil.index[k])
          let x = a.source[panelRow(p, from, features: a.channels * a.stencil.columns, width: width) + lane]
          if x > most || x.isNaN { (most, winner) = (x, number) }
        }
        a.destination[to + lane] = most
        a.winners?[to + lane] = T(winner)
      }
    }
  }
}

func referenceMaximumBackward<T: KernelScalar>(_ a: MaximumArguments<T>, _ begin: Int, _ end: Int) {
  guard let winners = a.winners, let numbers = a.stencil.number else { return }
  let width = a.shape.width
  for p in 0..<a.shape.count {
    for feature in begin..<end {
      let (channel, row) = (feature / a.stencil.rows, feature % a.stencil.rows)
      for lane in 0..<width {
        var sum: T = 0
        for k in Int(a.stencil.start[row])..<Int(a.stencil.start[row + 1]) {
          let output = channel * a.stencil.columns + Int(a.stencil.index[k])
          let at = panelRow(p, output, features: a.channels * a.stencil.columns, width: width) + lane
          if winners[at] == numbers[k] { sum += a.source[at] }
        }
        a.destination[panelRow(p, feature, features: a.channels * a.stencil.rows, width: width) + lane] = sum
      }
    }
  }
}

func referenceMultiply<T: KernelScalar>(_ a: ProductArguments<T>, _ begin: Int, _ end: Int) {
  let width = a.shape.width
  for p in 0..<a.shape.count {
    let first = panelRow(p, begin, features: a.features, width: width)
    for at in first..<first + (end - begin) * width {
      var product = a.factor?[at] ?? 1
      for i in 0..<a.count where i != a.skipped { product *= a.inputs[i][at] }
      a.destination[at] = product
    }
  }
}

func referenceActivationForward<T: KernelScalar>(_ a: ActivationArguments<T>, _ begin: Int, _ end: Int) {
  for p in 0..<a.shape.count {
    let first = panelRow(p, begin, features: a.features, width: a.shape.width)
    for at in first..<first + (end - begin) * a.shape.width {
      a.output[at] = activate(a.activation, a.input[at], negativeSlope: a.negativeSlope)
    }
  }
}

func referenceActivationBackward<T: KernelScalar>(_ a: ActivationArguments<T>, _ begin: Int, _ end: Int) {
  guard let gradient = a.gradient, let inputGradient = a.inputGradient else { return }
  for p in 0..<a.shape.count {
    let first = panelRow(p, begin, features: a.features, width: a.shape.width)
    for at in first..<first + (end - begin) * a.shape.width {
      inputGradient[at] = backpropagate(
        a.activation, gradient[at], a: a.output[at], z: a.input[at], negativeSlope: a.negativeSlope)
    }
  }
}

func referenceFields<T: KernelScalar>(_: T.Type) -> FieldKernels {
  FieldKernels(
    stencil: { referenceStencil($0.load(as: StencilArguments<T>.self), $1, $2) },
    maximum: { referenceMaximum($0.load(as: MaximumArguments<T>.self), $1, $2) },
    maximumBackward: { referenceMaximumBackward($0.load(as: MaximumArguments<T>.self), $1, $2) },
    multiply: { referenceMultiply($0.load(as: ProductArguments<T>.self), $1, $2) })
}
