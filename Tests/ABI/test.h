/* Counting and reporting for the C tests. A test is a function; it fails when one of its checks does. */
#ifndef TEST_H
#define TEST_H

#include <stddef.h>

struct test {
  const char *name;
  void (*run)(void);
};

#define TEST(function) {#function, function}
#define CHECK(condition) check_true((condition) ? 1 : 0, __FILE__, __LINE__, #condition)
/* The call succeeds; a failure is shown with its message. */
#define OK(...) check_status((__VA_ARGS__), 0, __FILE__, __LINE__, #__VA_ARGS__)
/* The call gives this status. */
#define GIVES(status, ...) check_status((__VA_ARGS__), (status), __FILE__, __LINE__, #__VA_ARGS__)
/* ... and espalier_last_error() contains both words: the argument's name and its value. */
#define SAYS(status, name, value, ...) check_says((__VA_ARGS__), (status), (name), (value), __FILE__, __LINE__, #__VA_ARGS__)

void check_true(int condition, const char *file, int line, const char *text);
void check_status(int got, int wanted, const char *file, int line, const char *text);
void check_says(int got, int wanted, const char *name, const char *value, const char *file, int line, const char *text);

/* Run all of them, print the failures and the closing line; what main returns. */
int run_tests(const struct test *tests, size_t count);

#endif
