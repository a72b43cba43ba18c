/* Connections that are taken away: how many stay and which, what becomes of their weights, of bound arrays and of training. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { IN = 30, HIDDEN = 20, OUT = 5, BATCH = 8, POSITIONS1 = IN * HIDDEN, POSITIONS2 = HIDDEN * OUT,
       ALL = POSITIONS1 + HIDDEN + POSITIONS2 + OUT };

static real x[BATCH * IN], target[BATCH * OUT];
static int32_t labels[BATCH];

static espalier_network *seeded_network(double density, int64_t seed) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAM, 0.01);
  OK(espalier_network_create(OURS, IN, seed, &network));
  OK(espalier_network_add_linear(network, HIDDEN, density, ESPALIER_TANH));
  OK(espalier_network_add_dropout(network, 0.25));
  OK(espalier_network_add_linear(network, OUT, density, ESPALIER_IDENTITY));
  OK(espalier_network_set_loss(network, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_build(network, BATCH));
  OK(espalier_optimizer_destroy(optimizer));
  return network;
}

static espalier_network *a_network(double density) { return seeded_network(density, 9); }

static real *weights_of(espalier_network *network, int64_t layer, int64_t *connections) {
  real *w = NULL, *dw, *bias, *bias_gradients;
  int64_t units;
  OK(F(espalier_layer_parameters)(network, layer, &w, &dw, connections, &bias, &bias_gradients, &units));
  return w;
}

static double connections_of(espalier_network *network, int64_t layer) { return layer_value(network, layer, "connections"); }

static void step(espalier_network *network) {
  double loss = NAN;
  OK(F(espalier_network_train_step_labels)(network, x, labels, BATCH, &loss));
  CHECK(isfinite(loss));
}

static void options(void) {
  static const struct { int criterion; double scope; } known[] = {{ESPALIER_PRUNE_RANDOM, ESPALIER_SCOPE_LAYER},
                                                                  {ESPALIER_PRUNE_MAGNITUDE, ESPALIER_SCOPE_LAYER},
                                                                  {ESPALIER_PRUNE_SNIP, ESPALIER_SCOPE_GLOBAL},
                                                                  {ESPALIER_PRUNE_GRASP, ESPALIER_SCOPE_GLOBAL},
                                                                  {ESPALIER_PRUNE_SYNFLOW, ESPALIER_SCOPE_GLOBAL},
                                                                  {ESPALIER_PRUNE_FISHER, ESPALIER_SCOPE_GLOBAL},
                                                                  {ESPALIER_PRUNE_OBS, ESPALIER_SCOPE_LAYER},
                                                                  {ESPALIER_PRUNE_SPARSEGPT, ESPALIER_SCOPE_LAYER}};
  espalier_pruning *pruning = NULL;
  double value = -1;
  size_t i;
  for (i = 0; i < LENGTH(known); i++) {
    pruning = NULL;
    OK(espalier_pruning_create(known[i].criterion, &pruning));
    OK(espalier_pruning_get(pruning, "criterion", &value));
    CHECK(value == known[i].criterion);
    OK(espalier_pruning_get(pruning, "density", &value));
    CHECK(value == 0.1);
    OK(espalier_pruning_get(pruning, "scope", &value));
    CHECK(value == known[i].scope);
    OK(espalier_pruning_get(pruning, "distribution", &value));
    CHECK(value == ESPALIER_ERDOS_RENYI_KERNEL);
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "density", "0.0", espalier_pruning_set(pruning, "density", 0));
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "density", "1.5", espalier_pruning_set(pruning, "density", 1.5));
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "density", "nan", espalier_pruning_set(pruning, "density", NAN));
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "scope", "3", espalier_pruning_set(pruning, "scope", 3));
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "distribution", "4", espalier_pruning_set(pruning, "distribution", 4));
    SAYS(ESPALIER_ERROR_UNKNOWN_NAME, "every", "density", espalier_pruning_set(pruning, "every", 3));
    SAYS(ESPALIER_ERROR_UNKNOWN_NAME, "every", "density", espalier_pruning_get(pruning, "every", &value));
    OK(espalier_pruning_destroy(pruning));
  }
  pruning = NULL;
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "criterion", "-1", espalier_pruning_create(-1, &pruning));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "criterion", "99", espalier_pruning_create(99, &pruning));
  CHECK(pruning == NULL);
  pruning = make_pruning(ESPALIER_PRUNE_SNIP, 0.5);
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "rounds", "0", espalier_pruning_set(pruning, "rounds", 0));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "temperature", "0", espalier_pruning_set(pruning, "temperature", 0));
  OK(espalier_pruning_destroy(pruning));
  pruning = make_pruning(ESPALIER_PRUNE_GRASP, 0.5);
  OK(espalier_pruning_get(pruning, "temperature", &value));
  CHECK(value == 200);
  OK(espalier_pruning_destroy(pruning));
  pruning = make_pruning(ESPALIER_PRUNE_SYNFLOW, 0.5);
  OK(espalier_pruning_get(pruning, "rounds", &value));
  CHECK(value == 100);
  SAYS(ESPALIER_ERROR_UNKNOWN_NAME, "temperature", "rounds", espalier_pruning_set(pruning, "temperature", 2));
  OK(espalier_pruning_destroy(pruning));
  pruning = make_pruning(ESPALIER_PRUNE_RANDOM, 0.5);
  SAYS(ESPALIER_ERROR_UNKNOWN_NAME, "rounds", "density", espalier_pruning_set(pruning, "rounds", 2));
  OK(espalier_pruning_destroy(pruning));
  pruning = make_pruning(ESPALIER_PRUNE_SPARSEGPT, 0.5);
  OK(espalier_pruning_get(pruning, "damping", &value));
  CHECK(value == 0.01);
  OK(espalier_pruning_get(pruning, "block", &value));
  CHECK(value == 128);
  OK(espalier_pruning_get(pruning, "n", &value));
  CHECK(value == 0);
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "damping", "-0.5", espalier_pruning_set(pruning, "damping", -0.5));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "block", "0", espalier_pruning_set(pruning, "block", 0));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "m", "1.5", espalier_pruning_set(pruning, "m", 1.5));
  OK(espalier_pruning_destroy(pruning));
}

/* n - floor((1 - density) n), over each layer, over all, and over a distribution. */
static void counts(void) {
  int criterion;
  for (criterion = ESPALIER_PRUNE_RANDOM; criterion <= ESPALIER_PRUNE_SPARSEGPT; criterion++) {
    espalier_pruning *pruning = make_pruning(criterion, 0.33);
    espalier_network *network = a_network(1);
    double bytes = network_value(network, "bytes");
    OK(espalier_pruning_set(pruning, "scope", ESPALIER_SCOPE_LAYER));
    OK(F(espalier_network_prune_labels)(network, pruning, x, labels, BATCH));
    CHECK(connections_of(network, 1) == 198 && connections_of(network, 3) == 33);
    CHECK(network_value(network, "parameters") == 198 + HIDDEN + 33 + OUT);
    /* 469 weights with their gradients and two moments go; indices of the others (8 bytes, 8 a row and column, a bit a position in
       whole bytes a row) come, and the transposed weights of the larger layer. */
    CHECK(network_value(network, "bytes") <= bytes - 469 * 4 * sizeof(real) + 231 * 8 + 8 * (IN + 2 * HIDDEN + OUT + 4) +
                                                 HIDDEN * ((IN + 7) / 8) + OUT * ((HIDDEN + 7) / 8) + 198 * sizeof(real));
    OK(espalier_network_destroy(network));

    network = a_network(1);
    OK(espalier_pruning_set(pruning, "scope", ESPALIER_SCOPE_GLOBAL));
    OK(espalier_pruning_set(pruning, "density", 0.01));
    if (criterion == ESPALIER_PRUNE_SPARSEGPT) {
      REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "scope", "global",
              F(espalier_network_prune_labels)(network, pruning, x, labels, BATCH));
    } else {
      OK(F(espalier_network_prune_labels)(network, pruning, x, labels, BATCH));
      CHECK(connections_of(network, 1) + connections_of(network, 3) == 7);
      CHECK(connections_of(network, 1) >= 1 && connections_of(network, 3) >= 1);
    }
    OK(espalier_network_destroy(network));

    /* Erdos-Renyi: densities in proportion to 50 / 600 and 25 / 100 that keep 70 of 700 together, less what is rounded. */
    network = a_network(1);
    OK(espalier_pruning_set(pruning, "scope", ESPALIER_SCOPE_DISTRIBUTION));
    OK(espalier_pruning_set(pruning, "density", 0.1));
    OK(F(espalier_network_prune_labels)(network, pruning, x, labels, BATCH));
    CHECK(connections_of(network, 1) == 47 && connections_of(network, 3) == 24);
    OK(espalier_network_destroy(network));
    OK(espalier_pruning_destroy(pruning));
  }
}

