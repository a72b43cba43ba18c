/// What is done to each piece of a contiguous run of elements: a tile of lanes that are held in registers.
protocol RunBody {
  associatedtype T: KernelScalar
  func tile<L: Lanes>(_ at: Int, _: L.Type) where L.V.Scalar == T
}

/// A run from its start on, in the largest tiles that fit, eight vectors first and single elements last.
@inline(__always)
func forTiles<B: RunBody>(of count: Int, _ body: B) { forTiles(of: count, body, largest: B.T.LanesOfTile.self) }

/// - largest: tiles to begin with; at least 32 bytes.
@inline(__always)
func forTiles<B: RunBody, L: Lanes>(of count: Int, _ body: B, largest: L.Type) where L.V.Scalar == B.T {
  var at = 0
  while at &+ L.count <= count {
    body.tile(at, L.self)
    at &+= L.count
  }
  while L.count > B.T.Lanes128Bytes.count, at &+ B.T.Lanes128Bytes.count <= count {
    body.tile(at, B.T.Lanes128Bytes.self)
    at &+= B.T.Lanes128Bytes.count
  }
  while at &+ B.T.Lanes32Bytes.count <= count {
    body.tile(at, B.T.Lanes32Bytes.self)
    at &+= B.T.Lanes32Bytes.count
  }
  while at &+ B.T.Lanes16Bytes.count <= count {
    body.tile(at, B.T.Lanes16Bytes.self)
    at &+= B.T.Lanes16Bytes.count
  }
  while at < count {
    body.tile(at, One<Lane<B.T>>.self)
    at &+= 1
  }
}
