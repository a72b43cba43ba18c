/* Layers whose dense matrix would not fit are trained and change their patterns in memory that is linear in connections.
   Each case is a process of its own, so that its largest resident size is its own. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "precision.h"
#include "test.h"

enum { BATCH = 4, STEPS = 3 };

struct option {
  const char *name;
  double value;
};

static int failed(int status, const char *call) {
  if (status == ESPALIER_OK) return 0;
  fprintf(stderr, "%s: %s\n", call, espalier_last_error());
  return 1;
}

#define DO(...) \
  if (failed((__VA_ARGS__), #__VA_ARGS__)) return 1

/* Train one layer for some steps, with an update of its pattern after or in place of each. */
static int train(int64_t side, double connections, int method, const struct option *options, size_t count) {
  espalier_network *network = NULL;
  espalier_optimizer *sgd = NULL;
  espalier_topology *topology = NULL;
  real *x = malloc((size_t)(BATCH * side) * sizeof *x), *target = malloc((size_t)(BATCH * side) * sizeof *target);
  double loss, drawn, left, updates, grown, parameters;
  size_t i;
  int step;
  if (x == NULL || target == NULL) return 1;
  for (i = 0; i < (size_t)(BATCH * side); i++) {
    x[i] = (real)((double)(i * 31 % 97) / 97 - 0.5);
    target[i] = (real)((double)(i * 17 % 89) / 89);
  }
  DO(espalier_network_create(OURS, side, 1, &network));
  DO(espalier_network_add_linear(network, side, connections / ((double)side * (double)side), ESPALIER_TANH));
  DO(espalier_optimizer_create(ESPALIER_SGD, &sgd));
  DO(espalier_optimizer_set(sgd, "momentum", 0.9));
  DO(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, sgd));
  DO(espalier_topology_create(method, &topology));
  DO(espalier_topology_set(topology, "every", 1));
  for (i = 0; i < count; i++) DO(espalier_topology_set(topology, options[i].name, options[i].value));
  DO(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  DO(espalier_network_build(network, BATCH));
  DO(espalier_layer_get(network, 1, "connections", &drawn));
  /* A replaced step does not count: so many updates need more calls. */
  for (step = 0; step < 2 * STEPS; step++) DO(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
  DO(espalier_layer_get(network, 1, "connections", &left));
  DO(espalier_layer_get(network, 1, "topology_updates", &updates));
  DO(espalier_layer_get(network, 1, "grown", &grown));
  DO(espalier_network_get(network, "parameters", &parameters));
  free(x);
  free(target);
  espalier_topology_destroy(topology);
  espalier_optimizer_destroy(sgd);
  espalier_network_destroy(network);
  if (left == drawn && left >= connections && left <= connections + 1 && updates >= STEPS && grown > 0 && parameters == left + (double)side)
    return 0;
  fprintf(stderr, "%.0f connections, %.0f updates, %.0f grown, %.0f parameters\n", left, updates, grown, parameters);
  return 1;
}

/* The same in another process, whose largest resident size must be below `mebibytes`. */
static void check(int64_t side, double connections, int method, const struct option *options, size_t count, long mebibytes) {
  struct rusage usage;
  int status = -1;
  const pid_t child = fork();
  if (child == 0) _exit(train(side, connections, method, options, count));
  CHECK(child > 0);
  CHECK(wait4(child, &status, 0, &usage) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  CHECK(usage.ru_maxrss < mebibytes * 1024);
  if (getenv("MEMORY_VERBOSE") != NULL)
    printf("%lld, method %d with %d options: %ld MiB\n", (long long)side, method, (int)count, usage.ru_maxrss / 1024);
}

static void set(void) { check(200000, 2e6, ESPALIER_SET, NULL, 0, 1024); }

static void itop(void) { check(200000, 2e6, ESPALIER_ITOP, NULL, 0, 1024); }

static void sampled(void) {
  const struct option activity[] = {{"sampling", ESPALIER_SAMPLING_ACTIVITY}};
  const struct option sketch[] = {{"sampling", ESPALIER_SAMPLING_SKETCH}, {"gradient_batches", 2}};
  check(200000, 2e6, ESPALIER_SAMPLED, NULL, 0, 1024);
  check(200000, 2e6, ESPALIER_SAMPLED, activity, 1, 1024);
  check(200000, 2e6, ESPALIER_SAMPLED, sketch, 2, 1024);
}

static void rigl(void) { check(20000, 4e5, ESPALIER_RIGL, NULL, 0, 512); }

int main(void) {
  const struct test tests[] = {TEST(set), TEST(itop), TEST(sampled), TEST(rigl)};
  return run_tests(tests, sizeof tests / sizeof *tests);
}
