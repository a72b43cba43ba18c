import KernelInterface

// Reference loops of the linear layers: arguments and units as in KernelTable.

/// Where the row of a feature begins in panel p.
@inline(__always)
func panelRow(_ p: Int, _ feature: Int, features: Int, width: Int) -> Int { (p &* features &+ feature) &* width }

func referenceSparseForward<T: KernelScalar>(_ arguments: LinearArguments<T>, _ begin: Int, _ end: Int) {
  guard let matrix = arguments.matrix else { return }
  let width = arguments.shape.width
  for p in 0..<arguments.shape.count {
    for row in begin..<end {
      let y = panelRow(p, row, features: arguments.rows, width: width)
      for lane in 0..<width {
        var z = arguments.bias?[row] ?? 0
        for k in Int(matrix.rowStart[row])..<Int(matrix.rowStart[row + 1]) {
          let column = SparseIndex.at(k, of: matrix.columnIndex, bytes: matrix.indexBytes)
          z += matrix.values[k] * arguments.input[panelRow(p, column, features: arguments.columns, width: width) + lane]
        }
        arguments.preactivation?[y + lane] = z
        arguments.output[y + lane] = activate(arguments.activation, z, negativeSlope: arguments.negativeSlope)
      }
    }
  }
}

func referenceSparseBackwardWeight<T: KernelScalar>(_ arguments: LinearArguments<T>, _ begin: Int, _ end: Int) {
  guard let matrix = arguments.matrix, let gradient = arguments.gradient else { return }
  referenceDenseBackwardPrologue(arguments, begin, end)
  guard let weightGradient = arguments.weightGradient else { return }
  let width = arguments.shape.width
  for row in begin..<end {
    for k in Int(matrix.rowStart[row])..<Int(matrix.rowStart[row + 1]) {
      let column = SparseIndex.at(k, of: matrix.columnIndex, bytes: matrix.indexBytes)
      var sum: T = 0
      for p in 0..<arguments.shape.count {
        let dz = gradient + panelRow(p, row, features: arguments.rows, width: width)
        let x = arguments.input + panelRow(p, column, features: arguments.columns, width: width)
        for lane in 0..<width { sum += dz[lane] * x[lane] }
      }
      weightGradient[k] = arguments.accumulate ? weightGradient[k] + sum : sum
    }
  }
}

func referenceSparseBackwardInput<T: KernelScalar>(_ arguments: LinearArguments<T>, _ begin: Int, _ end: Int) {
  guard let matrix = arguments.matrix, let gradient = arguments.gradient, let dx = arguments.inputGradient else { return }
  let width = arguments.shape.width
  for p in 0..<arguments.shape.count {
    for column in begin..<end {
      for lane in 0..<width {
        var sum: T = 0
        for k in Int(matrix.columnStart[column])..<Int(matrix.columnStart[column + 1]) {
          let row = SparseIndex.at(k, of: matrix.rowIndex, bytes: matrix.indexBytes)
          sum += matrix.values[Int(matrix.slot[k])] * gradient[panelRow(p, row, features: arguments.rows, width: width) + lane]
        }
        dx[panelRow(p, column, features: arguments.columns, width: width) + lane] = sum
      }
    }
  }
}

func referenceDenseForwardEpilogue<T: KernelScalar>(_ arguments: LinearArguments<T>, _ begin: Int, _ end: Int) {
  let width = arguments.shape.width
  for p in 0..<arguments.shape.count {
    for row in begin..<end {
      let y = panelRow(p, row, features: arguments.rows, width: width)
      for i in y..<y + width {
        let z = arguments.output[i] + (arguments.bias?[row] ?? 0)
        arguments.preactivation?[i] = z
        arguments.output[i] = activate(arguments.activation, z, negativeSlope: arguments.negativeSlope)
      }
    }
  }
}

func referenceDenseBackwardPrologue<T: KernelScalar>(_ arguments: LinearArguments<T>, _ begin: Int, _ end: Int) {
  guard let gradient = arguments.gradient else { return }
  let width = arguments.shape.width
  for row in begin..<end {
    var sum: T = 0
    for p in 0..<arguments.shape.count {
      let y = panelRow(p, row, features: arguments.rows, width: width)
      for i in y..<y + width {
        gradient[i] = backpropagate(
          arguments.activation, gradient[i], a: arguments.output[i], z: arguments.preactivation?[i] ?? 0,
          negativeSlope: arguments.negativeSlope)
        sum += gradient[i]
      }
    }
    if let biasGradient = arguments.biasGradient {
      biasGradient[row] = arguments.accumulate ? biasGradient[row] + sum : sum
    }
  }
}
