import Base
import Glibc
import KernelInterface
import Machine
import Synchronization
import Testing

/// Adds its unit's number to its unit's counter, and notes what else a test looks at.
private struct CountArguments {
  var counts: UnsafeMutablePointer<Int>
  /// Each call's floating-point control register.
  var controls: UnsafeMutablePointer<Double>
}

private let count: Kernel = { raw, begin, end in
  let arguments = raw.load(as: CountArguments.self)
  for unit in begin..<end {
    arguments.counts[unit] += unit + 1
    // Subnormal only as long as nothing flushes it.
    arguments.controls[unit] = Double.leastNormalMagnitude * (unit < 0 ? 1 : 0.5)
  }
}

@Suite(.serialized) struct ThreadPoolTests {
  private func exercise(_ pool: ThreadPool, units: Int, rounds: Int, prefix: [Int64]? = nil) -> Bool {
    let counts = Memory([Int](repeating: 0, count: units), sentinel: -1)
    let controls = Memory([Double](repeating: 1, count: units))
    let arguments = CountArguments(counts: counts.pointer, controls: controls.pointer)
    // The caller's thread is in the library's environment, as workers are.
    let environment = FloatingPointEnvironment.begin()
    defer { environment.end() }
    withUnsafePointer(to: arguments) { arguments in
      for _ in 0..<rounds {
        if let prefix {
          prefix.withUnsafeBufferPointer {
            pool.run(count, arguments, units: units, work: .max, balancedBy: $0.baseAddress)
          }
        } else {
          pool.run(count, arguments, units: units, work: .max, balancedBy: nil)
        }
      }
    }
    return counts.guardsAreIntact && controls.values.allSatisfy { $0 == 0 }
      && counts.values.enumerated().allSatisfy { $0.element == ($0.offset + 1) * rounds }
  }

  @Test(arguments: [1, 2, 3, 5, 16]) func everyUnitRunsOnce(threads: Int) throws {
    let pool = try ThreadPool(threads: threads)
    #expect(pool.threads == threads)
    for units in [1, 2, 3, 7, 1000] {
      #expect(exercise(pool, units: units, rounds: 50))
      // All the work in one unit, none at all, and some everywhere.
      for heavy in [0, units / 2, units - 1] {
        let prefix = (0...units).map { Int64($0 > heavy ? 1_000_000 : 0) }
        #expect(exercise(pool, units: units, rounds: 3, prefix: prefix))
      }
      #expect(exercise(pool, units: units, rounds: 3, prefix: [Int64](repeating: 0, count: units + 1)))
      #expect(exercise(pool, units: units, rounds: 3, prefix: (0...units).map { Int64($0 * $0) }))
    }
  }

  @Test func workersWakeAfterSleep() throws {
    let pool = try ThreadPool(threads: 3)
    for pause: UInt32 in [0, 100, 1000, 20_000] {
      for _ in 0..<5 {
        usleep(pause)
        #expect(exercise(pool, units: 10, rounds: 1))
      }
    }
  }

  @Test func poolsComeAndGo() throws {
    for threads in 1...40 { #expect(exercise(try ThreadPool(threads: threads % 7 + 1), units: threads, rounds: 1)) }
  }

  @Test func distinctPoolsWorkAtOnce() async {
    await withTaskGroup(of: Bool.self) { group in
      for i in 0..<8 {
        group.addTask {
          guard let pool = try? ThreadPool(threads: i % 3 + 1) else { return false }
          return (0..<20).allSatisfy { _ in exercise(pool, units: 100 + i, rounds: 5) }
        }
      }
      for await fine in group { #expect(fine) }
    }
  }

  /// A pool inside a pool's kernel: the inner call finds its pool occupied and does everything itself.
  @Test func aKernelMayCallItsPool() throws {
    struct Nested {
      let pool: Unmanaged<ThreadPool>
      let inner: UnsafePointer<CountArguments>
    }
    let pool = try ThreadPool(threads: 2)
    let (counts, controls) = (Memory([0, 0, 0], sentinel: -1), Memory([1.0, 1, 1]))
    let inner = CountArguments(counts: counts.pointer, controls: controls.pointer)
    withUnsafePointer(to: inner) {
      withUnsafePointer(to: Nested(pool: .passUnretained(pool), inner: $0)) {
        pool.run(
          { raw, begin, _ in
            guard begin == 0 else { return }
            let nested = raw.load(as: Nested.self)
            nested.pool.takeUnretainedValue().run(count, nested.inner, units: 3, work: .max, balancedBy: nil)
          }, $0, units: 2, work: .max, balancedBy: nil)
      }
    }
    #expect(counts.values == [1, 2, 3])
  }

  @Test func numbersOfThreadsAreChecked() {
    for threads in [0, -1, 1025, .max, .min] {
      #expect(throws: Failure(.invalidArgument, "thread pool: threads must be in 1 .. 1024, got \(threads)")) {
        try ThreadPool(threads: threads)
      }
    }
  }

  @Test func theDefaultComesFromTheEnvironment() {
    let before = getenv("ESPALIER_NUM_THREADS").map { String(cString: $0) }
    defer { if let before { setenv("ESPALIER_NUM_THREADS", before, 1) } else { unsetenv("ESPALIER_NUM_THREADS") } }
    unsetenv("ESPALIER_NUM_THREADS")
    let cores = ThreadPool.defaultThreads()
    #expect((1...1024).contains(cores) && cores <= sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    for (text, want) in [("3", 3), ("1024", 1024), ("0", cores), ("1025", cores), ("many", cores), ("", cores)] {
      setenv("ESPALIER_NUM_THREADS", text, 1)
      #expect(ThreadPool.defaultThreads() == want, "\(text)")
    }
  }

