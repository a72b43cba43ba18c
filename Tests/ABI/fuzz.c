/* Random calls with random and extreme arguments, the same ones every time. Whatever comes: a status that the header knows,
   a message with every failure, a process that lives, and no memory lost.
     fuzz [calls] */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "fixture.h"

enum { WIDTH = 40, SAMPLES = 32, ARRAY = 100000, POOL = 6, LAYERS = 7 };

static uint64_t state;
static espalier_network *networks[POOL];
static espalier_optimizer *optimizers[POOL];
static espalier_topology *topologies[POOL];
static espalier_pruning *prunings[POOL];
static real x[SAMPLES * WIDTH], y[SAMPLES * WIDTH], dx[SAMPLES * WIDTH], arrays[4][ARRAY];
static other_real other_x[SAMPLES * WIDTH], other_y[SAMPLES * WIDTH], other_arrays[2][ARRAY];
static int32_t labels[SAMPLES], rows[4096], columns[4096];
static int64_t row_start[4096], cells[64];
static char text[100];
static long calls, statuses[14], surprises;
/* Memory is: what is too much is refused at once. */
static int limited;

static uint64_t draw(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state * UINT64_C(2685821657736338717) >> 11;
}

static int below(int n) { return (int)(draw() % (uint64_t)n); }
static int chance(int percent) { return below(100) < percent; }

static double number(void) {
  static const double numbers[] = {0,     1,      -1,   0.5,  0.1,  1.7,   2,    3,           4,     5,    100,    0.999, 1e-3,
                                   1e-300, 5e-324, 1e10, 1e19, -1e19, 1e308, 2147483648.0, -1e308, 64.0, 1e15, 9.3e18, NAN,   INFINITY};
  return chance(5) ? -INFINITY : numbers[below(LENGTH(numbers))];
}

/* Counts that are either right for the arrays here, or wrong in a way that can be seen without them. */
static int64_t a_count(int right) {
  static const int64_t wrong[] = {0, -1, -2, INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1, INT64_MAX / 2 + 1, -2147483648LL};
  return chance(80) ? 1 + below(right) : wrong[below(LENGTH(wrong))];
}

static int64_t a_layer(void) {
  static const int64_t wrong[] = {-1, LAYERS + 3, INT64_MAX, INT64_MIN, 4294967297LL};
  return chance(85) ? below(LAYERS + 1) : wrong[below(LENGTH(wrong))];
}

static int a_choice(int choices) {
  static const int wrong[] = {-1, 99, 2147483647, -2147483647 - 1};
  return chance(90) ? below(choices) : wrong[below(LENGTH(wrong))];
}

static const char *a_name(void) {
  static const char *const names[] = {
      "huber_delta", "label_base", "clip_norm", "accumulate", "inputs", "outputs", "layers", "parameters", "connections",
      "max_batch", "built", "bound", "threads", "precision", "seed", "loss", "steps", "bytes", "flops", "density", "bias",
      "initializer", "fixed_density", "negative_slope", "probability", "units", "activation", "index_bytes", "offset", "dropped",
      "grown", "topology_updates", "scope", "rounds", "temperature", "distribution",
      "learning_rate", "weight_decay", "schedule", "step_size", "gamma", "period", "minimum_rate",
      "warmup", "warmup_start", "momentum", "dampening", "nesterov", "alpha", "epsilon", "centered", "lr_decay",
      "initial_accumulator", "beta1", "beta2", "amsgrad", "rule", "rate", "every", "begin", "until", "drop_fraction", "decay",
      "published", "method", "", "%s%n%s", "\xff\xfe\xc3", "Density", "\xe5\xaf\x86\xe5\xba\xa6"};
  static char longest[5000];
  if (chance(2)) return NULL;
  if (chance(2)) {
    memset(longest, 'a', sizeof longest - 1);
    return longest;
  }
  return names[below(LENGTH(names))];
}

