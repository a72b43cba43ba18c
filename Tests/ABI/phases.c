/* forward, one's own loss, backward, update, evolve: the same bits as train_step; gradients against finite differences. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static real x[MAX_BATCH * INPUTS], target[MAX_BATCH * OUTPUTS];

static void same_parameters(espalier_network *a, espalier_network *b) {
  real *wa = NULL, *wb = NULL, *dwa, *dwb;
  int64_t na = 0, nb = 0;
  OK(F(espalier_network_parameters)(a, &wa, &dwa, &na));
  OK(F(espalier_network_parameters)(b, &wb, &dwb, &nb));
  CHECK(na == nb && memcmp(wa, wb, (size_t)na * sizeof *wa) == 0);
}

/* Mean over samples and outputs of (y - t)^2: loss and derivative, in the order of operations that the header gives. */
static double squared_error(const real *y, int batch, real *dloss_dy) {
  double sum = 0;
  int i, n = batch * OUTPUTS;
  for (i = 0; i < n; i++) {
    real e = y[i] - target[i];
    sum += (double)e * e;
    dloss_dy[i] = 2 * e / (real)n;
  }
  return sum / n;
}

static void phases_equal_the_step(void) {
  const int batches[] = {MAX_BATCH, 1, 16, 8, 4, 2};
  espalier_network *whole = make_network(), *phased = make_network();
  real y[MAX_BATCH * OUTPUTS], dloss_dy[MAX_BATCH * OUTPUTS], dx[MAX_BATCH * INPUTS];
  double loss = 0;
  int step;
  for (step = 0; step < 30; step++) {
    int batch = batches[step % LENGTH(batches)];
    fill(x, LENGTH(x), (unsigned)step);
    fill(target, LENGTH(target), 100u + (unsigned)step);
    OK(F(espalier_network_train_step)(whole, x, target, batch, &loss));
    OK(F(espalier_network_forward)(phased, x, batch, y));
    CHECK(fabs(squared_error(y, batch, dloss_dy) - loss) < 100 * EPSILON * (1 + loss));
    OK(F(espalier_network_backward)(phased, dloss_dy, batch, step % 2 ? dx : NULL));
    OK(espalier_network_update(phased));
    OK(espalier_network_evolve(phased));
    same_parameters(whole, phased);
  }
  CHECK(layer_value(whole, 1, "topology_updates") > 3);
  CHECK(layer_value(phased, 1, "topology_updates") == layer_value(whole, 1, "topology_updates"));
  CHECK(network_value(phased, "steps") == network_value(whole, "steps"));
  OK(espalier_network_destroy(whole));
  OK(espalier_network_destroy(phased));
}

static espalier_network *plain_network(int rule, double rate) {
  espalier_network *network = describe_network(21);
  espalier_optimizer *optimizer = make_optimizer(rule, rate);
  OK(espalier_layer_set(network, 2, "probability", 0));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_build(network, MAX_BATCH));
  OK(espalier_optimizer_destroy(optimizer));
  return network;
}

/* Four batches of four, each scaled by 1/4, are a batch of sixteen. */
static void accumulation(void) {
  espalier_network *one = plain_network(ESPALIER_SGD, 0.1), *four = plain_network(ESPALIER_SGD, 0.1);
  real *w1, *w4, *dw, before[PARAMETERS];
  int64_t count;
  double loss;
  int step, part, i;
  OK(espalier_network_set(four, "accumulate", 4));
  OK(F(espalier_network_parameters)(one, &w1, &dw, &count));
  OK(F(espalier_network_parameters)(four, &w4, &dw, &count));
  for (step = 0; step < 5; step++) {
    fill(x, LENGTH(x), (unsigned)step);
    fill(target, LENGTH(target), 50u + (unsigned)step);
    OK(F(espalier_network_train_step)(one, x, target, 16, &loss));
    for (part = 0; part < 4; part++) {
      memcpy(before, w4, sizeof before);
      OK(F(espalier_network_train_step)(four, x + part * 4 * INPUTS, target + part * 4 * OUTPUTS, 4, &loss));
      CHECK((memcmp(before, w4, sizeof before) == 0) == (part < 3)); /* only the fourth updates */
    }
    for (i = 0; i < PARAMETERS; i++) CHECK(fabs((double)w1[i] - w4[i]) < 50 * EPSILON);
  }
  CHECK(network_value(four, "steps") == 5);
  OK(espalier_network_destroy(one));
  OK(espalier_network_destroy(four));
}

