/* NULL for every pointer of every function: a status, the argument's name, nothing changed. */
#include "fixture.h"

#define NULLS(name, ...) REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, name, "NULL", __VA_ARGS__)

static real x[MAX_BATCH * INPUTS], target[MAX_BATCH * OUTPUTS], y[MAX_BATCH * OUTPUTS], w[PARAMETERS], dw[PARAMETERS];
static int32_t labels[MAX_BATCH];
static double value;
static int64_t count, units;

static void describing(void) {
  espalier_network *network = describe_network(1);
  const int32_t one[1] = {1};
  const int64_t rows[UNITS1 + 1] = {0, 1, 1, 1, 1, 1, 1, 1, 1};
  NULLS("network", espalier_network_create(OURS, 3, 1, NULL));
  NULLS("rows", F(espalier_layer_set_pattern_coo)(network, 1, 1, NULL, one, NULL, 0));
  NULLS("columns", F(espalier_layer_set_pattern_coo)(network, 1, 1, one, NULL, NULL, 0));
  NULLS("row_start", F(espalier_layer_set_pattern_csr)(network, 1, NULL, one, NULL, 0));
  NULLS("columns", F(espalier_layer_set_pattern_csr)(network, 1, rows, NULL, NULL, 0));
  NULLS("lengths", espalier_layer_set_pattern_grid(network, 1, 1, NULL, rows, NULL));
  NULLS("kernel", espalier_layer_set_pattern_grid(network, 1, 1, rows, NULL, NULL));
  NULLS("row_start", espalier_layer_set_pattern_mesh_i32(network, 1, 1, NULL, one, 1, 0));
  NULLS("columns", espalier_layer_set_pattern_mesh_i32(network, 1, 1, one, NULL, 1, 0));
  NULLS("row_start", espalier_layer_set_pattern_mesh_i64(network, 1, 1, NULL, rows, 1, 0));
  NULLS("columns", espalier_layer_set_pattern_mesh_i64(network, 1, 1, rows, NULL, 1, 0));
  NULLS("optimizer", espalier_network_set_optimizer(network, 1, NULL));
  NULLS("topology", espalier_network_set_topology(network, 1, NULL));
  NULLS("name", espalier_network_set(network, NULL, 1));
  NULLS("name", espalier_network_get(network, NULL, &value));
  NULLS("value", espalier_network_get(network, "inputs", NULL));
  NULLS("name", espalier_layer_set(network, 1, NULL, 1));
  NULLS("name", espalier_layer_get(network, 1, NULL, &value));
  NULLS("value", espalier_layer_get(network, 1, "units", NULL));
  OK(espalier_network_destroy(network));
}

static void built(void) {
  espalier_network *network = make_network();
  real *a, *b, *c, *d;
  NULLS("name", espalier_layer_set_optimizer_option(network, 1, NULL, 1));
  NULLS("name", espalier_layer_get_optimizer_option(network, 1, NULL, &value));
  NULLS("value", espalier_layer_get_optimizer_option(network, 1, "learning_rate", NULL));
  NULLS("count", espalier_network_parameter_count(network, NULL));
  NULLS("w", F(espalier_network_bind)(network, NULL, dw, PARAMETERS));
  NULLS("dw", F(espalier_network_bind)(network, w, NULL, PARAMETERS));
  NULLS("w", F(espalier_network_parameters)(network, NULL, &b, &count));
  NULLS("dw", F(espalier_network_parameters)(network, &a, NULL, &count));
  NULLS("count", F(espalier_network_parameters)(network, &a, &b, NULL));
  NULLS("weights", F(espalier_layer_parameters)(network, 1, NULL, &b, &count, &c, &d, &units));
  NULLS("weight_gradients", F(espalier_layer_parameters)(network, 1, &a, NULL, &count, &c, &d, &units));
  NULLS("connections", F(espalier_layer_parameters)(network, 1, &a, &b, NULL, &c, &d, &units));
  NULLS("bias", F(espalier_layer_parameters)(network, 1, &a, &b, &count, NULL, &d, &units));
  NULLS("bias_gradients", F(espalier_layer_parameters)(network, 1, &a, &b, &count, &c, NULL, &units));
  NULLS("units", F(espalier_layer_parameters)(network, 1, &a, &b, &count, &c, &d, NULL));
  NULLS("connections", espalier_layer_pattern(network, 1, 0, 0, NULL, NULL, NULL, NULL));
  NULLS("text", espalier_network_info(network, 10, NULL, &count));
  NULLS("length", espalier_network_info(network, 0, NULL, NULL));
  OK(espalier_network_destroy(network));
}

