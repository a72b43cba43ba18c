/* Convolutions and transposed convolutions: every padding, stride, dilation and group, dense and sparse; and what is refused. */
#include <math.h>

#include "layers.h"

#define CONV ESPALIER_LAYER_CONVOLUTION
#define BACK ESPALIER_LAYER_TRANSPOSED_CONVOLUTION

static const struct layer_case cases[] = {
    {.name = "one dimension", .dimensions = 2, .lengths = {3, 9}, .layer_count = 2, .layers = {
      {CONV, 0, {0}, {{"filters", 4}, {"kernel_width", 3}, {"padding_left", 1}, {"padding_right", 2}, {"activation", ESPALIER_TANH}}},
      {CONV, 0, {0}, {{"filters", 2}, {"kernel_width", 4}, {"density", 0.4}}},
    }},
    {.name = "two dimensions, periodic by zeros", .dimensions = 3, .lengths = {2, 5, 7}, .layer_count = 2, .layers = {
      {CONV, 0, {0}, {{"filters", 5}, {"kernel_width", 3}, {"kernel_height", 3}, {"padding_left", 1}, {"padding_right", 1},
        {"padding_top", 1}, {"padding_bottom", 1}, {"padding_mode_width", ESPALIER_PADDING_PERIODIC}, {"density", 0.3},
        {"activation", ESPALIER_SILU}}},
      {CONV, 0, {0}, {{"filters", 3}, {"kernel_width", 3}, {"kernel_height", 2}, {"padding_top", 1}, {"padding_left", 2}, {"padding_right", 2},
        {"padding_mode_width", ESPALIER_PADDING_REFLECT}, {"padding_mode_height", ESPALIER_PADDING_REPLICATE}}},
    }},
    {.name = "strides and dilation", .dimensions = 3, .lengths = {4, 9, 11}, .layer_count = 2, .layers = {
      {CONV, 0, {0}, {{"filters", 6}, {"kernel_width", 3}, {"kernel_height", 3}, {"stride_width", 2}, {"stride_height", 3},
        {"padding_left", 1}, {"padding_right", 1}, {"padding_top", 2}, {"dilation_height", 2}, {"density", 0.5},
        {"activation", ESPALIER_LEAKY_RELU}}},
      {CONV, 0, {0}, {{"filters", 3}, {"kernel_width", 2}, {"stride_width", 3}, {"padding_right", 1},
        {"padding_mode_width", ESPALIER_PADDING_PERIODIC}, {"bias", 0}}},
    }},
    {.name = "groups, depthwise and kernels of one place", .dimensions = 3, .lengths = {4, 5, 6}, .layer_count = 3, .layers = {
      {CONV, 0, {0}, {{"filters", 4}, {"groups", 4}, {"kernel_width", 3}, {"kernel_height", 3}, {"padding_left", 1},
        {"padding_right", 1}, {"padding_top", 1}, {"padding_bottom", 1}}},
      {CONV, 0, {0}, {{"filters", 6}, {"density", 0.6}, {"activation", ESPALIER_GELU}}},
      {CONV, 0, {0}, {{"filters", 4}, {"groups", 2}, {"kernel_width", 2}, {"stride_height", 2}, {"stride_width", 2}, {"density", 0.5}}},
    }},
    {.name = "three dimensions", .dimensions = 4, .lengths = {2, 4, 3, 5}, .layer_count = 2, .layers = {
      {CONV, 0, {0}, {{"filters", 3}, {"kernel_width", 3}, {"kernel_height", 2}, {"kernel_depth", 2}, {"stride_depth", 2},
        {"padding_front", 1}, {"padding_mode_depth", ESPALIER_PADDING_REPLICATE}, {"padding_left", 1}, {"padding_right", 1},
        {"density", 0.4}, {"activation", ESPALIER_SIGMOID}}},
      {CONV, 0, {0}, {{"filters", 2}, {"kernel_width", 2}, {"kernel_height", 2}}},
    }},
    {.name = "a kernel as large as the field, one place left", .dimensions = 3, .lengths = {3, 4, 3}, .layer_count = 2, .layers = {
      {CONV, 0, {0}, {{"filters", 5}, {"kernel_width", 3}, {"kernel_height", 4}, {"density", 0.5}, {"activation", ESPALIER_TANH}}},
      {CONV, 0, {0}, {{"filters", 2}, {"kernel_width", 3}, {"padding_left", 1}, {"padding_right", 1}, {"stride_width", 5}}},
    }},
    {.name = "one channel of one place", .dimensions = 2, .lengths = {1, 1}, .layer_count = 1, .layers = {
      {CONV, 0, {0}, {{"filters", 1}}},
    }},
    {.name = "a wide line", .dimensions = 2, .lengths = {2, 70}, .layer_count = 1, .layers = {
      {CONV, 0, {0}, {{"filters", 3}, {"kernel_width", 5}, {"padding_left", 4}, {"density", 0.5}, {"dilation_width", 2}}},
    }},
    {.name = "transposed", .dimensions = 3, .lengths = {4, 3, 4}, .layer_count = 2, .layers = {
      {BACK, 0, {0}, {{"filters", 3}, {"kernel_width", 3}, {"kernel_height", 3}, {"stride_width", 2}, {"stride_height", 2},
        {"padding_left", 1}, {"padding_right", 1}, {"padding_top", 1}, {"padding_bottom", 1}, {"output_padding_width", 1},
        {"output_padding_height", 1}, {"density", 0.5}, {"activation", ESPALIER_SILU}}},
      {BACK, 0, {0}, {{"filters", 2}, {"kernel_width", 2}, {"kernel_height", 3}, {"padding_top", 2}}},
    }},
    {.name = "transposed, groups and dilation", .dimensions = 2, .lengths = {4, 5}, .layer_count = 2, .layers = {
      {BACK, 0, {0}, {{"filters", 6}, {"groups", 2}, {"kernel_width", 3}, {"dilation_width", 3}, {"stride_width", 2}, {"padding_left", 2},
        {"output_padding_width", 2}, {"density", 0.5}, {"activation", ESPALIER_TANH}}},
      {BACK, 0, {0}, {{"filters", 4}, {"kernel_width", 1}, {"bias", 0}}},
    }},
    {.name = "down and up again", .dimensions = 3, .lengths = {2, 6, 6}, .layer_count = 4, .layers = {
      {CONV, 0, {0}, {{"filters", 4}, {"kernel_width", 2}, {"kernel_height", 2}, {"stride_width", 2}, {"stride_height", 2},
        {"activation", ESPALIER_TANH}}},
      {BACK, 0, {0}, {{"filters", 2}, {"kernel_width", 2}, {"kernel_height", 2}, {"stride_width", 2}, {"stride_height", 2}, {"density", 0.5}}},
      {ESPALIER_LAYER_CONCATENATION, 2, {0, 2}, {{0}}},
      {ESPALIER_LAYER_LINEAR, 0, {0}, {{"units", 3}, {"density", 0.2}}},
    }},
};

