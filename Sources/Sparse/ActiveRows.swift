import Base
import Machine

/// The rows of a parameter that have a gradient, where that is few of many: whoever goes over gradients goes over these alone.
package final class ActiveRows {
  /// Elements of a row.
  package let width: Int
  /// How many are active.
  package private(set) var count = 0
  private let rows: Buffer<Int32>
  /// One byte a row of the parameter: whether it is active.
  private let marks: Buffer<UInt8>

  /// - rows: of the parameter. - Throws: `outOfMemory`.
  package init(rows: Int, width: Int, of what: @autoclosure () -> String) throws(Failure) {
    self.width = width
    self.rows = try Buffer(count: rows, of: what())
    marks = try Buffer(count: rows, of: what())
  }

  package var bytes: Int { rows.bytes + marks.bytes }
  /// The most that there can be.
  package var capacity: Int { rows.count }

  /// Where the elements of an active row begin.
  package func offset(_ position: Int) -> Int { Int(rows.pointer[position]) &* width }

  /// Make a row active. - Returns: whether it was not.
  package func insert(_ row: Int) -> Bool {
    guard marks.pointer[row] == 0 else { return false }
    marks.pointer[row] = 1
    rows.pointer[count] = Int32(truncatingIfNeeded: row)
    count &+= 1
    return true
  }

  package func removeAll() {
    for position in 0..<count { marks.pointer[Int(rows.pointer[position])] = 0 }
    count = 0
  }
}