/* Mostly a live handle, sometimes a destroyed one, one of another kind, NULL, or no handle at all. */
static void *a_handle(void *const *pool) {
  static void *const wrong[] = {(void *)8, (void *)0xdeadbeef, (void *)UINTPTR_MAX, text};
  if (chance(92)) return pool[below(POOL)];
  if (chance(50)) return chance(50) ? (void *)networks[below(POOL)] : (void *)optimizers[below(POOL)];
  return chance(30) ? NULL : wrong[below(LENGTH(wrong))];
}

#define NETWORK a_handle((void *const *)networks)
#define OPTIMIZER a_handle((void *const *)optimizers)
#define TOPOLOGY a_handle((void *const *)topologies)
#define PRUNING a_handle((void *const *)prunings)
/* Now and then NULL instead of the pointer. */
#define PTR(p) (chance(97) ? (p) : NULL)

static void expect(int status) {
  calls++;
  if (status < 0 || status > 13 || (status != 0 && espalier_last_error()[0] == 0)) {
    if (surprises++ < 10) printf("call %ld gave status %d, message \"%s\"\n", calls, status, espalier_last_error());
    return;
  }
  statuses[status]++;
}

static int progress(void *user, int64_t done, int64_t samples, double loss) {
  double value;
  (void)user;
  (void)loss;
  if (done > samples) surprises++;
  if (chance(20)) expect(espalier_network_get(NETWORK, "inputs", &value));
  if (chance(2)) expect(espalier_network_destroy(NETWORK));
  return chance(10);
}

static void describe_one(void) {
  espalier_network **place = &networks[below(POOL)];
  espalier_network *network;
  double layers = 0;
  if (*place != NULL && chance(70)) {
    expect(espalier_network_destroy(*place));
    *place = NULL;
  }
  expect(espalier_network_create(chance(80) ? OURS : chance(60) ? THEIRS : a_choice(99), a_count(WIDTH), (int64_t)draw(), PTR(place)));
  network = *place;
  while (chance(75) && espalier_network_get(network, "layers", &layers) == ESPALIER_OK && layers < LAYERS)
    if (chance(80))
      expect(espalier_network_add_linear(network, a_count(WIDTH), chance(60) ? 0.3 : number(), a_choice(8)));
    else
      expect(espalier_network_add_dropout(network, chance(50) ? 0.2 : number()));
}

/* One that can be trained. */
static void complete_one(void) {
  int i = below(POOL), layers = 1 + below(3);
  espalier_optimizer *optimizer = NULL;
  espalier_topology *topology = NULL;
  expect(espalier_network_destroy(networks[i]));
  networks[i] = NULL;
  expect(espalier_network_create(OURS, 1 + below(WIDTH), (int64_t)draw(), &networks[i]));
  while (layers-- > 0) expect(espalier_network_add_linear(networks[i], 3 + below(WIDTH - 3), chance(30) ? 1 : 0.3, below(8)));
  expect(espalier_optimizer_create(below(5), &optimizer));
  expect(espalier_topology_create(below(3), &topology));
  expect(espalier_topology_set(topology, "every", 1 + below(4)));
  expect(espalier_network_set_loss(networks[i], below(4)));
  expect(espalier_network_set_optimizer(networks[i], 0, optimizer));
  expect(espalier_network_set_topology(networks[i], 0, topology));
  if (chance(10) && limited) expect(espalier_network_build(networks[i], INT32_MAX));
  expect(espalier_network_build(networks[i], chance(50) ? SAMPLES : 1 + below(SAMPLES)));
  expect(espalier_optimizer_destroy(optimizer));
  expect(espalier_topology_destroy(topology));
}

