/* What only looks, and what gives back, asks for no memory: everything that can be read of every object, by names short and long,
   before and after build, and the destruction of all of them. */
#include <dlfcn.h>
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "heap.h"

static int counting;
static long requests;
static size_t first_size;
static void *frames[40];
static int depth;

static int heap_request(size_t size, const void *caller) {
  (void)caller;
  if (!counting) return 1;
  if (requests++ == 0) {
    first_size = size;
    depth = backtrace(frames, LENGTH(frames));
  }
  return 1;
}

static void heap_release(const void *caller) { (void)caller; }

/* A call that succeeds without a request. */
#define FREE(what, ...)                                    \
  do {                                                     \
    int status_;                                           \
    requests = 0;                                          \
    counting = 1;                                          \
    status_ = (__VA_ARGS__);                               \
    counting = 0;                                          \
    check_status(status_, 0, __FILE__, __LINE__, what);    \
    check_requests(__LINE__, what);                        \
  } while (0)

static void check_requests(int line, const char *what) {
  Dl_info information;
  char text[200];
  int i;
  snprintf(text, sizeof text, "%s asks for no memory: %ld requests, the first of %zu bytes", what, requests, first_size);
  check_true(requests == 0, __FILE__, line, text);
  if (requests > 0 && getenv("GETTERS_VERBOSE") != NULL) puts(text);
  for (i = 2; requests > 0 && getenv("GETTERS_VERBOSE") != NULL && i < depth; i++)
    if (dladdr(frames[i], &information) && information.dli_fname != NULL)
      printf("    %s %#lx\n", information.dli_fname, (unsigned long)((char *)frames[i] - (char *)information.dli_fbase));
}

enum { NAMES = 80, SAMPLES = 8 };

struct names {
  char text[6000];
  const char *names[NAMES];
  int count;
};

/* From the message of a call that was given a name that there is not. */
static void read_names(struct names *names) {
  const char *list = strstr(espalier_last_error(), "there ");
  char *name;
  names->count = 0;
  if (list == NULL) return;
  snprintf(names->text, sizeof names->text, "%s", strchr(list + 6, ' ') + 1);
  for (name = strtok(names->text, ", "); name != NULL && names->count < NAMES; name = strtok(NULL, ", "))
    names->names[names->count++] = name;
}

static void optimizers(void) {
  static real w[10], g[10];
  struct names names;
  int rule, used, i;
  double value;
  for (rule = ESPALIER_SGD; rule <= ESPALIER_ADAMW; rule++)
    for (used = 0; used < 2; used++) {
      espalier_optimizer *optimizer = make_optimizer(rule, 0.1);
      CHECK(espalier_optimizer_set(optimizer, "?", 1) == ESPALIER_ERROR_UNKNOWN_NAME);
      read_names(&names);
      CHECK(names.count > 8);
      if (used) OK(F(espalier_optimizer_minimize)(optimizer, w, g, 10));
      for (i = 0; i < names.count; i++) FREE(names.names[i], espalier_optimizer_get(optimizer, names.names[i], &value));
      FREE("rule", espalier_optimizer_get(optimizer, "rule", &value));
      FREE("steps", espalier_optimizer_get(optimizer, "steps", &value));
      FREE("rate", espalier_optimizer_get(optimizer, "rate", &value));
      FREE("destroy", espalier_optimizer_destroy(optimizer));
    }
  FREE("destroy", espalier_optimizer_destroy(NULL));
}

static void topologies_and_prunings(void) {
  struct names names;
  int which, i;
  double value;
  for (which = ESPALIER_STATIC; which <= ESPALIER_STR; which++) {
    espalier_topology *topology = NULL;
    OK(espalier_topology_create(which, &topology));
    CHECK(espalier_topology_set(topology, "?", 1) == ESPALIER_ERROR_UNKNOWN_NAME);
    read_names(&names);
    CHECK(names.count > 30 || which == ESPALIER_STATIC);
    for (i = 0; which != ESPALIER_STATIC && i < names.count; i++)
      FREE(names.names[i], espalier_topology_get(topology, names.names[i], &value));
    FREE("method", espalier_topology_get(topology, "method", &value));
    FREE("destroy", espalier_topology_destroy(topology));
  }
  for (which = ESPALIER_PRUNE_RANDOM; which <= ESPALIER_PRUNE_SPARSEGPT; which++) {
    espalier_pruning *pruning = NULL;
    OK(espalier_pruning_create(which, &pruning));
    CHECK(espalier_pruning_set(pruning, "?", 1) == ESPALIER_ERROR_UNKNOWN_NAME);
    read_names(&names);
    CHECK(names.count > 1);
    for (i = 0; i < names.count; i++) FREE(names.names[i], espalier_pruning_get(pruning, names.names[i], &value));
    FREE("criterion", espalier_pruning_get(pruning, "criterion", &value));
    FREE("destroy", espalier_pruning_destroy(pruning));
  }
}

static const char *const of_layers[] = {"inputs", "units", "density", "connections", "parameters", "activation", "index_bytes", "bytes",
                                        "flops", "offset", "steps", "dropped", "grown", "topology_updates", "explored", "dead_units",
                                        "dead_inputs", "training_flops", "threshold", "bias", "initializer", "fixed_density",
                                        "negative_slope"};

static real x[SAMPLES * 10], target[SAMPLES * 6];

