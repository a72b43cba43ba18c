/* Locally connected layers, and linear layers with the pattern of a stencil on a grid or a mesh. */
#include <math.h>
#include <string.h>

#include "layers.h"

#define LOCAL ESPALIER_LAYER_LOCALLY_CONNECTED
#define CONV ESPALIER_LAYER_CONVOLUTION

static const struct layer_case cases[] = {
    {.name = "one dimension", .dimensions = 2, .lengths = {3, 9}, .layer_count = 2, .layers = {
      {LOCAL, 0, {0}, {{"filters", 4}, {"kernel_width", 3}, {"padding_left", 1}, {"padding_right", 2}, {"activation", ESPALIER_TANH}}},
      {LOCAL, 0, {0}, {{"filters", 2}, {"kernel_width", 4}, {"density", 0.4}}},
    }},
    {.name = "two dimensions, every padding", .dimensions = 3, .lengths = {2, 5, 6}, .layer_count = 2, .layers = {
      {LOCAL, 0, {0}, {{"filters", 3}, {"kernel_width", 3}, {"kernel_height", 3}, {"padding_left", 1}, {"padding_right", 1},
        {"padding_top", 1}, {"padding_bottom", 1}, {"padding_mode_width", ESPALIER_PADDING_PERIODIC}, {"density", 0.3},
        {"activation", ESPALIER_SILU}}},
      {LOCAL, 0, {0}, {{"filters", 2}, {"kernel_width", 3}, {"kernel_height", 2}, {"padding_top", 1}, {"padding_left", 2},
        {"padding_right", 2}, {"padding_mode_width", ESPALIER_PADDING_REFLECT},
        {"padding_mode_height", ESPALIER_PADDING_REPLICATE}}},
    }},
    {.name = "strides, dilation and groups", .dimensions = 3, .lengths = {4, 8, 9}, .layer_count = 2, .layers = {
      {LOCAL, 0, {0}, {{"filters", 6}, {"groups", 2}, {"kernel_width", 3}, {"kernel_height", 3}, {"stride_width", 2},
        {"stride_height", 3}, {"padding_left", 1}, {"padding_right", 1}, {"padding_top", 2}, {"dilation_height", 2},
        {"density", 0.5}, {"activation", ESPALIER_LEAKY_RELU}}},
      {LOCAL, 0, {0}, {{"filters", 3}, {"groups", 3}, {"kernel_width", 2}, {"stride_width", 3}, {"padding_right", 1},
        {"padding_mode_width", ESPALIER_PADDING_PERIODIC}, {"bias", 0}}},
    }},
    {.name = "three dimensions", .dimensions = 4, .lengths = {2, 4, 3, 4}, .layer_count = 2, .layers = {
      {LOCAL, 0, {0}, {{"filters", 2}, {"kernel_width", 3}, {"kernel_height", 2}, {"kernel_depth", 2}, {"stride_depth", 2},
        {"padding_front", 1}, {"padding_mode_depth", ESPALIER_PADDING_REPLICATE}, {"padding_left", 1}, {"padding_right", 1},
        {"density", 0.4}, {"activation", ESPALIER_SIGMOID}}},
      {LOCAL, 0, {0}, {{"filters", 2}, {"kernel_width", 2}, {"kernel_height", 2}}},
    }},
    {.name = "a kernel as large as the field", .dimensions = 3, .lengths = {3, 4, 3}, .layer_count = 2, .layers = {
      {LOCAL, 0, {0}, {{"filters", 5}, {"kernel_width", 3}, {"kernel_height", 4}, {"density", 0.5}, {"activation", ESPALIER_TANH}}},
      {LOCAL, 0, {0}, {{"filters", 2}, {"kernel_width", 3}, {"padding_left", 1}, {"padding_right", 1}, {"stride_width", 5}}},
    }},
    {.name = "one channel of one place", .dimensions = 2, .lengths = {1, 1}, .layer_count = 1, .layers = {
      {LOCAL, 0, {0}, {{"filters", 1}}},
    }},
    {.name = "a wide line, then a vector", .dimensions = 2, .lengths = {2, 70}, .layer_count = 2, .layers = {
      {LOCAL, 0, {0}, {{"filters", 3}, {"kernel_width", 5}, {"padding_left", 4}, {"density", 0.5}, {"dilation_width", 2}}},
      {ESPALIER_LAYER_LINEAR, 0, {0}, {{"units", 3}, {"density", 0.2}}},
    }},
};

