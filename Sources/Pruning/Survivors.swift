import Base
import Sparse

/// One layer's connections in a choice of those that stay.
package struct Candidates {
  /// For messages: "linear layer 2".
  package let name: String
  /// One a connection; the larger, the more reason to stay. Finite.
  package let scores: Buffer<Double>
  /// One a connection: 1 takes part, 0 is out already.
  package let marks: Buffer<UInt8>

  package init(name: String, scores: Buffer<Double>, marks: Buffer<UInt8>) {
    self.name = name
    self.scores = scores
    self.marks = marks
  }

  /// So many that all take part, their scores not yet known. - Throws: `outOfMemory`.
  package init(name: String, count: Int) throws(Failure) {
    let marks = try Buffer<UInt8>(count: count, of: "prune, marks of \(name)")
    marks.span.update(repeating: 1)
    self.init(name: name, scores: try Buffer(count: count, of: "prune, scores of \(name)"), marks: marks)
  }

  /// Those that take part.
  package var present: Int {
    var count = 0
    for i in 0..<marks.count where marks.pointer[i] != 0 { count &+= 1 }
    return count
  }
}

/// The choice of exactly so many connections with the largest scores.
package enum Survivors {
  /// Keep the `keep` largest of one or several layers together, at least one of each: the marks of the others become 0. Between
  /// equals the earlier layer, then the lower place stays. A layer that would be left with none keeps its best. In time linear
  /// in the connections; nothing but a few words a layer is allocated.
  /// - keep: more than there are keeps all.
  /// - Throws: `invalidArgument` for less than one a layer; `nonFinite` for a score that is not finite. No mark has changed
  ///   then.
  package static func choose(_ layers: [Candidates], keep: Int) throws(Failure) {
    for layer in layers { try requireFinite(layer) }
    guard keep >= layers.count else {
      throw Failure(
        .invalidArgument,
        layers.count == 1
          ? "\(layers[0].name) would be left with none of its \(layers[0].marks.count) connections"
          : "\(keep) connections are too few for \(layers.count) layers, each of which needs one")
    }
    guard keep < layers.total({ $0.present }) else { return }
    let best = layers.map(\.best)
    func key(_ layer: Int, _ i: Int) -> UInt64 { i == best[layer] ? .max : layers[layer].rank(i) }
    let last = kthLargest(keep, segments: layers.count, count: { layers[$0].marks.count }, key: key)
    var equal = keep - last.larger
    for (number, layer) in layers.enumerated() {
      for i in 0..<layer.marks.count {
        let key = key(number, i)
        if key > last.key { continue }
        if key == last.key, equal > 0 {
          equal &-= 1
        } else {
          layer.marks.pointer[i] = 0
        }
      }
    }
  }

  static func requireFinite(_ layer: Candidates) throws(Failure) {
    for i in 0..<layer.scores.count where layer.marks.pointer[i] != 0 && !layer.scores.pointer[i].isFinite {
      throw Failure(
        .nonFinite, "\(layer.name): the score of connection \(i) (from 0) is \(layer.scores.pointer[i]); nothing has changed")
    }
  }
}

extension Candidates {
  /// Ascending with a score that is finite, both zeros equal; 0 for what takes no part, below every other.
  @inline(__always)
  func rank(_ i: Int) -> UInt64 {
    if marks.pointer[i] == 0 { return 0 }
    // Adding 0 makes -0 the other zero. Negative numbers have all bits turned, others the highest.
    let bits = Int64(bitPattern: (scores.pointer[i] + 0).bitPattern)
    return UInt64(bitPattern: bits ^ (bits &>> 63 | .min))
  }

  /// Place of the largest score, the lowest among equals.
  fileprivate var best: Int {
    var best = 0
    var most: UInt64 = 0
    for i in 0..<marks.count {
      let rank = rank(i)
      if rank > most { (best, most) = (i, rank) }
    }
    return best
  }
}
