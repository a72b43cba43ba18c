import Base
import Sparse

/// N:M: at most n connections in each m inputs of a unit that follow one another (Zhou et al. 2021, NVIDIA's 2:4).
package enum Groups {
  /// - Throws: `invalidArgument` unless `size` divides `inputs`.
  package static func check(size: Int, inputs: Int, name: String) throws(Failure) {
    guard size >= 1, inputs % size == 0 else {
      throw Failure(.invalidArgument, "\(name): m must divide its \(inputs) inputs, got \(size)")
    }
  }

  /// Keep the `keep` largest of one group: the marks of the others become 0. Between equals the lower place stays.
  /// - marks: `count` of them; those that are 0 take no part.
  @inline(__always)
  static func keepLargest(
    _ keep: Int, of count: Int, _ marks: UnsafeMutablePointer<UInt8>, rank: (Int) -> UInt64
  ) {
    var present = 0
    for i in 0..<count where marks[i] != 0 { present &+= 1 }
    while present > keep {
      var smallest = UInt64.max
      var which = 0
      for i in 0..<count where marks[i] != 0 && rank(i) <= smallest { (smallest, which) = (rank(i), i) }
      marks[which] = 0
      present &-= 1
    }
  }
}

extension Survivors {
  /// Keep the `keep` largest in each `size` inputs of each unit that follow one another: the marks of the others become 0.
  /// Between equals the lower place stays.
  /// - pattern: of the layer's connections; nil for a dense one. - inputs: of the layer.
  /// - Throws: `invalidArgument` unless `size` divides `inputs`; `nonFinite` for a score that is not finite. No mark has
  ///   changed then.
  package static func choose(
    _ layer: Candidates, keep: Int, ofEach size: Int, pattern: Pattern?, inputs: Int
  ) throws(Failure) {
    try Groups.check(size: size, inputs: inputs, name: layer.name)
    try requireFinite(layer)
    let units = pattern?.rows ?? layer.marks.count / inputs
    for unit in 0..<units {
      var begin = pattern.map { Int($0.rowStart[unit]) } ?? unit * inputs
      let end = pattern.map { Int($0.rowStart[unit + 1]) } ?? begin + inputs
      while begin < end {
        let group = (pattern?.column(begin) ?? begin % inputs) / size
        var next = begin + 1
        while next < end, (pattern?.column(next) ?? next % inputs) / size == group { next += 1 }
        Groups.keepLargest(keep, of: next - begin, layer.marks.pointer + begin) { layer.rank(begin + $0) }
        begin = next
      }
    }
  }
}
