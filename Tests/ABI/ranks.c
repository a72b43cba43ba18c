/* Data-parallel training: two ranks, threads here and processes elsewhere, each with half of every batch. The gradient array is
   summed between backward and update, growth scores by the reduction. Both ranks then have the same bits at any time, and but
   for rounding what one network has that sees the whole batches. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { IN = 31, HIDDEN = 21, OUT = 6, HALF = 10, BATCHES = 3, STEPS = 26, EVERY = 3, MOST = 2048 };

static real x[BATCHES * 2 * HALF * IN], target[BATCHES * 2 * HALF * OUT];

struct setting {
  int method, sampling, rule;
};

static espalier_network *make_subject(const struct setting *setting) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(setting->rule, 0.01);
  espalier_topology *topology = make_topology(setting->method, EVERY);
  if (setting->rule == ESPALIER_SGD) OK(espalier_optimizer_set(optimizer, "momentum", 0.9));
  if (setting->method == ESPALIER_GRANET || setting->method == ESPALIER_GRADUAL || setting->method == ESPALIER_ACDC) {
    OK(espalier_topology_set(topology, "density_end", 18));
    OK(espalier_topology_set(topology, "final_density", 0.15));
  }
  if (setting->method == ESPALIER_ACDC) OK(espalier_topology_set(topology, "phase", 3));
  if (setting->method == ESPALIER_STR) {
    OK(espalier_topology_set(topology, "threshold_start", -2));
    OK(espalier_topology_set(topology, "threshold_rate", 5));
    OK(espalier_topology_set(topology, "until", 18));
  }
  OK(espalier_topology_set(topology, "sampling", setting->sampling));
  OK(espalier_network_create(OURS, IN, 11, &network));
  OK(espalier_network_add_linear(network, HIDDEN, 0.25, ESPALIER_TANH));
  OK(espalier_network_add_linear(network, OUT, 0.5, ESPALIER_IDENTITY));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  OK(espalier_network_build(network, 2 * HALF));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  return network;
}

/* What a network has come to. */
struct picture {
  int64_t count[2];
  int32_t rows[2][IN * HIDDEN], columns[2][IN * HIDDEN];
  real w[MOST];
};

static void look(espalier_network *network, struct picture *picture) {
  real *w = NULL, *dw = NULL;
  int64_t count = 0, layer;
  memset(picture, 0, sizeof *picture);
  OK(F(espalier_network_parameters)(network, &w, &dw, &count));
  CHECK(count <= MOST);
  memcpy(picture->w, w, (size_t)count * sizeof *w);
  for (layer = 0; layer < 2; layer++)
    OK(espalier_layer_pattern(network, layer + 1, 0, IN * HIDDEN, NULL, picture->rows[layer], picture->columns[layer],
                              &picture->count[layer]));
}

/* Two ranks meet here. */
struct meeting {
  pthread_barrier_t barrier;
  real values[2][MOST];
};

struct rank {
  const struct setting *setting;
  int number; /* 0 or 1; 2 sees everything, alone */
  int reduces;
  struct meeting *meeting;
  struct picture halfway, end;
};

static void sum_over_ranks(const struct rank *rank, real *values, int64_t count) {
  struct meeting *meeting = rank->meeting;
  int64_t i;
  memcpy(meeting->values[rank->number], values, (size_t)count * sizeof *values);
  pthread_barrier_wait(&meeting->barrier);
  for (i = 0; i < count; i++) values[i] = meeting->values[0][i] + meeting->values[1][i];
  pthread_barrier_wait(&meeting->barrier);
}

static int all_reduce(void *user, int64_t layer, real *values, int64_t count) {
  if (layer < 1 || layer > 2 || count > MOST) return 1;
  sum_over_ranks(user, values, count);
  return 0;
}

static void *run_rank(void *argument) {
  struct rank *rank = argument;
  espalier_network *network = make_subject(rank->setting);
  const int alone = rank->number == 2, samples = alone ? 2 * HALF : HALF;
  int step, i;
  if (rank->reduces) OK(F(espalier_network_set_reduction)(network, all_reduce, rank));
  for (step = 0; step < STEPS; step++) {
    const int first = step % BATCHES * 2 * HALF + (alone ? 0 : rank->number * HALF);
    real y[2 * HALF * OUT], *w = NULL, *dw = NULL;
    int64_t count = 0;
    OK(F(espalier_network_forward)(network, x + first * IN, samples, y));
    for (i = 0; i < samples * OUT; i++) y[i] = (y[i] - target[first * OUT + i]) / (2 * HALF);
    OK(F(espalier_network_backward)(network, y, samples, NULL));
    OK(F(espalier_network_parameters)(network, &w, &dw, &count));
    if (!alone) sum_over_ranks(rank, dw, count);
    OK(espalier_network_update(network));
    OK(espalier_network_evolve(network));
    if (step == STEPS / 2) look(network, &rank->halfway);
  }
  CHECK(layer_value(network, 1, "topology_updates") >= 6);
  look(network, &rank->end);
  OK(espalier_network_destroy(network));
  return NULL;
}

