/* Losses of some outputs each, with weights: against losses and derivatives worked out here. */
#include <math.h>
#include <string.h>

#include "fixture.h"

enum { FEATURES = 3, FIRST = 2, SECOND = 3, ALL = FIRST + SECOND, BATCH = 7, PARAMS = FEATURES * ALL + ALL };

/* Rounding of some ten operations of the precision, and of sums over the batch. */
static const double tolerance = PRECISION == 64 ? 1e-13 : 2e-5;

static void add_layer(espalier_network *network, int kind, int64_t count, const int64_t *inputs, double units) {
  const char *names[] = {"units"};
  OK(espalier_network_add_layer(network, kind, count, inputs, units > 0, names, &units, NULL));
}

/* Two layers of the same input, one after the other as outputs. */
static espalier_network *make(int builds) {
  espalier_network *network = NULL;
  espalier_optimizer *sgd = make_optimizer(ESPALIER_SGD, 0);
  OK(espalier_network_create(PRECISION, FEATURES, 5, &network));
  add_layer(network, ESPALIER_LAYER_LINEAR, 1, (int64_t[]){0}, FIRST);
  add_layer(network, ESPALIER_LAYER_LINEAR, 1, (int64_t[]){0}, SECOND);
  add_layer(network, ESPALIER_LAYER_CONCATENATION, 2, (int64_t[]){1, 2}, 0);
  OK(espalier_network_set_optimizer(network, 0, sgd));
  OK(espalier_optimizer_destroy(sgd));
  if (builds) OK(espalier_network_build(network, BATCH));
  return network;
}

static real x[BATCH * FEATURES], t[BATCH * ALL], y[BATCH * ALL], dy[BATCH * ALL];

static void fill_data(void) {
  int s;
  fill(x, BATCH * FEATURES, 1);
  fill_targets(t, BATCH * ALL, 2);
  for (s = 0; s < BATCH; s++) {
    real *row = t + s * ALL + FIRST, sum = row[0] + row[1] + row[2];
    int k;
    for (k = 0; k < SECOND; k++) row[k] /= sum;
  }
}

/* The loss of the batch and its derivatives by y: `a` times the mean squared error of the first outputs, `b` times the
   cross-entropy of the others, whose targets sum up to 1. */
static double expected(double a, double b) {
  double sum = 0;
  int s, k;
  for (s = 0; s < BATCH; s++) {
    const real *v = y + s * ALL, *w = t + s * ALL;
    double mass = 0;
    for (k = 0; k < FIRST; k++) {
      sum += a * (v[k] - w[k]) * (v[k] - w[k]) / FIRST;
      dy[s * ALL + k] = (real)(a * 2 * (v[k] - w[k]) / FIRST / BATCH);
    }
    for (k = FIRST; k < ALL; k++) mass += exp(v[k]);
    for (k = FIRST; k < ALL; k++) {
      sum -= b * w[k] * (v[k] - log(mass));
      dy[s * ALL + k] = (real)(b * (exp(v[k]) / mass - w[k]) / BATCH);
    }
  }
  return sum / BATCH;
}

static void gradients(espalier_network *network, double *copy) {
  real *w, *dw;
  int64_t count, i;
  OK(F(espalier_network_parameters)(network, &w, &dw, &count));
  CHECK(count == PARAMS);
  for (i = 0; i < count; i++) copy[i] = dw[i];
}

static void compare(const double *a, const double *b) {
  int i;
  for (i = 0; i < PARAMS; i++) CHECK(fabs(a[i] - b[i]) <= tolerance);
}

static void sums(void) {
  espalier_network *network = make(1);
  double loss, wanted, found[PARAMS], by_hand[PARAMS];
  OK(espalier_network_add_loss(network, 0, FIRST, ESPALIER_MEAN_SQUARED_ERROR, 0.5));
  OK(espalier_network_add_loss(network, FIRST, SECOND, ESPALIER_SOFTMAX_CROSS_ENTROPY, 3));
  OK(F(espalier_network_forward)(network, x, BATCH, y));
  wanted = expected(0.5, 3);
  OK(F(espalier_network_backward)(network, dy, BATCH, NULL));
  gradients(network, by_hand);
  OK(F(espalier_network_train_step)(network, x, t, BATCH, &loss));
  gradients(network, found);
  CHECK(fabs(loss - wanted) <= tolerance);
  compare(found, by_hand);
  OK(F(espalier_network_evaluate)(network, x, t, BATCH, &loss));
  CHECK(fabs(loss - wanted) <= tolerance);
  OK(F(espalier_network_train_epoch)(network, x, t, BATCH, 3, 1, NULL, NULL, &loss));
  CHECK(fabs(loss - wanted) <= tolerance);
  /* Once more: the outputs of the second loss count twice. */
  OK(espalier_network_add_loss(network, FIRST, SECOND, ESPALIER_SOFTMAX_CROSS_ENTROPY, 1));
  OK(F(espalier_network_train_step)(network, x, t, BATCH, &loss));
  wanted = expected(0.5, 4);
  CHECK(fabs(loss - wanted) <= tolerance);
  gradients(network, found);
  OK(F(espalier_network_forward)(network, x, BATCH, y));
  OK(F(espalier_network_backward)(network, dy, BATCH, NULL));
  gradients(network, by_hand);
  compare(found, by_hand);
  OK(espalier_network_destroy(network));
}