/* The largest weights stay, with their values, in order; what has fewer stays as it is. */
static void magnitude(void) {
  espalier_network *network = a_network(1), *sparse = a_network(0.2);
  espalier_pruning *pruning = make_pruning(ESPALIER_PRUNE_MAGNITUDE, 0.1);
  static real before[POSITIONS1];
  int32_t rows[POSITIONS1], columns[POSITIONS1];
  int64_t connections = 0, i, j;
  uint64_t seen;
  real *w;
  memcpy(before, weights_of(network, 1, &connections), sizeof before);
  OK(F(espalier_network_prune)(network, pruning, NULL, NULL, 0));
  w = weights_of(network, 1, &connections);
  CHECK(connections == 60);
  OK(espalier_layer_pattern(network, 1, 0, POSITIONS1, NULL, rows, columns, &connections));
  for (i = 0; i < connections; i++) {
    int64_t place = rows[i] * IN + columns[i], larger = 0;
    CHECK(memcmp(&w[i], &before[place], sizeof *w) == 0);
    for (j = 0; j < POSITIONS1; j++) larger += fabs((double)before[j]) > fabs((double)before[place]);
    CHECK(larger < 60);
    if (i > 0) CHECK(place > rows[i - 1] * IN + columns[i - 1]);
  }
  seen = fingerprint(network);
  OK(F(espalier_network_prune)(network, pruning, NULL, NULL, 0)); /* nothing is left to take */
  OK(espalier_pruning_set(pruning, "density", 1));
  OK(F(espalier_network_prune)(network, pruning, NULL, NULL, 0));
  CHECK(fingerprint(network) == seen);
  OK(espalier_pruning_set(pruning, "density", 0.1));
  OK(F(espalier_network_prune)(sparse, pruning, NULL, NULL, 0));
  CHECK(connections_of(sparse, 1) == 60 && connections_of(sparse, 3) == 10);
  OK(espalier_network_destroy(network));
  OK(espalier_network_destroy(sparse));
  OK(espalier_pruning_destroy(pruning));
}