static void gradients(void) {
  for (size_t i = 0; i < LENGTH(cases); i++) check_case(&cases[i]);
}

enum { CHANNELS = 4, HEIGHT = 14, WIDTH = 15, PLACES = HEIGHT * WIDTH, FILTERS = 6, GROUP = 2, KERNEL = 9, COLUMNS = GROUP * KERNEL };
enum { ROWS = FILTERS * PLACES, SAMPLES = 5 };

static const char *const names[] = {"filters", "groups", "kernel_width", "kernel_height", "padding_left", "padding_right",
                                    "padding_top", "padding_bottom", "padding_mode_width", "activation", "density"};
static const double options[] = {FILTERS, 2, 3, 3, 1, 1, 1, 1, ESPALIER_PADDING_PERIODIC, ESPALIER_TANH, 0.3};

/* A network on the field, with one layer. - density: of it. */
static espalier_network *make(int kind, double density, int seed) {
  static const int64_t field[] = {CHANNELS, HEIGHT, WIDTH};
  espalier_network *network = NULL;
  double values[LENGTH(options)];
  memcpy(values, options, sizeof values);
  values[LENGTH(options) - 1] = density;
  OK(espalier_network_create(PRECISION, CHANNELS * PLACES, seed, &network));
  OK(espalier_network_set_input_shape(network, 3, field));
  OK(espalier_network_add_layer(network, kind, 0, NULL, LENGTH(names), names, values, NULL));
  return network;
}

/* What a position of the layer's matrix reads; -1: a zero of the padding. */
static int reads(int row, int column) {
  const int filter = row / PLACES, place = row % PLACES, tap = column % KERNEL;
  const int channel = filter / (FILTERS / 2) * GROUP + column / KERNEL;
  const int y = place / WIDTH + tap / 3 - 1, x = (place % WIDTH + tap % 3 - 1 + WIDTH) % WIDTH;
  return y < 0 || y >= HEIGHT ? -1 : (channel * HEIGHT + y) * WIDTH + x;
}

/* The layer is a dense linear layer with zeros elsewhere; forward, all gradients, at any density. */
static void masked(double density) {
  espalier_network *local = make(LOCAL, density, 3), *dense = NULL;
  static real x[SAMPLES * CHANNELS * PLACES], y[SAMPLES * ROWS], z[SAMPLES * ROWS], dy[SAMPLES * ROWS], dy2[SAMPLES * ROWS],
      dx[SAMPLES * CHANNELS * PLACES], dx2[SAMPLES * CHANNELS * PLACES];
  static int64_t start[ROWS + 1];
  static int32_t columns[ROWS * COLUMNS];
  real *w, *dw, *w2, *dw2;
  int64_t count, connections = 0;
  const double tolerance = sizeof(real) == 8 ? 1e-12 : 1e-4; /* sums of 168 products at most */
  fill(x, LENGTH(x), 1);
  fill(dy, LENGTH(dy), 2);
  memcpy(dy2, dy, sizeof dy);
  OK(espalier_network_create(PRECISION, CHANNELS * PLACES, 4, &dense));
  OK(espalier_network_add_linear(dense, ROWS, 1, ESPALIER_TANH));
  OK(espalier_network_build(local, SAMPLES));
  OK(espalier_network_build(dense, SAMPLES));
  OK(espalier_layer_pattern(local, 1, 0, ROWS * COLUMNS, start, NULL, columns, &connections));
  CHECK(connections == ROWS * COLUMNS - (int64_t)floor((1 - density) * (ROWS * COLUMNS)));
  OK(F(espalier_network_parameters)(local, &w, &dw, &count));
  CHECK(count == connections + ROWS);
  OK(F(espalier_network_parameters)(dense, &w2, &dw2, &count));
  memset(w2, 0, (size_t)count * sizeof *w2);
  fill(w + connections, ROWS, 7);
  memcpy(w2 + (int64_t)ROWS * CHANNELS * PLACES, w + connections, ROWS * sizeof *w);
  for (int row = 0; row < ROWS; row++)
    for (int64_t k = start[row]; k < start[row + 1]; k++)
      if (reads(row, columns[k]) >= 0) w2[(int64_t)row * CHANNELS * PLACES + reads(row, columns[k])] = w[k];
  OK(F(espalier_network_forward)(local, x, SAMPLES, y));
  OK(F(espalier_network_forward)(dense, x, SAMPLES, z));
  for (size_t i = 0; i < LENGTH(y); i++) CHECK(fabs((double)y[i] - z[i]) <= tolerance);
  OK(F(espalier_network_backward)(local, dy, SAMPLES, dx));
  OK(F(espalier_network_backward)(dense, dy2, SAMPLES, dx2));
  for (size_t i = 0; i < LENGTH(dx); i++) CHECK(fabs((double)dx[i] - dx2[i]) <= tolerance * 10);
  for (int row = 0; row < ROWS; row++) {
    for (int64_t k = start[row]; k < start[row + 1]; k++) {
      const int feature = reads(row, columns[k]);
      CHECK(feature >= 0 ? fabs((double)dw[k] - dw2[(int64_t)row * CHANNELS * PLACES + feature]) <= tolerance * 10 : dw[k] == 0);
    }
    CHECK(fabs((double)dw[connections + row] - dw2[(int64_t)ROWS * CHANNELS * PLACES + row]) <= tolerance * 10);
  }
  OK(espalier_network_destroy(local));
  OK(espalier_network_destroy(dense));
}

