/* What Swift cannot say: instructions that ask the processor what it is, its floating-point registers, macros, and
   what happens at a fork: a handler must be there from the moment of loading, and wrap functions of the Swift runtime. */
#ifndef CSYSTEM_H
#define CSYSTEM_H

#include <stddef.h>
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

/* Zeroed memory for what goes with the sizes of a network: NULL when there is none. Freed by free. */
void *csystem_calloc(size_t count, size_t size);

/* What Swift asks for beside that comes from a reserve when there is none. Not 0: a good part of it is in use, and a call
   that may ask for more has to refill it first, which fails (0) without memory. */
extern int csystem_reserve_is_low __attribute__((visibility("hidden")));
int csystem_refill_reserve(void);
static inline int csystem_has_reserve(void) { return __builtin_expect(csystem_reserve_is_low == 0, 1) || csystem_refill_reserve(); }

/* How many forks lie between the process that loaded the library and this one. */
int csystem_forks(void);

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

/* Control and status of both floating-point units: SSE's, which all arithmetic of the library uses, and x87's, which LAPACK,
 * OpenBLAS and the C library use here and there. */
typedef struct {
  uint32_t mxcsr;
  uint16_t control, status;
} csystem_environment;

/* Traps masked, rounding to nearest, subnormal inputs and results zero (bits 6 and 15), no flag raised. */
enum { CSYSTEM_MXCSR = 0x1f80 | 0x8000 | 0x0040 };
/* Traps masked, rounding to nearest, 64 bits: what the system gives every process. */
enum { CSYSTEM_X87 = 0x037f };

void csystem_clear_x87(void);
void csystem_restore_x87(csystem_environment environment);

static inline csystem_environment csystem_read_environment(void) {
  csystem_environment found;
  found.mxcsr = csystem_get_mxcsr();
  __asm__ volatile("fnstcw %0" : "=m"(found.control)::"memory");
  __asm__ volatile("fnstsw %0" : "=a"(found.status)::"memory");
  return found;
}

/* From here on the environment is the library's; what was found is returned. Nothing here waits for an exception of the
 * host's that is pending. Instructions that write all of x87's state take a hundred cycles, so it is written only where the
 * host has changed the control word. */
static inline csystem_environment csystem_enter_environment(void) {
  csystem_environment found = csystem_read_environment();
  csystem_set_mxcsr(CSYSTEM_MXCSR);
  if (__builtin_expect(found.control != CSYSTEM_X87, 0)) csystem_clear_x87();
  return found;
}

/* The environment is again as it was found, flags included. */
static inline void csystem_leave_environment(csystem_environment found) {
  csystem_environment now = csystem_read_environment();
  if (__builtin_expect(now.control != found.control || now.status != found.status, 0)) csystem_restore_x87(found);
  csystem_set_mxcsr(found.mxcsr);
}

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

typedef struct {
  uint64_t control, status;
} csystem_environment;

/* From here on exceptions are not trapped, rounding is to nearest, and subnormal inputs and results are zero (bit 24). */
static inline csystem_environment csystem_enter_environment(void) {
  csystem_environment found = {csystem_get_fpcr(), csystem_get_fpsr()};
  csystem_set_fpcr(1 << 24);
  csystem_set_fpsr(0);
  return found;
}
static inline void csystem_leave_environment(csystem_environment found) {
  csystem_set_fpcr(found.control);
  csystem_set_fpsr(found.status);
}

static inline void csystem_pause(void) { __asm__ volatile("yield"); }

#else
/* Other architectures: the host's environment is used as it is; subnormals are then only slow. */
typedef struct {
  int unused;
} csystem_environment;
static inline csystem_environment csystem_enter_environment(void) { return (csystem_environment){0}; }
static inline void csystem_leave_environment(csystem_environment found) { (void)found; }
static inline void csystem_pause(void) {}
#endif

/* The environment of the host whose call this thread is in, for functions of the host's that are called from there. */
extern _Thread_local csystem_environment csystem_host __attribute__((tls_model("initial-exec")));
static inline void csystem_set_host(csystem_environment environment) { csystem_host = environment; }
static inline csystem_environment csystem_get_host(void) { return csystem_host; }

#endif
