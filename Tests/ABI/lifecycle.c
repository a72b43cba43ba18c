/* From creation to destruction, and what can be read on the way. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static void version_and_texts(void) {
  int status, major = -1, minor = -1, patch = -1;
  char rest = 0;
  CHECK(sscanf(espalier_version(), "%d.%d.%d%c", &major, &minor, &patch, &rest) == 3);
  CHECK(major == 0 && minor >= 1 && patch >= 0);
  CHECK(espalier_version() == espalier_version());
  for (status = 0; status <= 13; status++) {
    int other;
    CHECK(strlen(espalier_status_string(status)) > 1);
    for (other = 0; other < status; other++) CHECK(strcmp(espalier_status_string(status), espalier_status_string(other)) != 0);
  }
  CHECK(strcmp(espalier_status_string(ESPALIER_ERROR_INVALID_ARGUMENT), "invalid argument") == 0);
  CHECK(strcmp(espalier_status_string(14), "unknown status") == 0);
  CHECK(strcmp(espalier_status_string(-1), "unknown status") == 0);
  CHECK(strcmp(espalier_status_string(2147483647), "unknown status") == 0);
}

/* Must be the first test that runs. */
static void no_error_yet(void) {
  espalier_network *network = NULL;
  char message[512];
  CHECK(espalier_last_error() != NULL && strcmp(espalier_last_error(), "") == 0);
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "inputs", "-3", espalier_network_create(OURS, -3, 1, &network));
  CHECK(network == NULL);
  strncpy(message, espalier_last_error(), sizeof message - 1);
  message[sizeof message - 1] = 0;
  OK(espalier_network_create(OURS, 3, 1, &network));
  OK(espalier_network_destroy(network));
  CHECK(strcmp(espalier_last_error(), message) == 0); /* a success leaves the message */
}

static void what_is_read_before_build(void) {
  espalier_network *network = describe_network(11);
  CHECK(network_value(network, "inputs") == INPUTS);
  CHECK(network_value(network, "layers") == 4);
  CHECK(network_value(network, "built") == 0);
  CHECK(network_value(network, "bound") == 0);
  CHECK(network_value(network, "precision") == OURS);
  CHECK(network_value(network, "seed") == 11);
  CHECK(network_value(network, "loss") == ESPALIER_MEAN_SQUARED_ERROR);
  CHECK(layer_value(network, 1, "units") == UNITS1);
  CHECK(layer_value(network, 3, "activation") == ESPALIER_TANH);
  CHECK(layer_value(network, 2, "probability") == 0.25);
  OK(espalier_network_destroy(network));
}

static void what_is_read_after_build(void) {
  espalier_network *network = make_network();
  const int64_t linear[] = {1, 3, 4};
  const double connections[] = {CONNECTIONS1, CONNECTIONS3, UNITS3 * OUTPUTS}, units[] = {UNITS1, UNITS3, OUTPUTS},
               inputs[] = {INPUTS, UNITS1, UNITS3};
  double offset = 0, parameters = 0;
  int64_t count = 0;
  size_t i;
  for (i = 0; i < 3; i++) {
    CHECK(layer_value(network, linear[i], "connections") == connections[i]);
    CHECK(layer_value(network, linear[i], "units") == units[i]);
    CHECK(layer_value(network, linear[i], "inputs") == inputs[i]);
    CHECK(layer_value(network, linear[i], "parameters") == connections[i] + units[i]);
    CHECK(layer_value(network, linear[i], "offset") == offset);
    CHECK(layer_value(network, linear[i], "flops") >= 2 * connections[i]);
    CHECK(layer_value(network, linear[i], "bytes") > 0);
    CHECK(fabs(layer_value(network, linear[i], "density") - connections[i] / (units[i] * inputs[i])) < 1e-12);
    CHECK(layer_value(network, linear[i], "steps") == 0);
    CHECK(layer_value(network, linear[i], "topology_updates") == 0);
    offset += connections[i] + units[i];
    parameters += connections[i] + units[i];
  }
  CHECK(layer_value(network, 1, "index_bytes") == 2);
  CHECK(network_value(network, "built") == 1);
  CHECK(network_value(network, "outputs") == OUTPUTS);
  CHECK(network_value(network, "parameters") == parameters && parameters == PARAMETERS);
  CHECK(network_value(network, "connections") == CONNECTIONS1 + CONNECTIONS3 + UNITS3 * OUTPUTS);
  CHECK(network_value(network, "max_batch") == MAX_BATCH);
  CHECK(network_value(network, "threads") == 1);
  CHECK(network_value(network, "steps") == 0);
  CHECK(network_value(network, "bytes") >= parameters * sizeof(real));
  CHECK(network_value(network, "flops") >= 2 * network_value(network, "connections"));
  CHECK(fabs(network_value(network, "density") - 64.0 / (INPUTS * UNITS1 + UNITS1 * UNITS3 + UNITS3 * OUTPUTS)) < 1e-12);
  OK(espalier_network_parameter_count(network, &count));
  CHECK(count == PARAMETERS);
  OK(espalier_network_destroy(network));
}

