import CSystem

// The vectors that this module's instruction set has, and runs of lanes made of them.

#if ESPALIER_AVX512
  typealias FloatTile = Twice<Float64Lanes>
  typealias DoubleTile = Twice<Double32Lanes>
  typealias FloatSixth = Float64Lanes
  typealias DoubleSixth = Double32Lanes
  typealias FloatHalf = FloatTile
  typealias DoubleHalf = DoubleTile
  typealias Float64Lanes = Twice<Twice<One<SIMD16<Float>>>>
  typealias Float32Lanes = Twice<One<SIMD16<Float>>>
  typealias Float16Lanes = One<SIMD16<Float>>
  typealias Float8Lanes = One<SIMD8<Float>>
  typealias Double32Lanes = Twice<Twice<One<SIMD8<Double>>>>
  typealias Double16Lanes = Twice<One<SIMD8<Double>>>
  typealias Double8Lanes = One<SIMD8<Double>>
  typealias Double4Lanes = One<SIMD4<Double>>
#elseif ESPALIER_AVX2
  typealias FloatTile = Float64Lanes
  typealias DoubleTile = Double32Lanes
  typealias FloatSixth = Float16Lanes
  typealias DoubleSixth = Double8Lanes
  typealias FloatHalf = Float32Lanes
  typealias DoubleHalf = Double16Lanes
  typealias Float64Lanes = Twice<Twice<Twice<One<SIMD8<Float>>>>>
  typealias Float32Lanes = Twice<Twice<One<SIMD8<Float>>>>
  typealias Float16Lanes = Twice<One<SIMD8<Float>>>
  typealias Float8Lanes = One<SIMD8<Float>>
  typealias Double32Lanes = Twice<Twice<Twice<One<SIMD4<Double>>>>>
  typealias Double16Lanes = Twice<Twice<One<SIMD4<Double>>>>
  typealias Double8Lanes = Twice<One<SIMD4<Double>>>
  typealias Double4Lanes = One<SIMD4<Double>>
#else
  // Sixteen registers of 16 bytes: eight accumulators, so the widest panel row is worked on in two halves.
  typealias FloatTile = Float32Lanes
  typealias DoubleTile = Double16Lanes
  typealias FloatSixth = Float8Lanes
  typealias DoubleSixth = Double4Lanes
  typealias FloatHalf = Float16Lanes
  typealias DoubleHalf = Double8Lanes
  typealias Float64Lanes = Float32Lanes
  typealias Float32Lanes = Twice<Twice<Twice<One<SIMD4<Float>>>>>
  typealias Float16Lanes = Twice<Twice<One<SIMD4<Float>>>>
  typealias Float8Lanes = Twice<One<SIMD4<Float>>>
  typealias Double32Lanes = Double16Lanes
  typealias Double16Lanes = Twice<Twice<Twice<One<SIMD2<Double>>>>>
  typealias Double8Lanes = Twice<Twice<One<SIMD2<Double>>>>
  typealias Double4Lanes = Twice<One<SIMD2<Double>>>
#endif

/// A vector register's worth of elements.
protocol Vector: SIMD where Scalar: KernelScalar {
  /// self + a b, fused where the instruction set can; elsewhere a fused multiply-add would be a library call a lane.
  func adding(_ a: Self, times b: Self) -> Self
  /// The lane sums of four vectors. The order of additions is fixed.
  static func sums(_ a: Self, _ b: Self, _ c: Self, _ d: Self) -> SIMD4<Scalar>
  /// The lanes of self, but of x where a < b. What the standard library has for this becomes a loop in generic code.
  func replacing(with x: Self, where a: Self, isBelow b: Self) -> Self
  /// The lanes of self, but of x where a <= b.
  func replacing(with x: Self, where a: Self, isAtMost b: Self) -> Self
}

extension SIMD2: Vector where Scalar == Double {
  @inline(__always)
  func adding(_ a: Self, times b: Self) -> Self { csystem_multiply_add_d2(a, b, self) }

  @inline(__always)
  func replacing(with x: Self, where a: Self, isBelow b: Self) -> Self { csystem_below_d2(a, b, x, self) }

  @inline(__always)
  func replacing(with x: Self, where a: Self, isAtMost b: Self) -> Self { csystem_at_most_d2(a, b, x, self) }

  @inline(__always)
  static func sums(_ a: Self, _ b: Self, _ c: Self, _ d: Self) -> SIMD4<Double> {
    SIMD4(a[0], b[0], c[0], d[0]) + SIMD4(a[1], b[1], c[1], d[1])
  }
}

extension SIMD4: Vector where Scalar: KernelScalar {
  @inline(__always)
  func adding(_ a: Self, times b: Self) -> Self { Scalar.multiplyAdd(a, b, self) }

