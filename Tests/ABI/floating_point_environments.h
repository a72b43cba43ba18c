/* Floating-point environments of x86-64: their numbers, putting one in place, looking at what is in place. */
#ifndef FLOATING_POINT_ENVIRONMENTS_H
#define FLOATING_POINT_ENVIRONMENTS_H

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)

/* What fnstenv writes: control, status and tag words, each with 16 bits after it, and where the last instruction was, which the
   processors write as they like. */
struct x87 {
  uint16_t control, unused0, status, unused1, tag, unused2;
  uint32_t instruction[4];
};

struct environment {
  struct x87 x87;
  uint32_t mxcsr;
};

/* All combinations of what is trapped, how SSE rounds and what it flushes, raised flags, x87's precision and how it rounds. */
enum { ENVIRONMENTS = 8 * 4 * 4 * 2 * 3 * 4 };

static struct environment environment_numbered(int number) {
  static const unsigned masked[] = {0x3f, 0x3e, 0x3d, 0x3b, 0x37, 0x2f, 0x1f, 0};
  static const unsigned flushes[] = {0, 0x8000, 0x0040, 0x8040}, precisions[] = {3, 2, 0};
  struct environment e;
  unsigned masks = masked[number % 8], sse = (unsigned)number / 8 % 4, flush = flushes[number / 32 % 4];
  unsigned flags = number / 128 % 2 ? 0x3f : 0, precision = precisions[number / 256 % 3], x87 = (unsigned)number / 768 % 4;
  memset(&e, 0, sizeof e);
  e.mxcsr = masks << 7 | sse << 13 | flush | flags;
  e.x87.control = (uint16_t)(masks | 0x40 | precision << 8 | x87 << 10);
  /* The summary of flags that are not masked, which the processor works out. */
  e.x87.status = (uint16_t)(flags | (flags & ~masks ? 0x8080 : 0));
  e.x87.tag = 0xffff;
  return e;
}

static void set(const struct environment *e) {
  __asm__ volatile("fldenv %0" ::"m"(e->x87) : "memory");
  __builtin_ia32_ldmxcsr(e->mxcsr);
}

/* Nothing of this waits for an exception that is pending; all are masked afterwards. */
static struct environment look(void) {
  struct environment e;
  e.mxcsr = __builtin_ia32_stmxcsr();
  __asm__ volatile("fnstenv %0" : "=m"(e.x87)::"memory");
  return e;
}

static void reset(void) {
  __asm__ volatile("fninit" ::: "memory");
  __builtin_ia32_ldmxcsr(0x1f80);
}

static int same(const struct environment *a, const struct environment *b) {
  return a->mxcsr == b->mxcsr && a->x87.control == b->x87.control && a->x87.status == b->x87.status && a->x87.tag == b->x87.tag;
}

#endif
#endif