static void gradients(void) {
  for (size_t i = 0; i < LENGTH(cases); i++) check_case(&cases[i]);
}

/* What is connected is what forward goes through: a sparse layer is a dense one with zeros. */
static void masked(void) {
  enum { FILTERS = 6, COLUMNS = 2 * 3 * 3, PLACES = 7 * 8, SAMPLES = 5 };
  static const int64_t field[] = {4, 7, 8};
  const char *names[] = {"filters", "groups", "kernel_width", "kernel_height", "padding_left", "padding_right", "padding_top",
                         "padding_bottom", "density"};
  double values[] = {FILTERS, 2, 3, 3, 1, 1, 1, 1, 0.3};
  espalier_network *sparse = NULL, *dense = NULL;
  static real x[SAMPLES * 4 * PLACES], y[SAMPLES * FILTERS * PLACES], z[SAMPLES * FILTERS * PLACES], dy[SAMPLES * FILTERS * PLACES],
      dx[SAMPLES * 4 * PLACES], dx2[SAMPLES * 4 * PLACES];
  real *w, *dw, *w2, *dw2;
  int64_t start[FILTERS + 1], count, connections = 0;
  int32_t columns[FILTERS * COLUMNS];
  const double tolerance = sizeof(real) == 8 ? 1e-13 : 1e-5;
  fill(x, LENGTH(x), 1);
  fill(dy, LENGTH(dy), 2);
  OK(espalier_network_create(PRECISION, 4 * PLACES, 3, &sparse));
  OK(espalier_network_create(PRECISION, 4 * PLACES, 4, &dense));
  OK(espalier_network_set_input_shape(sparse, 3, field));
  OK(espalier_network_set_input_shape(dense, 3, field));
  OK(espalier_network_add_layer(sparse, CONV, 0, NULL, 9, names, values, NULL));
  OK(espalier_network_add_layer(dense, CONV, 0, NULL, 8, names, values, NULL));
  OK(espalier_network_build(sparse, SAMPLES));
  OK(espalier_network_build(dense, SAMPLES));
  OK(espalier_layer_pattern(sparse, 1, 0, FILTERS * COLUMNS, start, NULL, columns, &connections));
  CHECK(connections == 33); /* 0.3 of 108, rounded up */
  OK(F(espalier_network_parameters)(sparse, &w, &dw, &count));
  OK(F(espalier_network_parameters)(dense, &w2, &dw2, &count));
  for (int i = 0; i < FILTERS * COLUMNS; i++) w2[i] = 0;
  for (int f = 0; f < FILTERS; f++)
    for (int64_t k = start[f]; k < start[f + 1]; k++) w2[f * COLUMNS + columns[k]] = w[k];
  OK(F(espalier_network_forward)(sparse, x, SAMPLES, y));
  OK(F(espalier_network_forward)(dense, x, SAMPLES, z));
  for (size_t i = 0; i < LENGTH(y); i++) CHECK(fabs((double)y[i] - z[i]) <= tolerance * 10);
  OK(F(espalier_network_backward)(sparse, dy, SAMPLES, dx));
  OK(F(espalier_network_backward)(dense, dy, SAMPLES, dx2));
  for (size_t i = 0; i < LENGTH(dx); i++) CHECK(fabs((double)dx[i] - dx2[i]) <= tolerance * 10);
  for (int f = 0; f < FILTERS; f++)
    for (int64_t k = start[f]; k < start[f + 1]; k++)
      CHECK(fabs((double)dw[k] - dw2[f * COLUMNS + columns[k]]) <= tolerance * 500);
  OK(espalier_network_destroy(sparse));
  OK(espalier_network_destroy(dense));
}