  @inline(__always)
  static func sums(_ a: Self, _ b: Self, _ c: Self, _ d: Self) -> Self { Scalar.sums(a, b, c, d) }

  @inline(__always)
  func replacing(with x: Self, where a: Self, isBelow b: Self) -> Self { Scalar.below(a, b, x, self) }

  @inline(__always)
  func replacing(with x: Self, where a: Self, isAtMost b: Self) -> Self { Scalar.atMost(a, b, x, self) }
}

#if ESPALIER_AVX2 || ESPALIER_AVX512
  extension SIMD8: Vector where Scalar: KernelScalar {
    @inline(__always)
    func adding(_ a: Self, times b: Self) -> Self { Scalar.multiplyAdd(a, b, self) }

    @inline(__always)
    static func sums(_ a: Self, _ b: Self, _ c: Self, _ d: Self) -> SIMD4<Scalar> { Scalar.sums(a, b, c, d) }

    @inline(__always)
    func replacing(with x: Self, where a: Self, isBelow b: Self) -> Self { Scalar.below(a, b, x, self) }

    @inline(__always)
    func replacing(with x: Self, where a: Self, isAtMost b: Self) -> Self { Scalar.atMost(a, b, x, self) }
  }
#endif

#if ESPALIER_AVX512
  extension SIMD16: Vector where Scalar == Float {
    @inline(__always)
    func adding(_ a: Self, times b: Self) -> Self { csystem_multiply_add_f16(a, b, self) }

    @inline(__always)
    func replacing(with x: Self, where a: Self, isBelow b: Self) -> Self { csystem_below_f16(a, b, x, self) }

    @inline(__always)
    func replacing(with x: Self, where a: Self, isAtMost b: Self) -> Self { csystem_at_most_f16(a, b, x, self) }

    @inline(__always)
    static func sums(_ a: Self, _ b: Self, _ c: Self, _ d: Self) -> SIMD4<Float> {
      csystem_sums_f8(a.lowHalf + a.highHalf, b.lowHalf + b.highHalf, c.lowHalf + c.highHalf, d.lowHalf + d.highHalf)
    }
  }
#endif

extension Float {
  @inline(__always)
  static func multiplyAdd(_ a: SIMD4<Float>, _ b: SIMD4<Float>, _ c: SIMD4<Float>) -> SIMD4<Float> {
    csystem_multiply_add_f4(a, b, c)
  }

  @inline(__always)
  static func sums(_ a: SIMD4<Float>, _ b: SIMD4<Float>, _ c: SIMD4<Float>, _ d: SIMD4<Float>) -> SIMD4<Float> {
    csystem_sums_f4(a, b, c, d)
  }

  #if ESPALIER_AVX2 || ESPALIER_AVX512
    @inline(__always)
    static func multiplyAdd(_ a: SIMD8<Float>, _ b: SIMD8<Float>, _ c: SIMD8<Float>) -> SIMD8<Float> {
      csystem_multiply_add_f8(a, b, c)
    }

    @inline(__always)
    static func sums(_ a: SIMD8<Float>, _ b: SIMD8<Float>, _ c: SIMD8<Float>, _ d: SIMD8<Float>) -> SIMD4<Float> {
      csystem_sums_f8(a, b, c, d)
    }
  #endif
}

extension Double {
  #if ESPALIER_AVX2 || ESPALIER_AVX512
    @inline(__always)
    static func multiplyAdd(_ a: SIMD4<Double>, _ b: SIMD4<Double>, _ c: SIMD4<Double>) -> SIMD4<Double> {
      csystem_multiply_add_d4(a, b, c)
    }

    @inline(__always)
    static func sums(_ a: SIMD4<Double>, _ b: SIMD4<Double>, _ c: SIMD4<Double>, _ d: SIMD4<Double>) -> SIMD4<Double> {
      csystem_sums_d4(a, b, c, d)
    }
  #else
    @inline(__always)
    static func multiplyAdd(_ a: SIMD4<Double>, _ b: SIMD4<Double>, _ c: SIMD4<Double>) -> SIMD4<Double> { a * b + c }

    @inline(__always)
    static func sums(_ a: SIMD4<Double>, _ b: SIMD4<Double>, _ c: SIMD4<Double>, _ d: SIMD4<Double>) -> SIMD4<Double> {
      SIMD4(a.sum(), b.sum(), c.sum(), d.sum())
    }
  #endif

  #if ESPALIER_AVX512
    @inline(__always)
    static func multiplyAdd(_ a: SIMD8<Double>, _ b: SIMD8<Double>, _ c: SIMD8<Double>) -> SIMD8<Double> {
      csystem_multiply_add_d8(a, b, c)
    }
  #elseif ESPALIER_AVX2
    @inline(__always)
    static func multiplyAdd(_ a: SIMD8<Double>, _ b: SIMD8<Double>, _ c: SIMD8<Double>) -> SIMD8<Double> {
      c.addingProduct(a, b)
    }
  #endif