static void give_pattern(void) {
  int i, at = 0, base = a_choice(2);
  for (i = 0; i < 64; i++) {
    rows[i] = below(8) + base;
    columns[i] = below(8) + base;
    cells[i] = chance(98) ? below(2) + base : columns[i];
    row_start[i] = at + base;
    at += at < 50 ? below(3) : 0;
  }
  if (chance(30)) rows[below(64)] = chance(50) ? INT32_MIN : INT32_MAX;
  if (chance(30)) columns[below(64)] = chance(50) ? -1 : INT32_MAX;
  if (chance(30)) row_start[below(64)] = chance(50) ? INT64_MAX : INT64_MIN;
  if (chance(20)) {
    const int64_t lengths[] = {chance(90) ? 1 + below(3) : a_count(9), 1 + below(2), 1}, kernel[] = {1 + below(4), below(9), a_count(9)};
    const int periodic[] = {below(2), 1, below(3)};
    expect(espalier_layer_set_pattern_grid(NETWORK, a_layer(), below(5), PTR(lengths), PTR(kernel), chance(50) ? periodic : NULL));
  } else if (chance(20))
    expect(espalier_layer_set_pattern_mesh_i64(NETWORK, a_layer(), chance(90) ? 1 + below(8) : 0, PTR(row_start), PTR(cells),
                                               a_count(3), base));
  else if (chance(40))
    expect(F(espalier_layer_set_pattern_coo)(NETWORK, a_layer(), chance(80) ? 1 + below(20) : a_count(60), PTR(rows), PTR(columns),
                                             chance(50) ? x : NULL, base));
  else
    expect(F(espalier_layer_set_pattern_csr)(NETWORK, a_layer(), PTR(row_start), PTR(columns), chance(50) ? x : NULL, base));
}

static void set_something(void) {
  double value;
  switch (below(16)) {
    case 0: expect(espalier_network_set(NETWORK, a_name(), number())); break;
    case 1: expect(espalier_network_get(NETWORK, a_name(), PTR(&value))); break;
    case 2: expect(espalier_layer_set(NETWORK, a_layer(), a_name(), number())); break;
    case 3: expect(espalier_layer_get(NETWORK, a_layer(), a_name(), PTR(&value))); break;
    case 4: expect(espalier_layer_set_optimizer_option(NETWORK, a_layer(), a_name(), number())); break;
    case 5: expect(espalier_layer_get_optimizer_option(NETWORK, a_layer(), a_name(), PTR(&value))); break;
    case 6: expect(espalier_network_set_threads(NETWORK, chance(97) ? below(4) : a_choice(1025))); break;
    case 7: expect(espalier_network_set_loss(NETWORK, a_choice(4))); break;
    case 8: expect(espalier_network_set_optimizer(NETWORK, chance(60) ? 0 : a_layer(), OPTIMIZER)); break;
    case 9: expect(espalier_network_set_topology(NETWORK, chance(60) ? 0 : a_layer(), TOPOLOGY)); break;
    case 10: expect(espalier_optimizer_set(OPTIMIZER, a_name(), number())); break;
    case 11: expect(espalier_optimizer_get(OPTIMIZER, a_name(), PTR(&value))); break;
    case 12: expect(espalier_topology_set(TOPOLOGY, a_name(), number())); break;
    case 13: expect(espalier_pruning_set(PRUNING, a_name(), number())); break;
    case 14: expect(espalier_pruning_get(PRUNING, a_name(), PTR(&value))); break;
    default: expect(espalier_topology_get(TOPOLOGY, a_name(), PTR(&value))); break;
  }
}

static void make_method(void) {
  int i = below(POOL);
  if (chance(30)) {
    if (chance(70)) {
      expect(espalier_pruning_destroy(prunings[i]));
      prunings[i] = NULL;
    }
    expect(espalier_pruning_create(a_choice(6), PTR(&prunings[i])));
  } else if (chance(50)) {
    if (chance(70)) {
      expect(espalier_optimizer_destroy(optimizers[i]));
      optimizers[i] = NULL;
    }
    expect(espalier_optimizer_create(a_choice(5), PTR(&optimizers[i])));
  } else {
    if (chance(70)) {
      expect(espalier_topology_destroy(topologies[i]));
      topologies[i] = NULL;
    }
    expect(espalier_topology_create(a_choice(3), PTR(&topologies[i])));
  }
}

