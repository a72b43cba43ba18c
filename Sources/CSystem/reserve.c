/* What Swift asks for when there is no more memory.
 *
 * The Swift runtime ends the process when it gets no memory for an object, an array or a string. All that goes with the sizes of
 * a network comes from `csystem_calloc`, which says so instead and ends the call; in between there are small requests, and those
 * are served from a reserve here when the C library refuses. The shared library is linked with `--wrap` for the functions that
 * allocate and free, so that only requests of the library and of the runtime in it come here. A call begins with most of
 * the reserve unused, or is refused. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "csystem.h"

enum { ROOM = 1 << 20, ALIGNMENT = 16 };

struct arena {
  struct arena *next;
  size_t used, live; /* bytes from the start, blocks that were not given back */
  _Alignas(ALIGNMENT) char room[ROOM];
};

/* Before each block. */
struct head {
  struct arena *arena;
  size_t size;
};

/* The first one is there from the start, as pages that cost nothing until they are used. */
static struct arena first, *current = &first;
static size_t live;

int csystem_reserve_is_low;

#define REAL(type, name, ...) extern type __real_##name(__VA_ARGS__) __attribute__((weak))
REAL(void *, malloc, size_t);
REAL(void *, calloc, size_t, size_t);
REAL(void *, realloc, void *, size_t);
REAL(int, posix_memalign, void **, size_t, size_t);
REAL(void, free, void *);
REAL(size_t, malloc_usable_size, void *);

void *csystem_calloc(size_t count, size_t size) { return (__real_calloc ? __real_calloc : calloc)(count, size); }

static void *take(size_t size, size_t alignment) {
  char *block = NULL;
  csystem_lock();
  if (size < ROOM) {
    const uintptr_t start = (uintptr_t)current->room + current->used + sizeof(struct head);
    const size_t used = (size_t)(((start + alignment - 1) & ~(uintptr_t)(alignment - 1)) - (uintptr_t)current->room);
    if (alignment < ROOM && used + size <= ROOM) {
      block = current->room + used;
      ((struct head *)block)[-1] = (struct head){current, size};
      current->used = (used + size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
      current->live++;
      __atomic_add_fetch(&live, 1, __ATOMIC_RELAXED);
      if (current->used > ROOM / 4) __atomic_store_n(&csystem_reserve_is_low, 1, __ATOMIC_RELAXED);
    }
  }
  csystem_unlock();
  return block;
}

/* The head of a block of the reserve's; NULL when it is not one. */
static struct head *head(void *block) {
  struct arena *arena = NULL;
  if (__atomic_load_n(&live, __ATOMIC_RELAXED) == 0) return NULL;
  csystem_lock();
  for (arena = &first; arena != NULL; arena = arena->next)
    if ((uintptr_t)block - (uintptr_t)arena->room < ROOM) break;
  csystem_unlock();
  return arena == NULL ? NULL : (struct head *)block - 1;
}

static void give_back(const struct head *found) {
  csystem_lock();
  __atomic_sub_fetch(&live, 1, __ATOMIC_RELAXED);
  if (--found->arena->live == 0) {
    struct arena *arena = found->arena;
    arena->used = 0;
    if (arena == current) __atomic_store_n(&csystem_reserve_is_low, 0, __ATOMIC_RELAXED);
  }
  csystem_unlock();
}

int csystem_refill_reserve(void) {
  struct arena *arena;
  csystem_lock();
  if (__atomic_load_n(&csystem_reserve_is_low, __ATOMIC_RELAXED)) {
    for (arena = &first; arena != NULL && arena->live > 0; arena = arena->next) {
    }
    if (arena == NULL && (arena = csystem_calloc(1, sizeof *arena)) != NULL) {
      arena->next = first.next;
      first.next = arena;
    }
    if (arena != NULL) {
      current = arena;
      __atomic_store_n(&csystem_reserve_is_low, 0, __ATOMIC_RELAXED);
    }
  }
  csystem_unlock();
  return !__atomic_load_n(&csystem_reserve_is_low, __ATOMIC_RELAXED);
}

void *__wrap_malloc(size_t size) {
  void *memory = __real_malloc(size);
  return memory != NULL ? memory : take(size, ALIGNMENT);
}

void *__wrap_calloc(size_t count, size_t size) {
  void *memory = __real_calloc(count, size);
  if (memory == NULL && (size == 0 || count < ROOM / size) && (memory = take(count * size, ALIGNMENT)) != NULL)
    memset(memory, 0, count * size);
  return memory;
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size) {
  const int status = __real_posix_memalign(memory, alignment, size);
  if (status == 0) return 0;
  void *found = take(size, alignment < ALIGNMENT ? ALIGNMENT : alignment);
  if (found == NULL) return status;
  *memory = found;
  return 0;
}

void *__wrap_realloc(void *memory, size_t size) {
  const struct head *found = memory == NULL ? NULL : head(memory);
  if (found == NULL) {
    void *larger = __real_realloc(memory, size);
    if (larger != NULL || size == 0) return larger;
  }
  void *copy = __wrap_malloc(size);
  if (copy == NULL) return NULL;
  const size_t old = found != NULL ? found->size : memory != NULL ? __real_malloc_usable_size(memory) : 0;
  if (old > 0) memcpy(copy, memory, old < size ? old : size);
  if (found != NULL)
    give_back(found);
  else
    __real_free(memory);
  return copy;
}

void __wrap_free(void *memory) {
  const struct head *found = memory == NULL ? NULL : head(memory);
  if (found == NULL)
    __real_free(memory);
  else
    give_back(found);
}

size_t __wrap_malloc_usable_size(void *memory) {
  const struct head *found = memory == NULL ? NULL : head(memory);
  return found == NULL ? __real_malloc_usable_size(memory) : found->size;
}

/* The C++ parts of the runtime. */
extern const struct nothrow {
  char unused;
} nothrow __asm__("_ZSt7nothrow") __attribute__((weak));
extern void *new_nothrow(size_t, const struct nothrow *) __asm__("_ZnwmRKSt9nothrow_t") __attribute__((weak));
extern void *new_aligned_nothrow(size_t, size_t, const struct nothrow *) __asm__("_ZnwmSt11align_val_tRKSt9nothrow_t")
    __attribute__((weak));
REAL(void *, _Znwm, size_t);
REAL(void *, _ZnwmSt11align_val_t, size_t, size_t);
REAL(void, _ZdlPvm, void *, size_t);
REAL(void, _ZdlPvmSt11align_val_t, void *, size_t, size_t);

void *__wrap__Znwm(size_t size) {
  void *memory = new_nothrow(size, &nothrow);
  if (memory == NULL) memory = take(size, ALIGNMENT);
  return memory != NULL ? memory : __real__Znwm(size);
}

void *__wrap__ZnwmSt11align_val_t(size_t size, size_t alignment) {
  void *memory = new_aligned_nothrow(size, alignment, &nothrow);
  if (memory == NULL) memory = take(size, alignment < ALIGNMENT ? ALIGNMENT : alignment);
  return memory != NULL ? memory : __real__ZnwmSt11align_val_t(size, alignment);
}

void __wrap__ZdlPvm(void *memory, size_t size) {
  const struct head *found = memory == NULL ? NULL : head(memory);
  if (found == NULL)
    __real__ZdlPvm(memory, size);
  else
    give_back(found);
}

void __wrap__ZdlPvmSt11align_val_t(void *memory, size_t size, size_t alignment) {
  const struct head *found = memory == NULL ? NULL : head(memory);
  if (found == NULL)
    __real__ZdlPvmSt11align_val_t(memory, size, alignment);
  else
    give_back(found);
}
