/* Layers on fields, layers that change the shape or the order of values, and activations by themselves. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers.h"

#define LINEAR(units_) {ESPALIER_LAYER_LINEAR, 0, {0}, {{"units", units_}, {"activation", ESPALIER_TANH}}}
#define LAYER(kind, ...) {kind, 0, {0}, {__VA_ARGS__}}
#define OF_TWO(kind, a, b) {kind, 2, {a, b}, {{0}}}
#define RESHAPE(...) LAYER(ESPALIER_LAYER_RESHAPE, __VA_ARGS__)

static const struct layer_case cases[] = {
    {.name = "max pooling of one dimension", .dimensions = 2, .lengths = {3, 7}, .layer_count = 2, .layers = {
      LAYER(ESPALIER_LAYER_MAX_POOLING, {"kernel_width", 3}, {"stride_width", 2}, {"padding_left", 1}), LINEAR(3)}},
    {.name = "max pooling with overlap and dilation", .dimensions = 3, .lengths = {2, 5, 6}, .layer_count = 3, .layers = {
      LAYER(ESPALIER_LAYER_MAX_POOLING, {"kernel_width", 3}, {"kernel_height", 2}, {"stride_width", 1}, {"stride_height", 1},
            {"padding_right", 1}, {"padding_top", 1}, {"dilation_height", 2}),
      LAYER(ESPALIER_LAYER_MAX_POOLING, {"kernel_width", 2}, {"kernel_height", 2}), LINEAR(2)}},
    {.name = "a max pooling as large as the field", .dimensions = 4, .lengths = {2, 2, 3, 2}, .layer_count = 2, .layers = {
      LAYER(ESPALIER_LAYER_MAX_POOLING, {"kernel_width", 2}, {"kernel_height", 3}, {"kernel_depth", 2}), LINEAR(3)}},
    {.name = "max pooling of a field of one place", .dimensions = 2, .lengths = {3, 1}, .layer_count = 2, .layers = {
      LAYER(ESPALIER_LAYER_MAX_POOLING, {"stride_width", 5}), LINEAR(2)}},
    {.name = "average pooling", .dimensions = 3, .lengths = {2, 4, 5}, .layer_count = 2, .layers = {
      LAYER(ESPALIER_LAYER_AVERAGE_POOLING, {"kernel_width", 3}, {"kernel_height", 2}, {"stride_width", 1}, {"padding_left", 1}),
      LINEAR(3)}},
    {.name = "average pooling without padding", .dimensions = 3, .lengths = {1, 4, 5}, .layer_count = 2, .layers = {
      LAYER(ESPALIER_LAYER_AVERAGE_POOLING, {"kernel_width", 3}, {"kernel_height", 3}, {"stride_width", 2}, {"padding_left", 1},
            {"padding_top", 1}, {"padding_bottom", 1}, {"count_include_pad", 0}),
      LINEAR(3)}},
    {.name = "global average pooling", .dimensions = 4, .lengths = {3, 2, 3, 2}, .layer_count = 2, .layers = {
      LAYER(ESPALIER_LAYER_GLOBAL_AVERAGE_POOLING, {0}), LINEAR(2)}},
    {.name = "nearest upsampling", .dimensions = 4, .lengths = {2, 2, 1, 2}, .layer_count = 2, .layers = {
      LAYER(ESPALIER_LAYER_UPSAMPLING, {"scale_width", 2}, {"scale_height", 3}, {"scale_depth", 2}), LINEAR(2)}},
    {.name = "linear upsampling", .dimensions = 3, .lengths = {2, 3, 4}, .layer_count = 2, .layers = {
      LAYER(ESPALIER_LAYER_UPSAMPLING, {"scale_width", 2}, {"scale_height", 3}, {"mode", ESPALIER_UPSAMPLING_LINEAR}), LINEAR(2)}},
    {.name = "aligned upsampling", .dimensions = 2, .lengths = {2, 4}, .layer_count = 2, .layers = {
      LAYER(ESPALIER_LAYER_UPSAMPLING, {"scale_width", 3}, {"mode", ESPALIER_UPSAMPLING_LINEAR}, {"align_corners", 1}),
      LINEAR(2)}},
    {.name = "permutation", .dimensions = 4, .lengths = {2, 3, 2, 4}, .layer_count = 3, .layers = {
      LAYER(ESPALIER_LAYER_PERMUTE, {"dimension_channels", ESPALIER_DIMENSION_HEIGHT}, {"dimension_height", ESPALIER_DIMENSION_DEPTH},
            {"dimension_depth", ESPALIER_DIMENSION_CHANNELS}),
      LAYER(ESPALIER_LAYER_MAX_POOLING, {"kernel_width", 2}, {"kernel_height", 3}), LINEAR(3)}},
    {.name = "slices", .dimensions = 3, .lengths = {4, 3, 5}, .layer_count = 3, .layers = {
      LAYER(ESPALIER_LAYER_SLICE, {"first", 2}, {"last", 3}),
      LAYER(ESPALIER_LAYER_SLICE, {"dimension", ESPALIER_DIMENSION_WIDTH}, {"first", 3}), LINEAR(2)}},
    {.name = "product", .dimensions = 2, .lengths = {2, 3}, .layer_count = 5, .layers = {
      LINEAR(6), RESHAPE({"channels", 2}, {"width", 3}), LAYER(ESPALIER_LAYER_ACTIVATION, {"activation", ESPALIER_SIGMOID}),
      {ESPALIER_LAYER_PRODUCT, 3, {2, 3, 0}, {{0}}}, LINEAR(2)}},
    /* Views of the input, of a layer, of a view; taken several times; and as the network's last layer. */
    {.name = "views", .dimensions = 2, .lengths = {2, 6}, .layer_count = 9, .layers = {
      RESHAPE({"width", 3}, {"height", 2}), LAYER(ESPALIER_LAYER_AVERAGE_POOLING, {"kernel_width", 3}), LINEAR(12),
      RESHAPE({"width", 6}), RESHAPE({"width", 2}, {"height", 3}), {ESPALIER_LAYER_RESHAPE, 1, {1}, {{"width", 2}, {"height", 3}}},
      OF_TWO(ESPALIER_LAYER_SUM, 5, 6), LAYER(ESPALIER_LAYER_ACTIVATION, {"activation", ESPALIER_TANH}),
      RESHAPE({"channels", 3}, {"width", 4})}},
    {.name = "nothing but a view", .dimensions = 2, .lengths = {2, 6}, .layer_count = 2, .layers = {
      RESHAPE({"width", 3}), RESHAPE({0})}},
    {.name = "concatenation and sum of fields", .dimensions = 3, .lengths = {2, 2, 4}, .layer_count = 6, .layers = {
      LAYER(ESPALIER_LAYER_MAX_POOLING, {"kernel_width", 2}, {"kernel_height", 2}),
      LAYER(ESPALIER_LAYER_UPSAMPLING, {"scale_width", 2}, {"scale_height", 2}, {"mode", ESPALIER_UPSAMPLING_LINEAR}),
      {ESPALIER_LAYER_CONCATENATION, 3, {2, 0, 2}, {{0}}}, {ESPALIER_LAYER_SLICE, 1, {3}, {{"first", 3}, {"last", 4}}},
      OF_TWO(ESPALIER_LAYER_SUM, 4, 2), LINEAR(3)}},
};