static void look_at_something(void) {
  int64_t count = 0, units = 0;
  real *a, *b, *c, *d;
  other_real *e, *f;
  switch (below(7)) {
    case 0: expect(espalier_network_parameter_count(NETWORK, PTR(&count))); break;
    case 1: expect(F(espalier_network_parameters)(NETWORK, PTR(&a), PTR(&b), PTR(&count))); break;
    case 2: expect(OTHER(espalier_network_parameters)(NETWORK, PTR(&e), PTR(&f), PTR(&count))); break;
    case 3: expect(F(espalier_layer_parameters)(NETWORK, a_layer(), &a, &b, &count, &c, PTR(&d), PTR(&units))); break;
    case 4:
      expect(espalier_layer_pattern(NETWORK, a_layer(), a_choice(2), a_count(4096), chance(50) ? row_start : NULL,
                                    chance(50) ? rows : NULL, chance(50) ? columns : NULL, PTR(&count)));
      break;
    case 5: expect(espalier_network_info(NETWORK, chance(50) ? 0 : 1 + below(sizeof text), PTR(text), PTR(&count))); break;
    default: CHECK(espalier_status_string(a_choice(20)) != NULL && espalier_version() != NULL);
  }
}

static void bind_something(void) {
  int i = below(4), j = below(4);
  if (chance(20))
    expect(espalier_network_unbind(NETWORK));
  else if (chance(20))
    expect(OTHER(espalier_network_bind)(NETWORK, PTR(other_arrays[0]), PTR(other_arrays[1]), ARRAY));
  else
    expect(F(espalier_network_bind)(NETWORK, PTR(arrays[i]), PTR(arrays[j]), chance(80) ? ARRAY : a_count(200)));
}

static void train_something(void) {
  int64_t batch = a_count(SAMPLES), samples = a_count(SAMPLES);
  espalier_network *network = NETWORK;
  double loss, accuracy;
  int i;
  for (i = 0; i < SAMPLES; i++) labels[i] = chance(97) ? below(3) : below(2) ? INT32_MIN : INT32_MAX;
  for (i = 0; i < 3; i++) x[below(SAMPLES * WIDTH)] = (real)(chance(97) ? below(9) - 4.0 : number());
  switch (below(18)) {
    case 0:
    case 1: expect(F(espalier_network_train_step)(network, PTR(x), PTR(y), batch, PTR(&loss))); break;
    case 2:
    case 3: expect(F(espalier_network_train_step_labels)(network, PTR(x), PTR(labels), batch, PTR(&loss))); break;
    case 4: expect(OTHER(espalier_network_train_step)(network, PTR(other_x), PTR(other_y), batch, PTR(&loss))); break;
    case 5:
      expect(F(espalier_network_train_epoch)(network, PTR(x), PTR(y), samples, batch, a_choice(2), chance(50) ? progress : NULL, NULL, PTR(&loss)));
      break;
    case 6:
      expect(F(espalier_network_train_epoch_labels)(network, PTR(x), PTR(labels), samples, batch, a_choice(2), progress, NULL, PTR(&loss)));
      break;
    case 7:
    case 8:
    case 9:
      expect(F(espalier_network_forward)(network, PTR(x), batch, PTR(y)));
      if (chance(80)) expect(F(espalier_network_backward)(network, PTR(y), chance(90) ? batch : a_count(SAMPLES), PTR(dx)));
      if (chance(80)) expect(espalier_network_update(network));
      if (chance(80)) expect(espalier_network_evolve(network));
      break;
    case 10: expect(F(espalier_network_backward)(network, PTR(y), batch, dx)); break;
    case 11: expect(chance(50) ? espalier_network_update(network) : espalier_network_evolve(network)); break;
    case 12:
      expect(chance(40) ? espalier_network_remember(network) : chance(40) ? espalier_network_rewind(network) : ESPALIER_OK);
      expect(espalier_network_evolve_now(network, a_layer(), chance(60) ? below(5) / 4.0 : number()));
      break;
    case 16: expect(F(espalier_network_prune)(network, PRUNING, PTR(x), PTR(y), samples)); break;
    case 17: expect(F(espalier_network_prune_labels)(network, PRUNING, PTR(x), PTR(labels), samples)); break;
    case 13: expect(F(espalier_network_predict)(network, PTR(x), samples, PTR(y))); break;
    case 14: expect(F(espalier_network_evaluate)(network, PTR(x), PTR(y), samples, PTR(&loss))); break;
    default: expect(F(espalier_network_evaluate_labels)(network, PTR(x), PTR(labels), samples, PTR(&loss), PTR(&accuracy))); break;
  }
}

