/* What a float means that was written as a decimal, in any floating-point environment of the host. */
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"

static double decimal(float value) {
  double found = -1;
  OK(espalier_decimal_f32(value, &found));
  return found;
}

static float of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* The shortest of the decimals with 1, 2, ... digits that reads back as the value. */
static double by_trying(float value) {
  char text[32];
  int digits;
  for (digits = 0; digits < 9; digits++) {
    snprintf(text, sizeof text, "%.*e", digits, value);
    if (strtof(text, NULL) == value) break;
  }
  return strtod(text, NULL);
}

static void known(void) {
  CHECK(decimal(0.1f) == 0.1);
  CHECK(decimal(0.9f) == 0.9);
  CHECK(decimal(-0.3f) == -0.3);
  CHECK(decimal(1e-30f) == 1e-30);
  CHECK(decimal(16777216.0f) == 16777216.0);
  CHECK(decimal(1.0f / 3.0f) == 0.33333334);
  CHECK(decimal(FLT_MAX) == 3.4028235e38);
  CHECK(decimal(FLT_MIN) == 1.1754944e-38);
  CHECK(decimal(of_bits(1)) == 1e-45);
  CHECK(decimal(0.0f) == 0 && !signbit(decimal(0.0f)));
  CHECK(decimal(-0.0f) == 0 && signbit(decimal(-0.0f)));
  CHECK(decimal(HUGE_VALF) == HUGE_VAL);
  CHECK(decimal(-HUGE_VALF) == -HUGE_VAL);
  CHECK(isnan(decimal(of_bits(0x7fc00000))));
  CHECK(isnan(decimal(of_bits(0x7f800001)))); /* a signalling one */
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "decimal", "NULL", espalier_decimal_f32(1, NULL));
}

static void all_over(void) {
  uint32_t bits = 1;
  int i, wrong = 0;
  for (i = 0; i < 50000; i++) {
    float value;
    double found;
    bits = bits * 1664525u + 1013904223u;
    value = of_bits(bits);
    /* Next to a power of two the shortest decimal need not be the one that is rounded to so many digits. */
    if (!isfinite(value) || (bits & 0x7fffff) == 0) continue;
    found = decimal(value);
    if ((float)found != value || found != by_trying(value)) wrong++;
  }
  CHECK(wrong == 0);
}

static void in_the_hosts_environment(void) {
  static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  static const uint32_t values[] = {0x3dcccccd, 0x7f7fffff, 0x00800000, 0x00000001, 0x7f800001, 0x7f800000, 0x3eaaaaab};
  uint64_t expected[LENGTH(values)], found[LENGTH(values)];
  size_t i, j;
  for (i = 0; i < LENGTH(values); i++) OK(espalier_decimal_f32(of_bits(values[i]), (double *)&expected[i]));
  for (j = 0; j < LENGTH(modes); j++) {
    int status = 0, flags;
    fesetround(modes[j]);
    feclearexcept(FE_ALL_EXCEPT);
    feenableexcept(FE_ALL_EXCEPT);
    for (i = 0; i < LENGTH(values); i++) status |= espalier_decimal_f32(of_bits(values[i]), (double *)&found[i]);
    fedisableexcept(FE_ALL_EXCEPT);
    flags = fetestexcept(FE_ALL_EXCEPT);
    fesetround(FE_TONEAREST);
    CHECK(status == ESPALIER_OK && flags == 0);
    CHECK(memcmp(expected, found, sizeof found) == 0);
  }
}

int main(void) {
  static const struct test tests[] = {TEST(known), TEST(all_over), TEST(in_the_hosts_environment)};
  return run_tests(tests, LENGTH(tests));
}
