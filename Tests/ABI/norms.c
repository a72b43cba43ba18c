/* Norms, running statistics and fixed normalisations. What PyTorch computes is compared in recorded.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layers.h"

enum { IN = 4, BATCH = 6 };

#define KIND(name, ...) {.kind = ESPALIER_LAYER_##name, .options = {__VA_ARGS__}}
#define UNITS(count) KIND(LINEAR, {"units", count}, {"activation", ESPALIER_TANH})

/* Every proof that layers.h has. */
static void all_proofs(void) {
  static const struct layer_case cases[] = {
      {"batch norm of vectors", 1, {IN}, 1, 0, 3, {UNITS(5), KIND(BATCH_NORM, {NULL, 0}), KIND(LINEAR, {"units", 2})}},
      {"batch norm of planes", 3, {3, 2, 4}, 1, 0, 2, {KIND(BATCH_NORM, {"epsilon", 0.1}), UNITS(3)}},
      {"two batch norms", 2, {2, 9}, 1, 0, 3, {KIND(BATCH_NORM, {"affine", 0}), KIND(BATCH_NORM, {"momentum", 0.5}), UNITS(3)}},
      {"layer norm of vectors", 1, {IN}, 0, 0, 3, {UNITS(5), KIND(LAYER_NORM, {NULL, 0}), KIND(LINEAR, {"units", 2})}},
      {"layer norm of fields", 4, {2, 2, 1, 3}, 0, 0, 2, {KIND(LAYER_NORM, {"epsilon", 0.1}), UNITS(3)}},
      {"layer norm of places", 2, {5, 3}, 0, 0, 2, {KIND(LAYER_NORM, {"per_place", 1}), UNITS(3)}},
      {"group norm", 3, {6, 2, 2}, 0, 0, 2, {KIND(GROUP_NORM, {"groups", 3}), UNITS(3)}},
      {"group norm without parameters", 2, {4, 5}, 0, 0, 2, {KIND(GROUP_NORM, {"groups", 2}, {"affine", 0}), UNITS(3)}},
      {"normalization", 2, {3, 4}, 0, 0, 2, {KIND(NORMALIZATION, {NULL, 0}), UNITS(3)}},
      {"inverse of each place", 2, {3, 4}, 0, 0, 2, {KIND(NORMALIZATION, {"inverse", 1}, {"per_place", 1}), UNITS(3)}}};
  for (size_t i = 0; i < LENGTH(cases); i++) check_case(&cases[i]);
}

static int64_t add(espalier_network *network, int kind, const char *name, double value) {
  const struct layer_description layer = {.kind = kind, .options = {{name, value}}};
  int64_t number = 0;
  OK(add_described(network, &layer, &number));
  return number;
}

static real *state(espalier_network *network, int64_t layer, const char *name, int64_t wanted) {
  real *values = NULL;
  int64_t count = -1;
  OK(F(espalier_layer_state)(network, layer, name, &values, &count));
  CHECK(count == wanted && values != NULL);
  return values;
}

/* 4 -> batch norm -> linear 3, with sgd. */
static espalier_network *make(int batch, double momentum) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.1);
  OK(espalier_network_create(OURS, IN, 3, &network));
  add(network, ESPALIER_LAYER_BATCH_NORM, "momentum", momentum);
  add(network, ESPALIER_LAYER_LINEAR, "units", 3);
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_build(network, batch));
  OK(espalier_optimizer_destroy(optimizer));
  return network;
}

static real x[BATCH * IN], target[BATCH * 3], y[BATCH * 3];

/* Mean and unbiased variance of a feature. */
static void moments(int feature, double *mean, double *variance) {
  *mean = *variance = 0;
  for (int i = 0; i < BATCH; i++) *mean += x[i * IN + feature] / BATCH;
  for (int i = 0; i < BATCH; i++) *variance += (x[i * IN + feature] - *mean) * (x[i * IN + feature] - *mean) / (BATCH - 1);
}

