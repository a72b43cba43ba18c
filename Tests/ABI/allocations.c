/* Training steps allocate nothing: every request for memory made in the process is counted, the library's, the Swift
   runtime's, OpenBLAS's and the thread pool's. */
#include <sys/wait.h>
#include <unistd.h>

#include "counting.h"

enum { IN = 40, HIDDEN = 33, OUT = 10, BATCH = 24, STEPS = 25 };

static real x[3 * BATCH * IN], target[BATCH * OUT], y[3 * BATCH * OUT], dloss_dy[BATCH * OUT], dx[BATCH * IN];
static int32_t labels[BATCH];

/* Functions of the caller's, which allocate nothing either. */
static int any_score(void *user, const espalier_layer_view *view, real *scores) {
  scores[0] = (real)view->units;
  return user != NULL;
}

static int any_reduction(void *user, int64_t layer, real *values, int64_t count) {
  values[count - 1] += (real)layer;
  return user != NULL;
}

static int with_functions, sampling, accumulate = 1, is_local;

/* In the place of the first linear layer. */
static void add_local(espalier_network *network, double density, int activation) {
  static const int64_t field[] = {2, 4, IN / 8};
  static const char *const names[] = {"filters", "kernel_width", "kernel_height", "padding_left", "padding_right",
                                      "padding_mode_width", "density", "activation"};
  const double values[] = {2, 3, 2, 1, 1, ESPALIER_PADDING_PERIODIC, density, activation};
  OK(espalier_network_set_input_shape(network, 3, field));
  OK(espalier_network_add_layer(network, ESPALIER_LAYER_LOCALLY_CONNECTED, 0, NULL, LENGTH(values), names, values, NULL));
}

static espalier_network *network_with(double density, int activation, int rule, int method, int threads, int loss) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(rule, 0.001);
  espalier_topology *topology = make_topology(method, 4);
  if (method == ESPALIER_GRANET || method == ESPALIER_GRADUAL || method == ESPALIER_ACDC)
    OK(espalier_topology_set(topology, "density_end", 60));
  if (method == ESPALIER_ACDC) OK(espalier_topology_set(topology, "phase", 4));
  if (method == ESPALIER_STR) {
    OK(espalier_topology_set(topology, "threshold_start", -2));
    OK(espalier_topology_set(topology, "drop_fraction", 0.5));
    OK(espalier_topology_set(topology, "until", 61)); /* its end is among the steps that are counted */
  }
  if (method == ESPALIER_TOP_KAST) OK(espalier_topology_set(topology, "exploration_decay", 0.01));
  if (method == ESPALIER_SAMPLED) OK(espalier_topology_set(topology, "sampling", sampling));
  if (with_functions) {
    OK(F(espalier_topology_set_drop)(topology, any_score, NULL));
    OK(F(espalier_topology_set_grow)(topology, any_score, NULL));
  }
  if (rule == ESPALIER_SGD) {
    OK(espalier_optimizer_set(optimizer, "momentum", 0.9));
    OK(espalier_optimizer_set(optimizer, "schedule", ESPALIER_SCHEDULE_COSINE));
    OK(espalier_optimizer_set(optimizer, "period", 20));
    OK(espalier_optimizer_set(optimizer, "warmup", 5));
  }
  OK(espalier_network_create(OURS, IN, 3, &network));
  if (is_local)
    add_local(network, density, activation);
  else
    OK(espalier_network_add_linear(network, HIDDEN, density, activation));
  OK(espalier_network_add_dropout(network, 0.1));
  OK(espalier_network_add_linear(network, HIDDEN, density, activation));
  OK(espalier_network_add_linear(network, OUT, 1, ESPALIER_IDENTITY));
  OK(espalier_network_set_loss(network, loss));
  OK(espalier_network_set(network, "clip_norm", 1));
  OK(espalier_network_set(network, "accumulate", accumulate));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  OK(espalier_network_set_threads(network, threads));
  if (with_functions) OK(F(espalier_network_set_reduction)(network, any_reduction, NULL));
  OK(espalier_network_build(network, BATCH));
  OK(espalier_network_remember(network)); /* what is remembered moves with its connections */
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  return network;
}

