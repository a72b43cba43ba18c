import CSystem
import KernelInterface
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What the threads of one pool share: the job, and how they meet.
///
/// A job is published by raising `generation`; each worker does its part and lowers `pending`; the caller returns when that
/// is 0. Both sides spin first and then sleep on a condition variable. Whoever goes to sleep says so before it looks a last
/// time, and whoever changes what is waited for looks for sleepers afterwards, both in the one sequentially consistent order,
/// so no wake-up is lost. Mutex and condition variables are C's, not POSIX's: those are the Swift runtime's in the shared
/// library, and taken under one lock (`fork.c`).
///
/// @unchecked Sendable: `job` is written by the caller only while no worker is at work, and read by workers only between the
/// change of `generation` and that of `pending`; the atomics order both.
final class Crew: @unchecked Sendable {
  private struct Job {
    let kernel: Kernel
    let arguments: UnsafeRawPointer
    let units: Int
    let prefix: UnsafePointer<Int64>?
  }

  private let threads: Int
  private let job: UnsafeMutablePointer<Job?>
  private let generation = Atomic<Int>(0)
  private let pending = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let callerSleeps = Atomic<Bool>(false)
  private let dismissed = Atomic<Bool>(false)
  private let occupied = Atomic<Bool>(false)
  private let mutex: UnsafeMutablePointer<mtx_t>
  private let jobCame: UnsafeMutablePointer<cnd_t>
  private let jobDone: UnsafeMutablePointer<cnd_t>

  /// Looks at a changing value before sleeping. First with a pause, 20 to 60 microseconds by what that takes a processor; then
  /// with the core offered to others, up to a millisecond: to be woken takes a tenth of that, so whoever waits for a
  /// thread that was held up for a moment should not have to be, but where there are more threads than cores, the thread waited
  /// for may be one of those others.
  private static let spins = 1000
  private static let offers = 1000

  init(threads: Int) {
    self.threads = threads
    job = .allocate(capacity: 1)
    mutex = .allocate(capacity: 1)
    jobCame = .allocate(capacity: 1)
    jobDone = .allocate(capacity: 1)
    job.initialize(to: nil)
    // As `deinit` does it: for the first time in a process that asks for memory, of which there may be none then.
    job.deinitialize(count: 1)
    job.initialize(to: nil)
    mtx_init(mutex, Int32(truncatingIfNeeded: mtx_plain))
    cnd_init(jobCame)
    cnd_init(jobDone)
  }

  deinit {
    cnd_destroy(jobDone)
    cnd_destroy(jobCame)
    mtx_destroy(mutex)
    job.deinitialize(count: 1)
    job.deallocate()
    mutex.deallocate()
    jobCame.deallocate()
    jobDone.deallocate()
  }

  /// Take the crew for one caller; false when it is at work already.
  func enter() -> Bool { !occupied.exchange(true, ordering: .acquiring) }

  func leave() { occupied.store(false, ordering: .releasing) }

  /// The caller's side of a job: publish, do part 0, wait for the others.
  func run(_ kernel: @escaping Kernel, _ arguments: UnsafeRawPointer, units: Int, prefix: UnsafePointer<Int64>?) {
    job.pointee = Job(kernel: kernel, arguments: arguments, units: units, prefix: prefix)
    pending.store(threads - 1, ordering: .relaxed)
    announce()
    runPart(0)
    guard !spin(until: { self.pending.load(ordering: .acquiring) == 0 }) else { return }
    mtx_lock(mutex)
    callerSleeps.store(true, ordering: .sequentiallyConsistent)
    while pending.load(ordering: .sequentiallyConsistent) != 0 { cnd_wait(jobDone, mutex) }
    callerSleeps.store(false, ordering: .relaxed)
    mtx_unlock(mutex)
  }

  /// Send the workers home. Their threads end soon after.
  func dismiss() {
    dismissed.store(true, ordering: .relaxed)
    announce()
  }

  /// A worker's life.
  func work(as number: Int) {
    _ = FloatingPointEnvironment.begin()
    var seen = 0
    while true {
      awaitJob(after: seen)
      seen += 1
      if dismissed.load(ordering: .relaxed) { return }
      runPart(number)
      if pending.subtract(1, ordering: .sequentiallyConsistent).newValue == 0,
        callerSleeps.load(ordering: .sequentiallyConsistent)
      {
        mtx_lock(mutex)
        cnd_signal(jobDone)
        mtx_unlock(mutex)
      }
    }
  }

  private func announce() {
    generation.add(1, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
      mtx_lock(mutex)
      cnd_broadcast(jobCame)
      mtx_unlock(mutex)
    }
  }

  private func awaitJob(after seen: Int) {
    guard !spin(until: { self.generation.load(ordering: .acquiring) != seen }) else { return }
    mtx_lock(mutex)
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while generation.load(ordering: .sequentiallyConsistent) == seen { cnd_wait(jobCame, mutex) }
    sleepers.subtract(1, ordering: .relaxed)
    mtx_unlock(mutex)
  }

  @inline(__always)
  private func spin(until isTrue: () -> Bool) -> Bool {
    for _ in 0..<Self.spins {
      if isTrue() { return true }
      csystem_pause()
    }
    for _ in 0..<Self.offers {
      if isTrue() { return true }
      sched_yield()
    }
    return isTrue()
  }

  private func runPart(_ number: Int) {
    guard let job = job.pointee else { return }
    let begin = boundary(number, job)
    let end = boundary(number + 1, job)
    if begin < end { job.kernel(job.arguments, begin, end) }
  }

  /// First unit of a thread's part. Beside its share of `prefix` a unit counts for something itself: an empty row is work too.
  private func boundary(_ number: Int, _ job: Job) -> Int {
    guard number > 0 else { return 0 }
    guard number < threads else { return job.units }
    // Units and work fit 48 bits (they are elements of arrays), threads 10.
    guard let prefix = job.prefix else { return job.units * number / threads }
    func cost(_ unit: Int) -> Int { Int(prefix[unit]) + 4 * unit }
    let wanted = cost(0) + (cost(job.units) - cost(0)) * number / threads
    var (low, high) = (0, job.units)
    while low < high {
      let middle = (low + high) / 2
      if cost(middle) < wanted { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
