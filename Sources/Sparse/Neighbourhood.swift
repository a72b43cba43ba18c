import Base

/// The cells around each cell of a grid or a mesh, itself among them: what a stencil reaches.
package struct Neighbourhood {
  package let cells: Int
  /// cells + 1 offsets.
  let start: Buffer<Int64>
  /// Neighbours of each cell, ascending, each once.
  let neighbours: Buffer<Int32>

  /// One dimension of a grid.
  package struct Dimension: Sendable {
    package let length: Int
    /// Cells of the stencil, its middle cell among them; of an even number one more lies after it than before it.
    package let kernel: Int
    /// Whether the first and the last cell are neighbours.
    package let isPeriodic: Bool

    package init(length: Int, kernel: Int, isPeriodic: Bool) {
      self.length = length
      self.kernel = kernel
      self.isPeriodic = isPeriodic
    }

    /// Neighbours of a coordinate: at most two ranges, ascending.
    func reach(_ x: Int) -> (Range<Int>, Range<Int>) {
      if isPeriodic, kernel >= length { return (0..<length, 0..<0) }
      let (low, high) = (x &- (kernel &- 1) / 2, x.addingClamped(kernel / 2).addingClamped(1))
      guard isPeriodic else { return (max(low, 0)..<min(high, length), 0..<0) }
      if low < 0 { return (0..<high, low &+ length..<length) }
      if high > length { return (0..<high &- length, low..<length) }
      return (low..<high, 0..<0)
    }
  }

  /// Of a grid. - dimensions: the slowest first; lengths and kernels >= 1. - Throws: `outOfMemory`.
  package init(grid dimensions: [Dimension], owner: String) throws(Failure) {
    let cells = dimensions.reduce(1) { $0.multipliedClamped(by: $1.length) }
    var total = 1
    for dimension in dimensions {
      var sum = 0
      for x in 0..<dimension.length {
        let (a, b) = dimension.reach(x)
        sum = sum.addingClamped(a.count + b.count)
      }
      total = total.multipliedClamped(by: sum)
    }
    let what = "\(owner), neighbours of the cells"
    start = try Buffer(count: cells.addingClamped(1), of: what)
    neighbours = try Buffer(count: total, of: what)
    self.cells = cells
    var coordinates = dimensions.map { _ in 0 }
    var next = 0
    for cell in 0..<cells {
      put(dimensions, coordinates, 0, 0, &next)
      start.pointer[cell + 1] = Int64(next)
      var position = dimensions.count - 1
      while position >= 0 {
        coordinates[position] += 1
        if coordinates[position] < dimensions[position].length { break }
        coordinates[position] = 0
        position -= 1
      }
    }
  }

  private func put(_ dimensions: [Dimension], _ coordinates: [Int], _ position: Int, _ cell: Int, _ next: inout Int) {
    guard position < dimensions.count else {
      neighbours.pointer[next] = Int32(truncatingIfNeeded: cell)
      next += 1
      return
    }
    let (a, b) = dimensions[position].reach(coordinates[position])
    for x in a { put(dimensions, coordinates, position + 1, cell * dimensions[position].length + x, &next) }
    for x in b { put(dimensions, coordinates, position + 1, cell * dimensions[position].length + x, &next) }
  }

  /// Of a mesh, by its lists of neighbours.
  /// - rowStart: cells + 1 offsets from `base` that do not decrease, the first equal to `base`.
  /// - columns: rowStart[cells] - base cells from `base`; a list may name a cell twice, or the cell whose list it is.
  /// - available: elements that `columns` has, if that is known.
  /// - hops: how many times one goes on to neighbours, >= 0. - base: 0 or 1.
  /// - Throws: `invalidArgument` for offsets and cells that cannot be, naming them; `outOfMemory`.
  package init<Index: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
    cells: Int, rowStart: UnsafePointer<Index>, columns: UnsafePointer<Index>, available: Int? = nil, hops: Int, base: Int,
    owner: String
  ) throws(Failure) {
    try Self.check(cells, rowStart, columns, available, base, owner)
    let what = "\(owner), neighbours of the cells"
    let search = Search(
      rowStart: rowStart, columns: columns, base: base, hops: hops,
      found: try Buffer(count: cells, of: what), seen: try Buffer(count: cells, of: what))
    start = try Buffer(count: cells.addingClamped(1), of: what)
    self.cells = cells
    for cell in 0..<cells { start.pointer[cell + 1] = start.pointer[cell] &+ Int64(search.around(cell, mark: 1)) }
    neighbours = try Buffer(count: Int(start.pointer[cells]), of: what)
    for cell in 0..<cells {
      let count = search.around(cell, mark: 2)
      let list = UnsafeMutableBufferPointer(start: neighbours.pointer + Int(start.pointer[cell]), count: count)
      for i in 0..<count { list[i] = search.found.pointer[i] }
      sortInPlace(list)
    }
  }

  private static func check<Index: FixedWidthInteger & SignedInteger>(
    _ cells: Int, _ rowStart: UnsafePointer<Index>, _ columns: UnsafePointer<Index>, _ available: Int?, _ base: Int,
    _ owner: String
  ) throws(Failure) {
    guard base == 0 || base == 1 else { throw Failure(.invalidArgument, "\(owner): base must be 0 or 1, got \(base)") }
    guard rowStart[0] == Index(truncatingIfNeeded: base) else {
      throw Failure(.invalidArgument, "\(owner): row_start[\(base)] must be \(base), the base, got \(rowStart[0])")
    }
    for cell in 0..<cells where rowStart[cell + 1] < rowStart[cell] {
      throw Failure(
        .invalidArgument,
        "\(owner): row_start must not decrease, but row_start[\(cell + base)] is \(rowStart[cell]) and "
          + "row_start[\(cell + 1 + base)] is \(rowStart[cell + 1])")
    }
    // A cell that is named again and again is an offset that went wrong, rather than a mesh.
    for cell in 0..<cells where rowStart[cell + 1] &- rowStart[cell] > Index(truncatingIfNeeded: cells) {
      throw Failure(
        .invalidArgument,
        "\(owner): row_start gives cell \(cell + base) \(rowStart[cell + 1] &- rowStart[cell]) neighbours, of \(cells) cells")
    }
    let last = Int(truncatingIfNeeded: rowStart[cells]) - base
    guard last <= available ?? last else {
      throw Failure(
        .invalidArgument, "\(owner): columns must have \(last) elements, as row_start ends, got \(available ?? last)")
    }
    for entry in 0..<last {
      let cell = Int(truncatingIfNeeded: columns[entry])
      guard cell >= base, cell - base < cells else {
        throw Failure(
          .invalidArgument,
          "\(owner): columns[\(entry + base)] must be in \(base) .. \(cells - 1 + base), got \(columns[entry])")
      }
    }
  }

  /// Finds the cells around one, ring after ring.
  private struct Search<Index: FixedWidthInteger & SignedInteger> {
    let rowStart: UnsafePointer<Index>
    let columns: UnsafePointer<Index>
    let base: Int
    let hops: Int
    /// The cells found, in the order in which they were.
    let found: Buffer<Int32>
    /// For each cell the last one around which it was found, counted from 1, with the sign of the mark.
    let seen: Buffer<Int32>

    /// How many cells there are around one, which are in `found` then. - mark: 1 and then 2, for one going over the cells each.
    func around(_ cell: Int, mark: Int) -> Int {
      let (found, seen) = (found.pointer, seen.pointer)
      let stamp = Int32(truncatingIfNeeded: mark == 1 ? cell &+ 1 : -1 &- cell)
      found[0] = Int32(truncatingIfNeeded: cell)
      seen[cell] = stamp
      var (begin, count) = (0, 1)
      for _ in 0..<hops {
        let end = count
        if begin == end { break }
        for i in begin..<end {
          let from = Int(found[i])
          let end = Int(truncatingIfNeeded: rowStart[from + 1]) - base
          for entry in Int(truncatingIfNeeded: rowStart[from]) - base..<end {
            let next = Int(truncatingIfNeeded: columns[entry]) - base
            if seen[next] == stamp { continue }
            seen[next] = stamp
            found[count] = Int32(truncatingIfNeeded: next)
            count += 1
          }
        }
        begin = end
      }
      return count
    }
  }
}

