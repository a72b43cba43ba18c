/* Inputs that are bound: beside x and in its place, as values and as class numbers. */
#include <math.h>

#include "layers.h"

enum { FIRST = 3, SECOND = 2, BOTH = FIRST + SECOND, RESULTS = 3, SAMPLES = 10, BATCH = 4, WORDS = 7, LENGTH_OF_TEXT = 4 };

#define TANH(units_, density_) {{"units", units_}, {"density", density_}, {"activation", ESPALIER_TANH}}
#define BEHIND_BOTH                                               \
  {ESPALIER_LAYER_LINEAR, 1, {1}, TANH(6, 0.5)},                  \
  {ESPALIER_LAYER_LINEAR, 1, {2}, TANH(6, 1)},                    \
  {ESPALIER_LAYER_SUM, 2, {3, 4}, {{0}}},                         \
  {ESPALIER_LAYER_CONCATENATION, 4, {2, 5, 1, 2}, {{0}}},         \
  {ESPALIER_LAYER_LINEAR, 0, {0}, TANH(RESULTS, 0.6)}

/* One input that is taken apart, and two inputs: layers of the same numbers do the same. */
static const struct layer_case apart = {
    .name = "apart", .dimensions = 1, .lengths = {BOTH}, .layer_count = 7, .layers = {
      {ESPALIER_LAYER_SLICE, 1, {0}, {{"first", 1}, {"last", FIRST}}},
      {ESPALIER_LAYER_SLICE, 1, {0}, {{"first", FIRST + 1}}},
      BEHIND_BOTH,
    }};
static const struct layer_case two = {
    .name = "two", .dimensions = 1, .lengths = {FIRST}, .layer_count = 7, .layers = {
      {ESPALIER_LAYER_SLICE, 1, {0}, {{"first", 1}}},
      {ESPALIER_LAYER_INPUT, 0, {0}, {{"channels", SECOND}}},
      BEHIND_BOTH,
    }};
enum { INPUT = 2, LINEAR = 3 };

static real x[SAMPLES * BOTH], a[SAMPLES * FIRST], b[SAMPLES * SECOND], target[SAMPLES * RESULTS];

static void prepare(void) {
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  for (int i = 0; i < SAMPLES; i++) {
    for (int j = 0; j < FIRST; j++) a[i * FIRST + j] = x[i * BOTH + j];
    for (int j = 0; j < SECOND; j++) b[i * SECOND + j] = x[i * BOTH + FIRST + j];
  }
}

static espalier_network *make(const struct layer_case *description, int threads) {
  espalier_network *network = describe_case(description, OURS);
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAM, 0.01);
  espalier_topology *topology = make_topology(ESPALIER_RIGL, 3);
  OK(espalier_network_set_optimizer(network, 0, optimizer));
  OK(espalier_network_set_topology(network, 0, topology));
  OK(espalier_network_set_threads(network, threads));
  OK(espalier_network_build(network, BATCH));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  return network;
}

static espalier_network *make_two(int threads) {
  espalier_network *network = make(&two, threads);
  OK(F(espalier_network_bind_input)(network, INPUT, b, SAMPLES));
  return network;
}

static uint64_t parameters_of(espalier_network *network) {
  real *w = NULL, *dw = NULL;
  int64_t count = 0;
  OK(F(espalier_network_parameters)(network, &w, &dw, &count));
  CHECK(count > 0);
  return hash_bytes(hash_bytes(1, w, (size_t)count * sizeof *w), dw, (size_t)count * sizeof *dw);
}

