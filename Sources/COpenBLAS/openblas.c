#define _GNU_SOURCE
#include "include/openblas.h"

#include <cblas.h>
#include <csystem.h>
#include <dlfcn.h>
#include <errno.h>
#include <lapacke.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* What is looked up: in which library, and its name. */
#define FUNCTIONS(X)                                                                                    \
  X(blas, cblas_sgemm) X(blas, cblas_dgemm) X(blas, cblas_dsyr) X(lapacke, LAPACKE_sgeqrf_work)         \
  X(lapacke, LAPACKE_dgeqrf_work) X(lapacke, LAPACKE_sorgqr_work) X(lapacke, LAPACKE_dorgqr_work)       \
  X(lapacke, LAPACKE_dpotrf_work) X(lapacke, LAPACKE_dpotri_work) X(lapacke, LAPACKE_dpotrs_work)

#define POINTER(library, name) static __typeof__(name) *call_##name;
FUNCTIONS(POINTER)

/* Written under the library's lock; `opened` last. */
static void *blas, *lapacke;
static int opened, verified;
/* The program had opened one of them before, or they do not see their own symbols first. */
static int is_shared;
/* OpenBLAS's number of threads: as it keeps it, where that is known; the functions are OpenMP's in a build on OpenMP. */
static int *thread_count;
static int (*get_threads)(void);
static void (*set_threads)(int);
static int is_on_openmp;
/* OpenBLAS's table of buffers. */
static void *(*take_buffer)(int);
static void (*give_buffer)(void *);

/* ---------------------------------------------------------------- buffers
 * OpenBLAS gives each call of a product a buffer of BUFFER bytes, out of a table: the first that nobody uses, allocated when it
 * is used first and kept from then on. An allocation that fails it tries again for ever (later versions end the process), so
 * there must be as many as there are calls at a time. `reserved` counts them, `free_buffers` those that no call of ours uses.
 * A call that finds none waits for one, or takes one more where there is room.
 */
/* What a thread that begins in this moment may want: glibc maps 128 MiB for its heap and gives half of it back, then a stack. */
enum { BUFFER = 128 << 20, MARGIN = 144 << 20 };
static int reserved, most, free_buffers;

/* Room that is kept for buffers, and a little more, until OpenBLAS takes it. */
struct room {
  void *pieces[257];
  int buffers;
};

static void *keep(size_t size) {
  void *piece = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return piece == MAP_FAILED ? NULL : piece;
}

static size_t piece_size(const struct room *room, int i) { return i < room->buffers ? BUFFER : MARGIN; }

/* Give back what is kept. */
static void give_back(struct room *room) {
  int i;
  for (i = 0; i <= room->buffers; i++)
    if (room->pieces[i]) munmap(room->pieces[i], piece_size(room, i));
}

/* Keep room for so many buffers, at most 256. One by one: a system that counts what it promises refuses one huge mapping. */
static int find_room(struct room *room, int buffers) {
  int i, found = 1;
  memset(room, 0, sizeof *room);
  room->buffers = buffers;
  for (i = 0; i <= buffers && found; i++) found = (room->pieces[i] = keep(piece_size(room, i))) != NULL;
  if (!found) give_back(room);
  return found;
}

static int has_room_for_one(void) {
  struct room room;
  int found = find_room(&room, 1);
  if (found) give_back(&room);
  return found;
}