static void every_case(void) {
  for (size_t i = 0; i < LENGTH(cases); i++) check_case(&cases[i]);
}

static void activations(void) {
  for (int activation = ESPALIER_IDENTITY; activation <= ESPALIER_STEP; activation++) {
    char name[40];
    const struct layer_case alone = {
        .name = name, .dimensions = 3, .lengths = {3, 2, 2}, .layer_count = 2, .layers = {
          LAYER(ESPALIER_LAYER_ACTIVATION, {"activation", activation}, {"negative_slope", 0.3}, {"alpha", 0.7}), LINEAR(2)}};
    const struct layer_case fused = {
        .name = name, .dimensions = 1, .lengths = {7}, .layer_count = 2, .layers = {
          LAYER(ESPALIER_LAYER_LINEAR, {"units", 5}, {"activation", activation}, {"alpha", 0.7}, {"density", 0.7}), LINEAR(2)}};
    snprintf(name, sizeof name, "activation %d", activation);
    check_case(&alone);
    check_case(&fused);
  }
}

static espalier_network *make_layer(int64_t dimensions, const int64_t *lengths, struct layer_description layer) {
  struct layer_case one = {.name = "one layer", .dimensions = dimensions, .layer_count = 1};
  espalier_network *network;
  memcpy(one.lengths, lengths, (size_t)dimensions * sizeof *lengths);
  one.layers[0] = layer;
  network = describe_case(&one, OURS);
  OK(espalier_network_build(network, 2));
  return network;
}