/* Adding a layer with these options to a field of 4 x 6 x 5 is refused with both words. */
static void refuse(int kind, const char *word, const char *other, const struct layer_option *options) {
  static const int64_t field[] = {4, 6, 5};
  struct layer_description description = {0};
  espalier_network *network = NULL;
  description.kind = kind;
  for (int i = 0; options[i].name; i++) description.options[i] = options[i];
  OK(espalier_network_create(PRECISION, 120, 1, &network));
  OK(espalier_network_set_input_shape(network, 3, field));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, word, other, add_described(network, &description, NULL));
  OK(espalier_network_destroy(network));
}

#define REFUSE(kind, word, other, ...) refuse(kind, word, other, (const struct layer_option[]){__VA_ARGS__, {NULL, 0}})

static void refusals(void) {
  espalier_network *network = NULL;
  const char *name = "kernel_width";
  const double three = 3;
  REFUSE(CONV, "kernel_width", "4 x 6 x 5", {"kernel_width", 6});
  REFUSE(CONV, "dilation_height 3", "7 places", {"kernel_height", 3}, {"dilation_height", 3});
  REFUSE(CONV, "stride_width", "0", {"stride_width", 0});
  REFUSE(CONV, "dilation_width", "0", {"dilation_width", 0});
  REFUSE(CONV, "groups 3", "4 channels", {"groups", 3}, {"filters", 3});
  REFUSE(CONV, "groups 2", "filters 3", {"groups", 2}, {"filters", 3});
  REFUSE(CONV, "padding_left", "5", {"padding_left", 5}, {"padding_mode_width", ESPALIER_PADDING_REFLECT});
  REFUSE(CONV, "padding_bottom", "7", {"padding_bottom", 7}, {"padding_mode_height", ESPALIER_PADDING_PERIODIC});
  REFUSE(CONV, "padding_mode_width", "4", {"padding_mode_width", 4});
  REFUSE(CONV, "kernel_depth", "4 x 6 x 5", {"kernel_depth", 2});
  REFUSE(CONV, "padding_back", "4 x 6 x 5", {"padding_back", 1});
  REFUSE(CONV, "softmax", "activation", {"activation", ESPALIER_SOFTMAX});
  REFUSE(CONV, "outputs", "2147483647", {"filters", 2147483647});
  REFUSE(CONV, "padded field", "2147483647", {"padding_left", 2147483647});
  REFUSE(BACK, "output_padding_width", "2", {"output_padding_width", 2}, {"stride_width", 2});
  REFUSE(BACK, "padding_left", "4 x 6 x 5", {"padding_left", 3}, {"padding_right", 2});
  REFUSE(BACK, "padded field", "2147483647", {"stride_width", 2147483647});
  OK(espalier_network_create(PRECISION, 6, 1, &network));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "field", "6", espalier_network_add_layer(network, CONV, 0, NULL, 1, &name, &three, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "field", "6", espalier_network_add_layer(network, BACK, 0, NULL, 1, &name, &three, NULL));
  OK(espalier_network_destroy(network));
}

int main(void) {
  const struct test tests[] = {TEST(gradients), TEST(masked), TEST(refusals)};
  return run_tests(tests, LENGTH(tests));
}
