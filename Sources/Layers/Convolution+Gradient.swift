import Base
import KernelInterface
import Machine
import Sparse

// The gradient of a convolution where topology methods ask for it.
extension Convolution {
  package var gradientPanels: GradientPanels<T>? {
    @_specialize(where T == Float)
    @_specialize(where T == Double)
    get { panelsOfLast() }
  }

  // Apart, as in Convolution.swift: a generic function asks for the metadata of its locals before it goes to the specialised one.
  @inline(never)
  private func panelsOfLast() -> GradientPanels<T>? {
    last.map { GradientPanels(input: $0.input, gradient: UnsafePointer(outputGradient), shape: $0.pass.shape) }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func denseGradient(
    _ panels: GradientPanels<T>, rows: Range<Int>, into gradient: UnsafeMutablePointer<T>, accumulate: Bool
  ) {
    multiplyLast(panels, nil, rows, into: gradient, accumulate)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func gradient(
    _ panels: GradientPanels<T>, at positions: PositionRows, into gradient: UnsafeMutablePointer<T>, accumulate: Bool
  ) {
    multiplyLast(panels, positions, 0..<rows, into: gradient, accumulate)
  }

  @inline(never)
  private func multiplyLast(
    _ panels: GradientPanels<T>, _ positions: PositionRows?, _ rows: Range<Int>, into gradient: UnsafeMutablePointer<T>,
    _ accumulate: Bool
  ) {
    guard let pass = last?.pass else { return }
    multiply(
      panels, positions?.matrix(values: UnsafePointer(gradient)), rows: rows, accumulate: accumulate, into: gradient, pass)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func addActivity(
    _ panels: GradientPanels<T>, signs: SignSequence?, first: Int, weight: T, units: UnsafeMutablePointer<T>,
    inputs: UnsafeMutablePointer<T>
  ) {
    sum(panels, signs, first, weight, units, inputs)
  }

  /// A kernel position is as active as its channel.
  @inline(never)
  private func sum(
    _ panels: GradientPanels<T>, _ signs: SignSequence?, _ first: Int, _ weight: T, _ units: UnsafeMutablePointer<T>,
    _ inputs: UnsafeMutablePointer<T>
  ) {
    let (g, lanes) = (geometry, panels.shape.width)
    let (field, filtered) = isTransposed ? (panels.gradient, panels.input) : (panels.input, panels.gradient)
    for panel in 0..<panels.shape.count {
      let begin = panel * lanes
      // Lanes beyond the batch are padding, and hold anything in activations.
      let used = min(lanes, panels.shape.batch - begin)
      var negative: UInt64 = 0
      if let signs {
        for lane in 0..<used where signs.isNegative(first + begin + lane) { negative |= 1 &<< UInt64(truncatingIfNeeded: lane) }
      }
      @inline(__always)
      func total(_ values: UnsafePointer<T>, _ places: Int) -> T {
        var sum: T = 0
        for place in 0..<places {
          let row = values + place * lanes
          if signs == nil {
            for lane in 0..<used { sum += row[lane].magnitude }
          } else {
            for lane in 0..<used { sum += negative &>> UInt64(truncatingIfNeeded: lane) & 1 == 1 ? -row[lane] : row[lane] }
          }
        }
        return weight * sum
      }
      for filter in 0..<g.filters {
        units[filter] += total(filtered + (panel * g.filters + filter) * g.outputPlaces * lanes, g.outputPlaces)
      }
      for channel in 0..<g.channels {
        let sum = total(field + (panel * g.channels + channel) * g.inputPlaces * lanes, g.inputPlaces)
        for tap in 0..<g.taps { inputs[channel % g.groupChannels * g.taps + tap] += sum }
      }
    }
  }

  package var placesMet: Int { geometry.outputPlaces }
  /// Filters of different groups see different channels; the rows of a transposed one are channels that go into sums of many.
  package var sharesInputs: Bool { geometry.groups == 1 && !isTransposed }
  package var copiesInputs: Bool { true }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func unfold(
    _ input: UnsafePointer<T>, _ shape: PanelShape, into unfolded: UnsafeMutablePointer<T>,
    _ body: (UnsafePointer<T>, PanelShape) -> Void
  ) {
    let (g, lanes) = (geometry, shape.width)
    for place in 0..<g.outputPlaces {
      let (x, row) = (place % g.width.output, place / g.width.output)
      let (y, z) = (row % g.height.output, row / g.height.output)
      for column in 0..<g.columns {
        let tap = g.position(column % g.taps)
        let from = (
          g.depth.source(z * g.depth.stride + tap.z * g.depth.dilation),
          g.height.source(y * g.height.stride + tap.y * g.height.dilation),
          g.width.source(x * g.width.stride + tap.x * g.width.dilation)
        )
        let isInside = from.0 >= 0 && from.1 >= 0 && from.2 >= 0
        let feature = column / g.taps * g.inputPlaces + (from.0 * g.height.input + from.1) * g.width.input + from.2
        for panel in 0..<shape.count {
          let to = unfolded + (panel * g.columns + column) * lanes
          if isInside {
            to.update(from: input + (panel * inputs + feature) * lanes, count: lanes)
          } else {
            to.update(repeating: 0, count: lanes)
          }
        }
      }
      body(UnsafePointer(unfolded), shape)
    }
  }

  package var unitCount: Int { isTransposed ? geometry.channels : geometry.filters }
  package var inputCount: Int { isTransposed ? geometry.filters : geometry.channels }
  package func isReached(_ unit: Int) -> Bool { isTransposed ? isConnected(channel: unit) : isConnected(filter: unit) }
  package func isTaken(_ input: Int) -> Bool { isTransposed ? isConnected(filter: input) : isConnected(channel: input) }

  private func isConnected(filter: Int) -> Bool {
    pattern.map { $0.rowStart[filter + 1] > $0.rowStart[filter] } ?? true
  }

  /// Whether a channel of the field has a connection with one of its group's filters.
  private func isConnected(channel: Int) -> Bool {
    guard let pattern else { return true }
    let g = geometry
    let (group, within) = (channel / g.groupChannels, channel % g.groupChannels)
    if g.groups == 1 {
      return pattern.columnStart[(within + 1) * g.taps] > pattern.columnStart[within * g.taps]
    }
    for filter in group * g.groupFilters..<(group + 1) * g.groupFilters {
      for slot in pattern.slots(row: filter) where pattern.column(slot) / g.taps == within { return true }
    }
    return false
  }
}