static void masks(void) {
  masked(0.3);
  masked(0.02);
  masked(1);
}

/* With equal weights at all places it is the convolution. */
static void convolves(void) {
  espalier_network *local = make(LOCAL, 1, 1), *convolution = make(CONV, 1, 2);
  static real x[SAMPLES * CHANNELS * PLACES], y[SAMPLES * ROWS], z[SAMPLES * ROWS];
  real *w, *dw, *w2, *dw2;
  int64_t count;
  fill(x, LENGTH(x), 3);
  OK(espalier_network_build(local, SAMPLES));
  OK(espalier_network_build(convolution, SAMPLES));
  OK(F(espalier_network_parameters)(local, &w, &dw, &count));
  OK(F(espalier_network_parameters)(convolution, &w2, &dw2, &count));
  for (int row = 0; row < ROWS; row++) memcpy(w + row * COLUMNS, w2 + row / PLACES * COLUMNS, COLUMNS * sizeof *w);
  OK(F(espalier_network_predict)(local, x, SAMPLES, y));
  OK(F(espalier_network_predict)(convolution, x, SAMPLES, z));
  for (size_t i = 0; i < LENGTH(y); i++) CHECK(fabs((double)y[i] - z[i]) <= (sizeof(real) == 8 ? 1e-14 : 1e-6));
  OK(espalier_network_destroy(local));
  OK(espalier_network_destroy(convolution));
}

