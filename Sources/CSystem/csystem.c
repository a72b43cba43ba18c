#define _GNU_SOURCE
#include "csystem.h"

#include <unistd.h>

_Thread_local uint64_t csystem_host __attribute__((tls_model("initial-exec")));

#if defined(__linux__)
#include <sched.h>

int csystem_usable_cores(void) {
  /* More processors than the set has room for is an error: try again with a larger one. */
  for (int room = 1024; room <= 1 << 20; room *= 4) {
    cpu_set_t *set = CPU_ALLOC(room);
    if (!set) break;
    size_t size = CPU_ALLOC_SIZE(room);
    int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
  return (int)sysconf(_SC_NPROCESSORS_ONLN);
}
#else
int csystem_usable_cores(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }
#endif
