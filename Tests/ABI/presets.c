/* Every topology method by its defaults: a small network trains with it, the patterns stay patterns, the connections are as
   many as the method promises, and options that contradict each other are told. */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { IN = 24, HIDDEN = 20, OUT = 16, BATCH = 12, STEPS = 24, LAYERS = 3 };

/* What methods are given: linear layers, or convolutions of 3 x 3 and 2 x 2 before a linear layer. The matrix of each layer. */
static const struct subject {
  int has_fields;
  int64_t units[LAYERS], inputs[LAYERS];
} subjects[] = {{0, {HIDDEN, HIDDEN, OUT}, {IN, HIDDEN, HIDDEN}}, {1, {12, 8, OUT}, {18, 48, 48}}};
static const struct subject *subject = &subjects[0];

static real x[BATCH * IN], target[BATCH * OUT];

enum promise { EACH_LAYER, THE_SUM, FINAL_OF_LAYER, FINAL_OF_SUM, FEWER };

static const struct preset {
  const char *name;
  enum promise promise;
  int updates; /* at least, in STEPS steps with one every 3 */
} presets[] = {{"static", EACH_LAYER, 0},   {"set", EACH_LAYER, 7},          {"rigl", EACH_LAYER, 5},
               {"snfs", THE_SUM, 7},        {"itop", EACH_LAYER, 7},         {"granet", FINAL_OF_SUM, 7},
               {"mest", EACH_LAYER, 7},     {"top_kast", EACH_LAYER, 7},     {"gradual", FINAL_OF_LAYER, 7},
               {"acdc", FINAL_OF_SUM, 7},   {"deepr", EACH_LAYER, 7},        {"dsr", THE_SUM, 7},
               {"sampled", EACH_LAYER, 7},  {"srigl", THE_SUM, 5},
               {"str", FEWER, 6}};

static espalier_topology *make_preset(int method) {
  const struct preset *preset = &presets[method];
  espalier_topology *topology = NULL;
  OK(espalier_topology_create(method, &topology));
  if (method == ESPALIER_STATIC) return topology;
  OK(espalier_topology_set(topology, "every", 3));
  if (preset->promise == FINAL_OF_LAYER || preset->promise == FINAL_OF_SUM) {
    OK(espalier_topology_set(topology, "final_density", 0.1));
    OK(espalier_topology_set(topology, "density_begin", 3));
    OK(espalier_topology_set(topology, "density_end", 18));
  }
  if (method == ESPALIER_ACDC) OK(espalier_topology_set(topology, "phase", 3));
  if (method == ESPALIER_STR) {
    OK(espalier_topology_set(topology, "threshold_start", -2.5));
    OK(espalier_topology_set(topology, "until", 18));
  }
  return topology;
}

static void add_convolution(espalier_network *network, double filters, double kernel, double padding) {
  const char *names[] = {"filters", "kernel_width", "kernel_height", "padding_left", "padding_right", "padding_mode_width",
                         "padding_top", "padding_bottom", "density", "activation"};
  const double values[] = {filters, kernel, kernel, padding, padding, ESPALIER_PADDING_PERIODIC, padding, padding, 0.3, ESPALIER_TANH};
  OK(espalier_network_add_layer(network, ESPALIER_LAYER_CONVOLUTION, 0, NULL, LENGTH(names), names, values, NULL));
}

/* Layers 1 and 2 at a density of 0.3; the last dense, as a layer that is none of a method's business. */
static espalier_network *make_subject(const espalier_topology *topology, int rule) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(rule, 0.01);
  if (rule == ESPALIER_SGD) OK(espalier_optimizer_set(optimizer, "momentum", 0.9));
  OK(espalier_network_create(OURS, IN, 5, &network));
  if (subject->has_fields) {
    OK(espalier_network_set_input_shape(network, 3, (int64_t[]){2, 3, 4}));
    add_convolution(network, 12, 3, 1);
    add_convolution(network, 8, 2, 0);
  } else {
    OK(espalier_network_add_linear(network, HIDDEN, 0.3, ESPALIER_TANH));
    OK(espalier_network_add_linear(network, HIDDEN, 0.3, ESPALIER_TANH));
  }
  OK(espalier_network_add_linear(network, OUT, 1, ESPALIER_IDENTITY));
  OK(espalier_layer_set(network, 3, "fixed_density", 1));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  OK(espalier_network_build(network, BATCH));
  OK(espalier_optimizer_destroy(optimizer));
  return network;
}

