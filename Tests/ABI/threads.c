/* Threads: the library's (same bits for any number) and the caller's (distinct handles, one handle, messages). */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"

enum { IN = 64, HIDDEN = 150, OUT = 10, BATCH = 48, SAMPLES = 200 };

static real x[SAMPLES * IN];
static int32_t labels[SAMPLES];

static espalier_network *larger_network(int threads, int method) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAM, 0.002);
  espalier_topology *topology = make_topology(method, 5);
  OK(espalier_network_create(OURS, IN, 77, &network));
  OK(espalier_network_add_linear(network, HIDDEN, 0.1, ESPALIER_RELU));
  OK(espalier_network_add_dropout(network, 0.1));
  OK(espalier_network_add_linear(network, HIDDEN, 0.2, ESPALIER_SOFTMAX));
  OK(espalier_network_add_linear(network, OUT, 1, ESPALIER_IDENTITY));
  OK(espalier_network_set_loss(network, ESPALIER_SOFTMAX_CROSS_ENTROPY));
  OK(espalier_network_set(network, "clip_norm", 0.5));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  OK(espalier_network_set_threads(network, threads));
  OK(espalier_network_build(network, BATCH));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  return network;
}

/* Train and hash everything that came out. Called in threads of its own, so it makes no checks; 0 is a failure. */
static uint64_t train(espalier_network *network, int epochs, int change_threads) {
  uint64_t hash = UINT64_C(14695981039346656037);
  real *w, *dw, *y = malloc(SAMPLES * OUT * sizeof *y);
  int64_t count;
  double loss = 0, accuracy = 0;
  int i;
  for (i = 0; i < epochs; i++) {
    if (change_threads && espalier_network_set_threads(network, 1 + i % 4) != ESPALIER_OK) return 0;
    if (F(espalier_network_train_epoch_labels)(network, x, labels, SAMPLES, BATCH, 1, NULL, NULL, &loss) != ESPALIER_OK) return 0;
    hash = hash_bytes(hash, &loss, sizeof loss);
  }
  if (F(espalier_network_predict)(network, x, SAMPLES, y) != ESPALIER_OK) return 0;
  if (F(espalier_network_evaluate_labels)(network, x, labels, SAMPLES, &loss, &accuracy) != ESPALIER_OK) return 0;
  if (F(espalier_network_parameters)(network, &w, &dw, &count) != ESPALIER_OK) return 0;
  hash = hash_bytes(hash, y, SAMPLES * OUT * sizeof *y);
  hash = hash_bytes(hash, &loss, sizeof loss);
  hash = hash_bytes(hash, &accuracy, sizeof accuracy);
  hash = hash_bytes(hash, w, (size_t)count * sizeof *w);
  hash = hash_bytes(hash, dw, (size_t)count * sizeof *dw);
  free(y);
  return hash;
}

static void the_same_bits_for_any_number(void) {
  static const int numbers[] = {1, 2, 3, 4, 7};
  int method;
  for (method = ESPALIER_STATIC; method <= ESPALIER_RIGL; method++) {
    uint64_t first = 0;
    size_t i;
    for (i = 0; i <= LENGTH(numbers); i++) { /* the last: another number each epoch */
      espalier_network *network = larger_network(i < LENGTH(numbers) ? numbers[i] : 1, method);
      uint64_t hash = train(network, 4, i == LENGTH(numbers));
      if (i == 0) first = hash;
      CHECK(hash != 0 && hash == first);
      OK(espalier_network_destroy(network));
    }
  }
}

struct job {
  espalier_network *network;
  uint64_t hash;
};

static void *run_job(void *argument) {
  struct job *job = argument;
  job->hash = train(job->network, 4, 0);
  return NULL;
}

static void several_networks_at_once(void) {
  enum { JOBS = 5 };
  struct job jobs[JOBS];
  pthread_t threads[JOBS];
  espalier_network *alone = larger_network(1, ESPALIER_RIGL);
  uint64_t expected = train(alone, 4, 0);
  int i;
  for (i = 0; i < JOBS; i++) jobs[i].network = larger_network(1 + i % 3, ESPALIER_RIGL);
  for (i = 0; i < JOBS; i++) CHECK(pthread_create(&threads[i], NULL, run_job, &jobs[i]) == 0);
  for (i = 0; i < JOBS; i++) pthread_join(threads[i], NULL);
  for (i = 0; i < JOBS; i++) {
    CHECK(jobs[i].hash == expected);
    OK(espalier_network_destroy(jobs[i].network));
  }
  OK(espalier_network_destroy(alone));
}

/* A thread that is inside a call and stays there until told. */
static sem_t inside, leave;

static int wait_inside(void *user, int64_t done, int64_t samples, double loss) {
  (void)user;
  (void)done;
  (void)samples;
  (void)loss;
  sem_post(&inside);
  sem_wait(&leave);
  return 1;
}

static void *stay_inside(void *argument) {
  static real small[MAX_BATCH * INPUTS], target[MAX_BATCH * OUTPUTS];
  static int status;
  double loss;
  status = F(espalier_network_train_epoch)(argument, small, target, MAX_BATCH, 4, 0, wait_inside, NULL, &loss);
  return &status;
}

static void one_handle_two_threads(void) {
  espalier_network *network = make_network();
  uint64_t before;
  pthread_t thread;
  void *result = NULL;
  int i;
  sem_init(&inside, 0, 0);
  sem_init(&leave, 0, 0);
  CHECK(pthread_create(&thread, NULL, stay_inside, network) == 0);
  sem_wait(&inside);
  for (i = 0; i < network_calls; i++)
    check_says(call_network(i, network), ESPALIER_ERROR_BUSY, "network", "thread", __FILE__, __LINE__, network_call_name(i));
  sem_post(&leave);
  pthread_join(thread, &result);
  CHECK(*(int *)result == ESPALIER_ERROR_STOPPED);
  before = fingerprint(network); /* free again */
  CHECK(fingerprint(network) == before);
  OK(espalier_network_destroy(network));
}

