import Base
import KernelInterface
import Sparse

// The scratch of a convolution: planes, and behind them the connections as sums go through them.
extension Convolution {
  package func scratchElements(_ pattern: Pattern?, denseCrossover: Double?) -> Int {
    let connections = pattern?.capacity ?? rows.multipliedClamped(by: columns)
    let entries = Self.numbers(starts).addingClamped(Self.numbers(connections)).addingClamped(Self.rounded(connections))
    let products = pattern != nil && learnsOnTheWay ? connections.multipliedClamped(by: 64 / MemoryLayout<T>.stride) : 0
    return max(paddedElements, spreadElements.addingClamped(foldedElements)).addingClamped(entries).addingClamped(products)
  }

  /// Whether dL/dW of a pattern is made together with dL/dx, which reads the same.
  var learnsOnTheWay: Bool { !isTransposed && geometry.cropsRows }

  /// Numbers of where entries start.
  var starts: Int {
    max(geometry.filters, geometry.channels.multipliedClamped(by: geometry.kinds))
      .multipliedClamped(by: ConvolutionGeometry.mostParts + 1).addingClamped(1)
  }
  /// Elements of the scratch that so many 8-byte numbers take.
  static func numbers(_ count: Int) -> Int { rounded(count.multipliedClamped(by: 8 / MemoryLayout<T>.stride)) }
  /// Up to a whole number of 64 bytes.
  static func rounded(_ count: Int) -> Int { count.addingClamped(15) & ~15 }

  func planes(_ channels: Int, _ planes: Planes, unless isNeedless: Bool) -> Int {
    isNeedless ? 0 : Self.rounded(channels.multipliedClamped(by: planes.places).multipliedClamped(by: elements))
  }
  var paddedElements: Int { planes(geometry.channels, geometry.padded, unless: geometry.needsNoPadding) }
  var spreadElements: Int { planes(geometry.filters, geometry.spread, unless: geometry.needsNoSpread) }
  var foldedElements: Int { planes(geometry.channels, geometry.padded, unless: geometry.cropsRows) }

  /// Behind the planes in the scratch.
  func entryMemory(_ scratch: UnsafeMutablePointer<T>) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(scratch + max(paddedElements, spreadElements.addingClamped(foldedElements)))
  }
}
