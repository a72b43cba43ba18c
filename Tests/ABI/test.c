#include "test.h"

#include <espalier.h>
#include <stdio.h>
#include <string.h>

/* Of the test that runs. Checks are made by the main thread only. */
static int failures;

static int first_ones(void) { return ++failures <= 10; }

void check_true(int condition, const char *file, int line, const char *text) {
  if (!condition && first_ones()) printf("%s:%d: not true: %s\n", file, line, text);
}

void check_status(int got, int wanted, const char *file, int line, const char *text) {
  if (got == wanted || !first_ones()) return;
  printf("%s:%d: %s\n    gave %d (%s), expected %d (%s); last error: %s\n", file, line, text, got, espalier_status_string(got),
         wanted, espalier_status_string(wanted), espalier_last_error());
}

void check_says(int got, int wanted, const char *name, const char *value, const char *file, int line, const char *text) {
  const char *message = espalier_last_error();
  check_status(got, wanted, file, line, text);
  if (got != wanted || (strstr(message, name) != NULL && strstr(message, value) != NULL) || !first_ones()) return;
  printf("%s:%d: %s\n    the message should name \"%s\" and \"%s\": %s\n", file, line, text, name, value, message);
}

int run_tests(const struct test *tests, size_t count) {
  size_t i;
  int failed = 0;
  for (i = 0; i < count; i++) {
    failures = 0;
    tests[i].run();
    if (failures > 0) {
      printf("FAILED: %s (%d checks)\n", tests[i].name, failures);
      failed++;
    }
    fflush(stdout);
  }
  printf("%d passed, %d failed\n", (int)count - failed, failed);
  return failed > 0;
}
