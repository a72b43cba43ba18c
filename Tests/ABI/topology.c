/* Patterns that change while they train: counts stay, values go with their connection, new ones start at zero. */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { IN = 30, OUT = 20, CONNECTIONS = 120, BATCH = 8 };

struct picture {
  int32_t rows[CONNECTIONS], columns[CONNECTIONS];
  real w[CONNECTIONS];
};

static real x[BATCH * IN], target[BATCH * OUT];

static espalier_network *sparse_network(espalier_topology *topology) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.01);
  OK(espalier_optimizer_set(optimizer, "momentum", 0.9));
  OK(espalier_network_create(OURS, IN, 9, &network));
  OK(espalier_network_add_linear(network, OUT, 0.2, ESPALIER_IDENTITY));
  OK(espalier_network_add_linear(network, OUT, 1, ESPALIER_IDENTITY));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology)); /* passes over the dense one */
  OK(espalier_network_build(network, BATCH));
  OK(espalier_optimizer_destroy(optimizer));
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  return network;
}

static void look(espalier_network *network, struct picture *picture) {
  real *w = NULL, *dw, *bias, *bias_gradients;
  int64_t connections = 0, units;
  OK(espalier_layer_pattern(network, 1, 0, CONNECTIONS, NULL, picture->rows, picture->columns, &connections));
  CHECK(connections == CONNECTIONS);
  OK(F(espalier_layer_parameters)(network, 1, &w, &dw, &connections, &bias, &bias_gradients, &units));
  memcpy(picture->w, w, sizeof picture->w);
}

static int find(const struct picture *picture, int32_t row, int32_t column) {
  int i;
  for (i = 0; i < CONNECTIONS; i++)
    if (picture->rows[i] == row && picture->columns[i] == column) return i;
  return -1;
}

/* How many of the new connections are not in the old picture; survivors must have kept their weight to the bit. */
static int compare(const struct picture *old, const struct picture *new) {
  int i, grown = 0;
  for (i = 0; i < CONNECTIONS; i++) {
    int was = find(old, new->rows[i], new->columns[i]);
    CHECK(new->rows[i] >= 0 && new->rows[i] < OUT && new->columns[i] >= 0 && new->columns[i] < IN);
    if (i > 0)
      CHECK(new->rows[i] > new->rows[i - 1] || (new->rows[i] == new->rows[i - 1] && new->columns[i] > new->columns[i - 1]));
    if (was >= 0)
      CHECK(memcmp(&old->w[was], &new->w[i], sizeof(real)) == 0);
    else {
      CHECK(new->w[i] == 0);
      grown++;
    }
  }
  return grown;
}

static void evolving_when_due(void) {
  int method;
  for (method = ESPALIER_STATIC; method <= ESPALIER_RIGL; method++) {
    espalier_topology *topology = make_topology(method, 4);
    espalier_network *network = sparse_network(topology);
    struct picture before, after;
    double loss;
    int i;
    look(network, &before);
    for (i = 0; i < 20; i++) OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
    look(network, &after);
    if (method == ESPALIER_STATIC) {
      CHECK(memcmp(before.columns, after.columns, sizeof before.columns) == 0);
      CHECK(layer_value(network, 1, "topology_updates") == 0);
    } else {
      CHECK(memcmp(before.columns, after.columns, sizeof before.columns) != 0);
      CHECK(layer_value(network, 1, "topology_updates") >= 4);
      /* floor(0.3 * 120) go; those that are chosen again at once have not gone */
      CHECK(layer_value(network, 1, "dropped") <= 36 && layer_value(network, 1, "dropped") > 0);
      CHECK(layer_value(network, 1, "grown") == layer_value(network, 1, "dropped"));
    }
    CHECK(layer_value(network, 1, "connections") == CONNECTIONS);
    CHECK(layer_value(network, 2, "connections") == OUT * OUT && layer_value(network, 2, "topology_updates") == 0);
    OK(espalier_network_destroy(network));
    OK(espalier_topology_destroy(topology));
  }
}

static int compare_sizes(const void *a, const void *b) {
  const real x = *(const real *)a, y = *(const real *)b;
  return (x > y) - (x < y);
}