/* They move with each training pass that succeeds, and with nothing else. */
static void running_statistics(void) {
  espalier_network *network = make(BATCH, 0.25);
  real *mean = state(network, 1, "running_mean", IN), *variance = state(network, 1, "running_variance", IN), kept[2 * IN];
  double m, v, loss;
  int passes = 0;
  for (int f = 0; f < IN; f++) CHECK(mean[f] == 0 && variance[f] == 1);
#define KEEP() (memcpy(kept, mean, sizeof kept / 2), memcpy(kept + IN, variance, sizeof kept / 2))
#define STAYED() (memcmp(kept, mean, sizeof kept / 2) == 0 && memcmp(kept + IN, variance, sizeof kept / 2) == 0)
  OK(F(espalier_network_forward)(network, x, BATCH, y));
  passes++;
  OK(espalier_network_set(network, "accumulate", 2));
  for (; passes < 3; passes++) OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
  for (int f = 0; f < IN; f++) {
    double share = pow(0.75, passes);
    moments(f, &m, &v);
    CHECK(fabs(mean[f] - (1 - share) * m) < 8 * EPSILON);
    CHECK(fabs(variance[f] - (share + (1 - share) * v)) < 8 * EPSILON);
  }
  KEEP();
  OK(F(espalier_network_predict)(network, x, BATCH, y));
  OK(F(espalier_network_evaluate)(network, x, target, BATCH, &loss));
  OK(F(espalier_network_backward)(network, y, BATCH, NULL) == ESPALIER_ERROR_INVALID_STATE ? ESPALIER_OK : -1);
  CHECK(STAYED());
  /* A step that is refused, before and after its pass. */
  x[1] = (real)NAN;
  GIVES(ESPALIER_ERROR_NON_FINITE, F(espalier_network_train_step)(network, x, target, BATCH, &loss));
  CHECK(STAYED());
  x[1] = (real)0.5;
  {
    real *w, *dw;
    int64_t count;
    OK(F(espalier_network_parameters)(network, &w, &dw, &count));
    w[2 * IN] = (real)(sizeof(real) == 4 ? 1e38 : 1e308); /* the loss overflows */
    GIVES(ESPALIER_ERROR_NON_FINITE, F(espalier_network_train_step)(network, x, target, BATCH, &loss));
    w[2 * IN] = 0;
  }
  CHECK(STAYED());
  /* forward lets NaN pass; that feature's statistics do not move, the others' do. */
  x[1] = (real)NAN;
  OK(F(espalier_network_forward)(network, x, BATCH, y));
  CHECK(isnan(y[0]));
  CHECK(mean[1] == kept[1] && variance[1] == kept[IN + 1] && mean[0] != kept[0]);
  fill(x, BATCH * IN, 1);
  /* The caller may set them, and predict takes them. */
  for (int f = 0; f < IN; f++) mean[f] = x[f], variance[f] = 4;
  {
    real *w, *dw, *b, *db;
    int64_t count, units;
    OK(F(espalier_layer_parameters)(network, 1, &w, &dw, &count, &b, &db, &units));
    CHECK(count == IN && units == IN);
    for (int f = 0; f < IN; f++) w[f] = 0, b[f] = 0;
    OK(F(espalier_network_predict)(network, x, BATCH, y));
    memcpy(target, y, sizeof target);
    for (int f = 0; f < IN; f++) w[f] = 1;
    OK(F(espalier_network_predict)(network, x, 1, y));
    for (int k = 0; k < 3; k++) CHECK(fabs(y[k] - target[k]) < 4 * EPSILON); /* the first sample is the mean */
    OK(F(espalier_network_predict)(network, x, BATCH, y));
    CHECK(fabs(y[3] - target[3]) > 1e-3);
    fill(target, BATCH * 3, 2);
  }
  OK(espalier_network_destroy(network));
}

/* One value a channel has no deviation. */
static void too_few_values(void) {
  espalier_network *network = make(BATCH, 0.1);
  const int64_t field[] = {2, 2};
  double loss = 7;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "batch_norm layer 1", "1", F(espalier_network_forward)(network, x, 1, y));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "train_step", "1", F(espalier_network_train_step)(network, x, target, 1, &loss));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "train_epoch", "1",
          F(espalier_network_train_epoch)(network, x, target, BATCH, BATCH - 1, 0, NULL, NULL, &loss));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "train_epoch", "1",
          F(espalier_network_train_epoch)(network, x, target, 1, BATCH, 0, NULL, NULL, &loss));
  OK(F(espalier_network_train_epoch)(network, x, target, BATCH, BATCH - 2, 1, NULL, NULL, &loss));
  OK(F(espalier_network_train_epoch)(network, x, target, BATCH, BATCH, 0, NULL, NULL, &loss));
  OK(F(espalier_network_predict)(network, x, 1, y));
  OK(espalier_network_destroy(network));
  network = NULL;
  OK(espalier_network_create(OURS, IN, 3, &network));
  OK(espalier_network_set_input_shape(network, 2, field));
  add(network, ESPALIER_LAYER_BATCH_NORM, NULL, 0);
  add(network, ESPALIER_LAYER_LINEAR, "units", 3);
  OK(espalier_network_build(network, BATCH));
  OK(F(espalier_network_forward)(network, x, 1, y));
  OK(espalier_network_destroy(network));
}