/* backward: replaces with "accumulate" 1, adds above 1 until the next update. */
static void gradients_add_up(void) {
  espalier_network *network = plain_network(ESPALIER_SGD, 0.1);
  real *w, *dw, first[PARAMETERS], y[MAX_BATCH * OUTPUTS], dloss_dy[MAX_BATCH * OUTPUTS];
  int64_t count;
  int i;
  fill(x, LENGTH(x), 1);
  fill(dloss_dy, LENGTH(dloss_dy), 2);
  OK(F(espalier_network_parameters)(network, &w, &dw, &count));
  OK(F(espalier_network_forward)(network, x, 8, y));
  OK(F(espalier_network_backward)(network, dloss_dy, 8, NULL));
  memcpy(first, dw, sizeof first);
  OK(F(espalier_network_forward)(network, x, 8, y));
  OK(F(espalier_network_backward)(network, dloss_dy, 8, NULL));
  CHECK(memcmp(first, dw, sizeof first) == 0);
  OK(espalier_network_update(network));
  OK(espalier_layer_set_optimizer_option(network, ESPALIER_ALL_LAYERS, "learning_rate", 0));
  OK(espalier_network_set(network, "accumulate", 2));
  OK(F(espalier_network_forward)(network, x, 8, y));
  OK(F(espalier_network_backward)(network, dloss_dy, 8, NULL));
  memcpy(first, dw, sizeof first);
  OK(F(espalier_network_forward)(network, x, 8, y));
  OK(F(espalier_network_backward)(network, dloss_dy, 8, NULL));
  for (i = 0; i < PARAMETERS; i++) CHECK(fabs((double)dw[i] - 2 * (double)first[i]) <= 8 * EPSILON * (1 + fabs((double)dw[i])));
  OK(espalier_network_update(network));
  OK(F(espalier_network_forward)(network, x, 8, y));
  OK(F(espalier_network_backward)(network, dloss_dy, 8, NULL));
  CHECK(memcmp(first, dw, sizeof first) == 0); /* the update emptied it: the next backward replaces again */
  OK(espalier_network_destroy(network));
}

/* Central differences of the scalar sum(c y) with respect to inputs and parameters. Smooth activations, no dropout. */
static void finite_differences(void) {
  const int activations[] = {ESPALIER_IDENTITY, ESPALIER_GELU, ESPALIER_SILU, ESPALIER_SIGMOID, ESPALIER_TANH, ESPALIER_SOFTMAX};
  const double h = PRECISION == 64 ? 1e-5 : 2e-2, allowed = PRECISION == 64 ? 1e-8 : 2e-3;
  enum { BATCH = 3 };
  size_t a;
  for (a = 0; a < LENGTH(activations); a++) {
    espalier_network *network = NULL;
    real *w, *dw, y[BATCH * OUTPUTS], c[BATCH * OUTPUTS], dx[BATCH * INPUTS];
    int64_t count, i;
    OK(espalier_network_create(OURS, INPUTS, 17 + (int64_t)a, &network));
    OK(espalier_network_add_linear(network, 7, 0.5, activations[a]));
    OK(espalier_network_add_linear(network, OUTPUTS, 0.6, activations[a]));
    OK(espalier_network_build(network, BATCH));
    OK(F(espalier_network_parameters)(network, &w, &dw, &count));
    fill(x, BATCH * INPUTS, 4);
    fill(c, LENGTH(c), 5);
    OK(F(espalier_network_forward)(network, x, BATCH, y));
    OK(F(espalier_network_backward)(network, c, BATCH, dx));
    for (i = 0; i < count + BATCH * INPUTS; i++) {
      real *place = i < count ? &w[i] : &x[i - count], keep = *place;
      double sides[2] = {0, 0}, analytic = i < count ? dw[i] : dx[i - count], numeric;
      int side, j;
      for (side = 0; side < 2; side++) {
        *place = (real)(keep + (side ? -h : h));
        OK(F(espalier_network_predict)(network, x, BATCH, y));
        for (j = 0; j < BATCH * OUTPUTS; j++) sides[side] += (double)c[j] * y[j];
      }
      *place = keep;
      numeric = (sides[0] - sides[1]) / (2 * h);
      CHECK(fabs(numeric - analytic) < allowed * (1 + fabs(analytic)));
    }
    OK(espalier_network_destroy(network));
  }
}

