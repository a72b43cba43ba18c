/* Owners of a network: counted from any thread, at any time; of threads that destroy one handle one succeeds. */
#include <pthread.h>
#include <sched.h>

#include "calls.h"

enum { THREADS = 4, ROUNDS = 300, HANDLES = 100, TURNS = 2000, COUNTS = 20000 };

static void counted(void) {
  espalier_network *network = make_network();
  double value;
  int i;
  SAYS(ESPALIER_ERROR_INVALID_STATE, "network", "owner", espalier_network_release(network));
  for (i = 0; i < 3; i++) OK(espalier_network_retain(network));
  for (i = 0; i < 2; i++) OK(espalier_network_release(network));
  OK(espalier_network_get(network, "inputs", &value));
  OK(espalier_network_release(network));
  GIVES(ESPALIER_ERROR_INVALID_HANDLE, espalier_network_get(network, "inputs", &value));
  GIVES(ESPALIER_ERROR_INVALID_HANDLE, espalier_network_retain(network));
  GIVES(ESPALIER_ERROR_INVALID_HANDLE, espalier_network_release(network));
  GIVES(ESPALIER_ERROR_INVALID_HANDLE, espalier_network_destroy(network));
}

/* destroy does not ask for owners, and the slot's next network does not inherit them. */
static void destroyed_with_owners(void) {
  espalier_network *first = make_network(), *second;
  OK(espalier_network_retain(first));
  OK(espalier_network_retain(first));
  OK(espalier_network_destroy(first));
  GIVES(ESPALIER_ERROR_INVALID_HANDLE, espalier_network_release(first));
  second = make_network();
  GIVES(ESPALIER_ERROR_INVALID_STATE, espalier_network_release(second));
  OK(espalier_network_destroy(second));
}

/* Not under the flag that keeps a second thread out: from inside a callback the handle is busy for all but its count. */
static int count_inside(void *user, int64_t done, int64_t samples, double loss) {
  (void)done;
  (void)samples;
  (void)loss;
  GIVES(ESPALIER_ERROR_BUSY, espalier_network_update(user));
  OK(espalier_network_retain(user));
  OK(espalier_network_retain(user));
  OK(espalier_network_release(user));
  return 0;
}

static void while_a_call_runs(void) {
  static real x[MAX_BATCH * INPUTS], target[MAX_BATCH * OUTPUTS];
  espalier_network *network = make_network();
  double loss;
  OK(F(espalier_network_train_epoch)(network, x, target, MAX_BATCH, MAX_BATCH, 0, count_inside, network, &loss));
  OK(espalier_network_release(network));
  GIVES(ESPALIER_ERROR_INVALID_HANDLE, espalier_network_release(network));
}

/* What threads do with the same handles at the same time. Threads make no checks. */
static struct {
  espalier_network *network;
  espalier_optimizer *optimizer;
  espalier_topology *topology;
  espalier_pruning *pruning;
} races[HANDLES];
struct outcomes {
  int ok, gone, other;
};

static void note(struct outcomes *outcomes, int status) {
  if (status == ESPALIER_OK)
    outcomes->ok++;
  else if (status == ESPALIER_ERROR_INVALID_HANDLE)
    outcomes->gone++;
  else
    outcomes->other++;
}

/* Threads leave here at nearly the same time, as none of them sleeps. */
static void meet(int *arrivals, int expected) {
  int turns = 0;
  __atomic_add_fetch(arrivals, 1, __ATOMIC_ACQ_REL);
  while (__atomic_load_n(arrivals, __ATOMIC_ACQUIRE) < expected)
    if (++turns % 100 == 0) sched_yield();
}

static int made, done;

static void destroy_all(struct outcomes *outcomes, int round) {
  int i;
  meet(&made, THREADS * round);
  for (i = 0; i < HANDLES; i++) {
    note(outcomes, espalier_network_destroy(races[i].network));
    note(outcomes, espalier_optimizer_destroy(races[i].optimizer));
    note(outcomes, espalier_topology_destroy(races[i].topology));
    note(outcomes, espalier_pruning_destroy(races[i].pruning));
  }
  meet(&done, THREADS * round);
}

