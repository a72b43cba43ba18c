/* Every integer that a function of the header takes, at the ends of its type: layers that no memory holds, batches, counts,
   numbers of layers, seeds, bases, indices, enumerators. A status that the header knows, and a process that lives. Counts of
   arrays are either right for the arrays here or so wrong that no array can have them. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "children.h"
#include "fixture.h"

enum { MEGABYTES = 1024, SHAPES = 4000 };

static const int64_t integers[] = {0, 1, 2, -1, -2, 2147483646, 2147483647, 2147483648, 4294967296, 4294967297, -2147483648LL,
                                   9007199254740992, 4611686018427387904, 4611686018427387905, INT64_MAX - 1, INT64_MAX, INT64_MIN + 1,
                                   INT64_MIN};
/* Lengths that no array can have, of two values or more. */
static const int64_t lengths[] = {0, -1, -2, -2147483648LL, 4611686018427387904, 6917529027641081856, INT64_MAX - 1, INT64_MAX,
                                  INT64_MIN + 1, INT64_MIN};
static const int choices[] = {-1, 0, 1, 2, 3, 5, 14, 15, 31, 32, 33, 64, 1025, INT32_MAX - 1, INT32_MAX, INT32_MIN + 1, INT32_MIN};
static const double numbers[] = {0, -1, 1, 0.5, 1.5, 5e-324, DBL_MIN, 1e-18, 1e-9, 1 - 1e-16, 2147483648.0, 1e19, DBL_MAX, -DBL_MAX, NAN,
                                 INFINITY, -INFINITY};

static real x[MAX_BATCH * 8], y[MAX_BATCH * 8], dx[MAX_BATCH * 8], *a, *b, *c, *d;
static int32_t labels[MAX_BATCH];
static int64_t count, units;
static double value;
static char text[4096];

static void all_integers(int number) {
  const int64_t n = integers[number];
  espalier_network *network = NULL, *built = make_network();
  static const int32_t ones[] = {1, 1};
  about_to("inputs, seed %lld", (long long)n);
  if (known(espalier_network_create(OURS, n, 0, &network)) == ESPALIER_OK) known(espalier_network_destroy(network));
  network = NULL;
  known(espalier_network_create(OURS, 3, n, &network));
  about_to("units %lld", (long long)n);
  known(espalier_network_add_linear(network, n, 0.5, ESPALIER_RELU));
  known(espalier_network_add_linear(network, 2, 0.5, ESPALIER_RELU));
  about_to("max_batch %lld", (long long)n);
  known(espalier_network_build(network, n));
  known(espalier_network_destroy(network));

  about_to("batch %lld", (long long)n);
  if (n < 1 || n > MAX_BATCH) {
    known(F(espalier_network_train_step)(built, x, y, n, &value));
    known(F(espalier_network_train_step_labels)(built, x, labels, n, &value));
    known(F(espalier_network_forward)(built, x, n, y));
    known(F(espalier_network_backward)(built, y, n, dx));
    known(F(espalier_network_train_epoch)(built, x, y, 2, n, 1, NULL, NULL, &value));
    known(F(espalier_network_train_epoch_labels)(built, x, labels, 2, n, 0, NULL, NULL, &value));
  }
  about_to("layer %lld", (long long)n);
  known(espalier_layer_get(built, n, "offset", &value));
  known(espalier_layer_set(built, n, "negative_slope", 0.5));
  known(espalier_layer_set_optimizer_option(built, n, "learning_rate", 0.5));
  known(espalier_layer_get_optimizer_option(built, n, "learning_rate", &value));
  known(F(espalier_layer_parameters)(built, n, &a, &b, &count, &c, &d, &units));
  known(espalier_layer_pattern(built, n, 0, 0, NULL, NULL, NULL, &count));
  known(espalier_network_evolve_now(built, n, 0.5));
  {
    espalier_topology *topology = make_topology(ESPALIER_SET, 2);
    espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.1);
    espalier_network *described = describe_network(1);
    static const int64_t rows[UNITS1 + 1] = {0, 1, 1, 1, 1, 1, 1, 1, 1};
    known(espalier_network_set_topology(built, n, topology));
    known(espalier_network_set_optimizer(built, n, optimizer));
    known(F(espalier_layer_set_pattern_coo)(described, n, 1, ones, ones, NULL, 1));
    known(F(espalier_layer_set_pattern_csr)(described, n, rows, ones, NULL, 0));
    about_to("row_start %lld", (long long)n);
    {
      int64_t starts[UNITS1 + 1] = {0, 1, 1, 1, 1, 1, 1, 1, 1};
      int i;
      for (i = 0; i <= UNITS1; i++) {
        const int64_t before = starts[i];
        starts[i] = n;
        if (n != 2) known(F(espalier_layer_set_pattern_csr)(described, 1, starts, ones, NULL, 0));
        if (n != 2) known(F(espalier_layer_set_pattern_csr)(described, 1, starts, ones, NULL, 1));
        starts[i] = before;
      }
    }
    known(espalier_network_destroy(described));
    known(espalier_optimizer_destroy(optimizer));
    known(espalier_topology_destroy(topology));
  }
  about_to("capacity %lld", (long long)n);
  known(espalier_layer_pattern(built, 1, 0, n, NULL, NULL, NULL, &count));
  if (n <= (int64_t)sizeof text) known(espalier_network_info(built, n, text, &count));
  known(espalier_network_destroy(built));
}

