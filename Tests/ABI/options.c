/* Every option by its name: its default, a value that is taken and read back, values that are refused. */
#include <math.h>
#include <string.h>

#include "fixture.h"

struct option {
  const char *name;
  double initial, other, bad;
};

static const double not_finite[2] = {NAN, INFINITY};

static void network_options(void) {
  static const struct option options[] = {
      {"huber_delta", 1, 0.5, 0}, {"label_base", 0, 1, 2}, {"clip_norm", 0, 2.5, -1}, {"accumulate", 1, 4, 0.5},
      {"dense_crossover", 0.55, 0, -1}};
  espalier_network *network = make_network();
  size_t i, j;
  for (i = 0; i < LENGTH(options); i++) {
    const char *name = options[i].name;
    CHECK(network_value(network, name) == options[i].initial);
    OK(espalier_network_set(network, name, options[i].other));
    CHECK(network_value(network, name) == options[i].other);
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, name, "got", espalier_network_set(network, name, options[i].bad));
    for (j = 0; j < 2; j++)
      REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, name, j ? "inf" : "nan",
              espalier_network_set(network, name, not_finite[j]));
    OK(espalier_network_set(network, name, options[i].initial));
  }
  REFUSES(network, ESPALIER_ERROR_UNKNOWN_NAME, "dropfraction", "\"", espalier_network_set(network, "dropfraction", 1));
  REFUSES(network, ESPALIER_ERROR_UNKNOWN_NAME, "\"\"", "\"", espalier_network_set(network, "", 1));
  CHECK(espalier_network_set(network, "parameters", 3) != ESPALIER_OK); /* can be read only */
  OK(espalier_network_destroy(network));
}

static void network_threads(void) {
  espalier_network *network = make_network();
  OK(espalier_network_set_threads(network, 3));
  CHECK(network_value(network, "threads") == 3);
  OK(espalier_network_set_threads(network, 0));
  CHECK(network_value(network, "threads") >= 1);
  OK(espalier_network_set_threads(network, 1024));
  OK(espalier_network_set_threads(network, 1));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "threads", "-1", espalier_network_set_threads(network, -1));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "threads", "1025", espalier_network_set_threads(network, 1025));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "threads", "2147483647",
          espalier_network_set_threads(network, 2147483647));
  OK(espalier_network_destroy(network));
}

static void network_losses(void) {
  espalier_network *network = make_network();
  int loss;
  for (loss = ESPALIER_MEAN_SQUARED_ERROR; loss <= ESPALIER_HUBER; loss++) {
    OK(espalier_network_set_loss(network, loss));
    CHECK(network_value(network, "loss") == loss);
  }
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "loss", "4", espalier_network_set_loss(network, 4));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "loss", "-1", espalier_network_set_loss(network, -1));
  OK(espalier_network_destroy(network));
}

static void layer_options(void) {
  espalier_network *network = describe_network(1);
  OK(espalier_network_add_linear(network, 4, 0.5, ESPALIER_LEAKY_RELU));
  CHECK(layer_value(network, 5, "negative_slope") == 0.01);
  OK(espalier_layer_set(network, 5, "negative_slope", 0.2));
  CHECK(layer_value(network, 5, "negative_slope") == 0.2);
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "negative_slope", "-0.1",
          espalier_layer_set(network, 5, "negative_slope", -0.1));
  CHECK(layer_value(network, 1, "bias") == 1);
  OK(espalier_layer_set(network, 1, "bias", 0));
  CHECK(layer_value(network, 1, "bias") == 0);
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "bias", "0.5", espalier_layer_set(network, 1, "bias", 0.5));
  CHECK(layer_value(network, 1, "initializer") == ESPALIER_HE_UNIFORM);
  OK(espalier_layer_set(network, 1, "initializer", ESPALIER_GLOROT_NORMAL));
  CHECK(layer_value(network, 1, "initializer") == ESPALIER_GLOROT_NORMAL);
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "initializer", "6", espalier_layer_set(network, 1, "initializer", 6));
  OK(espalier_layer_set(network, 1, "fixed_density", 1));
  CHECK(layer_value(network, 1, "fixed_density") == 1);
  OK(espalier_layer_set(network, 1, "density", 0.75));
  CHECK(layer_value(network, 1, "density") == 0.75);
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "density", "1.7", espalier_layer_set(network, 1, "density", 1.7));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "density", "nan", espalier_layer_set(network, 1, "density", NAN));
  OK(espalier_layer_set(network, 2, "probability", 0.5));
  CHECK(layer_value(network, 2, "probability") == 0.5);
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "probability", "1.0", espalier_layer_set(network, 2, "probability", 1));
  REFUSES(network, ESPALIER_ERROR_UNKNOWN_NAME, "slope", "\"", espalier_layer_set(network, 1, "slope", 1));
  OK(espalier_network_build(network, 3));
  CHECK(layer_value(network, 1, "connections") == 30);
  OK(espalier_layer_set(network, 5, "negative_slope", 0.3)); /* any time */
  OK(espalier_layer_set(network, 2, "probability", 0));
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "bias", "", espalier_layer_set(network, 1, "bias", 1));
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "density", "", espalier_layer_set(network, 1, "density", 0.5));
  OK(espalier_network_destroy(network));
}