static void *destroy_in_each_round(void *argument) {
  int round;
  for (round = 1; round <= ROUNDS; round++) destroy_all(argument, round);
  return NULL;
}

static void one_of_them_destroys(void) {
  struct outcomes outcomes[THREADS] = {{0, 0, 0}}, all = {0, 0, 0};
  pthread_t threads[THREADS];
  int round, i;
  made = done = 0;
  for (i = 1; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, destroy_in_each_round, &outcomes[i]) == 0);
  for (round = 1; round <= ROUNDS; round++) {
    for (i = 0; i < HANDLES; i++) {
      races[i].network = NULL;
      OK(espalier_network_create(OURS, INPUTS, 1, &races[i].network));
      races[i].optimizer = make_optimizer(ESPALIER_SGD, 0.1);
      races[i].topology = make_topology(ESPALIER_SET, 3);
      races[i].pruning = make_pruning(ESPALIER_PRUNE_SNIP, 0.2);
    }
    destroy_all(&outcomes[0], round);
  }
  for (i = 0; i < THREADS; i++) {
    if (i > 0) pthread_join(threads[i], NULL);
    all.ok += outcomes[i].ok;
    all.gone += outcomes[i].gone;
    all.other += outcomes[i].other;
  }
  CHECK(all.ok == 4 * ROUNDS * HANDLES);
  CHECK(all.gone == 4 * ROUNDS * HANDLES * (THREADS - 1));
  CHECK(all.other == 0);
}

static void *count_up_and_down(void *argument) {
  int i;
  for (i = 0; i < COUNTS; i++) {
    note(argument, espalier_network_retain(races[0].network));
    note(argument, espalier_network_release(races[0].network));
  }
  return NULL;
}

static void no_count_is_lost(void) {
  struct outcomes outcomes[THREADS] = {{0, 0, 0}};
  pthread_t threads[THREADS];
  int i;
  races[0].network = make_network();
  OK(espalier_network_retain(races[0].network));
  for (i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, count_up_and_down, &outcomes[i]) == 0);
  for (i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (i = 0; i < THREADS; i++) CHECK(outcomes[i].ok == 2 * COUNTS);
  OK(espalier_network_release(races[0].network));
  GIVES(ESPALIER_ERROR_INVALID_HANDLE, espalier_network_release(races[0].network));
}

static pthread_barrier_t together;

/* Each gives up what it took before; the last one frees, and nobody meets a network that is gone. */
static void *give_up(void *argument) {
  int round;
  for (round = 0; round < TURNS; round++) {
    pthread_barrier_wait(&together);
    pthread_barrier_wait(&together);
    note(argument, espalier_network_release(races[0].network));
    pthread_barrier_wait(&together);
  }
  return NULL;
}

static void the_last_one_frees(void) {
  struct outcomes outcomes[THREADS] = {{0, 0, 0}};
  pthread_t threads[THREADS];
  int i, round;
  CHECK(pthread_barrier_init(&together, NULL, THREADS + 1) == 0);
  for (i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, give_up, &outcomes[i]) == 0);
  for (round = 0; round < TURNS; round++) {
    races[0].network = NULL;
    OK(espalier_network_create(OURS, INPUTS, 1, &races[0].network));
    for (i = 0; i < THREADS; i++) OK(espalier_network_retain(races[0].network));
    for (i = 0; i < 3; i++) pthread_barrier_wait(&together);
    GIVES(ESPALIER_ERROR_INVALID_HANDLE, espalier_network_release(races[0].network));
  }
  for (i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (i = 0; i < THREADS; i++) CHECK(outcomes[i].ok == TURNS);
  pthread_barrier_destroy(&together);
}

int main(void) {
  static const struct test tests[] = {TEST(counted),          TEST(destroyed_with_owners), TEST(while_a_call_runs),
                                      TEST(one_of_them_destroys), TEST(no_count_is_lost),      TEST(the_last_one_frees)};
  return run_tests(tests, LENGTH(tests));
}
