/* Functions of the caller's: scores to drop and to grow by. What they see, what comes of it, how they stop. */
#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { IN = 31, HIDDEN = 21, OUT = 6, BATCH = 10 };
static real x[2 * BATCH * IN], target[2 * BATCH * OUT];

typedef F(espalier_score) score_function;

static espalier_network *make_subject(const espalier_topology *topology, int rule) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(rule, 0.01);
  if (rule == ESPALIER_SGD) OK(espalier_optimizer_set(optimizer, "momentum", 0.9));
  OK(espalier_network_create(OURS, IN, 11, &network));
  OK(espalier_network_add_linear(network, HIDDEN, 0.25, ESPALIER_TANH));
  OK(espalier_network_add_linear(network, OUT, 0.5, ESPALIER_IDENTITY));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  if (topology) OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  OK(espalier_network_build(network, 2 * BATCH));
  OK(espalier_optimizer_destroy(optimizer));
  return network;
}

static void train(espalier_network *network, int steps) {
  double loss;
  int i;
  for (i = 0; i < steps; i++) OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
}

static uint64_t print_of(espalier_network *network) {
  real *w = NULL, *dw = NULL;
  int64_t count = 0, layer;
  uint64_t hash;
  OK(F(espalier_network_parameters)(network, &w, &dw, &count));
  hash = hash_bytes(7, w, (size_t)count * sizeof *w);
  for (layer = 1; layer <= 2; layer++) {
    int32_t rows[IN * HIDDEN], columns[IN * HIDDEN];
    OK(espalier_layer_pattern(network, layer, 0, IN * HIDDEN, NULL, rows, columns, &count));
    hash = hash_bytes(hash_bytes(hash, rows, (size_t)count * sizeof *rows), columns, (size_t)count * sizeof *columns);
  }
  return hash;
}

/* What a function is told, and what it is to do. */
struct notes {
  espalier_network *network;
  int calls, stop_at, moments;
  int64_t next_row, layer;
  double direction;
};

static void check_view(const struct notes *notes, const espalier_layer_view *view) {
  int64_t connections = 0;
  int moment;
  CHECK(view->layer == 1 || view->layer == 2);
  CHECK(view->units == (view->layer == 1 ? HIDDEN : OUT) && view->inputs == (view->layer == 1 ? IN : HIDDEN));
  for (moment = 0; moment < 3; moment++) CHECK((view->moments[moment] != NULL) == (moment < notes->moments));
  CHECK(view->first_row >= 0 && view->rows >= 1 && view->first_row + view->rows <= view->units);
  if (!notes->network) return;
  /* A second call with the handle is refused while the function runs. */
  CHECK(espalier_layer_pattern(notes->network, view->layer, 0, 0, NULL, NULL, NULL, &connections) == ESPALIER_ERROR_BUSY);
}

/* |w|, read from the view. */
static int magnitude(void *user, const espalier_layer_view *view, real *scores) {
  struct notes *notes = user;
  const real *w = view->weights;
  int64_t i, row;
  check_view(notes, view);
  CHECK(view->first_row == 0 && view->rows == view->units && view->row_start[0] == 0);
  CHECK(view->row_start[view->units] == view->connections);
  for (row = 0; row < view->units; row++)
    for (i = view->row_start[row]; i < view->row_start[row + 1]; i++) {
      CHECK(view->columns[i] >= 0 && view->columns[i] < view->inputs);
      if (i > view->row_start[row]) CHECK(view->columns[i] > view->columns[i - 1]);
    }
  for (i = 0; i < view->connections; i++) scores[i] = w[i] < 0 ? -w[i] : w[i];
  return ++notes->calls == notes->stop_at;
}

/* The gradient as it comes, or against the order of the positions. At connections it is what the view says. */
static int growing(void *user, const espalier_layer_view *view, real *scores) {
  struct notes *notes = user;
  const real *g = view->gradients;
  int64_t i, row;
  check_view(notes, view);
  if (view->layer != notes->layer) notes->next_row = 0;
  notes->layer = view->layer;
  CHECK(view->first_row == notes->next_row);
  notes->next_row = view->first_row + view->rows == view->units ? 0 : view->first_row + view->rows;
  for (row = 0; row < view->rows; row++)
    for (i = view->row_start[view->first_row + row]; i < view->row_start[view->first_row + row + 1]; i++) {
      /* One by OpenBLAS, one by a kernel: sums of BATCH products below 1. */
      CHECK(fabs((double)(scores[row * view->inputs + view->columns[i]] - g[i])) < 4 * BATCH * EPSILON);
    }
  if (notes->direction != 0)
    for (i = 0; i < view->rows * view->inputs; i++)
      scores[i] = (real)(1000 + notes->direction * (double)(view->first_row * view->inputs + i));
  return ++notes->calls == notes->stop_at;
}

