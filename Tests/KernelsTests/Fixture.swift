import KernelInterface
import Kernels
import Machine

/// Random numbers for tests: splitmix64.
struct Draw {
  var state: UInt64

  mutating func bits() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in [-1, 1).
  mutating func value<T: BinaryFloatingPoint>(_: T.Type = T.self) -> T { T(Double(bits() >> 11) * 0x1p-52 - 1) }

  mutating func values<T: BinaryFloatingPoint>(_ count: Int) -> [T] { (0..<count).map { _ in value() } }

  mutating func below(_ bound: Int) -> Int { Int(bits() % UInt64(bound)) }
}

/// Memory that tests hand to kernels: freed with the object, with a guard on both sides that must stay as it was.
final class Memory<T: BitwiseCopyable & Equatable> {
  let count: Int
  let pointer: UnsafeMutablePointer<T>
  private let base: UnsafeMutablePointer<T>
  private let sentinel: T

  /// - offset: elements that the start is moved from its alignment.
  init(_ values: [T], sentinel: T, offset: Int = 0) {
    count = values.count
    self.sentinel = sentinel
    base = UnsafeMutableRawPointer.allocate(byteCount: (count + 64 + offset) * MemoryLayout<T>.stride, alignment: 64)
      .bindMemory(to: T.self, capacity: count + 64 + offset)
    base.initialize(repeating: sentinel, count: count + 64 + offset)
    pointer = base + 32 + offset
    for (i, value) in values.enumerated() { pointer[i] = value }
  }

  deinit { base.deallocate() }

  var values: [T] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  var guardsAreIntact: Bool {
    (base..<pointer).allSatisfy { $0.pointee == sentinel }
      && (0..<32).allSatisfy { pointer[count + $0] == sentinel }
  }
}

extension Memory where T: BinaryFloatingPoint {
  convenience init(_ values: [T], offset: Int = 0) { self.init(values, sentinel: 1234.5, offset: offset) }
}

/// What both element types have in the tests.
protocol TestedScalar: Scalar {
  static var reference: KernelTable<Self> { get }
  static func table(_ set: InstructionSet) -> KernelTable<Self>
}

extension Float: TestedScalar {
  static var reference: KernelTable<Float> { reference32 }
  static func table(_ set: InstructionSet) -> KernelTable<Float> { set.kernels32 }
}

extension Double: TestedScalar {
  static var reference: KernelTable<Double> { reference64 }
  static func table(_ set: InstructionSet) -> KernelTable<Double> { set.kernels64 }
}

/// A sparse matrix with its transposed index, from the positions of its connections in row order.
final class TestMatrix<T: TestedScalar> {
  let rows: Int
  let columns: Int
  let indexBytes: Int
  let positions: [(row: Int, column: Int)]
  let values: Memory<T>
  let rowStart: Memory<Int64>
  let columnStart: Memory<Int64>
  let columnIndex: Memory<UInt8>
  let rowIndex: Memory<UInt8>
  let slot: Memory<UInt32>
  let bitmap: Memory<UInt8>

  init(rows: Int, columns: Int, indexBytes: Int, positions: [(row: Int, column: Int)], values: [T]) {
    (self.rows, self.columns, self.indexBytes, self.positions) = (rows, columns, indexBytes, positions)
    // One element past an aligned place: the caller's array promises no more.
    self.values = Memory(values, offset: 1)
    func starts(_ count: Int, _ key: ((row: Int, column: Int)) -> Int) -> Memory<Int64> {
      var lengths = [Int64](repeating: 0, count: count + 1)
      for position in positions { lengths[key(position) + 1] += 1 }
      for i in 0..<count { lengths[i + 1] += lengths[i] }
      return Memory(lengths, sentinel: -1)
    }
    func index(_ numbers: [Int]) -> Memory<UInt8> {
      Memory(numbers.flatMap { n in (0..<indexBytes).map { UInt8(truncatingIfNeeded: n >> (8 * $0)) } }, sentinel: 0xEE)
    }
    rowStart = starts(rows) { $0.row }
    columnStart = starts(columns) { $0.column }
    columnIndex = index(positions.map(\.column))
    let transposed = positions.indices.sorted { (positions[$0].column, $0) < (positions[$1].column, $1) }
    rowIndex = index(transposed.map { positions[$0].row })
    slot = Memory(transposed.map { UInt32($0) }, sentinel: 0xEEEE_EEEE)
    let bytes = bitmapBytes(columns: columns)
    var bits = [UInt8](repeating: 0, count: rows * bytes)
    for position in positions { bits[position.row * bytes + position.column / 8] |= 1 << UInt8(position.column % 8) }
    bitmap = Memory(bits, sentinel: 0xEE)
  }

  /// Every position with this probability, but for some empty rows and columns; a full row and column now and then.
  convenience init(rows: Int, columns: Int, density: Double, indexBytes: Int, draw: inout Draw) {
    let oddRows = (0..<rows).map { _ in draw.below(8) }
    let oddColumns = (0..<columns).map { _ in draw.below(8) }
    var positions: [(row: Int, column: Int)] = []
    for row in 0..<rows {
      for column in 0..<columns where oddRows[row] != 0 && oddColumns[column] != 0 {
        let chance: Double = draw.value()
        if (chance + 1) / 2 < density || oddRows[row] == 1 || oddColumns[column] == 1 { positions.append((row, column)) }
      }
    }
    self.init(
      rows: rows, columns: columns, indexBytes: indexBytes, positions: positions, values: draw.values(positions.count))
  }

  var matrix: SparseMatrix<T> {
    SparseMatrix(
      rows: rows, columns: columns, rowStart: UnsafePointer(rowStart.pointer), columnIndex: columnIndex.pointer,
      indexBytes: indexBytes, values: UnsafePointer(values.pointer), columnStart: UnsafePointer(columnStart.pointer),
      rowIndex: rowIndex.pointer, slot: UnsafePointer(slot.pointer))
  }
}

/// Call a kernel over units 0 ..< units, in the pieces that `cuts` makes of them.
func call<A>(_ kernel: Kernel, _ arguments: A, units: Int, cuts: [Int] = []) {
  withUnsafePointer(to: arguments) {
    let borders = [0] + cuts.sorted() + [units]
    for (begin, end) in zip(borders, borders.dropFirst()) where begin < end { kernel(UnsafeRawPointer($0), begin, end) }
  }
}

/// (features, batch) rows -> panels, by the definition in PanelShape; lanes beyond the batch get `padding`.
func panels<T: BinaryFloatingPoint>(_ x: [[T]], _ shape: PanelShape, padding: T = 0) -> [T] {
  var result = [T](repeating: padding, count: shape.elements(features: x.count))
  for (feature, row) in x.enumerated() {
    for s in 0..<shape.batch { result[((s / shape.width) * x.count + feature) * shape.width + s % shape.width] = row[s] }
  }
  return result
}

/// The inverse of `panels`.
func unpanels<T: BinaryFloatingPoint>(_ p: [T], features: Int, _ shape: PanelShape) -> [[T]] {
  (0..<features).map { feature in
    (0..<shape.batch).map { s in p[((s / shape.width) * features + feature) * shape.width + s % shape.width] }
  }
}