static const struct option every_rule[] = {
    {"schedule", 0, 3, 4},     {"step_size", 1, 10, 0},    {"gamma", 0.1, 0.5, 0},  {"period", 1, 100, 0},
    {"minimum_rate", 0, 1e-5, -1}, {"warmup", 0, 20, -1}, {"warmup_start", 1.0 / 3, 1, 0}, {"learning_rate", 0, 0.5, -0.1},
    {"weight_decay", 0, 0.02, -1}};
static const struct option sgd[] = {{"momentum", 0, 0.9, -1}, {"dampening", 0, 0.5, NAN}, {"nesterov", 0, 1, 2}};
static const struct option rmsprop[] = {
    {"alpha", 0.99, 0.9, -1}, {"epsilon", 1e-8, 1e-6, -1}, {"momentum", 0, 0.5, -1}, {"centered", 0, 1, 3}};
static const struct option adagrad[] = {
    {"lr_decay", 0, 0.1, -1}, {"initial_accumulator", 0, 0.5, -1}, {"epsilon", 1e-10, 1e-6, -1}};
static const struct option adam[] = {
    {"beta1", 0.9, 0.8, 1}, {"beta2", 0.999, 0.99, 1}, {"epsilon", 1e-8, 1e-6, -1}, {"amsgrad", 0, 1, 0.5}};

static const struct {
  int rule;
  double learning_rate, weight_decay;
  const struct option *own;
  size_t count;
} rules[] = {{ESPALIER_SGD, 0.001, 0, sgd, LENGTH(sgd)},
             {ESPALIER_RMSPROP, 0.01, 0, rmsprop, LENGTH(rmsprop)},
             {ESPALIER_ADAGRAD, 0.01, 0, adagrad, LENGTH(adagrad)},
             {ESPALIER_ADAM, 0.001, 0, adam, LENGTH(adam)},
             {ESPALIER_ADAMW, 0.001, 0.01, adam, LENGTH(adam)}};

static double optimizer_value(const espalier_optimizer *optimizer, const char *name) {
  double value = -1e300;
  check_status(espalier_optimizer_get(optimizer, name, &value), ESPALIER_OK, __FILE__, __LINE__, name);
  return value;
}

static void one_hyperparameter(espalier_optimizer *optimizer, const struct option *option, double initial) {
  size_t j;
  check_true(optimizer_value(optimizer, option->name) == initial, __FILE__, __LINE__, option->name);
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, option->name, "got", espalier_optimizer_set(optimizer, option->name, option->bad));
  for (j = 0; j < 2; j++)
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, option->name, j ? "inf" : "nan",
         espalier_optimizer_set(optimizer, option->name, not_finite[j]));
  check_true(optimizer_value(optimizer, option->name) == initial, __FILE__, __LINE__, option->name);
  OK(espalier_optimizer_set(optimizer, option->name, option->other));
  check_true(optimizer_value(optimizer, option->name) == option->other, __FILE__, __LINE__, option->name);
  OK(espalier_optimizer_set(optimizer, option->name, initial));
}

static void hyperparameters(void) {
  size_t i, j;
  for (i = 0; i < LENGTH(rules); i++) {
    espalier_optimizer *optimizer = NULL;
    OK(espalier_optimizer_create(rules[i].rule, &optimizer));
    CHECK(optimizer_value(optimizer, "rule") == rules[i].rule);
    CHECK(optimizer_value(optimizer, "steps") == 0);
    CHECK(optimizer_value(optimizer, "rate") == rules[i].learning_rate);
    for (j = 0; j < LENGTH(every_rule); j++) {
      double initial = every_rule[j].initial;
      if (strcmp(every_rule[j].name, "learning_rate") == 0) initial = rules[i].learning_rate;
      if (strcmp(every_rule[j].name, "weight_decay") == 0) initial = rules[i].weight_decay;
      one_hyperparameter(optimizer, &every_rule[j], initial);
    }
    for (j = 0; j < rules[i].count; j++) one_hyperparameter(optimizer, &rules[i].own[j], rules[i].own[j].initial);
    SAYS(ESPALIER_ERROR_UNKNOWN_NAME, "learningrate", "\"", espalier_optimizer_set(optimizer, "learningrate", 1));
    if (rules[i].rule != ESPALIER_ADAM && rules[i].rule != ESPALIER_ADAMW)
      SAYS(ESPALIER_ERROR_UNKNOWN_NAME, "beta1", "\"", espalier_optimizer_set(optimizer, "beta1", 0.5));
    OK(espalier_optimizer_destroy(optimizer));
  }
}

