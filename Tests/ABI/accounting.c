/* What a network says of its patterns and costs, beside what can be counted by hand. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { IN = 20, HIDDEN = 15, OUT = 8, BATCH = 9 };
static real x[BATCH * IN], target[BATCH * OUT];

/* Layer 1 (4 inputs, 5 units): input 2 feeds nobody, unit 3 has no input. Layer 3 (after a dropout, 3 units): of units 1 .. 5
   the first goes nowhere; its own unit 2 has no input. Layer 4 is dense. Counted from 0. */
static void dead_units_and_inputs(void) {
  static const int32_t rows1[] = {0, 1, 2, 4, 4}, columns1[] = {0, 1, 3, 0, 3}, rows3[] = {0, 0, 1, 1}, columns3[] = {1, 2, 3, 4};
  espalier_network *network = NULL;
  OK(espalier_network_create(OURS, 4, 1, &network));
  OK(espalier_network_add_linear(network, 5, 0.5, ESPALIER_RELU));
  OK(espalier_network_add_dropout(network, 0.5));
  OK(espalier_network_add_linear(network, 3, 0.5, ESPALIER_RELU));
  OK(espalier_network_add_linear(network, 2, 1, ESPALIER_IDENTITY));
  OK(F(espalier_layer_set_pattern_coo)(network, 1, 5, rows1, columns1, NULL, 0));
  OK(F(espalier_layer_set_pattern_coo)(network, 3, 4, rows3, columns3, NULL, 0));
  SAYS(ESPALIER_ERROR_INVALID_STATE, "layer 1", "built", espalier_layer_get(network, 1, "dead_units", &(double){0}));
  OK(espalier_network_build(network, 4));
  CHECK(layer_value(network, 1, "dead_inputs") == 1); /* 2 */
  CHECK(layer_value(network, 1, "dead_units") == 2);  /* 3 is not reached, 0 goes nowhere */
  CHECK(layer_value(network, 3, "dead_inputs") == 1 && layer_value(network, 3, "dead_units") == 1);
  CHECK(layer_value(network, 4, "dead_inputs") == 0 && layer_value(network, 4, "dead_units") == 0);
  CHECK(network_value(network, "dead_units") == 3 && network_value(network, "dead_inputs") == 1);
  CHECK(layer_value(network, 1, "explored") == 0.25 && layer_value(network, 4, "explored") == 1);
  CHECK(network_value(network, "explored") == (5 + 4 + 6) / (20.0 + 15 + 6));
  CHECK(layer_value(network, 1, "training_flops") == 3 * 2 * 5 && network_value(network, "training_flops") == 3 * 2 * 15);
  SAYS(ESPALIER_ERROR_UNKNOWN_NAME, "dropout layer 2", "explored", espalier_layer_get(network, 2, "explored", &(double){0}));
  OK(espalier_network_destroy(network));
}

static espalier_network *make_subject(const espalier_topology *topology) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.05);
  OK(espalier_network_create(OURS, IN, 2, &network));
  OK(espalier_network_add_linear(network, HIDDEN, 0.1, ESPALIER_TANH));
  OK(espalier_network_add_linear(network, OUT, 0.2, ESPALIER_IDENTITY));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  OK(espalier_network_build(network, BATCH));
  OK(espalier_optimizer_destroy(optimizer));
  return network;
}

/* Positions of a layer that have a connection: marks what is new, and returns how many went and came since the last look. */
static void look(espalier_network *network, int64_t layer, int64_t columns_of, char *now, char *ever, int *went, int *came) {
  int32_t rows[IN * HIDDEN], columns[IN * HIDDEN];
  char before[IN * HIDDEN];
  int64_t count = 0, i;
  memcpy(before, now, sizeof before);
  memset(now, 0, IN * HIDDEN);
  OK(espalier_layer_pattern(network, layer, 0, IN * HIDDEN, NULL, rows, columns, &count));
  for (i = 0; i < count; i++) now[rows[i] * columns_of + columns[i]] = ever[rows[i] * columns_of + columns[i]] = 1;
  *went = *came = 0;
  for (i = 0; i < IN * HIDDEN; i++) {
    *went += before[i] && !now[i];
    *came += now[i] && !before[i];
  }
}

