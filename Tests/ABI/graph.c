/* Layers that take from any layers before them: gradients, shapes, and what is refused. */
#include "layers.h"

enum { FEATURES = 6, BATCH = 5 };

/* A layer with some of its options. */
static int64_t add(espalier_network *network, int kind, int64_t count, const int64_t *inputs, int64_t options,
                   const char *const *names, const double *values) {
  int64_t layer = -1;
  OK(espalier_network_add_layer(network, kind, count, inputs, options, names, values, &layer));
  return layer;
}

static int64_t add_linear(espalier_network *network, int64_t from, double units, double density) {
  const char *names[] = {"units", "density", "activation"};
  const double values[] = {units, density, ESPALIER_TANH};
  return add(network, ESPALIER_LAYER_LINEAR, 1, &from, 3, names, values);
}

#define TANH(units_, density_) {{"units", units_}, {"density", density_}, {"activation", ESPALIER_TANH}}

/* The input goes to three layers and to the end; a layer feeds three others; one value is added to itself. */
static const struct layer_case graph = {
    .name = "graph", .dimensions = 1, .lengths = {FEATURES}, .layer_count = 6, .layers = {
      {ESPALIER_LAYER_LINEAR, 0, {0}, TANH(FEATURES, 0.5)},
      {ESPALIER_LAYER_SUM, 3, {0, 1, 1}, {{0}}},
      {ESPALIER_LAYER_LINEAR, 0, {0}, TANH(9, 0.4)},
      {ESPALIER_LAYER_LINEAR, 1, {1}, TANH(4, 1)},
      {ESPALIER_LAYER_CONCATENATION, 5, {3, 0, 4, 2, 3}, {{0}}},
      {ESPALIER_LAYER_LINEAR, 0, {0}, TANH(3, 0.7)},
    }};

static espalier_network *make_graph(void) {
  espalier_network *network = describe_case(&graph, OURS);
  CHECK(layer_value(network, 5, "units") == 9 + FEATURES + 4 + FEATURES + 9);
  OK(espalier_network_build(network, BATCH));
  return network;
}

static void gradients(void) {
  real x[BATCH * FEATURES], y[BATCH * 3], dy[BATCH * 3], dx[BATCH * FEATURES], *w = NULL, *dw = NULL, seen[400];
  espalier_network *network = make_graph();
  int64_t count = 0;
  check_case(&graph);
  /* The gradients of the parameters are the same to the bit without dx. */
  fill(x, BATCH * FEATURES, 1);
  fill(dy, BATCH * 3, 2);
  OK(F(espalier_network_parameters)(network, &w, &dw, &count));
  OK(F(espalier_network_forward)(network, x, BATCH, y));
  OK(F(espalier_network_backward)(network, dy, BATCH, dx));
  CHECK(count > 0 && count <= (int64_t)LENGTH(seen));
  for (int64_t i = 0; i < count; i++) seen[i] = dw[i];
  OK(F(espalier_network_forward)(network, x, BATCH, y));
  OK(F(espalier_network_backward)(network, dy, BATCH, NULL));
  for (int64_t i = 0; i < count; i++) CHECK(dw[i] == seen[i]);
  OK(espalier_network_destroy(network));
}

/* Every criterion takes what it is told of a network that is no chain. */
static void pruning(void) {
  real x[BATCH * FEATURES], target[BATCH * 3];
  int criterion;
  fill(x, BATCH * FEATURES, 1);
  fill(target, BATCH * 3, 2);
  for (criterion = ESPALIER_PRUNE_RANDOM; criterion <= ESPALIER_PRUNE_SPARSEGPT; criterion++) {
    espalier_network *network = make_graph();
    espalier_pruning *pruning = make_pruning(criterion, 0.3);
    if (criterion >= ESPALIER_PRUNE_OBS) OK(espalier_pruning_set(pruning, "damping", 0.1));
    OK(F(espalier_network_prune)(network, pruning, x, target, BATCH));
    CHECK(network_value(network, "density") < 0.32); /* of 207 positions 65 stay: each layer rounds up */
    OK(espalier_pruning_destroy(pruning));
    OK(espalier_network_destroy(network));
  }
}

