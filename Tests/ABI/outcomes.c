/* What numbers at the ends of their ranges lead to is never silent: either a call succeeds, and then all weights and all that is
   kept of them are finite, or it says that they are not. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"

/* The largest real options of a network, and the largest gradient that every rule takes. */
#define LIMIT (PRECISION == 32 ? 4294967296.0 : 0x1p256)
#define LARGE_GRADIENT (PRECISION == 32 ? 9e18 : 6e153)
enum { COUNT = 40, STEPS = 12 };

static int all_finite(const real *values, int64_t count) {
  int64_t i;
  for (i = 0; i < count; i++)
    if (!isfinite(values[i])) return 0;
  return 1;
}

static const char *const names[] = {"learning_rate", "weight_decay", "momentum", "dampening", "alpha", "epsilon", "lr_decay",
                                    "initial_accumulator", "beta1", "beta2", "minimum_rate", "centered", "amsgrad"};
static const double values[] = {0, 0x1p-1000, 1e-30, 0.5, 0.999999, 1, 1e10, LIMIT};

/* Every pair of a rule's options at every pair of these values, with gradients small and large. */
static void pairs_of_hyperparameters(void) {
  const double slopes[] = {1e-20, 1, LARGE_GRADIENT};
  long refused = 0, finite = 0, overflown = 0, silent = 0;
  size_t a, b, i, j, k;
  int rule, step;
  for (rule = ESPALIER_SGD; rule <= ESPALIER_ADAMW; rule++)
    for (a = 0; a < LENGTH(names); a++)
      for (b = a + 1; b < LENGTH(names); b++)
        for (i = 0; i < LENGTH(values); i++)
          for (j = 0; j < LENGTH(values); j++) {
            espalier_optimizer *optimizer = make_optimizer(rule, 0.1);
            int status = espalier_optimizer_set(optimizer, names[a], values[i]);
            if (status == ESPALIER_OK) status = espalier_optimizer_set(optimizer, names[b], values[j]);
            for (k = 0; k < LENGTH(slopes) && status == ESPALIER_OK; k++) {
              real w[COUNT], g[COUNT];
              fill(w, COUNT, 1);
              for (step = 0; step < COUNT; step++) g[step] = (real)(slopes[k] * (step % 3 - 1));
              for (step = 0; step < STEPS && status == ESPALIER_OK; step++) {
                status = F(espalier_optimizer_minimize)(optimizer, w, g, COUNT);
                silent += (status == ESPALIER_OK) != all_finite(w, COUNT) && status != ESPALIER_ERROR_INVALID_ARGUMENT;
              }
              if (status == ESPALIER_ERROR_NON_FINITE) {
                overflown++;
                if (strstr(espalier_last_error(), "which has been made") == NULL) silent++;
                status = ESPALIER_OK;
              } else {
                finite++;
              }
              OK(espalier_optimizer_reset(optimizer));
            }
            refused += status != ESPALIER_OK;
            OK(espalier_optimizer_destroy(optimizer));
          }
  CHECK(silent == 0 && refused > 1000 && finite > 1000 && overflown > 10);
}

