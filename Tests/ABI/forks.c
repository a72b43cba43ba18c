/* Children of a fork use the library as any process does: whatever their parent did with it before, and whatever its other
   threads were doing at that moment.
     forks-f32-gcc [forks]: so many children of each kind */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

enum { WIDTH = 64, WIDE = 32, BATCH = 64, MOST_THREADS = 8, SECONDS = 60 };

/* OpenBLAS's own functions. */
int openblas_get_num_threads(void);
void openblas_set_num_threads(int threads);

static real x[BATCH * WIDTH], target[BATCH * WIDE];
static int forks = 25;

#define DO(...) \
  if ((__VA_ARGS__) != ESPALIER_OK) return __LINE__

/* The life of a network and of what it is given: every lock of the library, of the Swift runtime and of OpenBLAS. */
static int live(int threads) {
  espalier_network *n = NULL;
  espalier_optimizer *adam = NULL;
  espalier_topology *rigl = NULL;
  double loss, value;
  int step;
  DO(espalier_network_create(OURS, WIDTH, 1, &n));
  DO(espalier_network_add_linear(n, WIDE, 0.3, ESPALIER_RELU));
  DO(espalier_network_add_linear(n, WIDE, 1, ESPALIER_TANH));
  DO(espalier_network_add_linear(n, WIDE, 1, ESPALIER_IDENTITY));
  if (espalier_network_set(n, "no such option", 1) != ESPALIER_ERROR_UNKNOWN_NAME) return __LINE__;
  DO(espalier_optimizer_create(ESPALIER_ADAM, &adam));
  DO(espalier_network_set_optimizer(n, ESPALIER_ALL_LAYERS, adam));
  DO(espalier_topology_create(ESPALIER_RIGL, &rigl));
  DO(espalier_topology_set(rigl, "every", 1));
  DO(espalier_network_set_topology(n, ESPALIER_ALL_LAYERS, rigl));
  DO(espalier_network_set_threads(n, threads));
  DO(espalier_network_build(n, BATCH));
  for (step = 0; step < 4; step++) DO(F(espalier_network_train_step)(n, x, target, BATCH, &loss));
  DO(espalier_network_get(n, "steps", &value));
  DO(espalier_network_destroy(n));
  DO(espalier_optimizer_destroy(adam));
  DO(espalier_topology_destroy(rigl));
  return 0;
}

static void *live_in_thread(void *failed) {
  int i, line = 0;
  for (i = 0; i < 3 && line == 0; i++) line = live(i);
  if (line != 0) *(int *)failed = line;
  return NULL;
}

/* So many threads live in the child, its main thread among them. */
static int child(int threads) {
  pthread_t others[MOST_THREADS];
  int i, failed = 0;
  for (i = 1; i < threads; i++)
    if (pthread_create(&others[i], NULL, live_in_thread, &failed) != 0) return __LINE__;
  live_in_thread(&failed);
  for (i = 1; i < threads; i++) pthread_join(others[i], NULL);
  return failed;
}

