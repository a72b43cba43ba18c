/* What Fortran cannot say of its process: the floating-point environment, flags of both units included, and the locale. */
#include <fenv.h>
#include <locale.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* 0: to nearest, 1: up, 2: down, 3: towards zero. */
void host_round(int mode) {
  static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  fesetround(modes[mode]);
}

/* All flags up, or all down. */
void host_set_flags(int raised) {
  feclearexcept(FE_ALL_EXCEPT);
  if (raised) feraiseexcept(FE_ALL_EXCEPT);
#if defined(__x86_64__)
  /* Operands that are subnormal raise a flag of their own. */
  _mm_setcsr(raised ? _mm_getcsr() | 0x3fu : _mm_getcsr() & ~0x3fu);
#endif
}

int host_flags(void) {
  int flags = fetestexcept(FE_ALL_EXCEPT);
#if defined(__x86_64__)
  flags |= (int)(_mm_getcsr() & 0x3f);
#endif
  return flags;
}

/* End the process by SIGFPE at any exception, or at none. */
void host_trap(int on) {
  if (on)
    feenableexcept(FE_ALL_EXCEPT);
  else
    fedisableexcept(FE_ALL_EXCEPT);
#if defined(__x86_64__)
  _mm_setcsr(on ? _mm_getcsr() & ~(0x3fu << 7) : _mm_getcsr() | 0x3fu << 7);
#endif
}

/* Whether the locale is there, and "i" is the small letter of another capital in it. */
int host_turkish(void) { return setlocale(LC_ALL, "tr_TR.ISO-8859-9") != 0; }