/* Options beyond what a network computes with, and subnormal ones, which are none. */
static void ends_of_ranges(void) {
  static const char *const of_topology[] = {"grown_scale", "noise", "shrink", "gradient_weight", "threshold",
                                            "threshold_decay", "threshold_rate", "decay_power", "density_power", "tolerance"};
  espalier_network *network = make_network();
  espalier_optimizer *optimizer;
  espalier_topology *topology = make_topology(ESPALIER_SET, 5);
  espalier_pruning *pruning = make_pruning(ESPALIER_PRUNE_SNIP, 0.5);
  size_t i;
  for (i = 0; i < LENGTH(of_topology); i++) {
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, of_topology[i], "5e-324", espalier_topology_set(topology, of_topology[i], 5e-324));
    OK(espalier_topology_set(topology, of_topology[i], 1.001 * LIMIT));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, of_topology[i], "at most", espalier_network_set_topology(network, 0, topology));
    OK(espalier_topology_set(topology, of_topology[i], LIMIT));
  }
  OK(espalier_network_set_topology(network, 0, topology));
  OK(espalier_topology_set(topology, "until", 9007199254740992.0)); /* times may be as late as they like */
  OK(espalier_network_set_topology(network, 0, topology));
  for (i = 0; i < 2; i++) {
    optimizer = make_optimizer(ESPALIER_SGD, 0.1);
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, names[i], "-5e-324", espalier_optimizer_set(optimizer, names[i], -5e-324));
    OK(espalier_optimizer_set(optimizer, names[i], 1.001 * LIMIT));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, names[i], "at most", espalier_network_set_optimizer(network, 0, optimizer));
    OK(espalier_optimizer_set(optimizer, names[i], LIMIT));
    OK(espalier_network_set_optimizer(network, 0, optimizer));
    OK(espalier_optimizer_destroy(optimizer));
  }
  optimizer = make_optimizer(ESPALIER_RMSPROP, 0.1);
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "alpha", "1.0", espalier_optimizer_set(optimizer, "alpha", 1));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "momentum", "1e+30", espalier_optimizer_set(optimizer, "momentum", 1e30));
  OK(espalier_optimizer_destroy(optimizer));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "clip_norm", "5e-324", espalier_network_set(network, "clip_norm", 5e-324));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "huber_delta", "1e-310", espalier_network_set(network, "huber_delta", 1e-310));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "probability", "5e-324", espalier_layer_set(network, 2, "probability", 5e-324));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "temperature", "5e-324", espalier_pruning_set(pruning, "temperature", 5e-324));
  OK(espalier_pruning_destroy(pruning));
  OK(espalier_topology_destroy(topology));
  OK(espalier_network_destroy(network));
}

/* Adagrad's sum of squares ends at the largest number, where weights still move. */
static void sums_of_squares(void) {
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAGRAD, 1);
  real w = 0, g = (real)LARGE_GRADIENT, before;
  int step;
  for (step = 0; step < 20; step++) {
    before = w;
    OK(F(espalier_optimizer_minimize)(optimizer, &w, &g, 1));
    CHECK(isfinite(w) && before - w > 0.4);
  }
  OK(espalier_optimizer_destroy(optimizer));
}

static real x[MAX_BATCH * INPUTS], target[MAX_BATCH * OUTPUTS];

static int network_is_finite(espalier_network *network) {
  real *w, *dw;
  int64_t count;
  OK(F(espalier_network_parameters)(network, &w, &dw, &count));
  return all_finite(w, count);
}

/* Steps that diverge say so in the step that does, and name the layer. */
static void steps_that_diverge(void) {
  const int ways[] = {0, 1};
  size_t i;
  for (i = 0; i < LENGTH(ways); i++) {
    espalier_network *network = make_network();
    espalier_optimizer *sgd = make_optimizer(ESPALIER_SGD, LIMIT);
    double loss;
    real y[MAX_BATCH * OUTPUTS], dy[MAX_BATCH * OUTPUTS];
    int step, status = 0;
    OK(espalier_optimizer_set(sgd, "weight_decay", LIMIT));
    OK(espalier_network_set_optimizer(network, 3, sgd)); /* tanh bounds what its weights do to the loss */
    for (step = 0; step < STEPS && status == ESPALIER_OK; step++) {
      fill(x, LENGTH(x), (unsigned)step);
      fill(dy, LENGTH(dy), 3);
      if (ways[i] == 0) {
        status = F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss);
      } else {
        OK(F(espalier_network_forward)(network, x, MAX_BATCH, y));
        OK(F(espalier_network_backward)(network, dy, MAX_BATCH, NULL));
        status = espalier_network_update(network);
      }
      CHECK((status == ESPALIER_OK) == network_is_finite(network));
    }
    CHECK(status == ESPALIER_ERROR_NON_FINITE && strstr(espalier_last_error(), "linear layer 3") != NULL);
    CHECK(strstr(espalier_last_error(), "which has been made") != NULL);
    OK(espalier_optimizer_destroy(sgd));
    OK(espalier_network_destroy(network));
  }
}

