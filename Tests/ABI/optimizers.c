/* Optimizers on the caller's own arrays, step by step against the formulas. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { COUNT = 37, STEPS = 12 };

struct state {
  double m, v;
};

/* One number's next value; t from 1. */
static double next(int rule, double w, double g, struct state *s, int t) {
  const double rate = 0.05, decay = 0.01;
  if (rule != ESPALIER_ADAMW) g += decay * w;
  switch (rule) {
    case ESPALIER_SGD: /* momentum 0.9 */
      s->m = t == 1 ? g : 0.9 * s->m + g;
      return w - rate * s->m;
    case ESPALIER_RMSPROP:
      s->v = 0.99 * s->v + 0.01 * g * g;
      return w - rate * g / (sqrt(s->v) + 1e-8);
    case ESPALIER_ADAGRAD:
      s->v += g * g;
      return w - rate * g / (sqrt(s->v) + 1e-10);
    default:
      if (rule == ESPALIER_ADAMW) w -= rate * decay * w;
      s->m = 0.9 * s->m + 0.1 * g;
      s->v = 0.999 * s->v + 0.001 * g * g;
      return w - rate * (s->m / (1 - pow(0.9, t))) / (sqrt(s->v / (1 - pow(0.999, t))) + 1e-8);
  }
}

static void formulas(void) {
  int rule, step, i;
  for (rule = ESPALIER_SGD; rule <= ESPALIER_ADAMW; rule++) {
    espalier_optimizer *optimizer = make_optimizer(rule, 0.05);
    real w[COUNT], g[COUNT], kept[COUNT];
    double reference[COUNT], steps = 0;
    struct state state[COUNT] = {{0, 0}};
    OK(espalier_optimizer_set(optimizer, "weight_decay", 0.01));
    if (rule == ESPALIER_SGD) OK(espalier_optimizer_set(optimizer, "momentum", 0.9));
    fill(w, COUNT, 1);
    for (i = 0; i < COUNT; i++) reference[i] = w[i];
    for (step = 1; step <= STEPS; step++) {
      fill(g, COUNT, 10u + (unsigned)step);
      memcpy(kept, g, sizeof g);
      OK(F(espalier_optimizer_minimize)(optimizer, w, g, COUNT));
      CHECK(memcmp(kept, g, sizeof g) == 0);
      for (i = 0; i < COUNT; i++) {
        reference[i] = next(rule, reference[i], g[i], &state[i], step);
        /* float: the denominators amplify rounding; 12 steps stay well inside this */
        CHECK(fabs(w[i] - reference[i]) < (PRECISION == 64 ? 1e-12 : 2e-5));
      }
    }
    OK(espalier_optimizer_get(optimizer, "steps", &steps));
    CHECK(steps == STEPS);
    OK(espalier_optimizer_destroy(optimizer));
  }
}

static void nothing_moves_without_gradient(void) {
  int rule, i;
  for (rule = ESPALIER_SGD; rule <= ESPALIER_ADAM; rule++) {
    espalier_optimizer *optimizer = make_optimizer(rule, 0.5);
    real w[COUNT], before[COUNT], g[COUNT] = {0};
    fill(w, COUNT, 3);
    memcpy(before, w, sizeof w);
    for (i = 0; i < 5; i++) OK(F(espalier_optimizer_minimize)(optimizer, w, g, COUNT));
    CHECK(memcmp(w, before, sizeof w) == 0);
    OK(espalier_optimizer_destroy(optimizer));
  }
}