/* After each update: what went, what came, and the share ever connected, by comparing patterns. */
static void updates_counted_by_hand(void) {
  static const int methods[] = {ESPALIER_SET, ESPALIER_RIGL, ESPALIER_SNFS, ESPALIER_ITOP, ESPALIER_DSR, ESPALIER_SAMPLED};
  size_t m;
  for (m = 0; m < LENGTH(methods); m++) {
    espalier_topology *topology = make_topology(methods[m], 1);
    espalier_network *network;
    static const int64_t columns[] = {IN, HIDDEN};
    static const double positions[] = {IN * HIDDEN, HIDDEN * OUT};
    char now[2][IN * HIDDEN], ever[2][IN * HIDDEN];
    double loss, sum_dropped, sum_grown, sum_ever;
    int update, layer, went, came;
    OK(espalier_topology_set(topology, "begin", 0));
    OK(espalier_topology_set(topology, "replaces_step", 0));
    network = make_subject(topology);
    memset(now, 0, sizeof now);
    memset(ever, 0, sizeof ever);
    for (layer = 0; layer < 2; layer++) look(network, layer + 1, columns[layer], now[layer], ever[layer], &went, &came);
    for (update = 0; update < 8; update++) {
      OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
      sum_dropped = sum_grown = sum_ever = 0;
      for (layer = 0; layer < 2; layer++) {
        int seen = 0, i;
        look(network, layer + 1, columns[layer], now[layer], ever[layer], &went, &came);
        for (i = 0; i < IN * HIDDEN; i++) seen += ever[layer][i];
        CHECK(layer_value(network, layer + 1, "topology_updates") == update + 1);
        CHECK(layer_value(network, layer + 1, "dropped") == went && layer_value(network, layer + 1, "grown") == came);
        CHECK(layer_value(network, layer + 1, "explored") == seen / positions[layer]);
        sum_dropped += went;
        sum_grown += came;
        sum_ever += seen;
      }
      CHECK(network_value(network, "dropped") == sum_dropped && network_value(network, "grown") == sum_grown);
      CHECK(network_value(network, "explored") == sum_ever / (positions[0] + positions[1]));
    }
    OK(espalier_network_destroy(network));
    OK(espalier_topology_destroy(topology));
  }
}

/* A connection that is dropped and chosen again in the same update has not gone when it keeps its weight, and has gone and come
   when it starts anew: then as many count as the drop fraction says, or as signs have flipped. */
static void connections_that_came_back(void) {
  static const struct { int method; double just_dropped; } kinds[] = {{ESPALIER_SET, ESPALIER_JUST_DROPPED_KEEP},
                                                                      {ESPALIER_SET, ESPALIER_JUST_DROPPED_RESTART},
                                                                      {ESPALIER_RIGL, ESPALIER_JUST_DROPPED_RESTART},
                                                                      {ESPALIER_DEEPR, ESPALIER_JUST_DROPPED_RESTART}};
  size_t kind;
  for (kind = 0; kind < LENGTH(kinds); kind++) {
    espalier_topology *topology = make_topology(kinds[kind].method, 1000);
    espalier_network *network;
    char now[IN * HIDDEN], ever[IN * HIDDEN];
    double loss, counted = 0, moved = 0, value;
    int update, went, came;
    OK(espalier_topology_get(topology, "just_dropped", &value));
    if (kinds[kind].method == ESPALIER_DEEPR) {
      CHECK(value == kinds[kind].just_dropped);
      OK(espalier_topology_set(topology, "noise", 1)); /* half of the signs flip */
    }
    OK(espalier_topology_set(topology, "just_dropped", kinds[kind].just_dropped));
    network = make_subject(topology);
    memset(now, 0, sizeof now);
    memset(ever, 0, sizeof ever);
    look(network, 1, IN, now, ever, &went, &came);
    for (update = 0; update < 60; update++) {
      OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
      OK(espalier_network_evolve_now(network, 1, 0.5));
      look(network, 1, IN, now, ever, &went, &came);
      CHECK(layer_value(network, 1, "dropped") == layer_value(network, 1, "grown") && went == came);
      CHECK(layer_value(network, 1, "dropped") >= went);
      if (kinds[kind].just_dropped == ESPALIER_JUST_DROPPED_KEEP) CHECK(layer_value(network, 1, "dropped") == went);
      if (kinds[kind].method == ESPALIER_RIGL) CHECK(layer_value(network, 1, "dropped") == 15); /* of 30 */
      counted += layer_value(network, 1, "dropped");
      moved += went;
    }
    CHECK(moved > 0 && (counted > moved) == (kinds[kind].just_dropped == ESPALIER_JUST_DROPPED_RESTART));
    OK(espalier_network_destroy(network));
    OK(espalier_topology_destroy(topology));
  }
}

static void back(espalier_network *network, const real *x, real slope) {
  real y[BATCH * OUT];
  int i;
  OK(F(espalier_network_forward)(network, x, BATCH, y));
  for (i = 0; i < BATCH * OUT; i++) y[i] = slope * (y[i] - target[i]);
  OK(F(espalier_network_backward)(network, y, BATCH, NULL));
}

/* The pattern of layer 1 after batches of x and of other pictures, and an update by the gradients of the newest `batches`. Between
   the two batches there is an update that drops nothing, or not; the schedule is due all the time, or not for long. */
