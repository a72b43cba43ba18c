#include "layers.h"

#include <math.h>

#include "counting.h"

enum { FEW = 3 };

int add_described(espalier_network *network, const struct layer_description *description, int64_t *layer) {
  const char *names[MOST_LAYER_OPTIONS];
  double values[MOST_LAYER_OPTIONS];
  int64_t count = 0;
  while (count < MOST_LAYER_OPTIONS && description->options[count].name != NULL) {
    names[count] = description->options[count].name;
    values[count] = description->options[count].value;
    count++;
  }
  return espalier_network_add_layer(network, description->kind, description->input_count, description->inputs, count, names,
                                    values, layer);
}

/* How many numbers, from 0, all embeddings of the case take; 0 when it has none. */
static int64_t classes_of(const struct layer_case *description) {
  int64_t least = 0;
  for (int64_t i = 0; i < description->layer_count; i++) {
    const struct layer_description *layer = &description->layers[i];
    const int64_t vocabulary = (int64_t)layer->options[0].value;
    if (layer->kind == ESPALIER_LAYER_EMBEDDING && (least == 0 || vocabulary < least)) least = vocabulary;
  }
  return least;
}

static int64_t features_of(const struct layer_case *description) {
  int64_t product = 1;
  for (int64_t i = 0; i < description->dimensions; i++) product *= description->lengths[i];
  return product;
}

espalier_network *describe_case(const struct layer_case *description, int precision) {
  espalier_network *network = NULL;
  OK(espalier_network_create(precision, features_of(description), 5, &network));
  if (description->dimensions > 1)
    OK(espalier_network_set_input_shape(network, description->dimensions, description->lengths));
  for (int64_t i = 0; i < description->layer_count; i++) OK(add_described(network, &description->layers[i], NULL));
  return network;
}

static int64_t outputs_of(const struct layer_case *description, espalier_network *network) {
  int64_t lengths[4] = {0}, dimensions = 0, product = 1;
  OK(espalier_layer_shape(network, description->layer_count, 4, lengths, &dimensions));
  for (int64_t i = 0; i < dimensions; i++) product *= lengths[i];
  return product;
}

static espalier_network *build_case(const struct layer_case *description, int precision, int threads, int64_t batch) {
  espalier_network *network = describe_case(description, precision);
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_SGD, 0.01);
  OK(espalier_optimizer_set(optimizer, "momentum", 0.9));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_set_threads(network, threads));
  OK(espalier_network_build(network, batch));
  OK(espalier_optimizer_destroy(optimizer));
  return network;
}

/* A network with what goes in and comes out of it. */
struct run {
  espalier_network *network;
  int64_t inputs, outputs, count;
  real *w, *dw, *x, *y, *dy, *dx;
};

static struct run make_run(const struct layer_case *description, int threads, int64_t batch) {
  struct run run = {0};
  run.network = build_case(description, OURS, threads, batch);
  run.inputs = features_of(description);
  run.outputs = outputs_of(description, run.network);
  run.x = malloc((size_t)(batch * run.inputs) * sizeof *run.x);
  run.dx = malloc((size_t)(batch * run.inputs) * sizeof *run.dx);
  run.y = malloc((size_t)(batch * run.outputs) * sizeof *run.y);
  run.dy = malloc((size_t)(batch * run.outputs) * sizeof *run.dy);
  fill(run.x, (size_t)(batch * run.inputs), 1);
  for (int64_t i = 0, classes = classes_of(description); classes > 0 && i < batch * run.inputs; i++)
    run.x[i] = (real)((i * i + 3) % classes);
  fill(run.dy, (size_t)(batch * run.outputs), 2);
  OK(F(espalier_network_parameters)(run.network, &run.w, &run.dw, &run.count));
  /* So that biases have a part too. */
  for (int64_t i = 0; i < run.count; i++)
    if (run.w[i] == 0) run.w[i] = (real)(0.01 * (double)(i % 7 - 3));
  return run;
}

static void destroy_run(struct run run) {
  OK(espalier_network_destroy(run.network));
  free(run.x);
  free(run.dx);
  free(run.y);
  free(run.dy);
}

static void pass(struct run *run, int64_t batch) {
  OK(F(espalier_network_forward)(run->network, run->x, batch, run->y));
  OK(F(espalier_network_backward)(run->network, run->dy, batch, run->dx));
}

