/* The list of everything that has options, walked from its beginning to its end: every default is what an object starts with, every
   end of a range is taken or refused as the list says, and so is what lies beside it. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"

/* An object of a kind, and its options by name. */
struct subject {
  int owner, kind;
  char name[32];
  espalier_network *network;
  espalier_optimizer *optimizer;
  espalier_topology *topology;
  espalier_pruning *pruning;
};

/* A layer that takes from one input, or from two or three or none, of as many dimensions as it wants. */
static int add_layer(espalier_network *network, int kind) {
  static const int64_t inputs[3] = {0, 0, 0}, shapes[4][4] = {{36}, {4, 9}, {4, 3, 3}, {2, 2, 3, 3}};
  int64_t count, dimensions;
  int status = -1;
  for (dimensions = 1; dimensions <= 4 && status != ESPALIER_OK; dimensions++) {
    OK(espalier_network_set_input_shape(network, dimensions, shapes[dimensions - 1]));
    for (count = 1; count <= 3 && status != ESPALIER_OK; count++)
      status = espalier_network_add_layer(network, kind, count, inputs, 0, NULL, NULL, NULL);
  }
  if (status != ESPALIER_OK) status = espalier_network_add_layer(network, kind, 0, NULL, 0, NULL, NULL, NULL);
  return status;
}

static struct subject make(int owner, int kind) {
  struct subject s = {0};
  espalier_kind_info info;
  s.owner = owner;
  s.kind = kind;
  OK(espalier_kind_at(owner, kind, &info));
  memcpy(s.name, info.name, sizeof s.name);
  switch (owner) {
    case ESPALIER_OWNER_LAYER:
    case ESPALIER_OWNER_NETWORK: OK(espalier_network_create(OURS, 36, 1, &s.network)); break;
    case ESPALIER_OWNER_OPTIMIZER: OK(espalier_optimizer_create(kind, &s.optimizer)); break;
    case ESPALIER_OWNER_TOPOLOGY: OK(espalier_topology_create(kind, &s.topology)); break;
    default: OK(espalier_pruning_create(kind, &s.pruning)); break;
  }
  if (owner == ESPALIER_OWNER_LAYER) check_status(add_layer(s.network, kind), ESPALIER_OK, __FILE__, __LINE__, s.name);
  return s;
}

static void destroy(struct subject *s) {
  OK(espalier_network_destroy(s->network));
  OK(espalier_optimizer_destroy(s->optimizer));
  OK(espalier_topology_destroy(s->topology));
  OK(espalier_pruning_destroy(s->pruning));
}

static int set(struct subject *s, const char *name, double value) {
  switch (s->owner) {
    case ESPALIER_OWNER_NETWORK: return espalier_network_set(s->network, name, value);
    case ESPALIER_OWNER_LAYER: return espalier_layer_set(s->network, 1, name, value);
    case ESPALIER_OWNER_OPTIMIZER: return espalier_optimizer_set(s->optimizer, name, value);
    case ESPALIER_OWNER_TOPOLOGY: return espalier_topology_set(s->topology, name, value);
    default: return espalier_pruning_set(s->pruning, name, value);
  }
}

static int get(const struct subject *s, const char *name, double *value) {
  switch (s->owner) {
    case ESPALIER_OWNER_NETWORK: return espalier_network_get(s->network, name, value);
    case ESPALIER_OWNER_LAYER: return espalier_layer_get(s->network, 1, name, value);
    case ESPALIER_OWNER_OPTIMIZER: return espalier_optimizer_get(s->optimizer, name, value);
    case ESPALIER_OWNER_TOPOLOGY: return espalier_topology_get(s->topology, name, value);
    default: return espalier_pruning_get(s->pruning, name, value);
  }
}

/* One step from a number: a whole one if whole numbers are what the option takes, and no subnormal one, which counts as 0. */
static double beside(const espalier_option_info *option, double number, double direction) {
  double step = nextafter(number, direction * INFINITY);
  if (option->type != ESPALIER_OPTION_REAL && fabs(number) < 9007199254740992.0) return number + direction;
  return fabs(step) < DBL_MIN ? direction * DBL_MIN : step;
}

