import Base
import KernelInterface
import Machine
import Sparse

/// The row of locally connected layers. They have a convolution's options.
enum LocallyConnectedRow: LayerRow {
  static let name = "locally_connected"
  static let options = LayerOption.ofConvolutions(transposed: false)

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    guard try options.choice(LayerOption.initializer, of: Initializer.self) != .orthogonal else {
      throw Failure(
        .invalidArgument, "\(options.owner): initializer must not be orthogonal, as its units do not meet the same inputs")
    }
    return try ConvolutionRow.outputShape(of: inputs, options)
  }

  static func weightShape(of inputs: [TensorShape], _ options: OptionValues) -> WeightShape? {
    guard let g = try? ConvolutionGeometry(of: inputs[0], options, transposed: false) else { return nil }
    let rows = g.filters.multipliedClamped(by: g.outputPlaces)
    let kernel = [g.depth.kernel, g.height.kernel, g.width.kernel].suffix(inputs[0].extents.count)
    return WeightShape(rows: rows, columns: g.columns, dimensions: kernel + [g.groupChannels, rows])
  }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> { try LocallyConnected<T>(site) }
}

extension ConvolutionGeometry {
  /// Whether there are places beside those of the field.
  var isPadded: Bool { depth.isPadded || height.isPadded || width.isPadded }

  /// The padded field in its own order.
  var planes: Planes { Planes(depth: depth.padded, height: height.padded, width: width.padded, phases: 1) }
}

extension Placement {
  /// What the positions of a locally connected layer read of the padded field.
  convenience init(_ g: ConvolutionGeometry, owner: String) throws(Failure) {
    let planes = g.planes
    try self.init(
      rows: g.filters * g.outputPlaces, columns: g.columns, features: g.channels * planes.places, owner: owner,
      rowOffset: { row in
        let (filter, place) = (row / g.outputPlaces, row % g.outputPlaces)
        let (x, line) = (place % g.width.output, place / g.width.output)
        let (y, z) = (line % g.height.output, line / g.height.output)
        return filter / g.groupFilters * g.groupChannels * planes.places + z * g.depth.stride * planes.slice
          + y * g.height.stride * planes.row + x * g.width.stride
      },
      columnOffset: { column in
        let tap = g.position(column % g.taps)
        return column / g.taps * planes.places + tap.z * g.depth.dilation * planes.slice
          + tap.y * g.height.dilation * planes.row + tap.x * g.width.dilation
      })
  }
}

extension LocallyConnected {
  /// Rows meet parts of the field that differ.
  package var sharesInputs: Bool { false }

  package var inputCount: Int { inputs }

  /// Whether a feature of the field, or a copy of it in the padding, has a connection.
  package func isTaken(_ input: Int) -> Bool {
    guard let placed = pattern?.placed else { return true }
    let (g, planes) = (geometry, geometry.planes)
    let (x, line) = (input % g.width.input, input / g.width.input)
    let (y, slice) = (line % g.height.input, line / g.height.input)
    let (z, channel) = (slice % g.depth.input, slice / g.depth.input)
    for pz in 0..<planes.depth where g.depth.source(pz) == z {
      for py in 0..<planes.height where g.height.source(py) == y {
        let row = ((channel * planes.depth + pz) * planes.height + py) * planes.row
        for px in 0..<planes.width where g.width.source(px) == x {
          if placed.columnStart[row + px + 1] > placed.columnStart[row + px] { return true }
        }
      }
    }
    return false
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func addActivity(
    _ panels: GradientPanels<T>, signs: SignSequence?, first: Int, weight: T, units: UnsafeMutablePointer<T>,
    inputs: UnsafeMutablePointer<T>
  ) {
    sum(panels, signs, first, weight, units, inputs)
  }

  /// A kernel position is as active as its channel: what it meets at each place is a part of it.
  @inline(never)
  private func sum(
    _ panels: GradientPanels<T>, _ signs: SignSequence?, _ first: Int, _ weight: T, _ units: UnsafeMutablePointer<T>,
    _ inputs: UnsafeMutablePointer<T>
  ) {
    let (g, lanes) = (geometry, panels.shape.width)
    for panel in 0..<panels.shape.count {
      let begin = panel * lanes
      // Lanes beyond the batch are padding, and hold anything in activations.
      let used = min(lanes, panels.shape.batch - begin)
      var negative: UInt64 = 0
      if let signs {
        for lane in 0..<used where signs.isNegative(first + begin + lane) { negative |= 1 &<< UInt64(truncatingIfNeeded: lane) }
      }
      @inline(__always)
      func total(_ values: UnsafePointer<T>) -> T {
        var sum: T = 0
        if signs == nil {
          for lane in 0..<used { sum += values[lane].magnitude }
        } else {
          for lane in 0..<used { sum += negative &>> UInt64(truncatingIfNeeded: lane) & 1 == 1 ? -values[lane] : values[lane] }
        }
        return weight * sum
      }
      for row in 0..<rows { units[row] += total(panels.gradient + (panel * rows + row) * lanes) }
      for channel in 0..<g.channels {
        var sum: T = 0
        for place in 0..<g.inputPlaces {
          sum += total(panels.input + ((panel * g.channels + channel) * g.inputPlaces + place) * lanes)
        }
        for tap in 0..<g.taps { inputs[channel % g.groupChannels * g.taps + tap] += sum }
      }
    }
  }
}