/* dL/dw of an update that grows by gradient: the largest |gradient| of a dense layer among the free positions. */
static void grows(void) {
  espalier_network *local = make(LOCAL, 0.1, 3), *dense = make(LOCAL, 1, 3);
  espalier_topology *rigl = NULL;
  static real x[SAMPLES * CHANNELS * PLACES], y[SAMPLES * ROWS], dy[SAMPLES * ROWS], dy2[SAMPLES * ROWS];
  static int64_t start[ROWS + 1], after[ROWS + 1];
  static int32_t columns[ROWS * COLUMNS], now[ROWS * COLUMNS];
  static char before[ROWS * COLUMNS];
  real *w, *dw, *w2, *dw2, least = HUGE_VAL, most = 0;
  int64_t count, connections = 0, same = 0;
  fill(x, LENGTH(x), 1);
  fill(dy, LENGTH(dy), 2);
  memcpy(dy2, dy, sizeof dy);
  OK(espalier_topology_create(ESPALIER_RIGL, &rigl));
  OK(espalier_network_set_topology(local, 1, rigl));
  OK(espalier_network_build(local, SAMPLES));
  OK(espalier_network_build(dense, SAMPLES));
  OK(espalier_layer_pattern(local, 1, 0, ROWS * COLUMNS, start, NULL, columns, &connections));
  OK(F(espalier_network_parameters)(local, &w, &dw, &count));
  OK(F(espalier_network_parameters)(dense, &w2, &dw2, &count));
  memset(w2, 0, ROWS * COLUMNS * sizeof *w2);
  for (int row = 0; row < ROWS; row++)
    for (int64_t k = start[row]; k < start[row + 1]; k++) {
      w2[row * COLUMNS + columns[k]] = w[k];
      before[row * COLUMNS + columns[k]] = 1;
    }
  OK(F(espalier_network_forward)(local, x, SAMPLES, y));
  OK(F(espalier_network_backward)(local, dy, SAMPLES, NULL));
  OK(F(espalier_network_forward)(dense, x, SAMPLES, y));
  OK(F(espalier_network_backward)(dense, dy2, SAMPLES, NULL));
  OK(espalier_network_evolve_now(local, 1, 0.3));
  OK(espalier_layer_pattern(local, 1, 0, ROWS * COLUMNS, after, NULL, now, &same));
  CHECK(same == connections);
  for (int row = 0; row < ROWS; row++) {
    for (int64_t k = after[row]; k < after[row + 1]; k++) {
      const real slope = (real)fabs((double)dw2[row * COLUMNS + now[k]]);
      CHECK(now[k] >= 0 && now[k] < COLUMNS);
      if (!before[row * COLUMNS + now[k]] && slope < least) least = slope;
      before[row * COLUMNS + now[k]] = 2;
    }
  }
  for (int i = 0; i < ROWS * COLUMNS; i++)
    if (!before[i]) most = (real)fmax((double)most, fabs((double)dw2[i]));
  CHECK(least < HUGE_VAL && least > 0);
  CHECK(least >= most * (1 - (sizeof(real) == 8 ? 1e-12 : 1e-4)));
  OK(espalier_topology_destroy(rigl));
  OK(espalier_network_destroy(local));
  OK(espalier_network_destroy(dense));
}

static espalier_topology *make_method(int kind) {
  espalier_topology *method = NULL;
  OK(espalier_topology_create(kind, &method));
  OK(espalier_topology_set(method, "every", 2));
  if (kind == ESPALIER_GRADUAL || kind == ESPALIER_GRANET || kind == ESPALIER_ACDC) {
    OK(espalier_topology_set(method, "density_end", 6));
    OK(espalier_topology_set(method, "until", 8));
  }
  if (kind == ESPALIER_ACDC) OK(espalier_topology_set(method, "phase", 2));
  return method;
}

/* Every method changes it and keeps training it, with the bits of one thread and of two. */
static void methods(void) {
  static real x[SAMPLES * CHANNELS * PLACES], target[SAMPLES * ROWS];
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  for (int kind = ESPALIER_SET; kind <= ESPALIER_STR; kind++) {
    espalier_topology *method = make_method(kind);
    espalier_network *networks[2];
    real *w[2], *dw;
    double first = 0, loss = 0, moved = 0;
    int64_t count[2];
    for (int i = 0; i < 2; i++) {
      espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAM, 0.01);
      networks[i] = make(LOCAL, 0.2, 3);
      OK(espalier_network_set_optimizer(networks[i], ESPALIER_ALL_LAYERS, optimizer));
      OK(espalier_network_set_topology(networks[i], ESPALIER_ALL_LAYERS, method));
      OK(espalier_network_set_threads(networks[i], i + 1));
      OK(espalier_network_build(networks[i], SAMPLES));
      for (int step = 0; step < 12; step++) {
        OK(F(espalier_network_train_step)(networks[i], x, target, SAMPLES, &loss));
        if (step == 0) first = loss;
      }
      CHECK(loss < first);
      OK(F(espalier_network_parameters)(networks[i], &w[i], &dw, &count[i]));
      OK(espalier_layer_get(networks[i], 1, "topology_updates", &moved));
      CHECK(moved >= 1);
      OK(espalier_optimizer_destroy(optimizer));
    }
    CHECK(count[0] == count[1] && memcmp(w[0], w[1], (size_t)count[0] * sizeof *w[0]) == 0);
    for (int i = 0; i < 2; i++) OK(espalier_network_destroy(networks[i]));
    OK(espalier_topology_destroy(method));
  }
}