/* Every child ends by itself, well. A sentence about the first that does not is enough. */
static void children(const char *parent, int (*body)(int)) {
  int i, bad = 0;
  for (i = 0; i < forks && bad == 0; i++) {
    const int threads = 1 + i % MOST_THREADS;
    int status = -1;
    const pid_t id = fork();
    if (id == 0) {
      alarm(SECONDS);
      _exit(body(threads) != 0);
    }
    if (id > 0 && waitpid(id, &status, 0) == id && WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
    bad = 1;
    if (WIFSIGNALED(status))
      printf("%s: child %d with %d threads got signal %d\n", parent, i, threads, WTERMSIG(status));
    else
      printf("%s: child %d with %d threads failed: status %d\n", parent, i, threads, status);
  }
  CHECK(bad == 0);
}

static void of_a_parent_that_only_loaded_it(void) { children("only loaded", child); }

static void of_a_parent_that_used_it(void) {
  CHECK(live(2) == 0);
  children("has used it", child);
}

static volatile int enough;

static void *keep_living(void *failed) {
  while (!__atomic_load_n(&enough, __ATOMIC_RELAXED)) live_in_thread(failed);
  return NULL;
}

static int threads_of_openblas;

/* In a child the setting of the host's is back after a call, though the parent's threads held it at the fork. */
static int child_of_busy_threads(int threads) {
  const int line = child(threads);
  if (line == 0 && openblas_get_num_threads() != threads_of_openblas) return __LINE__;
  return line;
}

static void of_a_parent_whose_threads_use_it(void) {
  pthread_t others[3];
  int i, failed = 0;
  openblas_set_num_threads(2);
  threads_of_openblas = openblas_get_num_threads();
  enough = 0;
  for (i = 0; i < 3; i++) CHECK(pthread_create(&others[i], NULL, keep_living, &failed) == 0);
  children("its threads use it", child_of_busy_threads);
  __atomic_store_n(&enough, 1, __ATOMIC_RELAXED);
  for (i = 0; i < 3; i++) pthread_join(others[i], NULL);
  CHECK(failed == 0);
}

static espalier_network *inherited, *in_use;
static double expected;
static volatile int inside;

static int wait_until_enough(void *user, int64_t layer, real *values, int64_t count) {
  (void)user, (void)layer, (void)values, (void)count;
  __atomic_store_n(&inside, 1, __ATOMIC_RELEASE);
  while (!__atomic_load_n(&enough, __ATOMIC_ACQUIRE)) usleep(100);
  return 0;
}

static void *step_with_reduction(void *status) {
  double loss;
  *(int *)status = F(espalier_network_train_step)(in_use, x, target, MAX_BATCH, &loss);
  return NULL;
}

/* A network of the parent's goes on in the child, from where it was, to the same bits; one that another thread was in
   stays in use, and may be destroyed. */
static int child_that_inherits(int threads) {
  double loss;
  if (threads > 2) return 0;
  DO(F(espalier_network_train_step)(inherited, x, target, MAX_BATCH, &loss));
  if (loss != expected) return __LINE__;
  if (F(espalier_network_train_step)(in_use, x, target, MAX_BATCH, &loss) != ESPALIER_ERROR_BUSY) return __LINE__;
  DO(espalier_network_destroy(in_use));
  DO(espalier_network_destroy(inherited));
  return live(2);
}

static espalier_network *network_with_two_threads(void) {
  espalier_network *network = make_network();
  double loss;
  OK(espalier_network_set_threads(network, 2));
  OK(F(espalier_network_train_step)(network, x, target, MAX_BATCH, &loss));
  return network;
}

static void of_networks_of_the_parent(void) {
  espalier_network *twin = network_with_two_threads();
  espalier_topology *rigl = make_topology(ESPALIER_RIGL, 1);
  pthread_t other;
  int status = -1;
  inherited = network_with_two_threads();
  in_use = network_with_two_threads();
  OK(F(espalier_network_train_step)(twin, x, target, MAX_BATCH, &expected));
  OK(espalier_network_set_topology(in_use, ESPALIER_ALL_LAYERS, rigl));
  OK(F(espalier_network_set_reduction)(in_use, wait_until_enough, NULL));
  enough = inside = 0;
  CHECK(pthread_create(&other, NULL, step_with_reduction, &status) == 0);
  while (!__atomic_load_n(&inside, __ATOMIC_ACQUIRE)) usleep(100);
  children("a network in use", child_that_inherits);
  __atomic_store_n(&enough, 1, __ATOMIC_RELEASE);
  pthread_join(other, NULL);
  CHECK(status == ESPALIER_OK);
  OK(espalier_topology_destroy(rigl));
  OK(espalier_network_destroy(in_use));
  OK(espalier_network_destroy(inherited));
  OK(espalier_network_destroy(twin));
}

int main(int count, char **arguments) {
  const struct test tests[] = {TEST(of_a_parent_that_only_loaded_it), TEST(of_a_parent_that_used_it),
                               TEST(of_a_parent_whose_threads_use_it), TEST(of_networks_of_the_parent)};
  if (count > 1) forks = atoi(arguments[1]);
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  return run_tests(tests, LENGTH(tests));
}
