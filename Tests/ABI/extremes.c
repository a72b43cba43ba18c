/* Every option of every object at the ends of what a double can hold, alone and several at a time: a status that the header knows,
   an option that is what was set or else what it was, and a process that lives through everything that can be done with the
   object afterwards. Which options there are is read from the message for one that there is not. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "children.h"
#include "fixture.h"

enum { NAMES = 64, SAMPLES = 6, WIDTH = 6, CLASSES = 3, SEVERAL = 80 };

static const double values[] = {0.0, -0.0, 0.5, 1.0, -1.0, 2.0, 3.0, 1000.0, 2147483647.0, 2147483648.0, 4294967296.0, 9007199254740992.0,
                                9007199254740994.0, 4611686018427387904.0, 9223372036854774784.0, 9223372036854775808.0,
                                18446744073709551616.0, 1e19, 1e300, DBL_MAX, DBL_MIN, 5e-324, NAN, INFINITY, -9223372036854775808.0,
                                -DBL_MAX, -INFINITY};

static real x[SAMPLES * WIDTH], y[SAMPLES * CLASSES], dx[SAMPLES * WIDTH];
static const int32_t labels[SAMPLES] = {0, 1, 2, 1, 0, 2};

/* What options an object has. */
struct options {
  char text[4000];
  const char *names[NAMES];
  int count;
};

/* From "...; there are a, b, c" or "...; there is a". */
static void read_names(struct options *options) {
  const char *list = strstr(espalier_last_error(), "there ");
  char *name;
  options->count = 0;
  if (list == NULL) return;
  snprintf(options->text, sizeof options->text, "%s", strchr(list + 6, ' ') + 1);
  for (name = strtok(options->text, ", "); name != NULL && options->count < NAMES; name = strtok(NULL, ", "))
    options->names[options->count++] = name;
}

/* One of five kinds of object that options are set of. */
struct object {
  void *handle;
  int (*set)(void *, const char *, double);
  int (*get)(void *, const char *, double *);
};

static int set_network(void *n, const char *name, double v) { return espalier_network_set(n, name, v); }
static int get_network(void *n, const char *name, double *v) { return espalier_network_get(n, name, v); }
static int set_layer(void *n, const char *name, double v) { return espalier_layer_set(n, 1, name, v); }
static int get_layer(void *n, const char *name, double *v) { return espalier_layer_get(n, 1, name, v); }
static int set_dropout(void *n, const char *name, double v) { return espalier_layer_set(n, 2, name, v); }
static int get_dropout(void *n, const char *name, double *v) { return espalier_layer_get(n, 2, name, v); }
static int set_optimizer(void *o, const char *name, double v) { return espalier_optimizer_set(o, name, v); }
static int get_optimizer(void *o, const char *name, double *v) { return espalier_optimizer_get(o, name, v); }
static int set_topology(void *t, const char *name, double v) { return espalier_topology_set(t, name, v); }
static int get_topology(void *t, const char *name, double *v) { return espalier_topology_get(t, name, v); }
static int set_pruning(void *p, const char *name, double v) { return espalier_pruning_set(p, name, v); }
static int get_pruning(void *p, const char *name, double *v) { return espalier_pruning_get(p, name, v); }

/* Set, and see that the option is that, or what it was. Returns whether it was accepted. */
static int set(const struct object *object, const char *name, double value) {
  double before = 0, after = 0;
  int status;
  known(object->get(object->handle, name, &before));
  status = known(object->set(object->handle, name, value));
  known(object->get(object->handle, name, &after));
  if (after != (status == ESPALIER_OK ? value : before)) wrong("status %d, but the option is %.17g", status, after);
  return status == ESPALIER_OK;
}