  #if ESPALIER_AVX2 || ESPALIER_AVX512
    @inline(__always)
    static func sums(_ a: SIMD8<Double>, _ b: SIMD8<Double>, _ c: SIMD8<Double>, _ d: SIMD8<Double>) -> SIMD4<Double> {
      csystem_sums_d4(a.lowHalf + a.highHalf, b.lowHalf + b.highHalf, c.lowHalf + c.highHalf, d.lowHalf + d.highHalf)
    }
  #endif
}

extension SIMD where Scalar: KernelScalar {
  /// From memory without any alignment.
  @inline(__always)
  init(_ source: UnsafePointer<Scalar>) { self = UnsafeRawPointer(source).loadUnaligned(as: Self.self) }

  @inline(__always)
  func store(to destination: UnsafeMutablePointer<Scalar>) {
    UnsafeMutableRawPointer(destination).storeBytes(of: self, as: Self.self)
  }
}

/// A run of lanes of one panel row, held in registers.
protocol Lanes {
  associatedtype V: Vector
  static var count: Int { get }
  init(repeating value: V.Scalar)
  init(_ source: UnsafePointer<V.Scalar>)
  func store(to destination: UnsafeMutablePointer<V.Scalar>)
  /// self += factor x[0 ..< count]
  mutating func add(_ factor: V, times x: UnsafePointer<V.Scalar>)
  /// sum + the products of the lanes with x[0 ..< count], folded to one vector.
  func fold(into sum: V, times x: UnsafePointer<V.Scalar>) -> V
  /// sum + the lanes, folded to one vector.
  func fold(into sum: V) -> V
  /// One vector after another.
  func map(_ body: (V) -> V) -> Self
  func zip(_ other: Self, _ body: (V, V) -> V) -> Self
}

extension Lanes {
  /// Bytes of the run.
  @inline(__always) static var bytes: Int { count &* MemoryLayout<V.Scalar>.stride }
}

struct One<V: Vector>: Lanes {
  var vector: V

  @inline(__always) static var count: Int { V.scalarCount }
  @inline(__always) init(vector: V) { self.vector = vector }
  @inline(__always) init(repeating value: V.Scalar) { vector = V(repeating: value) }
  @inline(__always) init(_ source: UnsafePointer<V.Scalar>) { vector = V(source) }
  @inline(__always) func store(to destination: UnsafeMutablePointer<V.Scalar>) { vector.store(to: destination) }
  @inline(__always) mutating func add(_ factor: V, times x: UnsafePointer<V.Scalar>) {
    vector = vector.adding(V(x), times: factor)
  }
  @inline(__always) func fold(into sum: V, times x: UnsafePointer<V.Scalar>) -> V { sum.adding(V(x), times: vector) }
  @inline(__always) func fold(into sum: V) -> V { sum + vector }
  @inline(__always) func map(_ body: (V) -> V) -> Self { Self(vector: body(vector)) }
  @inline(__always) func zip(_ other: Self, _ body: (V, V) -> V) -> Self { Self(vector: body(vector, other.vector)) }
}

struct Twice<Half: Lanes>: Lanes {
  typealias V = Half.V
  var low: Half
  var high: Half

  @inline(__always) static var count: Int { 2 &* Half.count }
  @inline(__always) init(low: Half, high: Half) { (self.low, self.high) = (low, high) }
  @inline(__always) init(repeating value: V.Scalar) { self.init(low: Half(repeating: value), high: Half(repeating: value)) }
  @inline(__always) init(_ source: UnsafePointer<V.Scalar>) {
    self.init(low: Half(source), high: Half(source + Half.count))
  }
  @inline(__always) func store(to destination: UnsafeMutablePointer<V.Scalar>) {
    low.store(to: destination)
    high.store(to: destination + Half.count)
  }
  @inline(__always) mutating func add(_ factor: V, times x: UnsafePointer<V.Scalar>) {
    low.add(factor, times: x)
    high.add(factor, times: x + Half.count)
  }
  @inline(__always) func fold(into sum: V, times x: UnsafePointer<V.Scalar>) -> V {
    high.fold(into: low.fold(into: sum, times: x), times: x + Half.count)
  }
  @inline(__always) func fold(into sum: V) -> V { high.fold(into: low.fold(into: sum)) }
  @inline(__always) func map(_ body: (V) -> V) -> Self { Self(low: low.map(body), high: high.map(body)) }
  @inline(__always) func zip(_ other: Self, _ body: (V, V) -> V) -> Self {
    Self(low: low.zip(other.low, body), high: high.zip(other.high, body))
  }
}
