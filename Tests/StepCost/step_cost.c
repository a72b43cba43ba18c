/* Training steps for counting: two small networks, in which whatever a step does beside arithmetic weighs most.
   step_cost NETWORK STEPS: makes a warm-up step and then STEPS more; prints the allocations of the latter in the whole
   process. scripts/check-step-cost.sh runs it under callgrind with two numbers of steps; the difference is what a step
   costs, without the start of the process. */
#include <espalier.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* glibc's own, under the names that it gives to programs that replace malloc. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static long allocations;

void *malloc(size_t size) {
  allocations++;
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  allocations++;
  return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  allocations++;
  return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  allocations++;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  allocations++;
  *memory = __libc_memalign(alignment, size);
  return *memory == NULL ? ENOMEM : 0;
}

static void check(int status) {
  if (status == ESPALIER_OK) return;
  fprintf(stderr, "%s: %s\n", espalier_status_string(status), espalier_last_error());
  exit(1);
}

enum { MOST_BATCH = 32, MOST_INPUTS = 64 };

struct layer {
  int64_t units;
  double density;
  int activation;
};

static const struct network {
  const char *name;
  int64_t inputs, batch;
  struct layer layers[3];
  int rule, loss;
} networks[] = {
    /* A sparse and a dense layer; the units of a batch fill whole panels. */
    {"adam-batch-32", 64, 32, {{96, 0.2, ESPALIER_RELU}, {10, 1, ESPALIER_IDENTITY}}, ESPALIER_ADAM,
     ESPALIER_SOFTMAX_CROSS_ENTROPY},
    /* What a simulation has that trains as it goes: one sample a step. */
    {"sgd-batch-1", 32, 1, {{64, 0.5, ESPALIER_RELU}, {64, 0.5, ESPALIER_RELU}, {16, 0.5, ESPALIER_IDENTITY}}, ESPALIER_SGD,
     ESPALIER_MEAN_SQUARED_ERROR},
};

static float x[MOST_BATCH * MOST_INPUTS], target[MOST_BATCH * MOST_INPUTS];
static int32_t labels[MOST_BATCH];

static void step(espalier_network *network, const struct network *what) {
  double loss;
  if (what->loss == ESPALIER_SOFTMAX_CROSS_ENTROPY)
    check(espalier_network_train_step_labels_f32(network, x, labels, what->batch, &loss));
  else
    check(espalier_network_train_step_f32(network, x, target, what->batch, &loss));
}

int main(int count, char **arguments) {
  const struct network *what = NULL;
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = NULL;
  long steps, before;

  for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
    if (count == 3 && strcmp(arguments[1], networks[i].name) == 0) what = &networks[i];
  if (what == NULL) return fprintf(stderr, "usage: step_cost adam-batch-32|sgd-batch-1 STEPS\n"), 2;
  steps = atol(arguments[2]);

  for (int i = 0; i < MOST_BATCH * MOST_INPUTS; i++) {
    x[i] = (float)(i * 37 % 101) / 101 - 0.5f;
    target[i] = (float)(i * 53 % 89) / 89;
  }
  for (int i = 0; i < MOST_BATCH; i++) labels[i] = i % 10;

  check(espalier_network_create(ESPALIER_FLOAT32, what->inputs, 1, &network));
  for (int i = 0; i < 3 && what->layers[i].units > 0; i++)
    check(espalier_network_add_linear(network, what->layers[i].units, what->layers[i].density, what->layers[i].activation));
  check(espalier_network_set_loss(network, what->loss));
  check(espalier_optimizer_create(what->rule, &optimizer));
  check(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  check(espalier_network_set_threads(network, 1));
  check(espalier_network_build(network, what->batch));

  step(network, what);
  before = allocations;
  if (before < 10) return fprintf(stderr, "step_cost: the library's own allocations were not seen\n"), 1;
  for (long i = 0; i < steps; i++) step(network, what);
  printf("%ld\n", allocations - before);

  check(espalier_optimizer_destroy(optimizer));
  check(espalier_network_destroy(network));
  return 0;
}
