#include "fixture.h"

#include <stdlib.h>
#include <string.h>

espalier_network *describe_network(int64_t seed) {
  espalier_network *network = NULL;
  OK(espalier_network_create(OURS, INPUTS, seed, &network));
  OK(espalier_network_add_linear(network, UNITS1, 0.5, ESPALIER_RELU));
  OK(espalier_network_add_dropout(network, 0.25));
  OK(espalier_network_add_linear(network, UNITS3, 0.4, ESPALIER_TANH));
  OK(espalier_network_add_linear(network, OUTPUTS, 1.0, ESPALIER_IDENTITY));
  return network;
}

espalier_optimizer *make_optimizer(int rule, double learning_rate) {
  espalier_optimizer *optimizer = NULL;
  OK(espalier_optimizer_create(rule, &optimizer));
  OK(espalier_optimizer_set(optimizer, "learning_rate", learning_rate));
  return optimizer;
}

espalier_topology *make_topology(int method, double every) {
  espalier_topology *topology = NULL;
  OK(espalier_topology_create(method, &topology));
  if (method != ESPALIER_STATIC) OK(espalier_topology_set(topology, "every", every));
  return topology;
}

espalier_pruning *make_pruning(int criterion, double density) {
  espalier_pruning *pruning = NULL;
  OK(espalier_pruning_create(criterion, &pruning));
  OK(espalier_pruning_set(pruning, "density", density));
  return pruning;
}

espalier_network *make_network(void) {
  espalier_network *network = describe_network(7);
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAM, 0.01);
  espalier_topology *topology = make_topology(ESPALIER_RIGL, 3);
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  OK(espalier_network_set_threads(network, 1));
  OK(espalier_network_build(network, MAX_BATCH));
  OK(espalier_topology_destroy(topology));
  OK(espalier_optimizer_destroy(optimizer));
  return network;
}

void fill(real *array, size_t count, unsigned seed) {
  uint32_t state = 2654435761u * (seed + 1u);
  size_t i;
  for (i = 0; i < count; i++) {
    state = state * 1664525u + 1013904223u;
    array[i] = (real)((double)(state >> 8) / 8388608.0 - 1.0);
  }
}

void fill_targets(real *array, size_t count, unsigned seed) {
  size_t i;
  fill(array, count, seed);
  for (i = 0; i < count; i++) array[i] = array[i] < 0 ? -array[i] : array[i];
}

void fill_labels(int32_t *labels, size_t count, int32_t base) {
  size_t i;
  for (i = 0; i < count; i++) labels[i] = base + (int32_t)((i * i + i / 3) % OUTPUTS);
}

double network_value(const espalier_network *network, const char *name) {
  double value = -1e300;
  check_status(espalier_network_get(network, name, &value), ESPALIER_OK, __FILE__, __LINE__, name);
  return value;
}

double layer_value(const espalier_network *network, int64_t layer, const char *name) {
  double value = -1e300;
  check_status(espalier_layer_get(network, layer, name, &value), ESPALIER_OK, __FILE__, __LINE__, name);
  return value;
}

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count) {
  const unsigned char *p = bytes;
  size_t i;
  for (i = 0; i < count; i++) hash = (hash ^ p[i]) * UINT64_C(1099511628211);
  return hash;
}

static uint64_t hash_double(uint64_t hash, double value) { return hash_bytes(hash, &value, sizeof value); }

static uint64_t hash_layers(uint64_t hash, espalier_network *network, int64_t layers) {
  static const char *const names[] = {"steps", "connections", "topology_updates", "offset", "density"};
  int64_t layer;
  size_t i;
  for (layer = 1; layer <= layers; layer++) {
    double value = 0;
    int32_t *rows, *columns;
    int64_t connections = 0;
    if (espalier_layer_get(network, layer, "units", &value) != ESPALIER_OK) continue;
    hash = hash_double(hash, value);
    if (espalier_layer_pattern(network, layer, 0, 0, NULL, NULL, NULL, &connections) != ESPALIER_OK) continue;
    for (i = 0; i < LENGTH(names); i++) hash = hash_double(hash, layer_value(network, layer, names[i]));
    if (espalier_layer_get_optimizer_option(network, layer, "learning_rate", &value) == ESPALIER_OK)
      hash = hash_double(hash, value);
    rows = malloc((size_t)connections * sizeof *rows);
    columns = malloc((size_t)connections * sizeof *columns);
    OK(espalier_layer_pattern(network, layer, 0, connections, NULL, rows, columns, &connections));
    hash = hash_bytes(hash, rows, (size_t)connections * sizeof *rows);
    hash = hash_bytes(hash, columns, (size_t)connections * sizeof *columns);
    free(rows);
    free(columns);
  }
  return hash;
}

uint64_t fingerprint(espalier_network *network) {
  static const char *const names[] = {"inputs", "layers", "built",     "huber_delta", "label_base", "clip_norm",
                                      "accumulate", "loss", "threads", "precision",   "seed"};
  uint64_t hash = UINT64_C(14695981039346656037);
  size_t i;
  for (i = 0; i < LENGTH(names); i++) hash = hash_double(hash, network_value(network, names[i]));
  if (network_value(network, "built") != 0) {
    real x[4 * 64], *y, *w = NULL, *dw = NULL;
    int64_t count = 0;
    size_t outputs = (size_t)network_value(network, "outputs");
    hash = hash_double(hash, network_value(network, "steps"));
    hash = hash_double(hash, network_value(network, "bound"));
    hash = hash_layers(hash, network, (int64_t)network_value(network, "layers"));
    if (network_value(network, "precision") != OURS) return hash;
    OK(F(espalier_network_parameters)(network, &w, &dw, &count));
    hash = hash_bytes(hash, &w, sizeof w);
    hash = hash_bytes(hash, &dw, sizeof dw);
    hash = hash_bytes(hash, w, (size_t)count * sizeof *w);
    hash = hash_bytes(hash, dw, (size_t)count * sizeof *dw);
    if (network_value(network, "inputs") > 64) return hash;
    y = malloc(4 * outputs * sizeof *y);
    fill(x, LENGTH(x), 99);
    OK(F(espalier_network_predict)(network, x, 4, y));
    hash = hash_bytes(hash, y, 4 * outputs * sizeof *y);
    free(y);
  }
  return hash;
}
