/* Values out of their range and calls in the wrong order. Patterns and options have files of their own. */
#include <math.h>
#include <string.h>

#include "calls.h"

static const int64_t bad_counts[] = {0, -1, -2147483648LL, INT64_MIN, INT64_MIN + 1};
static const char *const bad_count_texts[] = {"0", "-1", "-2147483648", "-9223372036854775808", "-9223372036854775807"};
static const int64_t huge_counts[] = {2147483648LL, INT64_MAX / 8, INT64_MAX - 1, INT64_MAX};
static const char *const huge_count_texts[] = {"2147483648", "1152921504606846975", "9223372036854775806",
                                               "9223372036854775807"};

static real x[MAX_BATCH * INPUTS], y[MAX_BATCH * OUTPUTS], w[2 * PARAMETERS], dw[2 * PARAMETERS];
static int32_t labels[MAX_BATCH];
static double value;

static void creation(void) {
  espalier_network *network = NULL;
  size_t i;
  for (i = 0; i < LENGTH(bad_counts); i++)
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "inputs", bad_count_texts[i], espalier_network_create(OURS, bad_counts[i], 1, &network));
  for (i = 0; i < LENGTH(huge_counts); i++)
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "inputs", huge_count_texts[i], espalier_network_create(OURS, huge_counts[i], 1, &network));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "precision", "16", espalier_network_create(16, 3, 1, &network));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "precision", "-32", espalier_network_create(-32, 3, 1, &network));
  CHECK(network == NULL);
  OK(espalier_network_create(OURS, 2147483647, INT64_MIN, &network));
  CHECK(network_value(network, "inputs") == 2147483647);
  OK(espalier_network_destroy(network));
}

static void layers(void) {
  static const double densities[] = {0, -1, 1.7, NAN, INFINITY, -INFINITY, 1e300, -1e-300};
  static const char *const density_texts[] = {"0.0", "-1", "1.7", "nan", "inf", "-inf", "1e+300", "-1e-300"};
  static const double probabilities[] = {1, -0.25, NAN, INFINITY, 2};
  static const char *const probability_texts[] = {"1.0", "-0.25", "nan", "inf", "2"};
  espalier_network *network = describe_network(4);
  size_t i;
  for (i = 0; i < LENGTH(densities); i++) {
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "density", density_texts[i],
            espalier_network_add_linear(network, 3, densities[i], ESPALIER_RELU));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "density", density_texts[i],
            espalier_network_set_distribution(network, ESPALIER_UNIFORM, densities[i]));
  }
  for (i = 0; i < LENGTH(bad_counts); i++)
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "units", bad_count_texts[i],
            espalier_network_add_linear(network, bad_counts[i], 0.5, ESPALIER_RELU));
  for (i = 0; i < LENGTH(huge_counts); i++)
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "units", huge_count_texts[i],
            espalier_network_add_linear(network, huge_counts[i], 0.5, ESPALIER_RELU));
  for (i = 0; i < LENGTH(probabilities); i++)
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "probability", probability_texts[i],
            espalier_network_add_dropout(network, probabilities[i]));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "activation", "17", espalier_network_add_linear(network, 3, 0.5, 17));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "activation", "-1", espalier_network_add_linear(network, 3, 0.5, -1));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "5", espalier_layer_get(network, 5, "units", &value));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "0", espalier_layer_get(network, 0, "units", &value));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "-9223372036854775808",
          espalier_layer_set(network, INT64_MIN, "bias", 1));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "9223372036854775807",
          espalier_layer_set(network, INT64_MAX, "bias", 1));
  REFUSES(network, ESPALIER_ERROR_UNKNOWN_NAME, "unit", "\"", espalier_layer_get(network, 1, "unit", &value));
  REFUSES(network, ESPALIER_ERROR_UNKNOWN_NAME, "inputz", "\"", espalier_network_get(network, "inputz", &value));
  OK(espalier_network_destroy(network));
}

