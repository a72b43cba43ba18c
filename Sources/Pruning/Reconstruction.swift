import Base
import Machine
import Sparse

/// A linear layer that loses connections while those that stay are corrected, so that its outputs on given inputs change as
/// little as can be. Each unit is a problem of its own; what they have in common are the inputs' second moments.
package final class Reconstruction {
  /// What is to be left.
  package enum Target: Equatable {
    /// So many connections, at least 1, wherever in the layer.
    case connections(Int)
    /// In each unit at most so many of each `of` inputs that follow one another. `of` divides the number of inputs.
    case groups(Int, of: Int)
  }

  let name: String
  let units: Int
  let inputs: Int
  /// nil for a dense layer.
  let pattern: Pattern?
  /// One a connection, in the order of the layer's weights. In the end 0 for those that are gone.
  package let weights: Buffer<Double>
  /// One a connection: in the end 1 for those that stay.
  package let marks: Buffer<UInt8>

  /// - weights: the layer's. - pattern: nil for a dense layer.
  /// - Throws: `nonFinite` for a weight that is not finite; `outOfMemory`.
  package init<T: Scalar>(
    name: String, units: Int, inputs: Int, pattern: Pattern?, weights given: UnsafePointer<T>
  ) throws(Failure) {
    self.name = name
    self.units = units
    self.inputs = inputs
    self.pattern = pattern
    let count = pattern?.connections ?? units * inputs
    weights = try Buffer(count: count, of: "\(name), weights in double precision")
    marks = try Buffer(count: count, of: "\(name), marks")
    marks.span.update(repeating: 1)
    for i in 0..<count {
      guard given[i].isFinite else {
        throw Failure(.nonFinite, "\(name): weight \(i) (from 0) is \(given[i]); nothing has changed")
      }
      weights.pointer[i] = Double(given[i])
    }
  }

  package var connections: Int { weights.count }

  func slots(_ unit: Int) -> Range<Int> { pattern?.slots(row: unit) ?? unit * inputs..<(unit + 1) * inputs }

  /// Input of a connection of `unit`.
  func input(_ slot: Int, _ unit: Int) -> Int { pattern?.column(slot) ?? slot - unit * inputs }

  /// Most connections of one unit.
  var longest: Int {
    guard let pattern else { return inputs }
    return (0..<units).reduce(0) { max($0, pattern.slots(row: $1).count) }
  }

  /// Weights of inputs that were always 0 change nothing and are 0 from now on.
  func silence(_ dead: Buffer<UInt8>) {
    for unit in 0..<units {
      for slot in slots(unit) where dead.pointer[input(slot, unit)] == 1 { weights.pointer[slot] = 0 }
    }
  }

  func requireFactor(_ info: Int32, _ what: String) throws(Failure) {
    guard info == 0 else {
      throw Failure(
        .numerical,
        "\(name): \(what) of its inputs' second moments: LAPACK returned \(info); a larger damping may help")
    }
  }

  /// Size of a matrix as LAPACK takes it.
  func lapackSize(_ n: Int) throws(Failure) -> Int32 {
    guard let size = Int32(exactly: n) else { throw Failure(.outOfMemory, "\(name): \(n) inputs are too many for LAPACK") }
    return size
  }
}

extension Reconstruction.Target {
  /// - Throws: `invalidArgument` when a layer of so many inputs cannot come to it.
  func check(inputs: Int, name: String) throws(Failure) {
    switch self {
    case .connections(let count):
      guard count >= 1 else { throw Failure(.invalidArgument, "\(name): none of its connections would be left") }
    case .groups(_, let size): try Groups.check(size: size, inputs: inputs, name: name)
    }
  }
}
