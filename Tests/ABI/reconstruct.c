/* Weights that make up for connections that go: the outputs stay nearer than without; groups; what is refused. */
#include <math.h>
#include <string.h>

#include "fixture.h"

enum { IN = 24, UNITS = 20, OUT = 4, SAMPLES = 60, POSITIONS = IN * UNITS };

static real x[SAMPLES * IN], y[SAMPLES * OUT], now[SAMPLES * OUT];

/* Inputs that hang together: sums of a few. */
static void correlated(void) {
  real sources[SAMPLES * 6], mixing[6 * IN];
  int s, i, k;
  fill(sources, LENGTH(sources), 11);
  fill(mixing, LENGTH(mixing), 12);
  fill(x, LENGTH(x), 13);
  for (s = 0; s < SAMPLES; s++)
    for (i = 0; i < IN; i++) {
      x[s * IN + i] *= (real)0.2;
      for (k = 0; k < 6; k++) x[s * IN + i] += sources[s * 6 + k] * mixing[k * IN + i];
    }
}

static espalier_network *a_network(double density) {
  espalier_network *network = NULL;
  OK(espalier_network_create(OURS, IN, 9, &network));
  OK(espalier_network_add_linear(network, UNITS, density, ESPALIER_TANH));
  OK(espalier_network_add_dropout(network, 0.25));
  OK(espalier_network_add_linear(network, OUT, density, ESPALIER_IDENTITY));
  OK(espalier_network_build(network, 16));
  return network;
}

/* Mean square of the change of the outputs; outputs before the pruning in y. */
static double change(espalier_network *network) {
  double sum = 0;
  int i;
  OK(F(espalier_network_predict)(network, x, SAMPLES, now));
  for (i = 0; i < SAMPLES * OUT; i++) sum += (double)(now[i] - y[i]) * (double)(now[i] - y[i]);
  return sum / (SAMPLES * OUT);
}

static double change_by(int criterion, double density, double start) {
  espalier_network *network = a_network(start);
  espalier_pruning *pruning = make_pruning(criterion, density);
  double result;
  OK(F(espalier_network_predict)(network, x, SAMPLES, y));
  OK(F(espalier_network_prune)(network, pruning, x, NULL, SAMPLES));
  result = change(network);
  CHECK(layer_value(network, 1, "connections") == ceil(density * POSITIONS));
  CHECK(layer_value(network, 3, "connections") == ceil(density * UNITS * OUT));
  OK(espalier_network_destroy(network));
  OK(espalier_pruning_destroy(pruning));
  return result;
}

static void outputs_stay_nearer(void) {
  double start;
  for (start = 1; start > 0.5; start -= 0.4) {
    double magnitude = change_by(ESPALIER_PRUNE_MAGNITUDE, 0.25, start);
    double gpt = change_by(ESPALIER_PRUNE_SPARSEGPT, 0.25, start), obs = change_by(ESPALIER_PRUNE_OBS, 0.25, start);
    CHECK(obs < gpt && obs < 0.5 * magnitude && obs > 0);
    /* In a sparse layer SparseGPT's scores do not know which inputs a unit lacks. */
    if (start == 1) CHECK(gpt < magnitude);
  }
}

/* At most n of each m inputs of a unit. */
static void groups(void) {
  static const int criteria[] = {ESPALIER_PRUNE_MAGNITUDE, ESPALIER_PRUNE_OBS, ESPALIER_PRUNE_SPARSEGPT};
  size_t c;
  for (c = 0; c < LENGTH(criteria); c++) {
    espalier_network *network = a_network(1);
    espalier_pruning *pruning = make_pruning(criteria[c], 0.1);
    int32_t rows[POSITIONS], columns[POSITIONS];
    int count[POSITIONS / 4] = {0};
    int64_t connections = 0, i;
    OK(espalier_pruning_set(pruning, "n", 1));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "n ", "m 0", F(espalier_network_prune)(network, pruning, x, NULL, SAMPLES));
    OK(espalier_pruning_set(pruning, "m", 5));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "m must divide its 24 inputs", "got 5",
            F(espalier_network_prune)(network, pruning, x, NULL, SAMPLES));
    OK(espalier_pruning_set(pruning, "m", 4));
    OK(F(espalier_network_prune)(network, pruning, x, NULL, SAMPLES));
    OK(espalier_layer_pattern(network, 1, 0, POSITIONS, NULL, rows, columns, &connections));
    CHECK(connections == POSITIONS / 4);
    for (i = 0; i < connections; i++) count[rows[i] * (IN / 4) + columns[i] / 4]++;
    for (i = 0; i < POSITIONS / 4; i++) CHECK(count[i] == 1);
    CHECK(layer_value(network, 3, "connections") == UNITS * OUT / 4);
    OK(espalier_network_destroy(network));
    OK(espalier_pruning_destroy(pruning));
  }
}

