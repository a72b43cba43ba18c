/* A failing call leaves things as they were. Two networks live the same random life; one of them also makes every kind of
   failing call. Statuses, weights, patterns, losses and outputs must stay the same bits to the end.

   A new function's failing call is one row of FAILURES. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { IN = 7, HIDDEN = 12, OUT = 3, MOST = 6, SAMPLES = 14, ROOM = 1500 };
enum { LIVES = 160, ACTS = 24 };

/* What a life is like. */
static struct {
  int loss, method, rule, accumulate, remembered;
} life;
/* Whether functions of the caller's ask to stop. */
static int stopping;
static uint64_t state;

static uint32_t draw(uint32_t below) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(state >> 33) % below;
}

struct twin {
  espalier_network *network;
  real *w, *dw;
};

static real x[SAMPLES * IN], target[SAMPLES * OUT], dy[MOST * OUT];
static int32_t labels[SAMPLES];
/* What an act or a failing call gives. */
struct result {
  int status;
  double loss, accuracy;
  real y[SAMPLES * OUT], dx[MOST * IN];
};

static int reduction(void *user, int64_t layer, real *values, int64_t count) {
  (void)user, (void)layer, (void)values, (void)count;
  return stopping;
}

static int grow(void *user, const espalier_layer_view *view, real *scores) {
  (void)user, (void)view, (void)scores;
  return stopping;
}

/* The methods of the library, and then methods that draw, adapt or ask before a function of the caller's stops them. */
enum { DRAWS_THEN_ASKS = ESPALIER_STR + 1, ADAPTS_THEN_ASKS, METHODS };

static espalier_topology *a_method(int method) {
  espalier_topology *topology =
      make_topology(method == DRAWS_THEN_ASKS ? ESPALIER_SET : method == ADAPTS_THEN_ASKS ? ESPALIER_DSR : method, 3);
  if (method == ESPALIER_GRANET || method == ESPALIER_GRADUAL || method == ESPALIER_ACDC)
    OK(espalier_topology_set(topology, "density_end", 15));
  if (method == ESPALIER_ACDC) OK(espalier_topology_set(topology, "phase", 4));
  if (method == ESPALIER_STR) OK(espalier_topology_set(topology, "until", 12));
  if (method == ESPALIER_DEEPR) OK(espalier_topology_set(topology, "noise", 0.01));
  if (method == ESPALIER_SAMPLED) OK(espalier_topology_set(topology, "sampling", ESPALIER_SAMPLING_SKETCH));
  if (method == ESPALIER_SNFS) OK(espalier_topology_set(topology, "gradient_batches", 3));
  if (method == DRAWS_THEN_ASKS) {
    OK(espalier_topology_set(topology, "drop", ESPALIER_DROP_RANDOM));
    OK(F(espalier_topology_set_grow)(topology, grow, NULL));
  }
  if (method == ADAPTS_THEN_ASKS) {
    OK(espalier_topology_set(topology, "grow", ESPALIER_GROW_GRADIENT));
    OK(espalier_topology_set(topology, "drop", ESPALIER_DROP_MAGNITUDE_INCREASE));
  }
  return topology;
}

static void begin(struct twin *twin, int64_t seed) {
  espalier_optimizer *optimizer = make_optimizer(life.rule, 0.01);
  espalier_topology *topology = a_method(life.method);
  espalier_network *network = NULL;
  OK(espalier_network_create(OURS, IN, seed, &network));
  OK(espalier_network_add_linear(network, HIDDEN, seed % 3 ? 0.5 : 1, seed % 2 ? ESPALIER_TANH : ESPALIER_GELU));
  if (seed % 2) OK(espalier_network_add_dropout(network, 0.25));
  OK(espalier_network_add_linear(network, HIDDEN, 0.4, ESPALIER_LEAKY_RELU));
  OK(espalier_network_add_linear(network, OUT, seed % 5 ? 1 : 0.6, ESPALIER_IDENTITY));
  OK(espalier_network_set_loss(network, life.loss));
  if (life.rule == ESPALIER_SGD) OK(espalier_optimizer_set(optimizer, "momentum", 0.9));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  OK(F(espalier_network_set_reduction)(network, reduction, NULL));
  OK(espalier_network_set(network, "accumulate", life.accumulate));
  if (seed % 4 == 0) OK(espalier_network_set(network, "clip_norm", 0.5));
  OK(espalier_network_set_threads(network, 1));
  OK(espalier_network_build(network, MOST));
  twin->network = network;
  twin->w = calloc(ROOM, sizeof(real));
  twin->dw = calloc(ROOM, sizeof(real));
  OK(F(espalier_network_bind)(network, twin->w, twin->dw, ROOM));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
}