/* The pattern is sorted and within its shape; what is beyond the connections is 0. */
static void check_layer(espalier_network *network, int64_t layer) {
  int32_t *rows, *columns;
  int64_t connections = 0, biases = 0, count, i, capacity;
  real *w = NULL, *dw = NULL, *bias = NULL, *bias_gradients = NULL;
  OK(espalier_layer_pattern(network, layer, 0, 0, NULL, NULL, NULL, &connections));
  rows = malloc((size_t)connections * sizeof *rows);
  columns = malloc((size_t)connections * sizeof *columns);
  OK(espalier_layer_pattern(network, layer, 0, connections, NULL, rows, columns, &connections));
  for (i = 0; i < connections; i++) {
    CHECK(rows[i] >= 0 && rows[i] < subject->units[layer - 1] && columns[i] >= 0 && columns[i] < subject->inputs[layer - 1]);
    if (i > 0) CHECK(rows[i] > rows[i - 1] || (rows[i] == rows[i - 1] && columns[i] > columns[i - 1]));
  }
  OK(F(espalier_layer_parameters)(network, layer, &w, &dw, &count, &bias, &bias_gradients, &biases));
  CHECK(count == connections && biases == subject->units[layer - 1]);
  capacity = (int64_t)layer_value(network, layer, "parameters") - biases;
  CHECK(capacity >= connections);
  for (i = connections; i < capacity; i++) CHECK(w[i] == 0 && dw[i] == 0);
  free(rows);
  free(columns);
}

static void train(espalier_network *network, int steps) {
  double loss;
  int i;
  for (i = 0; i < steps; i++) {
    OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
    CHECK(loss == loss && loss < 1e6);
  }
}

static void one_preset(int method, int rule) {
  const struct preset *preset = &presets[method];
  espalier_topology *topology = make_preset(method);
  espalier_network *network = make_subject(topology, rule);
  double before[LAYERS], after[LAYERS], sum_before = 0, sum_after = 0, count = 0, loss;
  int64_t layer;
  count = network_value(network, "parameters");
  for (layer = 1; layer <= 2; layer++) sum_before += before[layer - 1] = layer_value(network, layer, "connections");
  /* 144 and 120 connections in 20 units. */
  if (method == ESPALIER_SRIGL && !subject->has_fields) CHECK(before[0] == 140 && before[1] == 120);
  train(network, STEPS);
  for (layer = 1; layer <= LAYERS; layer++) check_layer(network, layer);
  for (layer = 1; layer <= 2; layer++) {
    const double positions = (double)(subject->units[layer - 1] * subject->inputs[layer - 1]);
    sum_after += after[layer - 1] = layer_value(network, layer, "connections");
    check_true(layer_value(network, layer, "topology_updates") >= preset->updates, __FILE__, __LINE__, preset->name);
    if (preset->promise == EACH_LAYER)
      check_true(after[layer - 1] == before[layer - 1], __FILE__, __LINE__, preset->name);
    if (preset->promise == FINAL_OF_LAYER)
      check_true(after[layer - 1] == positions - (double)(int64_t)(0.9 * positions), __FILE__, __LINE__, preset->name);
  }
  if (preset->promise == THE_SUM) check_true(sum_after == sum_before, __FILE__, __LINE__, preset->name);
  if (preset->promise == FEWER) check_true(sum_after < sum_before, __FILE__, __LINE__, preset->name);
  if (preset->promise == FINAL_OF_SUM) {
    const int64_t positions = subject->units[0] * subject->inputs[0] + subject->units[1] * subject->inputs[1];
    check_true(sum_after == (double)(positions - positions * 9 / 10), __FILE__, __LINE__, preset->name);
  }
  CHECK(layer_value(network, 3, "connections") == subject->units[2] * subject->inputs[2] && layer_value(network, 3, "topology_updates") == 0);
  /* Room is capacity: updates never change the count. */
  CHECK(network_value(network, "parameters") == count);
  OK(F(espalier_network_evaluate)(network, x, target, BATCH, &loss));
  CHECK(loss == loss && loss < 1e6);
  OK(espalier_network_destroy(network));
  OK(espalier_topology_destroy(topology));
}

static void every_preset(void) {
  int method;
  for (method = ESPALIER_STATIC; method <= ESPALIER_STR; method++) {
    one_preset(method, ESPALIER_SGD);
    one_preset(method, ESPALIER_ADAM);
  }
}