static void schedules(void) {
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.5);
  const double pi = acos(-1.0);
  real w[1] = {0}, g[1] = {0};
  int schedule, t;
  OK(espalier_optimizer_set(optimizer, "step_size", 3));
  OK(espalier_optimizer_set(optimizer, "gamma", 0.5));
  OK(espalier_optimizer_set(optimizer, "period", 8));
  OK(espalier_optimizer_set(optimizer, "minimum_rate", 0.125));
  OK(espalier_optimizer_set(optimizer, "warmup", 4));
  OK(espalier_optimizer_set(optimizer, "warmup_start", 0.25));
  for (schedule = ESPALIER_SCHEDULE_CONSTANT; schedule <= ESPALIER_SCHEDULE_COSINE; schedule++) {
    OK(espalier_optimizer_reset(optimizer));
    OK(espalier_optimizer_set(optimizer, "schedule", schedule));
    for (t = 0; t < 12; t++) {
      double rate = -1, expected = 0.5;
      OK(espalier_optimizer_get(optimizer, "rate", &rate));
      if (schedule == ESPALIER_SCHEDULE_STEP) expected *= pow(0.5, t / 3);
      if (schedule == ESPALIER_SCHEDULE_EXPONENTIAL) expected *= pow(0.5, t);
      if (schedule == ESPALIER_SCHEDULE_COSINE) expected = 0.125 + 0.375 * (1 + cos(pi * fmin(t, 8) / 8)) / 2;
      if (t < 4) expected *= 0.25 + 0.75 * t / 4;
      CHECK(fabs(rate - expected) < 1e-15);
      OK(F(espalier_optimizer_minimize)(optimizer, w, g, 1));
    }
  }
  OK(espalier_optimizer_destroy(optimizer));
}

static void size_and_precision_are_kept(void) {
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAM, 0.1);
  real w[COUNT], before[COUNT], g[COUNT];
  other_real w2[COUNT] = {0}, g2[COUNT] = {0};
  double steps = -1;
  fill(w, COUNT, 1);
  fill(g, COUNT, 2);
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "count", "0", F(espalier_optimizer_minimize)(optimizer, w, g, 0));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "count", "-5", F(espalier_optimizer_minimize)(optimizer, w, g, -5));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "count", "-9223372036854775808",
       F(espalier_optimizer_minimize)(optimizer, w, g, INT64_MIN));
  CHECK(F(espalier_optimizer_minimize)(optimizer, w, g, INT64_MAX) != ESPALIER_OK);
  OK(F(espalier_optimizer_minimize)(optimizer, w, g, COUNT));
  memcpy(before, w, sizeof w);
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "count", "36", F(espalier_optimizer_minimize)(optimizer, w, g, COUNT - 1));
  GIVES(ESPALIER_ERROR_PRECISION, OTHER(espalier_optimizer_minimize)(optimizer, w2, g2, COUNT));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "weights", "NULL", F(espalier_optimizer_minimize)(optimizer, NULL, g, COUNT));
  SAYS(ESPALIER_ERROR_NULL_ARGUMENT, "gradient", "NULL", F(espalier_optimizer_minimize)(optimizer, w, NULL, COUNT));
  CHECK(memcmp(before, w, sizeof w) == 0);
  OK(espalier_optimizer_get(optimizer, "steps", &steps));
  CHECK(steps == 1);
  OK(espalier_optimizer_reset(optimizer));
  OK(espalier_optimizer_get(optimizer, "steps", &steps));
  CHECK(steps == 0);
  OK(espalier_optimizer_set(optimizer, "amsgrad", 1));
  OK(OTHER(espalier_optimizer_minimize)(optimizer, w2, g2, COUNT - 3));
  OK(espalier_optimizer_destroy(optimizer));
}

/* Only elements' natural alignment is needed. */
static void unaligned_arrays(void) {
  int offset, i;
  for (offset = 0; offset < 5; offset++) {
    espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.5);
    real buffer[COUNT + 8], gradient[COUNT + 8];
    fill(buffer, LENGTH(buffer), 8);
    for (i = 0; i < COUNT + 8; i++) gradient[i] = buffer[i];
    OK(F(espalier_optimizer_minimize)(optimizer, buffer + offset, gradient + 5 - offset, COUNT));
    for (i = 0; i < COUNT + 8; i++) {
      real expected = gradient[i];
      if (i >= offset && i < offset + COUNT) expected -= (real)0.5 * gradient[i - offset + 5 - offset];
      CHECK(fabs((double)(buffer[i] - expected)) < 2 * EPSILON);
    }
    OK(espalier_optimizer_destroy(optimizer));
  }
}

int main(void) {
  static const struct test tests[] = {TEST(formulas),
                                      TEST(nothing_moves_without_gradient),
                                      TEST(schedules),
                                      TEST(size_and_precision_are_kept),
                                      TEST(unaligned_arrays)};
  return run_tests(tests, LENGTH(tests));
}