static void fresh(double density, int activation, int rule, int method, int threads);

/* One warm-up step, then everything, counted. */
static void one(double density, int activation, int rule, int method, int threads, int loss) {
  espalier_network *network = network_with(density, activation, rule, method, threads, loss);
  char setting[160];
  real *w, *dw, *now, *now_gradient;
  int64_t count = 0;
  double value = 0, updates = layer_value(network, 1, "topology_updates");
  int i, status = 0;
  snprintf(setting, sizeof setting, "density %g, activation %d, rule %d, topology %d, threads %d, loss %d", density, activation,
           rule, method, threads, loss);
  OK(espalier_network_parameter_count(network, &count));
  w = malloc((size_t)count * sizeof *w);
  dw = malloc((size_t)count * sizeof *dw);
  OK(F(espalier_network_bind)(network, w, dw, count));
  OK(F(espalier_network_train_step)(network, x, target, BATCH, &value));

  start();
  for (i = 0; i < STEPS; i++) status |= F(espalier_network_train_step)(network, x, target, i % 3 ? BATCH : 7, &value);
  stop("train_step", setting);
  OK(status);
  if (loss == ESPALIER_SOFTMAX_CROSS_ENTROPY) {
    start();
    for (i = 0; i < STEPS; i++) status |= F(espalier_network_train_step_labels)(network, x, labels, BATCH, &value);
    stop("train_step_labels", setting);
    OK(status);
  }
  start();
  for (i = 0; i < STEPS; i++) {
    status |= F(espalier_network_forward)(network, x, BATCH, y);
    status |= F(espalier_network_backward)(network, dloss_dy, BATCH, i % 2 ? dx : NULL);
    status |= espalier_network_update(network);
    status |= espalier_network_evolve(network);
  }
  stop("forward, backward, update, evolve", setting);
  OK(status);
  start();
  for (i = 0; i < 5; i++) status |= F(espalier_network_predict)(network, x, 3 * BATCH - i, y);
  stop("predict", setting);
  OK(status);
  if (method != ESPALIER_STATIC && density < 1) CHECK(layer_value(network, 1, "topology_updates") >= updates + 10);
  OK(F(espalier_network_parameters)(network, &now, &now_gradient, &count));
  CHECK(now == w && now_gradient == dw);
  OK(espalier_network_destroy(network));
  free(w);
  free(dw);
}

static void rules_and_topologies(void) {
  int rule, method, threads;
  for (threads = 1; threads <= 2; threads++)
    for (rule = ESPALIER_SGD; rule <= ESPALIER_ADAMW; rule++)
      for (method = ESPALIER_STATIC; method <= ESPALIER_RIGL; method++)
        one(0.2, ESPALIER_RELU, rule, method, threads, ESPALIER_MEAN_SQUARED_ERROR);
}

static void topologies(void) {
  int method, threads;
  for (method = ESPALIER_SNFS; method <= ESPALIER_STR; method++)
    for (threads = 1; threads <= 2; threads++) {
      one(0.2, ESPALIER_RELU, ESPALIER_SGD, method, threads, ESPALIER_MEAN_SQUARED_ERROR);
      one(0.2, ESPALIER_RELU, ESPALIER_ADAM, method, threads, ESPALIER_MEAN_SQUARED_ERROR);
    }
}

static void locally_connected(void) {
  int method, threads;
  is_local = 1;
  sampling = ESPALIER_SAMPLING_UNIFORM;
  for (threads = 1; threads <= 2; threads++)
    for (method = ESPALIER_STATIC; method <= ESPALIER_STR; method++) {
      one(0.2, ESPALIER_RELU, ESPALIER_ADAM, method, threads, ESPALIER_MEAN_SQUARED_ERROR);
      fresh(0.2, ESPALIER_GELU, ESPALIER_SGD, method, threads);
    }
  sampling = ESPALIER_SAMPLING_SKETCH;
  one(0.2, ESPALIER_RELU, ESPALIER_SGD, ESPALIER_SAMPLED, 1, ESPALIER_MEAN_SQUARED_ERROR);
  one(1, ESPALIER_RELU, ESPALIER_ADAM, ESPALIER_STATIC, 2, ESPALIER_MEAN_SQUARED_ERROR);
  is_local = 0;
}