/* Run both ranks; returns whether they ended, and were halfway, the same to the bit. */
static int agree(const struct setting *setting, int reduces, struct rank *both) {
  static struct meeting meeting;
  pthread_t thread;
  int number;
  pthread_barrier_init(&meeting.barrier, NULL, 2);
  for (number = 0; number < 2; number++) {
    both[number].setting = setting;
    both[number].number = number;
    both[number].reduces = reduces;
    both[number].meeting = &meeting;
  }
  pthread_create(&thread, NULL, run_rank, &both[1]);
  run_rank(&both[0]);
  pthread_join(thread, NULL);
  pthread_barrier_destroy(&meeting.barrier);
  return memcmp(&both[0].halfway, &both[1].halfway, sizeof both[0].halfway) == 0 &&
         memcmp(&both[0].end, &both[1].end, sizeof both[0].end) == 0;
}

/* Patterns alike, weights to `tolerance`. */
static int is_close(const struct picture *a, const struct picture *b, double tolerance) {
  double furthest = 0;
  int i;
  for (i = 0; i < MOST; i++) furthest = fmax(furthest, fabs((double)(a->w[i] - b->w[i])));
  return furthest <= tolerance && memcmp(a->count, b->count, sizeof a->count) == 0 &&
         memcmp(a->rows, b->rows, sizeof a->rows) == 0 && memcmp(a->columns, b->columns, sizeof a->columns) == 0;
}

static struct rank ranks[3];

static void one(int method, int sampling, int rule) {
  const struct setting setting = {method, sampling, rule};
  char name[80];
  snprintf(name, sizeof name, "topology %d, sampling %d, rule %d", method, sampling, rule);
  check_true(agree(&setting, 1, ranks), __FILE__, __LINE__, name);
  check_true(memcmp(&ranks[0].halfway, &ranks[0].end, sizeof ranks[0].end) != 0, __FILE__, __LINE__, name);
  /* Signs of a sketch are drawn for the samples that a rank sees: not those of the whole batch. Sums in another order may rank
     scores otherwise in single precision; in double two of these would have to agree to 13 digits. */
  if (sampling == ESPALIER_SAMPLING_SKETCH || PRECISION == 32) return;
  ranks[2].setting = &setting;
  ranks[2].number = 2;
  run_rank(&ranks[2]);
  check_true(is_close(&ranks[0].end, &ranks[2].end, 1e-10), __FILE__, __LINE__, name);
}

static void every_method(void) {
  int method, sampling;
  for (method = ESPALIER_SET; method <= ESPALIER_STR; method++) {
    one(method, ESPALIER_SAMPLING_UNIFORM, ESPALIER_SGD);
    one(method, ESPALIER_SAMPLING_UNIFORM, ESPALIER_ADAM);
  }
  for (sampling = ESPALIER_SAMPLING_ACTIVITY; sampling <= ESPALIER_SAMPLING_SKETCH; sampling++)
    one(ESPALIER_SAMPLED, sampling, ESPALIER_SGD);
}

/* The halves differ: without the sums of scores each rank goes its own way, so the test above could fail. */
static void without_sums_they_part(void) {
  static const int methods[] = {ESPALIER_RIGL, ESPALIER_SNFS, ESPALIER_SAMPLED, ESPALIER_SRIGL};
  size_t i;
  for (i = 0; i < LENGTH(methods); i++) {
    const struct setting setting = {methods[i], 0, ESPALIER_SGD};
    CHECK(!agree(&setting, 0, ranks));
  }
}

static int stops(void *user, int64_t layer, real *values, int64_t count) {
  (void)user, (void)layer, (void)values, (void)count;
  return 1;
}

/* A reduction that stops: nothing has changed, and the update stays due. */
static void stopping(void) {
  static const int methods[] = {ESPALIER_RIGL, ESPALIER_SNFS, ESPALIER_SAMPLED, ESPALIER_SRIGL};
  size_t i;
  for (i = 0; i < LENGTH(methods); i++) {
    const struct setting setting = {methods[i], ESPALIER_SAMPLING_ACTIVITY, ESPALIER_SGD};
    espalier_network *network = make_subject(&setting);
    static struct picture before, after;
    double loss;
    OK(F(espalier_network_set_reduction)(network, stops, NULL));
    while (layer_value(network, 1, "steps") < EVERY - (setting.method == ESPALIER_SNFS || setting.method == ESPALIER_SAMPLED))
      OK(F(espalier_network_train_step)(network, x, target, HALF, &loss)); /* in the others an update is a step of its own */
    look(network, &before);
    SAYS(ESPALIER_ERROR_STOPPED, "reduction", "layer 1", F(espalier_network_train_step)(network, x, target, HALF, &loss));
    look(network, &after);
    CHECK(memcmp(before.rows, after.rows, sizeof before.rows) == 0);
    CHECK(memcmp(before.columns, after.columns, sizeof before.columns) == 0);
    CHECK(layer_value(network, 1, "topology_updates") == 0);
    SAYS(ESPALIER_ERROR_STOPPED, "reduction", "layer 1", espalier_network_evolve(network));
    OK(F(espalier_network_set_reduction)(network, NULL, NULL));
    OK(espalier_network_evolve(network));
    look(network, &after);
    CHECK(memcmp(before.columns, after.columns, sizeof before.columns) != 0);
    CHECK(layer_value(network, 1, "topology_updates") == 1);
    OK(espalier_network_destroy(network));
  }
}

int main(void) {
  static const struct test tests[] = {TEST(every_method), TEST(without_sums_they_part), TEST(stopping)};
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  return run_tests(tests, LENGTH(tests));
}
