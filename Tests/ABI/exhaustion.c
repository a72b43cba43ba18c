/* Memory runs out. A child for each request for memory of at least so many bytes that the calls of a network's life make:
   that request fails, and all further ones until the call returns. The call says OUT_OF_MEMORY, or does without; nothing has
   changed, so that the same call again succeeds and the life ends with the same bits.
     exhaustion-f32-gcc [bytes [life [request]]]    requests of so many bytes and more, 0 for all, each of them, in all lives
                                                    or that of a number, or that one alone; what dies is shown with the
                                                    addresses of the calls that asked for the memory */
#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "heap.h"

enum { FRAMES = 40 };

/* What a child tells its parent. */
static struct report {
  long requests, refusals;
  size_t size;
  uint64_t hash;
  int line, status, depth;
  void *frames[FRAMES];
  char message[200];
} *report;

static size_t least = 1024;
static long fails_from; /* 0: never */
static int verbose, in_call, gone; /* gone 1: what is not less than `least`, 2: all */

static int heap_request(size_t size, const void *caller) {
  (void)caller;
  if (!__atomic_load_n(&in_call, __ATOMIC_RELAXED)) return 1;
  if (__atomic_load_n(&gone, __ATOMIC_RELAXED) == 2) return 0;
  if (size < least) return 1;
  if (__atomic_add_fetch(&report->requests, 1, __ATOMIC_RELAXED) == fails_from) {
    __atomic_store_n(&gone, 1, __ATOMIC_RELAXED);
    report->size = size;
    if (verbose) report->depth = backtrace(report->frames, FRAMES);
  }
  return !__atomic_load_n(&gone, __ATOMIC_RELAXED);
}

static void heap_release(const void *caller) { (void)caller; }

static void begin(void) { __atomic_store_n(&in_call, 1, __ATOMIC_RELAXED); }

static int end(int status) {
  __atomic_store_n(&in_call, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&gone, 0, __ATOMIC_RELAXED);
  return status;
}

static void fail(int line, int status) {
  report->line = line;
  report->status = status;
  snprintf(report->message, sizeof report->message, "%s", espalier_last_error());
  _exit(2);
}

/* The call, and once more when there was no memory. */
#define TRY(...)                                            \
  do {                                                      \
    int status_;                                            \
    begin();                                                \
    status_ = end(__VA_ARGS__);                             \
    if (status_ == ESPALIER_ERROR_OUT_OF_MEMORY) {          \
      report->refusals++;                                   \
      status_ = __VA_ARGS__;                                \
    }                                                       \
    if (status_ != ESPALIER_OK) fail(__LINE__, status_);    \
  } while (0)
/* The call that fails for another reason, which may be hidden by this one. */
#define TRY_WRONG(wanted, ...)                              \
  do {                                                      \
    int status_;                                            \
    begin();                                                \
    status_ = end(__VA_ARGS__);                             \
    if (status_ == ESPALIER_ERROR_OUT_OF_MEMORY) report->refusals++; \
    else if (status_ != (wanted)) fail(__LINE__, status_);  \
  } while (0)
/* A call that succeeds without any memory. */
#define TRY_FREE(...)                                       \
  do {                                                      \
    int status_;                                            \
    begin();                                                \
    __atomic_store_n(&gone, 2, __ATOMIC_RELAXED);           \
    status_ = end(__VA_ARGS__);                             \
    if (status_ != ESPALIER_OK) fail(__LINE__, status_);    \
  } while (0)

enum { IN = 40, HIDDEN = 150, OUT = 10, BATCH = 24, SAMPLES = 200, DEEP = 70, WEIGHTS = 3000 };

static real x[SAMPLES * IN], target[SAMPLES * OUT], y[SAMPLES * OUT], dx[BATCH * IN], values[HIDDEN * 4];
static int32_t labels[SAMPLES], rows[HIDDEN * 4], columns[HIDDEN * 4], pair[] = {0, 1, 1};
static int64_t row_start[HIDDEN + 1], hidden = HIDDEN;
static real w[100000], dw[100000], minimized[WEIGHTS], gradient[WEIGHTS];
static char text[100000], name[5000];