static void random_draws(void) {
  espalier_pruning *pruning = make_pruning(ESPALIER_PRUNE_RANDOM, 0.5);
  espalier_network *a = a_network(1), *b = a_network(1);
  static int32_t rows[2][POSITIONS1], columns[2][POSITIONS1];
  int64_t count = 0;
  OK(F(espalier_network_prune)(a, pruning, NULL, NULL, 0));
  OK(F(espalier_network_prune)(b, pruning, NULL, NULL, 0));
  OK(espalier_layer_pattern(a, 1, 0, POSITIONS1, NULL, rows[0], columns[0], &count));
  OK(espalier_layer_pattern(b, 1, 0, POSITIONS1, NULL, rows[1], columns[1], &count));
  CHECK(count == POSITIONS1 / 2); /* the same seed draws the same */
  CHECK(memcmp(rows[0], rows[1], (size_t)count * 4) == 0 && memcmp(columns[0], columns[1], (size_t)count * 4) == 0);
  OK(espalier_network_destroy(a));
  OK(espalier_network_destroy(b));
  OK(espalier_pruning_destroy(pruning));
}

static void same_patterns(espalier_network *a, espalier_network *b) {
  static int32_t rows[2][POSITIONS1], columns[2][POSITIONS1];
  int64_t layer, count[2];
  for (layer = 1; layer <= 3; layer += 2) {
    OK(espalier_layer_pattern(a, layer, 0, POSITIONS1, NULL, rows[0], columns[0], &count[0]));
    OK(espalier_layer_pattern(b, layer, 0, POSITIONS1, NULL, rows[1], columns[1], &count[1]));
    CHECK(count[0] == count[1]);
    CHECK(memcmp(rows[0], rows[1], (size_t)count[0] * 4) == 0 && memcmp(columns[0], columns[1], (size_t)count[0] * 4) == 0);
  }
}