/* A share so small that no connection would be left; a layer that no memory could hold. */
static void layers_that_cannot_be(void) {
  espalier_network *network = NULL;
  int status;
  OK(espalier_network_create(OURS, 3, 1, &network));
  status = espalier_network_add_linear(network, 3, 1e-300, ESPALIER_RELU);
  if (status == ESPALIER_OK) status = espalier_network_build(network, 4);
  /* 9 - floor((1 - 1e-300) 9) is 0 in double */
  CHECK(status == ESPALIER_ERROR_INVALID_ARGUMENT);
  OK(espalier_network_destroy(network));
  network = NULL;
  OK(espalier_network_create(OURS, 2147483647, 1, &network));
  OK(espalier_network_add_linear(network, 2147483647, 1, ESPALIER_RELU));
  CHECK(espalier_network_build(network, 4) == ESPALIER_ERROR_OUT_OF_MEMORY);
  CHECK(network_value(network, "built") == 0);
  OK(espalier_network_destroy(network));
}

static void batches(void) {
  espalier_network *described = describe_network(4), *network = make_network();
  size_t i;
  for (i = 0; i < LENGTH(bad_counts); i++) {
    const int64_t bad = bad_counts[i];
    const char *text = bad_count_texts[i];
    REFUSES(described, ESPALIER_ERROR_INVALID_ARGUMENT, "batch", text, espalier_network_build(described, bad));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "batch", text, F(espalier_network_train_step)(network, x, y, bad, &value));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "batch", text, F(espalier_network_forward)(network, x, bad, y));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "samples", text, F(espalier_network_predict)(network, x, bad, y));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "samples", text, F(espalier_network_evaluate)(network, x, y, bad, &value));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "samples", text,
            F(espalier_network_train_epoch)(network, x, y, bad, 4, 0, NULL, NULL, &value));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "batch", text,
            F(espalier_network_train_epoch)(network, x, y, 8, bad, 0, NULL, NULL, &value));
  }
  for (i = 0; i < LENGTH(huge_counts); i++) {
    REFUSES(network, ESPALIER_ERROR_BATCH_TOO_LARGE, "batch", huge_count_texts[i],
            F(espalier_network_train_step)(network, x, y, huge_counts[i], &value));
    REFUSES(network, ESPALIER_ERROR_BATCH_TOO_LARGE, "batch", huge_count_texts[i],
            F(espalier_network_forward)(network, x, huge_counts[i], y));
    REFUSES(network, ESPALIER_ERROR_BATCH_TOO_LARGE, "batch", huge_count_texts[i],
            F(espalier_network_train_epoch)(network, x, y, 8, huge_counts[i], 0, NULL, NULL, &value));
  }
  /* Arrays of such a size cannot exist. */
  for (i = 1; i < LENGTH(huge_counts); i++) {
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "samples", huge_count_texts[i],
            F(espalier_network_predict)(network, x, huge_counts[i], y));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "samples", huge_count_texts[i],
            F(espalier_network_evaluate)(network, x, y, huge_counts[i], &value));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "samples", huge_count_texts[i],
            F(espalier_network_train_epoch)(network, x, y, huge_counts[i], 4, 1, NULL, NULL, &value));
  }
  CHECK(espalier_network_build(described, INT64_MAX) != ESPALIER_OK);
  CHECK(espalier_network_build(described, INT64_MAX / 64) != ESPALIER_OK);
  CHECK(network_value(described, "built") == 0);
  OK(espalier_network_build(described, 2)); /* a build that failed may be tried again */
  REFUSES(network, ESPALIER_ERROR_BATCH_TOO_LARGE, "batch", "17",
          F(espalier_network_train_step)(network, x, y, MAX_BATCH + 1, &value));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "shuffle", "2",
          F(espalier_network_train_epoch)(network, x, y, 8, 4, 2, NULL, NULL, &value));
  OK(espalier_network_set_loss(network, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  REFUSES(network, ESPALIER_ERROR_BATCH_TOO_LARGE, "batch", "17",
          F(espalier_network_train_step_labels)(network, x, labels, MAX_BATCH + 1, &value));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "batch", "0",
          F(espalier_network_train_step_labels)(network, x, labels, 0, &value));
  OK(espalier_network_destroy(network));
  OK(espalier_network_destroy(described));
}

