/* What is not finite, too large to be computed with, or not meant for its place is refused with its name, place and value,
   before any weight changes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

/* With weights of 0 the loss of these is finite, and the gradient is beyond all numbers. */
#define HUGE_X (PRECISION == 32 ? 1e30 : 1e200)
#define HUGE_TARGET (PRECISION == 32 ? 1e15 : 1e150)
#define TOO_LARGE (PRECISION == 32 ? 1e39 : 1.7e308)
enum { IN = 40, OUT = 9, MOST = 8, ROOM = 2 * IN * OUT };

static real x[MOST * IN], target[MOST * OUT], w[2][ROOM], dw[2][ROOM];

struct kind {
  const char *name;
  double density, crossover, clip;
  int method, rule, batch, has_bias;
};
static const struct kind kinds[] = {
    {"dense", 1, 0.55, 0, ESPALIER_STATIC, ESPALIER_SGD, MOST, 1},
    {"dense, one sample", 1, 0.55, 0, ESPALIER_STATIC, ESPALIER_ADAM, 1, 1},
    {"sparse", 0.3, 2, 0, ESPALIER_STATIC, ESPALIER_ADAM, MOST, 1},
    {"sparse, one sample", 0.3, 2, 0, ESPALIER_RIGL, ESPALIER_SGD, 1, 1},
    {"sparse, one sample, by blocks", 0.8, 2, 0, ESPALIER_STATIC, ESPALIER_RMSPROP, 1, 0},
    {"sparse through a dense matrix", 0.5, 0, 0, ESPALIER_SET, ESPALIER_ADAGRAD, MOST, 1},
    {"some forward", 0.5, 2, 0, ESPALIER_TOP_KAST, ESPALIER_ADAM, MOST, 1},
    {"some forward, one sample", 0.5, 2, 0, ESPALIER_TOP_KAST, ESPALIER_SGD, 1, 0},
    {"clipped", 0.3, 2, 1, ESPALIER_STATIC, ESPALIER_SGD, MOST, 1},
    {"clipped, dense, one sample", 1, 2, 1e-3, ESPALIER_STATIC, ESPALIER_ADAMW, 1, 1},
};

static espalier_network *make(const struct kind *kind, int which) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(kind->rule, 0.01);
  espalier_topology *topology = make_topology(kind->method, 3);
  OK(espalier_network_create(OURS, IN, 3, &network));
  OK(espalier_network_add_linear(network, OUT, kind->density, ESPALIER_IDENTITY));
  OK(espalier_layer_set(network, 1, "initializer", ESPALIER_ZEROS));
  OK(espalier_layer_set(network, 1, "bias", kind->has_bias));
  OK(espalier_network_set(network, "dense_crossover", kind->crossover));
  if (kind->clip > 0) OK(espalier_network_set(network, "clip_norm", kind->clip));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  OK(espalier_network_build(network, MOST));
  OK(F(espalier_network_bind)(network, w[which], dw[which], ROOM));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  return network;
}

static void everyday(unsigned seed) {
  fill(x, LENGTH(x), seed);
  fill(target, LENGTH(target), seed + 50);
}