/* A kernel that reaches over the whole field leaves one place: the layer is a linear layer, with every method, to the bit. */
static void is_linear(void) {
  enum { UNITS = 20, INPUTS = CHANNELS * PLACES };
  static const int64_t field[] = {CHANNELS, HEIGHT, WIDTH};
  static const char *const local_names[] = {"filters", "kernel_width", "kernel_height", "density", "activation"};
  static const double values[] = {UNITS, WIDTH, HEIGHT, 0.2, ESPALIER_TANH};
  static real x[SAMPLES * INPUTS], target[SAMPLES * UNITS];
  static int32_t columns[2][UNITS * INPUTS];
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  for (int kind = ESPALIER_SET; kind <= ESPALIER_STR; kind++) {
    espalier_topology *method = make_method(kind);
    espalier_network *networks[2] = {NULL, NULL};
    real *w[2], *dw;
    int64_t count[2], connections[2];
    double loss;
    for (int i = 0; i < 2; i++) {
      espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAM, 0.01);
      OK(espalier_network_create(PRECISION, INPUTS, 5, &networks[i]));
      OK(espalier_network_set_input_shape(networks[i], 3, field));
      if (i == 0)
        OK(espalier_network_add_layer(networks[i], LOCAL, 0, NULL, LENGTH(values), local_names, values, NULL));
      else
        OK(espalier_network_add_linear(networks[i], UNITS, 0.2, ESPALIER_TANH));
      OK(espalier_network_set(networks[i], "dense_crossover", 1e9)); /* no product is OpenBLAS's */
      OK(espalier_network_set_optimizer(networks[i], ESPALIER_ALL_LAYERS, optimizer));
      OK(espalier_network_set_topology(networks[i], ESPALIER_ALL_LAYERS, method));
      OK(espalier_network_build(networks[i], SAMPLES));
      for (int step = 0; step < 12; step++) OK(F(espalier_network_train_step)(networks[i], x, target, SAMPLES, &loss));
      OK(F(espalier_network_parameters)(networks[i], &w[i], &dw, &count[i]));
      OK(espalier_layer_pattern(networks[i], 1, 0, UNITS * INPUTS, NULL, NULL, columns[i], &connections[i]));
      OK(espalier_optimizer_destroy(optimizer));
    }
    CHECK(connections[0] == connections[1] && memcmp(columns[0], columns[1], (size_t)connections[0] * sizeof columns[0][0]) == 0);
    CHECK(count[0] == count[1] && memcmp(w[0], w[1], (size_t)count[0] * sizeof *w[0]) == 0);
    for (int i = 0; i < 2; i++) OK(espalier_network_destroy(networks[i]));
    OK(espalier_topology_destroy(method));
  }
}

/* Pruning from a dense layer and again from a sparse one, remembered weights, accounts; in two networks the same. */
static void prunes(void) {
  static real x[SAMPLES * CHANNELS * PLACES], target[SAMPLES * ROWS], y[SAMPLES * ROWS];
  static int64_t start[ROWS + 1];
  static int32_t columns[ROWS * COLUMNS];
  static char taken[CHANNELS * PLACES];
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  for (int kind = ESPALIER_PRUNE_RANDOM; kind <= ESPALIER_PRUNE_FISHER; kind++) {
    espalier_network *network = make(LOCAL, 1, 3);
    espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAM, 0.01);
    espalier_pruning *pruning = NULL;
    double loss, again, value, bytes, dead = 0, free_inputs = 0;
    int64_t connections = 0;
    OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
    OK(espalier_network_build(network, SAMPLES));
    OK(espalier_network_get(network, "bytes", &bytes));
    OK(espalier_network_remember(network));
    OK(espalier_pruning_create(kind, &pruning));
    for (int round = 1; round <= 2; round++) {
      OK(espalier_pruning_set(pruning, "density", round == 1 ? 0.25 : 0.05));
      OK(F(espalier_network_prune)(network, pruning, x, target, SAMPLES));
      OK(espalier_layer_pattern(network, 1, 0, ROWS * COLUMNS, start, NULL, columns, &connections));
      CHECK(connections == ROWS * COLUMNS - (int64_t)floor((round == 1 ? 0.75 : 0.95) * ROWS * COLUMNS));
      OK(F(espalier_network_train_step)(network, x, target, SAMPLES, &loss));
      OK(F(espalier_network_train_step)(network, x, target, SAMPLES, &again));
      CHECK(again < loss);
    }
    OK(espalier_network_rewind(network));
    OK(F(espalier_network_predict)(network, x, SAMPLES, y));
    OK(espalier_network_get(network, "bytes", &value));
    CHECK(value < bytes);
    memset(taken, 0, sizeof taken);
    for (int row = 0; row < ROWS; row++) {
      dead += start[row] == start[row + 1];
      for (int64_t k = start[row]; k < start[row + 1]; k++)
        if (reads(row, columns[k]) >= 0) taken[reads(row, columns[k])] = 1;
    }
    for (size_t i = 0; i < LENGTH(taken); i++) free_inputs += !taken[i];
    OK(espalier_layer_get(network, 1, "dead_units", &value));
    CHECK(value == dead && (kind > ESPALIER_PRUNE_MAGNITUDE || dead > 0));
    OK(espalier_layer_get(network, 1, "dead_inputs", &value));
    CHECK(value == free_inputs);
    OK(espalier_layer_get(network, 1, "flops", &value));
    CHECK(value == 2 * (double)connections);
    OK(espalier_pruning_destroy(pruning));
    OK(espalier_optimizer_destroy(optimizer));
    OK(espalier_network_destroy(network));
  }
  {
    espalier_network *network = make(LOCAL, 1, 3);
    espalier_pruning *obs = NULL;
    OK(espalier_network_build(network, SAMPLES));
    OK(espalier_pruning_create(ESPALIER_PRUNE_OBS, &obs));
    REFUSES(network, ESPALIER_ERROR_INVALID_STATE, "locally_connected layer 1", "same inputs",
            F(espalier_network_prune)(network, obs, x, NULL, SAMPLES));
    OK(espalier_pruning_destroy(obs));
    OK(espalier_network_destroy(network));
  }
}