static void evolving_by_hand(void) {
  int method;
  for (method = ESPALIER_SET; method <= ESPALIER_RIGL; method++) {
    espalier_topology *topology = make_topology(method, 1000);
    espalier_network *network = sparse_network(topology);
    struct picture before, after;
    real sizes[CONNECTIONS], y[BATCH * OUT];
    double loss;
    int i, grown;
    OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
    look(network, &before);
    OK(F(espalier_network_forward)(network, x, BATCH, y));
    OK(F(espalier_network_backward)(network, y, BATCH, NULL));
    OK(espalier_network_evolve(network)); /* not due */
    look(network, &after);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    OK(espalier_network_evolve_now(network, 1, 0.25));
    look(network, &after);
    grown = compare(&before, &after);
    CHECK(grown > 0 && grown <= 30);
    CHECK(layer_value(network, 1, "dropped") == grown && layer_value(network, 1, "grown") == grown);
    /* What went was among the 30 smallest. */
    for (i = 0; i < CONNECTIONS; i++) sizes[i] = before.w[i] < 0 ? -before.w[i] : before.w[i];
    qsort(sizes, CONNECTIONS, sizeof *sizes, compare_sizes);
    for (i = 0; i < CONNECTIONS; i++)
      if (find(&after, before.rows[i], before.columns[i]) < 0)
        CHECK((before.w[i] < 0 ? -before.w[i] : before.w[i]) <= sizes[29]);
    OK(espalier_network_evolve_now(network, ESPALIER_ALL_LAYERS, 0));
    OK(espalier_network_evolve_now(network, ESPALIER_ALL_LAYERS, 1));
    CHECK(layer_value(network, 1, "connections") == CONNECTIONS);
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "drop_fraction", "1.5", espalier_network_evolve_now(network, 1, 1.5));
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "drop_fraction", "-0.5", espalier_network_evolve_now(network, 1, -0.5));
    SAYS(ESPALIER_ERROR_INVALID_STATE, "layer", "2", espalier_network_evolve_now(network, 2, 0.5)); /* dense */
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "3", espalier_network_evolve_now(network, 3, 0.5));
    OK(espalier_network_destroy(network));
    OK(espalier_topology_destroy(topology));
  }
}

static void dense_layers_stay_dense(void) {
  espalier_topology *rigl = make_topology(ESPALIER_RIGL, 5), *fixed = make_topology(ESPALIER_STATIC, 0);
  espalier_network *network = sparse_network(fixed);
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "2", espalier_network_set_topology(network, 2, rigl));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "-1", espalier_network_set_topology(network, -1, rigl));
  OK(espalier_network_set_topology(network, 2, fixed));
  OK(espalier_network_set_topology(network, 1, rigl)); /* after build */
  OK(espalier_network_destroy(network));
  OK(espalier_topology_destroy(rigl));
  OK(espalier_topology_destroy(fixed));
}

static void bound_arrays_keep_their_place(void) {
  espalier_topology *topology = make_topology(ESPALIER_RIGL, 2);
  espalier_network *network = sparse_network(topology);
  int64_t count = 0;
  real *w, *dw, *now, *now_gradient;
  double loss;
  int i;
  OK(espalier_network_parameter_count(network, &count));
  w = malloc((size_t)count * sizeof *w);
  dw = malloc((size_t)count * sizeof *dw);
  OK(F(espalier_network_bind)(network, w, dw, count));
  for (i = 0; i < 10; i++) {
    OK(F(espalier_network_train_step)(network, x, target, BATCH, &loss));
    OK(F(espalier_network_parameters)(network, &now, &now_gradient, &count));
    CHECK(now == w && now_gradient == dw);
  }
  CHECK(layer_value(network, 1, "topology_updates") >= 3);
  OK(espalier_network_destroy(network));
  free(w);
  free(dw);
  OK(espalier_topology_destroy(topology));
}

/* A layer whose scores come in several blocks: each unit once, in order. */
struct blocks {
  int64_t next, calls;
};

static int by_blocks(void *user, const espalier_layer_view *view, real *scores) {
  struct blocks *blocks = user;
  CHECK(view->first_row == blocks->next && view->inputs == 40000 && view->units == 20);
  scores[0] = scores[view->rows * view->inputs - 1] = 1000;
  blocks->next = (view->first_row + view->rows) % view->units;
  blocks->calls++;
  return 0;
}

static void blocks_of_rows(void) {
  static real wide[40000];
  const real wanted[20] = {1};
  struct blocks blocks = {0};
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.01);
  espalier_topology *topology = make_topology(ESPALIER_RIGL, 1);
  int32_t rows[800], columns[800];
  int64_t count = 0, i, first = 0, last = 0;
  double loss;
  fill(wide, LENGTH(wide), 3);
  OK(F(espalier_topology_set_grow)(topology, by_blocks, &blocks));
  OK(espalier_topology_set(topology, "begin", 0));
  OK(espalier_network_create(OURS, 40000, 1, &network));
  OK(espalier_network_add_linear(network, 20, 0.001, ESPALIER_IDENTITY));
  OK(espalier_network_set_optimizer(network, 1, optimizer));
  OK(espalier_network_set_topology(network, 1, topology));
  OK(espalier_network_build(network, 1));
  OK(F(espalier_network_train_step)(network, wide, wanted, 1, &loss));
  CHECK(blocks.calls >= 2 && blocks.next == 0);
  OK(espalier_layer_pattern(network, 1, 0, 800, NULL, rows, columns, &count));
  for (i = 0; i < count; i++) {
    first += rows[i] == 0 && columns[i] == 0;
    last += rows[i] == 19 && columns[i] == 39999;
  }
  CHECK(count == 800 && first == 1 && last == 1);
  OK(espalier_network_destroy(network));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
}

int main(void) {
  static const struct test tests[] = {TEST(evolving_when_due), TEST(evolving_by_hand), TEST(dense_layers_stay_dense),
                                      TEST(bound_arrays_keep_their_place), TEST(blocks_of_rows)};
  return run_tests(tests, LENGTH(tests));
}