/* Of equal values the first of a window gets the gradient, in every lane by itself; NaN is the largest. */
static void ties(void) {
  const int64_t lengths[] = {1, 2, 3};
  const struct layer_description pool = LAYER(ESPALIER_LAYER_MAX_POOLING, {"kernel_width", 2}, {"kernel_height", 2}, {"stride_width", 1});
  espalier_network *network = make_layer(3, lengths, pool);
  const real x[] = {1, 2, 2, 2, 0, 2, /* second sample */ 0, 0, 0, 0, 0, 0}, dy[] = {3, 5, 7, 11};
  const real wanted[] = {0, 8, 0, 0, 0, 0, 7, 11, 0, 0, 0, 0};
  real y[4], dx[12], invalid[6] = {1, 2, 3, 4, (real)NAN, 6};
  OK(F(espalier_network_forward)(network, x, 2, y));
  CHECK(y[0] == 2 && y[1] == 2 && y[2] == 0 && y[3] == 0);
  OK(F(espalier_network_backward)(network, dy, 2, dx));
  CHECK(memcmp(dx, wanted, sizeof dx) == 0);
  for (int place = 0; place < 6; place++) {
    for (int i = 0; i < 6; i++) invalid[i] = i == place ? (real)NAN : (real)(i + 1);
    OK(F(espalier_network_predict)(network, invalid, 1, y));
    CHECK(isnan(y[0]) == (place % 3 < 2) && isnan(y[1]) == (place % 3 > 0));
  }
  OK(espalier_network_destroy(network));
}

/* Nothing is copied and nothing computed: the network of a view takes the memory and the work of one without it. */
static void views_cost_nothing(void) {
  double bytes[2], flops[2];
  for (int i = 0; i < 2; i++) {
    const struct layer_case with = {.name = "with a view", .dimensions = 1, .lengths = {60}, .layer_count = 4, .layers = {
      LINEAR(500), RESHAPE({"width", 25}), RESHAPE({0}), LINEAR(4)}};
    const struct layer_case without = {.name = "without", .dimensions = 1, .lengths = {60}, .layer_count = 2, .layers = {
      LINEAR(500), LINEAR(4)}};
    espalier_network *network = describe_case(i ? &without : &with, OURS);
    OK(espalier_network_build(network, 64));
    bytes[i] = network_value(network, "bytes");
    flops[i] = network_value(network, "flops");
    OK(espalier_network_destroy(network));
  }
  CHECK(bytes[0] < bytes[1] + 10000); /* pointers and marks; panels of 500 units would take 250,000 and more */
  CHECK(flops[0] == flops[1]);
}

static espalier_network *with_pattern(const struct layer_case *description, int64_t layer, int64_t count, const int32_t *rows,
                                      const int32_t *columns) {
  espalier_network *network = describe_case(description, OURS);
  OK(F(espalier_layer_set_pattern_coo)(network, layer, count, rows, columns, NULL, 0));
  OK(espalier_network_build(network, 2));
  return network;
}

/* Units are dead that nothing takes, through every layer that passes values on. */
static void dead_units(void) {
  static const int32_t rows[] = {0, 1}, columns[] = {0, 5};
#define THROUGH(...)                                                                                                   \
  {.name = "dead units", .dimensions = 1, .lengths = {2}, .layer_count = 4, .layers = {                                \
    LINEAR(12), RESHAPE({"channels", 2}, {"width", 3}, {"height", 2}), __VA_ARGS__, LAYER(ESPALIER_LAYER_LINEAR, {"units", 2})}}
  static const struct {
    struct layer_case network;
    double dead;
  } through[] = {
      /* The outputs taken are 0 and 5 of those that there are. */
      {THROUGH(LAYER(ESPALIER_LAYER_ACTIVATION, {"activation", ESPALIER_RELU})), 10},
      {THROUGH(LAYER(ESPALIER_LAYER_ACTIVATION, {"activation", ESPALIER_SOFTMAX})), 8},
      {THROUGH(LAYER(ESPALIER_LAYER_MAX_POOLING, {"kernel_height", 2})), 8},
      {THROUGH(LAYER(ESPALIER_LAYER_AVERAGE_POOLING, {"kernel_width", 2}, {"stride_width", 1}, {"stride_height", 1})), 8},
      {THROUGH(LAYER(ESPALIER_LAYER_UPSAMPLING, {"scale_width", 2})), 10},
      {THROUGH(LAYER(ESPALIER_LAYER_SLICE, {"first", 2})), 10},
      {THROUGH(LAYER(ESPALIER_LAYER_PERMUTE, {"dimension_width", ESPALIER_DIMENSION_HEIGHT}, {"dimension_height", ESPALIER_DIMENSION_WIDTH})), 10},
      {THROUGH(OF_TWO(ESPALIER_LAYER_PRODUCT, 2, 2)), 10},
      {THROUGH(RESHAPE({0})), 10},
      {THROUGH(OF_TWO(ESPALIER_LAYER_CONCATENATION, 2, 2)), 10},
  };
  for (size_t i = 0; i < LENGTH(through); i++) {
    espalier_network *network = with_pattern(&through[i].network, 4, 2, rows, columns);
    double dead = layer_value(network, 1, "dead_units");
    char text[60];
    snprintf(text, sizeof text, "case %d: %g dead units, not %g", (int)i, dead, through[i].dead);
    check_true(dead == through[i].dead, __FILE__, __LINE__, text);
    OK(espalier_network_destroy(network));
  }
}