/* Units count as dead only where nothing takes them, through sums and concatenations too. */
static void dead_units(void) {
  static const int32_t rows[] = {0, 1, 2, 3}, columns[] = {0, 1, 0, 1};
  espalier_network *network = NULL;
  OK(espalier_network_create(PRECISION, FEATURES, 1, &network));
  add_linear(network, 0, FEATURES, 1);
  add_linear(network, 1, 2, 1);
  add(network, ESPALIER_LAYER_CONCATENATION, 2, (int64_t[]){1, 2}, 0, NULL, NULL);
  add_linear(network, 3, 4, 1);
  OK(F(espalier_layer_set_pattern_coo)(network, 4, 4, rows, columns, NULL, 0));
  OK(espalier_network_build(network, BATCH));
  CHECK(layer_value(network, 1, "dead_units") == 0); /* layer 2 is dense and takes all of them */
  CHECK(layer_value(network, 2, "dead_units") == 2); /* layer 4 takes the first two of layer 1 alone */
  OK(espalier_network_destroy(network));
  network = NULL;
  OK(espalier_network_create(PRECISION, FEATURES, 1, &network));
  add_linear(network, 0, 4, 1);
  add_linear(network, 1, 4, 1);
  OK(F(espalier_layer_set_pattern_coo)(network, 2, 4, rows, columns, NULL, 0));
  add(network, ESPALIER_LAYER_SUM, 2, (int64_t[]){1, 2}, 0, NULL, NULL);
  OK(espalier_network_build(network, BATCH));
  CHECK(layer_value(network, 1, "dead_units") == 0); /* two of them feed the sum alone */
  OK(espalier_network_destroy(network));
}

static void refusals(void) {
  espalier_network *network = NULL;
  const char *names[] = {"units", "density"}, *unknown[] = {"width"}, *none[] = {NULL};
  const double values[] = {4, 0.5}, dense = 1.5;
  int64_t layer = 77;
  OK(espalier_network_create(PRECISION, FEATURES, 1, &network));
  add_linear(network, 0, 4, 0.5);
#define ADD(...) espalier_network_add_layer(network, __VA_ARGS__, &layer)
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "kind", "-1", ADD(-1, 0, NULL, 0, NULL, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "kind", "99", ADD(99, 0, NULL, 0, NULL, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "inputs", "2", ADD(ESPALIER_LAYER_LINEAR, 1, (int64_t[]){2}, 2, names, values));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "inputs", "-1", ADD(ESPALIER_LAYER_SUM, 2, ((int64_t[]){1, -1}), 0, NULL, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "one layer", "2", ADD(ESPALIER_LAYER_LINEAR, 2, ((int64_t[]){0, 1}), 0, NULL, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "two or more", "1", ADD(ESPALIER_LAYER_SUM, 0, NULL, 0, NULL, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "sum layer 2", "4", ADD(ESPALIER_LAYER_SUM, 2, ((int64_t[]){0, 1}), 0, NULL, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "input_count", "-1", ADD(ESPALIER_LAYER_SUM, -1, NULL, 0, NULL, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "option_count", "65536", ADD(ESPALIER_LAYER_LINEAR, 0, NULL, 65536, names, values));
  REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "inputs", "NULL", ADD(ESPALIER_LAYER_SUM, 2, NULL, 0, NULL, NULL));
  REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "names", "NULL", ADD(ESPALIER_LAYER_LINEAR, 0, NULL, 2, NULL, values));
  REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "values", "NULL", ADD(ESPALIER_LAYER_LINEAR, 0, NULL, 2, names, NULL));
  REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "name", "NULL", ADD(ESPALIER_LAYER_LINEAR, 0, NULL, 1, none, values));
  REFUSES(network, ESPALIER_ERROR_UNKNOWN_NAME, "linear layer 2", "width", ADD(ESPALIER_LAYER_LINEAR, 0, NULL, 1, unknown, values));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "density", "1.5", ADD(ESPALIER_LAYER_LINEAR, 0, NULL, 1, names + 1, &dense));
#if PRECISION == 32
  {
    const char *slope[] = {"negative_slope"};
    const double large = 1e39;
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "negative_slope", "1e+39", ADD(ESPALIER_LAYER_LINEAR, 0, NULL, 1, slope, &large));
  }