static void end(struct twin *twin) {
  OK(espalier_network_destroy(twin->network));
  free(twin->w);
  free(twin->dw);
}

static void data(unsigned seed) {
  size_t i;
  fill(x, LENGTH(x), seed);
  fill_targets(target, LENGTH(target), seed + 1000);
  fill(dy, LENGTH(dy), seed + 2000);
  for (i = 0; i < SAMPLES; i++) labels[i] = (int32_t)((seed + i * i) % OUT);
}

/* ------------------------------------------------------------------ what lives are made of */

static int act(struct twin *t, int which, int batch, struct result *r) {
  espalier_network *n = t->network;
  int takes_labels = life.loss == ESPALIER_SOFTMAX_CROSS_ENTROPY;
  switch (which) {
    case 0: case 1: case 2: return F(espalier_network_train_step)(n, x, target, batch, &r->loss);
    case 3:
      return takes_labels ? F(espalier_network_train_step_labels)(n, x, labels, batch, &r->loss)
                          : F(espalier_network_evaluate)(n, x, target, SAMPLES, &r->loss);
    case 4: return F(espalier_network_train_epoch)(n, x, target, SAMPLES, batch, 1, NULL, NULL, &r->loss);
    case 5: return F(espalier_network_train_epoch)(n, x, target, SAMPLES, batch, 0, NULL, NULL, &r->loss);
    case 6: case 7: return F(espalier_network_forward)(n, x, batch, r->y);
    case 8: case 9: return F(espalier_network_backward)(n, dy, batch, batch % 2 ? r->dx : NULL);
    case 10: return espalier_network_update(n);
    case 11: return espalier_network_evolve(n);
    case 12: return espalier_network_evolve_now(n, ESPALIER_ALL_LAYERS, 0.25);
    case 13: return espalier_network_end_epoch(n);
    case 14: return F(espalier_network_predict)(n, x, SAMPLES, r->y);
    case 15: return espalier_network_remember(n);
    default: return batch == 1 ? espalier_network_rewind(n) : ESPALIER_OK;
  }
}
enum { KINDS = 17 };

/* ------------------------------------------------------------------ what fails */

/* The arrays that a failing call gets: they may be spoilt. */
static real bad_x[SAMPLES * IN], bad_target[SAMPLES * OUT], bad_dy[MOST * OUT];
static int32_t bad_labels[SAMPLES];
static double number;
static real many[ROOM];

