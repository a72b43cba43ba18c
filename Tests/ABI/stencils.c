/* Linear layers with the pattern of a stencil, on a grid or a mesh. */
#include <stdlib.h>
#include <string.h>

#include "layers.h"

enum { MOST = 4096 };
static int64_t start[MOST + 1];
static int32_t columns[MOST * 64];

/* A network whose one linear layer has these sizes. */
static espalier_network *make(int64_t inputs, int64_t units) {
  espalier_network *network = NULL;
  OK(espalier_network_create(PRECISION, inputs, 1, &network));
  OK(espalier_network_add_linear(network, units, 1, ESPALIER_TANH));
  return network;
}

/* Build it and read the pattern; how many connections there are. */
static int64_t pattern_of(espalier_network *network) {
  int64_t count = 0;
  double density = 0, connections = 0;
  OK(espalier_network_build(network, 3));
  OK(espalier_layer_pattern(network, 1, 0, LENGTH(columns), start, NULL, columns, &count));
  OK(espalier_layer_get(network, 1, "connections", &connections));
  OK(espalier_layer_get(network, 1, "density", &density));
  CHECK(connections == (double)count && density > 0 && density <= 1);
  return count;
}

/* Whether coordinates are neighbours along one dimension, by trying all. */
static int beside(int64_t from, int64_t to, int64_t length, int64_t kernel, int periodic) {
  if (kernel > 4 * length) kernel = 4 * length; /* beyond the ends from everywhere */
  for (int64_t step = -(kernel - 1) / 2; step <= kernel / 2; step++)
    if (from + step == to || (periodic && ((from + step) % length + length) % length == to)) return 1;
  return 0;
}

static void check_grid(int64_t dimensions, const int64_t *lengths, const int64_t *kernel, const int *periodic, int64_t in, int64_t out) {
  int64_t cells = 1, next = 0;
  espalier_network *network;
  for (int64_t d = 0; d < dimensions; d++) cells *= lengths[d];
  network = make(in * cells, out * cells);
  OK(espalier_layer_set_pattern_grid(network, 1, dimensions, lengths, kernel, periodic));
  const int64_t count = pattern_of(network);
  for (int64_t row = 0; row < out * cells; row++) {
    CHECK(start[row] == next);
    for (int64_t column = 0; column < in * cells; column++) {
      int64_t a = row % cells, b = column % cells;
      int joined = 1;
      for (int64_t d = dimensions - 1; d >= 0; d--) {
        joined = joined && beside(a % lengths[d], b % lengths[d], lengths[d], kernel[d], periodic != NULL && periodic[d]);
        a /= lengths[d];
        b /= lengths[d];
      }
      if (joined) CHECK(next < count && columns[next++] == column);
    }
  }
  CHECK(next == count);
  OK(espalier_network_destroy(network));
}

static void grids(void) {
  const int64_t lengths[] = {3, 4, 5}, line[] = {9}, one[] = {1, 1, 1}, two[] = {2, 7};
  const int64_t three[] = {3, 3, 3}, mixed[] = {1, 2, 4}, wide[] = {5, 20, 6}, huge[] = {2147483647, 2147483647, 3};
  const int periodic[] = {0, 1, 1}, other[] = {1, 0, 0};
  const int64_t *const kernels[] = {three, mixed, wide, huge};
  for (size_t i = 0; i < LENGTH(kernels); i++) {
    check_grid(3, lengths, kernels[i], NULL, 1, 2);
    check_grid(3, lengths, kernels[i], periodic, 2, 1);
    check_grid(3, lengths, kernels[i], other, 1, 1);
    check_grid(1, line, kernels[i], other, 3, 2);
    check_grid(1, line, kernels[i] + 2, other, 2, 2);
    check_grid(2, two, kernels[i], other, 1, 1);
    check_grid(2, one, kernels[i], periodic, 2, 3);
  }
}

enum { CELLS = 40, NEIGHBOURS = 5 };

/* A mesh without symmetry, from `base`: some cells name themselves, some a cell twice, some none. */
static void make_mesh(int64_t *row_start, int64_t *cells, int base) {
  unsigned state = 17;
  int64_t count = 0;
  for (int i = 0; i < CELLS; i++) {
    row_start[i] = count + base;
    for (int j = 0; j < i % NEIGHBOURS; j++) {
      state = state * 1664525u + 1013904223u;
      cells[count++] = (int64_t)(state >> 8) % CELLS + base;
    }
  }
  row_start[CELLS] = count + base;
}