#endif
  CHECK(layer == 77);
  /* A layer that nobody takes from. */
  OK(espalier_network_add_layer(network, ESPALIER_LAYER_LINEAR, 1, (int64_t[]){0}, 2, names, values, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "build", "linear layer 1", espalier_network_build(network, 2));
  OK(ADD(ESPALIER_LAYER_SUM, 2, ((int64_t[]){1, 2}), 0, NULL, NULL));
  CHECK(layer == 3);
  /* Units that a sum no longer fits. */
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "sum layer 3", "5", espalier_layer_set(network, 1, "units", 5));
  OK(espalier_network_build(network, 2));
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "built", "already", ADD(ESPALIER_LAYER_SUM, 2, ((int64_t[]){1, 2}), 0, NULL, NULL));
#undef ADD
  OK(espalier_network_destroy(network));
}

/* A sample of a network is a vector until it is said to be a field; layers on vectors see the same features. */
static void shapes(void) {
  espalier_network *network = NULL;
  int64_t lengths[4] = {-1, -1, -1, -1}, dimensions = -1, field[] = {2, 3, 2};
  const int64_t huge[] = {INT64_MAX, INT64_MAX, 2};
  OK(espalier_network_create(PRECISION, 12, 1, &network));
  OK(espalier_layer_shape(network, 0, 4, lengths, &dimensions));
  CHECK(dimensions == 1 && lengths[0] == 12 && lengths[1] == -1);
  OK(espalier_network_set_input_shape(network, 3, field));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "12", "6", espalier_network_set_input_shape(network, 2, field));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "dimensions", "0", espalier_network_set_input_shape(network, 0, field));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "dimensions", "5", espalier_network_set_input_shape(network, 5, field));
  REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "lengths", "NULL", espalier_network_set_input_shape(network, 3, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "input", "9223372036854775807", espalier_network_set_input_shape(network, 3, huge));
  field[1] = -3;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "input", "-3", espalier_network_set_input_shape(network, 3, field));
  OK(espalier_layer_shape(network, 0, 4, lengths, &dimensions));
  CHECK(dimensions == 3 && lengths[0] == 2 && lengths[1] == 3 && lengths[2] == 2 && lengths[3] == -1);
  REFUSES(network, ESPALIER_ERROR_BUFFER_TOO_SMALL, "capacity", "2", espalier_layer_shape(network, 0, 2, lengths, &dimensions));
  REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "lengths", "NULL", espalier_layer_shape(network, 0, 4, NULL, &dimensions));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "1", espalier_layer_shape(network, 1, 4, lengths, &dimensions));
  OK(espalier_layer_shape(network, 0, 0, NULL, NULL));
  add_linear(network, 0, 5, 1);
  OK(espalier_layer_shape(network, 1, 4, lengths, &dimensions));
  CHECK(dimensions == 1 && lengths[0] == 5);
  OK(espalier_network_build(network, 2));
  field[1] = 3;
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "set_input_shape", "built", espalier_network_set_input_shape(network, 3, field));
  OK(espalier_network_destroy(network));
}

int main(void) {
  const struct test tests[] = {TEST(gradients), TEST(pruning), TEST(dead_units), TEST(refusals), TEST(shapes)};
  return run_tests(tests, LENGTH(tests));
}