static void binding(void) {
  espalier_network *network = make_network();
  real before[2 * PARAMETERS];
  fill(w, LENGTH(w), 3);
  memcpy(before, w, sizeof before);
  REFUSES(network, ESPALIER_ERROR_BUFFER_TOO_SMALL, "81", "82", F(espalier_network_bind)(network, w, dw, PARAMETERS - 1));
  CHECK(PARAMETERS == 82);
  REFUSES(network, ESPALIER_ERROR_BUFFER_TOO_SMALL, "0", "82", F(espalier_network_bind)(network, w, dw, 0));
  CHECK(F(espalier_network_bind)(network, w, dw, -1) != ESPALIER_OK);
  CHECK(F(espalier_network_bind)(network, w, dw, INT64_MIN) != ESPALIER_OK);
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "overlap", "dw", F(espalier_network_bind)(network, w, w, PARAMETERS));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "overlap", "dw", F(espalier_network_bind)(network, w, w + 1, PARAMETERS));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "overlap", "dw",
          F(espalier_network_bind)(network, w + PARAMETERS - 1, w, PARAMETERS));
  CHECK(memcmp(before, w, sizeof before) == 0);
  OK(F(espalier_network_bind)(network, w, w + PARAMETERS, PARAMETERS)); /* side by side is fine */
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "overlap", "dw", F(espalier_network_bind)(network, w, w, PARAMETERS));
  OK(F(espalier_network_bind)(network, dw, w, 2 * PARAMETERS));
  OK(F(espalier_network_bind)(network, w + 1, dw + 3, PARAMETERS)); /* from bound to bound; no alignment asked */
  OK(F(espalier_network_bind)(network, w, dw, PARAMETERS));         /* the new array overlaps the one bound now */
  OK(F(espalier_network_train_step)(network, x, y, 8, &value));
  OK(espalier_network_destroy(network));
}

/* Parameters must arrive whole when the new arrays overlap the ones that are bound. */
static void binding_over_itself(void) {
  int shift;
  for (shift = -3; shift <= 3; shift++) {
    espalier_network *network = make_network();
    real out[MAX_BATCH * OUTPUTS], same[MAX_BATCH * OUTPUTS];
    OK(F(espalier_network_predict)(network, x, MAX_BATCH, out));
    OK(F(espalier_network_bind)(network, w + 4, dw + 4, PARAMETERS));
    OK(F(espalier_network_bind)(network, w + 4 + shift, dw + 4 + shift, PARAMETERS));
    OK(F(espalier_network_predict)(network, x, MAX_BATCH, same));
    CHECK(memcmp(out, same, sizeof out) == 0);
    /* The arrays change roles. */
    OK(F(espalier_network_bind)(network, dw + 4, w + 4, PARAMETERS));
    OK(F(espalier_network_predict)(network, x, MAX_BATCH, same));
    CHECK(memcmp(out, same, sizeof out) == 0);
    OK(espalier_network_destroy(network));
  }
}