/* The caller's pattern, weights included, comes back as it was given. */
static void given(void) {
  espalier_network *network = make(LOCAL, 1, 1);
  const int32_t rows[] = {0, ROWS - 1, 43, 43}, columns[] = {COLUMNS - 1, 0, 5, 4};
  const real values[] = {1, 2, 3, 4};
  int32_t found_rows[4], found[4];
  real *w, *dw;
  int64_t count;
  OK(F(espalier_layer_set_pattern_coo)(network, 1, 4, rows, columns, values, 0));
  OK(espalier_network_build(network, 1));
  OK(espalier_layer_pattern(network, 1, 0, 4, NULL, found_rows, found, &count));
  OK(F(espalier_network_parameters)(network, &w, &dw, &count));
  CHECK(count == 4 + ROWS && found_rows[0] == 0 && found[0] == COLUMNS - 1 && found_rows[1] == 43 && found[1] == 4);
  CHECK(w[0] == 1 && w[1] == 4 && w[2] == 3 && w[3] == 2);
  OK(espalier_network_destroy(network));
}

static void refuse(const char *word, const char *other, const char *option, double value) {
  espalier_network *network = NULL;
  static const int64_t field[] = {4, 6, 5};
  OK(espalier_network_create(PRECISION, 120, 1, &network));
  OK(espalier_network_set_input_shape(network, 3, field));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, word, other,
          espalier_network_add_layer(network, LOCAL, 0, NULL, 1, &option, &value, NULL));
  OK(espalier_network_destroy(network));
}

static void refusals(void) {
  espalier_network *network = NULL;
  const char *name = "kernel_width";
  const double one = 1;
  refuse("locally_connected layer 1", "4 x 6 x 5", "kernel_width", 6);
  refuse("stride_width", "0", "stride_width", 0);
  refuse("groups 3", "4 channels", "groups", 3);
  refuse("kernel_depth", "4 x 6 x 5", "kernel_depth", 2);
  refuse("softmax", "activation", "activation", ESPALIER_SOFTMAX);
  refuse("orthogonal", "initializer", "initializer", ESPALIER_ORTHOGONAL);
  refuse("outputs", "2147483647", "filters", 2147483647);
  OK(espalier_network_create(PRECISION, 6, 1, &network));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "field", "6", espalier_network_add_layer(network, LOCAL, 0, NULL, 1, &name, &one, NULL));
  OK(espalier_network_destroy(network));
}

int main(void) {
  const struct test tests[] = {TEST(gradients), TEST(masks), TEST(convolves), TEST(grows), TEST(methods),
                               TEST(is_linear), TEST(prunes), TEST(given), TEST(refusals)};
  return run_tests(tests, LENGTH(tests));
}