static espalier_topology *with_functions(int method, score_function drop, score_function grow, struct notes *notes) {
  espalier_topology *topology = make_topology(method, 3);
  double value = 0;
  if (drop) {
    OK(F(espalier_topology_set_drop)(topology, drop, notes));
    OK(espalier_topology_get(topology, "drop", &value));
    CHECK(value == ESPALIER_DROP_CALLBACK);
  }
  if (grow) {
    OK(F(espalier_topology_set_grow)(topology, grow, notes));
    OK(espalier_topology_get(topology, "grow", &value));
    CHECK(value == ESPALIER_GROW_CALLBACK);
  }
  return topology;
}

/* |w| and the gradient by functions of the caller's is the method itself, bit for bit, with each rule's moments in the view. */
static void the_same_as_its_own(void) {
  static const int methods[] = {ESPALIER_RIGL, ESPALIER_SRIGL}, moments[] = {1, 1, 1, 2, 2};
  size_t m;
  int rule;
  for (m = 0; m < LENGTH(methods); m++)
    for (rule = ESPALIER_SGD; rule <= ESPALIER_ADAMW; rule++) {
      struct notes notes = {0};
      espalier_topology *own = make_topology(methods[m], 3);
      espalier_topology *mine = with_functions(methods[m], magnitude, growing, &notes);
      espalier_network *a = make_subject(own, rule), *b = make_subject(mine, rule);
      const uint64_t before = print_of(a);
      notes.network = b;
      notes.moments = moments[rule];
      train(a, 20);
      train(b, 20);
      CHECK(print_of(a) == print_of(b) && print_of(a) != before);
      CHECK(layer_value(b, 1, "topology_updates") == 5);
      /* Both layers drop and grow; with a constant fan-in scores are asked for once more. */
      CHECK(notes.calls == 5 * (methods[m] == ESPALIER_RIGL ? 4 : 6));
      OK(espalier_network_destroy(a));
      OK(espalier_network_destroy(b));
      OK(espalier_topology_destroy(own));
      OK(espalier_topology_destroy(mine));
    }
}

/* The last positions grow when scores rise with the position, the first ones when they fall. */
static void growing_where_told(void) {
  int falls;
  for (falls = 0; falls <= 1; falls++) {
    struct notes notes = {0};
    espalier_topology *mine;
    espalier_network *network;
    int32_t rows[IN * HIDDEN], columns[IN * HIDDEN];
    int64_t count = 0, i, beyond = 0;
    notes.moments = 1;
    notes.direction = falls ? -1 : 1;
    mine = with_functions(ESPALIER_RIGL, NULL, growing, &notes);
    network = make_subject(mine, ESPALIER_SGD);
    train(network, 1);
    OK(espalier_network_evolve_now(network, 1, 1)); /* all go: what comes is the caller's choice */
    OK(espalier_layer_pattern(network, 1, 0, IN * HIDDEN, NULL, rows, columns, &count));
    for (i = 0; i < count; i++) {
      const int64_t position = (int64_t)rows[i] * IN + columns[i];
      beyond += falls ? position >= count : position < IN * HIDDEN - count;
    }
    CHECK(beyond == 0);
    OK(espalier_network_destroy(network));
    OK(espalier_topology_destroy(mine));
  }
}

/* Stopped at each of the calls of an update in turn: nothing has changed, and the update stays due. */
static void stopping(void) {
  int stop;
  for (stop = 1; stop <= 4; stop++) {
    struct notes notes = {0};
    espalier_topology *mine = with_functions(ESPALIER_SET, magnitude, growing, &notes);
    espalier_network *network = make_subject(mine, ESPALIER_SGD);
    double loss;
    uint64_t before;
    notes.moments = 1;
    train(network, 2);
    notes.stop_at = stop;
    SAYS(ESPALIER_ERROR_STOPPED, stop <= 2 ? "drop score" : "growth score", stop % 2 ? "layer 1" : "layer 2",
         F(espalier_network_train_step)(network, x, target, BATCH, &loss));
    CHECK(notes.calls == stop && layer_value(network, 1, "topology_updates") == 0);
    CHECK(layer_value(network, 1, "steps") == 3); /* the optimizer's step was before it */
    before = print_of(network);
    notes.calls = 0;
    notes.next_row = 0;
    SAYS(ESPALIER_ERROR_STOPPED, "stop", "layer", espalier_network_evolve(network));
    CHECK(print_of(network) == before);
    notes.stop_at = 0;
    notes.next_row = 0;
    OK(espalier_network_evolve(network));
    CHECK(layer_value(network, 1, "topology_updates") == 1 && print_of(network) != before);
    OK(espalier_network_destroy(network));
    OK(espalier_topology_destroy(mine));
  }
}