/* One of two networks meets gradients that overflow, in every way, between the steps of both. */
static void gradients_that_overflow(void) {
  size_t k;
  int i;
  for (k = 0; k < LENGTH(kinds); k++) {
    const struct kind *kind = &kinds[k];
    espalier_network *networks[2] = {make(kind, 0), make(kind, 1)};
    real before[ROOM], y[MOST * OUT], dy[MOST * OUT];
    double loss[2] = {0, 0}, steps = network_value(networks[0], "steps");
    for (i = 0; i < 6; i++) {
      everyday((unsigned)(10 * k) + (unsigned)i);
      if (i > 0) {
        OK(F(espalier_network_train_step)(networks[0], x, target, kind->batch, &loss[0]));
        OK(F(espalier_network_train_step)(networks[1], x, target, kind->batch, &loss[1]));
        CHECK(loss[0] == loss[1] && memcmp(w[0], w[1], sizeof w[0]) == 0);
        steps++;
      }
      memcpy(before, w[0], sizeof before);
      for (size_t j = 0; j < LENGTH(x); j++) x[j] = (real)HUGE_X;
      for (size_t j = 0; j < LENGTH(target); j++) target[j] = (real)HUGE_TARGET;
      if (i == 0) {
        SAYS(ESPALIER_ERROR_NON_FINITE, "linear layer 1, weights[", "inf",
             F(espalier_network_train_step)(networks[0], x, target, kind->batch, &loss[0]));
        CHECK(isfinite(loss[0]) && loss[0] > 0 && !isfinite(dw[0][0]));
        SAYS(ESPALIER_ERROR_NON_FINITE, "linear layer 1, weights[", "inf",
             F(espalier_network_train_epoch)(networks[0], x, target, MOST, kind->batch, 1, NULL, NULL, &loss[0]));
        SAYS(ESPALIER_ERROR_NON_FINITE, "update: the gradient of linear layer 1, weights[", "inf",
             espalier_network_update(networks[0]));
      }
      OK(F(espalier_network_forward)(networks[0], x, kind->batch, y));
      for (size_t j = 0; j < LENGTH(dy); j++) dy[j] = (real)HUGE_X;
      OK(F(espalier_network_backward)(networks[0], dy, kind->batch, NULL));
      SAYS(ESPALIER_ERROR_NON_FINITE, "linear layer 1, weights[", "inf", espalier_network_update(networks[0]));
      CHECK(memcmp(before, w[0], sizeof before) == 0);
      CHECK(network_value(networks[0], "steps") == steps);
    }
    OK(espalier_network_destroy(networks[0]));
    OK(espalier_network_destroy(networks[1]));
  }
}

/* The bias alone overflows, in the second of three layers; what names it is what must be right. */
static void the_layer_is_named(void) {
  espalier_network *network = make_network();
  real *weights, *slopes, *bias, *bias_slopes, y[MAX_BATCH * OUTPUTS], data[MAX_BATCH * INPUTS];
  int64_t connections, units;
  const double bad[] = {NAN, INFINITY, -INFINITY};
  size_t i;
  fill(data, LENGTH(data), 3);
  OK(F(espalier_network_forward)(network, data, MAX_BATCH, y));
  OK(F(espalier_network_backward)(network, y, MAX_BATCH, NULL));
  OK(F(espalier_layer_parameters)(network, 3, &weights, &slopes, &connections, &bias, &bias_slopes, &units));
  for (i = 0; i < LENGTH(bad); i++) {
    real kept = bias_slopes[units - 1];
    bias_slopes[units - 1] = (real)bad[i];
    REFUSES(network, ESPALIER_ERROR_NON_FINITE, "linear layer 3, bias[5]", i == 0 ? "nan" : "inf", espalier_network_update(network));
    bias_slopes[units - 1] = kept;
    kept = slopes[7];
    slopes[7] = (real)bad[i];
    REFUSES(network, ESPALIER_ERROR_NON_FINITE, "linear layer 3, weights[7]", i == 0 ? "nan" : "inf", espalier_network_update(network));
    slopes[7] = kept;
  }
  /* Adam squares gradients; what it cannot square it would never recover from. */
  slopes[7] = (real)(PRECISION == 32 ? 1e20 : 1e155);
  REFUSES(network, ESPALIER_ERROR_NON_FINITE, "linear layer 3, weights[7]", "adam takes at most", espalier_network_update(network));
  slopes[7] = (real)(PRECISION == 32 ? 1e18 : 1e153);
  OK(espalier_network_update(network));
  for (i = 0; i < (size_t)connections; i++) CHECK(isfinite(weights[i]));
  OK(espalier_network_destroy(network));
}