/* The option takes the value, or refuses it as out of range. A layer may have other reasons to refuse: what it takes from. */
static void expect(struct subject *s, const espalier_option_info *option, double value, int takes) {
  char text[200], range[48];
  double now = NAN;
  int status = set(s, option->name, value), ranged;
  snprintf(range, sizeof range, "%s must be ", option->name);
  ranged = status == ESPALIER_ERROR_INVALID_ARGUMENT && strstr(espalier_last_error(), range);
  snprintf(text, sizeof text, "%s %s: %.17g %s: status %d, %s", s->name, option->name, value, takes ? "is taken" : "is refused",
           status, status ? espalier_last_error() : "");
  if (!takes) {
    check_true(ranged, __FILE__, __LINE__, text);
    return;
  }
  /* Numbers near the largest are more than a network of this precision computes with. */
  if (s->owner == ESPALIER_OWNER_LAYER && value > 1e30 && status == ESPALIER_ERROR_INVALID_ARGUMENT) return;
  check_true(status == ESPALIER_OK || (s->owner == ESPALIER_OWNER_LAYER && !ranged), __FILE__, __LINE__, text);
  if (status == ESPALIER_OK) {
    OK(get(s, option->name, &now));
    check_true(now == value, __FILE__, __LINE__, text);
  }
}

static void check_end(struct subject *s, const espalier_option_info *option, double end, int included, double inwards) {
  expect(s, option, end, included);
  if (included)
    expect(s, option, beside(option, end, -inwards), 0);
  else
    expect(s, option, beside(option, end, inwards), 1);
}

static void walk_option(struct subject *s, const espalier_option_info *option) {
  double value = NAN;
  check_true(strlen(option->name) > 0 && strlen(option->name) < sizeof option->name - 1, __FILE__, __LINE__, option->name);
  check_true(option->type >= ESPALIER_OPTION_FLAG && option->type <= ESPALIER_OPTION_REAL, __FILE__, __LINE__, option->name);
  check_true(option->least < option->greatest, __FILE__, __LINE__, option->name);
  OK(get(s, option->name, &value));
  /* The layer that it takes from says what a default is that depends on it. */
  check_true(value == option->initial, __FILE__, __LINE__, option->name);
  check_end(s, option, option->least, option->includes_least, 1);
  check_end(s, option, option->greatest, option->includes_greatest, -1);
  expect(s, option, NAN, 0);
  expect(s, option, INFINITY, 0);
  expect(s, option, -INFINITY, 0);
  if (option->type != ESPALIER_OPTION_REAL) expect(s, option, option->least + 0.5, 0);
  if (option->type == ESPALIER_OPTION_FLAG) CHECK(option->least == 0 && option->greatest == 1);
  OK(set(s, option->name, option->initial));
}

static void every_option(void) {
  int owner, kind, options = 0;
  for (owner = ESPALIER_OWNER_NETWORK; owner <= ESPALIER_OWNER_PRUNING; owner++) {
    int64_t kinds = 0, i, j;
    OK(espalier_kind_count(owner, &kinds));
    CHECK(kinds > 0);
    for (kind = 0; kind < kinds; kind++) {
      espalier_kind_info info;
      struct subject s;
      OK(espalier_kind_at(owner, kind, &info));
      if (info.name[0] == 0) continue;
      s = make(owner, kind);
      check_true(strlen(info.name) > 0 && strlen(info.name) < sizeof info.name - 1, __FILE__, __LINE__, info.name);
      for (i = 0; i < info.option_count; i++) {
        espalier_option_info option, other;
        OK(espalier_option_at(owner, kind, i, &option));
        walk_option(&s, &option);
        options++;
        for (j = 0; j < i; j++) {
          OK(espalier_option_at(owner, kind, j, &other));
          check_true(strcmp(option.name, other.name) != 0, __FILE__, __LINE__, option.name);
        }
      }
      destroy(&s);
    }
  }
  CHECK(options > 600);
}

/* A kind's number is its enumerator's. */
static void enumerators(void) {
  static const struct {
    int owner, kind;
    const char *name;
  } known[] = {{ESPALIER_OWNER_NETWORK, 0, "network"},
               {ESPALIER_OWNER_LAYER, ESPALIER_LAYER_DROPOUT, "dropout"},
               {ESPALIER_OWNER_LAYER, ESPALIER_LAYER_SLICE, "slice"},
               {ESPALIER_OWNER_OPTIMIZER, ESPALIER_ADAMW, "adamw"},
               {ESPALIER_OWNER_TOPOLOGY, ESPALIER_TOP_KAST, "top_kast"},
               {ESPALIER_OWNER_TOPOLOGY, ESPALIER_STR, "str"},
               {ESPALIER_OWNER_PRUNING, ESPALIER_PRUNE_FISHER, "fisher"}};
  espalier_kind_info info;
  double number = -1;
  int64_t kinds;
  int kind;
  size_t i;
  for (i = 0; i < LENGTH(known); i++) {
    OK(espalier_kind_at(known[i].owner, known[i].kind, &info));
    CHECK(strcmp(info.name, known[i].name) == 0);
  }
  OK(espalier_kind_count(ESPALIER_OWNER_PRUNING, &kinds));
  for (kind = 0; kind < kinds; kind++) {
    struct subject s = make(ESPALIER_OWNER_PRUNING, kind);
    OK(get(&s, "criterion", &number));
    CHECK(number == kind);
    destroy(&s);
  }
}