static int other_precision(void *user, const espalier_layer_view *view, other_real *scores) {
  (void)user, (void)view, (void)scores;
  return 0;
}

static void refusing(void) {
  struct notes notes = {0};
  espalier_topology *topology = make_topology(ESPALIER_RIGL, 3), *fixed = make_topology(ESPALIER_STATIC, 0);
  espalier_network *network = make_subject(NULL, ESPALIER_SGD);
  double value = 0;
  notes.moments = 1;
  OK(espalier_topology_set(topology, "drop", ESPALIER_DROP_CALLBACK));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "drop", "there is none",
          espalier_network_set_topology(network, 0, topology));
  OK(espalier_topology_set(topology, "drop", ESPALIER_DROP_MAGNITUDE));
  OK(espalier_topology_set(topology, "grow", ESPALIER_GROW_CALLBACK));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "grow", "there is none", espalier_network_set_topology(network, 1, topology));
  OK(OTHER(espalier_topology_set_grow)(topology, other_precision, NULL));
  REFUSES(network, ESPALIER_ERROR_PRECISION, "grow", "precision", espalier_network_set_topology(network, 1, topology));
  OK(OTHER(espalier_topology_set_drop)(topology, other_precision, NULL));
  OK(F(espalier_topology_set_grow)(topology, growing, &notes));
  REFUSES(network, ESPALIER_ERROR_PRECISION, "drop", "precision", espalier_network_set_topology(network, 1, topology));
  /* Taken away again, a method is what it was. */
  OK(F(espalier_topology_set_drop)(topology, NULL, NULL));
  OK(F(espalier_topology_set_grow)(topology, NULL, NULL));
  OK(espalier_topology_get(topology, "drop", &value));
  CHECK(value == ESPALIER_DROP_MAGNITUDE);
  OK(espalier_topology_get(topology, "grow", &value));
  CHECK(value == ESPALIER_GROW_GRADIENT);
  OK(espalier_network_set_topology(network, 0, topology));
  train(network, 4);
  CHECK(layer_value(network, 1, "topology_updates") == 1 && notes.calls == 0);
  SAYS(ESPALIER_ERROR_UNKNOWN_NAME, "drop", "static", F(espalier_topology_set_drop)(fixed, magnitude, NULL));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "topology", "NULL", F(espalier_topology_set_drop)(NULL, magnitude, NULL));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "topology", "NULL", F(espalier_topology_set_grow)(NULL, magnitude, NULL));
  REFUSES(network, ESPALIER_ERROR_PRECISION, "float", "float", OTHER(espalier_network_set_reduction)(network, NULL, NULL));
  OK(espalier_network_destroy(network));
  OK(espalier_topology_destroy(topology));
  OK(espalier_topology_destroy(fixed));
}

/* The host's rounding is in place while its function runs, and the library's when it goes on. */
static int rounding;

static int looks_at_rounding(void *user, const espalier_layer_view *view, real *scores) {
  rounding = fegetround();
  return magnitude(user, view, scores);
}

static void the_hosts_environment(void) {
  struct notes notes = {0};
  espalier_topology *mine = with_functions(ESPALIER_SET, looks_at_rounding, NULL, &notes);
  espalier_network *a = make_subject(mine, ESPALIER_SGD), *b = make_subject(mine, ESPALIER_SGD);
  notes.moments = 1;
  train(a, 7);
  CHECK(rounding == FE_TONEAREST);
  fesetround(FE_UPWARD);
  train(b, 7);
  CHECK(fegetround() == FE_UPWARD && rounding == FE_UPWARD);
  fesetround(FE_TONEAREST);
  CHECK(print_of(a) == print_of(b));
  OK(espalier_network_destroy(a));
  OK(espalier_network_destroy(b));
  OK(espalier_topology_destroy(mine));
}

int main(void) {
  static const struct test tests[] = {
      TEST(the_same_as_its_own), TEST(growing_where_told), TEST(stopping), TEST(refusing), TEST(the_hosts_environment)};
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  return run_tests(tests, LENGTH(tests));
}