static void wrong_order(void) {
  espalier_network *network = make_network(), *bare = describe_network(2);
  real y[MAX_BATCH * OUTPUTS], dloss_dy[MAX_BATCH * OUTPUTS];
  fill(x, LENGTH(x), 1);
  fill(dloss_dy, LENGTH(dloss_dy), 2);
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "forward", "", F(espalier_network_backward)(network, dloss_dy, 4, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "backward", "", espalier_network_update(network));
  REFUSES(network, ESPALIER_ERROR_BATCH_TOO_LARGE, "batch", "17", F(espalier_network_forward)(network, x, MAX_BATCH + 1, y));
  OK(F(espalier_network_forward)(network, x, 4, y));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "batch", "5", F(espalier_network_backward)(network, dloss_dy, 5, NULL));
  OK(F(espalier_network_backward)(network, dloss_dy, 4, NULL));
  OK(espalier_network_update(network));
  OK(espalier_network_destroy(network));
  OK(espalier_network_build(bare, MAX_BATCH)); /* no optimizer */
  OK(F(espalier_network_forward)(bare, x, 4, y));
  OK(F(espalier_network_backward)(bare, dloss_dy, 4, NULL));
  REFUSES(bare, ESPALIER_ERROR_INVALID_STATE, "optimizer", "", espalier_network_update(bare));
  OK(espalier_network_destroy(bare));
}

/* A layer whose values are far beyond the caches, back in another order than that of smaller ones: against plain loops. */
static void large_layer(void) {
  enum { WIDTH = 2200, BATCH = 2 };
  espalier_network *network = NULL;
  int64_t *start = calloc(WIDTH + 1, sizeof *start), connections = 0, units, i, k;
  int32_t *column;
  real *in = calloc(BATCH * WIDTH, sizeof *in), *out = calloc(BATCH * WIDTH, sizeof *out);
  real *dy = calloc(BATCH * WIDTH, sizeof *dy), *dx = calloc(BATCH * WIDTH, sizeof *dx);
  real *w = NULL, *dw, *bias, *dbias;
  double *expected = calloc(BATCH * WIDTH, sizeof *expected), largest = 0, error = 0;
  int s;
  OK(espalier_network_create(OURS, WIDTH, 3, &network));
  OK(espalier_network_add_linear(network, WIDTH, 0.5, ESPALIER_IDENTITY));
  OK(espalier_network_build(network, BATCH));
  OK(espalier_network_set_threads(network, 2));
  OK(espalier_layer_pattern(network, 1, 0, 0, NULL, NULL, NULL, &connections));
  column = calloc((size_t)connections, sizeof *column);
  OK(espalier_layer_pattern(network, 1, 0, connections, start, NULL, column, &connections));
  OK(F(espalier_layer_parameters)(network, 1, &w, &dw, &connections, &bias, &dbias, &units));
  if (w == NULL) return;
  fill(in, BATCH * WIDTH, 1);
  fill(dy, BATCH * WIDTH, 2);
  OK(F(espalier_network_forward)(network, in, BATCH, out));
  OK(F(espalier_network_backward)(network, dy, BATCH, dx));
  for (s = 0; s < BATCH; s++)
    for (i = 0; i < WIDTH; i++)
      for (k = start[i]; k < start[i + 1]; k++) expected[s * WIDTH + column[k]] += (double)w[k] * dy[s * WIDTH + i];
  for (i = 0; i < BATCH * WIDTH; i++) {
    largest = fmax(largest, fabs(expected[i]));
    error = fmax(error, fabs(expected[i] - dx[i]));
  }
  /* Sums of 1100 products. */
  CHECK(largest > 0.1 && error < 100 * EPSILON * largest);
  OK(espalier_network_destroy(network));
  free(start);
  free(column);
  free(in);
  free(out);
  free(dy);
  free(dx);
  free(expected);
}

int main(void) {
  static const struct test tests[] = {TEST(phases_equal_the_step), TEST(accumulation), TEST(gradients_add_up),
                                      TEST(finite_differences), TEST(wrong_order), TEST(large_layer)};
  return run_tests(tests, LENGTH(tests));
}
