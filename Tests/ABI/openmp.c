/* A host that is parallel itself: calls from inside OpenMP's parallel regions stay on the thread that makes them. */
#include <omp.h>
#include <stdlib.h>
#include <time.h>

#include "calls.h"

enum { IN = 768, UNITS = 1024, OUT = 4, BATCH = 128, JOBS = 4 };

static real x[BATCH * IN], target[BATCH * OUT];

static espalier_network *make(double density) {
  espalier_network *network = NULL;
  espalier_optimizer *optimizer = make_optimizer(ESPALIER_ADAM, 0.002);
  espalier_topology *topology = make_topology(ESPALIER_RIGL, 4);
  OK(espalier_network_create(OURS, IN, 7, &network));
  OK(espalier_network_add_linear(network, UNITS, density, ESPALIER_RELU));
  OK(espalier_network_add_linear(network, OUT, 1, ESPALIER_IDENTITY));
  OK(espalier_network_set_optimizer(network, ESPALIER_ALL_LAYERS, optimizer));
  OK(espalier_network_set_topology(network, ESPALIER_ALL_LAYERS, topology));
  OK(espalier_network_set_threads(network, 2));
  OK(espalier_network_build(network, BATCH));
  OK(espalier_optimizer_destroy(optimizer));
  OK(espalier_topology_destroy(topology));
  return network;
}

/* Train and hash the weights; makes no checks, as it is called in parallel. 0 is a failure. */
static uint64_t train(espalier_network *network, int steps) {
  real *w, *dw;
  int64_t count;
  double loss;
  for (int step = 0; step < steps; step++)
    if (F(espalier_network_train_step)(network, x, target, BATCH, &loss) != ESPALIER_OK) return 0;
  if (F(espalier_network_parameters)(network, &w, &dw, &count) != ESPALIER_OK) return 0;
  return hash_bytes(UINT64_C(14695981039346656037), w, (size_t)count * sizeof *w);
}

static void networks_of_parallel_threads(void) {
  static const double densities[] = {0.1, 1};
  for (size_t which = 0; which < LENGTH(densities); which++) {
    espalier_network *networks[JOBS], *alone = make(densities[which]);
    uint64_t found[JOBS], expected = train(alone, 6);
    for (int i = 0; i < JOBS; i++) networks[i] = make(densities[which]);
#pragma omp parallel for num_threads(JOBS) schedule(static, 1)
    for (int i = 0; i < JOBS; i++) found[i] = train(networks[i], 6);
    CHECK(expected != 0);
    for (int i = 0; i < JOBS; i++) {
      CHECK(found[i] == expected);
      OK(espalier_network_destroy(networks[i]));
    }
    OK(espalier_network_destroy(alone));
  }
}

static double seconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Of the process's time on processors, how much more it is than the calling thread's, which trains for half a second. */
static double share_of_others(espalier_network *network) {
  double process = seconds(CLOCK_PROCESS_CPUTIME_ID), own = seconds(CLOCK_THREAD_CPUTIME_ID), spent;
  do {
    if (train(network, 5) == 0) return -1;
    spent = seconds(CLOCK_THREAD_CPUTIME_ID) - own;
  } while (spent < 0.5);
  return (seconds(CLOCK_PROCESS_CPUTIME_ID) - process) / spent - 1;
}

/* One thread of a region calls, the other sleeps: workers of the library, or OpenBLAS's, would show in the process's time. */
static void alone_in_a_parallel_region(void) {
  static const double densities[] = {0.3, 1};
  for (size_t which = 0; which < LENGTH(densities); which++) {
    espalier_network *network = make(densities[which]);
    double share = -1;
    int done = 0, team = 0;
    /* The network does have a second thread, which the region keeps it from; less than 1 where the machine is busy. */
    CHECK(share_of_others(network) > 0.15);
#pragma omp parallel num_threads(2)
    {
#pragma omp single nowait
      team = omp_get_num_threads();
#pragma omp barrier
      if (omp_get_thread_num() == 0) {
        share = share_of_others(network);
#pragma omp atomic write
        done = 1;
      } else {
        int finished = 0;
        while (!finished) {
          struct timespec moment = {0, 1000000};
          nanosleep(&moment, NULL);
#pragma omp atomic read
          finished = done;
        }
      }
    }
    CHECK(team == 2);
    CHECK(share >= -0.01 && share < 0.1);
    OK(espalier_network_destroy(network));
  }
}

int main(void) {
  static const struct test tests[] = {TEST(networks_of_parallel_threads), TEST(alone_in_a_parallel_region)};
  fill(x, LENGTH(x), 1);
  fill(target, LENGTH(target), 2);
  return run_tests(tests, LENGTH(tests));
}