  /// In a forked child there are no workers; the caller does the work and the process can end.
  @Test func aForkedChildRunsAlone() throws {
    let pool = try ThreadPool(threads: 2)
    let counts = Memory([Int](repeating: 0, count: 50), sentinel: -1)
    let controls = Memory([Double](repeating: 1, count: 50))
    let arguments = CountArguments(counts: counts.pointer, controls: controls.pointer)
    guard let forkFunction = dlsym(nil, "fork") else { return }
    let fork = unsafeBitCast(forkFunction, to: (@convention(c) () -> pid_t).self)
    let child = withUnsafePointer(to: arguments) { arguments in
      let child = fork()
      if child == 0 {
        pool.run(count, arguments, units: 50, work: .max, balancedBy: nil)
        _exit(counts.pointer[49] == 50 ? 0 : 1)
      }
      return child
    }
    var status: Int32 = -1
    #expect(waitpid(child, &status, 0) == child && status == 0)
    #expect(exercise(pool, units: 50, rounds: 2))
  }

  @Test func resultsAreTheSameBitsForAnyNumberOfThreads() throws {
    func check<T: TestedScalar>(_: T.Type) throws {
      var draw = Draw(state: 11)
      let (rows, columns) = (150, 90)
      let w = TestMatrix<T>(rows: rows, columns: columns, density: 0.2, indexBytes: 2, draw: &draw)
      let shape = PanelShape(batch: 130, elementSize: MemoryLayout<T>.size)
      let x = Memory(draw.values(shape.elements(features: columns)) as [T])
      let da = panels((0..<rows).map { _ in draw.values(130) as [T] }, shape)
      var first: [[T]]?
      for threads in [1, 2, 3, 5] {
        let pool = try ThreadPool(threads: threads)
        let (a, dz) = (Memory(da), Memory(da))
        let (dw, db) = (Memory(w.values.values), Memory([T](repeating: 0, count: rows)))
        let dx = Memory(x.values)
        let transposed = Memory(w.values.values)
        let linear = LinearArguments<T>(
          matrix: w.matrix, rows: rows, columns: columns, shape: shape, bias: db.pointer, activation: .tanh,
          negativeSlope: 0, input: x.pointer, output: a.pointer, gradient: dz.pointer, weightGradient: dw.pointer,
          biasGradient: db.pointer, inputGradient: dx.pointer, transposedValues: transposed.pointer)
        withUnsafePointer(to: linear) {
          pool.run(T.kernels.sparseForward, $0, units: rows, work: .max, balancedBy: w.rowStart.pointer)
          pool.run(T.kernels.sparseBackwardWeight, $0, units: rows, work: .max, balancedBy: w.rowStart.pointer)
          pool.run(T.kernels.sparseBackwardInput, $0, units: columns, work: .max, balancedBy: w.columnStart.pointer)
        }
        let found = [a.values, dz.values, dw.values, db.values, dx.values]
        if let first { #expect(found == first, "\(threads) threads") } else { first = found }
      }
    }
    try check(Float.self)
    try check(Double.self)
  }
}