/* Parameters of a layer without connections: they start as they should, have optimizers, and are remembered. */
static void parameters(void) {
  espalier_network *network = make(BATCH, 0.1);
  espalier_optimizer *adam = make_optimizer(ESPALIER_ADAM, 0.01);
  real *w, *dw, *b, *db, *all, *gradients, after[2 * IN], caller[64], caller_gradients[64];
  int64_t count, units;
  double loss, value, bytes;
  OK(F(espalier_layer_parameters)(network, 1, &w, &dw, &count, &b, &db, &units));
  for (int f = 0; f < IN; f++) CHECK(w[f] == 1 && b[f] == 0);
  CHECK(layer_value(network, 1, "parameters") == 2 * IN && layer_value(network, 1, "offset") == 0);
  CHECK(layer_value(network, 2, "offset") == 2 * IN && network_value(network, "parameters") == 2 * IN + 3 * IN + 3);
  bytes = network_value(network, "bytes");
  OK(espalier_network_remember(network));
  CHECK(network_value(network, "bytes") == bytes + (2 * IN + 3 * IN + 3 + 2 * IN) * (double)sizeof(real));
  OK(espalier_network_set_optimizer(network, 1, adam));
  OK(espalier_layer_set_optimizer_option(network, ESPALIER_ALL_LAYERS, "learning_rate", 0.02));
  OK(espalier_layer_get_optimizer_option(network, 1, "rule", &value));
  CHECK(value == ESPALIER_ADAM);
  for (int i = 0; i < 2; i++) {
    for (int step = 0; step < 5; step++) OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
    OK(F(espalier_layer_parameters)(network, 1, &w, &dw, &count, &b, &db, &units));
    for (int f = 0; f < IN; f++) CHECK(w[f] != 1 && b[f] != 0);
    CHECK(layer_value(network, 1, "steps") == 5);
    CHECK(state(network, 1, "running_mean", IN)[0] != 0);
    if (i == 0) memcpy(after, w, sizeof after);
    CHECK(memcmp(after, w, sizeof after) == 0);
    OK(espalier_network_rewind(network));
    for (int f = 0; f < IN; f++) CHECK(w[f] == 1 && b[f] == 0 && dw[f] == 0);
    CHECK(state(network, 1, "running_mean", IN)[0] == 0 && state(network, 1, "running_variance", IN)[0] == 1);
    OK(F(espalier_network_parameters)(network, &all, &gradients, &count));
    if (i == 0) OK(F(espalier_network_bind)(network, caller, caller_gradients, count));
  }
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "no connections", "batch_norm layer 1",
          espalier_layer_pattern(network, 1, 0, 0, NULL, NULL, NULL, &count));
  OK(espalier_optimizer_destroy(adam));
  OK(espalier_network_destroy(network));
  network = NULL;
  OK(espalier_network_create(OURS, IN, 3, &network));
  add(network, ESPALIER_LAYER_LAYER_NORM, "affine", 0);
  add(network, ESPALIER_LAYER_LINEAR, "units", 3);
  adam = make_optimizer(ESPALIER_ADAM, 0.01);
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, adam));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "no parameters", "layer_norm layer 1", espalier_network_set_optimizer(network, 1, adam));
  OK(espalier_network_build(network, BATCH));
  OK(F(espalier_network_train_step)(network, x, target, 1, &loss));
  OK(espalier_optimizer_destroy(adam));
  OK(espalier_network_destroy(network));
}

