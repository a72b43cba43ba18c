/* Layers on sequences, which are fields of one dimension: what must hold for all layers, and what is refused. */
#include <math.h>

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

static void embedding(void) {
  static const struct layer_case cases[] = {
    {"embedding of a vector", 1, {5}, 0, 0, 2,
     {{ESPALIER_LAYER_EMBEDDING, 0, {0}, {{"vocabulary", 9}, {"width", 3}}}, TANH(2)}},
    {"embedding of a row", 2, {1, 6}, 0, 0, 2,
     {{ESPALIER_LAYER_EMBEDDING, 0, {0}, {{"vocabulary", 70}, {"width", 17}, {"sparse", 1}}}, TANH(2)}},
    {"embeddings that attend", 1, {4}, 0, 0, 6,
     {{ESPALIER_LAYER_EMBEDDING, 0, {0}, {{"vocabulary", 4}, {"width", 4}}},
      {ESPALIER_LAYER_EMBEDDING, 1, {0}, {{"vocabulary", 5}, {"width", 2}}},
      {ESPALIER_LAYER_POSITION, 1, {1}, {{NULL, 0}}},
      ATTENTION(3, 1, 2, 2, 0),
      {ESPALIER_LAYER_POSITION, 1, {4}, {{"learned", 0}}},
      TANH(2)}},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) check_case(&cases[i]);
}

static void position(void) {
  static const struct layer_case cases[] = {
    {"learned positions", INPUT(3, 5), 0, 0, 2, {{ESPALIER_LAYER_POSITION, 0, {0}, {{NULL, 0}}}, TANH(3)}},
    {"learned positions of a vector", 1, {7}, 0, 0, 2, {{ESPALIER_LAYER_POSITION, 0, {0}, {{NULL, 0}}}, TANH(3)}},
    {"sines", INPUT(5, 4), 0, 0, 2, {{ESPALIER_LAYER_POSITION, 0, {0}, {{"learned", 0}}}, TANH(3)}},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) check_case(&cases[i]);
}

enum { LENGTH_OF_TEXT = 4, VOCABULARY = 6, TEXTS = 3 };

static espalier_network *make_text_network(void) {
  const char *names[] = {"vocabulary", "width", "padding_index", "index_base"};
  const double values[] = {VOCABULARY, 3, 2, 1};
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.1);
  OK(espalier_network_create(PRECISION, LENGTH_OF_TEXT, 1, &network));
  OK(espalier_network_add_layer(network, ESPALIER_LAYER_EMBEDDING, 0, NULL, 4, names, values, NULL));
  OK(espalier_network_add_linear(network, 2, 1, ESPALIER_IDENTITY));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_build(network, TEXTS));
  OK(espalier_optimizer_destroy(optimizer));
  return network;
}

/* Whatever is no class number is refused by every call that takes samples, and nothing has changed. */
static void numbers(void) {
  static const struct {
    double value;
    const char *text;
  } wrong[] = {{0, "got 0"}, {VOCABULARY + 1, "got 7"}, {-1, "got -1"}, {1.5, "got 1.5"}, {1e30, "got 1e+30"}};
  espalier_network *network = make_text_network();
  real x[TEXTS * LENGTH_OF_TEXT], y[TEXTS * 2], target[TEXTS * 2], *w = NULL, *dw = NULL;
  double loss = 0;
  int64_t count = 0;
  uint64_t before;
  for (int i = 0; i < TEXTS * LENGTH_OF_TEXT; i++) x[i] = (real)(1 + i % VOCABULARY);
  fill(target, TEXTS * 2, 2);
  OK(F(espalier_network_train_step)(network, x, target, TEXTS, &loss));
  OK(F(espalier_network_parameters)(network, &w, &dw, &count));
  CHECK(w[3] == 0 && w[4] == 0 && w[5] == 0 && dw[3] == 0); /* the padding */
  before = hash_bytes(hash_bytes(1, w, (size_t)count * sizeof *w), dw, (size_t)count * sizeof *dw);
  for (size_t i = 0; i < LENGTH(wrong); i++) {
    const char *where = "x[2][1] (sample, feature, from 0) must be a whole number in 1 .. 6 for embedding layer 1, got";
    x[2 * LENGTH_OF_TEXT + 1] = (real)wrong[i].value;
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, where, wrong[i].text, F(espalier_network_train_step)(network, x, target, TEXTS, &loss));
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, where, "forward", F(espalier_network_forward)(network, x, TEXTS, y));
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, where, "predict", F(espalier_network_predict)(network, x, TEXTS, y));
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, where, "evaluate", F(espalier_network_evaluate)(network, x, target, TEXTS, &loss));
    SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, where, "train_epoch",
         F(espalier_network_train_epoch)(network, x, target, TEXTS, 1, 1, NULL, NULL, &loss));
  }
  x[2 * LENGTH_OF_TEXT + 1] = (real)NAN;
  SAYS(ESPALIER_ERROR_NON_FINITE, "x[2][1]", "nan", F(espalier_network_train_step)(network, x, target, TEXTS, &loss));
  SAYS(ESPALIER_ERROR_NON_FINITE, "x[2][1]", "nan", F(espalier_network_predict)(network, x, TEXTS, y));
  CHECK(before == hash_bytes(hash_bytes(1, w, (size_t)count * sizeof *w), dw, (size_t)count * sizeof *dw));
  CHECK(network_value(network, "steps") == 1);
  /* The pass that was made before them can still be gone back through. */
  OK(F(espalier_network_backward)(network, target, TEXTS, NULL));
  OK(espalier_network_destroy(network));
}