/* Every option of topology methods at its largest: steps succeed with finite weights and thresholds, or say why not. */
static void methods_at_their_limits(void) {
  static const struct {
    int method, way;
    const char *name, *other;
  } rows[] = {{ESPALIER_STR, 0, "threshold_rate", "threshold_decay"}, {ESPALIER_STR, 0, "threshold_decay", NULL},
              {ESPALIER_SET, ESPALIER_GROWN_WEIGHT_LAYER_NORMAL, "grown_scale", NULL}, {ESPALIER_SET, ESPALIER_GROWN_WEIGHT_NORMAL, "grown_scale", NULL},
              {ESPALIER_DEEPR, 0, "noise", "shrink"}, {ESPALIER_DEEPR, 0, "shrink", NULL}, {ESPALIER_MEST, 0, "gradient_weight", NULL},
              {ESPALIER_TOP_KAST, 0, "exploration_decay", NULL}};
  size_t i;
  for (i = 0; i < LENGTH(rows); i++) {
    espalier_network *network = make_network();
    espalier_topology *topology = make_topology(rows[i].method, 2);
    int step, status = 0;
    double loss;
    if (rows[i].way > 0) OK(espalier_topology_set(topology, "grown_weight", rows[i].way));
    OK(espalier_topology_set(topology, rows[i].name, LIMIT));
    if (rows[i].other != NULL) OK(espalier_topology_set(topology, rows[i].other, LIMIT));
    OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
    for (step = 0; step < STEPS && status == ESPALIER_OK; step++) {
      fill(x, LENGTH(x), (unsigned)step);
      status = F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss);
      CHECK(status == ESPALIER_OK || status == ESPALIER_ERROR_NON_FINITE);
      if (status == ESPALIER_OK) CHECK(network_is_finite(network));
      CHECK(isfinite(layer_value(network, 1, "threshold")));
    }
    OK(espalier_topology_destroy(topology));
    OK(espalier_network_destroy(network));
  }
}

/* What functions of the caller's give. */
static double spoilt;
static int64_t spoilt_at = -1;

static int spoil_score(void *user, const espalier_layer_view *view, real *scores) {
  const int64_t count = user == NULL ? view->connections : view->rows * view->inputs;
  int64_t i;
  for (i = 0; i < count; i++) scores[i] = (real)(i % 7);
  if (spoilt_at >= 0) scores[spoilt_at % count] = (real)spoilt;
  return 0;
}

static int spoil_sum(void *user, int64_t layer, real *sums, int64_t count) {
  (void)user, (void)layer;
  if (spoilt_at >= 0) sums[spoilt_at % count] = (real)spoilt;
  return 0;
}

/* Whether two networks have the same connections and weights. */
static int are_alike(espalier_network **networks) {
  int32_t rows[2][CONNECTIONS1 + CONNECTIONS3], columns[2][CONNECTIONS1 + CONNECTIONS3];
  real *w[2], *dw[2];
  int64_t count[2], layer;
  int k, same;
  for (k = 0; k < 2; k++) OK(F(espalier_network_parameters)(networks[k], &w[k], &dw[k], &count[k]));
  same = count[0] == count[1] && memcmp(w[0], w[1], (size_t)count[0] * sizeof *w[0]) == 0;
  for (layer = 1; layer <= 3; layer += 2) {
    for (k = 0; k < 2; k++)
      OK(espalier_layer_pattern(networks[k], layer, 0, CONNECTIONS1 + CONNECTIONS3, NULL, rows[k], columns[k], &count[k]));
    same &= count[0] == count[1] && memcmp(rows[0], rows[1], (size_t)count[0] * sizeof **rows) == 0 &&
            memcmp(columns[0], columns[1], (size_t)count[0] * sizeof **columns) == 0;
  }
  return same;
}

