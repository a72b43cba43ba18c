/* Handles that are none: NULL, destroyed, of another kind, numbers, addresses of other things. */
#include <stdlib.h>

#include "calls.h"

static int call_optimizer(int number, espalier_optimizer *optimizer) {
  real w[4] = {1, 2, 3, 4}, g[4] = {1, 2, 3, 4};
  double value;
  switch (number) {
    case 0: return espalier_optimizer_set(optimizer, "learning_rate", 0.1);
    case 1: return espalier_optimizer_get(optimizer, "learning_rate", &value);
    case 2: return espalier_optimizer_reset(optimizer);
    case 3: return F(espalier_optimizer_minimize)(optimizer, w, g, 4);
    default: return espalier_optimizer_destroy(optimizer);
  }
}

static int call_topology(int number, espalier_topology *topology) {
  double value;
  switch (number) {
    case 0: return espalier_topology_set(topology, "every", 3);
    case 1: return espalier_topology_get(topology, "every", &value);
    case 2: return F(espalier_topology_set_drop)(topology, NULL, NULL);
    case 3: return F(espalier_topology_set_grow)(topology, NULL, NULL);
    default: return espalier_topology_destroy(topology);
  }
}

static int call_pruning(int number, espalier_pruning *pruning) {
  double value;
  switch (number) {
    case 0: return espalier_pruning_set(pruning, "density", 0.5);
    case 1: return espalier_pruning_get(pruning, "density", &value);
    default: return espalier_pruning_destroy(pruning);
  }
}

enum { NONE, NETWORK, OPTIMIZER, TOPOLOGY, PRUNING };

/* All calls that take a handle, with this one in every role but its own. */
static void refused_everywhere(void *handle, int own) {
  const int network = own == NETWORK, optimizer = own == OPTIMIZER, topology = own == TOPOLOGY, pruning = own == PRUNING;
  real x[INPUTS] = {0}, y[OUTPUTS] = {0};
  espalier_network *live = describe_network(1);
  int i;
  for (i = 0; !network && i < network_calls; i++)
    check_status(call_network(i, handle), ESPALIER_ERROR_INVALID_HANDLE, __FILE__, __LINE__, network_call_name(i));
  if (!network) {
    SAYS(ESPALIER_ERROR_INVALID_HANDLE, "network", "0x", espalier_network_destroy(handle));
    SAYS(ESPALIER_ERROR_INVALID_HANDLE, "network", "0x", espalier_network_retain(handle));
    SAYS(ESPALIER_ERROR_INVALID_HANDLE, "network", "0x", espalier_network_release(handle));
  }
  for (i = 0; !optimizer && i < 5; i++) SAYS(ESPALIER_ERROR_INVALID_HANDLE, "optimizer", "0x", call_optimizer(i, handle));
  for (i = 0; !topology && i < 5; i++) SAYS(ESPALIER_ERROR_INVALID_HANDLE, "topology", "0x", call_topology(i, handle));
  for (i = 0; !pruning && i < 3; i++) SAYS(ESPALIER_ERROR_INVALID_HANDLE, "pruning", "0x", call_pruning(i, handle));
  if (!optimizer)
    REFUSES(live, ESPALIER_ERROR_INVALID_HANDLE, "optimizer", "0x", espalier_network_set_optimizer(live, 0, handle));
  if (!topology)
    REFUSES(live, ESPALIER_ERROR_INVALID_HANDLE, "topology", "0x", espalier_network_set_topology(live, 0, handle));
  if (!pruning)
    REFUSES(live, ESPALIER_ERROR_INVALID_HANDLE, "pruning", "0x", F(espalier_network_prune)(live, handle, x, y, 1));
  OK(espalier_network_destroy(live));
}

static void null(void) {
  int i;
  for (i = 0; i < network_calls; i++)
    check_says(call_network(i, NULL), ESPALIER_ERROR_NULL_ARGUMENT, "network", "NULL", __FILE__, __LINE__,
               network_call_name(i));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "network", "NULL", espalier_network_retain(NULL));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "network", "NULL", espalier_network_release(NULL));
}

