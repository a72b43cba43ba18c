import Base
import KernelInterface
import Machine
import Sparse

/// A layer whose statistics move along with each batch that it is trained with. They are kept apart until the call that the
/// batch came with is known to succeed.
package protocol Statistical<T>: Layer {
  /// - Throws: `invalidArgument` when statistics cannot be taken of so many samples.
  func check(batch: Int, _ call: String) throws(Failure)

  /// Let the statistics of the last training pass count, if they have not yet.
  func commit()
}

/// A layer with numbers that it takes from samples of the caller's, and not from training.
package protocol Fitted<T>: Layer {
  /// - x: (inputs of the layer, samples), finite. - samples: at least 1.
  func fit(_ x: UnsafePointer<T>, samples: Int) throws(Failure)
}

extension LayerOption {
  package static let affine = "affine"
  package static let epsilon = "epsilon"
  package static let groups = "groups"
  package static let inverse = "inverse"
  package static let momentum = "momentum"
  package static let perPlace = "per_place"

  static let ofNorms = [
    Option(epsilon, 1e-5, .above(0, upTo: .infinity)),
    Option(affine, 1, .flag, live: false),
  ]
}

/// What a norm with parameters multiplies by and adds at the end; nothing when it has none.
struct AffineParameters<T: Scalar> {
  let scale: Parameter<T>?
  let shift: Parameter<T>?

  init(count: Int, options: OptionValues, owner: String) throws(Failure) {
    let isAffine = try options.get(LayerOption.affine) == 1
    scale = isAffine ? Parameter(name: "\(owner), weights", role: .scale, count: count) : nil
    shift = isAffine ? Parameter(name: "\(owner), bias", role: .shift, count: count) : nil
  }

  var all: [Parameter<T>] { [scale, shift].compactMap { $0 } }
}

/// A row of a norm: what comes out is what goes in, and each feature goes on as itself. What a feature adds to the statistics of
/// others does not count as going on.
protocol NormRow: LayerRow {}

extension NormRow {
  package static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    inputs[0]
  }
  package static func hasParameters(_ options: OptionValues) -> Bool { (try? options.get(LayerOption.affine)) == 1 }
}
