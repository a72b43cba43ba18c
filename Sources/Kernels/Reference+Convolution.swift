import KernelInterface

// Reference loops of the convolutions: arguments and units as in ConvolutionKernels.

func referenceConvolution<T: KernelScalar>() -> ConvolutionKernels<T> {
  ConvolutionKernels(
    pad: { referencePad($0.load(as: PaddingArguments<T>.self), $1, $2) },
    fold: { referenceFold($0.load(as: PaddingArguments<T>.self), $1, $2) },
    entries: { raw, _, _ in convolutionEntries(raw.load(as: EntryArguments<T>.self)) },
    correlate: { referenceCorrelate($0.load(as: CorrelationArguments<T>.self), $1, $2) },
    gradient: { referenceCorrelationGradient($0.load(as: CorrelationGradientArguments<T>.self), $1, $2) },
    backward: { referenceCorrelationBackward($0.load(as: CorrelationBackwardArguments<T>.self), $1, $2) },
    epilogue: { raw, begin, end in
      let a = raw.load(as: FieldArguments<T>.self)
      forFields(a, begin, end) { row, i in
        let z = a.layer.output[i] + (a.layer.bias?[row] ?? 0)
        a.layer.preactivation?[i] = z
        a.layer.output[i] = activate(a.layer.activation, z, negativeSlope: a.layer.negativeSlope)
      }
    },
    prologue: { raw, begin, end in
      let a = raw.load(as: FieldArguments<T>.self)
      guard let gradient = a.layer.gradient else { return }
      if let db = a.layer.biasGradient, !a.layer.accumulate { for row in begin..<end { db[row] = 0 } }
      forFields(a, begin, end) { row, i in
        gradient[i] = backpropagate(
          a.layer.activation, gradient[i], a: a.layer.output[i], z: a.layer.preactivation?[i] ?? 0,
          negativeSlope: a.layer.negativeSlope)
        a.layer.biasGradient?[row] += gradient[i]
      }
    })
}

private func forFields<T>(_ a: FieldArguments<T>, _ begin: Int, _ end: Int, _ body: (Int, Int) -> Void) {
  let count = a.places * a.layer.shape.width
  for row in begin..<end {
    for p in 0..<a.layer.shape.count {
      for i in 0..<count { body(row, (p * a.layer.rows + row) * count + i) }
    }
  }
}

/// Calls body(place of the planes, place of the field or nil for a zero) for each place of a channel's planes.
private func forPlaces<T>(_ a: PaddingArguments<T>, _ body: (Int, Int?) -> Void) {
  for z in 0..<a.planes.depth {
    for y in 0..<a.planes.height {
      for x in 0..<a.planes.width {
        let from = (z: Int(a.depthMap[z]), y: Int(a.heightMap[y]), x: Int(a.widthMap[x]))
        let isZero = from.z < 0 || from.y < 0 || from.x < 0
        body(
          z * a.planes.slice + y * a.planes.row + x % a.planes.phases * a.planes.length + x / a.planes.phases,
          isZero ? nil : (from.z * a.height + from.y) * a.width + from.x)
      }
    }
  }
}

private func referencePad<T: KernelScalar>(_ a: PaddingArguments<T>, _ begin: Int, _ end: Int) {
  let lanes = a.shape.width
  for unit in begin..<end {
    forPlaces(a) { place, from in
      for lane in 0..<lanes {
        a.destination[(unit * a.planes.places + place) * lanes + lane] =
          from.map { a.source[(unit * a.depth * a.height * a.width + $0) * lanes + lane] } ?? 0
      }
    }
  }
}

private func referenceFold<T: KernelScalar>(_ a: PaddingArguments<T>, _ begin: Int, _ end: Int) {
  let (lanes, places) = (a.shape.width, a.depth * a.height * a.width)
  for unit in begin..<end {
    for i in 0..<places * lanes { a.destination[unit * places * lanes + i] = 0 }
    forPlaces(a) { place, to in
      guard let to else { return }
      for lane in 0..<lanes {
        a.destination[(unit * places + to) * lanes + lane] += a.source[(unit * a.planes.places + place) * lanes + lane]
      }
    }
  }
}

