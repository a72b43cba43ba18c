/* Erdos-Renyi-Kernel over whole networks with convolutions: the numbers of RigL's code for LeNet-5 and ResNet-50. */
#include <math.h>

#include "layers.h"

/* Add a square convolution without biases that keeps the field's size, but for the stride; its number. */
static int64_t convolution(espalier_network *network, int64_t from, int filters, int kernel, int stride, int padding) {
  const struct layer_description layer = {
      ESPALIER_LAYER_CONVOLUTION, 1, {from},
      {{"filters", filters}, {"kernel_width", kernel}, {"kernel_height", kernel}, {"stride_width", stride},
       {"stride_height", stride}, {"padding_left", padding}, {"padding_right", padding}, {"padding_top", padding},
       {"padding_bottom", padding}, {"bias", 0}}};
  int64_t number = 0;
  OK(add_described(network, &layer, &number));
  return number;
}

static int64_t other(espalier_network *network, int kind, int64_t from, const char *name, double value) {
  const struct layer_description layer = {kind, 1, {from}, {{name, value}, {name == NULL ? NULL : "kernel_height", value}}};
  const struct layer_description units = {kind, 1, {from}, {{name, value}}};
  int64_t number = 0;
  OK(add_described(network, kind == ESPALIER_LAYER_LINEAR ? &units : &layer, &number));
  return number;
}

/* LeNet-5 of 6 and 16 filters: connections of each layer at two sparsities. */
static void lenet(void) {
  static const double sparsities[] = {0.9, 0.95};
  static const int wanted[][5] = {{121, 227, 3687, 1447, 667}, {61, 114, 1844, 724, 334}};
  int s, i;
  for (s = 0; s < 2; s++) {
    espalier_network *network = NULL;
    int64_t layers[5], pool;
    OK(espalier_network_create(PRECISION, 28 * 28, 1, &network));
    OK(espalier_network_set_input_shape(network, 3, (int64_t[]){1, 28, 28}));
    layers[0] = convolution(network, 0, 6, 5, 1, 2);
    pool = other(network, ESPALIER_LAYER_MAX_POOLING, layers[0], "kernel_width", 2);
    layers[1] = convolution(network, pool, 16, 5, 1, 0);
    pool = other(network, ESPALIER_LAYER_MAX_POOLING, layers[1], "kernel_width", 2);
    layers[2] = other(network, ESPALIER_LAYER_LINEAR, pool, "units", 120);
    layers[3] = other(network, ESPALIER_LAYER_LINEAR, layers[2], "units", 84);
    layers[4] = other(network, ESPALIER_LAYER_LINEAR, layers[3], "units", 10);
    OK(espalier_network_set_distribution(network, ESPALIER_ERDOS_RENYI_KERNEL, 1 - sparsities[s]));
    OK(espalier_network_build(network, 1));
    for (i = 0; i < 5; i++) CHECK(layer_value(network, layers[i], "connections") == wanted[s][i]);
    OK(espalier_network_destroy(network));
  }
}

/* One block of ResNet-50, 1 x 1, 3 x 3 and 1 x 1; the shortcut has a convolution where the shape changes. */
static int64_t bottleneck(espalier_network *network, int64_t from, int middle, int stride, int changes, int64_t *layers) {
  const int64_t shortcut = changes ? convolution(network, from, 4 * middle, 1, stride, 0) : from;
  struct layer_description sum = {ESPALIER_LAYER_SUM, 2, {shortcut}, {{NULL, 0}}};
  int64_t number = 0;
  layers[0] = convolution(network, from, middle, 1, 1, 0);
  layers[1] = convolution(network, layers[0], middle, 3, stride, 1);
  layers[2] = convolution(network, layers[1], 4 * middle, 1, 1, 0);
  layers[3] = shortcut;
  sum.inputs[1] = layers[2];
  OK(add_described(network, &sum, &number));
  return number;
}

/* Densities of ResNet-50's kinds of layers at sparsity 0.8, to the digits that are published. */
static void resnet(void) {
  static const int blocks[] = {3, 4, 6, 3};
  static const double three[] = {0.36190, 0.17690, 0.08744, 0.04347}; /* 3 x 3 x 64 .. 512 */
  static const double widening[] = {1, 0.97532, 0.48690, 0.24326};    /* 64 to 256 .. 512 to 2048 */
  static const double shortcuts[] = {1, 0.58489, 0.29206, 0.14594};   /* 64 to 256, 256 to 512 .. 1024 to 2048 */
  espalier_network *network = NULL;
  int64_t first, last, linear, parts[4], starts[4][4];
  int stage, block;
  OK(espalier_network_create(PRECISION, 3 * 32 * 32, 1, &network));
  OK(espalier_network_set_input_shape(network, 3, (int64_t[]){3, 32, 32}));
  first = convolution(network, 0, 64, 7, 2, 3);
  last = other(network, ESPALIER_LAYER_MAX_POOLING, first, "kernel_width", 2);
  for (stage = 0; stage < 4; stage++) {
    for (block = 0; block < blocks[stage]; block++) {
      last = bottleneck(network, last, 64 << stage, block == 0 && stage > 0 ? 2 : 1, block == 0, block == 0 ? starts[stage] : parts);
    }
  }
  last = other(network, ESPALIER_LAYER_GLOBAL_AVERAGE_POOLING, last, NULL, 0);
  linear = other(network, ESPALIER_LAYER_LINEAR, last, "units", 1000);
  OK(espalier_network_set_distribution(network, ESPALIER_ERDOS_RENYI_KERNEL, 0.2));
  OK(espalier_network_build(network, 1));
  /* Five digits are published, and a layer of n positions holds a whole number of connections. */
#define IS(layer, density) CHECK(fabs(layer_value(network, layer, "density") - (density)) < 6e-5)
  IS(first, 0.85720);
  for (stage = 0; stage < 4; stage++) {
    IS(starts[stage][1], three[stage]);
    IS(starts[stage][2], widening[stage]);
    IS(starts[stage][3], shortcuts[stage]);
  }
  IS(linear, 0.14818);
  CHECK(fabs(network_value(network, "density") - 0.2) < 1e-5);
#undef IS
  OK(espalier_network_destroy(network));
}

int main(void) {
  const struct test tests[] = {TEST(lenet), TEST(resnet)};
  return run_tests(tests, LENGTH(tests));
}