/* The second of two batches that are added up overflows: both are gone, and the next two are as if there had been none. */
static void accumulation_begins_anew(void) {
  const struct kind *kind = &kinds[2];
  espalier_network *networks[2] = {make(kind, 0), make(kind, 1)};
  double loss;
  int i, j;
  for (i = 0; i < 2; i++) OK(espalier_network_set(networks[i], "accumulate", 2));
  everyday(1);
  OK(F(espalier_network_train_step)(networks[0], x, target, MOST, &loss));
  for (size_t k = 0; k < LENGTH(x); k++) x[k] = (real)HUGE_X;
  for (size_t k = 0; k < LENGTH(target); k++) target[k] = (real)HUGE_TARGET;
  SAYS(ESPALIER_ERROR_NON_FINITE, "weights[", "inf", F(espalier_network_train_step)(networks[0], x, target, MOST, &loss));
  for (j = 2; j < 6; j++) {
    everyday((unsigned)j);
    for (i = 0; i < 2; i++) OK(F(espalier_network_train_step)(networks[i], x, target, MOST, &loss));
    CHECK(memcmp(w[0], w[1], sizeof w[0]) == 0);
  }
  CHECK(network_value(networks[0], "steps") == 2 && w[0][0] != 0);
  for (i = 0; i < 2; i++) OK(espalier_network_destroy(networks[i]));
}

/* Gradients whose squares overflow have a norm, and are brought to the limit like any others. */
static void clipping_large_gradients(void) {
  espalier_network *network = make(&kinds[8], 0);
  const double large = PRECISION == 32 ? 1e30 : 1e200;
  real y[MOST * OUT];
  int i;
  everyday(1);
  OK(F(espalier_network_forward)(network, x, MOST, y));
  OK(F(espalier_network_backward)(network, y, MOST, NULL));
  memset(dw[0], 0, sizeof dw[0]);
  dw[0][0] = (real)(3 * large);
  dw[0][1] = (real)(-4 * large);
  OK(espalier_network_update(network));
  CHECK(fabs(w[0][0] + 0.01 * 0.6) < 8 * EPSILON * 0.006 && fabs(w[0][1] - 0.01 * 0.8) < 8 * EPSILON * 0.008);
  for (i = 2; i < 20; i++) CHECK(w[0][i] == 0);
  OK(espalier_network_destroy(network));
}

static void arrays_of_minimize(void) {
  const double bad[] = {NAN, INFINITY, -INFINITY};
  int rule;
  size_t i;
  for (rule = ESPALIER_SGD; rule <= ESPALIER_ADAMW; rule++) {
    espalier_optimizer *optimizer = make_optimizer(rule, 0.1), *twin = make_optimizer(rule, 0.1);
    static real v[2][10001], g[10001], before[10001];
    double steps;
    fill(v[0], 10001, 1);
    fill(g, 10001, 2);
    memcpy(v[1], v[0], sizeof v[0]);
    for (i = 0; i < LENGTH(bad); i++) {
      real kept = g[9000];
      memcpy(before, v[0], sizeof before);
      g[9000] = (real)bad[i];
      SAYS(ESPALIER_ERROR_NON_FINITE, "gradient[9000]", i == 0 ? "nan" : "inf",
           F(espalier_optimizer_minimize)(optimizer, v[0], g, 10001));
      g[9000] = kept;
      CHECK(memcmp(before, v[0], sizeof before) == 0);
      /* A weight that is none is seen when its step is made, and then the others' is too. */
      v[0][10000] = (real)bad[i];
      SAYS(ESPALIER_ERROR_NON_FINITE, "weights[10000]", i == 0 ? "nan" : "inf",
           F(espalier_optimizer_minimize)(optimizer, v[0], g, 10001));
      OK(F(espalier_optimizer_minimize)(twin, v[1], g, 10001));
      CHECK(!isfinite(v[0][10000]));
      v[0][10000] = v[1][10000];
      CHECK(memcmp(v[0], v[1], sizeof v[0]) == 0);
      OK(F(espalier_optimizer_minimize)(optimizer, v[0], g, 10001));
      OK(F(espalier_optimizer_minimize)(twin, v[1], g, 10001));
      CHECK(memcmp(v[0], v[1], sizeof v[0]) == 0);
    }
    OK(espalier_optimizer_get(optimizer, "steps", &steps));
    CHECK(steps == 6);
    g[0] = (real)(PRECISION == 32 ? 3e38 : 1.7e308);
    SAYS(ESPALIER_ERROR_NON_FINITE, "gradient[0]", "takes at most", F(espalier_optimizer_minimize)(optimizer, v[0], g, 10001));
    g[0] = 0;
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "learning_rate", PRECISION == 32 ? "3e+38" : "1.7e+308",
         espalier_optimizer_set(optimizer, "learning_rate", PRECISION == 32 ? 3e38 : 1.7e308));
    OK(espalier_optimizer_destroy(optimizer));
    OK(espalier_optimizer_destroy(twin));
  }
}