static void refusals(void) {
  int criterion;
  for (criterion = ESPALIER_PRUNE_OBS; criterion <= ESPALIER_PRUNE_SPARSEGPT; criterion++) {
    espalier_network *network = a_network(1), *unbuilt = describe_network(1);
    espalier_pruning *pruning = make_pruning(criterion, 0.25);
    real same[2 * IN], kept = x[30];
    int i;
    REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "x", "NULL", F(espalier_network_prune)(network, pruning, NULL, NULL, SAMPLES));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "samples", "0", F(espalier_network_prune)(network, pruning, x, NULL, 0));
    SAYS(ESPALIER_ERROR_INVALID_STATE, "prune", "build", F(espalier_network_prune)(unbuilt, pruning, x, NULL, 1));
    x[30] = (real)NAN;
    REFUSES(network, ESPALIER_ERROR_NON_FINITE, "x[1][6]", "nan", F(espalier_network_prune)(network, pruning, x, NULL, SAMPLES));
    x[30] = kept;
    /* All inputs alike: their second moments have no inverse, but with damping. */
    for (i = 0; i < 2 * IN; i++) same[i] = i < IN;
    OK(espalier_pruning_set(pruning, "damping", 0));
    REFUSES(network, ESPALIER_ERROR_NUMERICAL, "linear layer 1", "LAPACK",
            F(espalier_network_prune)(network, pruning, same, NULL, 2));
    OK(espalier_pruning_set(pruning, "damping", 0.01));
    OK(F(espalier_network_prune)(network, pruning, same, NULL, 2));
    OK(espalier_network_destroy(network));
    OK(espalier_network_destroy(unbuilt));
    OK(espalier_pruning_destroy(pruning));
  }
}

/* A ticket: pruned by what training made of the weights, back to what they were before it. */
static void lottery_ticket(void) {
  espalier_network *network = a_network(1);
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAM, 0.01);
  espalier_pruning *pruning = make_pruning(ESPALIER_PRUNE_OBS, 0.5);
  static int32_t rows[POSITIONS], columns[POSITIONS];
  static real start[POSITIONS], target[SAMPLES * OUT];
  real *w = NULL, *dw, *bias, *bias_gradients;
  int64_t connections = 0, units;
  double loss;
  int i, round;
  fill(target, LENGTH(target), 4);
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(F(espalier_layer_parameters)(network, 1, &w, &dw, &connections, &bias, &bias_gradients, &units));
  memcpy(start, w, sizeof start);
  OK(espalier_network_remember(network));
  for (round = 0; round < 3; round++) {
    OK(F(espalier_network_train_epoch)(network, x, target, SAMPLES, 16, 1, NULL, NULL, &loss));
    OK(F(espalier_network_prune)(network, pruning, x, NULL, SAMPLES));
    OK(espalier_pruning_set(pruning, "density", 0.5 / (2 << round)));
    OK(espalier_network_rewind(network));
    OK(espalier_layer_pattern(network, 1, 0, POSITIONS, NULL, rows, columns, &connections));
    OK(F(espalier_layer_parameters)(network, 1, &w, &dw, &connections, &bias, &bias_gradients, &units));
    CHECK(connections == POSITIONS >> (round + 1));
    for (i = 0; i < connections; i++) CHECK(memcmp(&w[i], &start[rows[i] * IN + columns[i]], sizeof *w) == 0);
  }
  OK(espalier_network_destroy(network));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_pruning_destroy(pruning));
}

int main(void) {
  static const struct test tests[] = {TEST(outputs_stay_nearer), TEST(groups), TEST(refusals), TEST(lottery_ticket)};
  correlated();
  return run_tests(tests, LENGTH(tests));
}
