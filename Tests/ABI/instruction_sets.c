/* Every instruction set that this machine can run computes the same, to rounding: networks of many shapes are trained by one
   process for each, and what they saw is compared. Without a request the fastest of them runs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

enum { CASES = 60, STEPS = 4, REFUSED = 77 };

static const char *const sets[] = {"portable", "avx2", "avx512"};

/* ------------------------------------------------------------ the process that computes */

/* Written: the case, what it is, how many numbers, the numbers. */
enum what { Y, DX, DW, W, LOSS, COLUMNS };
static const char *const names[] = {"y", "dx", "dw", "w", "loss", "columns"};

static void record(int number, enum what what, int64_t count, const real *values) {
  int64_t head[3];
  head[0] = number;
  head[1] = what;
  head[2] = count;
  fwrite(head, sizeof head, 1, stdout);
  fwrite(values, sizeof *values, (size_t)count, stdout);
}

static void record_columns(int number, espalier_network *network, int64_t layer) {
  int64_t count = 0, i;
  int32_t *rows, *columns;
  real *values;
  OK(espalier_layer_pattern(network, layer, 0, 0, NULL, NULL, NULL, &count));
  rows = malloc((size_t)(count + 1) * sizeof *rows);
  columns = malloc((size_t)(count + 1) * sizeof *columns);
  values = malloc((size_t)(count + 1) * sizeof *values);
  OK(espalier_layer_pattern(network, layer, 0, count, NULL, rows, columns, &count));
  for (i = 0; i < count; i++) values[i] = (real)columns[i];
  record(number, COLUMNS, count, values);
  free(rows);
  free(columns);
  free(values);
}

static void record_patterns(int number, espalier_network *network) {
  int64_t layer;
  double connections;
  for (layer = 1; layer <= (int64_t)network_value(network, "layers"); layer++)
    if (espalier_layer_get(network, layer, "connections", &connections) == ESPALIER_OK) record_columns(number, network, layer);
}

static uint32_t state;

static uint32_t draw(uint32_t below) {
  state = state * 1664525u + 1013904223u;
  return (state >> 8) % below;
}

static double one_of(const double *values, size_t count) { return values[draw((uint32_t)count)]; }

/* - wide: more inputs than a column number of two bytes can tell apart. */
static void one_case(int number, int wide) {
  static const double sizes[] = {1, 2, 3, 7, 16, 17, 40, 70, 130}, densities[] = {0.05, 0.3, 0.5},
                      batches[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130};
  const int64_t in = wide ? 65600 : (int64_t)one_of(sizes, LENGTH(sizes)), out = 1 + (int64_t)draw(19);
  const int64_t batch = wide ? 5 + 30 * (number % 2) : (int64_t)one_of(batches, LENGTH(batches));
  const int rule = number % 5;
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(rule, 0.01);
  /* The gradient of a softmax over one unit is nothing but rounding, and no criterion to grow by. */
  const int hidden[2] = {number % 8, (number + 3) % 8}, random = number % 3 == 0 || hidden[0] == ESPALIER_SOFTMAX ||
                                                                 hidden[1] == ESPALIER_SOFTMAX;
  espalier_topology *topology = make_topology(random ? ESPALIER_SET : ESPALIER_RIGL, 2);
  real *x = malloc((size_t)(batch * in) * sizeof *x), *dx = malloc((size_t)(batch * in) * sizeof *dx),
       *target = malloc((size_t)(batch * out) * sizeof *target), *y = malloc((size_t)(batch * out) * sizeof *y), *w, *dw;
  int64_t count = 0, layer, i;
  int step;
  /* A root of almost nothing makes much of a rounding. */
  if (rule != ESPALIER_SGD) OK(espalier_optimizer_set(optimizer, "epsilon", 0.01));
  if (rule == ESPALIER_SGD) OK(espalier_optimizer_set(optimizer, "momentum", 0.9));
  OK(espalier_optimizer_set(optimizer, "weight_decay", number % 2 ? 0.01 : 0));
  OK(espalier_network_create(OURS, in, number, &network));
  OK(espalier_network_set(network, "dense_crossover", 2));
  OK(espalier_network_set(network, "clip_norm", number % 4 ? 0 : 0.5));
  OK(espalier_network_set_loss(network, number % 4));
  for (layer = 0; layer < 2; layer++) {
    OK(espalier_network_add_linear(network, wide ? 3 : (int64_t)one_of(sizes, LENGTH(sizes)),
                                   one_of(densities, LENGTH(densities)), hidden[layer]));
    if (number % 3 == 1) OK(espalier_network_add_dropout(network, 0.25));
  }
  OK(espalier_network_add_linear(network, out, number % 2 ? 1 : 0.5, ESPALIER_IDENTITY));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  OK(espalier_network_build(network, batch));
  OK(F(espalier_network_parameters)(network, &w, &dw, &count));
  for (step = 0; step < STEPS; step++) {
    double loss = 0;
    real seen;
    fill(x, (size_t)(batch * in), (unsigned)(10 * number + step));
    fill(target, (size_t)(batch * out), (unsigned)(1000 + 10 * number + step));
    for (i = 0; i < batch * out; i++) target[i] = (target[i] + 1) / 2;
    OK(F(espalier_network_forward)(network, x, batch, y));
    record(number, Y, batch * out, y);
    for (i = 0; i < batch * out; i++) y[i] = (y[i] - target[i]) / (real)batch;
    OK(F(espalier_network_backward)(network, y, batch, dx));
    record(number, DX, batch * in, dx);
    record(number, DW, count, dw);
    OK(espalier_network_update(network));
    OK(espalier_network_evolve(network));
    record_patterns(number, network);
    OK(F(espalier_network_train_step)(network, x, target, batch, &loss));
    record_patterns(number, network);
    seen = (real)loss;
    record(number, LOSS, 1, &seen);
    record(number, W, count, w);
  }
  OK(espalier_network_destroy(network));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  free(x);
  free(dx);
  free(target);
  free(y);
}

