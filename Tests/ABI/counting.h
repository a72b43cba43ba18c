/* Counts every request for memory made in the process while `counting` is 1: the library's, the Swift runtime's, OpenBLAS's and
   the thread pool's. To be included once in a program, as heap.h is. */
#ifndef COUNTING_H
#define COUNTING_H

#include <dlfcn.h>
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "heap.h"

/* The name of the processor that OpenBLAS chose its kernels for. */
char *openblas_get_corename(void);

static int counting;
static long allocations, frees, by_openblas;
static size_t first_size;

/* For its kernels with AVX-512 OpenBLAS has special ones of small products, and where a side of the result is not a multiple
   of their vectors those take memory and give it back in the same call: on such processors that is counted by itself. */
static int openblas_allocates(void) {
  static const char *const names[] = {"SkylakeX", "Cooperlake", "SapphireRapids"};
  size_t i;
  for (i = 0; i < LENGTH(names); i++)
    if (strcmp(openblas_get_corename(), names[i]) == 0) return 1;
  return 0;
}

static int is_counted(const void *caller) {
  Dl_info information;
  if (!__atomic_load_n(&counting, __ATOMIC_RELAXED)) return 0;
  if (!dladdr(caller, &information) || information.dli_fname == NULL || !strstr(information.dli_fname, "openblas")) return 1;
  __atomic_fetch_add(&by_openblas, 1, __ATOMIC_RELAXED);
  return 0;
}

static void *frames[60];
static int depth;

static int heap_request(size_t size, const void *caller) {
  if (is_counted(caller) && __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED) == 0) {
    first_size = size;
    depth = backtrace(frames, LENGTH(frames));
  }
  return 1;
}

static void heap_release(const void *caller) {
  if (is_counted(caller)) __atomic_fetch_add(&frees, 1, __ATOMIC_RELAXED);
}

/* Who asked first, as addresses in the library. */
static void show_frames(void) {
  Dl_info information;
  int i;
  for (i = 2; getenv("ALLOCATIONS_VERBOSE") != NULL && i < depth; i++)
    if (dladdr(frames[i], &information) && information.dli_fname != NULL)
      printf("    %s %#lx\n", information.dli_fname, (unsigned long)((char *)frames[i] - (char *)information.dli_fbase));
}

static void start(void) {
  allocations = frees = by_openblas = 0;
  __atomic_store_n(&counting, 1, __ATOMIC_RELAXED);
}

static void stop(const char *what, const char *setting) {
  __atomic_store_n(&counting, 0, __ATOMIC_RELAXED);
  CHECK(by_openblas == 0 || openblas_allocates());
  if (allocations == 0 && frees == 0) return;
  printf("%s, %s: %ld allocations (the first of %zu bytes), %ld frees\n", what, setting, allocations, first_size, frees);
  show_frames();
  CHECK(allocations == 0 && frees == 0);
}

#endif