static void samplings(void) {
  for (sampling = ESPALIER_SAMPLING_UNIFORM; sampling <= ESPALIER_SAMPLING_SKETCH; sampling++)
    one(0.2, ESPALIER_RELU, ESPALIER_SGD, ESPALIER_SAMPLED, 1, ESPALIER_MEAN_SQUARED_ERROR);
}

static void functions_of_the_callers(void) {
  with_functions = 1;
  one(0.2, ESPALIER_RELU, ESPALIER_ADAM, ESPALIER_RIGL, 1, ESPALIER_MEAN_SQUARED_ERROR);
  one(0.2, ESPALIER_RELU, ESPALIER_SGD, ESPALIER_SET, 2, ESPALIER_MEAN_SQUARED_ERROR);
  one(0.2, ESPALIER_RELU, ESPALIER_SGD, ESPALIER_SRIGL, 1, ESPALIER_MEAN_SQUARED_ERROR);
  with_functions = 0;
}

static void activations(void) {
  int activation, threads;
  for (threads = 1; threads <= 2; threads++)
    for (activation = ESPALIER_IDENTITY; activation <= ESPALIER_STEP; activation++)
      one(0.3, activation, ESPALIER_ADAM, ESPALIER_RIGL, threads, ESPALIER_HUBER);
}

static void losses(void) {
  int loss, threads;
  for (threads = 1; threads <= 2; threads++)
    for (loss = ESPALIER_MEAN_SQUARED_ERROR; loss <= ESPALIER_HUBER; loss++)
      one(0.3, ESPALIER_TANH, ESPALIER_SGD, ESPALIER_SET, threads, loss);
}

static void dense(void) {
  int threads;
  for (threads = 1; threads <= 4; threads++)
    one(1, ESPALIER_GELU, ESPALIER_ADAMW, ESPALIER_STATIC, threads, ESPALIER_SOFTMAX_CROSS_ENTROPY);
}

static void minimize(void) {
  enum { COUNT = 5000 };
  static real w[COUNT], g[COUNT];
  int rule, i, status = 0;
  fill(g, COUNT, 1);
  for (rule = ESPALIER_SGD; rule <= ESPALIER_ADAMW; rule++) {
    espalier_optimizer *optimizer = make_optimizer(rule, 0.01);
    OK(F(espalier_optimizer_minimize)(optimizer, w, g, COUNT));
    start();
    for (i = 0; i < 10; i++) status |= F(espalier_optimizer_minimize)(optimizer, w, g, COUNT);
    stop("minimize", "");
    OK(status);
    OK(espalier_optimizer_destroy(optimizer));
  }
}

enum { ENTRIES = 9 };

/* The ways into a network that allocate nothing, from the first call after build on. */
static int enter(int entry, espalier_network *network) {
  double value;
  int status = 0;
  switch (entry) {
    case 0: return F(espalier_network_predict)(network, x, 1, y);
    case 1: return F(espalier_network_predict)(network, x, 3 * BATCH - 1, y);
    case 2: return F(espalier_network_train_step)(network, x, target, BATCH, &value);
    case 3: return F(espalier_network_train_step)(network, x, target, 1, &value);
    case 4: return F(espalier_network_train_step_labels)(network, x, labels, BATCH, &value);
    case 5: return F(espalier_network_evaluate_labels)(network, x, labels, BATCH, &value, &value);
    case 6:
    case 7:
      status |= F(espalier_network_forward)(network, x, BATCH, y);
      status |= F(espalier_network_backward)(network, dloss_dy, BATCH, entry == 6 ? NULL : dx);
      status |= espalier_network_update(network);
      return status | espalier_network_evolve(network);
    default: return F(espalier_network_train_epoch)(network, x, target, BATCH, 7, 0, NULL, NULL, &value);
  }
}

