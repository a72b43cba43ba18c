import Base
import KernelInterface

/// What a geometry comes to, written out once: which place of the field each padded coordinate holds, and how far into the planes
/// each column of the weights leads.
struct ConvolutionTables {
  /// For each coordinate of planes that of the field, -1 for a zero.
  struct Maps {
    private let coordinates: Buffer<Int32>
    private let starts: (height: Int, width: Int)

    init(
      _ planes: Planes, owner: String, depth: (Int) -> Int, height: (Int) -> Int, width: (Int) -> Int
    ) throws(Failure) {
      let count = planes.depth.addingClamped(planes.height).addingClamped(planes.width)
      coordinates = try Buffer(count: count, of: "\(owner), padding")
      starts = (planes.depth, planes.depth + planes.height)
      for i in 0..<planes.depth { coordinates.pointer[i] = Int32(clamping: depth(i)) }
      for i in 0..<planes.height { coordinates.pointer[starts.height + i] = Int32(clamping: height(i)) }
      for i in 0..<planes.width { coordinates.pointer[starts.width + i] = Int32(clamping: width(i)) }
    }

    var depth: UnsafePointer<Int32> { UnsafePointer(coordinates.pointer) }
    var height: UnsafePointer<Int32> { UnsafePointer(coordinates.pointer + starts.height) }
    var width: UnsafePointer<Int32> { UnsafePointer(coordinates.pointer + starts.width) }
    func visit(_ visitor: inout some StateVisitor) { visitor.scratch(coordinates) }
  }

  /// From the padded field to the field.
  let padded: Maps
  /// From the outputs between zeros to the outputs.
  let spread: Maps
  private let offsets: Buffer<Int>

  init(_ geometry: ConvolutionGeometry, owner: String) throws(Failure) {
    let g = geometry
    padded = try Maps(
      g.padded, owner: owner, depth: g.depth.source, height: g.height.source, width: g.width.source)
    func output(_ place: Int, _ d: ConvolutionDimension) -> Int {
      place >= d.lead && place < d.lead + d.output ? place - d.lead : -1
    }
    spread = try Maps(
      g.spread, owner: owner, depth: { output($0, g.depth) }, height: { output($0, g.height) }, width: { output($0, g.width) })
    offsets = try Buffer(count: g.columns, of: "\(owner), offsets of kernel positions")
    let (taps, places) = (g.taps, g.padded.places)
    for column in 0..<g.columns { offsets.pointer[column] = column / taps * places + g.paddedOffset(column % taps) }
  }

  /// Of each column the offset of its channel and kernel position into the padded planes, in places.
  var columnOffset: UnsafePointer<Int> { UnsafePointer(offsets.pointer) }

  func visit(_ visitor: inout some StateVisitor) {
    padded.visit(&visitor)
    spread.visit(&visitor)
    visitor.scratch(offsets)
  }
}