/* destroy while a call runs: refused, or put off until the call returns; either way nobody crashes. */
static void destroyed_from_outside(void) {
  espalier_network *network = make_network();
  pthread_t thread;
  void *result = NULL;
  int status;
  CHECK(pthread_create(&thread, NULL, stay_inside, network) == 0);
  sem_wait(&inside);
  status = espalier_network_destroy(network);
  CHECK(status == ESPALIER_OK || status == ESPALIER_ERROR_BUSY);
  sem_post(&leave);
  pthread_join(thread, &result);
  CHECK(*(int *)result == ESPALIER_ERROR_STOPPED);
  if (status == ESPALIER_ERROR_BUSY) OK(espalier_network_destroy(network));
  GIVES(ESPALIER_ERROR_INVALID_HANDLE, espalier_network_build(network, 4));
}

/* From inside its own callback a handle is busy too. */
static int call_itself(void *user, int64_t done, int64_t samples, double loss) {
  double value;
  (void)done;
  (void)samples;
  (void)loss;
  GIVES(ESPALIER_ERROR_BUSY, espalier_network_get(user, "inputs", &value));
  GIVES(ESPALIER_ERROR_BUSY, espalier_network_update(user));
  return 0;
}

static void called_from_its_callback(void) {
  static real small[MAX_BATCH * INPUTS], target[MAX_BATCH * OUTPUTS];
  espalier_network *network = make_network();
  double loss;
  OK(F(espalier_network_train_epoch)(network, small, target, MAX_BATCH, 8, 0, call_itself, network, &loss));
  OK(espalier_network_destroy(network));
}

struct hammer {
  espalier_network *network;
  int done, busy, other;
};

static void *run_hammer(void *argument) {
  struct hammer *hammer = argument;
  static const real small[MAX_BATCH * INPUTS], target[MAX_BATCH * OUTPUTS];
  real y[MAX_BATCH * OUTPUTS];
  double loss;
  int i;
  for (i = 0; i < 3000; i++) {
    int status = i % 3 ? F(espalier_network_train_step)(hammer->network, small, target, MAX_BATCH, &loss)
                       : F(espalier_network_predict)(hammer->network, small, MAX_BATCH, y);
    if (status == ESPALIER_OK)
      hammer->done++;
    else if (status == ESPALIER_ERROR_BUSY)
      hammer->busy++;
    else
      hammer->other++;
  }
  return NULL;
}

static void hammering_one_handle(void) {
  struct hammer hammers[3];
  pthread_t threads[3];
  espalier_network *network = make_network();
  int i;
  OK(espalier_network_set_threads(network, 2));
  for (i = 0; i < 3; i++) {
    memset(&hammers[i], 0, sizeof hammers[i]);
    hammers[i].network = network;
    CHECK(pthread_create(&threads[i], NULL, run_hammer, &hammers[i]) == 0);
  }
  for (i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  for (i = 0; i < 3; i++) CHECK(hammers[i].other == 0 && hammers[i].done + hammers[i].busy == 3000);
  CHECK(hammers[0].done + hammers[1].done + hammers[2].done > 0);
  OK(espalier_network_destroy(network));
}

static void *other_threads_message(void *argument) {
  int *right = argument;
  espalier_network *network = NULL;
  *right = strcmp(espalier_last_error(), "") == 0;
  *right &= espalier_network_create(OURS, -77, 1, &network) == ESPALIER_ERROR_INVALID_ARGUMENT;
  *right &= strstr(espalier_last_error(), "-77") != NULL;
  return NULL;
}

static void messages_belong_to_their_thread(void) {
  espalier_network *network = NULL;
  pthread_t thread;
  int right = 0;
  SAYS(ESPALIER_ERROR_INVALID_ARGUMENT, "inputs", "-55", espalier_network_create(OURS, -55, 1, &network));
  CHECK(pthread_create(&thread, NULL, other_threads_message, &right) == 0);
  pthread_join(thread, NULL);
  CHECK(right);
  CHECK(strstr(espalier_last_error(), "-55") != NULL);
}

/* Threads come and go; the library keeps nothing of theirs. */
static void *short_life(void *argument) {
  static const real small[MAX_BATCH * INPUTS], target[MAX_BATCH * OUTPUTS];
  double loss;
  int *status = argument;
  espalier_network *network = make_network();
  *status = F(espalier_network_train_step)(network, small, target, 4, &loss) | espalier_network_destroy(network);
  return NULL;
}

static void many_short_threads(void) {
  int i;
  for (i = 0; i < 200; i++) {
    pthread_t thread;
    int status = -1;
    CHECK(pthread_create(&thread, NULL, short_life, &status) == 0);
    pthread_join(thread, NULL);
    CHECK(status == ESPALIER_OK);
  }
}

int main(void) {
  static const struct test tests[] = {TEST(the_same_bits_for_any_number),
                                      TEST(several_networks_at_once),
                                      TEST(one_handle_two_threads),
                                      TEST(destroyed_from_outside),
                                      TEST(called_from_its_callback),
                                      TEST(hammering_one_handle),
                                      TEST(messages_belong_to_their_thread),
                                      TEST(many_short_threads)};
  int i;
  fill(x, LENGTH(x), 1);
  for (i = 0; i < SAMPLES; i++) labels[i] = (i * 7 + i / 5) % OUT;
  return run_tests(tests, LENGTH(tests));
}