static double largest(const real *values, int64_t count) {
  double most = 0;
  for (int64_t i = 0; i < count; i++) most = fmax(most, fabs((double)values[i]));
  return most;
}

/* A failure tells the case, the check and the place. */
static void expect(int holds, const struct layer_case *description, const char *what, int64_t place) {
  char text[200];
  if (holds) return;
  snprintf(text, sizeof text, "%s: %s, number %lld", description->name, what, (long long)place);
  check_true(0, __FILE__, __LINE__, text);
}

#if PRECISION == 64
/* The sum of dy y after a forward pass in training. */
static double value_of(struct run *run, int64_t batch) {
  double sum = 0;
  OK(F(espalier_network_forward)(run->network, run->x, batch, run->y));
  for (int64_t i = 0; i < batch * run->outputs; i++) sum += run->dy[i] * run->y[i];
  return sum;
}

/* Against central differences of fourth order, whose own error is rounding over the step, near 1e-10. */
static void differences(const struct layer_case *description) {
  const double step = 1e-5;
  struct run run = make_run(description, 1, FEW);
  int64_t i, k, count = run.count + FEW * run.inputs;
  double most, *got = malloc((size_t)count * sizeof *got);
  pass(&run, FEW);
  for (i = 0; i < count; i++) got[i] = i < run.count ? run.dw[i] : run.dx[i - run.count];
  most = fmax(1, largest(got, count));
  for (i = run.count; classes_of(description) > 0 && i < count; i++)
    expect(got[i] == 0, description, "dx of a class number", i);
  for (i = 0; i < (classes_of(description) > 0 ? run.count : count); i++) {
    real *place = i < run.count ? run.w + i : run.x + (i - run.count), kept = *place;
    double values[5];
    for (k = -2; k <= 2; k++) {
      *place = kept + (double)k * step;
      if (k != 0) values[k + 2] = value_of(&run, FEW);
    }
    *place = kept;
    expect(fabs((values[0] - 8 * values[1] + 8 * values[3] - values[4]) / (12 * step) - got[i]) <= 1e-6 * most, description,
           i < run.count ? "the derivative by a parameter" : "the derivative by the input", i < run.count ? i : i - run.count);
  }
  free(got);
  destroy_run(run);
}
#else
/* Against float64 with the same parameters. */
static void differences(const struct layer_case *description) {
  struct run run = make_run(description, 1, FEW);
  espalier_network *exact = build_case(description, THEIRS, 1, FEW);
  int64_t i, count = 0;
  double *w, *dw, *x = malloc((size_t)(FEW * run.inputs) * sizeof *x), *dx = malloc((size_t)(FEW * run.inputs) * sizeof *dx),
         *y = malloc((size_t)(FEW * run.outputs) * sizeof *y), *dy = malloc((size_t)(FEW * run.outputs) * sizeof *dy);
  OK(OTHER(espalier_network_parameters)(exact, &w, &dw, &count));
  expect(count == run.count, description, "the number of parameters", count);
  for (i = 0; i < count; i++) w[i] = run.w[i];
  for (i = 0; i < FEW * run.inputs; i++) x[i] = run.x[i];
  for (i = 0; i < FEW * run.outputs; i++) dy[i] = run.dy[i];
  pass(&run, FEW);
  OK(OTHER(espalier_network_forward)(exact, x, FEW, y));
  OK(OTHER(espalier_network_backward)(exact, dy, FEW, dx));
  for (i = 0; i < FEW * run.outputs; i++)
    expect(fabs(run.y[i] - y[i]) <= 2e-4 * fmax(1, largest(run.y, FEW * run.outputs)), description, "an output", i);
  for (i = 0; i < FEW * run.inputs; i++)
    expect(fabs(run.dx[i] - dx[i]) <= 2e-4 * fmax(1, largest(run.dx, FEW * run.inputs)), description,
           "the derivative by the input", i);
  for (i = 0; i < count; i++)
    expect(fabs(run.dw[i] - dw[i]) <= 2e-4 * fmax(1, largest(run.dw, count)), description, "the derivative by a parameter", i);
  free(x);
  free(dx);
  free(y);
  free(dy);
  OK(espalier_network_destroy(exact));
  destroy_run(run);
}
#endif