static void grow_by_batches(int batches, double every, int first, int between, char *pattern) {
  espalier_topology *topology = make_topology(ESPALIER_RIGL, every);
  espalier_network *network;
  static real other[BATCH * IN];
  char ever[IN * HIDDEN];
  int went, came;
  fill(other, LENGTH(other), 77);
  OK(espalier_topology_set(topology, "replaces_step", 0));
  OK(espalier_topology_set(topology, "gradient_batches", batches));
  network = make_subject(topology);
  if (first) back(network, other, 10);
  if (between) OK(espalier_network_evolve_now(network, 1, 0));
  back(network, x, 1);
  OK(espalier_network_evolve_now(network, 1, 0.5));
  memset(pattern, 0, IN * HIDDEN);
  look(network, 1, IN, pattern, ever, &went, &came);
  OK(espalier_network_destroy(network));
  OK(espalier_topology_destroy(topology));
}

/* Batches before an earlier update count too; and long before the schedule is due the last one counts, not none. */
static void gradient_batches_reach_back(void) {
  char one[IN * HIDDEN], two[IN * HIDDEN], found[IN * HIDDEN];
  grow_by_batches(1, 1, 1, 0, one);
  grow_by_batches(2, 1, 1, 0, two);
  CHECK(memcmp(one, two, sizeof one) != 0);
  grow_by_batches(2, 1, 1, 1, found);
  CHECK(memcmp(found, two, sizeof two) == 0);
  grow_by_batches(2, 1, 0, 0, found);
  CHECK(memcmp(found, one, sizeof one) == 0);
  grow_by_batches(2, 1000, 1, 0, found);
  CHECK(memcmp(found, one, sizeof one) == 0);
  grow_by_batches(2, 1000, 1, 1, found);
  CHECK(memcmp(found, one, sizeof one) == 0);
}

/* A density that is a quotient is exact, in a layer, a distribution, a pruning and a schedule; decimals are the codes'. */
static void densities_that_are_quotients(void) {
  static const struct { double density; int64_t inputs; double connections; } known[] = {
      {5.0 / 6, 6, 5}, {48.0 / 49, 49, 48}, {1.0 / 3, 3000, 1000}, {6.0 / 7, 700, 600}, {0.1, 30, 3}, {0.71, 100, 72}};
  size_t i;
  for (i = 0; i < LENGTH(known); i++) {
    int way;
    for (way = 0; way < 4; way++) {
      espalier_network *network = NULL;
      espalier_pruning *pruning = make_pruning(ESPALIER_PRUNE_MAGNITUDE, known[i].density);
      espalier_topology *gradual = make_topology(ESPALIER_GRADUAL, 1);
      espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.1);
      static real picture[3000], wanted[1];
      double loss;
      OK(espalier_topology_set(gradual, "final_density", known[i].density));
      OK(espalier_topology_set(gradual, "density_end", 1));
      OK(espalier_network_create(OURS, known[i].inputs, 2, &network));
      OK(espalier_network_add_linear(network, 1, way == 0 ? known[i].density : 1, ESPALIER_IDENTITY));
      if (way == 1) OK(espalier_network_set_distribution(network, ESPALIER_UNIFORM, known[i].density));
      if (way == 3) OK(espalier_network_set_topology(network, 1, gradual));
      OK(espalier_network_set_optimizer(network, 1, optimizer));
      OK(espalier_network_build(network, 1));
      if (way == 2) OK(F(espalier_network_prune)(network, pruning, NULL, NULL, 0));
      if (way == 3) OK(F(espalier_network_train_step)(network, picture, wanted, 1, &loss));
      CHECK(layer_value(network, 1, "connections") == known[i].connections);
      OK(espalier_network_destroy(network));
      OK(espalier_pruning_destroy(pruning));
      OK(espalier_topology_destroy(gradual));
      OK(espalier_optimizer_destroy(optimizer));
    }
  }
}

/* RigL's formula on both layers: densities .1 and .2 of 300 and 120 positions, dT 100. */
static void training_flops(void) {
  espalier_topology *topology = make_topology(ESPALIER_RIGL, 100), *by_epochs = make_topology(ESPALIER_RIGL, 5);
  espalier_network *network = make_subject(topology);
  double loss;
  CHECK(fabs(layer_value(network, 1, "training_flops") / 600 - 0.3089108911) < 1e-10);
  CHECK(fabs(layer_value(network, 2, "training_flops") - 2 * (3 * 24 * 100 + 2 * 24 + 120) / 101.0) < 1e-9);
  CHECK(fabs(network_value(network, "training_flops") - layer_value(network, 1, "training_flops") -
             layer_value(network, 2, "training_flops")) < 1e-9);
  OK(espalier_network_destroy(network));
  /* Epochs of 3 steps: dT = 15, once it is known. */
  OK(espalier_topology_set(by_epochs, "clock", ESPALIER_CLOCK_EPOCHS));
  network = make_subject(by_epochs);
  CHECK(layer_value(network, 1, "training_flops") == 3 * 60);
  OK(F(espalier_network_train_epoch)(network, x, target, BATCH, 3, 0, NULL, NULL, &loss));
  CHECK(fabs(layer_value(network, 1, "training_flops") - 2 * (3 * 30 * 15 + 2 * 30 + 300) / 16.0) < 1e-9);
  OK(espalier_network_destroy(network));
  OK(espalier_topology_destroy(topology));
  OK(espalier_topology_destroy(by_epochs));
}