static int take_free(void) {
  int now = __atomic_load_n(&free_buffers, __ATOMIC_RELAXED);
  while (now > 0)
    if (__atomic_compare_exchange_n(&free_buffers, &now, now - 1, 1, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return 1;
  return 0;
}

static void give_free(int count) { __atomic_fetch_add(&free_buffers, count, __ATOMIC_RELEASE); }

/* Wait until no call is in OpenBLAS, and let none in. */
static void take_all(void) {
  int taken = 0;
  while (taken < reserved)
    if (take_free()) taken++;
    else sched_yield();
}

/* Have as many buffers more as there is room for. OpenBLAS allocates one only when all others are in use at that moment, so they
 * are all taken here: a buffer that is counted and not there would be allocated, or not, when it is too late to fail. Each piece of
 * the room is given back right before it is taken, and the margin with it, for another thread of the host's could take it in between.
 * Under the lock, by a thread that has none. - Returns with all of them taken by the caller. */
static void allocate(struct room *room) {
  void *buffers[256];
  int i, wanted = reserved + room->buffers;
  take_all();
  if (take_buffer && give_buffer) {
    for (i = 0; i < wanted; i++) {
      void **margin = &room->pieces[room->buffers];
      if (i >= reserved) {
        void **piece = &room->pieces[i - reserved];
        munmap(*piece, BUFFER);
        if (*margin) munmap(*margin, MARGIN);
        *piece = *margin = NULL;
      }
      buffers[i] = take_buffer(0);
      if (i >= reserved) *margin = keep(MARGIN);
    }
    for (i = 0; i < wanted; i++)
      if (buffers[i]) give_buffer(buffers[i]);
  }
  give_back(room);
  reserved = wanted;
}

/* One more for a call that finds all in use, where there is room. - Returns whether the call has one now. */
static int grow(void) {
  struct room room;
  int grown = 0;
  csystem_lock();
  if (take_free()) {
    grown = 1;
  } else if (reserved < most && find_room(&room, 1)) {
    allocate(&room);
    give_free(reserved - 1);
    grown = 1;
  }
  csystem_unlock();
  return grown;
}

static void enter(void) {
  while (!take_free() && !grow()) sched_yield();
  csystem_begin_product();
  /* Of this thread alone; a thread of the host's has said so itself and will take it back. */
  if (is_on_openmp) set_threads(1);
}

static void leave(void) {
  csystem_end_product();
  give_free(1);
}

/* A thread that had a buffer between the two lines of `enter` is not there in a child. */
static void in_child(void) { free_buffers = reserved; }
__attribute__((constructor)) static void watch_forks(void) { pthread_atfork(NULL, NULL, in_child); }

/* Have OpenBLAS allocate what is missing. Under the lock. */
static int reserve(int wanted, char *message, size_t capacity) {
  struct room room;
  if (wanted > most) wanted = most;
  if (wanted <= reserved) return COPENBLAS_OK;
  if (!find_room(&room, wanted - reserved)) {
    snprintf(message, capacity, "no memory for OpenBLAS, which needs %d MiB for each of %d threads", BUFFER >> 20, wanted);
    return COPENBLAS_NO_MEMORY;
  }
  allocate(&room);
  give_free(wanted);
  return COPENBLAS_OK;
}

/* ---------------------------------------------------------------- opening */

/* By this flag a library that is opened sees its own symbols before the program's. Sanitizers end the process at it. */
static int own_symbols_first(void) {
#if defined(RTLD_DEEPBIND)
  static const char *const sanitizers[] = {"__asan_init", "__hwasan_init", "__msan_init", "__tsan_init", "__memprof_init"};
  size_t i;
  for (i = 0; i < sizeof sanitizers / sizeof *sanitizers; i++)
    if (dlsym(RTLD_DEFAULT, sanitizers[i])) return 0;
  return RTLD_DEEPBIND;
#else
  return 0;
#endif
}

/* Open a library so that OpenBLAS starts no threads: each would take a buffer and be of no use here, and where they cannot be
 * made it prints, and raises a signal. It starts one for each processor that the calling thread may run on, so that is one
 * processor meanwhile. A host that has opened it before has its threads, and keeps them. */
static void *open_alone(const char *name, int flags, int *was_open) {
  enum { CORES = 1 << 16 };
  size_t size = CPU_ALLOC_SIZE(CORES);
  cpu_set_t *all = CPU_ALLOC(CORES), *one = CPU_ALLOC(CORES);
  void *library = dlopen(name, flags | RTLD_NOLOAD);
  *was_open |= library != NULL;
  if (!library && all && one && sched_getaffinity(0, size, all) == 0) {
    int core = 0;
    while (core < CORES && !CPU_ISSET_S(core, size, all)) core++;
    CPU_ZERO_S(size, one);
    CPU_SET_S(core, size, one);
    sched_setaffinity(0, size, one);
    library = dlopen(name, flags);
    sched_setaffinity(0, size, all);
  } else if (!library) {
    library = dlopen(name, flags);
  }
  CPU_FREE(all);
  CPU_FREE(one);
  return library;
}

static int failed(char *message, size_t capacity, const char *what) {
  /* The loader has only words for it, some of which say nothing of memory. */
  const int without_memory = errno == ENOMEM;
  const char *reason = dlerror();
  /* Without a reason of the system's behind it, it is the room that was missing. */
  const char *unmapped = reason ? strstr(reason, "failed to map segment from shared object") : NULL;
  const int is_unmapped = unmapped && !strchr(unmapped, ':');
  snprintf(message, capacity, "%s: %s", what, reason ? reason : "not found");
  return without_memory || is_unmapped || (reason && strstr(reason, strerror(ENOMEM))) ? COPENBLAS_NO_MEMORY : COPENBLAS_UNUSABLE;
}

/* The functions that OpenBLAS and LAPACK call by name, where they do not see their own symbols first. Are they for 64-bit
 * integers? Then this number is negative, and there is no largest element. */
static int check_integers(char *message, size_t capacity) {
  static const double x = 1;
  const int64_t n = INT64_MIN + 1, step = 1;
  int64_t (*largest)(const int64_t *, const double *, const int64_t *);
  Dl_info information;
  *(void **)&largest = dlsym(RTLD_DEFAULT, "idamax_");
  if (!largest || (int)largest(&n, &x, &step) == 1) return COPENBLAS_OK;
  snprintf(message, capacity, "OpenBLAS was opened by the program, and calls the BLAS of %s, which takes 64-bit integers",
           dladdr(*(void **)&largest, &information) && information.dli_fname ? information.dli_fname : "another library");
  return COPENBLAS_UNUSABLE;
}

/* Buffers that OpenBLAS can give to callers at a time: its table has two for each thread that it was built for, its own threads
 * hold one each, and some are left to the host. */
static int count_buffers(void) {
  char *(*configuration)(void);
  const char *threads = NULL;
  int built_for = 0, own;
  *(void **)&configuration = dlsym(blas, "openblas_get_config");
  if (configuration) threads = strstr(configuration(), "MAX_THREADS=");
  if (threads) built_for = atoi(threads + strlen("MAX_THREADS="));
  own = !is_on_openmp && get_threads ? get_threads() : 1;
  built_for = 2 * built_for - own - 8;
  return built_for < 16 ? 16 : built_for > 240 ? 240 : built_for;
}

static void find_threads(void) {
  int (*parallel)(void);
  *(void **)&parallel = dlsym(blas, "openblas_get_parallel");
  is_on_openmp = parallel && parallel() == 2;
  *(void **)&get_threads = dlsym(blas, is_on_openmp ? "omp_get_max_threads" : "openblas_get_num_threads");
  *(void **)&set_threads = dlsym(blas, is_on_openmp ? "omp_set_num_threads" : "openblas_set_num_threads");
  if (!get_threads || !set_threads) is_on_openmp = 0;
  thread_count = is_on_openmp ? NULL : dlsym(blas, "blas_cpu_number");
  if (thread_count && get_threads && *thread_count != get_threads()) thread_count = NULL;
}

static int find_functions(char *message, size_t capacity) {
#define FIND(library, name) \
  if (!(*(void **)&call_##name = dlsym(library, #name))) return failed(message, capacity, #name);
  FUNCTIONS(FIND)
  return COPENBLAS_OK;
}

static int open_libraries(char *message, size_t capacity) {
  int flags = RTLD_NOW | RTLD_LOCAL | own_symbols_first(), status;
  if (flags == (RTLD_NOW | RTLD_LOCAL)) is_shared = 1;
  if (!has_room_for_one()) {
    snprintf(message, capacity, "no memory for OpenBLAS, which needs %d MiB for each thread", BUFFER >> 20);
    return COPENBLAS_NO_MEMORY;
  }
  errno = 0;
  if (!blas && !(blas = open_alone("libopenblas.so.0", flags, &is_shared)))
    return failed(message, capacity, "OpenBLAS cannot be opened");
  if (!lapacke && !(lapacke = open_alone("liblapacke.so.3", flags, &is_shared)))
    return failed(message, capacity, "LAPACKE cannot be opened");
  status = find_functions(message, capacity);
  if (status == COPENBLAS_OK && is_shared) status = check_integers(message, capacity);
  if (status != COPENBLAS_OK) return status;
  *(void **)&take_buffer = dlsym(blas, "blas_memory_alloc");
  *(void **)&give_buffer = dlsym(blas, "blas_memory_free");
  find_threads();
  most = count_buffers();
  __atomic_store_n(&opened, 1, __ATOMIC_RELEASE);
  return COPENBLAS_OK;
}

int copenblas_reserve(int callers, char *message, size_t capacity) {
  int status = COPENBLAS_OK;
  csystem_lock();
  if (!opened) status = open_libraries(message, capacity);
  if (status == COPENBLAS_OK) status = reserve(callers, message, capacity);
  csystem_unlock();
  return status;
}

int copenblas_is_verified(void) { return __atomic_load_n(&verified, __ATOMIC_ACQUIRE); }
void copenblas_set_verified(void) { __atomic_store_n(&verified, 1, __ATOMIC_RELEASE); }

const char *copenblas_file(const char *function) {
  Dl_info information;
  void *found;
#define FILE_OF(library, name)                                                                                     \
  if (strcmp(function, #name) == 0 && dladdr(*(void **)&call_##name, &information) && information.dli_fname)       \
    return information.dli_fname;
  FUNCTIONS(FILE_OF)
  found = dlsym(RTLD_DEFAULT, function);
  return found && dladdr(found, &information) && information.dli_fname ? information.dli_fname : "no file";
}

/* ---------------------------------------------------------------- threads */

int copenblas_is_on_openmp(void) { return is_on_openmp; }
int copenblas_threads(void) { return get_threads ? get_threads() : 1; }

/* By the variable, where it is known: the function first starts again the threads that a fork has ended, and where they cannot
 * be made it prints and raises a signal. */
void copenblas_set_threads(int threads) {
  if (thread_count) *thread_count = threads;
  else if (set_threads) set_threads(threads);
}

/* ---------------------------------------------------------------- calls */

#define GEMM(name, type)                                                                                             \
  void copenblas_##name(int transpose_a, int transpose_b, long m, long n, long k, type alpha, const type *a, long lda, \
                        const type *b, long ldb, type beta, type *c, long ldc) {                                     \
    const enum CBLAS_TRANSPOSE op_a = transpose_a ? CblasTrans : CblasNoTrans;                                       \
    const enum CBLAS_TRANSPOSE op_b = transpose_b ? CblasTrans : CblasNoTrans;                                       \
    enter();                                                                                                         \
    call_cblas_##name(CblasRowMajor, op_a, op_b, (blasint)m, (blasint)n, (blasint)k, alpha, a, (blasint)lda, b,      \
                      (blasint)ldb, beta, c, (blasint)ldc);                                                          \
    leave();                                                                                                         \
  }
GEMM(sgemm, float)
GEMM(dgemm, double)

void copenblas_dsyr(long n, double alpha, const double *x, double *a, long lda) {
  enter();
  call_cblas_dsyr(CblasRowMajor, CblasUpper, (blasint)n, alpha, x, 1, a, (blasint)lda);
  leave();
}

#define LAPACK(name, parameters, ...)                                    \
  int copenblas_##name parameters {                                       \
    int info;                                                            \
    enter();                                                             \
    info = (int)call_LAPACKE_##name##_work(LAPACK_COL_MAJOR, __VA_ARGS__); \
    leave();                                                             \
    return info;                                                         \
  }
LAPACK(sgeqrf, (int rows, int columns, float *a, float *tau, float *work, int size), rows, columns, a, rows, tau, work, size)
LAPACK(dgeqrf, (int rows, int columns, double *a, double *tau, double *work, int size), rows, columns, a, rows, tau, work, size)
LAPACK(sorgqr, (int rows, int columns, float *a, const float *tau, float *work, int size), rows, columns, columns, a, rows, tau,
       work, size)
LAPACK(dorgqr, (int rows, int columns, double *a, const double *tau, double *work, int size), rows, columns, columns, a, rows,
       tau, work, size)
LAPACK(dpotrf, (int n, double *a, int lda), 'L', n, a, lda)
LAPACK(dpotri, (int n, double *a, int lda), 'L', n, a, lda)
LAPACK(dpotrs, (int n, const double *a, int lda, double *b), 'L', n, 1, a, lda, b, n)
