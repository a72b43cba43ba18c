import Base
import Sparse

/// The positions of a pattern, the obvious way.
func positions(_ pattern: Pattern) -> [Position] {
  (0..<pattern.rows).flatMap { row in
    pattern.slots(row: row).map { Position(row: row, column: pattern.column($0)) }
  }
}

/// Shapes where index arithmetic goes wrong first; connections from one to all.
let uglyShapes: [(rows: Int, columns: Int, connections: Int)] = [
  (1, 1, 1), (1, 17, 1), (1, 17, 9), (1, 17, 17), (17, 1, 3), (17, 1, 17), (3, 5, 14), (3, 5, 15), (30, 4, 60), (64, 33, 17),
  (65, 63, 4000), (300, 784, 18715), (2, 70000, 5), (3, 70000, 4001), (66000, 1, 65999), (65536, 2, 100), (65537, 2, 100),
]

/// The failure that `body` throws.
func failure(_ body: () throws -> Void) -> Failure? {
  do {
    try body()
    return nil
  } catch {
    return error as? Failure
  }
}