/* Targets that a loss is not meant for: where, what, and nothing has changed. */
static void targets_out_of_range(void) {
  static const struct {
    int loss;
    double value;
    const char *text;
  } rows[] = {{ESPALIER_BINARY_CROSS_ENTROPY, 7, "7.0"},
              {ESPALIER_BINARY_CROSS_ENTROPY, -7, "-7.0"},
              {ESPALIER_BINARY_CROSS_ENTROPY, 1.0001, "1.0001"},
              {ESPALIER_SOFTMAX_CROSS_ENTROPY, -0.25, "-0.25"}};
  espalier_pruning *snip = make_pruning(ESPALIER_PRUNE_SNIP, 0.2);
  size_t i, j;
  for (i = 0; i < LENGTH(rows); i++) {
    espalier_network *network = make_network();
    real in[MAX_BATCH * INPUTS], t[MAX_BATCH * OUTPUTS];
    double loss = 0;
    OK(espalier_network_set_loss(network, rows[i].loss));
    fill(in, LENGTH(in), 4);
    for (j = 0; j < LENGTH(t); j++) t[j] = (real)(j % 2);
    OK(F(espalier_network_train_step)(network, in, t, MAX_BATCH, &loss)); /* the ends of the range are in it */
    t[9 * OUTPUTS + 2] = (real)rows[i].value;
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "target[9][2]", rows[i].text,
            F(espalier_network_train_step)(network, in, t, MAX_BATCH, &loss));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "target[9][2]", rows[i].text,
            F(espalier_network_train_epoch)(network, in, t, MAX_BATCH, 4, 1, NULL, NULL, &loss));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "target[9][2]", rows[i].text,
            F(espalier_network_evaluate)(network, in, t, MAX_BATCH, &loss));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "target[9][2]", rows[i].text,
            F(espalier_network_prune)(network, snip, in, t, MAX_BATCH));
    OK(espalier_network_set_loss(network, ESPALIER_MEAN_SQUARED_ERROR));
    OK(F(espalier_network_train_step)(network, in, t, MAX_BATCH, &loss));
    OK(espalier_network_destroy(network));
  }
  OK(espalier_pruning_destroy(snip));
}

static void derivatives_of_the_caller(void) {
  espalier_network *network = make_network();
  real in[MAX_BATCH * INPUTS], dy[MAX_BATCH * OUTPUTS], dx[MAX_BATCH * INPUTS];
  fill(in, LENGTH(in), 4);
  fill(dy, LENGTH(dy), 5);
  dy[3 * OUTPUTS + 1] = (real)NAN;
  OK(F(espalier_network_forward)(network, in, MAX_BATCH, dy));
  dy[3 * OUTPUTS + 1] = (real)NAN;
  SAYS(ESPALIER_ERROR_NON_FINITE, "dloss_dy[3][1]", "nan", F(espalier_network_backward)(network, dy, MAX_BATCH, dx));
  dy[3 * OUTPUTS + 1] = 1;
  OK(F(espalier_network_backward)(network, dy, MAX_BATCH, dx)); /* the forward pass is still there */
  OK(espalier_network_destroy(network));
}

