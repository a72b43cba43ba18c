#include "calls.h"

enum { DESCRIBES = 1, ANY_TIME, NEEDS_BUILD };

static real x[MAX_BATCH * INPUTS], y[MAX_BATCH * OUTPUTS], dx[MAX_BATCH * INPUTS];
static int32_t labels[MAX_BATCH];
static real w[PARAMETERS], dw[PARAMETERS];
static const int32_t one[1] = {1};
static const int64_t single = 1;
static const int64_t rows[UNITS1 + 1] = {0, 1, 1, 1, 1, 1, 1, 1, 1};
static char text[4096];
static double value;
static int64_t count, units;
static real *a, *b, *c, *d;
static espalier_optimizer *optimizer;
static espalier_topology *topology;
static espalier_pruning *pruning;

/* Each is written once: its name, when it may be called, the call. */
#define CALLS(X)                                                                                                   \
  X("add_linear", DESCRIBES, espalier_network_add_linear(n, 3, 0.5, ESPALIER_RELU))                                \
  X("add_dropout", DESCRIBES, espalier_network_add_dropout(n, 0.5))                                                \
  X("set_distribution", DESCRIBES, espalier_network_set_distribution(n, ESPALIER_ERDOS_RENYI, 0.5))                \
  X("set_densities", DESCRIBES, espalier_network_set_densities(n, NULL, NULL))                                     \
  X("set_pattern_coo", DESCRIBES, F(espalier_layer_set_pattern_coo)(n, 1, 1, one, one, NULL, 0))                   \
  X("set_pattern_csr", DESCRIBES, F(espalier_layer_set_pattern_csr)(n, 1, rows, one, NULL, 0))                     \
  X("set_pattern_grid", DESCRIBES, espalier_layer_set_pattern_grid(n, 1, 1, &single, &single, NULL))                \
  X("set_pattern_mesh_i32", DESCRIBES, espalier_layer_set_pattern_mesh_i32(n, 1, 1, one, one, 1, 1))                \
  X("set_pattern_mesh_i64", DESCRIBES, espalier_layer_set_pattern_mesh_i64(n, 1, 1, &single, &single, 1, 1))        \
  X("add_loss", ANY_TIME, espalier_network_add_loss(n, 0, 1, ESPALIER_HUBER, 0.5))                               \
  X("set_loss", ANY_TIME, espalier_network_set_loss(n, ESPALIER_SOFTMAX_CROSS_ENTROPY))                            \
  X("set_optimizer", ANY_TIME, espalier_network_set_optimizer(n, 0, optimizer))                                    \
  X("set_topology", ANY_TIME, espalier_network_set_topology(n, 0, topology))                                       \
  X("set_reduction", ANY_TIME, F(espalier_network_set_reduction)(n, NULL, NULL))                                   \
  X("set", ANY_TIME, espalier_network_set(n, "clip_norm", 1))                                                      \
  X("get", ANY_TIME, espalier_network_get(n, "inputs", &value))                                                    \
  X("layer_set", ANY_TIME, espalier_layer_set(n, 2, "probability", 0.125))                                         \
  X("layer_get", ANY_TIME, espalier_layer_get(n, 1, "units", &value))                                              \
  X("set_optimizer_option", NEEDS_BUILD, espalier_layer_set_optimizer_option(n, 0, "learning_rate", 0.125))        \
  X("get_optimizer_option", NEEDS_BUILD, espalier_layer_get_optimizer_option(n, 1, "learning_rate", &value))       \
  X("set_threads", ANY_TIME, espalier_network_set_threads(n, 2))                                                   \
  X("build", DESCRIBES, espalier_network_build(n, MAX_BATCH))                                                      \
  X("parameter_count", NEEDS_BUILD, espalier_network_parameter_count(n, &count))                                   \
  X("bind", NEEDS_BUILD, F(espalier_network_bind)(n, w, dw, PARAMETERS))                                           \
  X("bind_input", NEEDS_BUILD, F(espalier_network_bind_input)(n, 0, NULL, 0))                                      \
  X("unbind", NEEDS_BUILD, espalier_network_unbind(n))                                                             \
  X("parameters", NEEDS_BUILD, F(espalier_network_parameters)(n, &a, &b, &count))                                  \
  X("layer_parameters", NEEDS_BUILD, F(espalier_layer_parameters)(n, 1, &a, &b, &count, &c, &d, &units))           \
  X("layer_pattern", NEEDS_BUILD, espalier_layer_pattern(n, 1, 0, 0, NULL, NULL, NULL, &count))                    \
  X("train_step_labels", NEEDS_BUILD, F(espalier_network_train_step_labels)(n, x, labels, MAX_BATCH, &value))      \
  X("train_epoch_labels", NEEDS_BUILD,                                                                             \
    F(espalier_network_train_epoch_labels)(n, x, labels, MAX_BATCH, 4, 1, NULL, NULL, &value))                     \
  X("train_step", NEEDS_BUILD, F(espalier_network_train_step)(n, x, y, MAX_BATCH, &value))                         \
  X("train_epoch", NEEDS_BUILD, F(espalier_network_train_epoch)(n, x, y, MAX_BATCH, 4, 1, NULL, NULL, &value))     \
  X("forward", NEEDS_BUILD, F(espalier_network_forward)(n, x, MAX_BATCH, y))                                       \
  X("backward", NEEDS_BUILD, F(espalier_network_backward)(n, y, MAX_BATCH, dx))                                    \
  X("update", NEEDS_BUILD, espalier_network_update(n))                                                             \
  X("evolve", NEEDS_BUILD, espalier_network_evolve(n))                                                             \
  X("end_epoch", NEEDS_BUILD, espalier_network_end_epoch(n))                                                       \
  X("evolve_now", NEEDS_BUILD, espalier_network_evolve_now(n, 1, 0.25))                                            \
  X("remember", NEEDS_BUILD, espalier_network_remember(n))                                                         \
  X("rewind", NEEDS_BUILD, espalier_network_rewind(n))                                                             \
  X("predict", NEEDS_BUILD, F(espalier_network_predict)(n, x, MAX_BATCH, y))                                       \
  X("evaluate", NEEDS_BUILD, F(espalier_network_evaluate)(n, x, y, MAX_BATCH, &value))                             \
  X("evaluate_labels", NEEDS_BUILD, F(espalier_network_evaluate_labels)(n, x, labels, MAX_BATCH, &value, NULL))    \
  X("prune", NEEDS_BUILD, F(espalier_network_prune)(n, pruning, x, y, MAX_BATCH))                                   \
  X("prune_labels", NEEDS_BUILD, F(espalier_network_prune_labels)(n, pruning, x, labels, MAX_BATCH))               \
  X("info", ANY_TIME, espalier_network_info(n, sizeof text, text, &count))

#define NAME(name, when, call) name,
#define WHEN(name, when, call) when,
#define CALL(name, when, call) \
  if (number-- == 0) return call;

static const char *const names[] = {CALLS(NAME)};
static const int when[] = {CALLS(WHEN)};
const int network_calls = (int)LENGTH(names);

const char *network_call_name(int number) { return names[number]; }
int network_call_needs_build(int number) { return when[number] == NEEDS_BUILD; }
int network_call_describes(int number) { return when[number] == DESCRIBES; }

int call_network(int number, espalier_network *n) {
  if (optimizer == NULL) {
    optimizer = make_optimizer(ESPALIER_ADAM, 0.01);
    topology = make_topology(ESPALIER_RIGL, 3);
    pruning = make_pruning(ESPALIER_PRUNE_MAGNITUDE, 0.9);
  }
  /* What one call leaves in the arrays is no other call's business. */
  fill(x, LENGTH(x), 1);
  fill(y, LENGTH(y), 2);
  CALLS(CALL)
  return -1;
}