static void read_all(espalier_network *network) {
  static const char *const of_layer[] = {"inputs", "units", "density", "connections", "parameters", "activation", "index_bytes",
                                         "bytes", "flops", "offset", "steps", "dropped", "grown", "topology_updates", "explored",
                                         "dead_units", "dead_inputs", "training_flops", "threshold"};
  static char text[8192];
  struct options readable;
  double value;
  int64_t layer, length;
  size_t i;
  int k;
  known(espalier_network_get(network, "?", &value));
  read_names(&readable);
  for (k = 0; k < readable.count; k++) known(espalier_network_get(network, readable.names[k], &value));
  for (layer = 0; layer <= 4; layer++)
    for (i = 0; i < LENGTH(of_layer); i++) known(espalier_layer_get(network, layer, of_layer[i], &value));
  known(espalier_network_info(network, sizeof text, text, &length));
}

/* Everything that a network can do; whether it may is told by the statuses. */
static void live(espalier_network *network) {
  espalier_pruning *pruning = NULL;
  double loss;
  int i;
  known(espalier_network_set_threads(network, 1));
  if (known(espalier_network_build(network, SAMPLES)) != ESPALIER_OK) return;
  for (i = 0; i < 4; i++) known(F(espalier_network_train_step)(network, x, y, SAMPLES - i, &loss));
  known(F(espalier_network_forward)(network, x, SAMPLES, y));
  known(F(espalier_network_backward)(network, y, SAMPLES, dx));
  known(espalier_network_update(network));
  known(espalier_network_evolve(network));
  known(espalier_network_evolve_now(network, 0, 0.5));
  known(F(espalier_network_train_step)(network, x, y, 1, &loss));
  known(espalier_network_end_epoch(network));
  known(espalier_network_remember(network));
  known(F(espalier_network_train_epoch)(network, x, y, SAMPLES, 4, 1, NULL, NULL, &loss));
  known(F(espalier_network_evaluate)(network, x, y, SAMPLES, &loss));
  known(espalier_pruning_create(ESPALIER_PRUNE_MAGNITUDE, &pruning));
  known(espalier_pruning_set(pruning, "density", 0.25));
  known(F(espalier_network_prune)(network, pruning, NULL, NULL, 0));
  known(espalier_pruning_destroy(pruning));
  known(F(espalier_network_train_step)(network, x, y, SAMPLES, &loss));
  known(espalier_network_rewind(network));
  known(F(espalier_network_train_step)(network, x, y, SAMPLES, &loss));
  known(espalier_network_set_loss(network, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  known(F(espalier_network_train_step_labels)(network, x, labels, SAMPLES, &loss));
  read_all(network);
}

/* 6 -> linear 5 (sparse, leaky relu) -> dropout -> linear 4 (sparse, tanh) -> linear 3 (dense), not built. */
static espalier_network *describe(void) {
  espalier_network *network = NULL;
  known(espalier_network_create(OURS, WIDTH, 1, &network));
  known(espalier_network_add_linear(network, 5, 0.5, ESPALIER_LEAKY_RELU));
  known(espalier_network_add_dropout(network, 0.25));
  known(espalier_network_add_linear(network, 4, 0.5, ESPALIER_TANH));
  known(espalier_network_add_linear(network, CLASSES, 1, ESPALIER_IDENTITY));
  return network;
}

static void give_optimizer(espalier_network *network, int rule) {
  espalier_optimizer *optimizer = NULL;
  known(espalier_optimizer_create(rule, &optimizer));
  known(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  known(espalier_optimizer_destroy(optimizer));
}

static void give_topology(espalier_network *network, int method) {
  espalier_topology *topology = NULL;
  known(espalier_topology_create(method, &topology));
  known(espalier_topology_set(topology, "every", 2));
  known(espalier_topology_set(topology, "decay", ESPALIER_DECAY_LEARNING_RATE));
  known(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  known(espalier_topology_destroy(topology));
}

enum { NETWORK, LAYER, DROPOUT, TOPOLOGIES, OPTIMIZERS = TOPOLOGIES + ESPALIER_STR, PRUNINGS = OPTIMIZERS + ESPALIER_ADAMW + 1,
       KINDS = PRUNINGS + ESPALIER_PRUNE_SPARSEGPT + 1 };

static struct object make(int kind) {
  struct object object = {NULL, NULL, NULL};
  if (kind <= DROPOUT) {
    object.handle = describe();
    object.set = kind == NETWORK ? set_network : kind == LAYER ? set_layer : set_dropout;
    object.get = kind == NETWORK ? get_network : kind == LAYER ? get_layer : get_dropout;
  } else if (kind < OPTIMIZERS) {
    espalier_topology *made = NULL;
    known(espalier_topology_create(kind - TOPOLOGIES + 1, &made));
    known(espalier_topology_set(made, "every", 2));
    known(espalier_topology_set(made, "density_end", 4));
    known(espalier_topology_set(made, "phase", kind - TOPOLOGIES + 1 == ESPALIER_ACDC ? 1 : 0));
    object.handle = made;
    object.set = set_topology;
    object.get = get_topology;
  } else if (kind < PRUNINGS) {
    espalier_optimizer *made = NULL;
    known(espalier_optimizer_create(kind - OPTIMIZERS, &made));
    object.handle = made;
    object.set = set_optimizer;
    object.get = get_optimizer;
  } else {
    espalier_pruning *made = NULL;
    known(espalier_pruning_create(kind - PRUNINGS, &made));
    known(espalier_pruning_set(made, "density", 0.4));
    object.handle = made;
    object.set = set_pruning;
    object.get = get_pruning;
  }
  return object;
}

static void use(int kind, void *handle) {
  espalier_network *network = kind <= DROPOUT ? handle : describe();
  double value;
  if (kind <= DROPOUT || kind >= PRUNINGS) give_topology(network, ESPALIER_RIGL);
  if (kind < OPTIMIZERS || kind >= PRUNINGS) give_optimizer(network, ESPALIER_SGD);
  if (kind > DROPOUT && kind < OPTIMIZERS) known(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, handle));
  if (kind >= OPTIMIZERS && kind < PRUNINGS) {
    int i;
    give_topology(network, ESPALIER_SNFS);
    known(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, handle));
    for (i = 0; i < 3; i++) known(F(espalier_optimizer_minimize)(handle, dx, x, LENGTH(dx)));
    known(espalier_optimizer_get(handle, "rate", &value));
    known(espalier_optimizer_reset(handle));
  }
  live(network);
  if (kind >= PRUNINGS) {
    known(F(espalier_network_prune_labels)(network, handle, x, labels, SAMPLES));
    known(espalier_network_set_loss(network, ESPALIER_MEAN_SQUARED_ERROR));
    known(F(espalier_network_prune)(network, handle, x, y, SAMPLES));
  }
  if (kind > DROPOUT) known(espalier_network_destroy(network));
}

static void discard(int kind, void *handle) {
  if (kind <= DROPOUT) known(espalier_network_destroy(handle));
  else if (kind < OPTIMIZERS) known(espalier_topology_destroy(handle));
  else if (kind < PRUNINGS) known(espalier_optimizer_destroy(handle));
  else known(espalier_pruning_destroy(handle));
}

/* Ask an object for its options, with arrays as they are at first. */
static void read_options(const struct object *object, struct options *options) {
  fill(x, LENGTH(x), 1);
  fill(y, LENGTH(y), 2);
  fill(dx, LENGTH(dx), 3);
  known(object->set(object->handle, "?", 0));
  read_names(options);
  if (options->count == 0) wrong("no option is named in \"%s\"", espalier_last_error());
}

/* What a case is about. */
static int kind;

/* One option at one value: number counts values first. */
static void try_value(int number) {
  const int option = number / (int)LENGTH(values);
  const double value = values[number % (int)LENGTH(values)];
  struct object object = make(kind);
  struct options options;
  read_options(&object, &options);
  if (option < options.count) {
    about_to("kind %d: %s = %.17g", kind, options.names[option], value);
    /* What is refused has changed nothing. */
    if (set(&object, options.names[option], value)) use(kind, object.handle);
  }
  discard(kind, object.handle);
}

/* Several options at random values. */
static void try_several(int number) {
  struct object object = make(kind);
  struct options options;
  char doing[400] = "";
  int i;
  (void)number;
  read_options(&object, &options);
  for (i = 0; i < 3; i++) {
    const char *name = options.names[draw_below(options.count)];
    const double value = values[draw_below((int)LENGTH(values))];
    const size_t length = strlen(doing);
    snprintf(doing + length, sizeof doing - length, "%s = %.17g ", name, value);
    about_to("kind %d: %s", kind, doing);
    set(&object, name, value);
  }
  use(kind, object.handle);
  discard(kind, object.handle);
}

static void try_kinds(int first, int end) {
  for (kind = first; kind < end; kind++) {
    CHECK(run_cases(NAMES * (int)LENGTH(values), try_value, 1024) == 0);
    CHECK(run_cases(SEVERAL, try_several, 1024) == 0);
  }
}

static void networks(void) { try_kinds(NETWORK, TOPOLOGIES); }
static void topologies(void) { try_kinds(TOPOLOGIES, OPTIMIZERS); }
static void optimizers(void) { try_kinds(OPTIMIZERS, PRUNINGS); }
static void prunings(void) { try_kinds(PRUNINGS, KINDS); }

/* A whole number that no int64_t holds is refused; the largest double that one does hold is a time that never comes. */
static void never(void) {
  static const char *const times[] = {"every", "begin", "until", "training_length", "density_begin", "density_end", "phase"};
  static const char *const periods[] = {"step_size", "period", "warmup"};
  espalier_topology *topology = make_topology(ESPALIER_GRADUAL, 1);
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.1);
  espalier_network *network = NULL;
  double loss;
  size_t i;
  for (i = 0; i < LENGTH(times); i++) {
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, times[i], "9.223372036854776e+18", espalier_topology_set(topology, times[i], 9223372036854775808.0));
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, times[i], "below 2^63", espalier_topology_set(topology, times[i], 1e19));
    OK(espalier_topology_set(topology, times[i], 9223372036854774784.0));
  }
  for (i = 0; i < LENGTH(periods); i++) {
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, periods[i], "below 2^63", espalier_optimizer_set(optimizer, periods[i], 9223372036854775808.0));
    OK(espalier_optimizer_set(optimizer, periods[i], 9223372036854774784.0));
  }
  /* Both ends of the ramp as late as can be. */
  OK(espalier_network_create(OURS, WIDTH, 1, &network));
  OK(espalier_network_add_linear(network, CLASSES, 0.5, ESPALIER_IDENTITY));
  OK(espalier_network_build(network, SAMPLES));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "density_begin 9223372036854774784", "got 9223372036854774784",
       espalier_network_set_topology(network, 0, topology));
  OK(espalier_topology_set(topology, "density_begin", 4611686018427387904.0));
  OK(espalier_network_set_topology(network, 0, topology));
  OK(espalier_network_set_optimizer(network, 0, optimizer));
  fill(x, LENGTH(x), 1);
  fill(y, LENGTH(y), 2);
  for (i = 0; i < 4; i++) OK(F(espalier_network_train_step)(network, x, y, SAMPLES, &loss));
  CHECK(layer_value(network, 1, "connections") == 9);
  OK(espalier_network_destroy(network));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
}

int main(void) {
  /* The cases come first: a child begins with a library that nothing has used. */
  static const struct test tests[] = {TEST(networks), TEST(topologies), TEST(optimizers), TEST(prunings), TEST(never)};
  return run_tests(tests, LENGTH(tests));
}