static void all_lengths(int number) {
  const int64_t n = lengths[number];
  espalier_network *network = make_network(), *described = describe_network(1);
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.1);
  int32_t one[1] = {1};
  int i;
  about_to("connections %lld", (long long)n);
  known(F(espalier_layer_set_pattern_coo)(described, 1, n, one, one, x, 0));
  about_to("count %lld", (long long)n);
  known(F(espalier_network_bind)(network, x, y, n));
  known(F(espalier_optimizer_minimize)(optimizer, x, y, n));
  about_to("samples %lld", (long long)n);
  known(F(espalier_network_train_epoch)(network, x, y, n, 4, 1, NULL, NULL, &value));
  known(F(espalier_network_train_epoch_labels)(network, x, labels, n, 4, 0, NULL, NULL, &value));
  known(F(espalier_network_predict)(network, x, n, y));
  known(F(espalier_network_evaluate)(network, x, y, n, &value));
  known(F(espalier_network_evaluate_labels)(network, x, labels, n, &value, NULL));
  for (i = ESPALIER_PRUNE_SNIP; i <= ESPALIER_PRUNE_SPARSEGPT; i++) {
    espalier_pruning *pruning = make_pruning(i, 0.5);
    if (i == ESPALIER_PRUNE_SYNFLOW) known(espalier_pruning_set(pruning, "rounds", 1));
    known(F(espalier_network_prune)(network, pruning, x, y, n));
    known(F(espalier_network_prune_labels)(network, pruning, x, labels, n));
    known(espalier_pruning_destroy(pruning));
  }
  known(espalier_optimizer_destroy(optimizer));
  known(espalier_network_destroy(described));
  known(espalier_network_destroy(network));
}

