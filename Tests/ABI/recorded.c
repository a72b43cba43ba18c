/* Networks of layers against what PyTorch computes: every file in Tests/LayersTests/Recorded, which Tests/LayersTests/record.py
   writes and describes. */
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { STEPS = 20, WEIGHTS = 1, SAMPLES = 2, GRADIENT = 3, TARGETS = 4, FURTHER = 5, MOST_OPTIONS = 24, MOST_INPUTS = 8 };

/* What is left of the file, word by word. */
static char *rest;

static const char *word(void) {
  const char *found = strtok(rest, " \n");
  rest = NULL;
  return found == NULL ? "" : found;
}

static int64_t whole(void) { return strtoll(word(), NULL, 10); }

/* record.py's formula. */
static void fill_numbers(real *values, int64_t count, int64_t array) {
  for (int64_t i = 0; i < count; i++) values[i] = (real)((i * 37 + array * 11) % 101 - 50) / 64;
}

static real *make_numbers(int64_t count, int64_t array) {
  real *values = malloc((size_t)count * sizeof *values);
  fill_numbers(values, count, array);
  return values;
}

/* Inputs beside the first: their layers, and what is bound to them. */
static struct {
  int64_t count, layers[MOST_INPUTS];
  real *values[MOST_INPUTS];
} further;

static void add_layer(espalier_network *network) {
  char names[MOST_OPTIONS][40];
  const char *pointers[MOST_OPTIONS];
  double values[MOST_OPTIONS];
  int64_t inputs[16], kind, input_count, option_count;
  CHECK(strcmp(word(), "layer") == 0);
  kind = whole();
  input_count = whole();
  for (int64_t i = 0; i < input_count; i++) inputs[i % 16] = whole();
  option_count = whole();
  CHECK(input_count <= 16 && option_count <= MOST_OPTIONS);
  for (int64_t i = 0; i < option_count; i++) {
    snprintf(names[i], sizeof names[i], "%s", word());
    pointers[i] = names[i];
    values[i] = strtod(word(), NULL);
  }
  OK(espalier_network_add_layer(network, (int)kind, input_count, inputs, option_count, pointers, values,
                                &further.layers[further.count]));
  if (kind == ESPALIER_LAYER_INPUT && further.count + 1 < MOST_INPUTS) further.count++;
}

/* Bind the inputs beside the first, and the derivatives by them to what comes after dx. - inputs: values of dx; returns all. */
static int64_t bind_further(espalier_network *network, int64_t batch, int64_t inputs, real **dx) {
  int64_t sizes[MOST_INPUTS], all = inputs;
  for (int64_t i = 0; i < further.count; i++) {
    sizes[i] = batch * (int64_t)layer_value(network, further.layers[i], "units");
    further.values[i] = make_numbers(sizes[i], FURTHER + i);
    OK(F(espalier_network_bind_input)(network, further.layers[i], further.values[i], batch));
    all += sizes[i];
  }
  *dx = make_numbers(all, 0);
  for (int64_t i = further.count - 1, place = all; i >= 0; i--) {
    place -= sizes[i];
    OK(F(espalier_network_bind_input_gradient)(network, further.layers[i], *dx + place, batch));
  }
  return all;
}

/* What follows in the line are these values, all within the tolerance of the largest. */
static void compare_values(const char *name, const char *what, const real *values, int64_t count, double tolerance) {
  double most = 0, worst = 0, *wanted = malloc((size_t)count * sizeof *wanted + 1);
  CHECK(whole() == count);
  for (int64_t i = 0; i < count; i++) {
    wanted[i] = strtod(word(), NULL);
    most = fmax(most, fabs(wanted[i]));
    worst = fmax(worst, fabs(wanted[i] - values[i]));
    if (isnan(values[i])) worst = HUGE_VAL;
  }
  if (!(worst <= tolerance * fmax(most, 1e-3))) {
    char text[160];
    snprintf(text, sizeof text, "%s: %s is off by %g of %g", name, what, worst, most);
    check_true(0, __FILE__, __LINE__, text);
  }
  free(wanted);
}

/* The next line is of that name and has these values. */
static void compare(const char *name, const char *what, const real *values, int64_t count, double tolerance) {
  CHECK(strcmp(word(), what) == 0);
  compare_values(name, what, values, count, tolerance);
}