struct life {
  int method, rule, criterion, sampling, functions, deep, threads;
};

static int any_score(void *user, const espalier_layer_view *view, real *scores) {
  scores[0] = (real)view->units;
  return user != NULL;
}

static int any_reduction(void *user, int64_t layer, real *sums, int64_t count) {
  sums[count - 1] += (real)layer;
  return user != NULL;
}

static int any_densities(void *user, int64_t layers, const int64_t *inputs, const int64_t *units,
                         const int64_t *connections, double *densities) {
  int64_t i;
  (void)inputs, (void)units, (void)connections;
  for (i = 0; i < layers; i++)
    if (densities[i] < 1) densities[i] = 0.3;
  return user != NULL;
}

static int go_on(void *user, int64_t batch, int64_t batches, double loss) {
  (void)batch, (void)batches, (void)loss;
  return user != NULL;
}

static void give_method(espalier_network *network, const struct life *life) {
  espalier_topology *topology = NULL;
  const int method = life->method;
  double value;
  TRY(espalier_topology_create(method, &topology));
  if (method != ESPALIER_STATIC) TRY(espalier_topology_set(topology, "every", 2));
  if (method == ESPALIER_GRANET || method == ESPALIER_GRADUAL || method == ESPALIER_ACDC)
    TRY(espalier_topology_set(topology, "density_end", 60));
  if (method == ESPALIER_ACDC) TRY(espalier_topology_set(topology, "phase", 4));
  if (method == ESPALIER_SAMPLED) TRY(espalier_topology_set(topology, "sampling", life->sampling));
  if (method == ESPALIER_STR) {
    TRY(espalier_topology_set(topology, "threshold_start", -2));
    TRY(espalier_topology_set(topology, "until", 9));
  }
  if (life->functions) {
    TRY(F(espalier_topology_set_drop)(topology, any_score, NULL));
    TRY(F(espalier_topology_set_grow)(topology, any_score, NULL));
  }
  if (method != ESPALIER_STATIC) TRY_FREE(espalier_topology_get(topology, "every", &value));
  TRY_WRONG(ESPALIER_ERROR_UNKNOWN_NAME, espalier_topology_set(topology, name, 1));
  TRY(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  TRY_FREE(espalier_topology_destroy(topology));
}

static void describe(espalier_network *network, const struct life *life) {
  espalier_optimizer *optimizer = NULL;
  double value;
  int64_t i;
  for (i = 1; i <= life->deep; i++) TRY(espalier_network_add_linear(network, 4, 0.5, ESPALIER_TANH));
  TRY(espalier_network_add_linear(network, HIDDEN, 0.2, ESPALIER_GELU));
  TRY(espalier_network_add_dropout(network, 0.1));
  TRY(espalier_network_add_linear(network, HIDDEN, 0.2, ESPALIER_RELU));
  TRY(espalier_network_add_linear(network, HIDDEN, 0.05, ESPALIER_RELU));
  TRY(espalier_network_add_linear(network, OUT, 1, ESPALIER_IDENTITY));
  if (life->functions) {
    TRY(espalier_network_set_densities(network, any_densities, NULL));
    TRY(F(espalier_network_set_reduction)(network, any_reduction, NULL));
  } else if (life->deep == 0) {
    TRY(espalier_network_set_distribution(network, ESPALIER_ERDOS_RENYI, 0.2));
    TRY(F(espalier_layer_set_pattern_coo)(network, 3, HIDDEN * 4, rows, columns, values, 0));
    TRY(espalier_layer_set_pattern_grid(network, 4, 1, &hidden, &hidden, NULL));
    TRY(espalier_layer_set_pattern_mesh_i32(network, 4, 2, pair, pair, 1, 0));
    TRY(F(espalier_layer_set_pattern_csr)(network, 4, row_start, columns, NULL, 0));
  }
  if (life->functions) TRY(espalier_layer_set(network, 5, "initializer", ESPALIER_ORTHOGONAL));
  TRY(espalier_network_set_loss(network, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  TRY(espalier_network_set(network, "clip_norm", 1));
  TRY_WRONG(ESPALIER_ERROR_UNKNOWN_NAME, espalier_network_set(network, name, 1));
  TRY_WRONG(ESPALIER_ERROR_UNKNOWN_NAME, espalier_layer_set(network, 1, name, 1));
  TRY(espalier_optimizer_create(life->rule, &optimizer));
  TRY(espalier_optimizer_set(optimizer, "learning_rate", 0.01));
  TRY_FREE(espalier_optimizer_get(optimizer, "learning_rate", &value));
  TRY_WRONG(ESPALIER_ERROR_UNKNOWN_NAME, espalier_optimizer_set(optimizer, name, 1));
  TRY(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  TRY(F(espalier_optimizer_minimize)(optimizer, minimized, gradient, WEIGHTS));
  TRY(F(espalier_optimizer_minimize)(optimizer, minimized, gradient, WEIGHTS));
  TRY(espalier_optimizer_reset(optimizer));
  TRY_FREE(espalier_optimizer_destroy(optimizer));
  give_method(network, life);
  TRY(espalier_network_set_threads(network, life->threads));
}

static void train(espalier_network *network, const struct life *life) {
  double loss, accuracy;
  int64_t count;
  real *a, *b, *c, *d;
  TRY(espalier_network_remember(network));
  TRY(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
  TRY(F(espalier_network_train_step_labels)(network, x, labels, BATCH, &loss));
  TRY_FREE(espalier_network_parameter_count(network, &count));
  if ((size_t)count > LENGTH(w)) fail(__LINE__, 0);
  TRY(F(espalier_network_bind)(network, w, dw, count));
  TRY(F(espalier_network_forward)(network, x, BATCH, y));
  TRY(F(espalier_network_backward)(network, target, BATCH, dx));
  TRY(espalier_network_update(network));
  TRY(espalier_network_evolve(network));
  TRY(F(espalier_network_train_epoch)(network, x, target, SAMPLES, BATCH, 1, go_on, NULL, &loss));
  TRY(F(espalier_network_train_epoch_labels)(network, x, labels, SAMPLES, BATCH, 0, NULL, NULL, &loss));
  TRY(espalier_network_end_epoch(network));
  if (life->method != ESPALIER_STATIC && life->method != ESPALIER_TOP_KAST && life->method != ESPALIER_STR &&
      life->method != ESPALIER_ACDC && life->method != ESPALIER_GRADUAL)
    TRY(espalier_network_evolve_now(network, ESPALIER_ALL_LAYERS, 0.2));
  TRY(F(espalier_network_predict)(network, x, SAMPLES, y));
  TRY(F(espalier_network_predict)(network, x, 1, y));
  TRY(F(espalier_network_evaluate)(network, x, target, SAMPLES, &loss));
  TRY(F(espalier_network_evaluate_labels)(network, x, labels, SAMPLES, &loss, &accuracy));
  TRY_FREE(F(espalier_network_parameters)(network, &a, &b, &count));
  TRY_FREE(F(espalier_layer_parameters)(network, life->deep + 1, &a, &b, &count, &c, &d, &count));
  TRY_FREE(espalier_layer_pattern(network, life->deep + 1, 1, 0, NULL, NULL, NULL, &count));
  TRY(espalier_layer_set_optimizer_option(network, ESPALIER_ALL_LAYERS, "learning_rate", 0.001));
  TRY_FREE(espalier_layer_get_optimizer_option(network, life->deep + 1, "learning_rate", &loss));
  TRY_WRONG(ESPALIER_ERROR_UNKNOWN_NAME, espalier_layer_set_optimizer_option(network, 1, name, 0.001));
  TRY(espalier_network_set(network, "dense_crossover", 0.1));
  TRY(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
  TRY(espalier_network_set(network, "dense_crossover", 0));
  TRY_WRONG(ESPALIER_ERROR_NULL_ARGUMENT, F(espalier_network_train_step)(network, NULL, target, BATCH, &loss));
}

static void prune(espalier_network *network, const struct life *life) {
  espalier_pruning *pruning = NULL;
  double value;
  TRY(espalier_pruning_create(life->criterion, &pruning));
  TRY(espalier_pruning_set(pruning, "density", 0.02));
  TRY_FREE(espalier_pruning_get(pruning, "density", &value));
  TRY(F(espalier_network_prune)(network, pruning, x, target, 2 * BATCH));
  TRY(espalier_pruning_set(pruning, "density", 0.015));
  TRY(F(espalier_network_prune_labels)(network, pruning, x, labels, 2 * BATCH));
  TRY_WRONG(ESPALIER_ERROR_UNKNOWN_NAME, espalier_pruning_set(pruning, name, 1));
  TRY_FREE(espalier_pruning_destroy(pruning));
}

static void live(const struct life *life) {
  espalier_network *network = NULL;
  int64_t length = 0, count;
  real *a, *b;
  double value;
  TRY(espalier_network_create(OURS, IN, 1, &network));
  describe(network, life);
  TRY(espalier_network_build(network, BATCH));
  TRY(espalier_network_retain(network));
  train(network, life);
  if (life->method != ESPALIER_STR && life->method != ESPALIER_TOP_KAST && !life->functions && life->deep == 0)
    prune(network, life);
  give_method(network, life);
  TRY(espalier_network_set_threads(network, 2));
  TRY(F(espalier_network_train_step)(network, x, target, BATCH, &value));
  if (life->method != ESPALIER_STR) TRY(espalier_network_rewind(network));
  TRY(espalier_network_unbind(network));
  TRY(F(espalier_network_train_step)(network, x, target, BATCH, &value));
  TRY(espalier_network_info(network, sizeof text, text, &length));
  TRY_FREE(espalier_network_get(network, "steps", &value));
  TRY_FREE(espalier_layer_get(network, life->deep + 1, "connections", &value));
  TRY_FREE(espalier_last_error() == NULL || espalier_status_string(3) == NULL || espalier_version() == NULL);
  TRY_FREE(F(espalier_network_parameters)(network, &a, &b, &count));
  report->hash = hash_bytes(hash_bytes(0, y, sizeof y), a, (size_t)count * sizeof *a);
  TRY_FREE(espalier_network_release(network));
}

static void died(int number) {
  (void)number;
  _exit(3);
}

/* Unless all are asked for, each life has every so many requests failing, others than the life before. */
static int stride = 14; /* 0: each */
static int only = -1; /* the life */
static long one;      /* the request */

/* A child that lives with its `n`th request and those after it failing; its exit status, or minus its signal. */
static int child(const struct life *life, long n) {
  int status = 0;
  const pid_t id = fork();
  if (id == 0) {
    alarm(60);
    fails_from = n;
    /* What the Swift runtime says on its way out. */
    if (one == 0 && freopen("/dev/null", "w", stderr) == NULL) _exit(4);
    signal(SIGILL, died);
    signal(SIGSEGV, died);
    signal(SIGABRT, died);
    live(life);
    _exit(0);
  }
  if (id < 0 || waitpid(id, &status, 0) != id) return -1000;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void show(const struct life *life, long n, int status) {
  Dl_info information;
  int i;
  printf("method %d, rule %d, criterion %d, deep %d: request %ld of %zu bytes: status %d, line %d (%d, %s)\n", life->method, life->rule,
         life->criterion, life->deep, n, report->size, status, report->line, report->status, report->message);
  for (i = 2; verbose && i < report->depth; i++)
    if (dladdr(report->frames[i], &information) && information.dli_fname != NULL)
      printf("    %s %#lx\n", information.dli_fname,
             (unsigned long)((char *)report->frames[i] - (char *)information.dli_fbase));
}

/* Requests, refusals, deaths, other faults. */
static long totals[4];

static void survive(struct life life) {
  static const struct report none;
  uint64_t hash;
  long requests, n;
  const long before = totals[2] + totals[3];
  const int every = stride == 0 ? 1 : life.deep > 0 ? 3 * stride : stride;
  int status;
  *report = none;
  status = child(&life, 0);
  CHECK(status == 0);
  if (status != 0) {
    show(&life, 0, status);
    return;
  }
  hash = report->hash;
  requests = report->requests;
  CHECK(requests > 10);
  for (n = one > 0 ? one : 1 + life.method % every; n <= (one > 0 ? one : requests); n += one > 0 ? requests : every) {
    *report = none;
    status = child(&life, n);
    totals[0]++;
    totals[1] += report->refusals > 0;
    if (status == 0 && report->hash == hash) continue;
    totals[status < 0 || status == 3 ? 2 : 3]++;
    if (verbose || totals[2] + totals[3] < 10) show(&life, n, status == 0 ? -99 : status);
  }
  CHECK(totals[2] + totals[3] == before);
}

static void survive_if_wanted(int number, struct life life) {
  life.threads = 1 + number % 2;
  if (only < 0 || only == number) survive(life);
}

static void methods(void) {
  struct life life = {0, 0, 0, 0, 0, 0, 0};
  for (life.method = ESPALIER_STATIC; life.method <= ESPALIER_STR; life.method++) {
    life.rule = life.method % (ESPALIER_ADAMW + 1);
    life.criterion = life.method % (ESPALIER_PRUNE_SPARSEGPT + 1);
    life.sampling = ESPALIER_SAMPLING_SKETCH;
    survive_if_wanted(life.method, life);
  }
}

static void functions_of_the_callers(void) {
  const struct life life = {ESPALIER_RIGL, ESPALIER_ADAM, ESPALIER_PRUNE_SNIP, 0, 1, 0, 0};
  survive_if_wanted(20, life);
}

static void many_layers(void) {
  const struct life life = {ESPALIER_RIGL, ESPALIER_SGD, ESPALIER_PRUNE_MAGNITUDE, 0, 0, DEEP, 0};
  survive_if_wanted(21, life);
}

int main(int count, char **arguments) {
  const struct test tests[] = {TEST(methods), TEST(functions_of_the_callers), TEST(many_layers)};
  void *unused[1];
  int i, failed;
  if (count > 1) {
    verbose = 1;
    least = (size_t)atol(arguments[1]);
  }
  if (count > 1) stride = 0;
  if (count > 2) only = atoi(arguments[2]);
  if (count > 3) one = atol(arguments[3]);
  setvbuf(stdout, NULL, _IOLBF, 0);
  report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (report == MAP_FAILED) return 1;
  backtrace(unused, 1); /* its first call loads a library */
  fill(x, LENGTH(x), 1);
  fill(values, LENGTH(values), 2);
  fill(minimized, LENGTH(minimized), 3);
  fill(gradient, LENGTH(gradient), 4);
  fill_labels(labels, LENGTH(labels), 0);
  for (i = 0; i < SAMPLES; i++) target[i * OUT + i % OUT] = 1;
  for (i = 0; i < HIDDEN; i++) row_start[i + 1] = 4 * (i + 1);
  for (i = 0; i < HIDDEN * 4; i++) {
    rows[i] = i / 4;
    columns[i] = i % 4 * 37 + i / 4 % 30;
  }
  memset(name, 'n', sizeof name - 1);
  failed = run_tests(tests, LENGTH(tests));
  if (verbose)
    printf("%ld requests of %zu bytes or more: %ld refusals, %ld deaths, %ld other faults\n", totals[0], least, totals[1],
           totals[2], totals[3]);
  return failed;
}
