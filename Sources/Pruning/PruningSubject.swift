import Base
import Layers
import Machine
import Sparse

/// A layer whose connections a pruning may take away.
package struct PruningSubject<T: Scalar> {
  /// Its number in the network.
  package let number: Int
  /// For messages: "linear layer 2".
  package let name: String
  package let layer: any Connected<T>
  /// Of its weight array, as distributions count them.
  package let dimensions: [Int]

  package init(number: Int, name: String, layer: any Connected<T>, dimensions: [Int]) {
    self.number = number
    self.name = name
    self.layer = layer
    self.dimensions = dimensions
  }
}

/// Samples, and what outputs are compared with.
package struct PruningData<T: Scalar> {
  /// (inputs, samples)
  package let x: UnsafePointer<T>
  package let samples: Int
  package let criterion: LossCriterion<T>

  package init(x: UnsafePointer<T>, samples: Int, criterion: LossCriterion<T>) {
    self.x = x
    self.samples = samples
    self.criterion = criterion
  }
}

/// Where the draws of random pruning come from.
package struct PruningRandom {
  let seed: UInt64
  let stream: UInt64
  let prunings: Int

  /// - stream: of all prunings. - prunings: done so far.
  package init(seed: Int64, stream: UInt64, prunings: Int) {
    self.seed = UInt64(bitPattern: seed)
    self.stream = stream
    self.prunings = prunings
  }

  func source(_ layer: Int) -> RandomSource {
    RandomSource(
      seed: seed,
      stream: (stream &+ UInt64(truncatingIfNeeded: layer)) ^ RandomSource.mix(UInt64(truncatingIfNeeded: prunings)))
  }
}

/// Which of a layer's connections are to stay when its storage is made anew.
package struct KeptConnections {
  /// Number of a layer with connections, sparse or dense.
  package let layer: Int
  /// One mark a connection, in the order of the layer's weights: 1 stays, 0 goes.
  package let marks: Buffer<UInt8>

  package init(layer: Int, marks: Buffer<UInt8>) {
    self.layer = layer
    self.marks = marks
  }
}
