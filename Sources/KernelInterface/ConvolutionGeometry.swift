/// What lies beyond the ends of a dimension. The raw values are those of include/espalier.h.
public enum PaddingMode: Int32, Sendable, CaseIterable {
  /// 0.
  case zeros = 0
  /// The field again: what lies before the first place is the last one.
  case periodic
  /// The field mirrored at its first and last place, which are not repeated.
  case reflect
  /// The first and last place again and again.
  case replicate
}

/// One dimension of a convolution. ``output`` places o are made of the padded places stride o + dilation k, k = 0 ..< kernel.
public struct ConvolutionDimension: Sendable, Equatable {
  public var input: Int
  public var kernel: Int
  public var stride: Int
  public var dilation: Int
  /// Places of padding before and after the field.
  public var before: Int
  public var after: Int
  public var mode: PaddingMode
  public var output: Int

  /// - output: nil for as many as fit.
  public init(
    input: Int, kernel: Int = 1, stride: Int = 1, dilation: Int = 1, before: Int = 0, after: Int = 0,
    mode: PaddingMode = .zeros, output: Int? = nil
  ) {
    self.input = input
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.before = before
    self.after = after
    self.mode = mode
    self.output = output ?? (input &+ before &+ after &- (kernel &- 1) &* dilation &- 1) / stride &+ 1
  }

  public var padded: Int { input &+ before &+ after }
  /// From the first place that an output is made of to the last, both counted.
  public var reach: Int { (kernel &- 1) &* dilation &+ 1 }
  /// Zeros before the outputs, so that a padded place is made of outputs p / stride - dilation k / stride, whatever k.
  public var lead: Int { (kernel &- 1) &* dilation / stride }
  /// Places of the outputs with zeros on both sides.
  public var spread: Int { lead &+ max(output, (padded &- 1) / stride &+ 1) }
  public var isPadded: Bool { before != 0 || after != 0 }

  /// The place of the field that a padded place holds, -1 for a zero.
  public func source(_ place: Int) -> Int {
    let x = place &- before
    if x >= 0, x < input { return x }
    switch mode {
    case .zeros: return -1
    case .periodic: return x < 0 ? x &+ input : x &- input
    case .reflect: return x < 0 ? 0 &- x : 2 &* (input &- 1) &- x
    case .replicate: return x < 0 ? 0 : input &- 1
    }
  }
}

/// A convolution of up to three dimensions; those that a field does not have are of length 1.
///
/// Filter f of group g = f / (filters / groups) sees the channels g (channels / groups) ... of its group. Its weights are a row
/// of `columns` positions: channel in the group, kernel depth, height, width, the last one fastest. The transposed convolution is
/// the same geometry gone through backwards: from `filters` fields of the outputs' extents to `channels` of the inputs'.
public struct ConvolutionGeometry: Sendable, Equatable {
  public var channels: Int
  public var filters: Int
  public var groups: Int
  public var depth: ConvolutionDimension
  public var height: ConvolutionDimension
  public var width: ConvolutionDimension

  public init(
    channels: Int, filters: Int, groups: Int = 1, depth: ConvolutionDimension = ConvolutionDimension(input: 1),
    height: ConvolutionDimension = ConvolutionDimension(input: 1), width: ConvolutionDimension
  ) {
    self.channels = channels
    self.filters = filters
    self.groups = groups
    self.depth = depth
    self.height = height
    self.width = width
  }

  /// Positions of the kernel.
  public var taps: Int { depth.kernel &* height.kernel &* width.kernel }
  public var groupChannels: Int { channels / groups }
  public var groupFilters: Int { filters / groups }
  public var columns: Int { groupChannels &* taps }
  public var inputPlaces: Int { depth.input &* height.input &* width.input }
  public var outputPlaces: Int { depth.output &* height.output &* width.output }

  /// The padded field: what outputs are made of.
  public var padded: Planes {
    Planes(
      depth: depth.padded, height: height.padded, width: width.padded, phases: width.stride)
  }
  /// The outputs between zeros: what padded inputs' derivatives are made of.
  public var spread: Planes { Planes(depth: depth.spread, height: height.spread, width: width.spread, phases: 1) }

  /// Whether the field is its own padded field.
  public var needsNoPadding: Bool {
    width.stride == 1 && !depth.isPadded && !height.isPadded && !width.isPadded
  }
  /// Whether the outputs need no zeros around them.
  public var needsNoSpread: Bool {
    depth.spread == depth.output && height.spread == height.output && width.spread == width.output
  }
  /// Whether the derivative by the field is a part of that by the padded field, rows of which are rows of it.
  public var cropsRows: Bool {
    func isCrop(_ d: ConvolutionDimension) -> Bool { !d.isPadded || d.mode == .zeros }
    return width.stride == 1 && isCrop(depth) && isCrop(height) && isCrop(width)
  }

  /// Kinds of padded places, by what is left of each coordinate divided by the stride: those of a kind are made of outputs
  /// through the same positions of the kernel.
  public var kinds: Int { depth.stride &* height.stride &* width.stride }

  /// Depth, height and width of a kernel position.
  @inlinable @inline(__always)
  public func position(_ tap: Int) -> (z: Int, y: Int, x: Int) {
    let row = tap / width.kernel
    return (row / height.kernel, row % height.kernel, tap % width.kernel)
  }

  /// The kind of the padded places that a kernel position takes from outputs.
  @inlinable @inline(__always)
  public func kind(_ tap: Int) -> Int {
    let (z, y, x) = position(tap)
    return (z &* depth.dilation % depth.stride &* height.stride &+ y &* height.dilation % height.stride) &* width.stride
      &+ x &* width.dilation % width.stride
  }

  /// How far behind an output's first place in the padded planes a kernel position lies.
  @inlinable @inline(__always)
  public func paddedOffset(_ tap: Int) -> Int {
    let (z, y, x) = position(tap)
    let (planes, at) = (padded, x &* width.dilation)
    return (z &* depth.dilation &* planes.height &+ y &* height.dilation) &* planes.row
      &+ at % width.stride &* planes.length &+ at / width.stride
  }

  /// How far behind place p / stride of the spread outputs lies the one that a padded place p takes through a kernel position.
  @inlinable @inline(__always)
  public func spreadOffset(_ tap: Int) -> Int {
    let (z, y, x) = position(tap)
    let planes = spread
    return
      ((depth.lead &- z &* depth.dilation / depth.stride) &* planes.height
      &+ (height.lead &- y &* height.dilation / height.stride)) &* planes.row
      &+ (width.lead &- x &* width.dilation / width.stride)
  }
}

/// How a channel's places lie in planes: by depth, height, what is left of the width's coordinate divided by `phases`, and the
/// quotient. So places that are `phases` apart lie beside each other.
public struct Planes: Sendable, Equatable {
  public var depth: Int
  public var height: Int
  public var width: Int
  public var phases: Int

  public init(depth: Int, height: Int, width: Int, phases: Int) {
    self.depth = depth
    self.height = height
    self.width = width
    self.phases = phases
  }

  /// Places of one phase.
  public var length: Int { (width &+ phases &- 1) / phases }
  /// Places from one row to the next.
  public var row: Int { phases &* length }
  public var slice: Int { height &* row }
  public var places: Int { depth &* slice }
}