/* Everything that is the same for both networks, to the bit. */
static void compare_training(int threads) {
  espalier_network *one = make(&apart, 1), *other = make_two(threads);
  double loss_one = 0, loss_other = 0;
  real y_one[SAMPLES * RESULTS], y_other[SAMPLES * RESULTS];
  CHECK(parameters_of(one) == parameters_of(other));
  for (int step = 0; step < 8; step++) {
    const int from = step % 3 * 2;
    OK(F(espalier_network_bind_input)(other, INPUT, b + from * SECOND, BATCH));
    OK(F(espalier_network_train_step)(one, x + from * BOTH, target, BATCH, &loss_one));
    OK(F(espalier_network_train_step)(other, a + from * FIRST, target, BATCH, &loss_other));
    CHECK(loss_one == loss_other && parameters_of(one) == parameters_of(other));
  }
  OK(F(espalier_network_bind_input)(other, INPUT, b, SAMPLES));
  for (int shuffle = 0; shuffle < 2; shuffle++) {
    OK(F(espalier_network_train_epoch)(one, x, target, SAMPLES, BATCH, shuffle, NULL, NULL, &loss_one));
    OK(F(espalier_network_train_epoch)(other, a, target, SAMPLES, BATCH, shuffle, NULL, NULL, &loss_other));
    CHECK(loss_one == loss_other && parameters_of(one) == parameters_of(other));
  }
  OK(F(espalier_network_predict)(one, x, SAMPLES, y_one));
  OK(F(espalier_network_predict)(other, a, SAMPLES, y_other));
  for (int i = 0; i < SAMPLES * RESULTS; i++) CHECK(y_one[i] == y_other[i]);
  OK(F(espalier_network_evaluate)(one, x, target, SAMPLES, &loss_one));
  OK(F(espalier_network_evaluate)(other, a, target, SAMPLES, &loss_other));
  CHECK(loss_one == loss_other);
  /* What is bound is read when it is used. */
  b[0] += 1;
  OK(F(espalier_network_predict)(other, a, 1, y_other));
  CHECK(y_one[0] != y_other[0]);
  b[0] -= 1;
  OK(espalier_network_destroy(one));
  OK(espalier_network_destroy(other));
}

static void training(void) {
  prepare();
  compare_training(1);
  compare_training(2);
}

static void gradients(void) {
  espalier_network *one, *other;
  real y[BATCH * RESULTS], dy[BATCH * RESULTS], dx[BATCH * BOTH], da[BATCH * FIRST], db[SAMPLES * SECOND];
  prepare();
  one = make(&apart, 1);
  other = make_two(1);
  fill(dy, LENGTH(dy), 4);
  fill(db, LENGTH(db), 5);
  OK(F(espalier_network_forward)(one, x, BATCH, y));
  OK(F(espalier_network_backward)(one, dy, BATCH, dx));
  for (int with_dx = 0; with_dx < 2; with_dx++) {
    OK(F(espalier_network_bind_input_gradient)(other, INPUT, NULL, 0));
    OK(F(espalier_network_forward)(other, a, BATCH, y));
    OK(F(espalier_network_backward)(other, dy, BATCH, with_dx ? da : NULL));
    CHECK(parameters_of(one) == parameters_of(other));
    OK(F(espalier_network_bind_input_gradient)(other, INPUT, db, BATCH));
    OK(F(espalier_network_forward)(other, a, BATCH, y));
    OK(F(espalier_network_backward)(other, dy, BATCH, with_dx ? da : NULL));
    CHECK(parameters_of(one) == parameters_of(other));
    for (int i = 0; i < BATCH; i++) {
      for (int j = 0; with_dx && j < FIRST; j++) CHECK(da[i * FIRST + j] == dx[i * BOTH + j]);
      for (int j = 0; j < SECOND; j++) CHECK(db[i * SECOND + j] == dx[i * BOTH + FIRST + j]);
    }
    for (int i = 0; i < BATCH * SECOND; i++) db[i] = 0;
  }
#if PRECISION == 64
  /* Central differences of fourth order, whose own error is near 1e-10. */
  OK(F(espalier_network_backward)(other, dy, BATCH, NULL));
  for (int i = 0; i < BATCH * SECOND; i++) {
    static const double factors[] = {1 / 12.0, -8 / 12.0, 8 / 12.0, -1 / 12.0};
    const double kept = b[i], step = 1e-3;
    double slope = 0;
    for (int k = 0; k < 4; k++) {
      b[i] = kept + step * (k < 2 ? k - 2 : k - 1);
      OK(F(espalier_network_forward)(other, a, BATCH, y));
      for (int j = 0; j < BATCH * RESULTS; j++) slope += factors[k] / step * dy[j] * y[j];
    }
    b[i] = kept;
    CHECK(fabs(slope - db[i]) < 1e-8);
  }
#endif
  OK(espalier_network_destroy(one));
  OK(espalier_network_destroy(other));
}

