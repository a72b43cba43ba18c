/* What the machine can do at most: multiply-adds a second, bytes a second from each level of memory, and STREAM's triad.
   machine THREADS: prints one "name value" a line; rates are of all the threads together, in GFLOP/s and GB/s.
   Each rate is the best of several tries, because it is used as a limit. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { TRIES = 7, HUGE_PAGE = 2 << 20 };

struct kernels {
  const char *name;
  double (*fma)(int64_t rounds);                                                  /* returns its floating-point operations */
  void (*read)(const float *data, int64_t bytes, int64_t rounds);                 /* sums `data`, four streams at once */
  void (*triad)(float *a, const float *b, const float *c, float s, int64_t count); /* a = b + s c, stores through the caches */
};

/* Results go where the compiler cannot see that nobody reads them. */
static void keep(const void *result) { __asm__ volatile("" : : "r"(result) : "memory"); }

/* The three loops for vectors of BYTES bytes; 12 sums hide the latency of an addition or a multiply-add. */
#define KERNELS(NAME, BYTES, TARGET)                                                                          \
  typedef float vector_##NAME __attribute__((vector_size(BYTES), aligned(BYTES)));                            \
  TARGET static double fma_##NAME(int64_t rounds) {                                                           \
    vector_##NAME sum[12], one = {0}, factor = one + 0.999f, term = one + 0.001f;                             \
    for (int i = 0; i < 12; i++) sum[i] = one + (float)i;                                                     \
    for (int64_t round = 0; round < rounds; round++)                                                          \
      _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++) sum[i] = sum[i] * factor + term;                  \
    keep(sum);                                                                                                \
    return 2.0 * 12 * (BYTES / 4) * (double)rounds;                                                           \
  }                                                                                                           \
  TARGET static void read_##NAME(const float *data, int64_t bytes, int64_t rounds) {                          \
    const vector_##NAME *from = (const vector_##NAME *)data;                                              \
    vector_##NAME sum[8] = {{0}};                                                                             \
    const int64_t quarter = bytes / BYTES / 4;                                                                \
    for (int64_t round = 0; round < rounds; round++) {                                                        \
      for (int64_t i = 0; i < quarter; i += 2)                                                                \
        _Pragma("GCC unroll 4") for (int j = 0; j < 4; j++) {                                                 \
          sum[2 * j] += from[j * quarter + i];                                                                \
          sum[2 * j + 1] += from[j * quarter + i + 1];                                                        \
        }                                                                                                     \
      keep(from);                                                                                             \
    }                                                                                                         \
    keep(sum);                                                                                                \
  }                                                                                                           \
  TARGET static void triad_##NAME(float *a, const float *b, const float *c, float s, int64_t count) {         \
    for (int64_t i = 0; i < count * 4 / BYTES; i++)                                                           \
      ((vector_##NAME *)a)[i] = ((const vector_##NAME *)b)[i] + s * ((const vector_##NAME *)c)[i];            \
  }                                                                                                           \
  static const struct kernels kernels_##NAME = {#NAME, fma_##NAME, read_##NAME, triad_##NAME};

#ifdef __x86_64__
KERNELS(avx512, 64, __attribute__((target("avx512f,prefer-vector-width=512"))))
KERNELS(avx2, 32, __attribute__((target("avx2,fma"))))
#endif
KERNELS(baseline, 16, )

static const struct kernels *best_kernels(void) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) return &kernels_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &kernels_avx2;
#endif
  return &kernels_baseline;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static const struct kernels *kernels;
static int threads;
static pthread_barrier_t barrier;

enum kind { FMA, READ, TRIAD };
/* bytes: of each array of each thread. */
static struct { enum kind kind; int64_t bytes, rounds; } task;

static void *worker(void *is_first) {
  float *arrays[3] = {NULL, NULL, NULL};
  double best = 0;
  for (int i = 0; i < 3; i++) {
    if (task.kind == FMA || (task.kind == READ && i > 0)) continue;
    if (posix_memalign((void **)&arrays[i], HUGE_PAGE, (size_t)task.bytes)) exit(1);
#ifdef MADV_HUGEPAGE
    /* As numpy and others ask for: a limit should not be that of the page tables. */
    if (task.bytes >= HUGE_PAGE) madvise(arrays[i], (size_t)task.bytes, MADV_HUGEPAGE);
#endif
    memset(arrays[i], 0, (size_t)task.bytes);
  }
  for (int try = 0; try < TRIES; try++) {
    double start, amount; /* of this thread, in operations or bytes */
    pthread_barrier_wait(&barrier);
    start = now();
    if (task.kind == FMA) {
      amount = kernels->fma(task.rounds);
    } else if (task.kind == READ) {
      kernels->read(arrays[0], task.bytes, task.rounds);
      amount = (double)task.bytes * (double)task.rounds;
    } else {
      for (int64_t round = 0; round < task.rounds; round++)
        kernels->triad(arrays[0], arrays[1], arrays[2], 0.5f, task.bytes / 4);
      amount = 3.0 * (double)task.bytes * (double)task.rounds;
    }
    pthread_barrier_wait(&barrier);
    amount *= threads / (now() - start);
    if (amount > best) best = amount;
  }
  for (int i = 0; i < 3; i++) free(arrays[i]);
  if (is_first != NULL) *(double *)is_first = best;
  return NULL;
}

static void measure(const char *name, enum kind kind, int64_t bytes, int64_t rounds) {
  pthread_t others[64];
  double best = 0;
  task.kind = kind;
  task.bytes = bytes;
  task.rounds = rounds;
  for (int i = 1; i < threads; i++)
    if (pthread_create(&others[i], NULL, worker, NULL)) exit(1);
  worker(&best);
  for (int i = 1; i < threads; i++) pthread_join(others[i], NULL);
  printf("%s %.2f\n", name, best * 1e-9);
  fflush(stdout);
}

int main(int count, char **arguments) {
  const int64_t KiB = 1024, MiB = 1024 * KiB;
  threads = count > 1 ? atoi(arguments[1]) : 1;
  if (threads < 1 || threads > 64) return fprintf(stderr, "usage: machine THREADS, 1 .. 64\n"), 2;
  pthread_barrier_init(&barrier, NULL, (unsigned)threads);
  kernels = best_kernels();
  printf("instructions %s\n", kernels->name);
  measure("fma_gflops", FMA, 0, 2000000);
  measure("read_l1", READ, 16 * KiB, 200000);
  measure("read_l2", READ, 256 * KiB, 8000);
  measure("read_l3", READ, 4 * MiB, 200);
  measure("read_memory", READ, 256 * MiB, 1);
  measure("triad", TRIAD, 128 * MiB, 1);
  return 0;
}
