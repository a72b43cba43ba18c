#define _GNU_SOURCE
#include "csystem.h"

#include <unistd.h>

_Thread_local csystem_environment csystem_host __attribute__((tls_model("initial-exec")));

#if defined(__x86_64__)
/* The flags are cleared first, by an instruction that does not look for pending exceptions as the next one does. */
void csystem_clear_x87(void) {
  const uint16_t control = CSYSTEM_X87;
  __asm__ volatile("fnclex\n\tfldcw %0" ::"m"(control) : "memory");
}

/* The status word can only be written together with all the rest. */
void csystem_restore_x87(csystem_environment environment) {
  struct {
    uint16_t control, unused0, status, unused1;
    uint32_t others[5];
  } all;
  __asm__ volatile("fnstenv %0" : "=m"(all)::"memory");
  all.control = environment.control;
  all.status = environment.status;
  __asm__ volatile("fldenv %0" ::"m"(all) : "memory");
}
#endif

#if defined(__linux__)
#include <sched.h>

int csystem_usable_cores(void) {
  /* More processors than the set has room for is an error: try again with a larger one. */
  for (int room = 1024; room <= 1 << 18; room *= 4) {
    size_t size = CPU_ALLOC_SIZE(room);
    cpu_set_t *set = __builtin_alloca(size);
    int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
    if (count > 0) return count;
  }
  return (int)sysconf(_SC_NPROCESSORS_ONLN);
}
#else
int csystem_usable_cores(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }
#endif