/* Filters of which no place goes on are dead, through everything between a convolution and a linear layer. */
static void dead_filters(void) {
  static const int32_t rows[] = {0, 1}, columns[] = {1, 2};
  const struct layer_case network_case = {.name = "dead filters", .dimensions = 3, .lengths = {2, 4, 4}, .layer_count = 6, .layers = {
    LAYER(ESPALIER_LAYER_CONVOLUTION, {"filters", 5}, {"kernel_width", 3}), LAYER(ESPALIER_LAYER_ACTIVATION, {"activation", ESPALIER_MISH}),
    LAYER(ESPALIER_LAYER_AVERAGE_POOLING, {"kernel_width", 2}, {"kernel_height", 2}),
    LAYER(ESPALIER_LAYER_PERMUTE, {"dimension_channels", ESPALIER_DIMENSION_HEIGHT}, {"dimension_height", ESPALIER_DIMENSION_CHANNELS}),
    RESHAPE({0}), LAYER(ESPALIER_LAYER_LINEAR, {"units", 2})}};
  espalier_network *network = with_pattern(&network_case, 6, 2, rows, columns);
  CHECK(layer_value(network, 1, "dead_units") == 3); /* what is taken comes from the second and the third filter */
  CHECK(layer_value(network, 1, "dead_inputs") == 0);
  OK(espalier_network_destroy(network));
}

/* A layer that is refused with these words, on a field of 2 channels, 3 x 4. */
static void refuse(espalier_network *network, int status, const char *name, const char *value, struct layer_description layer) {
  REFUSES(network, status, name, value, add_described(network, &layer, NULL));
}

