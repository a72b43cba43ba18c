/* What Swift cannot say: instructions that ask the processor what it is, its floating-point control register, macros, and
   what happens at a fork: a handler must be there from the moment of loading, and wrap functions of the Swift runtime. */
#ifndef CSYSTEM_H
#define CSYSTEM_H

#include <stdint.h>
#include <threads.h>

/* Processors that this process may run on; 0 or less when the system does not say. */
int csystem_usable_cores(void);

/* The library's one lock for what its threads share; a fork waits for it, so that no child finds it taken. Only for moments, and
   never while code of the caller's runs. A thread may take it again while it has it. */
void csystem_lock(void);
void csystem_unlock(void);

/* Around each call of OpenBLAS or LAPACK, in which nothing else happens: a fork waits for it as well. Not to be nested. */
void csystem_begin_product(void);
void csystem_end_product(void);

/* How many forks lie between the process that loaded the library and this one. */
int csystem_forks(void);

/* The control register that the host had when it called in, kept for each thread. */
extern _Thread_local uint64_t csystem_host __attribute__((tls_model("initial-exec")));
static inline void csystem_remember_host(uint64_t control) { csystem_host = control; }
static inline uint64_t csystem_remembered_host(void) { return csystem_host; }

#if defined(__x86_64__)
#include <immintrin.h>

/* AVX2 and FMA, usable (the operating system saves the registers). */
static inline int csystem_has_avx2(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

/* AVX-512 F, VL, DQ, BW and FMA, usable. */
static inline int csystem_has_avx512(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma");
}

static inline unsigned csystem_get_mxcsr(void) { return _mm_getcsr(); }
static inline void csystem_set_mxcsr(unsigned value) { _mm_setcsr(value); }
static inline void csystem_pause(void) { _mm_pause(); }

#elif defined(__aarch64__)

#define CSYSTEM_REGISTER(name)                                                                          \
  static inline uint64_t csystem_get_##name(void) {                                                     \
    uint64_t value;                                                                                     \
    __asm__ volatile("mrs %0, " #name : "=r"(value));                                                   \
    return value;                                                                                       \
  }                                                                                                     \
  static inline void csystem_set_##name(uint64_t value) { __asm__ volatile("msr " #name ", %0" ::"r"(value)); }
CSYSTEM_REGISTER(fpcr)
CSYSTEM_REGISTER(fpsr)
#undef CSYSTEM_REGISTER

static inline void csystem_pause(void) { __asm__ volatile("yield"); }

#else
static inline void csystem_pause(void) {}
#endif

#endif
