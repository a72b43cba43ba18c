/* What Swift cannot say: instructions that ask the processor what it is, its floating-point control register, and macros. */
#ifndef CSYSTEM_H
#define CSYSTEM_H

#include <stdint.h>

/* Processors that this process may run on; 0 or less when the system does not say. */
int csystem_usable_cores(void);

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
