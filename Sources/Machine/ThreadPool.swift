import Base
import CSystem
import KernelInterface

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Threads that run kernels: the caller's and `threads - 1` workers. Workers look for the next job for up to a millisecond,
/// soon offering their core to others meanwhile, and then sleep. Distinct pools are independent; a second thread that enters a pool in use, a call from inside a kernel,
/// from inside an OpenMP parallel region or in a forked child runs its units on its own thread alone. Results never depend
/// on which of these happens, provided that the caller is in the ``FloatingPointEnvironment`` of the library, as workers are.
package final class ThreadPool: Executor {
  package let threads: Int
  private let crew: Crew
  private let workers: UnsafeMutableBufferPointer<pthread_t>
  /// Workers that live; fewer than there is room for when the system refused one, and then this pool is on its way out.
  private let started: Int
  private let bornIn = csystem_forks()

  /// Units are shared out when there is more work than this, in floating-point operations: some microseconds of it, about
  /// the cost of waking a worker that spins.
  static let leastWork = 200_000

  /// - threads: 1 ... 1024, the calling thread included.
  /// - Throws: `invalidArgument`; `outOfMemory` when the system grants no more threads. No thread is left behind.
  package init(threads: Int) throws(Failure) {
    guard (1...1024).contains(threads) else {
      throw Failure(.invalidArgument, "thread pool: threads must be in 1 .. 1024, got \(threads)")
    }
    self.threads = threads
    // Looked up here and not in the first job: a search that finds nothing allocates a message.
    if threads > 1 { _ = OpenMP.isInParallelRegion }
    crew = Crew(threads: threads)
    workers = .allocate(capacity: threads - 1)
    let (started, error) = Self.start(crew, workers)
    self.started = started
    guard error == 0 else {
      // Every property has its value by now, so deinit runs: it sends home those that did start.
      let reason = String(cString: strerror(error))
      throw Failure(.outOfMemory, "thread pool: thread \(started + 2) of \(threads) could not be started: \(reason)")
    }
  }

  deinit {
    defer { workers.deallocate() }
    // After a fork the workers are the parent's; there is nobody here to join.
    guard bornIn == csystem_forks() else { return }
    crew.dismiss()
    for worker in workers[..<started] { pthread_join(worker, nil) }
  }

  /// ESPALIER_NUM_THREADS if it is a number in 1 ... 1024, else the cores that this process may run on, at most 1024.
  package static func defaultThreads() -> Int {
    if let text = getenv("ESPALIER_NUM_THREADS"), let number = Int(String(cString: text)), (1...1024).contains(number) {
      return number
    }
    return min(max(Int(csystem_usable_cores()), 1), 1024)
  }

  package func run(
    _ kernel: @escaping Kernel, _ arguments: UnsafeRawPointer, units: Int, work: Int, balancedBy prefix: UnsafePointer<Int64>?
  ) {
    guard units > 0 else { return }
    let shared = threads > 1 && units > 1 && work >= Self.leastWork && bornIn == csystem_forks() && !OpenMP.isInParallelRegion
    guard shared, crew.enter() else { return kernel(arguments, 0, units) }
    crew.run(kernel, arguments, units: units, prefix: prefix)
    crew.leave()
  }

  /// Start the workers with every signal blocked, so that the host's handlers run in the host's threads.
  private static func start(_ crew: Crew, _ workers: UnsafeMutableBufferPointer<pthread_t>) -> (started: Int, error: Int32) {
    var attributes = pthread_attr_t()
    var (all, before) = (sigset_t(), sigset_t())
    pthread_attr_init(&attributes)
    // The limit on the main thread's stack, often huge or unlimited for Fortran programs, must not be every worker's size.
    pthread_attr_setstacksize(&attributes, 4 << 20)
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    defer {
      pthread_sigmask(SIG_SETMASK, &before, nil)
      pthread_attr_destroy(&attributes)
    }
    for i in workers.indices {
      let post = Unmanaged.passRetained(Post(crew: crew, number: i + 1))
      var thread = pthread_t()
      let error = pthread_create(
        &thread, &attributes,
        {
          guard let raw = $0 else { return nil }
          let post = Unmanaged<Post>.fromOpaque(raw).takeRetainedValue()
          post.crew.work(as: post.number)
          return nil
        }, post.toOpaque())
      guard error == 0 else {
        post.release()
        return (i, error)
      }
      workers[i] = thread
    }
    return (workers.count, 0)
  }
}

/// What a worker is told at its start.
private final class Post {
  let crew: Crew
  let number: Int

  init(crew: Crew, number: Int) {
    self.crew = crew
    self.number = number
  }
}
