/* Steps, epochs, inference: what they compute and what they refuse. */
#include <math.h>
#include <string.h>

#include "fixture.h"

enum { SAMPLES = 40 };

static real x[SAMPLES * INPUTS], target[SAMPLES * OUTPUTS];
static int32_t labels[SAMPLES];

static void data(void) {
  fill(x, LENGTH(x), 5);
  fill(target, LENGTH(target), 6);
  fill_labels(labels, SAMPLES, 0);
}

static void steps_lower_the_loss(void) {
  espalier_network *network = make_network();
  double first = 0, loss = 0;
  int i;
  data();
  OK(espalier_layer_set(network, 2, "probability", 0));
  OK(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &first));
  for (i = 0; i < 200; i++) OK(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
  CHECK(first > 0 && loss < 0.5 * first);
  CHECK(network_value(network, "steps") > 0);
  OK(espalier_network_destroy(network));
}

static void steps_with_labels(void) {
  espalier_network *network = make_network(), *twin = make_network();
  real probabilities[MAX_BATCH * OUTPUTS] = {0};
  double loss = 0, same = 0;
  int i, base;
  data();
  OK(espalier_network_set_loss(network, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  OK(espalier_network_set_loss(twin, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  for (i = 0; i < MAX_BATCH; i++) probabilities[i * OUTPUTS + labels[i]] = 1;
  for (base = 0; base <= 1; base++) {
    OK(espalier_network_set(network, "label_base", base));
    fill_labels(labels, SAMPLES, base);
    OK(F(espalier_network_train_step_labels)(network, x, labels, MAX_BATCH, &loss));
    OK(F(espalier_network_train_step)(twin, x, probabilities, MAX_BATCH, &same));
    CHECK(fabs(loss - same) < 100 * EPSILON && loss > 0);
    labels[3] = base + OUTPUTS;
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "label", base ? "5" : "4",
            F(espalier_network_train_step_labels)(network, x, labels, MAX_BATCH, &loss));
    labels[3] = base - 1;
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "label", base ? "0" : "-1",
            F(espalier_network_train_step_labels)(network, x, labels, MAX_BATCH, &loss));
    labels[3] = INT32_MIN;
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "label", "-2147483648",
            F(espalier_network_train_step_labels)(network, x, labels, MAX_BATCH, &loss));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "label", "-2147483648",
            F(espalier_network_evaluate_labels)(network, x, labels, MAX_BATCH, &loss, NULL));
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "label", "-2147483648",
            F(espalier_network_train_epoch_labels)(network, x, labels, SAMPLES, MAX_BATCH, 0, NULL, NULL, &loss));
    labels[3] = INT32_MAX;
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "label", "2147483647",
            F(espalier_network_train_step_labels)(network, x, labels, MAX_BATCH, &loss));
  }
  OK(espalier_network_set_loss(network, ESPALIER_HUBER));
  fill_labels(labels, SAMPLES, 1);
  CHECK(F(espalier_network_train_step_labels)(network, x, labels, MAX_BATCH, &loss) != ESPALIER_OK);
  CHECK(F(espalier_network_evaluate_labels)(network, x, labels, MAX_BATCH, &loss, NULL) != ESPALIER_OK);
  OK(espalier_network_destroy(network));
  OK(espalier_network_destroy(twin));
}

static void losses_are_what_the_header_says(void) {
  espalier_network *network = make_network();
  real y[SAMPLES * OUTPUTS];
  double sums[4] = {0, 0, 0, 0}, loss = 0;
  int i, j;
  data();
  for (i = 0; i < SAMPLES * OUTPUTS; i++) target[i] = (real)((target[i] + 1) / 2);
  OK(F(espalier_network_predict)(network, x, SAMPLES, y));
  for (i = 0; i < SAMPLES; i++) {
    double largest = -INFINITY, total = 0;
    for (j = 0; j < OUTPUTS; j++) largest = fmax(largest, y[i * OUTPUTS + j]);
    for (j = 0; j < OUTPUTS; j++) total += exp(y[i * OUTPUTS + j] - largest);
    for (j = 0; j < OUTPUTS; j++) {
      double out = y[i * OUTPUTS + j], t = target[i * OUTPUTS + j], e = out - t;
      sums[0] += e * e / OUTPUTS;
      sums[1] -= t * (out - largest - log(total));
      sums[2] += (fmax(out, 0) - out * t + log1p(exp(-fabs(out)))) / OUTPUTS;
      sums[3] += (fabs(e) <= 0.5 ? 0.5 * e * e : 0.5 * (fabs(e) - 0.25)) / OUTPUTS;
    }
  }
  OK(espalier_network_set(network, "huber_delta", 0.5));
  for (i = 0; i < 4; i++) {
    OK(espalier_network_set_loss(network, i));
    OK(F(espalier_network_evaluate)(network, x, target, SAMPLES, &loss));
    CHECK(fabs(loss - sums[i] / SAMPLES) < 200 * EPSILON * (1 + loss));
  }
  OK(espalier_network_destroy(network));
}