/* One of two networks is given what it must not be given, and afterwards both go the same way. */
static void scores_and_sums(void) {
  static const struct {
    const char *text;
    int drop, grow, sum, method;
  } rows[] = {{"drop score of connection", 1, 0, 0, ESPALIER_SET}, {"growth score of linear layer", 0, 1, 0, ESPALIER_RIGL},
              {"growth score of linear layer", 0, 1, 0, ESPALIER_SRIGL}, {"reduction of linear layer", 0, 0, 1, ESPALIER_RIGL},
              {"reduction of linear layer", 0, 0, 1, ESPALIER_SAMPLED}};
  const double bad[] = {NAN, INFINITY, -INFINITY};
  static char a_user;
  size_t i, j;
  for (i = 0; i < LENGTH(rows); i++) {
    espalier_network *networks[2];
    double loss;
    int k, step;
    for (k = 0; k < 2; k++) {
      espalier_topology *topology = make_topology(rows[i].method, 1000);
      networks[k] = make_network();
      if (rows[i].drop) OK(F(espalier_topology_set_drop)(topology, spoil_score, NULL));
      if (rows[i].grow) OK(F(espalier_topology_set_grow)(topology, spoil_score, &a_user));
      if (rows[i].sum) OK(F(espalier_network_set_reduction)(networks[k], spoil_sum, NULL));
      OK(espalier_network_set_topology(networks[k], ESPALIER_ALL_LAYERS, topology));
      OK(espalier_topology_destroy(topology));
    }
    for (step = 0; step < 4; step++) {
      fill(x, LENGTH(x), (unsigned)step);
      for (k = 0; k < 2; k++) OK(F(espalier_network_train_step)(networks[k], x, target, MAX_BATCH, &loss));
      for (j = 0; j < LENGTH(bad); j++) {
        if (rows[i].drop && j > 0) continue; /* as far away as can be is a wish */
        spoilt = bad[j];
        spoilt_at = 3 + step;
        SAYS(ESPALIER_ERROR_NON_FINITE, rows[i].text, j == 0 ? "nan" : "inf", espalier_network_evolve_now(networks[0], 0, 0.3));
        CHECK(strstr(espalier_last_error(), "its pattern has not changed") != NULL);
      }
      spoilt_at = -1;
      for (k = 0; k < 2; k++) OK(espalier_network_evolve_now(networks[k], 0, 0.3));
      CHECK(are_alike(networks));
    }
    for (k = 0; k < 2; k++) OK(espalier_network_destroy(networks[k]));
  }
}