/* What is not live is refused when the network is built, or the optimizer has taken a step, and nothing else is. */
static void live_options(void) {
  espalier_network *network = NULL;
  double weight = 1;
  int64_t kinds, i;
  int kind, dead = 0;
  OK(espalier_network_create(OURS, 4, 1, &network));
  OK(espalier_network_add_linear(network, 4, 0.5, ESPALIER_LEAKY_RELU));
  OK(espalier_network_add_dropout(network, 0.5));
  OK(espalier_network_add_linear(network, 4, 1, ESPALIER_IDENTITY));
  OK(espalier_network_build(network, 4));
  for (kind = -1; kind <= ESPALIER_LAYER_DROPOUT; kind++) {
    int owner = kind < 0 ? ESPALIER_OWNER_NETWORK : ESPALIER_OWNER_LAYER;
    espalier_kind_info info;
    OK(espalier_kind_at(owner, kind < 0 ? 0 : kind, &info));
    for (i = 0; i < info.option_count; i++) {
      espalier_option_info option;
      int wanted, status;
      OK(espalier_option_at(owner, kind < 0 ? 0 : kind, i, &option));
      wanted = option.live ? ESPALIER_OK : ESPALIER_ERROR_INVALID_STATE;
      status = kind < 0 ? espalier_network_set(network, option.name, option.initial)
                        : espalier_layer_set(network, kind + 1, option.name, option.initial);
      check_status(status, wanted, __FILE__, __LINE__, option.name);
      dead += !option.live;
    }
  }
  CHECK(dead > 5);
  OK(espalier_network_destroy(network));
  OK(espalier_kind_count(ESPALIER_OWNER_OPTIMIZER, &kinds));
  for (dead = 0, kind = 0; kind < kinds; kind++) {
    struct subject s = make(ESPALIER_OWNER_OPTIMIZER, kind);
    espalier_kind_info info;
    OK(espalier_kind_at(ESPALIER_OWNER_OPTIMIZER, kind, &info));
    OK(espalier_optimizer_minimize_f64(s.optimizer, &weight, &weight, 1));
    for (i = 0; i < info.option_count; i++) {
      espalier_option_info option;
      OK(espalier_option_at(ESPALIER_OWNER_OPTIMIZER, kind, i, &option));
      check_status(set(&s, option.name, option.initial), option.live ? ESPALIER_OK : ESPALIER_ERROR_INVALID_STATE, __FILE__,
                   __LINE__, option.name);
      dead += !option.live;
    }
    destroy(&s);
  }
  CHECK(dead == 1); /* adagrad's first accumulator */
}

static void what_there_is_not(void) {
  espalier_kind_info kind, kind_before;
  espalier_option_info option, option_before;
  int64_t count = 77;
  memset(&kind, 0x5a, sizeof kind);
  memset(&option, 0x5a, sizeof option);
  kind_before = kind;
  option_before = option;
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "owner", "5", espalier_kind_count(5, &count));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "owner", "-1", espalier_kind_count(-1, &count));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "count", "NULL", espalier_kind_count(0, NULL));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "owner", "7", espalier_kind_at(7, 0, &kind));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "kind", "1", espalier_kind_at(ESPALIER_OWNER_NETWORK, 1, &kind));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "kind", "-2147483648", espalier_kind_at(ESPALIER_OWNER_LAYER, INT32_MIN, &kind));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "info", "NULL", espalier_kind_at(ESPALIER_OWNER_LAYER, 0, NULL));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "owner", "-7", espalier_option_at(-7, 0, 0, &option));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "kind", "2147483647", espalier_option_at(ESPALIER_OWNER_TOPOLOGY, INT32_MAX, 0, &option));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "index", "-1", espalier_option_at(ESPALIER_OWNER_OPTIMIZER, ESPALIER_ADAM, -1, &option));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "index", "9223372036854775807",
       espalier_option_at(ESPALIER_OWNER_OPTIMIZER, ESPALIER_ADAM, INT64_MAX, &option));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "static", "no options", espalier_option_at(ESPALIER_OWNER_TOPOLOGY, 0, 0, &option));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "info", "NULL", espalier_option_at(ESPALIER_OWNER_NETWORK, 0, 0, NULL));
  CHECK(count == 77);
  CHECK(memcmp(&kind, &kind_before, sizeof kind) == 0);
  CHECK(memcmp(&option, &option_before, sizeof option) == 0);
}

int main(void) {
  static const struct test tests[] = {TEST(every_option), TEST(enumerators), TEST(live_options), TEST(what_there_is_not)};
  return run_tests(tests, LENGTH(tests));
}