static void minimize_something(void) {
  espalier_optimizer *optimizer = OPTIMIZER;
  if (chance(20))
    expect(espalier_optimizer_reset(optimizer));
  else if (chance(20))
    expect(OTHER(espalier_optimizer_minimize)(optimizer, PTR(other_arrays[0]), PTR(other_arrays[1]), a_count(1000)));
  else
    expect(F(espalier_optimizer_minimize)(optimizer, PTR(arrays[0]), PTR(arrays[1]), chance(50) ? 100 : a_count(1000)));
}

static void clear(void) {
  int i;
  for (i = 0; i < POOL; i++) {
    if (espalier_network_destroy(networks[i]) == ESPALIER_OK) networks[i] = NULL;
    if (espalier_optimizer_destroy(optimizers[i]) == ESPALIER_OK) optimizers[i] = NULL;
    if (espalier_topology_destroy(topologies[i]) == ESPALIER_OK) topologies[i] = NULL;
    if (espalier_pruning_destroy(prunings[i]) == ESPALIER_OK) prunings[i] = NULL;
    networks[i] = NULL;
  }
}

static void round_of_calls(uint64_t seed, long count) {
  long end = calls + count;
  state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
  fill(x, LENGTH(x), 1);
  fill(y, LENGTH(y), 2);
  while (calls < end) switch (below(20)) {
      case 0: describe_one(); break;
      case 1: complete_one(); break;
      case 2: give_pattern(); break;
      case 3:
      case 4: expect(espalier_network_build(NETWORK, chance(97) || !limited ? a_count(SAMPLES) : INT32_MAX)); break;
      case 5: make_method(); break;
      case 6:
      case 7:
      case 8:
      case 9:
      case 10: set_something(); break;
      case 11: look_at_something(); break;
      case 12: bind_something(); break;
      case 13: minimize_something(); break;
      case 14:
        if (chance(30)) expect(espalier_network_set_distribution(NETWORK, a_choice(4), chance(60) ? 0.25 : number()));
        break;
      default: train_something();
    }
  clear();
}

static long total = 60000;

static void anything(void) {
  const int rounds = 12;
  size_t settled = 0;
  int i;
  for (i = 0; i < rounds; i++) {
    round_of_calls((uint64_t)i + 1, total / rounds);
    if (i == rounds / 2) settled = mallinfo2().uordblks;
  }
  /* Nothing lives: what the second half left behind would be lost. The slack is for tables that grow once. */
  CHECK(mallinfo2().uordblks < settled + 65536);
  CHECK(surprises == 0);
  CHECK(statuses[ESPALIER_OK] > calls / 10);
  for (i = 0; i <= 10; i++)
    if (statuses[i] == 0 && total >= 60000) {
      printf("status %d (%s) never came\n", i, espalier_status_string(i));
      CHECK(statuses[i] > 0);
    }
  if (surprises > 0 || total < 60000) return;
  CHECK(statuses[ESPALIER_ERROR_BUSY] > 0 && statuses[ESPALIER_ERROR_STOPPED] > 0);
}

int main(int argc, char **argv) {
  static const struct test tests[] = {TEST(anything)};
  const struct rlimit limit = {(rlim_t)4 << 30, (rlim_t)4 << 30};
  if (argc > 1) total = atol(argv[1]);
  if (total >= 60000) limited = setrlimit(RLIMIT_AS, &limit) == 0;
  return run_tests(tests, LENGTH(tests));
}