static void refusals(void) {
  const struct layer_case field = {.name = "field", .dimensions = 3, .lengths = {2, 3, 4}, .layer_count = 2, .layers = {
    LINEAR(6), OF_TWO(ESPALIER_LAYER_CONCATENATION, 0, 0)}};
  espalier_network *network = describe_case(&field, OURS);
  const int bad = ESPALIER_ERROR_INVALID_ARGUMENT, unknown = ESPALIER_ERROR_UNKNOWN_NAME;
#define REFUSED(status, name, value, ...) refuse(network, status, name, value, (struct layer_description)__VA_ARGS__)
#define POOL(...) LAYER(ESPALIER_LAYER_MAX_POOLING, __VA_ARGS__)
  REFUSED(bad, "max_pooling layer 3", "4 x 3 x 4", POOL({"kernel_width", 5}));
  REFUSED(bad, "kernel_height", "4 x 3 x 4", POOL({"kernel_height", 2}, {"dilation_height", 3}));
  REFUSED(bad, "kernel_depth", "4 x 3 x 4", POOL({"kernel_depth", 2}));
  REFUSED(bad, "padding_front", "depth", POOL({"padding_front", 1}));
  REFUSED(bad, "padding_left", "2", POOL({"kernel_width", 3}, {"padding_left", 2}));
  REFUSED(bad, "kernel_width", "0", POOL({"kernel_width", 0}));
  REFUSED(bad, "dilation_width", "0", POOL({"dilation_width", 0}));
  REFUSED(bad, "stride_width", "-1", POOL({"stride_width", -1}));
  REFUSED(bad, "padding_right", "-1", POOL({"padding_right", -1}));
  REFUSED(bad, "dilation_width", "padding", POOL({"kernel_width", 2}, {"dilation_width", 6}, {"padding_left", 3}, {"padding_right", 3}));
  REFUSED(unknown, "average_pooling", "dilation_width", LAYER(ESPALIER_LAYER_AVERAGE_POOLING, {"dilation_width", 2}));
  REFUSED(bad, "count_include_pad", "2", LAYER(ESPALIER_LAYER_AVERAGE_POOLING, {"count_include_pad", 2}));
  REFUSED(bad, "linear layer 1", "field", {ESPALIER_LAYER_MAX_POOLING, 1, {1}, {{0}}});
  REFUSED(bad, "linear layer 1", "field", {ESPALIER_LAYER_GLOBAL_AVERAGE_POOLING, 1, {1}, {{0}}});
  REFUSED(bad, "linear layer 1", "field", {ESPALIER_LAYER_UPSAMPLING, 1, {1}, {{0}}});
  REFUSED(bad, "scale_width", "0", LAYER(ESPALIER_LAYER_UPSAMPLING, {"scale_width", 0}));
  REFUSED(bad, "scale_depth", "4 x 3 x 4", LAYER(ESPALIER_LAYER_UPSAMPLING, {"scale_depth", 2}));
  REFUSED(bad, "upsampling layer 3", "values a sample", LAYER(ESPALIER_LAYER_UPSAMPLING, {"scale_width", 2147483647}, {"scale_height", 2147483647}));
  REFUSED(bad, "mode", "2", LAYER(ESPALIER_LAYER_UPSAMPLING, {"mode", 2}));
  REFUSED(bad, "reshape layer 3", "48", RESHAPE({"channels", 5}, {"width", 10}));
  REFUSED(bad, "4 x 3 x 4", "48", RESHAPE({"width", 7}));
  REFUSED(bad, "height", "width", RESHAPE({"height", 2}));
  REFUSED(bad, "width", "reshape layer 3", RESHAPE({"depth", 2}, {"height", 2}));
  REFUSED(bad, "permute layer 3", "width", LAYER(ESPALIER_LAYER_PERMUTE, {"dimension_channels", ESPALIER_DIMENSION_WIDTH}));
  REFUSED(bad, "permute layer 3", "depth", LAYER(ESPALIER_LAYER_PERMUTE, {"dimension_channels", ESPALIER_DIMENSION_DEPTH}));
  REFUSED(bad, "dimension_depth", "4 x 3 x 4", LAYER(ESPALIER_LAYER_PERMUTE, {"dimension_depth", ESPALIER_DIMENSION_WIDTH}));
  REFUSED(bad, "slice layer 3", "5", LAYER(ESPALIER_LAYER_SLICE, {"last", 5}));
  REFUSED(bad, "slice layer 3", "3 .. 2", LAYER(ESPALIER_LAYER_SLICE, {"first", 3}, {"last", 2}));
  REFUSED(bad, "first", "0", LAYER(ESPALIER_LAYER_SLICE, {"first", 0}));
  REFUSED(bad, "depth", "4 x 3 x 4", LAYER(ESPALIER_LAYER_SLICE, {"dimension", ESPALIER_DIMENSION_DEPTH}));
  REFUSED(bad, "product layer 3", "4 x 3 x 4", OF_TWO(ESPALIER_LAYER_PRODUCT, 0, 2));
  REFUSED(bad, "the network's input, 2 x 3 x 4", "linear layer 1, 6", OF_TWO(ESPALIER_LAYER_SUM, 0, 1));
  REFUSED(bad, "the network's input, 2 x 3 x 4", "linear layer 1, 6", OF_TWO(ESPALIER_LAYER_CONCATENATION, 0, 1));
  REFUSED(bad, "alpha", "0", LAYER(ESPALIER_LAYER_ACTIVATION, {"alpha", 0}));
  REFUSED(bad, "activation", "17", LAYER(ESPALIER_LAYER_ACTIVATION, {"activation", 17}));
#undef REFUSED
  OK(espalier_network_destroy(network));
}

int main(void) {
  static const struct test tests[] = {TEST(every_case), TEST(activations), TEST(ties), TEST(views_cost_nothing), TEST(dead_units), TEST(dead_filters),
                                      TEST(refusals)};
  return run_tests(tests, LENGTH(tests));
}