/* A network of an embedding and a linear layer, with gradients in the rows of the batch alone or in all. */
static espalier_network *make_rows_network(int sparse, int rule, double clip, double accumulate) {
  const char *names[] = {"vocabulary", "width", "sparse", "padding_index"};
  const double values[] = {50, 3, sparse, 7};
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(rule, 0.1);
  OK(espalier_network_create(PRECISION, LENGTH_OF_TEXT, 1, &network));
  OK(espalier_network_add_layer(network, ESPALIER_LAYER_EMBEDDING, 0, NULL, 4, names, values, NULL));
  OK(espalier_network_add_linear(network, 2, 1, ESPALIER_IDENTITY));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_set(network, "clip_norm", clip));
  OK(espalier_network_set(network, "accumulate", accumulate));
  OK(espalier_network_build(network, TEXTS));
  OK(espalier_optimizer_destroy(optimizer));
  return network;
}

/* Without moments it is the same whether rows without a gradient are passed over; with them these rows rest. */
static void rows_alone(void) {
  static const double clips[] = {0, 0.05, 0, 0}, accumulates[] = {1, 1, 2, 1};
  static const int rules[] = {ESPALIER_SGD, ESPALIER_SGD, ESPALIER_SGD, ESPALIER_ADAGRAD};
  real x[TEXTS * LENGTH_OF_TEXT], target[TEXTS * 2];
  fill(target, TEXTS * 2, 2);
  for (size_t k = 0; k < LENGTH(clips); k++) {
    espalier_network *some = make_rows_network(1, rules[k], clips[k], accumulates[k]);
    espalier_network *all = make_rows_network(0, rules[k], clips[k], accumulates[k]);
    real *w = NULL, *dw = NULL, *v = NULL, *dv = NULL;
    double loss = 0, same = 0;
    int64_t count = 0;
    OK(F(espalier_network_parameters)(some, &w, &dw, &count));
    OK(F(espalier_network_parameters)(all, &v, &dv, &count));
    for (int step = 0; step < 12; step++) {
      const int64_t texts = 1 + step % TEXTS;
      for (int64_t i = 0; i < texts * LENGTH_OF_TEXT; i++) x[i] = (real)((i * 5 + step * step) % 50);
      OK(F(espalier_network_train_step)(some, x, target, texts, &loss));
      OK(F(espalier_network_train_step)(all, x, target, texts, &same));
      CHECK(fabs(loss - same) <= (sizeof(real) == 8 ? 1e-13 : 1e-5) * loss);
      for (int64_t i = 0; i < count; i++) {
        CHECK(fabs((double)w[i] - v[i]) < (sizeof(real) == 8 ? 1e-13 : 1e-5));
        CHECK(fabs((double)dw[i] - dv[i]) < (sizeof(real) == 8 ? 1e-13 : 1e-5));
      }
    }
    OK(espalier_network_destroy(some));
    OK(espalier_network_destroy(all));
  }
  { /* Adam: class 1 is used in the first step alone, class 2 in the first and third. */
    espalier_network *network = make_rows_network(1, ESPALIER_ADAM, 0, 1);
    real *w = NULL, *dw = NULL, one[3];
    double loss = 0, m = 0, v = 0, expected;
    int64_t count = 0;
    OK(F(espalier_network_parameters)(network, &w, &dw, &count));
    expected = w[2 * 3];
    for (int step = 1; step <= 3; step++) {
      for (int i = 0; i < LENGTH_OF_TEXT; i++) x[i] = step == 1 ? (real)(1 + i % 2) : step == 3 ? 2 : 7;
      OK(F(espalier_network_train_step)(network, x, target, 1, &loss));
      CHECK((dw[3] != 0) == (step == 1) && (dw[2 * 3] != 0) == (step != 2));
      if (step == 1) for (int c = 0; c < 3; c++) one[c] = w[3 + c];
      if (step == 2) continue;
      m = 0.9 * m + 0.1 * dw[2 * 3];
      v = 0.999 * v + 0.001 * (double)dw[2 * 3] * dw[2 * 3];
      expected -= 0.1 * m / (1 - pow(0.9, step)) / (sqrt(v / (1 - pow(0.999, step))) + 1e-8);
      CHECK(fabs(w[2 * 3] - expected) < (sizeof(real) == 8 ? 1e-14 : 1e-6));
    }
    for (int c = 0; c < 3; c++) CHECK(w[3 + c] == one[c]);
    OK(espalier_network_destroy(network));
  }
}