private func referenceCorrelate<T: KernelScalar>(
  _ a: CorrelationArguments<T>, _ begin: Int, _ end: Int, rows: Range<Int>? = nil
) {
  let lanes = a.shape.width
  for unit in begin..<end {
    let (panel, block, line) = (unit / (a.blocks * a.lines), unit / a.lines % a.blocks, unit % a.lines)
    let (phase, y, z) = (
      line % a.width.divisor, line / a.width.divisor % a.height.count, line / a.width.divisor / a.height.count
    )
    let (atZ, atY) = ((a.depth.first + z) * a.depth.multiplier, (a.height.first + y) * a.height.multiplier)
    let kind = (atZ % a.depth.divisor * a.height.divisor + atY % a.height.divisor) * a.width.divisor + phase
    let base = panel * a.planesPanel + atZ / a.depth.divisor * a.planesSlice + atY / a.height.divisor * a.planesRow
    let length = (a.width.count - phase + a.width.divisor - 1) / a.width.divisor * lanes
    let first = block * a.block
    for row in rows ?? 0..<a.rows {
      for i in first..<max(first, min(length, first + a.block)) {
        var sum = a.epilogue.bias?[row] ?? 0
        let entries = a.start + (row * a.kinds + (a.kinds == 1 ? 0 : kind)) * a.parts
        for k in Int(entries[0])..<Int(entries[a.parts]) {
          sum += a.weight[k] * a.planes[base + a.width.first * lanes + i + a.offset[k]]
        }
        let place = (panel * a.rows + row) * a.outputPlaces + z * a.outputSlice + y * a.outputRow + phase * a.outputPhase
        a.epilogue.preactivation?[place * lanes + i] = sum
        a.epilogue.output[place * lanes + i] = activate(
          a.epilogue.activation, sum, negativeSlope: a.epilogue.negativeSlope)
      }
    }
  }
}

private func referenceCorrelationGradient<T: KernelScalar>(
  _ a: CorrelationGradientArguments<T>, _ begin: Int, _ end: Int
) {
  let (g, lanes, planes) = (a.geometry, a.shape.width, a.geometry.padded)
  for unit in begin..<end {
    let row = a.firstRow + unit
    let slots = a.matrix.map { Int($0.rowStart[row])..<Int($0.rowStart[row + 1]) } ?? unit * g.columns..<(unit + 1) * g.columns
    for slot in slots {
      let column = a.matrix.map { SparseIndex.at(slot, of: $0.columnIndex, bytes: $0.indexBytes) } ?? slot - unit * g.columns
      var sum: T = 0
      for panel in 0..<a.shape.count {
        for place in 0..<g.outputPlaces {
          let (x, y, z) = (
            place % g.width.output, place / g.width.output % g.height.output, place / g.width.output / g.height.output
          )
          let channel = panel * g.channels + row / g.groupFilters * g.groupChannels
          let from = channel * planes.places + z * g.depth.stride * planes.slice + y * g.height.stride * planes.row + x
          for lane in 0..<lanes {
            sum +=
              a.gradient[((panel * g.filters + row) * g.outputPlaces + place) * lanes + lane]
              * a.planes[(from + a.columnOffset[column]) * lanes + lane]
          }
        }
      }
      a.weightGradient[slot] = a.accumulate ? a.weightGradient[slot] + sum : sum
    }
  }
}

private func referenceCorrelationBackward<T: KernelScalar>(
  _ a: CorrelationBackwardArguments<T>, _ begin: Int, _ end: Int
) {
  guard let m = a.entries.matrix else { return }
  let (g, sums, lanes) = (a.entries.geometry, a.sums, a.sums.shape.width)
  referenceCorrelate(sums, 0, sums.units, rows: begin..<end)
  for filter in 0..<g.filters {
    for slot in Int(m.rowStart[filter])..<Int(m.rowStart[filter + 1]) {
      let column = SparseIndex.at(slot, of: m.columnIndex, bytes: m.indexBytes)
      let channel = filter / g.groupFilters * g.groupChannels + column / g.taps
      guard channel >= begin, channel < end else { continue }
      let (tap, offset) = (g.position(column % g.taps), g.spreadOffset(column % g.taps))
      var sum: T = 0
      for panel in 0..<sums.shape.count {
        for z in 0..<sums.depth.count where (z + sums.depth.first - tap.z * g.depth.dilation) % g.depth.stride == 0 {
          for y in 0..<sums.height.count where (y + sums.height.first - tap.y * g.height.dilation) % g.height.stride == 0 {
            for x in 0..<sums.width.count where (x + sums.width.first - tap.x * g.width.dilation) % g.width.stride == 0 {
              let from =
                filter * g.spread.places + (z + sums.depth.first) / g.depth.stride * g.spread.slice
                + (y + sums.height.first) / g.height.stride * g.spread.row + (x + sums.width.first) / g.width.stride + offset
              let to = z * sums.outputSlice + y * sums.outputRow + x % g.width.stride * sums.outputPhase + x / g.width.stride
              for lane in 0..<lanes {
                sum +=
                  a.field[((panel * sums.rows + channel) * sums.outputPlaces + to) * lanes + lane]
                  * sums.planes[panel * sums.planesPanel + from * lanes + lane]
              }
            }
          }
        }
      }
      a.weightGradient[slot] = a.accumulate ? a.weightGradient[slot] + sum : sum
    }
  }
}
