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
    default: return espalier_topology_destroy(topology);
  }
}

/* All calls that take a handle, with this one in every role. */
static void refused_everywhere(void *handle, int network, int optimizer, int topology) {
  espalier_network *live = describe_network(1);
  int i;
  for (i = 0; !network && i < network_calls; i++)
    check_status(call_network(i, handle), ESPALIER_ERROR_INVALID_HANDLE, __FILE__, __LINE__, network_call_name(i));
  if (!network) SAYS(ESPALIER_ERROR_INVALID_HANDLE, "network", "0x", espalier_network_destroy(handle));
  for (i = 0; !optimizer && i < 5; i++) SAYS(ESPALIER_ERROR_INVALID_HANDLE, "optimizer", "0x", call_optimizer(i, handle));
  for (i = 0; !topology && i < 3; i++) SAYS(ESPALIER_ERROR_INVALID_HANDLE, "topology", "0x", call_topology(i, handle));
  if (!optimizer)
    REFUSES(live, ESPALIER_ERROR_INVALID_HANDLE, "optimizer", "0x", espalier_network_set_optimizer(live, 0, handle));
  if (!topology)
    REFUSES(live, ESPALIER_ERROR_INVALID_HANDLE, "topology", "0x", espalier_network_set_topology(live, 0, handle));
  OK(espalier_network_destroy(live));
}

static void null(void) {
  int i;
  for (i = 0; i < network_calls; i++)
    check_says(call_network(i, NULL), ESPALIER_ERROR_NULL_ARGUMENT, "network", "NULL", __FILE__, __LINE__,
               network_call_name(i));
}

static void destroyed(void) {
  espalier_network *network = make_network();
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.1);
  espalier_topology *topology = make_topology(ESPALIER_SET, 3);
  OK(espalier_network_destroy(network));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  refused_everywhere(network, 0, 0, 0);
  refused_everywhere(optimizer, 0, 0, 0);
  refused_everywhere(topology, 0, 0, 0);
}

static void of_another_kind(void) {
  espalier_network *network = make_network();
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.1);
  espalier_topology *topology = make_topology(ESPALIER_SET, 3);
  refused_everywhere(network, 1, 0, 0);
  refused_everywhere(optimizer, 0, 1, 0);
  refused_everywhere(topology, 0, 0, 1);
  OK(espalier_network_destroy(network)); /* still there */
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
}

static void not_handles(void) {
  static const uintptr_t numbers[] = {1, 2, 7, 8, 16, 4096, 0xdeadbeef, UINTPTR_MAX, UINTPTR_MAX - 7, UINTPTR_MAX / 2 + 1};
  void *memory = calloc(64, 8);
  int local[32] = {0};
  uintptr_t number = 88172645463325252u;
  size_t i;
  for (i = 0; i < LENGTH(numbers); i++) refused_everywhere((void *)numbers[i], 0, 0, 0);
  refused_everywhere(memory, 0, 0, 0);
  refused_everywhere(local, 0, 0, 0);
  refused_everywhere((void *)(uintptr_t)&numbers, 0, 0, 0);
  for (i = 0; i < 200; i++) {
    number ^= number << 13;
    number ^= number >> 7;
    number ^= number << 17;
    refused_everywhere((void *)number, 0, 0, 0);
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
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "network", "NULL", espalier_network_create(OURS, 3, 1, &network));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "optimizer", "NULL", espalier_optimizer_create(ESPALIER_SGD, &optimizer));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "topology", "NULL", espalier_topology_create(ESPALIER_SET, &topology));
  CHECK(network == same && optimizer == same_optimizer && topology == same_topology);
  OK(espalier_network_destroy(network));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
}

int main(void) {
  static const struct test tests[] = {TEST(null),        TEST(destroyed), TEST(of_another_kind),
                                      TEST(not_handles), TEST(reuse),     TEST(into_a_live_handle)};
  return run_tests(tests, LENGTH(tests));
}
