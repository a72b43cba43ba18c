/* The host's floating-point environment reaches no function, and no function leaves a trace in it. Every function of the header
   is called in every environment of a grid: what is trapped, how SSE and x87 round, what SSE flushes to zero, x87's precision,
   flags raised or not. The results have the same bits everywhere. `make check` compares the calls with the header. */
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "floating_point_environments.h"

#if defined(__x86_64__)

enum { UNITS = 8, SPARSE_UNITS = 6, SAMPLES = 24, CHOICES = 240 };

/* ---------------------------------------------------------------- calls in an environment */

static struct environment host;
static uint64_t hash;
/* Calls that left traces, and callbacks that saw another environment. */
static int traces;

static void trace(const char *what, const struct environment *found) {
  if (traces++ > 5) return;
  printf("%s: control %x status %x tag %x mxcsr %x, was %x %x %x %x\n", what, found->x87.control, found->x87.status,
         found->x87.tag, found->mxcsr, host.x87.control, host.x87.status, host.x87.tag, host.mxcsr);
}

static void leave(const char *what) {
  struct environment found = look();
  reset();
  if (!same(&found, &host)) trace(what, &found);
}

/* One call in the host's environment. Its arguments are constants, or in memory. */
#define CALL(...)                                      \
  do {                                                 \
    int status_;                                       \
    set(&host);                                        \
    status_ = __VA_ARGS__;                             \
    leave(#__VA_ARGS__);                               \
    hash = hash_bytes(hash, &status_, sizeof status_); \
  } while (0)
#define TEXT(...)                                  \
  do {                                             \
    const char *text_;                             \
    set(&host);                                    \
    text_ = __VA_ARGS__;                           \
    leave(#__VA_ARGS__);                           \
    hash = hash_bytes(hash, text_, strlen(text_)); \
  } while (0)
#define HASH(array) (hash = hash_bytes(hash, array, sizeof array))

/* ---------------------------------------------------------------- functions of the host's */

static void seen(const char *what) {
  struct environment found = look();
  if (!same(&found, &host)) trace(what, &found);
  set(&host);
}

static int progress(void *user, int64_t done, int64_t samples, double loss) {
  (void)user, (void)done, (void)samples;
  seen("progress");
  hash = hash_bytes(hash, &loss, sizeof loss);
  return 0;
}

/* Without arithmetic, which the host may trap. */
static int score(void *user, const espalier_layer_view *view, real *scores) {
  (void)user;
  seen("score");
  if (view->rows > 0) scores[0] = 2;
  else memcpy(scores, view->weights, (size_t)view->connections * sizeof *scores);
  return 0;
}

static int other_score(void *user, const espalier_layer_view *view, other_real *scores) {
  (void)user, (void)view, (void)scores;
  return 0;
}

static int reduction(void *user, int64_t layer, real *values, int64_t count) {
  (void)user, (void)layer;
  seen("reduction");
  hash = hash_bytes(hash, values, (size_t)count * sizeof *values);
  return 0;
}

static int other_reduction(void *user, int64_t layer, other_real *values, int64_t count) {
  (void)user, (void)layer, (void)values, (void)count;
  return 0;
}

static int densities(void *user, int64_t count, const int64_t *layers, const int64_t *units, const int64_t *inputs,
                     double *values) {
  (void)user, (void)count, (void)layers, (void)units, (void)inputs;
  seen("densities");
  hash = hash_bytes(hash, values, (size_t)count * sizeof *values);
  return 0;
}

/* ---------------------------------------------------------------- all calls */

static real x[SAMPLES * INPUTS], target[SAMPLES * OUTPUTS], y[SAMPLES * OUTPUTS], dx[SAMPLES * INPUTS];
static real w[512], dw[512];
static other_real other[SAMPLES * INPUTS];
static int32_t labels[SAMPLES];
static double value, loss, accuracy;
static int64_t count, connections, units;
static char text[8192];

static void fail_calls(espalier_network *network, espalier_optimizer *optimizer) {
  static const float floats[] = {0.1f, 1e-45f, 1e-40f, 3e38f, (float)NAN, (float)INFINITY};
  static const double bad[] = {1e300, 1e-300, 4.9e-324, NAN, INFINITY, 0.1};
  espalier_kind_info kind;
  espalier_option_info option;
  size_t i;
  for (i = 0; i < LENGTH(bad); i++) {
    CALL(espalier_network_set(network, "clip_norm", -bad[i]));
    TEXT(espalier_last_error());
    CALL(espalier_optimizer_set(optimizer, "beta1", -bad[i]));
    TEXT(espalier_last_error());
  }
  for (i = 0; i < LENGTH(floats); i++) {
    CALL(espalier_decimal_f32(floats[i], &value));
    hash = hash_bytes(hash, &value, sizeof value);
  }
  memset(&kind, 0, sizeof kind);
  memset(&option, 0, sizeof option);
  CALL(espalier_kind_count(ESPALIER_OWNER_OPTIMIZER, &count));
  CALL(espalier_kind_at(ESPALIER_OWNER_TOPOLOGY, ESPALIER_RIGL, &kind));
  CALL(espalier_option_at(ESPALIER_OWNER_TOPOLOGY, ESPALIER_RIGL, kind.option_count - 1, &option));
  CALL(espalier_option_at(ESPALIER_OWNER_OPTIMIZER, ESPALIER_ADAM, 0, &option));
  hash = hash_bytes(hash, &option, sizeof option);
  TEXT(espalier_status_string(ESPALIER_ERROR_NUMERICAL));
  TEXT(espalier_version());
  CALL(OTHER(espalier_network_train_step)(network, other, other, 1, &loss));
  CALL(OTHER(espalier_network_train_step_labels)(network, other, labels, 1, &loss));
  CALL(OTHER(espalier_network_train_epoch)(network, other, other, 1, 1, 0, NULL, NULL, &loss));
  CALL(OTHER(espalier_network_train_epoch_labels)(network, other, labels, 1, 1, 0, NULL, NULL, &loss));
  CALL(OTHER(espalier_network_forward)(network, other, 1, other));
  CALL(OTHER(espalier_network_backward)(network, other, 1, NULL));
  CALL(OTHER(espalier_network_predict)(network, other, 1, other));
  CALL(OTHER(espalier_network_evaluate)(network, other, other, 1, &loss));
  CALL(OTHER(espalier_network_evaluate_labels)(network, other, labels, 1, &loss, NULL));
  CALL(OTHER(espalier_network_prune)(network, NULL, other, other, 1));
  CALL(OTHER(espalier_network_prune_labels)(network, NULL, other, labels, 1));
  CALL(OTHER(espalier_network_bind)(network, other, other, 1));
  CALL(OTHER(espalier_network_bind_input)(network, 0, other, 1));
  CALL(OTHER(espalier_network_bind_input_gradient)(network, 1, other, 1));
  CALL(espalier_network_bind_input_i32(network, 2, labels, 1));
  CALL(OTHER(espalier_network_parameters)(network, NULL, NULL, NULL));
  CALL(OTHER(espalier_layer_parameters)(network, 1, NULL, NULL, NULL, NULL, NULL, NULL));
  CALL(OTHER(espalier_layer_state)(network, 1, "running_mean", NULL, NULL));
  CALL(F(espalier_layer_fit)(network, 1, x, 1));
  CALL(OTHER(espalier_layer_set_pattern_coo)(network, 1, 1, labels, labels, other, 0));
  CALL(OTHER(espalier_layer_set_pattern_csr)(network, 1, &count, labels, other, 0));
  CALL(OTHER(espalier_network_set_reduction)(network, other_reduction, NULL));
  CALL(OTHER(espalier_optimizer_minimize)(optimizer, other, other, 0));
}

static espalier_network *describe(int choice) {
  static const int64_t row_start[SPARSE_UNITS + 1] = {0, 1, 2, 3, 5, 5, 5};
  static const int32_t rows[] = {0, 0, 1, 2, 2}, columns[] = {0, 4, 1, 2, 3};
  static const real values[] = {(real)0.5, (real)-0.25, (real)1e-30, (real)0.3, (real)0.7};
  espalier_network *network = NULL;
  const int initializer = choice % 6;
  CALL(espalier_network_create(OURS, INPUTS, choice, &network));
  CALL(espalier_network_retain(network));
  {
    int64_t lengths[4] = {INPUTS, 1, 1, 1}, dimensions = 0;
    CALL(espalier_network_set_input_shape(network, 1 + choice % 4, lengths));
    CALL(espalier_layer_shape(network, 0, 4, lengths, &dimensions));
  }
  CALL(espalier_network_add_linear(network, UNITS, 1.0, choice % 8));
  CALL(espalier_layer_set(network, 1, "initializer", initializer));
  CALL(espalier_layer_set(network, 1, "fixed_density", 0));
  CALL(espalier_network_add_dropout(network, 0.25));
  {
    const char *names[] = {"units", "density", "activation"};
    const double values[] = {SPARSE_UNITS, 0.4, choice / 3 % 8}, bad = 1e300;
    int64_t layer = 0;
    CALL(espalier_network_add_layer(network, ESPALIER_LAYER_LINEAR, 0, NULL, 3, names, values, &layer));
    CALL(espalier_network_add_layer(network, ESPALIER_LAYER_LINEAR, 0, NULL, 1, names + 1, &bad, &layer));
  }
  CALL(espalier_network_add_linear(network, OUTPUTS, 1.0, ESPALIER_IDENTITY));
  CALL(espalier_network_add_loss(network, 0, OUTPUTS, choice % 4, 0.7));
  CALL(espalier_network_set_loss(network, choice % 4));
  CALL(espalier_network_add_linear(network, 3, NAN, ESPALIER_RELU));
  TEXT(espalier_last_error());
  CALL(espalier_network_add_dropout(network, 1e300));
  TEXT(espalier_last_error());
  /* An orthogonal layer is dense. */
  switch (initializer == ESPALIER_ORTHOGONAL ? 3 : choice % 5) {
    case 0: CALL(espalier_network_set_distribution(network, choice / 5 % 4, 0.5)); break;
    case 1: CALL(espalier_network_set_densities(network, densities, NULL)); break;
    case 2: CALL(F(espalier_layer_set_pattern_coo)(network, 1, 5, rows, columns, values, 0)); break;
    case 3: CALL(F(espalier_layer_set_pattern_csr)(network, 3, row_start, columns, NULL, 0)); break;
    default: {
      static const int64_t kernel[] = {1, 3}, lengths[] = {2, 1}, starts[] = {0, 1, 2}, cells[] = {1, 0};
      static const int32_t narrow_starts[] = {1, 2, 3}, narrow[] = {2, 1};
      CALL(espalier_layer_set_pattern_grid(network, 3, 2, lengths, kernel, NULL));
      CALL(espalier_layer_set_pattern_mesh_i64(network, 3, 2, starts, cells, 1, 0));
      CALL(espalier_layer_set_pattern_mesh_i32(network, 3, 2, narrow_starts, narrow, 2, 1));
    }
  }
  return network;
}

static void train(espalier_network *network, int loss_kind) {
  int i;
  for (i = 0; i < 3; i++) CALL(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
  hash = hash_bytes(hash, &loss, sizeof loss);
  CALL(espalier_network_set_loss(network, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  CALL(F(espalier_network_train_step_labels)(network, x, labels, MAX_BATCH, &loss));
  CALL(F(espalier_network_train_epoch_labels)(network, x, labels, SAMPLES, MAX_BATCH, 0, progress, NULL, &loss));
  CALL(F(espalier_network_evaluate_labels)(network, x, labels, SAMPLES, &loss, &accuracy));
  hash = hash_bytes(hash, &accuracy, sizeof accuracy);
  CALL(espalier_network_set_loss(network, loss_kind));
  CALL(F(espalier_network_train_epoch)(network, x, target, SAMPLES, MAX_BATCH, 1, progress, NULL, &loss));
  hash = hash_bytes(hash, &loss, sizeof loss);
  CALL(F(espalier_network_forward)(network, x, MAX_BATCH, y));
  HASH(y);
  CALL(F(espalier_network_backward)(network, y, MAX_BATCH, dx));
  HASH(dx);
  CALL(espalier_network_update(network));
  CALL(espalier_network_evolve(network));
  CALL(espalier_network_end_epoch(network));
  CALL(F(espalier_network_forward)(network, x, MAX_BATCH, y));
  CALL(F(espalier_network_backward)(network, y, MAX_BATCH, NULL));
  CALL(espalier_network_evolve_now(network, 3, 0.3));
  CALL(F(espalier_network_predict)(network, x, SAMPLES, y));
  HASH(y);
  CALL(F(espalier_network_evaluate)(network, x, target, SAMPLES, &loss));
  hash = hash_bytes(hash, &loss, sizeof loss);
}

static void look_at(espalier_network *network) {
  real *a, *b, *c, *d;
  CALL(espalier_network_get(network, "steps", &value));
  CALL(espalier_layer_get(network, 3, "density", &value));
  hash = hash_bytes(hash, &value, sizeof value);
  CALL(espalier_layer_get_optimizer_option(network, 1, "learning_rate", &value));
  CALL(espalier_layer_set_optimizer_option(network, 1, "learning_rate", 0.002));
  CALL(espalier_network_info(network, sizeof text, text, &count));
  CALL(espalier_layer_pattern(network, 3, 0, 0, NULL, NULL, NULL, &connections));
  CALL(F(espalier_network_parameters)(network, &a, &b, &count));
  hash = hash_bytes(hash, a, (size_t)count * sizeof *a);
  hash = hash_bytes(hash, b, (size_t)count * sizeof *b);
  CALL(F(espalier_layer_parameters)(network, 1, &a, &b, &connections, &c, &d, &units));
  CALL(espalier_network_parameter_count(network, &count));
  CALL(F(espalier_network_bind)(network, w, dw, count));
  CALL(espalier_network_unbind(network));
}

static int topology_thins(int method) {
  return method == ESPALIER_GRANET || method == ESPALIER_GRADUAL || method == ESPALIER_ACDC;
}

static uint64_t everything(int choice) {
  espalier_optimizer *optimizer = NULL;
  espalier_topology *topology = NULL;
  espalier_pruning *pruning = NULL;
  espalier_network *network;
  hash = UINT64_C(14695981039346656037);
  fill(w, LENGTH(w), 3);
  fill(dw, LENGTH(dw), 4);
  /* What another choice has left there. */
  memset(y, 0, sizeof y);
  memset(dx, 0, sizeof dx);
  value = loss = accuracy = 0;
  network = describe(choice);
  CALL(espalier_optimizer_create(choice % 5, &optimizer));
  CALL(espalier_optimizer_set(optimizer, "learning_rate", 0.01));
  CALL(espalier_optimizer_get(optimizer, "learning_rate", &value));
  CALL(F(espalier_optimizer_minimize)(optimizer, w, dw, 64));
  HASH(w);
  CALL(espalier_optimizer_reset(optimizer));
  CALL(espalier_topology_create(choice % 15, &topology));
  CALL(espalier_topology_set(topology, "every", 2));
  CALL(espalier_topology_get(topology, "every", &value));
  if (topology_thins(choice % 15)) CALL(espalier_topology_set(topology, "density_end", 6));
  if (choice % 15 == ESPALIER_ACDC) CALL(espalier_topology_set(topology, "phase", 2));
  if (choice % 7 == 0) CALL(F(espalier_topology_set_drop)(topology, score, NULL));
  if (choice % 11 == 0) CALL(F(espalier_topology_set_grow)(topology, score, NULL));
  if (choice % 77 == 1) CALL(OTHER(espalier_topology_set_drop)(topology, other_score, NULL));
  if (choice % 77 == 1) CALL(OTHER(espalier_topology_set_grow)(topology, other_score, NULL));
  CALL(espalier_pruning_create(choice % 8, &pruning));
  CALL(espalier_pruning_set(pruning, "density", 0.25));
  CALL(espalier_pruning_get(pruning, "density", &value));
  CALL(espalier_network_set_optimizer(network, 0, optimizer));
  CALL(espalier_network_set_topology(network, 0, topology));
  CALL(F(espalier_network_set_reduction)(network, choice % 3 == 0 ? reduction : NULL, NULL));
  CALL(espalier_network_set(network, "clip_norm", 1));
  CALL(espalier_network_set_threads(network, 1 + choice % 97 / 96));
  CALL(espalier_network_build(network, MAX_BATCH));
  CALL(espalier_network_remember(network));
  train(network, choice % 4);
  look_at(network);
  CALL(F(espalier_network_prune)(network, pruning, x, target, SAMPLES));
  CALL(espalier_network_set_loss(network, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  CALL(espalier_pruning_set(pruning, "density", 0.2));
  CALL(F(espalier_network_prune_labels)(network, pruning, x, labels, SAMPLES));
  look_at(network);
  CALL(espalier_network_rewind(network));
  CALL(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
  look_at(network);
  CHECK(network_value(network, "steps") > 0);
  fail_calls(network, optimizer);
  CALL(espalier_pruning_destroy(pruning));
  CALL(espalier_topology_destroy(topology));
  CALL(espalier_optimizer_destroy(optimizer));
  CALL(espalier_network_release(network));
  CALL(espalier_network_destroy(network));
  return hash;
}

static void the_whole_grid(void) {
  static uint64_t expected[CHOICES];
  static int known[CHOICES];
  int i, different = 0;
  for (i = 0; i < ENVIRONMENTS; i++) {
    /* A step with no divisor in common with either length. */
    const int choice = (int)(i * 97L % CHOICES);
    uint64_t found;
    if (!known[choice]) {
      host = environment_numbered(0);
      expected[choice] = everything(choice);
      known[choice] = 1;
      CHECK(traces == 0);
    }
    host = environment_numbered(i);
    found = everything(choice);
    if (found != expected[choice] && different++ < 5) printf("environment %d, choice %d: other results\n", i, choice);
  }
  CHECK(different == 0);
  CHECK(traces == 0);
}

/* What a callback changes stays, as after any function of the host's. */
static int changing(void *user, int64_t done, int64_t samples, double current) {
  (void)user, (void)done, (void)samples, (void)current;
  feraiseexcept(FE_DIVBYZERO);
  fesetround(FE_UPWARD);
  return 0;
}

static void a_callback_changes_the_hosts_environment(void) {
  espalier_network *network = make_network();
  host = environment_numbered(0);
  feclearexcept(FE_ALL_EXCEPT);
  OK(F(espalier_network_train_epoch)(network, x, target, SAMPLES, 8, 0, changing, NULL, &loss));
  CHECK(fetestexcept(FE_ALL_EXCEPT) == FE_DIVBYZERO && fegetround() == FE_UPWARD);
  reset();
  OK(espalier_network_destroy(network));
}

int main(void) {
  static const struct test tests[] = {TEST(the_whole_grid), TEST(a_callback_changes_the_hosts_environment)};
  size_t i;
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  /* In [0, 1), as some losses want them. */
  for (i = 0; i < LENGTH(target); i++) target[i] = (target[i] + 1) / 2;
  fill_labels(labels, LENGTH(labels), 0);
  return run_tests(tests, LENGTH(tests));
}

#else

int main(void) {
  puts("0 passed, 0 failed");
  return 0;
}

#endif