/* n rounds take what n calls take whose densities fall in equal ratios, to the connection: what went has no part in later
   scores. At a density of 0.01 many ways through the network are single ones, whose connections have equal scores in exact
   arithmetic: only the same sums in the same order choose the same ones. */
static void rounds_are_calls(void) {
  static const struct { int criterion; double density; int rounds; } kinds[] = {
      {ESPALIER_PRUNE_SNIP, 0.05, 4},   {ESPALIER_PRUNE_GRASP, 0.05, 4},    {ESPALIER_PRUNE_FISHER, 0.05, 4},
      {ESPALIER_PRUNE_GRASP, 0.4, 2},   {ESPALIER_PRUNE_SYNFLOW, 0.01, 12}, {ESPALIER_PRUNE_MAGNITUDE, 0.05, 4}};
  static const double starts[] = {1, 0.6};
  size_t i, start;
  int scope, seed, k;
  for (i = 0; i < LENGTH(kinds); i++)
    for (scope = ESPALIER_SCOPE_LAYER; scope <= ESPALIER_SCOPE_DISTRIBUTION; scope++)
      for (start = 0; start < LENGTH(starts); start++)
        for (seed = 1; seed <= 2; seed++) {
          espalier_network *together = seeded_network(starts[start], seed), *apart = seeded_network(starts[start], seed);
          espalier_pruning *pruning = make_pruning(kinds[i].criterion, kinds[i].density);
          OK(espalier_pruning_set(pruning, "scope", scope));
          if (kinds[i].criterion != ESPALIER_PRUNE_MAGNITUDE) /* whose scores stay as they are */
            OK(espalier_pruning_set(pruning, "rounds", kinds[i].rounds));
          OK(F(espalier_network_prune_labels)(together, pruning, x, labels, BATCH));
          if (kinds[i].criterion != ESPALIER_PRUNE_MAGNITUDE) OK(espalier_pruning_set(pruning, "rounds", 1));
          for (k = 1; k <= kinds[i].rounds; k++) {
            double ratio = kinds[i].density / starts[start];
            double now = k == kinds[i].rounds ? kinds[i].density : starts[start] * pow(ratio, (double)k / kinds[i].rounds);
            OK(espalier_pruning_set(pruning, "density", now));
            OK(F(espalier_network_prune_labels)(apart, pruning, x, labels, BATCH));
          }
          same_patterns(together, apart);
          OK(espalier_network_destroy(together));
          OK(espalier_network_destroy(apart));
          OK(espalier_pruning_destroy(pruning));
        }
}

/* Bound arrays: the front holds what is left, the end is zero. */
static void bound_arrays(void) {
  static real w[ALL], dw[ALL], bias[HIDDEN];
  espalier_network *network = a_network(1);
  espalier_pruning *pruning = make_pruning(ESPALIER_PRUNE_SNIP, 0.1);
  real *now, *now_gradient;
  int64_t count = 0, first, i;
  OK(espalier_pruning_set(pruning, "scope", ESPALIER_SCOPE_LAYER));
  OK(F(espalier_network_bind)(network, w, dw, ALL));
  step(network);
  memcpy(bias, w + POSITIONS1, sizeof bias);
  OK(F(espalier_network_prune_labels)(network, pruning, x, labels, BATCH));
  OK(F(espalier_network_parameters)(network, &now, &now_gradient, &count));
  CHECK(now == w && now_gradient == dw && count == 60 + HIDDEN + 10 + OUT);
  OK(espalier_network_parameter_count(network, &count));
  CHECK(count == 60 + HIDDEN + 10 + OUT);
  CHECK(memcmp(bias, w + 60, sizeof bias) == 0);
  CHECK(weights_of(network, 1, &first) == w && first == 60);
  CHECK(weights_of(network, 3, &first) == w + 60 + HIDDEN && first == 10);
  CHECK(layer_value(network, 3, "offset") == 60 + HIDDEN);
  for (i = count; i < ALL; i++) CHECK(w[i] == 0 && dw[i] == 0);
  for (i = 0; i < 5; i++) step(network);
  for (i = count; i < ALL; i++) CHECK(w[i] == 0 && dw[i] == 0);
  OK(espalier_network_destroy(network));
  OK(espalier_pruning_destroy(pruning));
}

