/* Densities by a function of the caller's, SET's epsilon, and the power of Erdos-Renyi. */
#include <math.h>

#include "fixture.h"

/* Densities by a function: half of what the layer has, but for what the note says. */
struct wish {
  double of_second;
  int calls, stop;
};

static int halves(void *user, int64_t count, const int64_t *layers, const int64_t *units, const int64_t *inputs,
                  double *densities) {
  struct wish *wish = user;
  int64_t i;
  wish->calls++;
  CHECK(count == 2 && layers[0] == 1 && layers[1] == 3 && units[0] == 20 && inputs[0] == 10 && units[1] == 8 && inputs[1] == 20);
  for (i = 0; i < count; i++) densities[i] /= 2;
  if (wish->of_second != 0) densities[1] = wish->of_second;
  return wish->stop;
}

static espalier_network *describe(void) {
  espalier_network *network = NULL;
  OK(espalier_network_create(OURS, 10, 1, &network));
  OK(espalier_network_add_linear(network, 20, 0.5, ESPALIER_RELU));
  OK(espalier_network_add_dropout(network, 0.1));
  OK(espalier_network_add_linear(network, 8, 1, ESPALIER_RELU));
  OK(espalier_network_add_linear(network, 5, 0.75, ESPALIER_IDENTITY));
  OK(espalier_layer_set(network, 4, "fixed_density", 1));
  return network;
}

static void densities(void) {
  struct wish wish = {0};
  espalier_network *network = describe();
  OK(espalier_network_set_densities(network, halves, &wish));
  CHECK(wish.calls == 0);
  wish.of_second = 1.5;
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "layer 3", "1.5", espalier_network_build(network, 4));
  wish.of_second = NAN;
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "layer 3", "nan", espalier_network_build(network, 4));
  wish.of_second = 1e-20;
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "layer 3", "1e-20", espalier_network_build(network, 4));
  wish.of_second = 0;
  wish.stop = 1;
  SAYS(ESPALIER_ERROR_STOPPED, "build", "densities", espalier_network_build(network, 4));
  CHECK(network_value(network, "built") == 0);
  wish.stop = 0;
  OK(espalier_network_build(network, 4));
  CHECK(wish.calls == 5);
  CHECK(layer_value(network, 1, "connections") == 50 && layer_value(network, 3, "connections") == 80);
  CHECK(layer_value(network, 4, "connections") == 30);
  SAYS(ESPALIER_ERROR_INVALID_STATE, "built", "", espalier_network_set_densities(network, halves, &wish));
  OK(espalier_network_destroy(network));
  /* Forgotten again. */
  network = describe();
  OK(espalier_network_set_densities(network, halves, &wish));
  OK(espalier_network_set_densities(network, NULL, NULL));
  OK(espalier_network_build(network, 4));
  CHECK(wish.calls == 5 && layer_value(network, 1, "connections") == 100);
  OK(espalier_network_destroy(network));
}

/* SET's epsilon, and the power of Erdos-Renyi, each with a layer that is left alone. */
static void epsilon_and_power(void) {
  espalier_network *network = describe();
  OK(espalier_network_set(network, "epsilon", 2));
  OK(espalier_network_build(network, 4));
  /* 2 (10 + 20) = 60 and 2 (20 + 8) = 56 */
  CHECK(layer_value(network, 1, "connections") == 60 && layer_value(network, 3, "connections") == 56);
  CHECK(layer_value(network, 4, "connections") == 30);
  SAYS(ESPALIER_ERROR_INVALID_STATE, "epsilon", "built", espalier_network_set(network, "epsilon", 1));
  SAYS(ESPALIER_ERROR_INVALID_STATE, "distribution_power", "built", espalier_network_set(network, "distribution_power", 2));
  OK(espalier_network_destroy(network));
  network = describe();
  OK(espalier_network_set(network, "epsilon", 7));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "linear layer 1", "above 1", espalier_network_build(network, 4)); /* 210 of 200 */
  OK(espalier_network_set(network, "epsilon", 2));
  OK(espalier_network_set_distribution(network, ESPALIER_ERDOS_RENYI, 0.3));
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "epsilon", "exclude", espalier_network_build(network, 4));
  OK(espalier_network_set(network, "epsilon", 0));
  OK(espalier_network_set(network, "distribution_power", 2));
  OK(espalier_network_build(network, 4));
  /* raw (30/200)^2 = 0.0225 and (28/160)^2 = 0.030625; eps = (60 + 48) / (0.0225 200 + 0.030625 160) = 11.489..; densities
     0.2585.. of 200 and 0.3518.. of 160, connections n - floor((1 - d) n) = 52 and 57 */
  CHECK(layer_value(network, 1, "connections") == 52 && layer_value(network, 3, "connections") == 57);
  CHECK(layer_value(network, 4, "connections") == 30);
  OK(espalier_network_destroy(network));
}

/* The units of a locally connected layer are its outputs: 3 filters at 3 x 3 places, 27 x 12 positions, before a 10 x 27 layer. */
static void locally_connected(void) {
  static const int64_t field[] = {2, 4, 5};
  static const char *const names[] = {"filters", "kernel_width", "kernel_height"};
  static const double values[] = {3, 3, 2};
  /* Raw (2 + 3 + 2 + 27) / 324 and 37 / 270, eps = (65 + 54) / (34 + 37); then (2 + 27) / 54 and the same, eps = 119 / (174 + 37). */
  static const struct { int kind; double first, second; } wanted[] = {{ESPALIER_ERDOS_RENYI_KERNEL, 57, 63}, {ESPALIER_ERDOS_RENYI, 99, 21}};
  for (size_t i = 0; i < LENGTH(wanted); i++) {
    espalier_network *network = NULL;
    OK(espalier_network_create(PRECISION, 40, 1, &network));
    OK(espalier_network_set_input_shape(network, 3, field));
    OK(espalier_network_add_layer(network, ESPALIER_LAYER_LOCALLY_CONNECTED, 0, NULL, 3, names, values, NULL));
    OK(espalier_network_add_linear(network, 10, 1, ESPALIER_IDENTITY));
    OK(espalier_network_set_distribution(network, wanted[i].kind, 0.2));
    OK(espalier_network_build(network, 4));
    CHECK(layer_value(network, 1, "connections") == wanted[i].first && layer_value(network, 2, "connections") == wanted[i].second);
    OK(espalier_network_destroy(network));
  }
}

int main(void) {
  static const struct test tests[] = {TEST(densities), TEST(epsilon_and_power), TEST(locally_connected)};
  return run_tests(tests, LENGTH(tests));
}