/* Class numbers are what values are that hold the same numbers, as the network's own input and beside it. */
static void numbers(void) {
  static const struct layer_case text = {
      .name = "text", .dimensions = 1, .lengths = {LENGTH_OF_TEXT}, .layer_count = 2, .layers = {
        {ESPALIER_LAYER_EMBEDDING, 0, {0}, {{"vocabulary", WORDS}, {"width", 3}}},
        {ESPALIER_LAYER_LINEAR, 0, {0}, {{"units", RESULTS}}},
      }};
  static const struct layer_case beside = {
      .name = "beside", .dimensions = 1, .lengths = {FIRST}, .layer_count = 4, .layers = {
        {ESPALIER_LAYER_INPUT, 0, {0}, {{"channels", 1}, {"width", LENGTH_OF_TEXT}}},
        {ESPALIER_LAYER_EMBEDDING, 0, {0}, {{"vocabulary", WORDS}, {"width", 3}}},
        {ESPALIER_LAYER_RESHAPE, 0, {0}, {{0}}},
        {ESPALIER_LAYER_CONCATENATION, 2, {3, 0}, {{0}}},
      }};
  int32_t words[SAMPLES * LENGTH_OF_TEXT];
  real values[SAMPLES * LENGTH_OF_TEXT], y_one[SAMPLES * 15], y_other[SAMPLES * 15];
  double loss_one = 0, loss_other = 0;
  espalier_network *one = make(&text, 1), *other = make(&text, 2);
  prepare();
  for (int i = 0; i < SAMPLES * LENGTH_OF_TEXT; i++) values[i] = (real)(words[i] = i * i % WORDS);
  OK(espalier_network_bind_input_i32(other, 0, words, SAMPLES));
  OK(F(espalier_network_train_step)(one, values, target, BATCH, &loss_one));
  OK(F(espalier_network_train_step)(other, NULL, target, BATCH, &loss_other));
  CHECK(loss_one == loss_other && parameters_of(one) == parameters_of(other));
  for (int shuffle = 0; shuffle < 2; shuffle++) {
    OK(F(espalier_network_train_epoch)(one, values, target, SAMPLES, BATCH, shuffle, NULL, NULL, &loss_one));
    OK(F(espalier_network_train_epoch)(other, NULL, target, SAMPLES, BATCH, shuffle, NULL, NULL, &loss_other));
    CHECK(loss_one == loss_other && parameters_of(one) == parameters_of(other));
  }
  OK(F(espalier_network_forward)(one, values, BATCH, y_one));
  OK(F(espalier_network_forward)(other, NULL, BATCH, y_other));
  for (int i = 0; i < BATCH * RESULTS; i++) CHECK(y_one[i] == y_other[i]);
  OK(F(espalier_network_predict)(one, values, SAMPLES, y_one));
  OK(F(espalier_network_predict)(other, NULL, SAMPLES, y_other));
  for (int i = 0; i < SAMPLES * RESULTS; i++) CHECK(y_one[i] == y_other[i]);
  words[SAMPLES * LENGTH_OF_TEXT - 1] = WORDS;
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "input[9][3]", "7", F(espalier_network_predict)(other, NULL, SAMPLES, y_other));
  OK(F(espalier_network_predict)(other, NULL, SAMPLES - 1, y_other));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "x must be NULL", "0", F(espalier_network_predict)(other, values, 1, y_other));
  /* Values in the place of x go the same way. */
  OK(F(espalier_network_bind_input)(other, 0, values, SAMPLES));
  OK(F(espalier_network_predict)(other, NULL, SAMPLES, y_other));
  for (int i = 0; i < SAMPLES * RESULTS; i++) CHECK(y_one[i] == y_other[i]);
  OK(F(espalier_network_train_epoch)(one, values, target, SAMPLES, BATCH, 1, NULL, NULL, &loss_one));
  OK(F(espalier_network_train_epoch)(other, NULL, target, SAMPLES, BATCH, 1, NULL, NULL, &loss_other));
  CHECK(loss_one == loss_other && parameters_of(one) == parameters_of(other));
  OK(espalier_network_bind_input_i32(other, 0, NULL, 0));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "x", "NULL", F(espalier_network_predict)(other, NULL, 1, y_other));
  OK(F(espalier_network_predict)(other, values, 1, y_other));
  OK(espalier_network_destroy(one));
  OK(espalier_network_destroy(other));

  words[SAMPLES * LENGTH_OF_TEXT - 1] = 0;
  other = make(&beside, 1);
  OK(espalier_network_bind_input_i32(other, 1, words, SAMPLES));
  OK(F(espalier_network_predict)(other, a, SAMPLES, y_other));
  values[5] = (real)1.5;
  OK(F(espalier_network_bind_input)(other, 1, values, SAMPLES));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "input layer 1[1][1]", "1.5", F(espalier_network_predict)(other, a, SAMPLES, y_one));
  values[5] = (real)words[5];
  values[SAMPLES * LENGTH_OF_TEXT - 1] = 0;
  OK(F(espalier_network_predict)(other, a, SAMPLES, y_one));
  for (int i = 0; i < SAMPLES * 15; i++) CHECK(y_one[i] == y_other[i]);
  OK(espalier_network_destroy(other));
}