/* A process of its own, in which the library has done nothing before: what it does once must happen until the end of build.
   Some steps that begin with one of the entries. */
/* OpenBLAS makes its threads anew in the child of a fork. */
int openblas_get_num_threads(void);
void openblas_set_num_threads(int threads);

static int begin_with(int first, double density, int activation, int rule, int method, int threads) {
  espalier_network *network = network_with(density, activation, rule, method, threads, ESPALIER_SOFTMAX_CROSS_ENTROPY);
  int i, status = 0;
  openblas_set_num_threads(openblas_get_num_threads());
  start();
  for (i = 0; i < 3 * ENTRIES && status == 0 && allocations == 0; i++) status = enter((first + i) % ENTRIES, network);
  __atomic_store_n(&counting, 0, __ATOMIC_RELAXED);
  if (status == 0 && allocations == 0 && frees == 0) return 0;
  printf("beginning with %d, entry %d: status %d, %ld allocations (the first of %zu bytes), %ld frees\n", first,
         (first + i - 1) % ENTRIES, status, allocations, first_size, frees);
  show_frames();
  return 1;
}

/* Two entries for each setting, in turn. */
static void fresh(double density, int activation, int rule, int method, int threads) {
  static int turn;
  int i, status;
  for (i = 0; i < 2; i++) {
    const int first = turn++ % ENTRIES;
    pid_t child;
    fflush(stdout);
    child = fork();
    if (child == 0) {
      status = begin_with(first, density, activation, rule, method, threads);
      fflush(stdout);
      _exit(status);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    if (status == 0) continue;
    printf("density %g, activation %d, rule %d, topology %d, threads %d, accumulate %d\n", density, activation, rule, method,
           threads, accumulate);
    return;
  }
}

static void from_the_first_call_on(void) {
  int rule, method, threads, activation;
  for (accumulate = 1; accumulate <= 2; accumulate++)
    for (method = ESPALIER_STATIC; method <= ESPALIER_STR; method++)
      for (rule = ESPALIER_SGD; rule <= ESPALIER_ADAMW; rule++) fresh(0.2, ESPALIER_RELU, rule, method, 1 + rule % 2);
  accumulate = 1;
  for (threads = 1; threads <= 2; threads++) {
    for (activation = ESPALIER_IDENTITY; activation <= ESPALIER_STEP; activation++)
      fresh(0.2, activation, ESPALIER_SGD, ESPALIER_RIGL, threads);
    fresh(1, ESPALIER_RELU, ESPALIER_ADAM, ESPALIER_STATIC, threads);
  }
}

/* The counter counts: without this the tests above could pass by not looking. */
static void the_counter_sees_the_library(void) {
  espalier_network *network = NULL;
  __atomic_store_n(&counting, 1, __ATOMIC_RELAXED);
  allocations = 0;
  network = describe_network(1);
  CHECK(espalier_network_build(network, 4) == ESPALIER_OK);
  __atomic_store_n(&counting, 0, __ATOMIC_RELAXED);
  CHECK(allocations > 10);
  OK(espalier_network_destroy(network));
}

int main(void) {
  static const struct test tests[] = {TEST(from_the_first_call_on), TEST(the_counter_sees_the_library), TEST(rules_and_topologies), TEST(topologies),
                                      TEST(samplings), TEST(locally_connected), TEST(functions_of_the_callers),
                                      TEST(activations), TEST(losses), TEST(dense), TEST(minimize)};
  backtrace(frames, 1); /* its first call loads a library */
  fill(x, LENGTH(x), 1);
  fill_targets(target, LENGTH(target), 2);
  fill(dloss_dy, LENGTH(dloss_dy), 3);
  return run_tests(tests, LENGTH(tests));
}
