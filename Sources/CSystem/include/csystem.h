/* What Swift cannot say: instructions that ask the processor what it is, and its floating-point control register. */
#ifndef CSYSTEM_H
#define CSYSTEM_H

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
#endif

#endif