/* Updates at 2 and 4 and no more: the dense gradient counts as long as another one is to come. SNFS's counts in every step. */
static void until_counts(void) {
  static const int methods[] = {ESPALIER_RIGL, ESPALIER_SNFS, ESPALIER_SET};
  size_t m;
  for (m = 0; m < LENGTH(methods); m++) {
    const double during[] = {2 * (3 * 30 * 2 + 2 * 30 + 300) / 3.0, 2 * (2 * 30 + 300), 3 * 60};
    espalier_topology *topology = make_topology(methods[m], 2);
    espalier_network *network;
    double loss;
    int step;
    OK(espalier_topology_set(topology, "until", 5));
    OK(espalier_topology_set(topology, "replaces_step", 0));
    OK(espalier_topology_set(topology, "redistribute", ESPALIER_REDISTRIBUTE_NONE));
    network = make_subject(topology);
    for (step = 0; step < 8; step++) {
      CHECK(fabs(layer_value(network, 1, "training_flops") - (step < 4 ? during[m] : 3 * 60)) < 1e-9);
      OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
    }
    CHECK(layer_value(network, 1, "topology_updates") == 2);
    OK(espalier_network_destroy(network));
    OK(espalier_topology_destroy(topology));
  }
}

/* Forward and dL/dx through what they use, dL/dW of all with forward_share, of the same with a soft threshold. */
static void forward_sets_count(void) {
  espalier_topology *kast = make_topology(ESPALIER_TOP_KAST, 100), *str = make_topology(ESPALIER_STR, 100);
  espalier_network *network = make_subject(kast);
  double loss;
  CHECK(layer_value(network, 1, "flops") == 2 * 18 && layer_value(network, 1, "training_flops") == 2 * (18 + 18 + 30));
  OK(espalier_network_destroy(network));
  OK(espalier_topology_set(str, "threshold_start", -2));
  network = make_subject(str);
  OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
  CHECK(layer_value(network, 1, "connections") == 30 && layer_value(network, 1, "flops") < 60);
  CHECK(layer_value(network, 1, "training_flops") == 3 * layer_value(network, 1, "flops"));
  OK(espalier_network_destroy(network));
  OK(espalier_topology_destroy(kast));
  OK(espalier_topology_destroy(str));
}

/* The table has these numbers in its lines. */
static void in_the_table(void) {
  espalier_topology *topology = make_topology(ESPALIER_SET, 1);
  espalier_network *network = make_subject(topology);
  char text[2048], *line;
  int64_t length = 0;
  double loss;
  long number[14];
  int i;
  for (i = 0; i < 3; i++) OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
  OK(espalier_network_info(network, sizeof text, text, &length));
  CHECK(strstr(text, "explored  connections  dropped  grown  dead") != NULL && strstr(text, "training\n") != NULL);
  line = strchr(text, '\n') + 1;
  CHECK(sscanf(line, "%ld linear %ld %ld tanh 0.%ld 0.%ld %ld %ld %ld %ld %ld %ld %ld", &number[0], &number[1], &number[2],
               &number[3], &number[4], &number[5], &number[6], &number[7], &number[8], &number[9], &number[10],
               &number[11]) == 12);
  CHECK(number[0] == 1 && number[1] == IN && number[2] == HIDDEN && number[5] == 30 && number[11] == 180);
  CHECK(number[4] == lround(layer_value(network, 1, "explored") * 1e6));
  CHECK(number[6] == layer_value(network, 1, "dropped") && number[7] == layer_value(network, 1, "grown"));
  CHECK(number[8] == layer_value(network, 1, "dead_units"));
  OK(espalier_network_destroy(network));
  OK(espalier_topology_destroy(topology));
}

int main(void) {
  static const struct test tests[] = {TEST(dead_units_and_inputs),       TEST(updates_counted_by_hand),
                                      TEST(connections_that_came_back),  TEST(gradient_batches_reach_back),
                                      TEST(densities_that_are_quotients), TEST(training_flops),
                                      TEST(until_counts),                TEST(forward_sets_count),
                                      TEST(in_the_table)};
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  return run_tests(tests, LENGTH(tests));
}