static void a_layers_own_hyperparameters(void) {
  espalier_network *network = make_network();
  double value = 0;
  OK(espalier_layer_set_optimizer_option(network, 3, "learning_rate", 0.125));
  OK(espalier_layer_get_optimizer_option(network, 3, "learning_rate", &value));
  CHECK(value == 0.125);
  OK(espalier_layer_get_optimizer_option(network, 1, "learning_rate", &value));
  CHECK(value == 0.01);
  OK(espalier_layer_set_optimizer_option(network, ESPALIER_ALL_LAYERS, "weight_decay", 0.25));
  OK(espalier_layer_get_optimizer_option(network, 4, "weight_decay", &value));
  CHECK(value == 0.25);
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "learning_rate", "nan",
          espalier_layer_set_optimizer_option(network, ESPALIER_ALL_LAYERS, "learning_rate", NAN));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "9",
          espalier_layer_set_optimizer_option(network, 9, "learning_rate", 0.1));
  REFUSES(network, ESPALIER_ERROR_UNKNOWN_NAME, "alpha", "\"",
          espalier_layer_set_optimizer_option(network, 1, "alpha", 0.1));
  OK(espalier_network_destroy(network));
}

static void topology_options(void) {
  static const struct option options[] = {{"every", 100, 7, 0},
                                          {"begin", -1, 12, -2},
                                          {"until", -1, 900, -2},
                                          {"drop_fraction", 0.3, 0.5, 1.5},
                                          {"decay", -1, ESPALIER_DECAY_COSINE, 6},
                                          {"published", 0, 1, 2}};
  int method;
  size_t i, j;
  for (method = ESPALIER_SET; method <= ESPALIER_RIGL; method++) {
    espalier_topology *topology = NULL;
    double value = -1e300;
    OK(espalier_topology_create(method, &topology));
    OK(espalier_topology_get(topology, "method", &value));
    CHECK(value == method);
    for (i = 0; i < LENGTH(options); i++) {
      const char *name = options[i].name;
      if (strcmp(name, "published") == 0) {
        if (method == ESPALIER_RIGL) {
          SAYS(ESPALIER_ERROR_UNKNOWN_NAME, "published", "", espalier_topology_set(topology, name, 1));
          continue;
        }
      }
      if (strcmp(name, "decay") != 0) {
        OK(espalier_topology_get(topology, name, &value));
        check_true(value == options[i].initial, __FILE__, __LINE__, name);
      }
      SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, name, "got", espalier_topology_set(topology, name, options[i].bad));
      for (j = 0; j < 2; j++)
        SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, name, j ? "inf" : "nan", espalier_topology_set(topology, name, not_finite[j]));
      OK(espalier_topology_set(topology, name, options[i].other));
      OK(espalier_topology_get(topology, name, &value));
      check_true(value == options[i].other, __FILE__, __LINE__, name);
    }
    SAYS(ESPALIER_ERROR_UNKNOWN_NAME, "evry", "\"", espalier_topology_set(topology, "evry", 1));
    SAYS(ESPALIER_ERROR_UNKNOWN_NAME, "evry", "\"", espalier_topology_get(topology, "evry", &value));
    OK(espalier_topology_destroy(topology));
  }
}

static void enumerators_out_of_range(void) {
  espalier_optimizer *optimizer = NULL;
  espalier_topology *topology = NULL;
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "rule", "5", espalier_optimizer_create(5, &optimizer));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "rule", "-1", espalier_optimizer_create(-1, &optimizer));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "method", "99", espalier_topology_create(99, &topology));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "method", "-2147483648", espalier_topology_create(-2147483647 - 1, &topology));
  CHECK(optimizer == NULL && topology == NULL);
}

int main(void) {
  static const struct test tests[] = {TEST(network_options), TEST(network_threads),  TEST(network_losses),
                                      TEST(layer_options),   TEST(hyperparameters),  TEST(a_layers_own_hyperparameters),
                                      TEST(topology_options), TEST(enumerators_out_of_range)};
  return run_tests(tests, LENGTH(tests));
}