static int step(struct twin *t) { return F(espalier_network_train_step)(t->network, bad_x, bad_target, MOST, &number); }
static int epoch(struct twin *t, int shuffle) {
  return F(espalier_network_train_epoch)(t->network, bad_x, bad_target, SAMPLES, MOST, shuffle, NULL, NULL, &number);
}
static int prune(struct twin *t, int criterion, const char *option, double value) {
  espalier_pruning *pruning = make_pruning(criterion, 0.05);
  int status;
  OK(espalier_pruning_set(pruning, option, value));
  status = F(espalier_network_prune)(t->network, pruning, bad_x, bad_target, SAMPLES);
  OK(espalier_pruning_destroy(pruning));
  return status;
}
static int give_optimizer(struct twin *t, int rule, const char *option, double value) {
  espalier_optimizer *optimizer = make_optimizer(rule, 0.01);
  int status;
  OK(espalier_optimizer_set(optimizer, option, value));
  status = espalier_network_set_optimizer(t->network, ESPALIER_ALL_LAYERS, optimizer);
  OK(espalier_optimizer_destroy(optimizer));
  return status;
}
static int give_method(struct twin *t, const char *option, double value) {
  espalier_topology *topology = make_topology(ESPALIER_RIGL, 5);
  int status;
  OK(espalier_topology_set(topology, option, value));
  status = espalier_network_set_topology(t->network, ESPALIER_ALL_LAYERS, topology);
  OK(espalier_topology_destroy(topology));
  return status;
}
/* The gradients are the caller's: one is spoilt, and mended again. */
static int bad_update(struct twin *t, real value) {
  real kept = t->dw[0];
  int status;
  t->dw[0] = value;
  status = espalier_network_update(t->network);
  t->dw[0] = kept;
  return status;
}
static int stopped_evolution(struct twin *t) {
  int status;
  stopping = 1;
  status = espalier_network_evolve_now(t->network, ESPALIER_ALL_LAYERS, 0.5);
  stopping = 0;
  return status;
}

static int all(real *array, double value) {
  int i;
  for (i = 0; i < SAMPLES * IN; i++) array[i] = (real)value;
  return 1;
}

/* When a row makes sense. */
static int always(void) { return 1; }
static int when_ranged(void) { return life.loss == ESPALIER_BINARY_CROSS_ENTROPY || life.loss == ESPALIER_SOFTMAX_CROSS_ENTROPY; }
static int when_squared(void) { return life.loss == ESPALIER_MEAN_SQUARED_ERROR; }
static int when_not_accumulated(void) { return life.accumulate == 1; }
static int when_forgotten(void) { return !life.remembered; }

/* What the status must be: any but OK; or OK as well, where the other network then does the same. */
enum { ANY = -1, PERHAPS = 0 };

/* Name, when it makes sense, status, whether the header says that it ends the last forward pass as predict does, call on the
   network `n` of the twin `t`. */
