/* What a fork must not tear apart.
 *
 * A child has one thread, the one that forked, and a copy of the memory as it was: a lock that another thread held is locked
 * for ever, by nobody. So there is one lock for all that the library's threads share, and fork waits for it. The Swift
 * runtime has locks of its own, for what it does once and for its tables of types, which cannot be reached from outside; the
 * shared library is linked with `--wrap` for the functions that take them, and they are taken under the one lock here. Then
 * they are also never contended, which matters in a child: the runtime knows its main thread by the number that the thread
 * had in the parent, and the kernel refuses to let it wait for a lock or give one back under that number.
 *
 * OpenBLAS has a lock around its table of buffers; fork waits until no thread of the library's is inside OpenBLAS. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>

#include "csystem.h"

static mtx_t lock;
static _Thread_local int depth __attribute__((tls_model("initial-exec")));

/* Threads inside OpenBLAS read; a fork that waits for them comes before the next one that would go in. */
static pthread_rwlock_t products = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

static int forks;

void csystem_lock(void) {
  if (depth++ == 0) mtx_lock(&lock);
}

void csystem_unlock(void) {
  if (--depth == 0) mtx_unlock(&lock);
}

void csystem_begin_product(void) { pthread_rwlock_rdlock(&products); }
void csystem_end_product(void) { pthread_rwlock_unlock(&products); }

int csystem_forks(void) { return __atomic_load_n(&forks, __ATOMIC_RELAXED); }

static void before_fork(void) {
  csystem_lock();
  pthread_rwlock_wrlock(&products);
}

static void in_parent(void) {
  pthread_rwlock_unlock(&products);
  csystem_unlock();
}

static void in_child(void) {
  static const pthread_rwlock_t fresh = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
  /* It remembers its writer by a number that is the parent's thread's. */
  products = fresh;
  __atomic_fetch_add(&forks, 1, __ATOMIC_RELAXED);
  csystem_unlock();
}

/* Before the runtime's constructors, which take locks already. */
__attribute__((constructor(101))) static void at_load(void) {
  mtx_init(&lock, mtx_plain);
  pthread_atfork(before_fork, in_parent, in_child);
}

/* The runtime's locks. A reference to `name` in any object of the library is one to __wrap_name, and __real_name is the
   function itself; weak, as there is none where the linker was not told to wrap. */
#define REAL(type, name, ...) extern type __real_##name(__VA_ARGS__) __attribute__((weak))

REAL(int, pthread_mutex_lock, pthread_mutex_t *);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex) {
  csystem_lock();
  return __real_pthread_mutex_lock(mutex);
}

REAL(int, pthread_mutex_unlock, pthread_mutex_t *);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex) {
  const int status = __real_pthread_mutex_unlock(mutex);
  csystem_unlock();
  return status;
}

/* swift::threading_impl::once_slow(once_t &, void (*)(void *), void *): what happens to a lazy value that has none yet. */
#define ONCE _ZN5swift14threading_impl9once_slowERNS0_6once_tEPFvPvES3_
#define PASTE(a, b) a##b
#define NAME(prefix, name) PASTE(prefix, name)
extern void NAME(__real_, ONCE)(void *, void (*)(void *), void *) __attribute__((weak));
void NAME(__wrap_, ONCE)(void *once, void (*function)(void *), void *context) {
  csystem_lock();
  NAME(__real_, ONCE)(once, function, context);
  csystem_unlock();
}

/* Static variables of the runtime's functions: acquire gives 1 to the thread that is to initialize one and to release it. */
REAL(int, __cxa_guard_acquire, void *);
int __wrap___cxa_guard_acquire(void *guard) {
  csystem_lock();
  const int is_ours = __real___cxa_guard_acquire(guard);
  if (!is_ours) csystem_unlock();
  return is_ours;
}

REAL(void, __cxa_guard_release, void *);
void __wrap___cxa_guard_release(void *guard) {
  __real___cxa_guard_release(guard);
  csystem_unlock();
}
