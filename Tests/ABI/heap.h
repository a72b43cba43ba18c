/* The program's own malloc and its relatives: every request made in the process comes here, the library's, the Swift
   runtime's, the C++ library's and OpenBLAS's. To be included once in a program, which says what a request means. */
#ifndef HEAP_H
#define HEAP_H

#include <errno.h>
#include <stddef.h>

/* glibc's own, under the names that it gives to programs that replace malloc. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

/* A request of `size` bytes by the code at `caller`: 0 refuses it. */
static int heap_request(size_t size, const void *caller);
static void heap_release(const void *caller);

static int heap_grants(size_t size, const void *caller) {
  if (heap_request(size, caller)) return 1;
  errno = ENOMEM;
  return 0;
}

void *malloc(size_t size) { return heap_grants(size, __builtin_return_address(0)) ? __libc_malloc(size) : NULL; }

void *calloc(size_t count, size_t size) {
  return heap_grants(count * size, __builtin_return_address(0)) ? __libc_calloc(count, size) : NULL;
}

void *realloc(void *memory, size_t size) {
  return heap_grants(size, __builtin_return_address(0)) ? __libc_realloc(memory, size) : NULL;
}

void *aligned_alloc(size_t alignment, size_t size) {
  return heap_grants(size, __builtin_return_address(0)) ? __libc_memalign(alignment, size) : NULL;
}

void *memalign(size_t alignment, size_t size) {
  return heap_grants(size, __builtin_return_address(0)) ? __libc_memalign(alignment, size) : NULL;
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  void *found = heap_grants(size, __builtin_return_address(0)) ? __libc_memalign(alignment, size) : NULL;
  if (found == NULL) return ENOMEM;
  *memory = found;
  return 0;
}

void free(void *memory) {
  if (memory != NULL) heap_release(__builtin_return_address(0));
  __libc_free(memory);
}

#endif