#define N(set) ((set), 1)
#define TOO_LARGE (PRECISION == 32 ? 1e39 : 1.7e308)
#define HUGE_DATA (PRECISION == 32 ? 3e38 : 1e300)
#define FAILURES(X) \
  X(step_x, always, ESPALIER_ERROR_NON_FINITE, 0, N(bad_x[9] = (real)NAN) ? step(t) : 0) \
  X(step_target, always, ESPALIER_ERROR_NON_FINITE, 0, N(bad_target[4] = (real)INFINITY) ? step(t) : 0) \
  X(step_range, when_ranged, ESPALIER_ERROR_INVALID_ARGUMENT, 0, N(bad_target[4] = -7) ? step(t) : 0) \
  X(step_loss, when_squared, ESPALIER_ERROR_NON_FINITE, 1, \
    N(bad_target[0] = (real)(PRECISION == 32 ? -3e38 : -1e300)) ? step(t) : 0) \
  X(step_null, always, ESPALIER_ERROR_NULL_ARGUMENT, 0, F(espalier_network_train_step)(n, NULL, target, 1, &number)) \
  X(step_no_loss, always, ESPALIER_ERROR_NULL_ARGUMENT, 0, F(espalier_network_train_step)(n, x, target, 1, NULL)) \
  X(step_batch, always, ESPALIER_ERROR_BATCH_TOO_LARGE, 0, F(espalier_network_train_step)(n, x, target, MOST + 1, &number)) \
  X(step_none, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, F(espalier_network_train_step)(n, x, target, 0, &number)) \
  X(step_precision, always, ESPALIER_ERROR_PRECISION, 0, \
    OTHER(espalier_network_train_step)(n, (void *)x, (void *)target, 1, &number)) \
  X(step_labels, always, ANY, 0, N(bad_labels[1] = OUT) ? F(espalier_network_train_step_labels)(n, x, bad_labels, 2, &number) : 0) \
  X(epoch_x, always, ESPALIER_ERROR_NON_FINITE, 0, N(bad_x[9] = (real)NAN) ? epoch(t, 0) : 0) \
  X(epoch_shuffled, always, ESPALIER_ERROR_NON_FINITE, 0, N(memset(bad_x, 0xff, sizeof bad_x)) ? epoch(t, 1) : 0) \
  X(epoch_range, when_ranged, ESPALIER_ERROR_INVALID_ARGUMENT, 0, N(bad_target[SAMPLES * OUT - 1] = -7) ? epoch(t, 1) : 0) \
  X(epoch_labels, always, ANY, 0, \
    N(bad_labels[SAMPLES - 1] = -1) ? F(espalier_network_train_epoch_labels)(n, x, bad_labels, SAMPLES, MOST, 1, NULL, NULL, &number) : 0) \
  X(epoch_shuffle, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, epoch(t, 2)) \
  X(epoch_none, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, \
    F(espalier_network_train_epoch)(n, x, target, 0, MOST, 1, NULL, NULL, &number)) \
  X(forward_batch, always, ESPALIER_ERROR_BATCH_TOO_LARGE, 0, F(espalier_network_forward)(n, x, MOST + 1, many)) \
  X(forward_null, always, ESPALIER_ERROR_NULL_ARGUMENT, 0, F(espalier_network_forward)(n, x, 1, NULL)) \
  X(backward_dy, always, ANY, 0, N(memset(bad_dy, 0xff, sizeof bad_dy)) ? F(espalier_network_backward)(n, bad_dy, MOST, NULL) : 0) \
  X(backward_batch, always, ANY, 0, F(espalier_network_backward)(n, dy, MOST + 1, NULL)) \
  X(update_nan, when_not_accumulated, ANY, 0, bad_update(t, (real)NAN)) \
  X(update_inf, when_not_accumulated, ANY, 0, bad_update(t, (real)-INFINITY)) \
  X(update_large, when_not_accumulated, ANY, 0, bad_update(t, (real)(PRECISION == 32 ? 3e38 : 1.7e308))) \
  X(stopped, always, PERHAPS, 0, stopped_evolution(t)) \
  X(evolve_fraction, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, espalier_network_evolve_now(n, ESPALIER_ALL_LAYERS, 2)) \
  X(evolve_layer, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, espalier_network_evolve_now(n, 99, 0.5)) \
  X(predict_none, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, F(espalier_network_predict)(n, x, 0, many)) \
  X(evaluate_range, when_ranged, ESPALIER_ERROR_INVALID_ARGUMENT, 0, \
    N(bad_target[2] = -7) ? F(espalier_network_evaluate)(n, x, bad_target, SAMPLES, &number) : 0) \
  X(evaluate_labels, always, ANY, 0, \
    N(bad_labels[3] = 77) ? F(espalier_network_evaluate_labels)(n, x, bad_labels, SAMPLES, &number, NULL) : 0) \
  X(prune_x, always, ANY, 0, N(bad_x[9] = (real)NAN) ? prune(t, ESPALIER_PRUNE_SNIP, "rounds", 2) : 0) \
  X(prune_target, always, ANY, 0, N(bad_target[9] = (real)NAN) ? prune(t, ESPALIER_PRUNE_FISHER, "rounds", 1) : 0) \
  X(prune_range, when_ranged, ANY, 0, N(bad_target[9] = -7) ? prune(t, ESPALIER_PRUNE_GRASP, "temperature", 1) : 0) \
  X(prune_groups, always, ANY, 0, prune(t, ESPALIER_PRUNE_MAGNITUDE, "n", 2)) \
  X(obs_x, always, ANY, 0, N(bad_x[9] = (real)NAN) ? prune(t, ESPALIER_PRUNE_OBS, "damping", 0.01) : 0) \
  X(obs_singular, always, ANY, 1, N(all(bad_x, 1)) ? prune(t, ESPALIER_PRUNE_OBS, "damping", 0) : 0) \
  X(gpt_singular, always, ANY, 1, N(all(bad_x, 1)) ? prune(t, ESPALIER_PRUNE_SPARSEGPT, "damping", 0) : 0) \
  X(obs_overflow, always, ANY, 1, N(all(bad_x, HUGE_DATA)) ? prune(t, ESPALIER_PRUNE_OBS, "damping", 0) : 0) \
  X(gpt_overflow, always, ANY, 1, N(all(bad_x, HUGE_DATA)) ? prune(t, ESPALIER_PRUNE_SPARSEGPT, "damping", 0) : 0) \
  X(rewind_nothing, when_forgotten, ESPALIER_ERROR_INVALID_STATE, 0, espalier_network_rewind(n)) \
  X(build_again, always, ESPALIER_ERROR_INVALID_STATE, 0, espalier_network_build(n, 3)) \
  X(add_late, always, ESPALIER_ERROR_INVALID_STATE, 0, espalier_network_add_linear(n, 3, 1, ESPALIER_RELU)) \
  X(bind_short, always, ESPALIER_ERROR_BUFFER_TOO_SMALL, 0, F(espalier_network_bind)(n, many, many, 3)) \
  X(bind_overlap, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, F(espalier_network_bind)(n, many, many, ROOM)) \
  X(loss_99, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, espalier_network_set_loss(n, 99)) \
  X(option_name, always, ESPALIER_ERROR_UNKNOWN_NAME, 0, espalier_network_set(n, "huber", 1)) \
  X(option_value, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, espalier_network_set(n, "clip_norm", -1)) \
  X(option_range, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, espalier_network_set(n, "huber_delta", 0)) \
  X(crossover_nan, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, espalier_network_set(n, "dense_crossover", NAN)) \
  X(layer_option, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, espalier_layer_set(n, 1, "negative_slope", TOO_LARGE)) \
  X(layer_late, always, ESPALIER_ERROR_INVALID_STATE, 0, espalier_layer_set(n, 1, "bias", 0)) \
  X(rate_range, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, \
    espalier_layer_set_optimizer_option(n, ESPALIER_ALL_LAYERS, "learning_rate", PRECISION == 32 ? 3e38 : 1.7e308)) \
  X(rate_name, always, ESPALIER_ERROR_UNKNOWN_NAME, 0, \
    espalier_layer_set_optimizer_option(n, ESPALIER_ALL_LAYERS, "rates", 1)) \
  X(threads, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, espalier_network_set_threads(n, -1)) \
  X(optimizer_range, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, give_optimizer(t, ESPALIER_SGD, "weight_decay", TOO_LARGE)) \
  X(optimizer_sense, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, give_optimizer(t, ESPALIER_SGD, "nesterov", 1)) \
  X(method_range, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, give_method(t, "grown_scale", TOO_LARGE)) \
  X(method_sense, always, ESPALIER_ERROR_INVALID_ARGUMENT, 0, give_method(t, "phase", 3))