/* A call that is refused changes nothing; also the pass before it can still be gone back through. */
static void refusals(void) {
  espalier_network *network;
  espalier_pruning *pruning = make_pruning(ESPALIER_PRUNE_SNIP, 0.3);
  real y[SAMPLES * RESULTS], dy[BATCH * RESULTS], db[BATCH * SECOND];
  other_real others[8] = {0};
  double loss = 0;
  uint64_t before, after;
  prepare();
  network = describe_case(&two, OURS);
  SAYS(ESPALIER_ERROR_INVALID_STATE, "bind_input", "build", F(espalier_network_bind_input)(network, INPUT, b, SAMPLES));
  OK(espalier_network_destroy(network));
  network = make(&two, 1);
  fill(dy, LENGTH(dy), 4);
  SAYS(ESPALIER_ERROR_INVALID_STATE, "predict", "input layer 2", F(espalier_network_predict)(network, a, 1, y));
  SAYS(ESPALIER_ERROR_INVALID_STATE, "train_step", "input layer 2", F(espalier_network_train_step)(network, a, target, 1, &loss));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "linear layer 3", "no input", F(espalier_network_bind_input)(network, LINEAR, b, 1));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "8", F(espalier_network_bind_input)(network, 8, b, 1));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "layer", "-1", F(espalier_network_bind_input)(network, -1, b, 1));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "samples", "0", F(espalier_network_bind_input)(network, INPUT, b, 0));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "samples", "-5", F(espalier_network_bind_input)(network, INPUT, b, -5));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "samples", "9223372036854775807",
       F(espalier_network_bind_input)(network, INPUT, b, INT64_MAX));
  GIVES(ESPALIER_ERROR_PRECISION, OTHER(espalier_network_bind_input)(network, INPUT, others, 1));
  GIVES(ESPALIER_ERROR_PRECISION, OTHER(espalier_network_bind_input_gradient)(network, INPUT, others, 1));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "own input", "dx", F(espalier_network_bind_input_gradient)(network, 0, db, 1));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "samples", "0", F(espalier_network_bind_input_gradient)(network, INPUT, db, 0));
  OK(F(espalier_network_bind_input)(network, INPUT, b, SAMPLES - 1));
  before = parameters_of(network);
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "bound to 9 samples", "10", F(espalier_network_predict)(network, a, SAMPLES, y));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "bound to 9 samples", "10",
       F(espalier_network_train_epoch)(network, a, target, SAMPLES, BATCH, 1, NULL, NULL, &loss));
  CHECK(parameters_of(network) == before);
  OK(F(espalier_network_bind_input_gradient)(network, INPUT, db, BATCH - 1));
  OK(F(espalier_network_forward)(network, a, BATCH, y));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "room for 3 samples", "4", F(espalier_network_backward)(network, dy, BATCH, NULL));
  OK(F(espalier_network_bind_input_gradient)(network, INPUT, db, BATCH));
  OK(F(espalier_network_backward)(network, dy, BATCH, NULL));
  before = hash_bytes(parameters_of(network), db, sizeof db);
  b[3] = (real)NAN;
  SAYS(ESPALIER_ERROR_NON_FINITE, "input layer 2[1][1]", "nan", F(espalier_network_train_step)(network, a, target, BATCH, &loss));
  OK(F(espalier_network_backward)(network, dy, BATCH, NULL));
  after = hash_bytes(parameters_of(network), db, sizeof db);
  CHECK(before == after);
  OK(F(espalier_network_predict)(network, a, 1, y)); /* sample 1 is not looked at */
  OK(F(espalier_network_predict)(network, a, 2, y));
  CHECK(y[0] == y[0] && y[RESULTS] != y[RESULTS]);
  prepare();
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "prune", "10", F(espalier_network_prune)(network, pruning, a, target, SAMPLES));
  OK(F(espalier_network_bind_input)(network, 0, a, SAMPLES));
  SAYS(ESPALIER_ERROR_INVALID_STATE, "snip", "input 0", F(espalier_network_prune)(network, pruning, a, target, BATCH));
  OK(espalier_pruning_destroy(pruning));
  OK(espalier_network_destroy(network));
}