/// A heap sort: it needs no memory, where the standard library's sort would end the process that has none.
private func sortInPlace(_ list: UnsafeMutableBufferPointer<Int32>) {
  func sink(_ start: Int, below end: Int) {
    var parent = start
    while 2 &* parent &+ 1 < end {
      var child = 2 &* parent &+ 1
      if child &+ 1 < end, list[child] < list[child &+ 1] { child &+= 1 }
      if list[parent] >= list[child] { return }
      list.swapAt(parent, child)
      parent = child
    }
  }
  for start in stride(from: list.count / 2 &- 1, through: 0, by: -1) { sink(start, below: list.count) }
  for end in stride(from: list.count &- 1, to: 0, by: -1) {
    list.swapAt(0, end)
    sink(0, below: end)
  }
}

extension Pattern {
  /// Units and inputs that are channels of cells, channel after channel: each unit is connected to the inputs of all channels at the
  /// cells around its own.
  /// - Throws: `invalidArgument` for more connections than can be numbered, `outOfMemory`.
  package convenience init(
    _ around: Neighbourhood, channels: Int, inputChannels: Int, owner: String
  ) throws(Failure) {
    let cells = around.cells
    let one = around.neighbours.count
    try self.init(
      rows: channels * cells, columns: inputChannels * cells,
      connections: one.multipliedClamped(by: inputChannels).multipliedClamped(by: channels), capacity: nil, owner: owner)
    var slot = 0
    for row in 0..<rows {
      let cell = row % cells
      for channel in 0..<inputChannels {
        for i in Int(around.start.pointer[cell])..<Int(around.start.pointer[cell + 1]) {
          setColumn(channel &* cells &+ Int(around.neighbours.pointer[i]), of: slot)
          slot &+= 1
        }
      }
      firstSlots[row + 1] = Int64(slot)
    }
    deriveIndices()
  }
}