/* The same seed gives the same bits, and another number of threads too. */
static void every_preset_is_repeatable(void) {
  int method, threads;
  for (method = ESPALIER_SET; method <= ESPALIER_STR; method++) {
    uint64_t prints[2];
    for (threads = 1; threads <= 2; threads++) {
      espalier_topology *topology = make_preset(method);
      espalier_network *network = make_subject(topology, ESPALIER_SGD);
      real *w = NULL, *dw = NULL;
      int64_t count = 0;
      OK(espalier_network_set_threads(network, threads));
      train(network, STEPS);
      OK(F(espalier_network_parameters)(network, &w, &dw, &count));
      prints[threads - 1] = hash_bytes(1, w, (size_t)count * sizeof *w);
      OK(espalier_network_destroy(network));
      OK(espalier_topology_destroy(topology));
    }
    check_true(prints[0] == prints[1], __FILE__, __LINE__, presets[method].name);
  }
}

/* Every method answers for every option, and a clock of epochs goes by end_epoch. */
static void epochs(void) {
  espalier_topology *topology = make_preset(ESPALIER_RIGL);
  espalier_network *network;
  double loss;
  int epoch;
  OK(espalier_topology_set(topology, "clock", ESPALIER_CLOCK_EPOCHS));
  OK(espalier_topology_set(topology, "every", 2));
  network = make_subject(topology, ESPALIER_SGD);
  for (epoch = 1; epoch <= 4; epoch++) {
    OK(F(espalier_network_train_epoch)(network, x, target, BATCH, 4, 1, NULL, NULL, &loss));
    CHECK(layer_value(network, 1, "topology_updates") == epoch / 2);
  }
  train(network, 5);
  OK(espalier_network_end_epoch(network)); /* the fifth */
  CHECK(layer_value(network, 1, "topology_updates") == 2);
  OK(F(espalier_network_evaluate)(network, x, target, BATCH, &loss));
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "end_epoch", "backward", espalier_network_end_epoch(network));
  train(network, 1);
  OK(espalier_network_end_epoch(network)); /* the sixth: the refused one was not counted */
  CHECK(layer_value(network, 1, "topology_updates") == 3);
  OK(espalier_network_destroy(network));
  OK(espalier_topology_destroy(topology));
}

static void contradictions(void) {
  static const struct {
    int method;
    const char *options[3];
    double values[3];
    const char *name, *value;
  } cases[] = {{ESPALIER_GRADUAL, {"density_begin", "density_end"}, {10, 10}, "density_end", "10"},
               {ESPALIER_GRANET, {"density_end"}, {0}, "density_end", "0"},
               {ESPALIER_ACDC, {"density_end"}, {50}, "phase", "0"},
               {ESPALIER_SET, {"phase"}, {5}, "phase", "5"},
               {ESPALIER_SET, {"final_density"}, {0}, "final_density", "0"},
               {ESPALIER_SET, {"final_density", "density_end"}, {-0.5, 10}, "final_density", "-0.5"},
               {ESPALIER_RIGL, {"until_share"}, {0.75}, "training_length", "0.75"},
               {ESPALIER_RIGL, {"until_share", "training_length"}, {-0.5, 10}, "until_share", "-0.5"},
               {ESPALIER_SRIGL, {"redistribute"}, {1}, "redistribute", "constant_fan_in"},
               {ESPALIER_SNFS, {"published", "redistribute"}, {1, 0}, "published", "redistribute"}};
  espalier_topology *fixed = make_preset(ESPALIER_STATIC);
  espalier_network *network = make_subject(fixed, ESPALIER_SGD);
  size_t i, j;
  for (i = 0; i < LENGTH(cases); i++) {
    espalier_topology *topology = NULL;
    OK(espalier_topology_create(cases[i].method, &topology));
    for (j = 0; j < LENGTH(cases[i].options) && cases[i].options[j]; j++)
      OK(espalier_topology_set(topology, cases[i].options[j], cases[i].values[j]));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, cases[i].name, cases[i].value,
            espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
    OK(espalier_topology_destroy(topology));
  }
  OK(espalier_network_destroy(network));
  OK(espalier_topology_destroy(fixed));
}

static void convolutions(void) {
  subject = &subjects[1];
  every_preset();
  every_preset_is_repeatable();
  subject = &subjects[0];
}

int main(void) {
  static const struct test tests[] = {TEST(every_preset), TEST(every_preset_is_repeatable), TEST(convolutions), TEST(epochs),
                                      TEST(contradictions)};
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  return run_tests(tests, LENGTH(tests));
}