static int64_t read_shape(const char *name, espalier_network **network, int64_t *layers, int64_t *batch) {
  int64_t lengths[4] = {0}, dimensions, inputs = 1;
  *batch = whole();
  dimensions = whole();
  CHECK(name[0] != 0 && dimensions <= 4);
  for (int64_t i = 0; i < dimensions; i++) inputs *= lengths[i % 4] = whole();
  *layers = whole();
  OK(espalier_network_create(OURS, inputs, 1, network));
  if (dimensions > 1) OK(espalier_network_set_input_shape(*network, dimensions, lengths));
  return inputs;
}

/* The word after the case. */
static const char *run_case(int64_t classes, int64_t first) {
  /* float64: rounding, of 20 steps too. float32: of sums of dozens of products. */
  const double tolerance = sizeof(real) == 8 ? 1e-10 : 2e-4;
  const char *name = word(), *next;
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.03125);
  int64_t batch, layer_count, inputs = read_shape(name, &network, &layer_count, &batch), outputs = 1, dimensions = 0, count = 0;
  int64_t lengths[4], derivatives;
  real *x, *y, *dx, *dy, *target, *w, *dw, losses[STEPS];
  further.count = 0;
  for (int64_t i = 0; i < layer_count; i++) add_layer(network);
  OK(espalier_layer_shape(network, layer_count, 4, lengths, &dimensions));
  for (int64_t i = 0; i < dimensions; i++) outputs *= lengths[i];
  OK(espalier_optimizer_set(optimizer, "momentum", 0.5));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_build(network, batch));
  OK(F(espalier_network_parameters)(network, &w, &dw, &count));
  fill_numbers(w, count, WEIGHTS);
  x = make_numbers(batch * inputs, SAMPLES);
  for (int64_t i = 0; classes > 0 && i < batch * inputs; i++) x[i] = (real)(i * 37 % 101 % classes + first);
  derivatives = bind_further(network, batch, batch * inputs, &dx);
  y = make_numbers(batch * outputs, 0);
  dy = make_numbers(batch * outputs, GRADIENT);
  target = make_numbers(batch * outputs, TARGETS);
  OK(F(espalier_network_forward)(network, x, batch, y));
  OK(F(espalier_network_backward)(network, dy, batch, dx));
  compare(name, "y", y, batch * outputs, tolerance);
  compare(name, "dw", dw, count, tolerance);
  compare(name, "dx", dx, derivatives, tolerance);
  if (count > 0) {
    for (int i = 0; i < STEPS; i++) {
      double loss = 0;
      OK(F(espalier_network_train_step)(network, x, target, batch, &loss));
      losses[i] = (real)loss;
    }
    compare(name, "losses", losses, STEPS, tolerance);
    compare(name, "trained", w, count, tolerance);
  }
  next = word();
  if (strcmp(next, "predicted") == 0) {
    OK(F(espalier_network_predict)(network, x, batch, y));
    compare_values(name, next, y, batch * outputs, tolerance);
    next = word();
  }
  for (int64_t i = 0; i < further.count; i++) free(further.values[i]);
  free(x);
  free(dx);
  free(y);
  free(dy);
  free(target);
  OK(espalier_network_destroy(network));
  OK(espalier_optimizer_destroy(optimizer));
  return next;
}

static void run_file(const char *path) {
  FILE *file = fopen(path, "r");
  char *text;
  long size;
  const char *next;
  CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
  size = ftell(file);
  rewind(file);
  text = malloc((size_t)size + 1);
  CHECK(fread(text, 1, (size_t)size, file) == (size_t)size);
  fclose(file);
  text[size] = 0;
  rest = text;
  for (next = word(); next[0] != 0;) {
    const int64_t classes = strcmp(next, "classes") == 0 ? whole() : 0, first = classes > 0 ? whole() : 0;
    if (classes > 0) next = word();
    CHECK(strcmp(next, "case") == 0);
    if (strcmp(next, "case") != 0) break;
    next = run_case(classes, first);
  }
  CHECK(next[0] == 0); /* the end */
  free(text);
}

static void recorded(void) {
  glob_t found;
  CHECK(glob("Tests/LayersTests/Recorded/*.txt", 0, NULL, &found) == 0 && found.gl_pathc > 0);
  for (size_t i = 0; i < found.gl_pathc; i++) run_file(found.gl_pathv[i]);
  globfree(&found);
}

int main(void) {
  static const struct test tests[] = {TEST(recorded)};
  return run_tests(tests, LENGTH(tests));
}