/* Connections behind an embedding are pruned by every criterion that can be told what its input is. */
static void pruning(void) {
  real x[TEXTS * LENGTH_OF_TEXT], target[TEXTS * 2];
  for (int i = 0; i < TEXTS * LENGTH_OF_TEXT; i++) x[i] = (real)(1 + i % VOCABULARY);
  fill(target, TEXTS * 2, 2);
  for (int criterion = ESPALIER_PRUNE_RANDOM; criterion <= ESPALIER_PRUNE_SPARSEGPT; criterion++) {
    espalier_network *network = make_text_network();
    espalier_pruning *pruning = make_pruning(criterion, 0.5);
    if (criterion >= ESPALIER_PRUNE_OBS) OK(espalier_pruning_set(pruning, "damping", 0.1));
    if (criterion == ESPALIER_PRUNE_SYNFLOW) {
      SAYS(ESPALIER_ERROR_INVALID_STATE, "synflow", "embedding layer 1", F(espalier_network_prune)(network, pruning, x, target, TEXTS));
      CHECK(layer_value(network, 2, "connections") == 24);
    } else {
      x[0] = 0;
      if (criterion > ESPALIER_PRUNE_MAGNITUDE)
        SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "prune: x[0][0]", "got 0", F(espalier_network_prune)(network, pruning, x, target, TEXTS));
      x[0] = 1;
      OK(F(espalier_network_prune)(network, pruning, x, target, TEXTS));
      CHECK(layer_value(network, 2, "connections") == 12);
    }
    OK(espalier_pruning_destroy(pruning));
    OK(espalier_network_destroy(network));
  }
}

static void embeddings_refused(void) {
  espalier_network *network = NULL;
  const char *names[] = {"vocabulary", "width", "padding_index", "index_base"};
  const double none[] = {0, 1}, wide[] = {5, 0}, padding[] = {5, 1, 5}, base[] = {5, 1, 0, 1}, two[] = {5, 1, -1, 2};
  const double large[] = {(1 << 24) + 1, 1, -1, 0}, largest[] = {(1 << 24) + 2, 1, -1, 0};
  const int64_t lengths[] = {2, 3}, first[] = {1};
  OK(espalier_network_create(PRECISION, 6, 1, &network));
#define ADD(options, values) espalier_network_add_layer(network, ESPALIER_LAYER_EMBEDDING, 0, NULL, options, names, values, NULL)
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "vocabulary", "0", ADD(1, none));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "width", "0", ADD(2, wide));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "padding_index is 5", "0 .. 4", ADD(3, padding));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "padding_index is 0", "1 .. 5", ADD(4, base));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "index_base", "2", ADD(4, two));
#if PRECISION == 32
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "at most 16777216 in float32", "16777217", ADD(4, largest));
#else
  (void)largest;