#define FUNCTION(name, sense, status, ends, call) \
  static int name(struct twin *t) {               \
    espalier_network *n = t->network;             \
    (void)n;                                      \
    return call;                                  \
  }
FAILURES(FUNCTION)

static const struct failure {
  const char *name;
  int (*call)(struct twin *);
  int (*makes_sense)(void);
  int status, ends_forward;
} failures[] = {
#define ROW(name, sense, status, ends, call) {#name, name, sense, status, ends},
    FAILURES(ROW)
};

/* ------------------------------------------------------------------ lives */

static int happened[LENGTH(failures)];

static void fail(const struct failure *failure, struct twin *bold, struct twin *calm) {
  struct result spare;
  int status;
  memcpy(bad_x, x, sizeof x);
  memcpy(bad_target, target, sizeof target);
  memcpy(bad_dy, dy, sizeof dy);
  memcpy(bad_labels, labels, sizeof labels);
  status = failure->call(bold);
  if (failure->status > 0) check_status(status, failure->status, __FILE__, __LINE__, failure->name);
  if (failure->status < 0) check_true(status != ESPALIER_OK, __FILE__, __LINE__, failure->name);
  if (status == ESPALIER_OK) OK(espalier_network_evolve_now(calm->network, ESPALIER_ALL_LAYERS, 0.5)); /* had nothing to ask */
  if (status != ESPALIER_OK) happened[failure - failures]++;
  if (failure->ends_forward) {
    OK(F(espalier_network_predict)(bold->network, x, 1, spare.y));
    OK(F(espalier_network_predict)(calm->network, x, 1, spare.y));
  }
}