static void table_of_layers(void) {
  espalier_network *network = make_network();
  char text[4096], small[4];
  int64_t length = 0, again = 0;
  OK(espalier_network_info(network, 0, NULL, &length));
  CHECK(length > 40 && length < (int64_t)sizeof text - 1);
  memset(text, '#', sizeof text);
  OK(espalier_network_info(network, length + 1, text, &again));
  CHECK(again == length && (int64_t)strlen(text) == length && text[length + 1] == '#');
  CHECK(strstr(text, "linear") != NULL && strstr(text, "dropout") != NULL);
  memset(small, '#', sizeof small);
  REFUSES(network, ESPALIER_ERROR_BUFFER_TOO_SMALL, "capacity", "4", espalier_network_info(network, 4, small, &again));
  CHECK(again == length && small[0] == '#' && small[3] == '#');
  memset(text, '#', sizeof text);
  GIVES(ESPALIER_ERROR_BUFFER_TOO_SMALL, espalier_network_info(network, length, text, &again));
  CHECK(text[0] == '#');
  OK(espalier_network_destroy(network));
}

static void own_and_bound_arrays(void) {
  espalier_network *network = make_network();
  real *w = malloc(PARAMETERS * sizeof *w), *dw = malloc(PARAMETERS * sizeof *dw);
  real *own = NULL, *own_gradient = NULL, *now = NULL, *now_gradient = NULL;
  real *weights = NULL, *weight_gradients = NULL, *bias = NULL, *bias_gradients = NULL;
  real x[MAX_BATCH * INPUTS], target[MAX_BATCH * OUTPUTS];
  int64_t count = 0, connections = 0, units = 0;
  double loss = 0;
  size_t i;
  OK(F(espalier_network_parameters)(network, &own, &own_gradient, &count));
  CHECK(count == PARAMETERS && own != NULL && own_gradient != NULL);
  for (i = 0; i < PARAMETERS; i++) {
    w[i] = 12345;
    dw[i] = 12345;
  }
  OK(F(espalier_network_bind)(network, w, dw, PARAMETERS));
  CHECK(network_value(network, "bound") == 1);
  OK(F(espalier_network_parameters)(network, &now, &now_gradient, &count));
  CHECK(now == w && now_gradient == dw && count == PARAMETERS);
  for (i = 0; i < PARAMETERS; i++) CHECK(fabs((double)w[i]) < 10 && dw[i] == 0);
  OK(F(espalier_layer_parameters)(network, 3, &weights, &weight_gradients, &connections, &bias, &bias_gradients, &units));
  CHECK(weights == w + CONNECTIONS1 + UNITS1 && weight_gradients == dw + CONNECTIONS1 + UNITS1);
  CHECK(connections == CONNECTIONS3 && units == UNITS3);
  CHECK(bias == weights + CONNECTIONS3 && bias_gradients == weight_gradients + CONNECTIONS3);
  for (i = 0; i < UNITS3; i++) CHECK(bias[i] == 0);
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  OK(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
  OK(espalier_network_unbind(network));
  OK(espalier_network_unbind(network));
  CHECK(network_value(network, "bound") == 0);
  OK(F(espalier_network_parameters)(network, &now, &now_gradient, &count));
  CHECK(now != w && now_gradient != dw);
  CHECK(memcmp(now, w, PARAMETERS * sizeof *w) == 0 && memcmp(now_gradient, dw, PARAMETERS * sizeof *dw) == 0);
  /* After unbind the caller's arrays are the caller's again. */
  memset(w, 0x7f, PARAMETERS * sizeof *w);
  memset(dw, 0x7f, PARAMETERS * sizeof *dw);
  free(w);
  free(dw);
  OK(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
  CHECK(isfinite(loss));
  OK(espalier_network_destroy(network));
}

static void a_layer_without_bias(void) {
  espalier_network *network = describe_network(3);
  real *w = NULL, *dw = NULL, *bias = (real *)&network, *bias_gradients = (real *)&network;
  int64_t count = 0, connections = 0, units = 77;
  OK(espalier_layer_set(network, 3, "bias", 0));
  OK(espalier_network_build(network, 4));
  OK(espalier_network_parameter_count(network, &count));
  CHECK(count == PARAMETERS - UNITS3);
  OK(F(espalier_layer_parameters)(network, 3, &w, &dw, &connections, &bias, &bias_gradients, &units));
  CHECK(connections == CONNECTIONS3 && bias == NULL && bias_gradients == NULL && units == 0);
  OK(espalier_network_destroy(network));
}

static void destroying(void) {
  espalier_network *network;
  espalier_optimizer *optimizer;
  espalier_topology *topology;
  espalier_pruning *pruning;
  int i;
  OK(espalier_network_destroy(NULL));
  OK(espalier_optimizer_destroy(NULL));
  OK(espalier_topology_destroy(NULL));
  OK(espalier_pruning_destroy(NULL));
  for (i = 0; i < 200; i++) {
    network = i % 2 ? make_network() : describe_network(i);
    optimizer = make_optimizer(i % 5, 0.1);
    topology = make_topology(i % 3, 5);
    pruning = make_pruning(i % 6, 0.5);
    OK(espalier_network_destroy(network));
    OK(espalier_optimizer_destroy(optimizer));
    OK(espalier_topology_destroy(topology));
    OK(espalier_pruning_destroy(pruning));
    GIVES(ESPALIER_ERROR_INVALID_HANDLE, espalier_network_destroy(network));
    GIVES(ESPALIER_ERROR_INVALID_HANDLE, espalier_optimizer_destroy(optimizer));
    GIVES(ESPALIER_ERROR_INVALID_HANDLE, espalier_topology_destroy(topology));
    GIVES(ESPALIER_ERROR_INVALID_HANDLE, espalier_pruning_destroy(pruning));
  }
}

/* A network keeps what it was given: the handles may go, and changing them later changes nothing. */
static void handles_are_only_read(void) {
  espalier_network *network = describe_network(5);
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.25);
  double rate = 0;
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_optimizer_set(optimizer, "learning_rate", 0.75));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_network_build(network, 4));
  OK(espalier_layer_get_optimizer_option(network, 1, "learning_rate", &rate));
  CHECK(rate == 0.25);
  OK(espalier_network_destroy(network));
}

int main(void) {
  static const struct test tests[] = {TEST(no_error_yet),
                                      TEST(version_and_texts),
                                      TEST(what_is_read_before_build),
                                      TEST(what_is_read_after_build),
                                      TEST(table_of_layers),
                                      TEST(own_and_bound_arrays),
                                      TEST(a_layer_without_bias),
                                      TEST(destroying),
                                      TEST(handles_are_only_read)};
  return run_tests(tests, LENGTH(tests));
}
