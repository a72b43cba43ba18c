// What all rows read of the planes lies in the second-level cache, and sums are as quick as that is. Where a row has enough
// connections, the planes are gone through in parts that the first-level cache holds.

extension ConvolutionGeometry {
  /// The most parts that planes are gone through in.
  public static var mostParts: Int { 32 }
  /// Bytes of a part: three quarters of a first-level cache of 48 KiB. One of 32 KiB has most of a part, too.
  private static var partBytes: Int { 36 << 10 }

  /// Planes a part, of the padded planes of a group.
  /// - run: bytes of outputs that sums are made for at once. - place: bytes of a place.
  /// - connections: of a row. - worthwhile: connections of a row in a part above which parts pay.
  public func paddedPlanesOfPart(run: Int, place: Int, connections: Double, worthwhile: Double) -> Int {
    let rows = depth.kernel &* height.kernel &* min(width.kernel, width.stride)
    let reach = (width.reach &- 1) / width.stride
    return planesOfPart(groupChannels, rows &* (run &+ reach &* place), connections, worthwhile)
  }

  /// The same of the spread outputs. - connections: of a row and kind.
  public func spreadPlanesOfPart(run: Int, place: Int, connections: Double, worthwhile: Double) -> Int {
    let rows = (depth.kernel &+ depth.stride &- 1) / depth.stride &* ((height.kernel &+ height.stride &- 1) / height.stride)
    return planesOfPart(groupFilters, rows &* (run &+ width.lead &* place), connections, worthwhile)
  }

  private func planesOfPart(_ planes: Int, _ bytes: Int, _ connections: Double, _ worthwhile: Double) -> Int {
    let most = max(Self.partBytes / bytes, (planes &+ Self.mostParts &- 1) / Self.mostParts, 1)
    let parts = (planes &+ most &- 1) / most
    guard parts > 1, connections >= worthwhile * Double(parts) else { return planes }
    return (planes &+ parts &- 1) / parts
  }
}