static void destroyed(void) {
  espalier_network *network = make_network();
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.1);
  espalier_topology *topology = make_topology(ESPALIER_SET, 3);
  espalier_pruning *pruning = make_pruning(ESPALIER_PRUNE_SNIP, 0.2);
  OK(espalier_network_destroy(network));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  OK(espalier_pruning_destroy(pruning));
  refused_everywhere(network, NONE);
  refused_everywhere(optimizer, NONE);
  refused_everywhere(topology, NONE);
  refused_everywhere(pruning, NONE);
}

static void of_another_kind(void) {
  espalier_network *network = make_network();
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.1);
  espalier_topology *topology = make_topology(ESPALIER_SET, 3);
  espalier_pruning *pruning = make_pruning(ESPALIER_PRUNE_SNIP, 0.2);
  refused_everywhere(network, NETWORK);
  refused_everywhere(optimizer, OPTIMIZER);
  refused_everywhere(topology, TOPOLOGY);
  refused_everywhere(pruning, PRUNING);
  OK(espalier_network_destroy(network)); /* still there */
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  OK(espalier_pruning_destroy(pruning));
}

static void not_handles(void) {
  static const uintptr_t numbers[] = {1, 2, 7, 8, 16, 4096, 0xdeadbeef, UINTPTR_MAX, UINTPTR_MAX - 7, UINTPTR_MAX / 2 + 1};
  void *memory = calloc(64, 8);
  int local[32] = {0};
  uintptr_t number = 88172645463325252u;
  size_t i;
  for (i = 0; i < LENGTH(numbers); i++) refused_everywhere((void *)numbers[i], NONE);
  refused_everywhere(memory, NONE);
  refused_everywhere(local, NONE);
  refused_everywhere((void *)(uintptr_t)&numbers, NONE);
  for (i = 0; i < 200; i++) {
    number ^= number << 13;
    number ^= number >> 7;
    number ^= number << 17;
    refused_everywhere((void *)number, NONE);
  }
  free(memory);
}

/* A slot that is used again does not bring the old handle back to life. */
static void reuse(void) {
  espalier_network *old[50], *next;
  int i;
  for (i = 0; i < 50; i++) {
    old[i] = describe_network(i);
    OK(espalier_network_destroy(old[i]));
  }
  next = describe_network(1);
  for (i = 0; i < 50; i++) CHECK(old[i] != next);
  for (i = 0; i < 50; i++) GIVES(ESPALIER_ERROR_INVALID_HANDLE, espalier_network_build(old[i], 3));
  OK(espalier_network_destroy(next));
}

static void into_a_live_handle(void) {
  espalier_network *network = describe_network(1), *same = network;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.1), *same_optimizer = optimizer;
  espalier_topology *topology = make_topology(ESPALIER_SET, 3), *same_topology = topology;
  espalier_pruning *pruning = make_pruning(ESPALIER_PRUNE_SNIP, 0.2), *same_pruning = pruning;
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "network", "NULL", espalier_network_create(OURS, 3, 1, &network));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "optimizer", "NULL", espalier_optimizer_create(ESPALIER_SGD, &optimizer));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "topology", "NULL", espalier_topology_create(ESPALIER_SET, &topology));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "pruning", "NULL", espalier_pruning_create(ESPALIER_PRUNE_SNIP, &pruning));
  CHECK(network == same && optimizer == same_optimizer && topology == same_topology && pruning == same_pruning);
  OK(espalier_network_destroy(network));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  OK(espalier_pruning_destroy(pruning));
}

int main(void) {
  static const struct test tests[] = {TEST(null),        TEST(destroyed), TEST(of_another_kind),
                                      TEST(not_handles), TEST(reuse),     TEST(into_a_live_handle)};
  return run_tests(tests, LENGTH(tests));
}
