/* Layers on sequences, which are fields of one dimension: what must hold for all layers, and what is refused. */
#include "layers.h"

#define INPUT(channels, length) 2, {channels, length}
#define TANH(units) {ESPALIER_LAYER_LINEAR, 0, {0}, {{"units", units}, {"density", 0.5}, {"activation", ESPALIER_TANH}}}
#define ATTENTION(q, k, v, heads, causal) {ESPALIER_LAYER_ATTENTION, 3, {q, k, v}, {{"heads", heads}, {"causal", causal}}}

static void attention(void) {
  static const struct layer_case cases[] = {
    {"attention to itself", INPUT(6, 7), 0, 0, 2, {ATTENTION(0, 0, 0, 2, 0), TANH(3)}},
    {"causal attention", INPUT(6, 7), 0, 0, 2, {ATTENTION(0, 0, 0, 3, 1), TANH(3)}},
    {"attention of one place", INPUT(4, 1), 0, 0, 2, {ATTENTION(0, 0, 0, 1, 1), TANH(3)}},
    {"attention of one channel", INPUT(1, 29), 0, 0, 2, {ATTENTION(0, 0, 0, 1, 1), TANH(3)}},
    {"attention twice", INPUT(4, 14), 0, 0, 3, {ATTENTION(0, 0, 0, 2, 1), ATTENTION(1, 0, 1, 4, 0), TANH(3)}},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) check_case(&cases[i]);
}

static void refusals(void) {
  espalier_network *network = NULL;
  const char *names[] = {"heads", "causal"};
  const double three[] = {3, 0}, none[] = {0, 0}, two[] = {2, 2};
  const int64_t same[] = {0, 0, 0}, vector[] = {0, 1, 0};
  const int64_t lengths[] = {4, 5};
  OK(espalier_network_create(PRECISION, 20, 1, &network));
#define ADD(count, inputs, options, values) \
  espalier_network_add_layer(network, ESPALIER_LAYER_ATTENTION, count, inputs, options, names, values, NULL)
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "attention layer 1", "fields of one dimension, channels x length, got 20", ADD(3, same, 0, NULL));
  OK(espalier_network_set_input_shape(network, 2, lengths));
  OK(espalier_network_add_linear(network, 4, 1, ESPALIER_IDENTITY));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "attention layer 2", "fields of one dimension, channels x length, got 4", ADD(3, vector, 0, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "attention layer 2", "three layers", ADD(2, same, 0, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "attention layer 2", "three layers", ADD(0, NULL, 0, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "query and key", "3 heads and 4 channels", ADD(3, same, 1, three));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "heads", "0", ADD(3, same, 1, none));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "causal", "2", ADD(3, same, 2, two));
  OK(ADD(3, same, 0, NULL));
#undef ADD
  OK(espalier_network_destroy(network));
}

int main(void) {
  const struct test tests[] = {TEST(attention), TEST(refusals)};
  return run_tests(tests, LENGTH(tests));
}