/* Every option that takes large numbers, on a network that computes in its precision. */
static void options_beyond_the_precision(void) {
  static const char *const rates[] = {"learning_rate", "weight_decay", "minimum_rate"};
  static const char *const methods[] = {"grown_scale", "noise", "shrink", "gradient_weight", "threshold", "exploration_decay"};
  char text[32];
  size_t i;
  int built;
  sprintf(text, "%s", PRECISION == 32 ? "1e+39" : "1.7e+308");
  for (built = 0; built < 2; built++) {
    espalier_network *network = built ? make_network() : describe_network(1);
    /* The network's own options are used in double precision only: a huge one switches clipping off in all but name. */
    OK(espalier_network_set(network, "clip_norm", TOO_LARGE));
    OK(espalier_network_set(network, "huber_delta", TOO_LARGE));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "negative_slope", text, espalier_layer_set(network, 1, "negative_slope", TOO_LARGE));
    for (i = 0; i < LENGTH(rates); i++) {
      espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.1);
      OK(espalier_optimizer_set(optimizer, rates[i], TOO_LARGE));
      REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, rates[i], text, espalier_network_set_optimizer(network, 0, optimizer));
      OK(espalier_optimizer_destroy(optimizer));
    }
    for (i = 0; i < LENGTH(methods); i++) {
      espalier_topology *topology = make_topology(ESPALIER_SET, 5);
      OK(espalier_topology_set(topology, methods[i], TOO_LARGE));
      REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, methods[i], text, espalier_network_set_topology(network, 0, topology));
      OK(espalier_topology_destroy(topology));
    }
    if (built)
      REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "learning_rate", text,
              espalier_layer_set_optimizer_option(network, 0, "learning_rate", TOO_LARGE));
    OK(espalier_network_destroy(network));
  }
}

/* One of two layers has begun: a start of its optimizer's comes too late, and the other layer does not get it either. */
static void all_layers_or_none(void) {
  espalier_network *network = make_network();
  espalier_optimizer *adagrad = make_optimizer(ESPALIER_ADAGRAD, 0.1);
  real in[INPUTS], t[OUTPUTS];
  double loss, value = -1;
  fill(in, LENGTH(in), 4);
  fill(t, LENGTH(t), 5);
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, adagrad));
  OK(F(espalier_network_train_step)(network, in, t, 1, &loss));
  OK(espalier_network_set_optimizer(network, 1, adagrad));
  SAYS(ESPALIER_ERROR_INVALID_STATE, "initial_accumulator", "0.5",
       espalier_layer_set_optimizer_option(network, ESPALIER_ALL_LAYERS, "initial_accumulator", 0.5));
  OK(espalier_layer_get_optimizer_option(network, 1, "initial_accumulator", &value));
  CHECK(value == 0);
  OK(espalier_optimizer_destroy(adagrad));
  OK(espalier_network_destroy(network));
}

/* A variance that rounding would make negative, and a divisor of 0. */
static void divisors(void) {
  static const int rules[] = {ESPALIER_RMSPROP, ESPALIER_ADAGRAD, ESPALIER_ADAM, ESPALIER_ADAMW};
  size_t i;
  int step;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_RMSPROP, 0.01);
  real w[2] = {1, 2}, g[2] = {(real)1.67727292, 0};
  OK(espalier_optimizer_set(optimizer, "centered", 1));
  OK(espalier_optimizer_set(optimizer, "alpha", 0.5));
  for (step = 0; step < 200; step++) OK(F(espalier_optimizer_minimize)(optimizer, w, g, 2));
  CHECK(isfinite(w[0]) && w[1] == 2);
  OK(espalier_optimizer_destroy(optimizer));
  for (i = 0; i < LENGTH(rules); i++) {
    real v[2] = {1, 2}, slope[2] = {0, 1};
    optimizer = make_optimizer(rules[i], 0.1);
    OK(espalier_optimizer_set(optimizer, "weight_decay", 0));
    OK(espalier_optimizer_set(optimizer, "epsilon", 0));
    for (step = 0; step < 3; step++) OK(F(espalier_optimizer_minimize)(optimizer, v, slope, 2));
    CHECK(v[0] == 1 && isfinite(v[1]) && v[1] < 2);
    OK(espalier_optimizer_destroy(optimizer));
  }
}

int main(void) {
  const struct test tests[] = {
      TEST(gradients_that_overflow), TEST(the_layer_is_named), TEST(accumulation_begins_anew), TEST(clipping_large_gradients),
      TEST(arrays_of_minimize), TEST(targets_out_of_range), TEST(derivatives_of_the_caller),
      TEST(options_beyond_the_precision), TEST(all_layers_or_none), TEST(divisors)};
  return run_tests(tests, LENGTH(tests));
}