/* 10 -> linear 12 -> sum of it and another -> concatenation -> dropout -> linear 6. */
static espalier_network *describe(int method) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAM, 0.01);
  espalier_topology *topology = NULL;
  const int64_t two[2] = {1, 2}, both[2] = {3, 1};
  int64_t number;
  OK(espalier_topology_create(method, &topology));
  if (method != ESPALIER_STATIC) OK(espalier_topology_set(topology, "every", 2));
  if (method == ESPALIER_ACDC) OK(espalier_topology_set(topology, "phase", 4));
  if (method == ESPALIER_ACDC || method == ESPALIER_GRADUAL || method == ESPALIER_GRANET) OK(espalier_topology_set(topology, "density_end", 60));
  OK(espalier_network_create(OURS, 10, 1, &network));
  OK(espalier_network_add_linear(network, 12, 0.3, ESPALIER_RELU));
  OK(espalier_network_add_linear(network, 12, 0.3, ESPALIER_TANH));
  OK(espalier_network_add_layer(network, ESPALIER_LAYER_SUM, 2, two, 0, NULL, NULL, &number));
  OK(espalier_network_add_layer(network, ESPALIER_LAYER_CONCATENATION, 2, both, 0, NULL, NULL, &number));
  OK(espalier_network_add_dropout(network, 0.2));
  OK(espalier_network_add_linear(network, 6, 1, ESPALIER_IDENTITY));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  return network;
}

static void read_all(espalier_network *network, int is_built) {
  static const int64_t with_weights[] = {1, 2, 6};
  static int32_t rows[144], columns[144];
  static int64_t row_start[13];
  struct names names;
  double value;
  int64_t count, layer;
  real *a, *b, *c, *d;
  size_t i;
  int k;
  CHECK(espalier_network_get(network, "?", &value) == ESPALIER_ERROR_UNKNOWN_NAME);
  read_names(&names);
  CHECK(names.count > 20);
  for (k = 0; k < names.count; k++) FREE(names.names[k], espalier_network_get(network, names.names[k], &value));
  for (layer = 1; layer <= 6; layer++) {
    FREE("units", espalier_layer_get(network, layer, "units", &value));
    FREE("inputs", espalier_layer_get(network, layer, "inputs", &value));
    FREE("bytes", espalier_layer_get(network, layer, "bytes", &value));
  }
  FREE("probability", espalier_layer_get(network, 5, "probability", &value));
  for (i = 0; is_built && i < LENGTH(with_weights); i++) {
    layer = with_weights[i];
    for (k = 0; k < (int)LENGTH(of_layers); k++) FREE(of_layers[k], espalier_layer_get(network, layer, of_layers[k], &value));
    FREE("layer_parameters", F(espalier_layer_parameters)(network, layer, &a, &b, &count, &c, &d, &count));
    FREE("layer_pattern", espalier_layer_pattern(network, layer, 1, 144, row_start, rows, columns, &count));
    FREE("a count", espalier_layer_pattern(network, layer, 1, 0, NULL, NULL, NULL, &count));
    FREE("optimizer option", espalier_layer_get_optimizer_option(network, layer, "warmup_start", &value));
    FREE("optimizer option", espalier_layer_get_optimizer_option(network, layer, "learning_rate", &value));
  }
  if (!is_built) return;
  FREE("parameter_count", espalier_network_parameter_count(network, &count));
  FREE("parameters", F(espalier_network_parameters)(network, &a, &b, &count));
}

static void networks(void) {
  int method, step;
  double loss;
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  for (method = ESPALIER_STATIC; method <= ESPALIER_STR; method++) {
    espalier_network *network = describe(method);
    read_all(network, 0);
    OK(espalier_network_build(network, SAMPLES));
    read_all(network, 1);
    for (step = 0; step < 5; step++) OK(F(espalier_network_train_step)(network, x, target, SAMPLES, &loss));
    read_all(network, 1);
    OK(espalier_network_retain(network));
    OK(espalier_network_retain(network));
    FREE("release", espalier_network_release(network));
    if (method % 2) FREE("release", espalier_network_release(network));
    else FREE("destroy", espalier_network_destroy(network));
    network = describe(method);
    FREE("destroy", espalier_network_destroy(network));
  }
}

static void what_is_always_there(void) {
  double decimal;
  FREE("version", espalier_version() == NULL);
  FREE("last_error", espalier_last_error() == NULL);
  FREE("status_string", espalier_status_string(3) == NULL);
  FREE("decimal", espalier_decimal_f32(0.1f, &decimal));
  FREE("decimal", espalier_decimal_f32(-1.17549435e-38f, &decimal));
}

/* The counter counts. */
static void the_counter_sees_the_library(void) {
  espalier_optimizer *optimizer = NULL;
  requests = 0;
  counting = 1;
  OK(espalier_optimizer_create(ESPALIER_SGD, &optimizer));
  counting = 0;
  CHECK(requests > 0);
  OK(espalier_optimizer_destroy(optimizer));
}

int main(void) {
  static const struct test tests[] = {TEST(optimizers), TEST(topologies_and_prunings), TEST(networks), TEST(what_is_always_there),
                                      TEST(the_counter_sees_the_library)};
  backtrace(frames, 1); /* its first call loads a library */
  return run_tests(tests, LENGTH(tests));
}