/* Every criterion chooses the same connections. */
static void prunings(void) {
  prepare();
  for (int criterion = ESPALIER_PRUNE_RANDOM; criterion <= ESPALIER_PRUNE_SPARSEGPT; criterion++) {
    espalier_network *one = make(&apart, 1), *other = make_two(1);
    espalier_pruning *pruning = make_pruning(criterion, 0.3);
    if (criterion >= ESPALIER_PRUNE_OBS) OK(espalier_pruning_set(pruning, "damping", 0.1));
    OK(F(espalier_network_prune)(one, pruning, x, target, SAMPLES));
    OK(F(espalier_network_prune)(other, pruning, a, target, SAMPLES));
    CHECK(network_value(one, "density") < 0.33 && parameters_of(one) == parameters_of(other));
    OK(espalier_pruning_destroy(pruning));
    OK(espalier_network_destroy(one));
    OK(espalier_network_destroy(other));
  }
}

/* Layers that are wrong, or of no use. */
static void descriptions(void) {
  static const char *const names[] = {"channels", "height"};
  static const double values[] = {2, 3};
  const int64_t zero = 0;
  espalier_network *network = NULL;
  OK(espalier_network_create(OURS, FIRST, 1, &network));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "input layer 1", "got 1",
       espalier_network_add_layer(network, ESPALIER_LAYER_INPUT, 1, &zero, 0, NULL, NULL, NULL));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "input layer 1", "width",
       espalier_network_add_layer(network, ESPALIER_LAYER_INPUT, 0, NULL, 2, names, values, NULL));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "channels", "3",
       espalier_network_add_layer(network, ESPALIER_LAYER_INPUT, 0, NULL, 1, names, &(double){3.5}, NULL));
  OK(espalier_network_add_layer(network, ESPALIER_LAYER_INPUT, 0, NULL, 1, names, values, NULL));
  OK(espalier_network_add_layer(network, ESPALIER_LAYER_LINEAR, 1, &zero, 0, NULL, NULL, NULL));
  SAYS(ESPALIER_ERROR_INVALID_STATE, "build", "input layer 1", espalier_network_build(network, BATCH));
  OK(espalier_network_destroy(network));
}

static void allocations_of_steps(void) {
  espalier_network *network;
  real y[SAMPLES * RESULTS], dy[BATCH * RESULTS], db[BATCH * SECOND];
  double loss = 0;
  int status = 0;
  prepare();
  fill(dy, LENGTH(dy), 4);
  network = make_two(2);
  OK(F(espalier_network_bind_input_gradient)(network, INPUT, db, BATCH));
  begin_counting();
  for (int i = 0; i < 5; i++) {
    status |= F(espalier_network_train_step)(network, a, target, BATCH, &loss);
    status |= F(espalier_network_forward)(network, a, BATCH, y);
    status |= F(espalier_network_backward)(network, dy, BATCH, NULL);
    status |= F(espalier_network_predict)(network, a, SAMPLES, y);
  }
  end_counting("steps with two inputs");
  OK(status);
  OK(espalier_network_destroy(network));
}

int main(void) {
  static const struct test tests[] = {TEST(training), TEST(gradients),    TEST(numbers), TEST(prunings),
                                      TEST(refusals), TEST(descriptions), TEST(allocations_of_steps)};
  return run_tests(tests, LENGTH(tests));
}