/* Panels of every width, full ones and such as have room left, against samples one by one. */
static void batches(const struct layer_case *description) {
  static const int64_t sizes[] = {1, 2, 3, 5, 17, 70};
  for (size_t s = 0; s < LENGTH(sizes); s++) {
    const int64_t batch = sizes[s];
    struct run whole = make_run(description, 1, batch), single = make_run(description, 1, 1);
    double *sums = calloc((size_t)whole.count + 1, sizeof *sums), most;
    const double tolerance = (sizeof(real) == 8 ? 1e-12 : 1e-4) * (double)(batch + 10);
    int64_t i, k;
    pass(&whole, batch);
    for (k = 0; k < batch; k++) {
      memcpy(single.x, whole.x + k * whole.inputs, (size_t)whole.inputs * sizeof *single.x);
      memcpy(single.dy, whole.dy + k * whole.outputs, (size_t)whole.outputs * sizeof *single.dy);
      pass(&single, 1);
      most = fmax(1, largest(single.y, single.outputs));
      for (i = 0; i < single.outputs; i++)
        expect(fabs((double)single.y[i] - whole.y[k * whole.outputs + i]) <= tolerance * most, description, "an output of a batch",
               k * whole.outputs + i);
      most = fmax(1, largest(single.dx, single.inputs));
      for (i = 0; i < single.inputs; i++)
        expect(fabs((double)single.dx[i] - whole.dx[k * whole.inputs + i]) <= tolerance * most, description, "dx of a batch",
               k * whole.inputs + i);
      for (i = 0; i < single.count; i++) sums[i] += single.dw[i];
    }
    most = fmax(1, largest(whole.dw, whole.count));
    for (i = 0; i < whole.count; i++)
      expect(fabs(sums[i] - whole.dw[i]) <= tolerance * most, description, "dw of a batch", i);
    free(sums);
    destroy_run(whole);
    destroy_run(single);
  }
}

static uint64_t hash_of(struct run *run, int64_t batch, uint64_t hash) {
  hash = hash_bytes(hash, run->y, (size_t)(batch * run->outputs) * sizeof(real));
  hash = hash_bytes(hash, run->dx, (size_t)(batch * run->inputs) * sizeof(real));
  hash = hash_bytes(hash, run->w, (size_t)run->count * sizeof(real));
  return hash_bytes(hash, run->dw, (size_t)run->count * sizeof(real));
}

/* The bits of passes and of steps do not depend on the number of threads; nothing is allocated. */
static void threads_and_memory(const struct layer_case *description) {
  static const int64_t sizes[] = {1, 19, 70};
  for (size_t s = 0; s < LENGTH(sizes); s++) {
    const int64_t batch = sizes[s];
    uint64_t first = 0;
    /* One value a channel. */
    if (description->couples_samples && description->dimensions == 1 && batch == 1) continue;
    for (int threads = 1; threads <= 3; threads++) {
      struct run run = make_run(description, threads, batch);
      uint64_t hash = UINT64_C(14695981039346656037);
      double loss = 0;
      int status = 0;
      start();
      status |= F(espalier_network_forward)(run.network, run.x, batch, run.y);
      status |= F(espalier_network_backward)(run.network, run.dy, batch, run.dx);
      hash = hash_of(&run, batch, hash);
      for (int i = 0; i < 3; i++) {
        if (run.count > 0) status |= F(espalier_network_train_step)(run.network, run.x, run.dy, batch, &loss);
        status |= F(espalier_network_forward)(run.network, run.x, batch, run.y);
        status |= F(espalier_network_backward)(run.network, run.dy, batch, i == 1 ? NULL : run.dx);
        status |= F(espalier_network_predict)(run.network, run.x, batch, run.y);
      }
      stop("steps", description->name);
      OK(status);
      hash = hash_of(&run, batch, hash);
      if (threads == 1) first = hash;
      expect(hash == first, description, "the bits with threads", threads);
      destroy_run(run);
    }
  }
}

void begin_counting(void) {
  backtrace(frames, 1); /* its first call loads a library */
  start();
}

void end_counting(const char *what) { stop(what, "from the first call on"); }

void check_case(const struct layer_case *description) {
  static int began;
  if (!began) backtrace(frames, 1);
  began = 1;
  if (!description->is_random) differences(description);
  if (!description->is_random && !description->couples_samples) batches(description);
  threads_and_memory(description);
}