static void check_mesh(int wide, int hops, int base, int64_t in, int64_t out) {
  int64_t row_start[CELLS + 1], cells[CELLS * NEIGHBOURS], next = 0;
  int32_t narrow_start[CELLS + 1], narrow[CELLS * NEIGHBOURS] = {0};
  static int near[CELLS][CELLS];
  espalier_network *network = make(in * CELLS, out * CELLS);
  make_mesh(row_start, cells, base);
  for (int i = 0; i <= CELLS; i++) narrow_start[i] = (int32_t)row_start[i];
  for (int64_t i = 0; i < row_start[CELLS] - base; i++) narrow[i] = (int32_t)cells[i];
  if (wide)
    OK(espalier_layer_set_pattern_mesh_i64(network, 1, CELLS, row_start, cells, hops, base));
  else
    OK(espalier_layer_set_pattern_mesh_i32(network, 1, CELLS, narrow_start, narrow, hops, base));
  const int64_t count = pattern_of(network);
  /* Distances, by going on from every cell that has one. */
  memset(near, 0, sizeof near);
  for (int i = 0; i < CELLS; i++) {
    near[i][i] = 1;
    for (int hop = 1; hop <= hops && hop <= CELLS; hop++)
      for (int j = 0; j < CELLS; j++)
        for (int64_t k = row_start[j]; near[i][j] == hop && k < row_start[j + 1]; k++)
          if (near[i][cells[k - base] - base] == 0) near[i][cells[k - base] - base] = hop + 1;
  }
  for (int64_t row = 0; row < out * CELLS; row++)
    for (int64_t column = 0; column < in * CELLS; column++)
      if (near[row % CELLS][column % CELLS]) CHECK(next < start[row + 1] && next >= start[row] && columns[next++] == column);
  CHECK(next == count);
  OK(espalier_network_destroy(network));
}

static void meshes(void) {
  for (int hops = 0; hops < 4; hops++)
    for (int base = 0; base < 2; base++) {
      check_mesh(0, hops, base, 1, 1);
      check_mesh(1, hops, base, 2, 3);
    }
  check_mesh(1, 2147483647, 1, 1, 1);
}

/* It learns a step of diffusion on a ring, whose stencil has three weights, and a topology method may go on from its pattern. */
static void learns(void) {
  enum { RING = 12, SAMPLES = 60 };
  static real x[SAMPLES * RING], target[SAMPLES * RING];
  const int64_t length[] = {RING}, kernel[] = {3};
  const int periodic[] = {1};
  espalier_network *network = NULL;
  espalier_optimizer *adam = make_optimizer(ESPALIER_ADAM, 0.05);
  espalier_topology *set = NULL;
  double loss = 1, value = 0;
  fill(x, LENGTH(x), 1);
  for (int s = 0; s < SAMPLES; s++)
    for (int i = 0; i < RING; i++)
      target[s * RING + i] = (x[s * RING + (i + 1) % RING] + x[s * RING + (i + RING - 1) % RING]) / 2;
  OK(espalier_network_create(PRECISION, RING, 1, &network));
  OK(espalier_network_add_linear(network, RING, 1, ESPALIER_IDENTITY));
  OK(espalier_layer_set_pattern_grid(network, 1, 1, length, kernel, periodic));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, adam));
  OK(espalier_network_build(network, SAMPLES));
  for (int step = 0; step < 300; step++) OK(F(espalier_network_train_step)(network, x, target, SAMPLES, &loss));
  CHECK(loss < 1e-8);
  OK(espalier_topology_create(ESPALIER_SET, &set));
  OK(espalier_network_set_topology(network, 1, set));
  OK(espalier_network_evolve_now(network, 1, 0.3));
  OK(espalier_layer_get(network, 1, "connections", &value));
  CHECK(value == 3 * RING);
  OK(espalier_topology_destroy(set));
  OK(espalier_optimizer_destroy(adam));
  OK(espalier_network_destroy(network));
}

#define GRID(...) espalier_layer_set_pattern_grid(network, __VA_ARGS__)
#define MESH(...) espalier_layer_set_pattern_mesh_i32(network, __VA_ARGS__)
#define REFUSED(word, other, ...) REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, word, other, __VA_ARGS__)