/* Connections go, what a norm has stays. Unconnected units are dead through a norm. */
static void pruned(void) {
  espalier_network *network = NULL;
  espalier_pruning *pruning = make_pruning(ESPALIER_PRUNE_MAGNITUDE, 0.25);
  espalier_optimizer *adam = make_optimizer(ESPALIER_ADAM, 0.01);
  static const int32_t rows[] = {0, 1, 2}, columns[] = {0, 1, 0};
  real *w, *dw, *b, *db, kept[4];
  int64_t count, units;
  double loss;
  OK(espalier_network_create(OURS, IN, 3, &network));
  add(network, ESPALIER_LAYER_LINEAR, "units", 4);
  add(network, ESPALIER_LAYER_BATCH_NORM, NULL, 0);
  add(network, ESPALIER_LAYER_LINEAR, "units", 3);
  OK(F(espalier_layer_set_pattern_coo)(network, 3, 3, rows, columns, NULL, 0));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, adam));
  OK(espalier_network_build(network, BATCH));
  CHECK(layer_value(network, 1, "dead_units") == 2 && network_value(network, "dead_units") == 2);
  CHECK(network_value(network, "dead_inputs") == 0);
  OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
  OK(F(espalier_layer_parameters)(network, 2, &w, &dw, &count, &b, &db, &units));
  memcpy(kept, w, sizeof kept);
  loss = state(network, 2, "running_mean", 4)[1];
  OK(F(espalier_network_prune)(network, pruning, NULL, NULL, 0));
  OK(F(espalier_layer_parameters)(network, 2, &w, &dw, &count, &b, &db, &units));
  CHECK(memcmp(kept, w, sizeof kept) == 0 && state(network, 2, "running_mean", 4)[1] == (real)loss);
  CHECK(layer_value(network, 1, "connections") == 4);
  OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
  OK(espalier_pruning_destroy(pruning));
  pruning = make_pruning(ESPALIER_PRUNE_SNIP, 0.2);
  OK(F(espalier_network_prune)(network, pruning, x, target, BATCH));
  OK(espalier_pruning_destroy(pruning));
  OK(espalier_optimizer_destroy(adam));
  OK(espalier_network_destroy(network));
}

/* Means and deviations of samples, of constants too, and back. */
static void normalizations(void) {
  enum { CHANNELS = 2, PLACES = 3, FEATURES = CHANNELS * PLACES, SAMPLES = 50 };
  const int64_t field[] = {CHANNELS, PLACES};
  real data[SAMPLES * FEATURES], there[SAMPLES * FEATURES], back[SAMPLES * FEATURES];
  for (int i = 0; i < SAMPLES * FEATURES; i++) {
    int channel = i % FEATURES / PLACES;
    data[i] = (real)(channel == 0 ? 101325 + 20 * sin(i) : 0.1);
  }
  for (int per_place = 0; per_place <= 1; per_place++) {
    espalier_network *network = NULL;
    const struct layer_description first = KIND(NORMALIZATION, {"per_place", per_place});
    const struct layer_description second = KIND(NORMALIZATION, {"per_place", per_place}, {"inverse", 1});
    const int count = per_place ? FEATURES : CHANNELS, rows = FEATURES / count;
    real *mean, *deviation;
    OK(espalier_network_create(OURS, FEATURES, 3, &network));
    OK(espalier_network_set_input_shape(network, 2, field));
    OK(add_described(network, &first, NULL));
    GIVES(ESPALIER_ERROR_INVALID_STATE, F(espalier_layer_fit)(network, 1, data, SAMPLES));
    OK(espalier_network_build(network, SAMPLES));
    OK(F(espalier_network_predict)(network, data, SAMPLES, there));
    CHECK(memcmp(there, data, sizeof data) == 0); /* 0 and 1 at first */
    OK(F(espalier_layer_fit)(network, 1, data, SAMPLES));
    OK(F(espalier_network_predict)(network, data, SAMPLES, there));
    mean = state(network, 1, "mean", count);
    deviation = state(network, 1, "deviation", count);
    for (int k = 0; k < count; k++) {
      double sum = 0, squares = 0;
      for (int i = 0; i < SAMPLES; i++)
        for (int row = 0; row < rows; row++) {
          double value = there[i * FEATURES + k * rows + row];
          sum += value / (SAMPLES * rows);
          squares += value * value / (SAMPLES * rows);
        }
      if (k * rows < PLACES) {
        /* The mean is rounded, by up to half a unit of 101325. */
        CHECK(fabs(sum) < 101325 * EPSILON / 14 && fabs(squares - 1) < 1e5 * EPSILON && deviation[k] > 13 && deviation[k] < 15);
      } else {
        CHECK(sum == 0 && squares == 0 && deviation[k] == 1 && mean[k] == (real)0.1);
      }
    }
    deviation[count - 1] = 0; /* counts as 1 */
    OK(F(espalier_network_predict)(network, data, SAMPLES, back));
    CHECK(memcmp(there, back, sizeof back) == 0);
    {
      espalier_network *inverse = NULL;
      real *copy;
      OK(espalier_network_create(OURS, FEATURES, 3, &inverse));
      OK(espalier_network_set_input_shape(inverse, 2, field));
      OK(add_described(inverse, &second, NULL));
      OK(espalier_network_build(inverse, 7));
      copy = state(inverse, 1, "mean", count);
      memcpy(copy, mean, (size_t)count * sizeof *copy);
      copy = state(inverse, 1, "deviation", count);
      memcpy(copy, deviation, (size_t)count * sizeof *copy);
      OK(F(espalier_network_predict)(inverse, there, SAMPLES, back));
      for (int i = 0; i < SAMPLES * FEATURES; i++) CHECK(fabs(back[i] - data[i]) <= 2 * EPSILON * fabs(data[i]));
      OK(espalier_network_destroy(inverse));
    }
    data[7] = (real)INFINITY;
    REFUSES(network, ESPALIER_ERROR_NON_FINITE, "x[1][1]", "inf", F(espalier_layer_fit)(network, 1, data, SAMPLES));
#if PRECISION == 64 /* in float32 sums are wider than the numbers */
    data[7] = 1.7e308;
    data[8] = data[13] = -data[7];
    REFUSES(network, ESPALIER_ERROR_NON_FINITE, "normalization layer 1", "overflow", F(espalier_layer_fit)(network, 1, data, SAMPLES));
#endif
    data[7] = data[8] = data[13] = 101325;
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "samples", "0", F(espalier_layer_fit)(network, 1, data, 0));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "samples", "9223372036854775807", F(espalier_layer_fit)(network, 1, data, INT64_MAX));
    REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "x", "NULL", F(espalier_layer_fit)(network, 1, NULL, 1));
    OK(espalier_network_destroy(network));
  }
}