#endif
  OK(espalier_network_set_input_shape(network, 2, lengths));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "one channel", "2 x 3", ADD(1, large));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "learned", "2",
          espalier_network_add_layer(network, ESPALIER_LAYER_POSITION, 0, NULL, 1, (const char *[]){"learned"}, two + 3, NULL));
  OK(espalier_network_add_linear(network, 4, 1, ESPALIER_IDENTITY));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "embedding layer 2", "which only the network's input (0) and other inputs hold, got 1",
          espalier_network_add_layer(network, ESPALIER_LAYER_EMBEDDING, 1, first, 1, names, large, NULL));
  REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "position layer 2", "channels x length, got 4",
          espalier_network_add_layer(network, ESPALIER_LAYER_POSITION, 0, NULL, 1, (const char *[]){"learned"}, none, NULL));
#undef ADD
  OK(espalier_network_destroy(network));
}

/* Outputs at a place are those of a sample of its own: a field is worth as many samples as it has places. */
static void losses(void) {
  enum { CLASSES = 3, PLACES = 4, SAMPLES = 5 };
  espalier_network *field = NULL, *vector = NULL;
  const int64_t lengths[] = {CLASSES, PLACES};
  real x[SAMPLES * CLASSES * PLACES], rows[SAMPLES * PLACES * CLASSES], t[SAMPLES * CLASSES * PLACES], t_rows[SAMPLES * PLACES * CLASSES];
  int32_t labels[SAMPLES * PLACES];
  double of_field = 0, of_rows = 0, accuracy = 0, accuracy_rows = 0;
  const double tolerance = sizeof(real) == 8 ? 1e-14 : 1e-6;
  OK(espalier_network_create(PRECISION, CLASSES * PLACES, 1, &field));
  OK(espalier_network_set_input_shape(field, 2, lengths));
  OK(espalier_network_add_layer(field, ESPALIER_LAYER_POSITION, 0, NULL, 0, NULL, NULL, NULL));
  OK(espalier_network_set_loss(field, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  OK(espalier_network_build(field, 2));
  CHECK(network_value(field, "labels_per_sample") == PLACES);
  OK(espalier_network_create(PRECISION, CLASSES, 1, &vector));
  OK(espalier_network_add_layer(vector, ESPALIER_LAYER_POSITION, 0, NULL, 0, NULL, NULL, NULL));
  OK(espalier_network_set_loss(vector, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  OK(espalier_network_build(vector, 2));
  CHECK(network_value(vector, "labels_per_sample") == 1);
  for (int k = 0; k < 2; k++) {
    espalier_network *network = k == 0 ? field : vector;
    real *w = NULL, *dw = NULL;
    int64_t count = 0;
    OK(F(espalier_network_parameters)(network, &w, &dw, &count));
    for (int64_t i = 0; i < count; i++) w[i] = 0;
  }
  fill(x, LENGTH(x), 1);
  fill_targets(t, LENGTH(t), 2);
  for (int s = 0; s < SAMPLES; s++)
    for (int p = 0; p < PLACES; p++) {
      labels[s * PLACES + p] = (s * s + p) % CLASSES;
      for (int c = 0; c < CLASSES; c++) {
        rows[(s * PLACES + p) * CLASSES + c] = x[(s * CLASSES + c) * PLACES + p];
        t_rows[(s * PLACES + p) * CLASSES + c] = t[(s * CLASSES + c) * PLACES + p];
      }
    }
  OK(F(espalier_network_evaluate_labels)(field, x, labels, SAMPLES, &of_field, &accuracy));
  OK(F(espalier_network_evaluate_labels)(vector, rows, labels, SAMPLES * PLACES, &of_rows, &accuracy_rows));
  CHECK(of_rows > 0.1 && fabs(of_field - of_rows) < tolerance && accuracy == accuracy_rows && accuracy > 0 && accuracy < 1);
  OK(F(espalier_network_evaluate)(field, x, t, SAMPLES, &of_field));
  OK(F(espalier_network_evaluate)(vector, rows, t_rows, SAMPLES * PLACES, &of_rows));
  CHECK(of_rows > 0.1 && fabs(of_field - of_rows) < tolerance);
  labels[2 * PLACES + 1] = CLASSES;
  REFUSES(field, ESPALIER_ERROR_INVALID_ARGUMENT, "labels[2][1] (sample, place, from 0) must be in 0 .. 2", "got 3",
          F(espalier_network_evaluate_labels)(field, x, labels, SAMPLES, &of_field, &accuracy));
  labels[2 * PLACES + 1] = 0;
  { /* One step goes down the slope of all places alike: the positions' gradients are sums over the rows'. */
    espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 1);
    real *w = NULL, *dw = NULL, *v = NULL, *dv = NULL;
    int64_t count = 0;
    OK(espalier_network_set_optimizer(field, ESPALIER_ALL_LAYERS, optimizer));
    OK(espalier_network_set_optimizer(vector, ESPALIER_ALL_LAYERS, optimizer));
    OK(F(espalier_network_train_step_labels)(field, x, labels, 1, &of_field));
    OK(F(espalier_network_parameters)(field, &w, &dw, &count));
    OK(F(espalier_network_parameters)(vector, &v, &dv, &count));
    for (int p = 0; p < PLACES; p++) {
      for (int c = 0; c < CLASSES; c++) v[c] = 0;
      OK(F(espalier_network_train_step_labels)(vector, rows + p * CLASSES, labels + p, 1, &of_rows));
      for (int c = 0; c < CLASSES; c++) CHECK(fabs((double)dw[c * PLACES + p] * PLACES - dv[c]) < 4 * tolerance);
    }
    OK(espalier_optimizer_destroy(optimizer));
  }
  OK(espalier_network_destroy(field));
  OK(espalier_network_destroy(vector));
}

#define MAP(from, units, density) \
  {ESPALIER_LAYER_CONVOLUTION, 1, {from}, {{"filters", units}, {"density", density}}}
#define NORM(from) {ESPALIER_LAYER_LAYER_NORM, 1, {from}, {{"per_place", 1}}}
#define JOIN(a, b) {ESPALIER_LAYER_SUM, 2, {a, b}, {{NULL, 0}}}

/* Layers of a transformer, each linear map with a density of its own; one attends to a sequence of another length. */
static void transformers(void) {
  static const struct layer_case cases[] = {
    {"an encoder layer", INPUT(6, 4), 0, 0, 11,
     {MAP(0, 6, 0.5), MAP(0, 6, 0.4), MAP(0, 6, 1), ATTENTION(1, 2, 3, 2, 0), MAP(4, 6, 0.7), JOIN(0, 5), NORM(6),
      MAP(7, 10, 0.3), MAP(8, 6, 0.6), JOIN(7, 9), NORM(10)}},
    {"attention to another sequence", INPUT(4, 5), 0, 0, 6,
     {MAP(0, 6, 0.5),
      {ESPALIER_LAYER_CONVOLUTION, 1, {0}, {{"filters", 6}, {"kernel_width", 2}, {"stride_width", 2}, {"density", 0.6}}},
      {ESPALIER_LAYER_CONVOLUTION, 1, {0}, {{"filters", 4}, {"kernel_width", 2}, {"stride_width", 2}}},
      ATTENTION(1, 2, 3, 2, 0), ATTENTION(2, 1, 4, 2, 1), TANH(2)}},
  };
  espalier_network *network = NULL;
  const int64_t lengths[] = {4, 5}, inputs[][3] = {{0, 1, 0}, {0, 0, 1}, {0, 2, 2}};
  const struct layer_description shorter = {ESPALIER_LAYER_CONVOLUTION, 1, {0}, {{"filters", 4}, {"kernel_width", 2}}};
  const struct layer_description wider = {ESPALIER_LAYER_CONVOLUTION, 1, {0}, {{"filters", 6}, {NULL, 0}}};
  OK(espalier_network_create(PRECISION, 20, 1, &network));
  OK(espalier_network_set_input_shape(network, 2, lengths));
  OK(add_described(network, &shorter, NULL));
  OK(add_described(network, &wider, NULL));
  for (int i = 0; i < 3; i++) {
    const char *const says[] = {"the same length, got 4 x 4", "the same length, got 4 x 5", "as many channels, got 4 x 5"};
    REFUSES(network, ESPALIER_ERROR_INVALID_ARGUMENT, "attention layer 3", says[i],
            espalier_network_add_layer(network, ESPALIER_LAYER_ATTENTION, 3, inputs[i], 0, NULL, NULL, NULL));
  }
  OK(espalier_network_destroy(network));
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
  const struct test tests[] = {TEST(attention), TEST(embedding), TEST(position), TEST(numbers), TEST(rows_alone), TEST(pruning), TEST(embeddings_refused), TEST(losses), TEST(transformers), TEST(refusals)};
  return run_tests(tests, LENGTH(tests));
}
