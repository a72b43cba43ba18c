import Foundation

/// Pictures of handwritten digits, one after the other, and what they show.
struct DigitImages {
  static let pixels = 64

  /// (pixels, pictures), from 0 to 1.
  private(set) var x: [Float] = []
  /// 0 ... 9.
  private(set) var labels: [Int32] = []

  var count: Int { labels.count }

  /// Read lines of 64 grey values 0 ... 16 and a class. Every fifth line, the first included, is for testing.
  static func read(_ path: String) throws -> (train: DigitImages, test: DigitImages) {
    var (train, test) = (DigitImages(), DigitImages())
    let text = try String(contentsOfFile: path, encoding: .utf8)
    for (number, line) in text.split(separator: "\n").enumerated() {
      let values = line.split(separator: ",").compactMap { Int32($0) }
      guard values.count == pixels + 1 else { throw FormatError(path: path, line: number + 1) }
      if number % 5 == 0 { test.append(values) } else { train.append(values) }
    }
    return (train, test)
  }

  private mutating func append(_ values: [Int32]) {
    x += values[..<Self.pixels].map { Float($0) / 16 }
    labels.append(values[Self.pixels])
  }
}

struct FormatError: Error, CustomStringConvertible {
  let path: String
  let line: Int
  var description: String { "\(path), line \(line): not \(DigitImages.pixels) grey values and a class" }
}