static void wrong_precision(void) {
  espalier_network *network = make_network();
  other_real *a = NULL, *b = NULL, *c = NULL, *d = NULL, z[MAX_BATCH * INPUTS] = {0}, out[MAX_BATCH * OUTPUTS] = {0},
             big[PARAMETERS], gradient[PARAMETERS];
  const char *ours = PRECISION == 32 ? "32" : "64", *theirs = PRECISION == 32 ? "64" : "32";
  int64_t count = 0, units = 0;
#define WRONG(...) REFUSES(network, ESPALIER_ERROR_PRECISION, ours, theirs, __VA_ARGS__)
  WRONG(OTHER(espalier_network_bind)(network, big, gradient, PARAMETERS));
  WRONG(OTHER(espalier_network_parameters)(network, &a, &b, &count));
  WRONG(OTHER(espalier_layer_parameters)(network, 1, &a, &b, &count, &c, &d, &units));
  WRONG(OTHER(espalier_network_train_step)(network, z, out, 4, &value));
  WRONG(OTHER(espalier_network_train_step_labels)(network, z, labels, 4, &value));
  WRONG(OTHER(espalier_network_train_epoch)(network, z, out, 4, 4, 0, NULL, NULL, &value));
  WRONG(OTHER(espalier_network_train_epoch_labels)(network, z, labels, 4, 4, 0, NULL, NULL, &value));
  WRONG(OTHER(espalier_network_forward)(network, z, 4, out));
  WRONG(OTHER(espalier_network_backward)(network, out, 4, z));
  WRONG(OTHER(espalier_network_predict)(network, z, 4, out));
  WRONG(OTHER(espalier_network_evaluate)(network, z, out, 4, &value));
  WRONG(OTHER(espalier_network_evaluate_labels)(network, z, labels, 4, &value, &value));
  CHECK(a == NULL && b == NULL && c == NULL && d == NULL && count == 0 && units == 0);
  OK(espalier_network_destroy(network));
}

static void before_and_after_build(void) {
  espalier_network *described = describe_network(6), *network = make_network(), *empty = NULL;
  int i;
  for (i = 0; i < network_calls; i++) {
    if (network_call_needs_build(i)) {
      uint64_t before = fingerprint(described);
      check_status(call_network(i, described), ESPALIER_ERROR_INVALID_STATE, __FILE__, __LINE__, network_call_name(i));
      CHECK(fingerprint(described) == before);
    }
    if (network_call_describes(i)) {
      uint64_t before = fingerprint(network);
      check_status(call_network(i, network), ESPALIER_ERROR_INVALID_STATE, __FILE__, __LINE__, network_call_name(i));
      CHECK(fingerprint(network) == before);
    }
  }
  OK(espalier_network_create(OURS, 3, 1, &empty));
  CHECK(espalier_network_build(empty, 4) != ESPALIER_OK); /* no layers */
  OK(espalier_network_destroy(empty));
  OK(espalier_network_destroy(network));
  OK(espalier_network_destroy(described));
}

static void layers_of_the_wrong_kind(void) {
  espalier_network *network = make_network();
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.1);
  espalier_topology *topology = make_topology(ESPALIER_SET, 3);
  real *a, *b, *c, *d;
  int64_t count, units;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "2", espalier_network_set_optimizer(network, 2, optimizer));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "2", espalier_network_set_topology(network, 2, topology));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "5", espalier_network_set_optimizer(network, 5, optimizer));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "-1", espalier_network_set_topology(network, -1, topology));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "2",
          F(espalier_layer_parameters)(network, 2, &a, &b, &count, &c, &d, &units));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "2", espalier_network_evolve_now(network, 2, 0.5));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "9223372036854775807",
          espalier_network_evolve_now(network, INT64_MAX, 0.5));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "drop_fraction", "nan", espalier_network_evolve_now(network, 1, NAN));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  OK(espalier_network_destroy(network));
}

int main(void) {
  static const struct test tests[] = {TEST(creation),
                                      TEST(layers),
                                      TEST(layers_that_cannot_be),
                                      TEST(batches),
                                      TEST(binding),
                                      TEST(binding_over_itself),
                                      TEST(wrong_precision),
                                      TEST(before_and_after_build),
                                      TEST(layers_of_the_wrong_kind)};
  fill(x, LENGTH(x), 1);
  return run_tests(tests, LENGTH(tests));
}