static void all_choices(int number) {
  const int n = choices[number];
  espalier_network *network = NULL, *built = make_network();
  espalier_optimizer *optimizer = NULL;
  espalier_topology *topology = NULL;
  espalier_pruning *pruning = NULL;
  int32_t index[2] = {0, 0}, classes[2] = {0, 0};
  about_to("enumerator, base, index or class %d", n);
  known(espalier_network_create(n, 3, 0, &network));
  if (network == NULL) known(espalier_network_create(OURS, 3, 0, &network));
  known(espalier_network_add_linear(network, 3, 0.5, n));
  known(espalier_network_set_distribution(network, n, 0.5));
  known(espalier_network_set_loss(network, n));
  known(espalier_optimizer_create(n, &optimizer));
  known(espalier_topology_create(n, &topology));
  known(espalier_pruning_create(n, &pruning));
  known(espalier_layer_pattern(built, 1, n, 0, NULL, NULL, NULL, &count));
  if (n != 1024) known(espalier_network_set_threads(network, n));
  index[1] = n;
  classes[1] = n;
  known(F(espalier_layer_set_pattern_coo)(network, 1, 2, index, labels, NULL, 0));
  known(F(espalier_layer_set_pattern_coo)(network, 1, 2, labels, index, NULL, 1));
  known(F(espalier_layer_set_pattern_coo)(network, 1, 1, index, index, NULL, n));
  known(espalier_network_set_loss(built, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  known(F(espalier_network_train_step_labels)(built, x, classes, 2, &value));
  known(F(espalier_network_evaluate_labels)(built, x, classes, 2, &value, NULL));
  known(F(espalier_network_train_epoch)(built, x, y, 2, 2, n, NULL, NULL, &value));
  (void)espalier_status_string(n);
  known(espalier_pruning_destroy(pruning));
  known(espalier_topology_destroy(topology));
  known(espalier_optimizer_destroy(optimizer));
  known(espalier_network_destroy(network));
  known(espalier_network_destroy(built));
}

static int say_density(void *user, int64_t layers, const int64_t *numbers_, const int64_t *units_, const int64_t *inputs, double *densities) {
  (void)numbers_;
  (void)units_;
  (void)inputs;
  densities[layers - 1] = *(const double *)user;
  return 0;
}

static void all_numbers(int number) {
  double n = numbers[number];
  espalier_network *network = describe_network(1), *built = make_network();
  about_to("density, probability, drop_fraction %.17g", n);
  known(espalier_network_add_dropout(network, n));
  known(espalier_network_set_distribution(network, ESPALIER_ERDOS_RENYI, n));
  known(espalier_network_set_densities(network, say_density, &n));
  known(espalier_network_add_linear(network, 4, n, ESPALIER_RELU));
  known(espalier_network_add_linear(network, 4, 0.5, ESPALIER_RELU));
  known(espalier_network_build(network, MAX_BATCH));
  known(espalier_network_evolve_now(built, 0, n));
  known(espalier_network_destroy(network));
  known(espalier_network_destroy(built));
}

/* Networks of the largest layers there may be, with each method: sums and products of their sizes are no int64_t. */
static void shapes(int number) {
  static const int64_t sizes[] = {1, 2, 3, 65535, 65536, 65537, 2147483646, 2147483647};
  static const double densities[] = {1, 1, 1, 0.5, 1e-9, 4e-19, 5e-10};
  static const int64_t batches[] = {1, 64, 65, 2147483647};
  const int method = number % (ESPALIER_STR + 1), layers = 1 + draw_below(5);
  const int64_t batch = batches[draw_below((int)LENGTH(batches))];
  espalier_topology *topology = NULL;
  espalier_network *network = NULL;
  char doing[300];
  int i;
  snprintf(doing, sizeof doing, "method %d, batch %lld:", method, (long long)batch);
  known(espalier_topology_create(method, &topology));
  if (method != ESPALIER_STATIC) {
    known(espalier_topology_set(topology, "density_end", 100));
    known(espalier_topology_set(topology, "phase", method == ESPALIER_ACDC ? 10 : 0));
    known(espalier_topology_set(topology, "candidates", 1000));
    known(espalier_topology_set(topology, "gradient_batches", draw_below(2) ? 1000 : 1));
    if (method < ESPALIER_GRANET) known(espalier_topology_set(topology, "soft", draw_below(2)));
    known(espalier_topology_set(topology, "rounding", draw_below(2)));
    known(espalier_topology_set(topology, "drop_fraction", 1));
  }
  known(espalier_network_create(OURS, sizes[draw_below((int)LENGTH(sizes))], number, &network));
  for (i = 0; i < layers; i++) {
    const int64_t wide = draw_below(2) ? 2147483647 : sizes[draw_below((int)LENGTH(sizes))];
    const double density = densities[draw_below((int)LENGTH(densities))];
    snprintf(doing + strlen(doing), sizeof doing - strlen(doing), " %lld at %g", (long long)wide, density);
    known(espalier_network_add_linear(network, wide, density, ESPALIER_RELU));
  }
  about_to("%s", doing);
  known(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  if (draw_below(4) == 0) known(espalier_network_set_distribution(network, draw_below(4), 0.5));
  if (draw_below(8) == 0) known(espalier_network_set(network, "epsilon", 1));
  known(espalier_network_set_threads(network, 1));
  if (known(espalier_network_build(network, batch)) == ESPALIER_OK) known(espalier_network_info(network, sizeof text, text, &count));
  known(espalier_network_destroy(network));
  known(espalier_topology_destroy(topology));
}

/* Three dense layers that have more positions together than an int64_t counts: refused, as no memory holds them. */
static void three_largest(int number) {
  espalier_topology *topology = NULL;
  espalier_network *network = NULL;
  int i, status;
  about_to("three layers, method %d", number);
  known(espalier_topology_create(number, &topology));
  if (number != ESPALIER_STATIC) {
    known(espalier_topology_set(topology, "density_end", 100));
    known(espalier_topology_set(topology, "phase", number == ESPALIER_ACDC ? 10 : 0));
  }
  known(espalier_network_create(OURS, 2147483647, 1, &network));
  for (i = 0; i < 3; i++) known(espalier_network_add_linear(network, 2147483647, 1, ESPALIER_IDENTITY));
  known(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  status = known(espalier_network_build(network, 1));
  if (status != ESPALIER_ERROR_OUT_OF_MEMORY && status != ESPALIER_ERROR_INVALID_ARGUMENT) wrong("build gave %d", status);
  if (known(espalier_network_get(network, "built", &value)) != ESPALIER_OK || value != 0) wrong("it is built");
  known(espalier_network_destroy(network));
  known(espalier_topology_destroy(topology));
}

static void integers_(void) { CHECK(run_cases((int)LENGTH(integers), all_integers, MEGABYTES) == 0); }
static void lengths_(void) { CHECK(run_cases((int)LENGTH(lengths), all_lengths, MEGABYTES) == 0); }
static void choices_(void) { CHECK(run_cases((int)LENGTH(choices), all_choices, MEGABYTES) == 0); }
static void numbers_(void) { CHECK(run_cases((int)LENGTH(numbers), all_numbers, MEGABYTES) == 0); }
static void largest(void) { CHECK(run_cases(ESPALIER_STR + 1, three_largest, MEGABYTES) == 0); }
static void shapes_(void) { CHECK(run_cases(SHAPES, shapes, MEGABYTES) == 0); }

int main(void) {
  static const struct test tests[] = {TEST(integers_), TEST(lengths_), TEST(choices_), TEST(numbers_), TEST(largest), TEST(shapes_)};
  return run_tests(tests, LENGTH(tests));
}