/* An infinite drop score keeps a connection, or lets it go first. */
static void infinite_drop_scores(void) {
  espalier_network *network = make_network();
  espalier_topology *topology = make_topology(ESPALIER_SET, 1000);
  const double wishes[] = {INFINITY, -INFINITY};
  int32_t rows[2][CONNECTIONS1], columns[2][CONNECTIONS1];
  int64_t count;
  double loss;
  size_t i;
  OK(F(espalier_topology_set_drop)(topology, spoil_score, NULL));
  OK(espalier_topology_set(topology, "just_dropped", ESPALIER_JUST_DROPPED_EXCLUDE));
  OK(espalier_network_set_topology(network, 1, topology));
  OK(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
  for (i = 0; i < 2; i++) {
    int still = 0, j;
    OK(espalier_layer_pattern(network, 1, 0, CONNECTIONS1, NULL, rows[0], columns[0], &count));
    spoilt = wishes[i];
    spoilt_at = 7; /* would go first by its score of 0, or stays by any other measure */
    OK(espalier_network_evolve_now(network, 1, 0.2));
    OK(espalier_layer_pattern(network, 1, 0, CONNECTIONS1, NULL, rows[1], columns[1], &count));
    for (j = 0; j < count; j++) still |= rows[1][j] == rows[0][7] && columns[1][j] == columns[0][7];
    CHECK(still == (i == 0));
  }
  spoilt_at = -1;
  OK(espalier_topology_destroy(topology));
  OK(espalier_network_destroy(network));
}

/* Less than 0 by a subnormal number, which is computed with as 0, is less than 0; -0 is not. */
static void subnormal_targets(void) {
  const int losses[] = {ESPALIER_SOFTMAX_CROSS_ENTROPY, ESPALIER_BINARY_CROSS_ENTROPY};
  const double least = PRECISION == 32 ? -1e-45 : -5e-324;
  size_t i;
  for (i = 0; i < LENGTH(losses); i++) {
    espalier_network *network = make_network();
    double loss;
    OK(espalier_network_set_loss(network, losses[i]));
    fill_targets(target, LENGTH(target), 1);
    target[9] = (real)least;
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "target[2][1]", PRECISION == 32 ? "-1e-45" : "-5e-324",
            F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
    target[9] = (real)-least;
    OK(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
    target[9] = (real)-0.0;
    OK(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
    OK(espalier_network_destroy(network));
  }
}

/* Gradients that are the library's alone are not read as a whole before an update, those that somebody knows of are. */
static void gradients_of_the_librarys_own(void) {
  const double huge = PRECISION == 32 ? 1e30 : 1e200;
  real y[MAX_BATCH * OUTPUTS], dy[MAX_BATCH * OUTPUTS], *w, *dw;
  int64_t count;
  int way;
  for (way = 0; way < 4; way++) {
    espalier_network *network = make_network();
    const double steps = network_value(network, "steps");
    size_t i;
    OK(espalier_network_set(network, "accumulate", way == 1 ? 2 : 1));
    if (way >= 2) OK(F(espalier_network_parameters)(network, &w, &dw, &count));
    if (way == 3) {
      static real mine[2][PARAMETERS];
      OK(F(espalier_network_bind)(network, mine[0], mine[1], PARAMETERS));
      dw = mine[1];
    }
    fill(x, LENGTH(x), 5);
    for (i = 0; i < LENGTH(dy); i++) dy[i] = (real)(way < 2 ? huge : 1);
    if (way < 2)
      for (i = 0; i < LENGTH(x); i++) x[i] = (real)huge;
    OK(F(espalier_network_forward)(network, x, MAX_BATCH, y));
    OK(F(espalier_network_backward)(network, dy, MAX_BATCH, NULL));
    if (way == 1) { /* what was added up before is not in the panels any more */
      fill(x, LENGTH(x), 5);
      for (i = 0; i < LENGTH(dy); i++) dy[i] = 1;
      OK(F(espalier_network_forward)(network, x, MAX_BATCH, y));
      OK(F(espalier_network_backward)(network, dy, MAX_BATCH, NULL));
    }
    if (way >= 2) dw[PARAMETERS - 1] = (real)INFINITY;
    SAYS(ESPALIER_ERROR_NON_FINITE, "update: the gradient of linear layer", "no weight has changed", espalier_network_update(network));
    CHECK(network_value(network, "steps") == steps);
    OK(espalier_network_destroy(network));
  }
}

int main(void) {
  static const struct test tests[] = {
      TEST(pairs_of_hyperparameters), TEST(ends_of_ranges), TEST(sums_of_squares), TEST(steps_that_diverge),
      TEST(methods_at_their_limits), TEST(scores_and_sums), TEST(infinite_drop_scores), TEST(subnormal_targets),
      TEST(gradients_of_the_librarys_own)};
  fill_targets(target, LENGTH(target), 2);
  return run_tests(tests, LENGTH(tests));
}
