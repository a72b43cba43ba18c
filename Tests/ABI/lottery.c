/* Weights that are remembered and gone back to, on the connections that are left. */
#include <string.h>

#include "fixture.h"

enum { IN = 30, OUT = 20, CONNECTIONS = 120, COUNT = CONNECTIONS + OUT, BATCH = 8, STEPS = 12 };

static real x[BATCH * IN], target[BATCH * OUT], w[COUNT], dw[COUNT];

static espalier_network *sparse_network(void) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAM, 0.01);
  OK(espalier_network_create(OURS, IN, 9, &network));
  OK(espalier_network_add_linear(network, OUT, 0.2, ESPALIER_IDENTITY));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_build(network, BATCH));
  OK(espalier_optimizer_destroy(optimizer));
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  return network;
}

static void train(espalier_network *network, int steps) {
  double loss;
  while (steps-- > 0) OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
}

static void training_begins_again(void) {
  espalier_network *network = sparse_network();
  real start[COUNT], after[COUNT];
  int i;
  OK(F(espalier_network_bind)(network, w, dw, COUNT));
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "rewind", "remember", espalier_network_rewind(network));
  memcpy(start, w, sizeof w);
  OK(espalier_network_remember(network));
  train(network, STEPS);
  memcpy(after, w, sizeof w);
  for (i = 0; i < 2; i++) {
    OK(espalier_network_rewind(network));
    CHECK(memcmp(w, start, sizeof w) == 0);
    CHECK(network_value(network, "steps") == 0);
    train(network, STEPS);
    CHECK(memcmp(w, after, sizeof w) == 0);
  }
  OK(espalier_network_destroy(network));
}

static void connections_take_their_weights_along(void) {
  espalier_network *network = sparse_network();
  espalier_topology *topology = make_topology(ESPALIER_SET, 1000);
  int32_t rows[2][CONNECTIONS], columns[2][CONNECTIONS];
  real before[CONNECTIONS];
  int64_t count;
  int i, j, kept = 0;
  OK(F(espalier_network_bind)(network, w, dw, COUNT));
  OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  OK(espalier_topology_destroy(topology));
  memcpy(before, w, sizeof before);
  OK(espalier_network_remember(network));
  OK(espalier_layer_pattern(network, 1, 0, CONNECTIONS, NULL, rows[0], columns[0], &count));
  train(network, STEPS);
  OK(espalier_network_evolve_now(network, 1, 0.5));
  train(network, STEPS);
  OK(espalier_layer_pattern(network, 1, 0, CONNECTIONS, NULL, rows[1], columns[1], &count));
  OK(espalier_network_rewind(network));
  for (i = 0; i < CONNECTIONS; i++) {
    for (j = 0; j < CONNECTIONS; j++)
      if (rows[0][j] == rows[1][i] && columns[0][j] == columns[1][i]) break;
    if (j < CONNECTIONS) {
      CHECK(memcmp(&w[i], &before[j], sizeof w[i]) == 0);
      kept++;
    } else {
      CHECK(w[i] == 0);
    }
  }
  CHECK(kept >= CONNECTIONS / 2 && kept < CONNECTIONS);
  for (i = 0; i < COUNT; i++) CHECK(dw[i] == 0);
  OK(espalier_network_destroy(network));
}

int main(void) {
  static const struct test tests[] = {TEST(training_begins_again), TEST(connections_take_their_weights_along)};
  return run_tests(tests, LENGTH(tests));
}
