import KernelInterface

// Rows of a table by number: ``EmbeddingArguments``. What limits is memory, and the rows of a panel are written whole.

func embeddingForward<T: KernelScalar>(_ a: EmbeddingArguments<T>, _ begin: Int, _ end: Int) {
  let (width, channels, length) = (a.shape.width, a.channels, a.length)
  // Of at most 64 lanes: 512 bytes, which are on the stack.
  withUnsafeTemporaryAllocation(of: UnsafePointer<T>.self, capacity: width) { rows in
    for unit in begin..<end {
      let (p, place) = (unit / length, unit % length)
      let numbers = a.numbers + panelRow(p, place, features: length, width: width)
      let live = min(width, a.shape.batch &- p &* width)
      for lane in 0..<width {
        // Lanes beyond the batch repeat the first one.
        let number = numbers[lane < live ? lane : 0]
        rows[lane] = a.table + (Int(number) &- a.base) &* channels
      }
      for c in 0..<channels {
        let output = a.output + panelRow(p, c &* length &+ place, features: channels &* length, width: width)
        for lane in 0..<width { output[lane] = rows[lane][c] }
      }
    }
  }
}

func embeddingBackward<T: KernelScalar>(_ a: EmbeddingArguments<T>, _ begin: Int, _ end: Int) {
  guard let dy = a.outputGradient, let tableGradient = a.tableGradient else { return }
  let (width, channels, length) = (a.shape.width, a.channels, a.length)
  for block in begin..<end {
    let first = block &* EmbeddingArguments<T>.block
    let count = min(EmbeddingArguments<T>.block, channels &- first)
    for p in 0..<a.shape.count {
      let live = min(width, a.shape.batch &- p &* width)
      for place in 0..<length {
        let numbers = a.numbers + panelRow(p, place, features: length, width: width)
        let column = dy + panelRow(p, first &* length &+ place, features: channels &* length, width: width)
        for lane in 0..<live {
          let number = Int(numbers[lane])
          if number == a.padding { continue }
          let row = tableGradient + ((number &- a.base) &* channels &+ first)
          for c in 0..<count { row[c] += column[c &* length &* width &+ lane] }
        }
      }
    }
  }
}