static int same_patterns(const struct twin *a, const struct twin *b) {
  int64_t layer, layers = (int64_t)network_value(a->network, "layers");
  for (layer = 1; layer <= layers; layer++) {
    int32_t ra[HIDDEN * HIDDEN] = {0}, rb[HIDDEN * HIDDEN] = {0}, ca[HIDDEN * HIDDEN] = {0}, cb[HIDDEN * HIDDEN] = {0};
    int64_t na = 0, nb = 0;
    if (espalier_layer_pattern(a->network, layer, 0, HIDDEN * HIDDEN, NULL, ra, ca, &na) != ESPALIER_OK) continue;
    OK(espalier_layer_pattern(b->network, layer, 0, HIDDEN * HIDDEN, NULL, rb, cb, &nb));
    if (na != nb || memcmp(ra, rb, sizeof ra) != 0 || memcmp(ca, cb, sizeof ca) != 0) return 0;
  }
  return 1;
}

/* Returns whether the twins stayed the same. */
static int live(unsigned number_of_life) {
  struct twin bold, calm;
  char trace[ACTS * 40] = "";
  int i, same = 1;
  state = number_of_life * 77u + 5;
  life.loss = (int)draw(4);
  life.method = (int)(number_of_life % METHODS);
  life.rule = (int)draw(5);
  life.accumulate = 1 + (int)draw(4) / 3;
  life.remembered = 0;
  begin(&bold, number_of_life);
  begin(&calm, number_of_life);
  for (i = 0; i < ACTS && same; i++) {
    struct result a, b;
    int which = (int)draw(KINDS), batch = draw(3) ? MOST : 1, k;
    data(number_of_life * 100 + (unsigned)i);
    for (k = 0; k < 3; k++) {
      const struct failure *failure = &failures[draw(LENGTH(failures))];
      if (!failure->makes_sense()) continue;
      fail(failure, &bold, &calm);
      sprintf(trace + strlen(trace), "%.20s ", failure->name);
    }
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    a.status = act(&bold, which, batch, &a);
    b.status = act(&calm, which, batch, &b);
    if (which == 15 && a.status == ESPALIER_OK) life.remembered = 1;
    sprintf(trace + strlen(trace), "| %d: %d %d | ", which, a.status, b.status);
    same = memcmp(&a, &b, sizeof a) == 0 && memcmp(bold.w, calm.w, ROOM * sizeof(real)) == 0 && same_patterns(&bold, &calm);
    if (strlen(trace) > sizeof trace - 160) trace[0] = 0;
  }
  if (!same) printf("life %u, method %d, act %d: %s\n%s\n", number_of_life, life.method, i, trace, espalier_last_error());
  end(&bold);
  end(&calm);
  return same;
}

static void failing_calls_leave_no_trace(void) {
  unsigned i;
  size_t k;
  for (i = 0; i < LIVES; i++) CHECK(live(i));
  for (k = 0; k < LENGTH(failures); k++) check_true(happened[k] > 0, __FILE__, __LINE__, failures[k].name);
}

int main(void) {
  const struct test tests[] = {TEST(failing_calls_leave_no_trace)};
  return run_tests(tests, LENGTH(tests));
}