static void evaluating_labels(void) {
  espalier_network *network = make_network();
  real y[SAMPLES * OUTPUTS];
  double loss = 0, alone = 0, accuracy = 0, same = 0;
  int i, j, right = 0;
  data();
  OK(espalier_network_set_loss(network, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  OK(F(espalier_network_predict)(network, x, SAMPLES, y));
  for (i = 0; i < SAMPLES; i++) {
    int best = 0;
    for (j = 1; j < OUTPUTS; j++)
      if (y[i * OUTPUTS + j] > y[i * OUTPUTS + best]) best = j;
    right += best == labels[i];
  }
  OK(F(espalier_network_evaluate_labels)(network, x, labels, SAMPLES, &loss, &accuracy));
  CHECK(fabs(accuracy - (double)right / SAMPLES) < 1e-12 && loss > 0);
  OK(F(espalier_network_evaluate_labels)(network, x, labels, SAMPLES, &alone, NULL));
  OK(F(espalier_network_evaluate_labels)(network, x, labels, SAMPLES, NULL, &same));
  OK(F(espalier_network_evaluate_labels)(network, x, labels, SAMPLES, NULL, NULL));
  CHECK(alone == loss && same == accuracy);
  OK(espalier_network_destroy(network));
}

/* 40 samples in chunks of 16: the same bits as the chunks by themselves. Alone, a sample is summed in another order. */
static void predicting_in_chunks(void) {
  espalier_network *network = make_network();
  real all[SAMPLES * OUTPUTS], part[SAMPLES * OUTPUTS];
  int i;
  data();
  OK(F(espalier_network_predict)(network, x, SAMPLES, all));
  for (i = 0; i < SAMPLES; i += MAX_BATCH)
    OK(F(espalier_network_predict)(network, x + i * INPUTS, SAMPLES - i < MAX_BATCH ? SAMPLES - i : MAX_BATCH, part + i * OUTPUTS));
  CHECK(memcmp(all, part, sizeof all) == 0);
  for (i = 0; i < SAMPLES; i++) OK(F(espalier_network_predict)(network, x + i * INPUTS, 1, part + i * OUTPUTS));
  for (i = 0; i < SAMPLES * OUTPUTS; i++) CHECK(fabs((double)all[i] - part[i]) < 20 * EPSILON);
  OK(espalier_network_destroy(network));
}

struct told {
  int calls, stop_after;
  int64_t done, samples;
  double loss;
};

static int progress(void *user, int64_t done, int64_t samples, double loss) {
  struct told *told = user;
  told->calls++;
  told->done = done;
  told->samples = samples;
  told->loss = loss;
  return told->calls == told->stop_after;
}

static void epochs(void) {
  espalier_network *network = make_network(), *steps = make_network();
  struct told told = {0, 0, 0, 0, 0};
  double loss = 0, step_loss = 0, mean = 0;
  int start;
  data();
  /* In order: the same as steps, the last smaller batch included. */
  OK(F(espalier_network_train_epoch)(network, x, target, SAMPLES, MAX_BATCH, 0, progress, &told, &loss));
  CHECK(told.calls == 3 && told.done == SAMPLES && told.samples == SAMPLES && told.loss == loss);
  for (start = 0; start < SAMPLES; start += MAX_BATCH) {
    int batch = SAMPLES - start < MAX_BATCH ? SAMPLES - start : MAX_BATCH;
    OK(F(espalier_network_train_step)(steps, x + start * INPUTS, target + start * OUTPUTS, batch, &step_loss));
    mean += step_loss * batch / SAMPLES;
  }
  CHECK(network_value(network, "steps") == network_value(steps, "steps"));
  CHECK(fabs(mean - loss) < 1e-12 * (1 + loss));
  {
    real y[OUTPUTS], same[OUTPUTS];
    OK(F(espalier_network_predict)(network, x, 1, y));
    OK(F(espalier_network_predict)(steps, x, 1, same));
    CHECK(memcmp(y, same, sizeof y) == 0);
  }
  OK(F(espalier_network_train_epoch)(network, x, target, SAMPLES, 7, 1, NULL, NULL, &loss));
  CHECK(isfinite(loss));
  told.calls = 0;
  told.stop_after = 2;
  GIVES(ESPALIER_ERROR_STOPPED, F(espalier_network_train_epoch)(network, x, target, SAMPLES, 8, 1, progress, &told, &loss));
  CHECK(told.calls == 2 && told.done == 16);
  OK(espalier_network_set_loss(network, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  told.calls = told.stop_after = 0;
  OK(F(espalier_network_train_epoch_labels)(network, x, labels, SAMPLES, 8, 1, progress, &told, &loss));
  CHECK(told.calls == 5 && loss > 0);
  OK(espalier_network_destroy(network));
  OK(espalier_network_destroy(steps));
}

static void the_same_seed_gives_the_same_bits(void) {
  espalier_network *networks[2];
  real *w[2], *dw[2];
  double loss[2];
  int64_t count = 0;
  int i, epoch;
  data();
  for (i = 0; i < 2; i++) {
    networks[i] = make_network();
    for (epoch = 0; epoch < 5; epoch++)
      OK(F(espalier_network_train_epoch)(networks[i], x, target, SAMPLES, 8, 1, NULL, NULL, &loss[i]));
    OK(F(espalier_network_parameters)(networks[i], &w[i], &dw[i], &count));
  }
  CHECK(loss[0] == loss[1] && memcmp(w[0], w[1], (size_t)count * sizeof *w[0]) == 0);
  for (i = 0; i < 2; i++) OK(espalier_network_destroy(networks[i]));
}

static void not_finite(void) {
  espalier_network *network = make_network();
  const real bad[3] = {(real)NAN, (real)INFINITY, (real)-INFINITY};
  real keep, y[MAX_BATCH * OUTPUTS];
  double loss = 0;
  int i;
  data();
  OK(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
  for (i = 0; i < 3; i++) {
    keep = x[17];
    x[17] = bad[i];
    loss = 0;
    REFUSES(network, ESPALIER_ERROR_NON_FINITE, "", "", F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
    CHECK(!isfinite(loss));
    loss = 0;
    REFUSES(network, ESPALIER_ERROR_NON_FINITE, "", "",
            F(espalier_network_train_epoch)(network, x, target, MAX_BATCH, MAX_BATCH, 0, NULL, NULL, &loss));
    x[17] = keep;
    keep = target[9];
    target[9] = bad[i];
    loss = 0;
    REFUSES(network, ESPALIER_ERROR_NON_FINITE, "", "", F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
    CHECK(!isfinite(loss));
    target[9] = keep;
  }
  x[2] = (real)NAN; /* predict: garbage in, garbage out, for that sample alone */
  OK(F(espalier_network_predict)(network, x, MAX_BATCH, y));
  CHECK(isfinite(y[OUTPUTS]));
  OK(espalier_network_destroy(network));
}

static void clipping_and_rates(void) {
  espalier_network *network = describe_network(3);
  espalier_optimizer *sgd = make_optimizer(ESPALIER_SGD, 1);
  real *w, *dw, before[PARAMETERS];
  int64_t count;
  double loss, moved = 0;
  int i;
  data();
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, sgd));
  OK(espalier_network_set(network, "clip_norm", 1e-3));
  OK(espalier_network_build(network, MAX_BATCH));
  OK(F(espalier_network_parameters)(network, &w, &dw, &count));
  memcpy(before, w, sizeof before);
  OK(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
  for (i = 0; i < PARAMETERS; i++) moved += ((double)w[i] - before[i]) * ((double)w[i] - before[i]);
  CHECK(fabs(sqrt(moved) - 1e-3) < 2e-5); /* rate 1: the step is the clipped gradient */
  OK(espalier_layer_set_optimizer_option(network, ESPALIER_ALL_LAYERS, "learning_rate", 0));
  memcpy(before, w, sizeof before);
  OK(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
  CHECK(memcmp(before, w, sizeof before) == 0);
  OK(espalier_network_destroy(network));
  OK(espalier_optimizer_destroy(sgd));
}

int main(void) {
  static const struct test tests[] = {TEST(steps_lower_the_loss),
                                      TEST(steps_with_labels),
                                      TEST(losses_are_what_the_header_says),
                                      TEST(evaluating_labels),
                                      TEST(predicting_in_chunks),
                                      TEST(epochs),
                                      TEST(the_same_seed_gives_the_same_bits),
                                      TEST(not_finite),
                                      TEST(clipping_and_rates)};
  return run_tests(tests, LENGTH(tests));
}