/* A topology method given before begins on what is left. */
static void topology_afterwards(void) {
  espalier_network *network = a_network(1);
  espalier_pruning *pruning = make_pruning(ESPALIER_PRUNE_SNIP, 0.2);
  espalier_topology *rigl = make_topology(ESPALIER_RIGL, 2);
  double all;
  int i;
  OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, rigl)); /* passes over dense layers */
  OK(F(espalier_network_prune_labels)(network, pruning, x, labels, BATCH));
  all = connections_of(network, 1);
  for (i = 0; i < 10; i++) step(network);
  CHECK(layer_value(network, 1, "topology_updates") >= 3 && layer_value(network, 3, "topology_updates") >= 3);
  CHECK(connections_of(network, 1) == all && all + connections_of(network, 3) == 140);
  OK(espalier_network_destroy(network));
  OK(espalier_pruning_destroy(pruning));
  OK(espalier_topology_destroy(rigl));
}

static void refusals(void) {
  espalier_network *network = a_network(1), *unbuilt = describe_network(1), *fixed = describe_network(1);
  espalier_pruning *snip = make_pruning(ESPALIER_PRUNE_SNIP, 0.2), *few = make_pruning(ESPALIER_PRUNE_MAGNITUDE, 1e-300);
  other_real other[1] = {0};
  real kept;
  int i;
  SAYS(ESPALIER_ERROR_INVALID_STATE, "prune", "build", F(espalier_network_prune)(unbuilt, snip, x, target, BATCH));
  step(network);
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "samples", "0", F(espalier_network_prune_labels)(network, snip, x, labels, 0));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "samples", "-3",
          F(espalier_network_prune)(network, snip, x, target, -3));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "samples", "9223372036854775807",
          F(espalier_network_prune)(network, snip, x, target, INT64_MAX));
  labels[2] = OUT;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "labels[2]", "5",
          F(espalier_network_prune_labels)(network, snip, x, labels, BATCH));
  labels[2] = 1;
  kept = x[33];
  x[33] = (real)NAN;
  REFUSES(network, ESPALIER_ERROR_NON_FINITE, "x[1][3]", "nan", F(espalier_network_prune_labels)(network, snip, x, labels, BATCH));
  x[33] = kept;
  kept = target[7];
  target[7] = (real)INFINITY;
  REFUSES(network, ESPALIER_ERROR_NON_FINITE, "target[1][2]", "inf", F(espalier_network_prune)(network, snip, x, target, BATCH));
  target[7] = kept;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "density", "linear layer 1",
          F(espalier_network_prune)(network, few, NULL, NULL, 0));
  OK(espalier_pruning_set(few, "scope", ESPALIER_SCOPE_GLOBAL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "density", "2 layers",
          F(espalier_network_prune)(network, few, NULL, NULL, 0));
  SAYS(ESPALIER_ERROR_PRECISION, "float", "call", OTHER(espalier_network_prune)(network, few, other, other, 1));
  OK(espalier_network_set_loss(network, ESPALIER_MEAN_SQUARED_ERROR));
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "labels", "loss", F(espalier_network_prune_labels)(network, snip, x, labels, BATCH));
  for (i = 1; i <= 4; i++)
    if (i != 2) OK(espalier_layer_set(fixed, i, "fixed_density", 1));
  OK(espalier_network_build(fixed, 4));
  REFUSES(fixed, ESPALIER_ERROR_INVALID_STATE, "prune", "fixed", F(espalier_network_prune)(fixed, few, NULL, NULL, 0));
  OK(espalier_network_destroy(network));
  OK(espalier_network_destroy(unbuilt));
  OK(espalier_network_destroy(fixed));
  OK(espalier_pruning_destroy(snip));
  OK(espalier_pruning_destroy(few));
}

int main(void) {
  static const struct test tests[] = {TEST(options),      TEST(counts),       TEST(magnitude),           TEST(random_draws),
                                      TEST(rounds_are_calls), TEST(bound_arrays), TEST(topology_afterwards), TEST(refusals)};
  int i;
  fill(x, LENGTH(x), 1);
  fill_targets(target, LENGTH(target), 2);
  for (i = 0; i < BATCH; i++) labels[i] = i % OUT;
  return run_tests(tests, LENGTH(tests));
}