/* Outputs without a loss have no influence, and one loss for all takes the others' place. */
static void none(void) {
  espalier_network *network = make(0), *plain = make(1);
  double loss, other, found[PARAMS];
  int i;
  OK(espalier_network_add_loss(network, 0, FIRST, ESPALIER_MEAN_SQUARED_ERROR, 1));
  OK(espalier_network_build(network, BATCH));
  OK(F(espalier_network_train_step)(network, x, t, BATCH, &loss));
  OK(F(espalier_network_predict)(network, x, BATCH, y));
  CHECK(fabs(loss - expected(1, 0)) <= tolerance);
  gradients(network, found);
  for (i = FEATURES * FIRST + FIRST; i < PARAMS; i++) CHECK(found[i] == 0);
  OK(espalier_network_set_loss(network, ESPALIER_HUBER));
  OK(espalier_network_set_loss(plain, ESPALIER_HUBER));
  OK(F(espalier_network_evaluate)(network, x, t, BATCH, &loss));
  OK(F(espalier_network_evaluate)(plain, x, t, BATCH, &other));
  CHECK(loss == other);
  OK(espalier_network_destroy(network));
  OK(espalier_network_destroy(plain));
}

/* Class numbers, one for each loss, are the targets that have 1 there. */
static void class_numbers(void) {
  espalier_network *network = make(1);
  int32_t labels[BATCH * 2];
  real one_hot[BATCH * ALL];
  double loss, other, accuracy, found[PARAMS], wanted[PARAMS];
  int s, hits = 0;
  memset(one_hot, 0, sizeof one_hot);
  for (s = 0; s < BATCH; s++) {
    labels[2 * s] = s % FIRST;
    labels[2 * s + 1] = s % SECOND;
    one_hot[s * ALL + s % FIRST] = 1;
    one_hot[s * ALL + FIRST + s % SECOND] = 1;
  }
  OK(espalier_network_add_loss(network, 0, FIRST, ESPALIER_SOFTMAX_CROSS_ENTROPY, 0.25));
  OK(espalier_network_add_loss(network, FIRST, SECOND, ESPALIER_SOFTMAX_CROSS_ENTROPY, 2));
  CHECK(network_value(network, "labels_per_sample") == 2);
  OK(F(espalier_network_train_step)(network, x, one_hot, BATCH, &other));
  gradients(network, wanted);
  OK(F(espalier_network_train_step_labels)(network, x, labels, BATCH, &loss));
  gradients(network, found);
  CHECK(fabs(loss - other) <= tolerance);
  compare(found, wanted);
  OK(F(espalier_network_train_epoch_labels)(network, x, labels, BATCH, 2, 1, NULL, NULL, &loss));
  CHECK(fabs(loss - other) <= tolerance);
  OK(F(espalier_network_predict)(network, x, BATCH, y));
  for (s = 0; s < BATCH; s++) {
    const real *v = y + s * ALL, *w = v + FIRST;
    hits += (v[1] > v[0]) == s % FIRST;
    hits += (w[0] >= w[1] && w[0] >= w[2] ? 0 : w[1] >= w[2] ? 1 : 2) == s % SECOND;
  }
  OK(F(espalier_network_evaluate_labels)(network, x, labels, BATCH, &loss, &accuracy));
  CHECK(fabs(accuracy - (double)hits / (2 * BATCH)) <= 1e-15);
  labels[5] = SECOND;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "labels[2][1]", "3", F(espalier_network_train_step_labels)(network, x, labels, BATCH, &loss));
  OK(espalier_network_destroy(network));
}

static void refusals(void) {
  espalier_network *network = make(0);
  espalier_pruning *snip = make_pruning(ESPALIER_PRUNE_SNIP, 0.5);
  int32_t labels[2 * BATCH] = {0};
  double loss;
  const real kept = t[FIRST];
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "first", "-1", espalier_network_add_loss(network, -1, 1, 0, 1));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "count", "0", espalier_network_add_loss(network, 0, 0, 0, 1));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "first", "9223372036854775807", espalier_network_add_loss(network, INT64_MAX, 1, 0, 1));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "loss", "9", espalier_network_add_loss(network, 0, 1, 9, 1));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "weight", "0.0", espalier_network_add_loss(network, 0, 1, 0, 0));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "weight", "nan", espalier_network_add_loss(network, 0, 1, 0, NAN));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "weight", "inf", espalier_network_add_loss(network, 0, 1, 0, INFINITY));
  OK(espalier_network_add_loss(network, 4, 2, ESPALIER_HUBER, 1));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "outputs 4 .. 5", "5 outputs", espalier_network_build(network, BATCH));
  OK(espalier_network_set_loss(network, ESPALIER_HUBER));
  OK(espalier_network_build(network, BATCH));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "outputs 4 .. 5", "5 outputs", espalier_network_add_loss(network, 4, 2, 0, 1));
  OK(espalier_network_add_loss(network, 0, 2, ESPALIER_HUBER, 1));
  OK(espalier_network_add_loss(network, FIRST, 1, ESPALIER_BINARY_CROSS_ENTROPY, 1));
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "outputs 0 .. 1", "softmax", F(espalier_network_train_step_labels)(network, x, labels, BATCH, &loss));
  t[FIRST] = 7;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "target[0][2]", "7", F(espalier_network_train_step)(network, x, t, BATCH, &loss));
  t[FIRST] = kept;
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "set_loss", "snip", F(espalier_network_prune)(network, snip, x, t, BATCH));
  OK(espalier_pruning_destroy(snip));
  OK(espalier_network_destroy(network));
}

int main(void) {
  const struct test tests[] = {TEST(sums), TEST(none), TEST(class_numbers), TEST(refusals)};
  fill_data();
  return run_tests(tests, LENGTH(tests));
}