static void all_cases(void) {
  int number;
  for (number = 0; number < CASES; number++) {
    state = (uint32_t)number * 2654435761u + 1;
    one_case(number, number >= CASES - 2);
  }
}

static int compute(void) {
  static const struct test tests[] = {TEST(all_cases)};
  espalier_network *network = NULL;
  const int status = espalier_network_create(OURS, 1, 1, &network);
  if (status == ESPALIER_ERROR_INVALID_ARGUMENT && strstr(espalier_last_error(), "this machine cannot run")) return REFUSED;
  if (status != ESPALIER_OK || espalier_network_destroy(network) != ESPALIER_OK) return 1;
  return run_tests(tests, LENGTH(tests));
}

/* ------------------------------------------------------------ the process that compares */

/* What a process with this set in its environment (NULL: none) wrote, from the start; NULL when the machine cannot run it. */
static FILE *results(const char *set) {
  FILE *file = tmpfile();
  int status = 0;
  pid_t child;
  CHECK(file != NULL);
  fflush(stdout);
  child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    if (set) setenv("ESPALIER_ISA", set, 1);
    else unsetenv("ESPALIER_ISA");
    dup2(fileno(file), 1);
    execl("/proc/self/exe", "instruction_sets", "compute", (char *)NULL);
    _exit(1);
  }
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
  rewind(file);
  if (WEXITSTATUS(status) == 0) return file;
  check_true(WEXITSTATUS(status) == REFUSED, __FILE__, __LINE__, set ? set : "no request");
  fclose(file);
  return NULL;
}

/* The next record: its numbers, or NULL at the end. */
static real *next(FILE *file, int64_t head[3]) {
  real *values;
  if (fread(head, 3 * sizeof *head, 1, file) != 1 || head[0] < 0 || head[0] >= CASES || head[1] < 0 || head[1] > COLUMNS)
    return NULL;
  values = malloc((size_t)(head[2] + 1) * sizeof *values);
  if (fread(values, sizeof *values, (size_t)head[2], file) == (size_t)head[2]) return values;
  free(values);
  return NULL;
}

/* The largest difference, in units of the precision and of the largest number. */
static double distance(const real *a, const real *b, int64_t count) {
  double largest = 0, apart = 0;
  int64_t i;
  for (i = 0; i < count; i++) {
    largest = fmax(largest, fabs((double)a[i]));
    apart = !(fabs((double)a[i] - b[i]) <= apart) ? fabs((double)a[i] - b[i]) : apart;
  }
  return apart == 0 ? 0 : apart / (largest * EPSILON);
}

/* - most: units of rounding; 0: the same bits.
   Which connections go or come is decided between numbers that are rounded: of some hundred decisions over thousands of
   connections one may be so close in single precision that another set takes the other one. Then the rest of that case says
   nothing. */
static void compare(const char *name, FILE *wanted, FILE *got, double most) {
  int64_t head[3], other[3], records = 0;
  double worst = 0;
  char parted[CASES] = {0};
  int parted_count = 0;
  real *a, *b;
  rewind(wanted);
  while ((a = next(wanted, head)) != NULL) {
    const int same = (b = next(got, other)) != NULL && memcmp(head, other, sizeof head) == 0;
    const double apart = same ? distance(a, b, head[2]) : HUGE_VAL;
    char text[120];
    snprintf(text, sizeof text, "%s: case %d, %s %.3g units apart", name, (int)head[0], names[head[1]], apart);
    if (head[1] == COLUMNS && same && most > 0) {
      if (apart > 0 && !parted[head[0]]) {
        printf("%s: case %d chose other connections\n", name, (int)head[0]);
        parted[head[0]] = 1;
        parted_count++;
      }
    } else if (!parted[head[0]]) {
      check_true(apart <= most, __FILE__, __LINE__, text);
      worst = fmax(worst, apart);
    }
    free(a);
    free(b);
    records++;
  }
  CHECK(records > CASES * STEPS * 5 && next(got, other) == NULL);
  CHECK(parted_count <= (OURS == ESPALIER_FLOAT32 ? 3 : 0));
  printf("%s: %d arrays, at most %.3g units apart\n", name, (int)records, worst);
}

static void all_sets_agree(void) {
  FILE *first = results(sets[0]), *fastest = first, *chosen;
  size_t i;
  CHECK(first != NULL);
  if (first == NULL) return;
  for (i = 1; i < LENGTH(sets); i++) {
    FILE *set = results(sets[i]);
    if (set == NULL) {
      printf("%s: this machine cannot run it\n", sets[i]);
      continue;
    }
    compare(sets[i], first, set, 2000);
    if (fastest != first) fclose(fastest);
    fastest = set;
  }
  chosen = results(NULL);
  CHECK(chosen != NULL);
  if (chosen != NULL) {
    compare("chosen without a request", fastest, chosen, 0);
    fclose(chosen);
  }
  if (fastest != first) fclose(fastest);
  fclose(first);
}

int main(int count, char **arguments) {
  static const struct test tests[] = {TEST(all_sets_agree)};
  if (count == 2 && strcmp(arguments[1], "compute") == 0) return compute();
  return run_tests(tests, LENGTH(tests));
}