static void refusals(void) {
  espalier_network *network = NULL;
  struct layer_description layer = KIND(GROUP_NORM, {"groups", 3});
  real *values = NULL;
  int64_t count = 5, two[] = {0, 0};
  OK(espalier_network_create(OURS, IN, 3, &network));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "group_norm layer 1: groups", "3", add_described(network, &layer, NULL));
  layer.options[0].value = 0;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "groups", "0", add_described(network, &layer, NULL));
  layer = (struct layer_description)KIND(BATCH_NORM, {"epsilon", 0});
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "epsilon", "0", add_described(network, &layer, NULL));
  layer.options[0] = (struct layer_option){"momentum", 1.5};
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "momentum", "1.5", add_described(network, &layer, NULL));
  layer.options[0] = (struct layer_option){"per_place", 1};
  REFUSES(network, ESPALIER_ERROR_UNKNOWN_NAME, "per_place", "momentum", add_described(network, &layer, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "one layer", "2",
          espalier_network_add_layer(network, ESPALIER_LAYER_LAYER_NORM, 2, two, 0, NULL, NULL, NULL));
  add(network, ESPALIER_LAYER_BATCH_NORM, NULL, 0);
  add(network, ESPALIER_LAYER_LINEAR, "units", 3);
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "build", "batch_norm layer 1", F(espalier_layer_state)(network, 1, "running_mean", &values, &count));
  OK(espalier_network_build(network, BATCH));
  REFUSES(network, ESPALIER_ERROR_UNKNOWN_NAME, "mean", "running_variance", F(espalier_layer_state)(network, 1, "mean", &values, &count));
  REFUSES(network, ESPALIER_ERROR_UNKNOWN_NAME, "running_mean", "none", F(espalier_layer_state)(network, 2, "running_mean", &values, &count));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "3", F(espalier_layer_state)(network, 3, "running_mean", &values, &count));
  REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "name", "NULL", F(espalier_layer_state)(network, 1, NULL, &values, &count));
  REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "values", "NULL", F(espalier_layer_state)(network, 1, "running_mean", NULL, &count));
  REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "count", "NULL", F(espalier_layer_state)(network, 1, "running_mean", &values, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "fit", "batch_norm layer 1", F(espalier_layer_fit)(network, 1, x, 1));
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "affine", "built", espalier_layer_set(network, 1, "affine", 0));
  OK(espalier_layer_set(network, 1, "momentum", 0.5));
  OK(espalier_layer_set(network, 1, "epsilon", 1e-3));
  CHECK(values == NULL && count == 5);
  {
    other_real *others = NULL;
    GIVES(ESPALIER_ERROR_PRECISION, OTHER(espalier_layer_state)(network, 1, "running_mean", &others, &count));
    GIVES(ESPALIER_ERROR_PRECISION, OTHER(espalier_layer_fit)(network, 1, others, 1));
  }
  OK(espalier_network_destroy(network));
}

int main(void) {
  static const struct test tests[] = {TEST(all_proofs), TEST(running_statistics), TEST(too_few_values), TEST(parameters),
                                      TEST(pruned),     TEST(normalizations),     TEST(refusals)};
  fill(x, BATCH * IN, 1);
  fill(target, BATCH * 3, 2);
  return run_tests(tests, LENGTH(tests));
}