static void refusals(void) {
  const int64_t lengths[] = {3, 4}, wrong[] = {3, 0}, odd[] = {5, 1}, large[] = {2147483647, 2147483647}, kernel[] = {3, 3},
                none[] = {0, 3}, beyond[] = {4294967296, 3}, field[] = {1, 24};
  const int both[] = {0, 2};
  const int32_t starts[] = {0, 1, 2, 2}, cells[] = {1, 2}, late[] = {1, 1, 2, 2}, falling[] = {0, 2, 1, 2}, full[] = {0, 2, 6, 6},
                outside[] = {1, 3}, before[] = {0, 1};
  espalier_network *network = make(24, 12);
  REFUSED("layer", "2", GRID(2, 2, lengths, kernel, NULL));
  REFUSED("dimensions", "0", GRID(1, 0, lengths, kernel, NULL));
  REFUSED("dimensions", "4", GRID(1, 4, lengths, kernel, NULL));
  REFUSED("lengths[1]", "0", GRID(1, 2, wrong, kernel, NULL));
  REFUSED("kernel[0]", "0", GRID(1, 2, lengths, none, NULL));
  REFUSED("kernel[0]", "4294967296", GRID(1, 2, lengths, beyond, NULL));
  REFUSED("periodic[1]", "2", GRID(1, 2, lengths, kernel, both));
  REFUSED("12 units", "5 cells", GRID(1, 2, odd, kernel, NULL));
  REFUSED("12 units", "4611686014132420609 cells", GRID(1, 2, large, kernel, NULL));
  REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "lengths", "NULL", GRID(1, 2, NULL, kernel, NULL));
  REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "kernel", "NULL", GRID(1, 2, lengths, NULL, NULL));
  REFUSED("layer", "0", MESH(0, 3, starts, cells, 1, 0));
  REFUSED("cells", "0", MESH(1, 0, starts, cells, 1, 0));
  REFUSED("cells", "-1", MESH(1, -1, starts, cells, 1, 0));
  REFUSED("12 units", "5 cells", MESH(1, 5, starts, cells, 1, 0));
  REFUSED("hops", "-1", MESH(1, 3, starts, cells, -1, 0));
  REFUSED("base", "2", MESH(1, 3, starts, cells, 1, 2));
  REFUSED("row_start[0]", "got 1", MESH(1, 3, late, cells, 1, 0));
  REFUSED("row_start[1] is 2", "row_start[2] is 1", MESH(1, 3, falling, cells, 1, 0));
  REFUSED("cell 1 4 neighbours", "3 cells", MESH(1, 3, full, cells, 1, 0));
  REFUSED("columns[1]", "got 3", MESH(1, 3, starts, outside, 1, 0));
  REFUSED("row_start[1]", "got 0", MESH(1, 3, starts, before, 1, 1));
  REFUSED("columns[1]", "got 0", MESH(1, 3, late, before, 1, 1));
  REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "row_start", "NULL", MESH(1, 3, NULL, cells, 1, 0));
  REFUSES(network, ESPALIER_ERROR_NULL_ARGUMENT, "columns", "NULL", MESH(1, 3, starts, NULL, 1, 0));
  OK(MESH(1, 3, starts, cells, 1, 0));
  OK(espalier_network_build(network, 1));
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "set_pattern", "built", MESH(1, 3, starts, cells, 1, 0));
  REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "set_pattern", "built", GRID(1, 2, lengths, kernel, NULL));
  OK(espalier_network_destroy(network));
  network = NULL;
  OK(espalier_network_create(PRECISION, 24, 1, &network));
  OK(espalier_network_set_input_shape(network, 2, field));
  OK(espalier_network_add_layer(network, ESPALIER_LAYER_CONVOLUTION, 0, NULL, 0, NULL, NULL, NULL));
  OK(espalier_network_add_dropout(network, 0.5));
  REFUSED("convolution layer 1", "linear", GRID(1, 2, lengths, kernel, NULL));
  REFUSED("dropout layer 2", "no connections", GRID(2, 2, lengths, kernel, NULL));
  OK(espalier_network_destroy(network));
}

int main(void) {
  const struct test tests[] = {TEST(grids), TEST(meshes), TEST(learns), TEST(refusals)};
  return run_tests(tests, LENGTH(tests));
}