static void training(void) {
  espalier_network *network = make_network();
  NULLS("x", F(espalier_network_train_step)(network, NULL, target, 4, &value));
  NULLS("target", F(espalier_network_train_step)(network, x, NULL, 4, &value));
  NULLS("loss", F(espalier_network_train_step)(network, x, target, 4, NULL));
  NULLS("x", F(espalier_network_train_epoch)(network, NULL, target, 8, 4, 0, NULL, NULL, &value));
  NULLS("target", F(espalier_network_train_epoch)(network, x, NULL, 8, 4, 0, NULL, NULL, &value));
  NULLS("loss", F(espalier_network_train_epoch)(network, x, target, 8, 4, 0, NULL, NULL, NULL));
  NULLS("x", F(espalier_network_evaluate)(network, NULL, target, 4, &value));
  NULLS("target", F(espalier_network_evaluate)(network, x, NULL, 4, &value));
  NULLS("loss", F(espalier_network_evaluate)(network, x, target, 4, NULL));
  NULLS("x", F(espalier_network_predict)(network, NULL, 4, y));
  NULLS("y", F(espalier_network_predict)(network, x, 4, NULL));
  NULLS("x", F(espalier_network_forward)(network, NULL, 4, y));
  NULLS("y", F(espalier_network_forward)(network, x, 4, NULL));
  OK(F(espalier_network_forward)(network, x, 4, y));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "dloss_dy", "NULL", F(espalier_network_backward)(network, NULL, 4, NULL));
  OK(espalier_network_set_loss(network, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  NULLS("x", F(espalier_network_train_step_labels)(network, NULL, labels, 4, &value));
  NULLS("labels", F(espalier_network_train_step_labels)(network, x, NULL, 4, &value));
  NULLS("loss", F(espalier_network_train_step_labels)(network, x, labels, 4, NULL));
  NULLS("x", F(espalier_network_train_epoch_labels)(network, NULL, labels, 8, 4, 0, NULL, NULL, &value));
  NULLS("labels", F(espalier_network_train_epoch_labels)(network, x, NULL, 8, 4, 0, NULL, NULL, &value));
  NULLS("loss", F(espalier_network_train_epoch_labels)(network, x, labels, 8, 4, 0, NULL, NULL, NULL));
  NULLS("x", F(espalier_network_evaluate_labels)(network, NULL, labels, 4, &value, &value));
  NULLS("labels", F(espalier_network_evaluate_labels)(network, x, NULL, 4, &value, &value));
  OK(espalier_network_destroy(network));
}

static void alone(void) {
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAM, 0.1);
  espalier_topology *topology = make_topology(ESPALIER_SET, 3);
  espalier_pruning *pruning = make_pruning(ESPALIER_PRUNE_SNIP, 0.2);
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "optimizer", "NULL", espalier_optimizer_create(ESPALIER_SGD, NULL));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "name", "NULL", espalier_optimizer_set(optimizer, NULL, 1));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "name", "NULL", espalier_optimizer_get(optimizer, NULL, &value));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "value", "NULL", espalier_optimizer_get(optimizer, "beta1", NULL));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "optimizer", "NULL", espalier_optimizer_set(NULL, "beta1", 0.5));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "optimizer", "NULL", espalier_optimizer_get(NULL, "beta1", &value));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "optimizer", "NULL", espalier_optimizer_reset(NULL));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "optimizer", "NULL", F(espalier_optimizer_minimize)(NULL, w, dw, PARAMETERS));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "topology", "NULL", espalier_topology_create(ESPALIER_SET, NULL));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "name", "NULL", espalier_topology_set(topology, NULL, 1));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "name", "NULL", espalier_topology_get(topology, NULL, &value));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "value", "NULL", espalier_topology_get(topology, "every", NULL));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "topology", "NULL", espalier_topology_set(NULL, "every", 3));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "topology", "NULL", espalier_topology_get(NULL, "every", &value));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "pruning", "NULL", espalier_pruning_create(ESPALIER_PRUNE_SNIP, NULL));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "name", "NULL", espalier_pruning_set(pruning, NULL, 1));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "name", "NULL", espalier_pruning_get(pruning, NULL, &value));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "value", "NULL", espalier_pruning_get(pruning, "density", NULL));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "pruning", "NULL", espalier_pruning_set(NULL, "density", 0.5));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "pruning", "NULL", espalier_pruning_get(NULL, "density", &value));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  OK(espalier_pruning_destroy(pruning));
}

static void pruning(void) {
  espalier_network *network = make_network();
  espalier_pruning *snip = make_pruning(ESPALIER_PRUNE_SNIP, 0.2);
  NULLS("pruning", F(espalier_network_prune)(network, NULL, x, target, 4));
  NULLS("x", F(espalier_network_prune)(network, snip, NULL, target, 4));
  NULLS("target", F(espalier_network_prune)(network, snip, x, NULL, 4));
  OK(espalier_network_set_loss(network, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  NULLS("pruning", F(espalier_network_prune_labels)(network, NULL, x, labels, 4));
  NULLS("x", F(espalier_network_prune_labels)(network, snip, NULL, labels, 4));
  NULLS("labels", F(espalier_network_prune_labels)(network, snip, x, NULL, 4));
  OK(espalier_network_destroy(network));
  OK(espalier_pruning_destroy(snip));
}

int main(void) {
  static const struct test tests[] = {TEST(describing), TEST(built), TEST(training), TEST(alone), TEST(pruning)};
  fill(x, LENGTH(x), 1);
  return run_tests(tests, LENGTH(tests));
}
