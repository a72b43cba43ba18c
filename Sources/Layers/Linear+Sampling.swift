import Base
import KernelInterface
import Machine
import Sparse

// The gradient of a layer that is too large for all of it, where topology methods ask for it.
extension Linear {
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func gradient(
    _ panels: GradientPanels<T>, at positions: PositionRows, into gradient: UnsafeMutablePointer<T>, accumulate: Bool
  ) {
    multiply(panels, at: positions, into: gradient, accumulate)
  }

  // Apart, as in Linear.swift: a generic function asks for the metadata of its locals before it goes to the specialised one.
  @inline(never)
  private func multiply(
    _ panels: GradientPanels<T>, at positions: PositionRows, into gradient: UnsafeMutablePointer<T>, _ accumulate: Bool
  ) {
    guard let values = weights.values else { return }
    // The panels hold dz: as the identity's da the kernel leaves them as they are.
    let dz = UnsafeMutablePointer(mutating: panels.gradient)
    var arguments = LinearArguments(
      matrix: positions.matrix(values: UnsafePointer(values)), rows: outputs, columns: inputs, shape: panels.shape, bias: nil,
      activation: .identity, negativeSlope: 0, input: panels.input, output: dz)
    arguments.gradient = dz
    arguments.weightGradient = gradient
    arguments.accumulate = accumulate
    runLast(
      T.kernels.sparseBackwardWeight, arguments, units: outputs,
      work: 2 * panels.shape.elements(features: positions.count + outputs), balancedBy: positions.rowStart)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func addActivity(
    _ panels: GradientPanels<T>, signs: SignSequence?, first: Int, weight: T, units: UnsafeMutablePointer<T>,
    inputs: UnsafeMutablePointer<T>
  ) {
    sum(panels, signs, first, weight, units, inputs)
  }

  @inline(never)
  private func sum(
    _ panels: GradientPanels<T>, _ signs: SignSequence?, _ first: Int, _ weight: T, _ units: UnsafeMutablePointer<T>,
    _ inputs: UnsafeMutablePointer<T>
  ) {
    for panel in 0..<panels.shape.count {
      let begin = panel * panels.shape.width
      // Lanes beyond the batch are padding, and hold anything in activations.
      let lanes = min(panels.shape.width, panels.shape.batch - begin)
      var negative: UInt64 = 0
      if let signs {
        for lane in 0..<lanes where signs.isNegative(first + begin + lane) {
          negative |= 1 &<< UInt64(truncatingIfNeeded: lane)
        }
      }
      add(panels.gradient, panel, lanes, outputs, panels.shape, signs == nil ? nil : negative, weight, to: units)
      add(panels.input, panel, lanes, self.inputs, panels.shape, signs == nil ? nil : negative, weight, to: inputs)
    }
  }

  @inline(__always)
  private func add(
    _ values: UnsafePointer<T>, _ panel: Int, _ lanes: Int, _ features: Int, _ shape: PanelShape, _ negative: UInt64?,
    _ weight: T, to sums: UnsafeMutablePointer<T>
  ) {
    for feature in 0..<features {
      let row = values + (panel * features + feature) * shape.width
      var sum: T = 0
      if let negative {
        for lane in 0..<lanes { sum += negative &>> UInt64(truncatingIfNeeded: lane) & 1 == 1 ? -row[lane] : row[lane] }
      } else {
        for lane in 0..<lanes { sum += row[lane].magnitude }
      }
      sums[feature] += weight * sum
    }
  }
}
